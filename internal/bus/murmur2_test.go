package bus

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Every producer of a topic must agree: the partition of a key is where franz-go, and with it the Java client, puts it.
func TestPartitionOfAgreesWithFranzGo(t *testing.T) {
	theirs := kgo.StickyKeyPartitioner(nil).ForTopic("t")
	for length := range 40 {
		for variant := range 25 {
			key := fmt.Sprintf("%0*x\xff", length, variant*2654435761)[:length]
			for _, partitions := range []int{1, 2, 7, 12, 48} {
				if key == "" {
					continue
				}
				want := theirs.Partition(&kgo.Record{Key: []byte(key)}, partitions)
				if got := PartitionOf(key, partitions); int(got) != want {
					t.Fatalf("key %q of %d partitions: got %d, want %d", key, partitions, got, want)
				}
			}
		}
	}
}

// Vectors of Apache Kafka's UtilsTest.testMurmur2.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got := int32(murmur2(key)); got != want {
			t.Errorf("murmur2(%q): got %d, want %d", key, got, want)
		}
	}
}
