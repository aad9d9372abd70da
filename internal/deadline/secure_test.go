package deadline

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"permithub/internal/fault"
	"permithub/internal/testcluster"
)

// issue makes a key and a certificate, signed by the parent or by itself, and writes both into the folder.
func issue(t *testing.T, dir, name string, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if parent == nil {
		parent, signer = template, key
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// secured is a redis-server that asks for a client certificate on its TLS port.
type secured struct {
	addr   string
	trust  *x509.CertPool
	client tls.Certificate
}

func startSecured(t *testing.T, settings ...string) secured {
	t.Helper()
	dir := t.TempDir()
	ca, caKey := issue(t, dir, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	issue(t, dir, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ca, caKey)
	issue(t, dir, "hub", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca, caKey)
	port := freePort(t)
	testcluster.StartRedis(t, testcluster.RedisConfig{Settings: append([]string{
		"--tls-port", port, "--tls-cert-file", filepath.Join(dir, "server.crt"), "--tls-key-file", filepath.Join(dir, "server.key"),
		"--tls-ca-cert-file", filepath.Join(dir, "ca.crt"), "--tls-auth-clients", "yes",
	}, settings...)})
	client, err := tls.LoadX509KeyPair(filepath.Join(dir, "hub.crt"), filepath.Join(dir, "hub.key"))
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AddCert(ca)
	return secured{"127.0.0.1:" + port, trust, client}
}

func TestTLS(t *testing.T) {
	r := startSecured(t)
	whole := func() *tls.Config { return &tls.Config{RootCAs: r.trust, Certificates: []tls.Certificate{r.client}} }
	for _, row := range []struct {
		name string
		tls  *tls.Config
		ok   bool
	}{
		{"both sides trust each other", whole(), true},
		{"the server's issuer is not trusted", &tls.Config{Certificates: []tls.Certificate{r.client}}, false},
		{"no client certificate", &tls.Config{RootCAs: r.trust}, false},
		{"an older TLS is not spoken", func() *tls.Config { c := whole(); c.MaxVersion = tls.VersionTLS11; return c }(), false},
		{"no TLS", nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, r.addr, func(c *Config) { c.TLS, c.Timeout = row.tls, 2*time.Second })
			err := s.Ping(t.Context())
			if row.ok != (err == nil) || err != nil && fault.ClassOf(err) != fault.Unavailable {
				t.Fatalf("%v (%s)", err, fault.ClassOf(err))
			}
			if row.ok {
				no := applicationsOf(0, 1)[0]
				mustApply(t, s, 0, 0, standing(no, 1, rungs(no, "T1", 1)...))
			}
		})
	}
}

// hubRights are what deploy/redis.acl gives the hub's user, without its name and password.
func hubRights(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../../deploy/redis.acl")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(b))
	if len(words) < 5 || !slices.Equal(words[:3], []string{"user", "hub", "on"}) {
		t.Fatalf("deploy/redis.acl begins with %q", words)
	}
	return words[4:]
}

func TestACLUser(t *testing.T) {
	settings := append([]string{"--user", "hub", "on", ">long enough"}, hubRights(t)...)
	r := testcluster.StartRedis(t, testcluster.RedisConfig{Settings: settings})
	s := open(t, r.Addr(), func(c *Config) { c.Username, c.Password = "hub", "long enough" })
	nos := applicationsOf(0, 2)
	ctx := t.Context()
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	if holder, _, err := s.Reserve(ctx, "province", "1", nos[0]); err != nil || holder != nos[0] {
		t.Errorf("reserve: %s %v", holder, err)
	}
	if err := s.Put(ctx, standing(nos[0], 0).Card); err != nil {
		t.Error(err)
	}
	mark := mustApply(t, s, 0, 0, standing(nos[0], 1, rungs(nos[0], "T1", 1)...), standing(nos[1], 1, rungs(nos[1], "T1", 2)...))
	got, err := s.Claim(ctx, 0, start.Add(time.Hour), 1, time.Minute)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if err := s.Extend(ctx, 0, got, start.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	mustApply(t, s, 0, mark, standing(nos[0], 2, rungs(nos[0], "T1", 3)...))
	if snap, err := Dump(ctx, s, 0); err != nil || len(snap.Deadlines) != 2 || len(snap.Cards) != 2 {
		t.Errorf("%+v %v", snap, err)
	}
	if _, err := s.Count(ctx, start, 0); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Next(ctx, 0); err != nil {
		t.Error(err)
	}
	if _, err := s.Skew(ctx); err != nil {
		t.Error(err)
	}
	if err := s.Correlate(ctx, "ref", "effect", time.Minute); err != nil {
		t.Error(err)
	}
	if _, ok, err := s.EffectOf(ctx, "ref"); !ok || err != nil {
		t.Error(ok, err)
	}
	mustDesk(t, s)
	if err := s.Reset(ctx, 0); err != nil {
		t.Error(err)
	}
	if err := s.rdb.FlushAll(ctx).Err(); err == nil {
		t.Error("the hub's user may delete everything")
	}
	if err := s.rdb.Get(ctx, "another:key").Err(); err == nil {
		t.Error("the hub's user may read what is not the hub's")
	}
	if err := open(t, r.Addr(), func(c *Config) { c.Username, c.Password = "hub", "other" }).Ping(ctx); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("wrong password: %v", err)
	}
}

// mustDesk does once whatever the desk does.
func mustDesk(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	no := applicationsOf(0, 1)[0]
	_, err := s.Hold(ctx, no, "1001", start)
	_, err1 := s.Holds(ctx)
	err2 := s.PutSession(ctx, "a", "1001", nil, time.Minute, s.cfg.Now().Add(time.Hour))
	_, _, err3 := s.FindSession(ctx, "a", true)
	_, err4 := s.Sessions(ctx)
	_, err5 := s.EndSessions(ctx, "1001")
	_, err6 := s.Try(ctx, "x", Lockout{Free: 1, First: time.Second, Longest: time.Second})
	_, err7 := s.Once(ctx, "x", time.Minute)
	if err := errors.Join(err, err1, err2, err3, err4, err5, err6, err7, s.EndSession(ctx, "a"), s.TakeBackTry(ctx, "x"), s.ForgetTries(ctx, "x")); err != nil {
		t.Error(err)
	}
}
