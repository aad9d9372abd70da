//go:build kafka

package approval

import (
	"testing"

	"go.uber.org/goleak"

	"permithub/internal/testcluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(testcluster.Main(m), ofOthers...) }

func TestKafkaRestore(t *testing.T) { testRestoreOverBroker(t, testcluster.Kafka(t).Brokers()) }
