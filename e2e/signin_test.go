package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"permithub/internal/testopenid"
)

// pair writes a key and a certificate that signs itself, and returns both.
func pair(t *testing.T, dir, name string) (certFile, keyFile string, c tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// seat is a browser at the desk: it keeps cookies, whichever process answers, and follows no redirect.
type seat struct {
	http    *http.Client
	cookies map[string]*http.Cookie
	header  http.Header
}

func newSeat(t *testing.T, certificate tls.Certificate) *seat {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { //nolint:gosec // the desk's certificate is of this test
		return &certificate, nil
	}}}
	t.Cleanup(transport.CloseIdleConnections)
	return &seat{http: &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		cookies: map[string]*http.Cookie{}, header: http.Header{}}
}

// ask sends a form where there is one, and returns the status with where it leads.
func (s *seat) ask(t *testing.T, address, path string, form url.Values) (status int, leads, body string) {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+address+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = s.header.Clone()
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range s.cookies {
		r.AddCookie(c)
	}
	res, err := s.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		s.cookies[c.Name] = c
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), string(b)
}

// Two processes with all the ways in: what one knows of who is signed in and who is locked, the other knows, and the one that comes after it too.
func TestSignInsHoldInEveryProcess(t *testing.T) {
	var (
		provider     *testopenid.Provider
		proxy, other tls.Certificate
	)
	in := install(t, startServers(t), nil, func(c map[string]any) {
		dir := t.TempDir()
		cert, key, _ := pair(t, dir, "desk")
		proxyFile, _, p := pair(t, dir, "proxy")
		_, _, o := pair(t, dir, "other")
		proxy, other = p, o
		secret := filepath.Join(dir, "oidc")
		if err := os.WriteFile(secret, []byte(secretOf("oidc")), 0o600); err != nil {
			t.Fatal(err)
		}
		const back = "https://desk.example/signin/openid/return"
		provider = testopenid.Start(t, testopenid.Setup{ClientID: "permithub", ClientSecret: secretOf("oidc"), RedirectURLs: []string{back}, InToken: true,
			Users: map[string]testopenid.User{"zhang": {Password: "a password there", Claims: map[string]any{"staff_no": "2002"}}}})
		desk := c["desk"].(map[string]any)
		desk["tls"] = map[string]any{"cert_file": cert, "key_file": key}
		desk["users_file"] = filepath.Join(dir, "users.json")
		desk["audit_file"] = filepath.Join(dir, "audit.jsonl")
		desk["proxy"] = map[string]any{"cert_file": proxyFile}
		desk["oidc"] = map[string]any{"issuer": provider.Issuer, "client_id": "permithub", "client_secret": map[string]any{"file": secret}, "redirect_url": back, "user_claim": "staff_no", "name": "测试统一认证"}
	})
	first := regexp.MustCompile(`初始密码 (\S+)（`).FindStringSubmatch(in.run(t, "user", "2001", "--name", "受理员", "--roles", "acceptance"))
	in.run(t, "user", "2002", "--name", "审核员", "--roles", "review")
	desk := func(name string) (*process, string) {
		p := in.beginProgram(t, binary, []string{"PERMITHUB_DESK_AUDIT_FILE=" + filepath.Join(t.TempDir(), name)})
		in.ready(t, p)
		return p, p.door(t, "desk")["desk"]
	}
	p1, one := desk("audit-1.jsonl")
	_, two := desk("audit-2.jsonl")
	enters := func(s *seat, address, want string) {
		t.Helper()
		eventually(t, want+" at "+address, func() string {
			status, leads, body := s.ask(t, address, "/cases", nil)
			if status == http.StatusServiceUnavailable { // the list is being filled
				return "503"
			}
			if got := map[bool]string{true: "in", false: "out"}[status == http.StatusOK || leads == "/password"]; got != want {
				t.Fatalf("at %s: %d %s, want %s\n%.300s", address, status, leads, want, body)
			}
			return ""
		})
	}

	password := newSeat(t, tls.Certificate{})
	if status, _, _ := password.ask(t, one, "/signin", url.Values{"id": {"2001"}, "password": {first[1]}}); status != http.StatusSeeOther {
		t.Fatalf("sign in by password: %d", status)
	}
	enters(password, two, "in")

	openid := newSeat(t, tls.Certificate{})
	if _, _, page := openid.ask(t, one, "/signin", nil); !strings.Contains(page, "测试统一认证") {
		t.Error("the page does not name the provider")
	}
	_, to, _ := openid.ask(t, one, "/signin/openid", nil)
	back := provider.SignIn(t, to, "zhang", "a password there")
	if status, _, page := openid.ask(t, two, back.RequestURI(), nil); status != http.StatusOK {
		t.Fatalf("back from the provider, at another process: %d\n%.300s", status, page)
	}
	enters(openid, one, "in")

	fronted := newSeat(t, proxy)
	fronted.header.Set("X-Remote-User", "2002")
	enters(fronted, one, "in")
	stranger := newSeat(t, other)
	stranger.header.Set("X-Remote-User", "2002")
	if status, _, _ := stranger.ask(t, two, "/cases", nil); status != http.StatusForbidden {
		t.Errorf("a stranger's header: %d", status)
	}

	guesser := newSeat(t, tls.Certificate{})
	status, atOne := 0, 0
	for i := 0; status != http.StatusTooManyRequests && i < 10; i++ {
		status, _, _ = guesser.ask(t, []string{one, two}[i%2], "/signin", url.Values{"id": {"nobody"}, "password": {"a wrong password"}})
		if i%2 == 0 && status == http.StatusUnauthorized {
			atOne++
		}
	}
	if status != http.StatusTooManyRequests || atOne > 4 {
		t.Errorf("a name is not locked by the tries of both: %d, %d tries made at one", status, atOne)
	}

	p1.stop(t, closing)
	enters(password, two, "in")
	_, again := desk("audit-3.jsonl")
	enters(password, again, "in")
	enters(openid, again, "in")
	if out := in.run(t, "user", "2001", "--sign-out"); out != "已结束 1 个会话\n" {
		t.Errorf("sign out: %s", out)
	}
	for _, address := range []string{two, again} {
		enters(password, address, "out")
	}
	in.run(t, "user", "2002", "--disable")
	for _, address := range []string{two, again} {
		enters(openid, address, "out")
	}
	if status, _, _ := fronted.ask(t, two, "/cases", nil); status != http.StatusForbidden {
		t.Errorf("a disabled user behind the proxy: %d", status)
	}
}
