package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/internal/config"
	"permithub/internal/deadline"
	"permithub/internal/reach"
	"permithub/schemas"
)

// permithub runs one command line and returns what it printed.
func permithub(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b strings.Builder
	return run(args, &process{ctx: t.Context(), stdout: &b, stderr: &b, now: time.Now}), b.String()
}

func TestUserCommand(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := file("hub.yaml", "profile: local\ndesk: {users_file: users.json, audit_file: audit.jsonl}\n")
	kin := file("kin.txt", "11010519491231002x\n\n")
	code, out := permithub(t, "user", "--config", cfg, "2001", "--name", "张丽", "--roles", "acceptance,review", "--townships", "330424001", "--kin-file", kin, "--totp")
	first := regexp.MustCompile(`初始密码 (\S+)（`).FindStringSubmatch(out)
	if code != 0 || first == nil || !strings.Contains(out, "otpauth://") {
		t.Fatalf("exit %d: %s", code, out)
	}
	users, err := accounts.OpenUsers(filepath.Join(dir, "users.json"))
	if err != nil {
		t.Fatal(err)
	}
	u, _ := users.Find("2001")
	dossier := schemas.DossierID(schemas.PersonToken([]byte(config.DemoSecret("route-key")), "11010519491231002X"))
	if !u.MustChange || len(u.Kin) != 1 || u.Kin[0] != dossier || u.TOTP == "" || len(u.Roles) != 2 {
		t.Errorf("got %+v", u)
	}
	u.TOTP = ""
	if err := users.Put(u); err != nil {
		t.Fatal(err)
	}
	redis := miniredis.RunT(t)
	store, err := deadline.Open(deadline.Config{Addrs: []string{redis.Addr()}, PartitionOf: func(string) int32 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	who, err := accounts.NewSignIn(users, store, func(text string) string { return text }, time.Now).Check(t.Context(), "2001", first[1], "")
	if err != nil {
		t.Errorf("the printed password: %v", err)
	}
	sessions := accounts.NewSessions(store, users, time.Hour, time.Hour, time.Now)
	token, err := sessions.Start(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	if _, alive, err := sessions.Find(t.Context(), token, true); !alive || err != nil {
		t.Errorf("no session (%v)", err)
	}
	if code, out := permithub(t, "user", "--config", cfg, "--set", "redis.addresses="+redis.Addr(), "2001", "--sign-out"); code != 0 || out != "已结束 1 个会话\n" {
		t.Errorf("sign out: exit %d: %s", code, out)
	}
	if _, alive, err := sessions.Find(t.Context(), token, true); alive || err != nil {
		t.Errorf("the session is alive after it was ended by command (%v)", err)
	}
	if code, out := permithub(t, "user", "--config", cfg, "2001", "--disable"); code != 0 || out != "" {
		t.Errorf("disable: exit %d: %s", code, out)
	}
	if _, out := permithub(t, "user", "--config", cfg); !strings.Contains(out, "2001  张丽  acceptance,review  330424001  disabled, first password, kin declared") {
		t.Errorf("list: %s", out)
	}
	bad := file("bad.txt", "11010519491231002X\n110105194912310021\n")
	for name, args := range map[string][]string{
		"unknown role": {"2002", "--roles", "boss"}, "no role": {"2002", "--name", "x"}, "not an id": {"2001", "--kin-file", bad}, "bad number": {"a b", "--roles", "review"},
	} {
		code, out := permithub(t, append([]string{"user", "--config", cfg}, args...)...)
		if code != exitFault || strings.Contains(out, "初始密码") || strings.Contains(out, "110105") {
			t.Errorf("%s: exit %d: %s", name, code, out)
		}
	}
	if n := len(users.List()); n != 1 {
		t.Errorf("%d users after faults", n)
	}
	if code, out := permithub(t, "user", "--config", cfg, "2003", "--name", "李门", "--no-password"); code != 0 || out != "" {
		t.Errorf("a user of the provider's: exit %d: %s", code, out)
	}
	if u, known := users.Find("2003"); !known || u.Password != "" || u.MustChange {
		t.Errorf("a user of the provider's: %+v", u)
	}
	if _, out := permithub(t, "user", "--config", cfg); !regexp.MustCompile(`2003 +李门 +no password`).MatchString(out) {
		t.Errorf("list: %s", out)
	}
	if code, _ := permithub(t, "user", "--config", cfg, "2003", "--no-password", "--new-password"); code == 0 {
		t.Error("a password and none were taken")
	}
}

func TestAuditCommand(t *testing.T) {
	dir := t.TempDir()
	cfg, path := filepath.Join(dir, "hub.yaml"), filepath.Join(dir, "audit.jsonl")
	if err := os.WriteFile(cfg, []byte("profile: local\ndesk: {audit_file: audit.jsonl}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := auditlog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := l.Append(auditlog.Entry{Who: "1001", What: "reveal", Result: auditlog.Done}); err != nil {
			t.Fatal(err)
		}
	}
	head := l.Head()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out := permithub(t, "audit", "--config", cfg); code != 0 || !strings.Contains(out, "3 条记录，链完整") || !strings.Contains(out, head) {
		t.Errorf("exit %d: %s", code, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), "reveal", "sign_in", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := permithub(t, "audit", "--config", cfg); code != exitFault || !strings.Contains(out, "line 2") {
		t.Errorf("changed: exit %d: %s", code, out)
	}
}

// A provider that is configured is reached for, as every other address is.
func TestCheckReachesForTheProvider(t *testing.T) {
	cfg := config.LocalDefaults()
	asked := func() bool {
		return slices.ContainsFunc(reachable(&process{ctx: t.Context(), now: time.Now}, cfg), func(c reach.Check) bool { return c.Name == "oidc" })
	}
	if asked() {
		t.Error("asked for where none is configured")
	}
	cfg.Desk.OIDC.Issuer = "http://127.0.0.1:1"
	checks := reachable(&process{ctx: t.Context(), now: time.Now}, cfg)
	i := slices.IndexFunc(checks, func(c reach.Check) bool { return c.Name == "oidc" })
	if !asked() || checks[i].Probe(t.Context()) == nil {
		t.Error("a provider that is away is reached")
	}
}
