package sms

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"permithub/adapters/sms/smssim"
	"permithub/internal/simulator"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	phone  = "13800001234"
	secret = "s3cret-key-9f2"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, schemas.Shanghai)

// far is the simulated gateway and a client of it.
type far struct {
	*Gateway
	sim *smssim.Gateway
	kit *simulator.Kit
	url string
}

func config(url string) Config {
	return Config{BaseURL: url, ECName: "海盐县公安局", APID: "apuser", SecretKey: secret, SignCode: "SIGN01", Signature: "海盐公安", Timeout: 10 * time.Second}
}

func newFar(t *testing.T, client func(*Config), server func(*smssim.Config)) *far {
	t.Helper()
	simCfg := smssim.Config{ECName: "海盐县公安局", APID: "apuser", SecretKey: secret, SignCodes: []string{"SIGN01"}, Templates: map[string]int{"tpl-1": 2, "tpl-0": 0}}
	if server != nil {
		server(&simCfg)
	}
	f := &far{kit: simulator.New("sms", func() time.Time { return noon })}
	f.sim = smssim.New(simCfg, f.kit)
	srv := httptest.NewServer(f.sim)
	f.url = srv.URL
	t.Cleanup(func() {
		f.kit.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := f.sim.Close(ctx); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	cfg := config(srv.URL)
	if client != nil {
		client(&cfg)
	}
	f.Gateway = newGateway(t, cfg)
	return f
}

func newGateway(t *testing.T, cfg Config) *Gateway {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func notice(text string) schemas.SMS {
	return schemas.SMS{EffectID: "K3JQABCDEFGHWXYZ7-transmit-1", Template: "N1", Version: 2, Params: []string{"张*", "330424"}, Text: text}
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
