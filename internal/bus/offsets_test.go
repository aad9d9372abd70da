package bus

import (
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// committed returns the group's offset of partition 0, or -1.
func committed(t testing.TB, c *Client, group, topic string) int64 {
	t.Helper()
	res, err := c.cluster.client().OffsetFetch(deadline(t, 10*time.Second),
		&kafka.OffsetFetchRequest{GroupID: c.fullName(group), Topics: map[string][]int{c.fullName(topic): {0}}})
	if err != nil {
		t.Fatal(err)
	}
	return res.Topics[c.fullName(topic)][0].CommittedOffset
}
