package bus

import (
	"errors"
	"slices"
	"testing"
	"time"

	"permithub/schemas"
)

func TestReadAt(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
	for _, batch := range [][]string{{"a", "b", "c"}, {"d"}, {"e", "f"}} { // each in a batch of its own
		var records []schemas.Record
		for _, v := range batch {
			records = append(records, schemas.Record{Topic: "log.v1", Key: "k", Value: []byte(v)})
		}
		write(t, c, records...)
	}
	ctx := deadline(t, 30*time.Second)
	for name, tc := range map[string]struct {
		offsets []int64
		want    string
	}{
		"none":             {nil, ""},
		"inside a batch":   {[]int64{1}, "b"},
		"over batches":     {[]int64{0, 2, 5}, "acf"},
		"in another order": {[]int64{4, 3, 0}, "ade"},
		"all":              {[]int64{0, 1, 2, 3, 4, 5}, "abcdef"},
	} {
		got, err := c.ReadAt(ctx, "log.v1", 0, tc.offsets)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var values []byte
		for _, r := range got {
			if values = append(values, r.Value...); r.Topic != "log.v1" {
				t.Errorf("%s: topic %q", name, r.Topic)
			}
		}
		if string(values) != tc.want {
			t.Errorf("%s: got %q, want %q", name, values, tc.want)
		}
	}
	for _, offsets := range [][]int64{{-1}, {6}, {0, 6}} {
		if _, err := c.ReadAt(ctx, "log.v1", 0, slices.Clone(offsets)); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("%v: got %v, want ErrOutOfRange", offsets, err)
		}
	}
}
