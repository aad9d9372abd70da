package localcluster

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestProperties(t *testing.T) {
	k := &Kafka{cfg: KafkaConfig{Dir: t.TempDir(), Ports: []int{1001, 1002, 1003}, ControllerPorts: []int{2001, 2002, 2003}}}
	if err := k.writeProperties(2); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(k.properties(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"node.id=2",
		"controller.quorum.voters=1@127.0.0.1:2001,2@127.0.0.1:2002,3@127.0.0.1:2003",
		"listeners=BROKER://127.0.0.1:1002,CONTROLLER://127.0.0.1:2002",
		"log.dirs=" + k.data(2),
		"default.replication.factor=3",
		"min.insync.replicas=2",
		"auto.create.topics.enable=false",
		"unclean.leader.election.enable=false",
		"group.initial.rebalance.delay.ms=0",
	} {
		if !strings.Contains(string(raw), "\n"+want+"\n") {
			t.Errorf("server.properties lacks %q:\n%s", want, raw)
		}
	}
}

// Kafka refuses a cluster id that is not 16 bytes in URL-safe base 64.
func TestClusterID(t *testing.T) {
	if len(clusterID) != 22 {
		t.Errorf("cluster id %q has %d characters, want 22", clusterID, len(clusterID))
	}
}

func TestParsePorts(t *testing.T) {
	tests := map[string]struct {
		list string
		n    int
		want string
	}{
		"three":        {"1,2, 3", 3, ""},
		"too few":      {"1,2", 3, "want 3"},
		"empty":        {"", 1, "not a port"},
		"no number":    {"1,x,3", 3, `"x" is not a port`},
		"out of range": {"70000", 1, "not a port"},
		"twice":        {"7,8,7", 3, "stands there twice"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ports, err := ParsePorts(test.list, test.n)
			if test.want == "" {
				if err != nil || len(ports) != test.n {
					t.Errorf("ParsePorts(%q): got %v, error %v", test.list, ports, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("ParsePorts(%q): got error %v, want %q", test.list, err, test.want)
			}
		})
	}
}

func TestFreePorts(t *testing.T) {
	ports, err := freePorts(6)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, port := range ports {
		if seen[port] || port < lowestPort || port >= highestPort {
			t.Errorf("port %d is out of range or there twice", port)
		}
		seen[port] = true
	}
	if err := mustBeFree(ports...); err != nil {
		t.Error(err)
	}
	l, err := net.Listen("tcp", address(ports[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := mustBeFree(ports...); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("mustBeFree with one taken: got %v", err)
	}
}

func TestNodeNumbers(t *testing.T) {
	k := &Kafka{}
	for _, id := range []int{-1, 0, Nodes + 1} {
		if err := k.StartNode(t.Context(), id); err == nil {
			t.Errorf("StartNode(%d): no error", id)
		}
		if err := k.KillNode(t.Context(), id); err == nil {
			t.Errorf("KillNode(%d): no error", id)
		}
	}
}

func TestCacheDir(t *testing.T) {
	t.Setenv("PERMITHUB_CACHE", "/some/cache")
	if got, err := cacheDir(); err != nil || got != "/some/cache" {
		t.Errorf("cacheDir: got %q, error %v", got, err)
	}
}

// The pom must name a released version: Maven resolves what stands there.
func TestPOM(t *testing.T) {
	if n := strings.Count(pom, "KAFKA_VERSION"); n != 1 {
		t.Errorf("pom.xml names the version %d times, want once", n)
	}
}
