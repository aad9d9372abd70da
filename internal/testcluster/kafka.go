package testcluster

import (
	"fmt"
	"testing"

	"permithub/internal/localcluster"
)

// Cluster is a Kafka cluster as one test sees it. Its brokers are numbered 1 to 3, as in Kafka's metadata.
type Cluster struct {
	shared *shared
	alone  bool
}

// Kafka returns a cluster of three ready brokers that t shares with other tests until it ends. The first call of a
// process may take a minute.
func Kafka(t testing.TB) *Cluster {
	t.Helper()
	return take(t, false)
}

// KafkaAlone returns a cluster that no other test uses until t has ended, so that t may kill its brokers. It waits for
// the tests that use it. At the end of t all brokers are started again.
func KafkaAlone(t testing.TB) *Cluster {
	t.Helper()
	return take(t, true)
}

func take(t testing.TB, alone bool) *Cluster {
	t.Helper()
	found, err := process.find(alone)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{shared: found, alone: alone}
	if found.lease == nil {
		return c
	}
	if err := found.take(t, alone); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { found.give(t) })
	c.restore(t) // what a test that died left broken
	if alone {
		t.Cleanup(func() { c.restore(t) })
	}
	return c
}

// Brokers returns the addresses, that of broker 1 first.
func (c *Cluster) Brokers() []string { return c.shared.Brokers }

// Login is how a client gets in where the brokers want TLS and a login.
type Login struct {
	// Brokers are the addresses, that of broker 1 first.
	Brokers []string
	// CAFile holds the certificate that signed theirs, in PEM.
	CAFile string
	// Username and Password are known by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.
	Username, Password string
}

// Login returns the cluster's second way in. A cluster that something else started may have none: t fails.
func (c *Cluster) Login(t testing.TB) Login {
	t.Helper()
	if len(c.shared.Secure) == 0 {
		t.Fatalf("the cluster has no listener with TLS that this process knows of: set %s and %s", EnvSecure, EnvCA)
	}
	return Login{c.shared.Secure, c.shared.CA, localcluster.SecureUser, localcluster.SecurePassword}
}

// Kill ends a broker as a power cut would (SIGKILL) and returns when it is gone. Only with [KafkaAlone].
func (c *Cluster) Kill(t testing.TB, id int) {
	t.Helper()
	c.do(t, "/nodes/%d/kill", id)
}

// Start starts a killed broker on the same data and port. It returns when the process runs, before it answers: see
// WaitReady. Only with [KafkaAlone].
func (c *Cluster) Start(t testing.TB, id int) {
	t.Helper()
	c.do(t, "/nodes/%d/start", id)
}

// WaitReady waits until all three brokers answer and every partition has a leader and all its replicas in sync. Only
// with [KafkaAlone].
func (c *Cluster) WaitReady(t testing.TB) {
	t.Helper()
	c.do(t, "/ready")
}

func (c *Cluster) restore(t testing.TB) {
	t.Helper()
	if err := c.shared.ask("/restore"); err != nil {
		t.Errorf("restore cluster: %v", err)
	}
}

func (c *Cluster) do(t testing.TB, path string, args ...any) {
	t.Helper()
	if !c.alone {
		t.Fatal("a shared cluster stays as it is: call KafkaAlone to kill brokers")
	}
	if err := c.shared.ask(fmt.Sprintf(path, args...)); err != nil {
		t.Fatal(err)
	}
}
