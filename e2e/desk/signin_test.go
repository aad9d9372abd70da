package desk

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"permithub/internal/testopenid"
)

// A supervisor signs in at a real provider in a real browser, at a second process of the desk.
func TestProviderInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	browserIsHere(ctx, t)
	d := startDemo(ctx, t)
	listen := freePort(t)
	const password = "a password at the provider"
	base := "http://" + listen
	says := func(no string) testopenid.User {
		return testopenid.User{Password: password, Claims: map[string]any{"staff_no": no}}
	}
	p := testopenid.Start(t, testopenid.Setup{ClientID: "permithub", ClientSecret: "a secret of the desk", InToken: true,
		RedirectURLs: []string{base + "/signin/openid/return"}, SignedOutURLs: []string{base + "/signin"},
		Users: map[string]testopenid.User{"supervisor": says("1004"), "stranger": says("2002")}})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret of the desk"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"serve", "--config", d.config, "--steps", "desk,worklist"}
	for key, value := range map[string]string{
		"desk.listen": listen, "metrics.listen": "127.0.0.1:0", "desk.users_file": filepath.Join(filepath.Dir(d.config), "users.json"),
		"desk.audit_file": filepath.Join(t.TempDir(), "audit.jsonl"), "desk.oidc.issuer": p.Issuer, "desk.oidc.client_id": "permithub", "desk.oidc.client_secret.file": secret,
		"desk.oidc.redirect_url": base + "/signin/openid/return", "desk.oidc.user_claim": "staff_no",
	} {
		args = append(args, "--set", key+"="+value)
	}
	serve(ctx, t, d.binary, args)
	play := exec.CommandContext(ctx, "node", "signin.mjs")
	play.Env = append(os.Environ(), "DESK="+base, "PROVIDER="+p.Issuer, "PROVIDER_PASSWORD="+password, "DESK_SCREENS="+screens(t))
	run(ctx, t, play)
}

// freePort is one that the test gives away: a provider must know an address before the desk listens there.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// serve runs a hub until the test ends, and returns when its list of cases begins to be filled.
func serve(ctx context.Context, t *testing.T, binary string, args []string) {
	t.Helper()
	hub := exec.CommandContext(ctx, binary, args...)
	hub.Cancel = func() error { return hub.Process.Signal(syscall.SIGTERM) }
	log, err := hub.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hub.Process.Signal(syscall.SIGTERM)
		_ = hub.Wait()
	})
	lines := bufio.NewScanner(log)
	for assigned := false; !assigned; {
		if !lines.Scan() {
			t.Fatalf("the hub ended: %v", lines.Err())
		}
		var line struct{ Msg string }
		assigned = json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "partitions assigned"
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()
}
