package bus

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"permithub/schemas"
)

func TestConfigValidate(t *testing.T) {
	good := Config{Brokers: []string{"a:9092"}}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   []string // parts of the error; none means valid
	}{
		{"least", func(*Config) {}, nil},
		{"no brokers", func(c *Config) { c.Brokers = nil }, []string{"at least one"}},
		{"a list in one string", func(c *Config) { c.Brokers = []string{"a:1,b:2"} }, []string{"host:port"}},
		{"no port", func(c *Config) { c.Brokers = []string{"a"} }, []string{"host:port"}},
		{"a URL", func(c *Config) { c.Brokers = []string{"kafka://a:9092"} }, []string{"host:port"}},
		{"prefix", func(c *Config) { c.Prefix = "a b" }, []string{"prefix"}},
		{"mechanism", func(c *Config) { c.Mechanism = "gssapi" }, []string{"gssapi", "username"}},
		{"user without mechanism", func(c *Config) { c.Username = "u" }, []string{"no mechanism"}},
		{"heartbeat", func(c *Config) { c.HeartbeatInterval = 9 * time.Second }, []string{"a third"}},
		{"negative", func(c *Config) { c.FetchWait = -1 }, []string{"negative"}},
		{"all at once", func(c *Config) { c.Brokers, c.Prefix, c.FetchWait = nil, "/", -1 }, []string{"at least one", "prefix", "negative"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			err := c.Validate()
			if len(tt.want) == 0 && err != nil {
				t.Errorf("got %v", err)
			}
			for _, part := range tt.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q in it", err, part)
				}
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	for mechanism, theirs := range map[string]string{mechanismPlain: "PLAIN", mechanismScram256: "SCRAM-SHA-256", mechanismScram512: "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			cfg := testConfig(startKfake(t, kfake.EnableSASL(), kfake.Superuser(theirs, "hub", "secret")).ListenAddrs())
			cfg.Mechanism, cfg.Username, cfg.Password = mechanism, "hub", "secret"
			testThere(t, cfg)
		})
	}
}

// testThere sends one record through all that a client does: requests and groups find the brokers and log in alike.
func testThere(t *testing.T, cfg Config) {
	t.Helper()
	c := openClient(t, cfg)
	topic := strings.NewReplacer("/", "-", "#", "-").Replace(t.Name())
	createTopics(t, c, TopicSpec{Name: topic, Partitions: 1})
	got := make(chan Record, 1)
	r := newRunner(t, c)
	r.Lanes(Step{Name: topic, Topics: []string{topic}, Retry: RetryPolicy{Tiers: []Tier{}}}, collect(got))
	start(t, r)
	write(t, c, schemas.Record{Topic: topic, Value: []byte("v")})
	receive(t, got)
}
