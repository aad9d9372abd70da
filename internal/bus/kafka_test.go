//go:build kafka

package bus

import (
	"testing"

	"go.uber.org/goleak"

	"permithub/internal/testcluster"
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

func TestKafkaProduceKeepsOrderUnderLoad(t *testing.T) {
	testProduceOrder(t, testcluster.Kafka(t).Brokers())
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
