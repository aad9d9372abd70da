package localcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Nodes is the number of brokers: the least that gives every partition three replicas.
const Nodes = 3

// KafkaConfig describes a cluster of three brokers.
type KafkaConfig struct {
	// Dir holds one folder per broker with its data, log and pid. Required. A folder that an earlier cluster with the
	// same ports left is used again.
	Dir string
	// Ports are the brokers' ports, one for each node. Empty: free ones.
	Ports []int
	// ControllerPorts are the ports between the controllers. Empty: free ones.
	ControllerPorts []int
	// Secure gives each broker a second listener, encrypted and with a login: see [Kafka.Secure].
	Secure bool
	// Detached lets the brokers outlive this process.
	Detached bool
	// FullCompiler gives the JVMs both compilers, for measurements. False: the quick one only, which starts sooner.
	FullCompiler bool
}

// Kafka is a cluster of three Apache Kafka brokers, each also a controller. Its nodes are numbered 1 to 3, as in
// Kafka's metadata. Safe for concurrent use.
type Kafka struct {
	cfg   KafkaConfig
	java  string
	jars  string
	ca    string     // file with the certificate that signed the brokers'; empty without a secure listener
	ports []int      // of the secure listeners
	mu    sync.Mutex // guards nodes
	nodes [Nodes]*process
}

// NewKafka finds what the cluster needs and writes its configuration, but starts nothing. It adopts detached brokers
// that already run in the same folder.
func NewKafka(ctx context.Context, cfg KafkaConfig) (*Kafka, error) {
	java, err := need("java", "openjdk-17-jre-headless")
	if err != nil {
		return nil, err
	}
	libs, err := jars(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("resolve folder: %w", err)
	}
	free, err := freePorts(3 * Nodes)
	if err != nil {
		return nil, err
	}
	if len(cfg.Ports) == 0 || len(cfg.ControllerPorts) == 0 {
		cfg.Ports, cfg.ControllerPorts = free[:Nodes], free[Nodes:2*Nodes]
	}
	if len(cfg.Ports) != Nodes || len(cfg.ControllerPorts) != Nodes {
		return nil, fmt.Errorf("want %d ports and %d controller ports", Nodes, Nodes)
	}
	k := &Kafka{cfg: cfg, java: java, jars: libs}
	if cfg.Secure {
		k.ports = free[2*Nodes:]
		if err := k.secure(); err != nil {
			return nil, fmt.Errorf("secure the brokers: %w", err)
		}
	}
	for id := 1; id <= Nodes; id++ {
		if err := k.writeProperties(id); err != nil {
			return nil, fmt.Errorf("configure broker %d: %w", id, err)
		}
		k.nodes[id-1] = running(k.dir(id))
	}
	return k, nil
}

// Brokers returns the addresses, that of node 1 first.
func (k *Kafka) Brokers() []string {
	addresses := make([]string, 0, Nodes)
	for _, port := range k.cfg.Ports {
		addresses = append(addresses, address(port))
	}
	return addresses
}

// Start starts the brokers that do not run and waits until the cluster is ready. An error leaves running what runs.
func (k *Kafka) Start(ctx context.Context) error {
	for id := 1; id <= Nodes; id++ {
		if err := k.StartNode(ctx, id); err != nil {
			return err
		}
	}
	return k.WaitReady(ctx)
}

// StartNode starts one broker on the data it had. It does not wait until the broker answers: see WaitReady. A broker
// that runs already is left alone.
func (k *Kafka) StartNode(ctx context.Context, id int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := checkID(id); err != nil {
		return err
	}
	if p := k.nodes[id-1]; p != nil && p.alive() {
		return nil
	}
	if err := mustBeFree(k.portsOf(id)...); err != nil {
		return fmt.Errorf("start broker %d: %w", id, err)
	}
	if err := k.format(ctx, id); err != nil {
		return fmt.Errorf("format broker %d: %w", id, err)
	}
	p, err := start(command{
		name: k.java, args: append(k.jvm(), "kafka.Kafka", k.properties(id)), dir: k.dir(id), detached: k.cfg.Detached,
	})
	if err != nil {
		return fmt.Errorf("start broker %d: %w", id, err)
	}
	k.nodes[id-1] = p
	return nil
}

// KillNode ends one broker as a power cut would and waits until it is gone. Killing a dead broker does nothing.
func (k *Kafka) KillNode(ctx context.Context, id int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := checkID(id); err != nil {
		return err
	}
	if p := k.nodes[id-1]; p != nil {
		return p.kill(ctx)
	}
	return nil
}

// Stop ends every broker, all at once. Each gets grace to close its files; without grace they are killed, which is
// quick and right where the data is thrown away.
func (k *Kafka) Stop(ctx context.Context, grace time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var wait sync.WaitGroup
	errs := make([]error, Nodes)
	for i, p := range k.nodes {
		if p != nil {
			wait.Go(func() { errs[i] = p.stop(ctx, grace) })
		}
	}
	wait.Wait()
	return errors.Join(errs...)
}

// dead returns the error of a broker that was started and ended by itself, with the end of its log.
func (k *Kafka) dead() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, p := range k.nodes {
		if p == nil {
			return fmt.Errorf("broker %d is not started", i+1)
		}
		if !p.alive() {
			return fmt.Errorf("broker %d is not running; its log %s ends:\n%s", i+1, filepath.Join(p.dir, "log"), p.lastWords())
		}
	}
	return nil
}

func (k *Kafka) dir(id int) string { return filepath.Join(k.cfg.Dir, fmt.Sprintf("broker-%d", id)) }

func checkID(id int) error {
	if id < 1 || id > Nodes {
		return fmt.Errorf("no broker %d: they are numbered 1 to %d", id, Nodes)
	}
	return nil
}

func (k *Kafka) portsOf(id int) []int {
	ports := []int{k.cfg.Ports[id-1], k.cfg.ControllerPorts[id-1]}
	if k.cfg.Secure {
		ports = append(ports, k.ports[id-1])
	}
	return ports
}

// RemoveData deletes the folder of a stopped cluster.
func (k *Kafka) RemoveData() error {
	if err := os.RemoveAll(k.cfg.Dir); err != nil {
		return fmt.Errorf("remove data: %w", err)
	}
	return nil
}
