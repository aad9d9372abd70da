package console

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/accounts"
	"permithub/internal/testopenid"
	"permithub/schemas"
)

// withProvider is a console at which people sign in at a real provider too.
func withProvider(t *testing.T) (*bench, *testopenid.Provider) {
	t.Helper()
	var p *testopenid.Provider
	b := newBenchWith(t, func(b *bench, _ *Config, ports *Ports) {
		b.hub.now = time.Now() // tokens are of today
		base := "https://" + b.server.Listener.Addr().String()
		says := func(no, role string) testopenid.User {
			return testopenid.User{Password: password, Claims: map[string]any{"staff_no": no, "roles": []string{role}}}
		}
		p = testopenid.Start(t, testopenid.Setup{
			ClientID: "permithub", ClientSecret: "a secret of the desk", RedirectURLs: []string{base + accounts.ReturnPath}, SignedOutURLs: []string{base + "/signin"}, InToken: true,
			Users: map[string]testopenid.User{"zhang": says("1001", "shouli"), "li": says("1004", "duban"), "wang": says("2002", "shouli"), "qian": says("1002", "none")},
		})
		ports.OpenID = accounts.NewOpenID(accounts.OpenIDConfig{
			Issuer: p.Issuer, ClientID: "permithub", ClientSecret: "a secret of the desk", RedirectURL: base + accounts.ReturnPath,
			UserClaim: "staff_no", RolesClaim: "roles", Roles: []accounts.RoleValue{{Value: "shouli", Role: "acceptance"}, {Value: "duban", Role: "supervisor"}},
		}, ports.Users, ports.Now)
		t.Cleanup(ports.OpenID.Close)
	})
	return b, p
}

// atProvider follows the button to the provider, signs in there and comes back.
func (b *bench) atProvider(t *testing.T, p *testopenid.Provider, br *browser, user string) reply {
	t.Helper()
	to := br.get("/signin/openid")
	if to.status != http.StatusSeeOther || !strings.HasPrefix(to.location, p.Issuer) {
		t.Fatalf("the button leads to %s (%d)", to.location, to.status)
	}
	back := p.SignIn(t, to.location, user, password)
	return br.do(http.MethodGet, back.RequestURI(), nil, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
}

func (b *bench) counted(way accounts.Way, result string) float64 {
	return testutil.ToFloat64(b.signIns.WithLabelValues(string(way), result))
}

func TestSignInAtAProvider(t *testing.T) {
	b, p := withProvider(t)
	no := b.submit(t, citizenID, "1")
	br := b.browser(t)
	if page := br.get("/signin"); !strings.Contains(page.body, `href="/signin/openid"`) || !strings.Contains(page.body, "统一身份认证登录") {
		t.Error("the sign-in page shows no way to the provider")
	}
	got := b.atProvider(t, p, br, "zhang")
	if got.status != http.StatusOK || got.header.Get("Refresh") != "0;url=/cases" || !strings.Contains(strings.Join(got.header.Values("Set-Cookie"), "\n"), "SameSite=Strict") {
		t.Fatalf("came back to %d %v", got.status, got.header)
	}
	if br.cookies[tripCookie] != "" {
		t.Error("the trip's cookie is still there")
	}
	page := br.get("/cases/" + no)
	br.csrf = csrfOf(page.body)
	if page.status != http.StatusOK || !strings.Contains(page.body, "官1001") || strings.Contains(page.body, `href="/password"`) {
		t.Errorf("got %d", page.status)
	}
	if _, done := br.act(no, "accept", nil); done.location != "/cases/"+no+"?done" || b.stage(t, no) != schemas.StageReview {
		t.Errorf("an act: %d %s", done.status, done.location)
	}
	for _, got := range []reply{br.get("/password"), br.post("/password", url.Values{"old": {password}, "new": {"another password"}, "again": {"another password"}})} {
		if got.status != http.StatusForbidden {
			t.Errorf("a password where none is: got %d", got.status)
		}
	}
	out := br.post("/signout", nil)
	to := out.header.Get("Refresh")
	if out.status != http.StatusOK || !strings.HasPrefix(to, "0;url="+p.Issuer) || !strings.Contains(to, "post_logout_redirect_uri="+url.QueryEscape(b.server.URL+"/signin")) || strings.Contains(to, "1001") {
		t.Errorf("signed out to %q (%d)", to, out.status)
	}
	if got := br.get("/cases"); got.location != "/signin" {
		t.Error("signed out, and still in")
	}
	if want := []string{"1001 sign_in_openid  done", "1001 sign_out  done"}; !contains(b.audited(t), want...) || b.counted(accounts.ByOpenID, signInDone) != 1 {
		t.Errorf("audit: %v", b.audited(t))
	}
}

func contains(list []string, want ...string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(list, w) })
}

