//go:build kafka

package deadletter

import (
	"testing"

	"go.uber.org/goleak"

	"permithub/internal/testcluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(testcluster.Main(m)) }

func TestKafkaBook(t *testing.T) { testOnKafka(t, testcluster.Kafka(t).Brokers()) }
