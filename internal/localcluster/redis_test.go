package localcluster

import (
	"context"
	"net"
	"testing"
)

// A port that was free a moment ago may be taken: before anybody knows the address another one will do, later not.
func TestRedisTakesAnotherPort(t *testing.T) {
	r, err := NewRedis(RedisConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Kill(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	occupy := func() net.Listener {
		l, err := net.Listen("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	chosen := r.Addr()
	first := occupy()
	defer func() { _ = first.Close() }()
	if err := r.Start(t.Context()); err != nil || r.Addr() == chosen {
		t.Fatalf("started at %s: %v", r.Addr(), err)
	}
	known := r.Addr()
	if err := r.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := occupy()
	if err := r.Start(t.Context()); err == nil || r.Addr() != known {
		t.Errorf("started again at %s, which is known as %s: %v", r.Addr(), known, err)
	}
	_ = second.Close()
	if err := r.Start(t.Context()); err != nil || r.Addr() != known {
		t.Errorf("started again at %s: %v", r.Addr(), err)
	}
}
