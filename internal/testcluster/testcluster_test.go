//go:build kafka

package testcluster_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"permithub/internal/testcluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(testcluster.Main(m)) }

func TestKafkaHasThreeBrokers(t *testing.T) {
	cluster := testcluster.Kafka(t)
	client := connect(t, cluster)
	metadata, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range metadata.Brokers {
		got, want := fmt.Sprintf("%s:%d", b.Host, b.Port), cluster.Brokers()[b.NodeID-1]
		if got != want {
			t.Errorf("address of broker %d: got %s, want %s", b.NodeID, got, want)
		}
	}
	if got := len(metadata.Brokers); got != 3 {
		t.Errorf("brokers: got %d, want 3", got)
	}
}

// A record that was acknowledged before a broker died is still there, and the broker comes back with it.
func TestKillAndStart(t *testing.T) {
	cluster := testcluster.KafkaAlone(t)
	client := connect(t, cluster)
	topic := createTopic(t, client)
	record := &kgo.Record{Topic: topic, Value: []byte("kept")}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}

	victim := leader(t, client, topic)
	cluster.Kill(t, victim)
	if c, err := net.Dial("tcp", cluster.Brokers()[victim-1]); err == nil {
		_ = c.Close()
		t.Errorf("broker %d still listens", victim)
	}
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("moved")}).FirstErr(); err != nil {
		t.Errorf("produce with one broker down: %v", err)
	}
	if got := leader(t, client, topic); got == victim {
		t.Errorf("leader is still the dead broker %d", victim)
	}

	cluster.Start(t, victim)
	cluster.WaitReady(t)
	if got, want := consume(t, cluster, topic, 2), "kept moved"; got != want {
		t.Errorf("records: got %q, want %q", got, want)
	}
}

func TestKafkaIsRestoredAfterTheTestThatKilled(t *testing.T) {
	t.Run("kills two", func(t *testing.T) {
		cluster := testcluster.KafkaAlone(t)
		cluster.Kill(t, 1)
		cluster.Kill(t, 3)
	})
	cluster := testcluster.Kafka(t)
	for _, broker := range cluster.Brokers() {
		c, err := net.Dial("tcp", broker)
		if err != nil {
			t.Errorf("broker is not back: %v", err)
			continue
		}
		_ = c.Close()
	}
}

func TestRedis(t *testing.T) {
	tests := map[string]struct {
		cfg       testcluster.RedisConfig
		afterKill string
	}{
		"forgets when killed":         {testcluster.RedisConfig{}, "$-1"},
		"append only keeps its data":  {testcluster.RedisConfig{AppendOnly: true}, "$5"},
		"password, append only, kill": {testcluster.RedisConfig{AppendOnly: true, Password: "secret"}, "$5"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			redis := testcluster.StartRedis(t, test.cfg)
			password := test.cfg.Password
			if got := ask(t, redis.Addr(), password, "SET k value"); got != "+OK" {
				t.Fatalf("SET: got %q", got)
			}
			redis.Kill(t)
			redis.Restart(t)
			if got := ask(t, redis.Addr(), password, "GET k"); got != test.afterKill {
				t.Errorf("GET after kill: got %q, want %q", got, test.afterKill)
			}
			redis.Flush(t)
			if got := ask(t, redis.Addr(), password, "GET k"); got != "$-1" {
				t.Errorf("GET after flush: got %q, want $-1", got)
			}
			if password != "" {
				if got := ask(t, redis.Addr(), "", "GET k"); !strings.HasPrefix(got, "-NOAUTH") {
					t.Errorf("GET without password: got %q", got)
				}
			}
		})
	}
}

// ask sends one inline command and returns the first line of the answer.
func ask(t *testing.T, addr, password, line string) string {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	answers := bufio.NewScanner(c)
	if password != "" {
		fmt.Fprintf(c, "AUTH %s\r\n", password)
		answers.Scan()
	}
	fmt.Fprintf(c, "%s\r\n", line)
	answers.Scan()
	return answers.Text()
}

func connect(t *testing.T, cluster *testcluster.Cluster, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(cluster.Brokers()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func createTopic(t *testing.T, client *kgo.Client) string {
	t.Helper()
	topic := fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), time.Now().UnixNano())
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = 10_000
	request.Topics = []kmsg.CreateTopicsRequestTopic{{Topic: topic, NumPartitions: 1, ReplicationFactor: 3}}
	response, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(response.Topics[0].ErrorCode); err != nil {
		t.Fatal(err)
	}
	return topic
}

func leader(t *testing.T, client *kgo.Client, topic string) int {
	t.Helper()
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{{Topic: &topic}}
	response, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return int(response.Topics[0].Partitions[0].Leader)
}

func consume(t *testing.T, cluster *testcluster.Cluster, topic string, n int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := connect(t, cluster, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var values []string
	for len(values) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return strings.Join(values, " ")
}
