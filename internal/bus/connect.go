package bus

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// SASL mechanisms as they stand in the configuration.
const (
	mechanismPlain    = "plain"
	mechanismScram256 = "scram-sha-256"
	mechanismScram512 = "scram-sha-512"
)

const (
	dialTimeout = 5 * time.Second
	// idleTimeout is under the brokers' connections.max.idle.ms (10 min), so that this side closes first.
	idleTimeout = time.Minute
	// metadataTTL bounds how long a moved leader goes unnoticed where no error tells; errors refresh at once.
	metadataTTL = 5 * time.Second
)

// connector makes both kinds of kafka-go connections from one configuration: the Transport of requests and the Dialer of
// groups take TLS and SASL in different fields.
type connector struct {
	clientID string
	dialer   *net.Dialer
	tls      *tls.Config
	sasl     sasl.Mechanism
}

func newConnector(cfg Config) (*connector, error) {
	m, err := saslMechanism(cfg)
	if err != nil {
		return nil, err
	}
	return &connector{clientID: cfg.ClientID, dialer: &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}, tls: cfg.TLS, sasl: m}, nil
}

func (c *connector) newTransport() *kafka.Transport {
	return &kafka.Transport{
		Dial: c.dialer.DialContext, DialTimeout: dialTimeout, IdleTimeout: idleTimeout, MetadataTTL: metadataTTL,
		ClientID: c.clientID, TLS: c.tls, SASL: c.sasl,
	}
}

func (c *connector) newDialer() *kafka.Dialer {
	return &kafka.Dialer{ClientID: c.clientID, DialFunc: c.dialer.DialContext, Timeout: dialTimeout, TLS: c.tls, SASLMechanism: c.sasl}
}

func saslMechanism(cfg Config) (sasl.Mechanism, error) {
	if cfg.Mechanism == "" {
		return nil, nil
	}
	switch cfg.Mechanism {
	case mechanismScram256:
		return scram.Mechanism(scram.SHA256, cfg.Username, cfg.Password)
	case mechanismScram512:
		return scram.Mechanism(scram.SHA512, cfg.Username, cfg.Password)
	}
	return plain.Mechanism{Username: cfg.Username, Password: cfg.Password}, nil
}
