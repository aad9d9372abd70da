// Package testopenid runs a real OpenID provider for tests: tools/openid, in a process of its own, so that its modules stay out of the hub's.
package testopenid

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Setup says who may sign in, and for whom; tools/openid reads it.
type Setup struct {
	ClientID      string          `json:"client_id"`
	ClientSecret  string          `json:"client_secret"`
	RedirectURLs  []string        `json:"redirect_urls"`
	SignedOutURLs []string        `json:"signed_out_urls"`
	InToken       bool            `json:"in_token"`
	Users         map[string]User `json:"users"`
}

// User is somebody whom the provider knows, with what it says of them.
type User struct {
	Password string         `json:"password"`
	Claims   map[string]any `json:"claims"`
}

// Provider is a provider that runs.
type Provider struct {
	Issuer string
}

// patience bounds what a browser of a test waits for.
const patience = 20 * time.Second

// Start runs a provider until the test ends. Its modules must have been downloaded; go run keeps the binary.
func Start(t testing.TB, s Setup) *Provider {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "run", ".") // it ends with its input, after the test's own clean-up
	cmd.Dir = filepath.Join(filepath.Dir(here), "../../tools/openid")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("openid provider: %v", err)
		}
	})
	if err := json.NewEncoder(in).Encode(s); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	issuer, ok := strings.CutPrefix(strings.TrimSpace(line), "issuer ")
	if err != nil || !ok {
		t.Fatalf("openid provider says %q, %v", line, err)
	}
	return &Provider{Issuer: issuer}
}

var requestID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// SignIn goes to the address of an authorization request as a browser does, signs in there, and returns the address that the provider sends the
// browser back to.
func (p *Provider) SignIn(t testing.TB, to, user, password string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	browser := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), p.Issuer) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	defer browser.CloseIdleConnections()
	page := do(t, browser, http.MethodGet, to, nil)
	if back != nil { // refused before anybody signed in
		return back
	}
	id := requestID.FindStringSubmatch(page)
	if id == nil {
		t.Fatalf("the provider shows no form: %.300s", page)
	}
	page = do(t, browser, http.MethodPost, p.Issuer+"/login/username", url.Values{"id": {id[1]}, "username": {user}, "password": {password}})
	if back == nil {
		t.Fatalf("the provider sends nobody back: %.300s", page)
	}
	return back
}

func do(t testing.TB, browser *http.Client, method, to string, form url.Values) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
