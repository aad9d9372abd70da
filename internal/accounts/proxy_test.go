package accounts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// certificate is a key with a certificate of that name, signed by the parent or by itself.
func certificate(t *testing.T, name string, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: parent == nil, BasicConstraintsValid: true}
	above, signer := c, any(key)
	if parent != nil {
		above, signer = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, above, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// The header counts over a real handshake with the certificate that is configured, and with no other.
func TestProxy(t *testing.T) {
	authority := certificate(t, "authority", nil)
	proxy, sister, twin := certificate(t, "proxy", &authority), certificate(t, "another", &authority), certificate(t, "proxy", &authority)
	users := usersOf(t, func(u *User) { u.Password = "" })
	for _, u := range []User{{ID: "1002"}, {ID: "1003", Roles: []string{"review"}, Disabled: true}} {
		if err := users.Put(u); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	p := NewProxy("x-remote-user", []*x509.Certificate{proxy.Leaf}, users, func() time.Time { return now })
	type answer struct {
		who   Identity
		named bool
		err   error
	}
	answers := make(chan answer, 1)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		who, named, err := p.Identify(r)
		answers <- answer{who, named, err}
	})
	front := httptest.NewUnstartedServer(handler)
	front.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	front.StartTLS()
	defer front.Close()
	plain := httptest.NewServer(handler)
	defer plain.Close()
	ask := func(base string, certificates []tls.Certificate, header http.Header) answer {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { //nolint:gosec // the far side is this test
			if len(certificates) == 0 {
				return new(tls.Certificate), nil
			}
			return &certificates[0], nil
		}}}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		res, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return <-answers
	}
	says := func(values ...string) http.Header { return http.Header{"X-Remote-User": values} }
	by := func(c tls.Certificate) []tls.Certificate { return []tls.Certificate{c} }
	for name, tc := range map[string]struct {
		base   string
		by     []tls.Certificate
		header http.Header
		named  bool
		err    error
		id     string
	}{
		"the proxy":                     {front.URL, by(proxy), says("1001"), true, nil, "1001"},
		"the proxy, of nobody":          {front.URL, by(proxy), says(), false, nil, ""},
		"nobody, of nobody":             {front.URL, nil, says(), false, nil, ""},
		"no certificate":                {front.URL, nil, says("1001"), true, ErrNotProxy, "1001"},
		"another of the same authority": {front.URL, by(sister), says("1001"), true, ErrNotProxy, "1001"},
		"another of the same name":      {front.URL, by(twin), says("1001"), true, ErrNotProxy, "1001"},
		"the authority itself":          {front.URL, by(authority), says("1001"), true, ErrNotProxy, "1001"},
		"no TLS":                        {plain.URL, nil, says("1001"), true, ErrNotProxy, "1001"},
		"two names":                     {front.URL, by(proxy), says("1001", "1002"), true, ErrNotProxy, ""},
		"an empty name":                 {front.URL, by(proxy), says(""), true, ErrNotProxy, ""},
		"two in one":                    {front.URL, by(proxy), says("1001,1002"), true, ErrNotProxy, ""},
		"somebody without a role":       {front.URL, by(proxy), says("1002"), true, ErrUnknown, "1002"},
		"somebody disabled":             {front.URL, by(proxy), says("1003"), true, ErrUnknown, "1003"},
		"somebody unknown":              {front.URL, by(proxy), says("9999"), true, ErrUnknown, "9999"},
	} {
		got := ask(tc.base, tc.by, tc.header)
		if got.named != tc.named || !errors.Is(got.err, tc.err) || got.who.User.ID != tc.id || tc.err != nil && len(got.who.User.Roles) > 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	now = proxy.Leaf.NotAfter.Add(time.Second)
	if got := ask(front.URL, by(proxy), says("1001")); !errors.Is(got.err, ErrNotProxy) {
		t.Errorf("an expired certificate: got %+v", got)
	}
	now = proxy.Leaf.NotBefore.Add(-time.Second)
	if got := ask(front.URL, by(proxy), says("1001")); !errors.Is(got.err, ErrNotProxy) {
		t.Errorf("a certificate of tomorrow: got %+v", got)
	}
}
