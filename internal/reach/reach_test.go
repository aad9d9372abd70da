package reach

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func works(context.Context) error { return nil }

func refuses(context.Context) error { return errors.New("connection refused") }

func waits(ctx context.Context) error { <-ctx.Done(); return errors.New("waited for the leader") }

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		results := Run(t.Context(), 5*time.Second, []Check{
			{"kafka", works},
			{"redis", func(context.Context) error { <-time.After(2 * time.Second); return nil }},
			{"epermit", refuses},
			{"sms", waits},
			{"archive", func(context.Context) error { <-stuck; return nil }},
		})
		var b bytes.Buffer
		if err := Print(&b, results); err != nil {
			t.Fatal(err)
		}
		want := strings.Join([]string{
			"✓ kafka         0s",
			"✓ redis         2s",
			"✗ epermit       0s  connection refused",
			"✗ sms           5s  waited for the leader",
			"✗ archive       5s  no answer in time", "",
		}, "\n")
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		close(stuck)
		synctest.Wait()
	})
}

func TestFaultNamesEveryOne(t *testing.T) {
	err := Fault(Run(t.Context(), time.Second, []Check{{"a", refuses}, {"b", works}, {"c", refuses}}))
	if err == nil || err.Error() != "a: connection refused\nc: connection refused" {
		t.Errorf("got %v", err)
	}
	if err := Fault(Run(t.Context(), time.Second, []Check{{"b", works}})); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestPrintKeepsOneLineEach(t *testing.T) {
	var b bytes.Buffer
	if err := Print(&b, []Result{{Name: "a", Err: errors.Join(errors.New("x"), errors.New("y"))}}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "x;y") {
		t.Errorf("got %q", got)
	}
}
