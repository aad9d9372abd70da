package deadline

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config says which Redis to use and how. The zero value of a field means what its comment says.
type Config struct {
	// Addrs are host:port: one for a single server, several for the seeds of a Redis Cluster. Required.
	Addrs []string
	// Username for ACL; empty means Redis's user "default".
	Username string
	// Password; empty means none.
	Password string
	// TLS, when not nil, encrypts the connections. Its MinVersion is raised to TLS 1.2.
	TLS *tls.Config
	// DB is the number of the database; zero is Redis's first. A cluster has only that one.
	DB int
	// Prefix stands before every key; empty means "permithub".
	Prefix string
	// PartitionOf returns the partition of case-log that holds a Kafka key (a dossier id). Required: it must be the
	// partitioner that wrote the log.
	PartitionOf func(key string) int32
	// EndedTTL is how long the card of an ended case stays, counted from its end, and how long a card from the intake
	// waits for the log; zero means 30 days.
	EndedTTL time.Duration
	// Timeout bounds one attempt of one command; zero means 5 seconds, many times what the longest script takes.
	Timeout time.Duration
	// Now is the clock that ages ended cards and that Skew compares with Redis; nil means time.Now.
	Now func() time.Time
}

const (
	defaultPrefix   = "permithub"
	defaultEndedTTL = 30 * 24 * time.Hour
	defaultTimeout  = 5 * time.Second
)

// Validate reports every fault at once.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Addrs) == 0 {
		errs = append(errs, errors.New("redis: no address"))
	}
	for _, a := range c.Addrs {
		if _, _, err := net.SplitHostPort(a); err != nil || strings.Contains(a, ",") {
			errs = append(errs, fmt.Errorf("redis: address %q is not host:port", a))
		}
	}
	if len(c.Addrs) > 1 && c.DB != 0 {
		errs = append(errs, errors.New("redis: a cluster has no database but 0"))
	}
	if c.DB < 0 {
		errs = append(errs, errors.New("redis: the database number is negative"))
	}
	if strings.ContainsAny(c.Prefix, "{}*?[]\\ \t\r\n") {
		errs = append(errs, errors.New("redis: the prefix holds a brace, a blank or a pattern character"))
	}
	if c.PartitionOf == nil {
		errs = append(errs, errors.New("redis: no partitioner"))
	}
	if c.EndedTTL < 0 || c.Timeout < 0 {
		errs = append(errs, errors.New("redis: a duration is negative"))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.EndedTTL == 0 {
		c.EndedTTL = defaultEndedTTL
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func (c *Config) client() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs:    c.Addrs,
		Username: c.Username,
		Password: c.Password,
		DB:       c.DB,

		ContextTimeoutEnabled: true, // else a command outlives its context
		DialTimeout:           c.Timeout,
		ReadTimeout:           c.Timeout,
		WriteTimeout:          c.Timeout,
		// Every command here is safe to repeat: a batch by its mark, a claim because the lost one's lease ends.
		MaxRetries:      2,
		DialerRetries:   1, // the retries above are enough: an outage is to be seen in seconds
		MinRetryBackoff: 20 * time.Millisecond,
		MaxRetryBackoff: 250 * time.Millisecond,
		PoolSize:        16,
		// No dedicated pool for pipelines: they are few and short.
		PipelinePoolSize: -1,
		// Commands of Redis 7.2 and of hosted servers, which Redis 7.0 answers with errors at each new connection.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		TLSConfig:                c.tls(),
	}
}

func (c *Config) tls() *tls.Config {
	if c.TLS == nil {
		return nil
	}
	t := c.TLS.Clone()
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	return t
}

// LogValue keeps the password out of logs.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("addrs", c.Addrs), slog.Int("db", c.DB), slog.Bool("tls", c.TLS != nil))
}