// The roles are the provider's: the file's clerk is a supervisor where the provider says so, and somebody of the file is nobody where it says nothing.
func TestRolesOfTheProvider(t *testing.T) {
	b, p := withProvider(t)
	br := b.browser(t)
	for user, id := range map[string]string{"wang": "2002", "qian": "1002"} {
		got := b.atProvider(t, p, br, user)
		if got.status != http.StatusForbidden || !strings.Contains(got.body, "您不是本系统用户") || br.cookies[sessionCookie] != "" {
			t.Errorf("%s: got %d", user, got.status)
		}
		if !contains(b.audited(t), id+" sign_in_openid  refused") {
			t.Errorf("%s: not recorded in %v", user, b.audited(t))
		}
	}
	if got := b.counted(accounts.ByOpenID, signInRefused); got != 2 {
		t.Errorf("%v refusals counted, want 2", got)
	}
	u, _ := b.users.Find("1004")
	u.Roles = []string{"acceptance"}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	b.atProvider(t, p, br, "li")
	br.csrf = csrfOf(br.get("/cases").body)
	if got := br.post("/export", nil); got.status != http.StatusOK {
		t.Errorf("a supervisor of the provider's: got %d", got.status)
	}
	u.Disabled = true
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	if got := br.get("/cases"); got.location != "/signin" {
		t.Errorf("disabled in the file: got %d %s", got.status, got.location)
	}
}

func TestTripsOfOthers(t *testing.T) {
	b, p := withProvider(t)
	mine, other := b.browser(t), b.browser(t)
	mine.get("/signin/openid")
	to := other.get("/signin/openid").location
	back := p.SignIn(t, to, "zhang", password).RequestURI()
	for name, br := range map[string]*browser{"another browser": mine, "no trip": b.browser(t)} {
		if got := br.get(back); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "重新登录") || br.cookies[sessionCookie] != "" {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
	if got := other.get(back); got.status != http.StatusOK || other.cookies[sessionCookie] == "" {
		t.Errorf("the browser itself: got %d", got.status)
	}
	other.cookies[tripCookie] = "made.up.cookie"
	if got := other.get(accounts.ReturnPath + "?error=access_denied&state=made"); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "未准许登录") {
		t.Errorf("denied at the provider: got %d", got.status)
	}
	if got := other.get(accounts.ReturnPath); got.status != http.StatusUnauthorized {
		t.Errorf("nothing: got %d", got.status)
	}
}

func TestProviderAway(t *testing.T) {
	b := newBenchWith(t, func(_ *bench, _ *Config, ports *Ports) {
		ports.OpenID = accounts.NewOpenID(accounts.OpenIDConfig{Issuer: "http://127.0.0.1:1", UserClaim: "sub"}, ports.Users, ports.Now)
		t.Cleanup(ports.OpenID.Close)
	})
	if got := b.browser(t).get("/signin/openid"); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d", got.status)
	}
	if b.counted(accounts.ByOpenID, signInFailed) != 1 {
		t.Error("not counted")
	}
	b.as(t, "1001") // passwords go on
}

// clientCertificate is a key with a certificate that signs itself.
func clientCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// behindProxy is a console behind a proxy; through returns a browser whose requests come by that certificate, with the proxy's header of that user.
func behindProxy(t *testing.T, signOutURL string) (b *bench, through func(tls.Certificate, string) *browser, trusted tls.Certificate) {
	t.Helper()
	trusted = clientCertificate(t)
	b = newBenchWith(t, func(b *bench, cfg *Config, ports *Ports) {
		b.hub.now = time.Now()
		cfg.SignOutURL = signOutURL
		b.server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
		ports.Proxy = accounts.NewProxy("X-Remote-User", []*x509.Certificate{trusted.Leaf}, ports.Users, ports.Now)
	})
	through = func(c tls.Certificate, user string) *browser {
		br := b.browser(t)
		encrypt := b.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone() //nolint:forcetypeassert // httptest's
		encrypt.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c, nil }
		transport := &http.Transport{TLSClientConfig: encrypt}
		t.Cleanup(transport.CloseIdleConnections)
		br.http = &http.Client{Transport: names{transport, user}, CheckRedirect: b.server.Client().CheckRedirect}
		return br
	}
	return b, through, trusted
}

// names puts the proxy's header on every request.
type names struct {
	http.RoundTripper
	user string
}

func (n names) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.user != "" {
		r.Header.Set("X-Remote-User", n.user)
	}
	return n.RoundTripper.RoundTrip(r)
}

