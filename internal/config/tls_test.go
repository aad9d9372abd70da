package config

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"encoding/pem"
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
