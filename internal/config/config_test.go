package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// write makes a configuration folder: the YAML and one file per secret, each with a text of its own.
func write(t *testing.T, text string, secrets ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range secrets {
		put(t, filepath.Join(dir, "secrets", name), "text-of-"+name+"-0123456789abcdef0123456789\n")
	}
	path := filepath.Join(dir, "permithub.yaml")
	put(t, path, text)
	return path
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var productionSecrets = []string{"route-key", "redis", "receipt", "province", "window", "officer", "epermit", "sms", "receipts"}

func production(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/production.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return write(t, string(b), productionSecrets...)
}

func load(t *testing.T, o Options) *Config {
	t.Helper()
	c, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLocalFileIsOneLine(t *testing.T) {
	c := load(t, Options{File: "testdata/local.yaml"})
	if err := c.Validate(); err != nil {
		t.Errorf("a file with only the profile is not valid:\n%v", err)
	}
	if c.Kafka.Replication != 1 || c.Kafka.Partitions != 12 || c.RouteKey.Value() == "" || len(c.Intake.Sources) != 2 {
		t.Errorf("defaults: %+v", c)
	}
}

func TestProductionFile(t *testing.T) {
	path := production(t)
	c := load(t, Options{File: path, Environ: []string{"KAFKA_PASSWORD=hunter-of-bugs"}})
	if err := c.Validate(); err != nil {
		t.Fatalf("valid file refused:\n%v", err)
	}
	for _, row := range []struct {
		name      string
		got, want any
	}{
		{"secret from a file", c.RouteKey.Value(), "text-of-route-key-0123456789abcdef0123456789"},
		{"secret from the environment", c.Kafka.SASL.Password.Value(), "hunter-of-bugs"},
		{"path beside the file", c.Kafka.TLS.CAFile, filepath.Join(filepath.Dir(path), "tls/ca.pem")},
		{"path from the root", c.Systems.Archive.Dir, "/var/lib/permithub/archive"},
		{"duration", c.Systems.Epermit.Timeout, 5 * time.Second},
		{"default duration", c.Systems.Registration.Timeout, 10 * time.Second},
		{"default replication", c.Kafka.Replication, 3},
		{"stages of the source over the default", c.Intake.Sources[0].Stages, Stages{"auto", "manual", "manual"}},
		{"default channel", c.Intake.Sources[0].Channel, "online"},
		{"given limit with default unit", c.Approval.Limits.T1, Limit{2, WorkingDays, CloseOfBusiness}},
		{"given warnings", c.Approval.Limits.Warnings, []int{60, 80}},
	} {
		if diff := cmp.Diff(row.want, row.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func TestProfileIsProductionWhereNobodySaysOtherwise(t *testing.T) {
	err := load(t, Options{}).Validate()
	for _, want := range []string{"route_key: is missing", "intake.sources: is empty", "systems.sms.secret: is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in:\n%v", want, err)
		}
	}
}

func TestLayers(t *testing.T) {
	path := write(t, "profile: local\nkafka: {prefix: file, partitions: 3, client_id: file}\nroute_key: {env: FROM_FILE}\n", "other")
	c := load(t, Options{
		File: path,
		Environ: []string{
			"PERMITHUB_KAFKA_PREFIX=env", "PERMITHUB_KAFKA_CLIENT_ID=env", "PERMITHUB_KAFKA_BROKERS=a:1, b:2",
			"PERMITHUB_APPROVAL_LIMITS_WARNINGS=10,20", "PERMITHUB_KAFKA_TLS_ENABLED=true", "PERMITHUB_SHUTDOWN_TIMEOUT=5s",
			"PERMITHUB_ROUTE_KEY=from-the-variable", "PERMITHUB_SYSTEMS_SMS_SECRET_FILE=secrets/other",
			"PERMITHUB_SERVICE_HOST=10.0.0.1", "PERMITHUB_PORT_8080_TCP_ADDR=10.0.0.1", "PERMITHUB_TEST_WHATEVER=1", "HOME=/",
		},
		Flags: map[string]string{"kafka.client_id": "flag", "intake.receipt_key.env": "HOME"},
	})
	type view struct {
		Prefix, Client string
		Partitions     int
		Brokers        []string
		Warnings       []int
		TLS            bool
		Shutdown       time.Duration
		Route, SMS     string
		Receipt        string
	}
	got := view{c.Kafka.Prefix, c.Kafka.ClientID, c.Kafka.Partitions, c.Kafka.Brokers, c.Approval.Limits.Warnings, c.Kafka.TLS.Enabled,
		c.ShutdownTimeout, c.RouteKey.Value(), c.Systems.SMS.Secret.Value(), c.Intake.ReceiptKey.Value()}
	want := view{"env", "flag", 3, []string{"a:1", "b:2"}, []int{10, 20}, true, 5 * time.Second, "from-the-variable",
		"text-of-other-0123456789abcdef0123456789", "/"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadNamesEveryFault(t *testing.T) {
	path := write(t, `
profile: local
kafka: {brokrs: ["a:1"], partitions: many}
intake:
  sources:
    - {name: a, acces_key: b, secret: {fil: x}}
route_key: hunter2
shutdown_timeout: 30
desks: {}
`)
	_, err := Load(Options{File: path, Environ: []string{"PERMITHUB_KAFKA_PREFX=x", "PERMITHUB_REDIS_DB=one", "PERMITHUB_INTAKE_SOURCES=x"},
		Flags: map[string]string{"redis.dbs": "1"}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"kafka.brokrs: unknown key; the nearest known one is kafka.brokers",
		"kafka.partitions: expected type 'int'",
		"intake.sources[0].acces_key: unknown key; the nearest known one is intake.sources[0].access_key",
		"intake.sources[0].secret.fil: unknown key; the nearest known one is intake.sources[0].secret.file",
		"route_key: a secret is never written here: give file or env",
		"shutdown_timeout: want a duration such as 30s",
		"desks: unknown key; the nearest known one is desk",
		"PERMITHUB_KAFKA_PREFX: unknown variable; the nearest known one is PERMITHUB_KAFKA_PREFIX",
		"PERMITHUB_REDIS_DB: want a whole number",
		"PERMITHUB_INTAKE_SOURCES: has parts: set it in the file",
		"flag redis.dbs: unknown key; the nearest known one is redis.db",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the error repeats the secret")
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestBrokenFiles(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"not YAML", "kafka: [hunter2", "yaml:"},
		{"the same key twice", "profile: local\nprofile: production\n", "already defined"},
		{"a list", "- a\n- b\n", "yaml:"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Load(Options{File: write(t, row.text)})
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("want %q, got %v", row.want, err)
			}
		})
	}
	if _, err := Load(Options{File: filepath.Join(t.TempDir(), "none.yaml")}); !os.IsNotExist(err) && !strings.Contains(fmt.Sprint(err), "no such file") {
		t.Errorf("missing file: %v", err)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"demo secrets", func(c *Config) { c.RouteKey = SecretOf(DemoSecrets()[0]); c.Systems.SMS.Secret = SecretOf("changeme") },
			[]string{"route_key: is a known default", "systems.sms.secret: is a known default"}},
		{"short route key", func(c *Config) { c.RouteKey = SecretOf("short but not known") }, []string{"route_key: has 19 bytes"}},
		{"unsafe topics", func(c *Config) { c.Kafka.Replication = 2 }, []string{"kafka.replication: 2 is under 3"}},
		{"brokers in one string", func(c *Config) { c.Kafka.Brokers = []string{"a:1,b:2"} }, []string{`kafka.brokers[0]: "a:1,b:2"`}},
		{"password in clear", func(c *Config) { c.Kafka.SASL.Mechanism = "plain"; c.Kafka.TLS = TLS{} }, []string{"kafka.sasl.mechanism: plain without TLS"}},
		{"half a certificate", func(c *Config) { c.Kafka.TLS.CertFile = "a" }, []string{"kafka.tls: cert_file and key_file"}},
		{"sources alike", func(c *Config) { c.Intake.Sources[1] = c.Intake.Sources[0]; c.Intake.Sources[1].Channel = "post" },
			[]string{"intake.sources[1].name: is the same as intake.sources[0].name", "intake.sources[1].access_key: is the same", `intake.sources[1].channel: "post"`}},
		{"officer", func(c *Config) {
			c.Desk.Officers[0] = Officer{ID: "1", Roles: []string{"chief"}, Townships: []string{"330402001"}}
		},
			[]string{"desk.officers[0].name: is missing", "desk.officers[0].token: is missing", `roles[0]: "chief"`, `townships[0]: "330402001"`}},
		{"listeners alike", func(c *Config) { c.Metrics.Listen = c.Intake.Listen }, []string{"metrics.listen: is the same as intake.listen"}},
		{"credentials in a URL", func(c *Config) { c.Systems.Epermit.BaseURL = "https://u:hunter2@h" }, []string{"systems.epermit.base_url: a base URL has no credentials"}},
		{"SMS in clear", func(c *Config) { c.Systems.SMS.BaseURL = "http://mas.example" }, []string{"systems.sms.base_url: http carries the secret in clear"}},
		{"rules", func(c *Config) {
			c.Approval.Registered.Mode = "weeks"
			c.Approval.Limits.Warnings = []int{90, 50}
			c.Approval.Stages.Review = "robot"
		}, []string{"approval.registered.mode", "approval.limits.warnings", "approval.stages.review"}},
		{"licence codes", func(c *Config) { c.Systems.Epermit.LicenceType = "1" }, []string{"systems.epermit.licence_type"}},
		{"receipts without proof", func(c *Config) { c.Systems.SMS.ReceiptToken = Secret{}; c.Authority = Authority{} },
			[]string{"systems.sms.receipt_token: is missing", "authority.code: is missing", "authority.task_name: is missing"}},
		{"receipts from a network", func(c *Config) { c.Systems.SMS.ReceiptFrom = []string{"10.0.0.1"} }, []string{"systems.sms.receipt_from[0]"}},
		{"short tokens", func(c *Config) {
			c.Systems.SMS.ReceiptToken, c.Desk.Officers[0].Token, c.Intake.ReceiptKey = SecretOf("a/b"), SecretOf("short one"), SecretOf("short two")
		}, []string{"systems.sms.receipt_token: has 3 bytes", "systems.sms.receipt_token: has characters", "desk.officers[0].token: has 9", "intake.receipt_key: has 9"}},
		{"limits", func(c *Config) {
			c.Approval.Limits.T1 = Limit{Days: -1, Unit: "weeks", End: "noon"}
			c.Approval.Limits.PushWithin, c.Approval.NoticesOff = -time.Second, []string{"N1"}
		}, []string{"approval.limits.t1.days", "approval.limits.t1.unit", "approval.limits.t1.end", "approval.limits.push_within", "approval.notices_off[0]"}},
		{"ways in without users", func(c *Config) {
			c.Desk.OIDC, c.Desk.Proxy = OIDC{Issuer: "https://id.example"}, Proxy{CertFile: "proxy.pem", Header: "X-Remote-User"}
		}, []string{"desk.oidc: needs desk.users_file", "desk.proxy: needs desk.users_file", "desk.oidc.client_id: is missing", "desk.oidc.client_secret: is missing",
			"desk.oidc.redirect_url: want http", "desk.oidc.redirect_url: want it to end with /signin/openid/return", "desk.proxy: needs desk.tls"}},
		{"half of a way in", func(c *Config) {
			c.Desk.OIDC, c.Desk.Proxy, c.Desk.TLS = OIDC{ClientID: "permithub"}, Proxy{Header: "X-User"}, DeskTLS{CertFile: "a"}
		}, []string{"desk.oidc.issuer: is missing", "desk.proxy.cert_file: is missing", "desk.tls: cert_file and key_file"}},
		{"ways in that leak", func(c *Config) {
			c.Desk.OIDC = OIDC{Issuer: "http://id.example", ClientID: "x", ClientSecret: SecretOf("changeme"), RedirectURL: "http://desk.example/signin/openid/return", Scopes: []string{""}, RolesClaim: "roles",
				Roles: []OIDCRole{{Role: "chief"}}}
			c.Desk.Proxy = Proxy{CertFile: "a", Header: "X Remote_User", SignOutURL: "https://u:hunter2@h"}
		}, []string{"desk.oidc.issuer: http carries it in clear", "desk.oidc.client_secret: is a known default", "desk.oidc.redirect_url: http carries", "desk.oidc.scopes", "desk.oidc.roles[0].value: is missing",
			`desk.oidc.roles[0].role: "chief"`, "desk.proxy.header:", "desk.proxy.sign_out_url: a base URL has no credentials"}},
		{"roles of nothing", func(c *Config) { c.Desk.OIDC = OIDC{Issuer: "https://id.example", Roles: []OIDCRole{{"a", "review"}}} }, []string{"desk.oidc.roles: roles_claim and roles"}},
		{"log", func(c *Config) { c.Log = Log{"loud", "xml"} }, []string{"log.level", "log.format"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := load(t, Options{File: production(t), Environ: []string{"KAFKA_PASSWORD=hunter-of-bugs"}})
			row.change(c)
			err := c.Validate()
			for _, want := range row.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("want %q in: %v", want, err)
				}
			}
			if strings.Contains(fmt.Sprint(err), "hunter2") {
				t.Error("the error repeats credentials")
			}
		})
	}
}

func TestPartsNeedOnlyTheirSecrets(t *testing.T) {
	c := load(t, Options{File: write(t, "kafka: {brokers: ['a:1']}\nsystems: {sms: {secret: {file: secrets/none}}}\n")})
	if err := c.Validate(PartKafka); err != nil {
		t.Errorf("kafka alone: %v", err)
	}
	if err := c.Validate(PartSMS); err == nil || !strings.Contains(err.Error(), "systems.sms.secret: stat") {
		t.Errorf("want the missing file, got %v", err)
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	const text = "hunter2-in-the-clear"
	s := SecretOf(text)
	inside := struct {
		Public  Secret
		private Secret
	}{s, s}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "secret", s, "inside", inside)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "secret", s, "inside", inside)
	j, _ := json.Marshal(inside)
	y, _ := yaml.Marshal(map[string]any{"a": s, "b": inside})
	b.Write(j)
	b.Write(y)
	fmt.Fprintf(&b, "%v %+v %#v %s %q %v %+v %#v", s, s, s, s, s, inside, inside, &inside)
	if strings.Contains(b.String(), "hunter2") {
		t.Errorf("shown: %s", b.String())
	}
	if s.String() != mask || (Secret{}).String() != "" {
		t.Errorf("mask: %q, unset: %q", s, Secret{})
	}
}

func TestSecretFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "crlf"), "text\r\n")
	put(t, filepath.Join(dir, "empty"), "\n")
	put(t, filepath.Join(dir, "large"), strings.Repeat("x", secretLimit+1))
	for _, row := range []struct{ name, file, want, fault string }{
		{"final newline dropped", "crlf", "text", ""},
		{"empty", "empty", "", "is empty"},
		{"too large", "large", "", "larger than"},
		{"folder", ".", "", "is a folder"},
		{"missing", "none", "", "no such file"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := Secret{file: filepath.Join(dir, row.file)}
			s.resolve(nil)
			if s.Value() != row.want || (row.fault == "") != (s.err == nil) || s.err != nil && !strings.Contains(s.err.Error(), row.fault) {
				t.Errorf("got %q, %v", s.Value(), s.err)
			}
		})
	}
}

func TestPrintGolden(t *testing.T) {
	path := production(t)
	c := load(t, Options{File: path, Environ: []string{"KAFKA_PASSWORD=hunter-of-bugs"}})
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, s := range c.secrets() {
		if v := s.Value(); v != "" && strings.Contains(b.String(), v) {
			t.Errorf("%s is shown", s.path)
		}
	}
	got := strings.ReplaceAll(b.String(), filepath.Dir(path), "/etc/permithub")
	golden := "testdata/effective.golden"
	if *update {
		put(t, golden, got)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each key has one variable and each variable one key, and each field a tag: else a layer could not reach it.
func TestKeysAreUnambiguous(t *testing.T) {
	seen := map[string]string{}
	for _, l := range leaves(reflect.TypeFor[Config](), "") {
		if strings.HasSuffix(l.path, ".") || l.path == "" || strings.Contains(l.path, "..") {
			t.Errorf("%q: a field without a tag", l.path)
		}
		names := []string{variable(l.path)}
		if l.typ == secretType {
			names = append(names, variable(l.path)+"_FILE", variable(l.path)+"_ENV")
		}
		for _, name := range names {
			if other, ok := seen[name]; ok {
				t.Errorf("%s is %s and %s", name, other, l.path)
			}
			seen[name] = l.path
			if serviceLink.MatchString(name) {
				t.Errorf("%s looks like a Kubernetes service link", name)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	for _, row := range []struct{ word, want string }{{"brokrs", "brokers"}, {"tsl", "tls"}, {"", "tls"}, {"brokersss", "brokers"}} {
		if got := nearest(row.word, []string{"brokers", "prefix", "tls"}); got != row.want {
			t.Errorf("nearest(%q) = %s, want %s", row.word, got, row.want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"profile: local", "kafka: {brokers: [a]}", "a: &x {b: *x}", "intake: {sources: [1, {}, null]}", "route_key: {file: 1}", "? [a]\n: b", "systems: null"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		put(t, path, string(b))
		if c, err := Load(Options{File: path}); err == nil {
			_ = c.Validate()
		}
	})
}
