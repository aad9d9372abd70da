package bus

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Config of the one connection that a process has to Kafka.
type Config struct {
	// Brokers are the bootstrap addresses, host:port each; at least one.
	Brokers []string
	// Prefix is put before every topic and group name, with a dot; empty means "permithub".
	Prefix string
	// ClientID is what the brokers log and account; empty means "permithub".
	ClientID string

	// Mechanism of SASL: "plain", "scram-sha-256" or "scram-sha-512"; empty means no authentication.
	Mechanism string
	// Username for SASL.
	Username string
	// Password for SASL.
	Password string
	// TLS, when not nil, encrypts the connections.
	TLS *tls.Config

	// SessionTimeout is how long the group's coordinator waits for a heartbeat; zero means 10 s.
	SessionTimeout time.Duration
	// HeartbeatInterval is also how long a member takes to notice a rebalance; zero means 500 ms.
	HeartbeatInterval time.Duration
	// RebalanceTimeout is how long the coordinator waits for members to finish their work and join again; zero means 5 s.
	RebalanceTimeout time.Duration
	// DrainTimeout is how long work in hand may go on after a partition was revoked or the process is told to stop,
	// before its context ends; zero means half of RebalanceTimeout, so that a drained member joins in time. A process that
	// stops waits as long again for a handler that does not obey its context.
	DrainTimeout time.Duration
	// FetchWait is how long a broker holds back an empty answer to a fetch; zero means 250 ms.
	FetchWait time.Duration
	// CommitInterval is the time between offset commits; zero means 200 ms.
	CommitInterval time.Duration
	// ProduceTimeout is how long a record is offered to Kafka before Produce gives up on it; zero means 30 s, which
	// covers the loss of a broker.
	ProduceTimeout time.Duration
	// HandlerLimit is how long a handler may take before it is reported as hung; zero means 5 min.
	HandlerLimit time.Duration
}

const defaultName = "permithub"

// namePattern is what Kafka allows in a topic name, short enough to leave room for the name after the prefix.
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,100}$`)

// Validate reports every fault of the configuration at once.
func (c Config) Validate() error {
	var faults []error
	if len(c.Brokers) == 0 {
		faults = append(faults, errors.New("brokers: at least one host:port is needed"))
	}
	for _, b := range c.Brokers {
		if err := validateAddress(b); err != nil {
			faults = append(faults, err)
		}
	}
	if c.Prefix != "" && !namePattern.MatchString(c.Prefix) {
		faults = append(faults, fmt.Errorf("prefix %q: only letters, digits, dot, dash and underscore, at most 100", c.Prefix))
	}
	faults = append(faults, c.validateSecurity()...)
	return errors.Join(append(faults, c.validateTimes()...)...)
}

// validateAddress also refuses lists: one string with commas panics inside kafka-go.
func validateAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("broker %q: want host:port", address)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, ", \t/") {
		return fmt.Errorf("broker %q: want host:port", address)
	}
	return nil
}

func (c Config) validateSecurity() (faults []error) {
	switch c.Mechanism {
	case "", mechanismPlain, mechanismScram256, mechanismScram512:
	default:
		faults = append(faults, fmt.Errorf("mechanism %q: want %s, %s or %s", c.Mechanism, mechanismPlain, mechanismScram256, mechanismScram512))
	}
	if c.Mechanism != "" && (c.Username == "" || c.Password == "") {
		faults = append(faults, errors.New("mechanism: username and password are needed"))
	}
	if c.Mechanism == "" && (c.Username != "" || c.Password != "") {
		faults = append(faults, errors.New("username or password: no mechanism is set"))
	}
	return faults
}

func (c Config) validateTimes() (faults []error) {
	for name, d := range map[string]time.Duration{
		"session timeout": c.SessionTimeout, "heartbeat interval": c.HeartbeatInterval, "rebalance timeout": c.RebalanceTimeout,
		"drain timeout": c.DrainTimeout, "fetch wait": c.FetchWait, "commit interval": c.CommitInterval,
		"produce timeout": c.ProduceTimeout, "handler limit": c.HandlerLimit,
	} {
		if d < 0 {
			faults = append(faults, fmt.Errorf("%s: %s is negative", name, d))
		}
	}
	full := c.withDefaults()
	if full.HeartbeatInterval*3 > full.SessionTimeout {
		faults = append(faults, fmt.Errorf("heartbeat interval %s: more than a third of the session timeout %s", full.HeartbeatInterval, full.SessionTimeout))
	}
	return faults
}

func (c Config) withDefaults() Config {
	orString := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	orTime := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	orString(&c.Prefix, defaultName)
	orString(&c.ClientID, defaultName)
	orTime(&c.SessionTimeout, 10*time.Second)
	orTime(&c.HeartbeatInterval, 500*time.Millisecond)
	orTime(&c.RebalanceTimeout, 5*time.Second)
	orTime(&c.DrainTimeout, c.RebalanceTimeout/2)
	orTime(&c.FetchWait, 250*time.Millisecond)
	orTime(&c.CommitInterval, 200*time.Millisecond)
	orTime(&c.ProduceTimeout, 30*time.Second)
	orTime(&c.HandlerLimit, 5*time.Minute)
	return c
}