func TestBehindAProxy(t *testing.T) {
	b, through, trusted := behindProxy(t, "")
	no := b.submit(t, citizenID, "1")
	br := through(trusted, "1001")
	if got := br.get("/signin"); got.location != "/cases" {
		t.Errorf("the sign-in page: got %d %s", got.status, got.location)
	}
	page := br.get("/cases/" + no)
	if br.csrf = csrfOf(page.body); page.status != http.StatusOK || !strings.Contains(page.body, "官1001") {
		t.Fatalf("got %d", page.status)
	}
	if _, done := br.act(no, "accept", nil); done.location != "/cases/"+no+"?done" {
		t.Errorf("an act: %d %s", done.status, done.location)
	}
	if got := br.post("/export", nil); got.status != http.StatusForbidden {
		t.Errorf("a clerk's export: got %d", got.status)
	}
	// Somebody else sits down: the old session is not theirs, and its forms are not either.
	next := through(trusted, "1002")
	next.cookies, next.csrf = br.cookies, br.csrf
	old := br.cookies[sessionCookie]
	if got := next.post("/cases/"+no+"/hold", nil); got.status != http.StatusForbidden {
		t.Errorf("the form of the one before: got %d", got.status)
	}
	if page := next.get("/cases/" + no); !strings.Contains(page.body, "官1002") || next.cookies[sessionCookie] == old {
		t.Error("the next person has the session of the one before")
	}
	next.csrf = csrfOf(next.get("/cases").body)
	// Without the proxy's word its session is over.
	alone := through(trusted, "")
	alone.cookies = next.cookies
	if got := alone.get("/cases"); got.location != "/signin" {
		t.Errorf("a session that the proxy no longer vouches for: got %d %s", got.status, got.location)
	}
	next.csrf = csrfOf(next.get("/cases").body)
	if out := next.post("/signout", nil); out.status != http.StatusOK || !strings.Contains(out.body, "已退出") || out.header.Get("Refresh") != "" {
		t.Errorf("signed out: got %d", out.status)
	}
	live := next.do(http.MethodGet, "/changes?seen=0", nil, func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") })
	if live.status != http.StatusUnauthorized {
		t.Errorf("a page by itself began a session: got %d", live.status)
	}
	if !contains(b.audited(t), "1001 sign_in_proxy  done", "1002 sign_in_proxy  done", "1002 sign_out  done") {
		t.Errorf("audit: %v", b.audited(t))
	}
	if got := b.counted(accounts.ByProxy, signInDone); got != 3 {
		t.Errorf("%v sign-ins counted, want 3", got)
	}
	gone, through, trusted := behindProxy(t, "https://portal.example/signout")
	br = through(trusted, "1001")
	br.csrf = csrfOf(br.get("/cases").body)
	if out := br.post("/signout", nil); out.header.Get("Refresh") != "0;url=https://portal.example/signout" {
		t.Errorf("signed out to %q", out.header.Get("Refresh"))
	}
	gone.as(t, "1002") // passwords go on
}

// The header of anybody else is refused on every page, counted and recorded, and a session beside it does not help.
func TestHeaderOfOthers(t *testing.T) {
	b, through, trusted := behindProxy(t, "")
	no := b.submit(t, citizenID, "1")
	signedIn := b.as(t, "1001")
	stranger := clientCertificate(t)
	refused := 0
	for name, br := range map[string]*browser{"no certificate": through(tls.Certificate{}, "1001"), "another certificate": through(stranger, "1001"), "unknown": through(trusted, "9999"), "two": through(trusted, "1001, 1002")} {
		br.cookies, br.csrf = signedIn.cookies, signedIn.csrf
		for _, pattern := range append(slices.Clone(b.patterns), "GET /signin", "POST /signin") {
			method, path, _ := strings.Cut(pattern, " ")
			path = strings.NewReplacer("{no}", no, "{$}", "").Replace(path)
			var form url.Values
			if method == http.MethodPost {
				form = url.Values{"csrf": {br.csrf}, "id": {"1001"}, "password": {password}}
			}
			if got := br.do(method, path, form, nil); got.status != http.StatusForbidden || strings.Contains(got.body, no) || got.header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %s: got %d", name, pattern, got.status)
			}
			refused++
		}
	}
	if got := b.counted(accounts.ByProxy, signInRefused); int(got) != refused {
		t.Errorf("%v refusals counted, want %d", got, refused)
	}
	n := 0
	for _, e := range b.audited(t) {
		if strings.HasSuffix(e, "sign_in_proxy  refused") {
			n++
		}
	}
	if n != refused {
		t.Errorf("%d refusals recorded, want %d", n, refused)
	}
	if len(b.holds.held) > 0 || b.stage(t, no) != schemas.StagePreExamine {
		t.Error("something was done")
	}
	if got := signedIn.get("/cases"); got.status != http.StatusOK {
		t.Errorf("the session itself: got %d", got.status)
	}
}
