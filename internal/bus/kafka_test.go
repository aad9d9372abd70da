//go:build kafka

package bus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"permithub/internal/testcluster"
	"permithub/schemas"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(testcluster.Main(m), ignoreSuite...)
}

// TestKafkaConformance runs Watermill's own suite on Apache Kafka.
func TestKafkaConformance(t *testing.T) {
	testConformance(t, testcluster.Kafka(t).Brokers())
}

func TestKafkaTwoOwnersLeaveOneHistory(t *testing.T) {
	testTwoOwners(t, testcluster.Kafka(t).Brokers(), nil)
}

func TestKafkaRebalanceKeepsOrder(t *testing.T) {
	for _, batch := range []bool{true, false} {
		t.Run(mode(batch), func(t *testing.T) { testRebalance(t, testcluster.Kafka(t).Brokers(), batch, nil) })
	}
}

func TestKafkaTopics(t *testing.T) { testTopics(t, testcluster.Kafka(t).Brokers()) }

// The embedded broker lets producers date every topic; this is seen on Apache Kafka only.
func TestKafkaClockAhead(t *testing.T) {
	c := openClient(t, testConfig(testcluster.Kafka(t).Brokers()))
	createTopics(t, c, TopicSpec{Name: "own.v1", Partitions: 1}, TopicSpec{Name: "dated.v1", Partitions: 1, Configs: map[string]string{"message.timestamp.type": "LogAppendTime"}})
	write(t, c, schemas.Record{Topic: "own.v1", Value: []byte("v")})
	if _, known := c.ClockAhead(); known {
		t.Error("a topic that its producers date told the time")
	}
	write(t, c, schemas.Record{Topic: "dated.v1", Value: []byte("v")})
	ahead, known := c.ClockAhead()
	if !known || ahead.Abs() > time.Second { // the brokers run on this machine
		t.Errorf("ahead %s, known %v", ahead, known)
	}
}

func TestKafkaProduceKeepsOrderUnderLoad(t *testing.T) {
	testProduceOrder(t, testcluster.Kafka(t).Brokers())
}

func TestKafkaWithTLSAndALogin(t *testing.T) {
	login := testcluster.Kafka(t).Login(t)
	pem, err := os.ReadFile(login.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for _, mechanism := range []string{mechanismPlain, mechanismScram256, mechanismScram512} {
		t.Run(mechanism, func(t *testing.T) {
			cfg := testConfig(login.Brokers)
			cfg.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			cfg.Mechanism, cfg.Username, cfg.Password = mechanism, login.Username, login.Password
			testThere(t, cfg)
		})
	}
	for name, change := range map[string]func(*Config){
		"an authority that nobody knows": func(c *Config) { c.TLS = &tls.Config{MinVersion: tls.VersionTLS12} },
		"no TLS":                         func(c *Config) { c.TLS = nil },
		"a wrong password":               func(c *Config) { c.Password = "wrong" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(login.Brokers)
			cfg.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			cfg.Mechanism, cfg.Username, cfg.Password = mechanismScram512, login.Username, login.Password
			change(&cfg)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if err := openClient(t, cfg).CreateTopics(ctx, []TopicSpec{{Name: "nobody", Partitions: 1}}); err == nil {
				t.Error("let in")
			} else if strings.Contains(err.Error(), login.Password) {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

// A broker that leads partitions dies without a word while records flow and members come and go.
func TestKafkaLossOfABroker(t *testing.T) {
	cluster := testcluster.KafkaAlone(t)
	for _, batch := range []bool{true, false} {
		t.Run(mode(batch), func(t *testing.T) {
			cluster.WaitReady(t)
			testRebalance(t, cluster.Brokers(), batch, func() { cluster.Kill(t, 1) })
			cluster.Start(t, 1)
		})
	}
	t.Run("two owners", func(t *testing.T) {
		cluster.WaitReady(t)
		testTwoOwners(t, cluster.Brokers(), func() { cluster.Kill(t, 2) })
		cluster.Start(t, 2)
	})
}
