package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server's certificate is trusted by the file that names it, and by nothing else.
func TestTLSClient(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	nonsense := write("nonsense.pem", []byte("nonsense"))
	for _, row := range []struct {
		name  string
		tls   TLS
		off   bool
		fault string
	}{
		{name: "off", tls: TLS{}, off: true},
		{name: "the system's certificates", tls: TLS{Enabled: true}},
		{name: "a certificate of our own", tls: TLS{Enabled: true, CAFile: ca, ServerName: "example.com"}},
		{name: "no such file", tls: TLS{Enabled: true, CAFile: filepath.Join(dir, "absent.pem")}, fault: "read ca_file"},
		{name: "not a certificate", tls: TLS{Enabled: true, CAFile: nonsense}, fault: "no PEM certificate"},
		{name: "not a key pair", tls: TLS{Enabled: true, CertFile: nonsense, KeyFile: nonsense}, fault: "cert_file and key_file"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := row.tls.Client()
			switch {
			case row.fault != "":
				if err == nil || !strings.Contains(err.Error(), row.fault) {
					t.Errorf("got %v, want %q in it", err, row.fault)
				}
			case err != nil || (got == nil) != row.off:
				t.Errorf("got %v, %v", got, err)
			case got != nil && got.ServerName != row.tls.ServerName:
				t.Errorf("got server name %q", got.ServerName)
			}
		})
	}
}

func TestDeskCertificates(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	dir := t.TempDir()
	file := func(name string, blocks ...*pem.Block) string {
		var b []byte
		for _, block := range blocks {
			b = append(b, pem.EncodeToMemory(block)...)
		}
		path := filepath.Join(dir, name)
		put(t, path, string(b))
		return path
	}
	der, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}, &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	one, both, keyed, broken := file("one.pem", cert), file("both.pem", cert, cert), file("keyed.pem", cert, key), file("broken.pem", &pem.Block{Type: "CERTIFICATE", Bytes: der})
	own := DeskTLS{CertFile: one, KeyFile: file("key.pem", key)}
	for ask, want := range map[bool]tls.ClientAuthType{true: tls.RequestClientCert, false: tls.NoClientCert} {
		if c, err := own.Server(ask); err != nil || c.ClientAuth != want || c.MinVersion < tls.VersionTLS12 {
			t.Errorf("ask %v: got %+v, %v", ask, c, err)
		}
	}
	if c, err := (&DeskTLS{}).Server(true); c != nil || err != nil {
		t.Errorf("no TLS: got %v, %v", c, err)
	}
	if _, err := (&DeskTLS{CertFile: broken, KeyFile: one}).Server(false); err == nil {
		t.Error("a broken pair was taken")
	}
	for path, want := range map[string]int{one: 1, both: 2, keyed: 0, broken: 0, file("none.pem"): 0, filepath.Join(dir, "absent.pem"): 0} {
		got, err := (&Proxy{CertFile: path}).Certificates()
		if len(got) != want || (err == nil) != (want > 0) {
			t.Errorf("%s: got %d, %v", filepath.Base(path), len(got), err)
		}
	}
}

// The examples of deploy/desk say what they promise, merged into a configuration of production.
func TestExamplesOfTheDesk(t *testing.T) {
	base, err := os.ReadFile(production(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]func(*Desk) bool{
		"oidc.yaml": func(d *Desk) bool {
			return d.OIDC.Issuer != "" && d.OIDC.UserClaim == "employee_number" && len(d.OIDC.Roles) == 6 && d.OIDC.TownshipsClaim != "" && d.Proxy == Proxy{}
		},
		"proxy.yaml": func(d *Desk) bool {
			return d.Proxy.Header == "X-Remote-User" && filepath.Base(d.Proxy.CertFile) == "proxy-client.pem" && d.OIDC.Issuer == ""
		},
	} {
		b, err := os.ReadFile(filepath.Join("../../deploy/desk", name))
		if err != nil {
			t.Fatal(err)
		}
		before, after, ok := strings.Cut(string(b), "\ndesk:\n")
		if !ok {
			t.Fatalf("%s has no desk:\n%s", name, before)
		}
		path := write(t, strings.Replace(string(base), "\ndesk:\n", "\ndesk:\n"+after, 1))
		secrets := filepath.Join(filepath.Dir(path), "secrets")
		if err := os.MkdirAll(secrets, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"route-key", "redis", "receipt", "province", "window", "officer", "epermit", "sms", "receipts", "oidc"} {
			put(t, filepath.Join(secrets, file), "a-good-secret-of-more-than-32-bytes-"+file)
		}
		c := load(t, Options{File: path, Environ: []string{"KAFKA_PASSWORD=hunter-of-bugs"}})
		if err := c.Validate(PartDesk); err != nil || !says(&c.Desk) {
			t.Errorf("%s: %v, %+v", name, err, c.Desk)
		}
	}
}
