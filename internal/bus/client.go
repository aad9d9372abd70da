package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"

	"permithub/internal/fault"
	"permithub/schemas"
)

// Record is one record read from Kafka.
type Record struct {
	schemas.Record
	// Partition and Offset are where it stands in its topic.
	Partition int32
	Offset    int64
	// Time is when its producer wrote it.
	Time time.Time
}

// Offsets bounds what a partition holds.
type Offsets struct {
	// First is the offset of the oldest record that is still there.
	First int64
	// Next is the offset that the next record will get.
	Next int64
}

// Client is a process's one connection to Kafka, safe for concurrent use.
type Client struct {
	cfg       Config
	log       *slog.Logger
	metrics   *metrics
	connector *connector
	cluster   *cluster
	producer  *producer
}

// codeKafka is the stable code of errors that come from Kafka itself.
const codeKafka = "kafka"

// Open checks the configuration and prepares the connection; the network is first used by what follows. It reads the
// files that the configuration names. A nil reg keeps the metrics to itself.
func Open(cfg Config, log *slog.Logger, reg prometheus.Registerer) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafka configuration: %w", err)
	}
	cfg = cfg.withDefaults()
	conn, err := newConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("kafka configuration: %w", err)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("register bus metrics: %w", err)
	}
	cl := newCluster(conn.newTransport(), cfg.Brokers)
	c := &Client{cfg: cfg, log: log, metrics: m, connector: conn, cluster: cl}
	c.producer = newProducer(cl, cfg.ProduceTimeout, m)
	return c, nil
}

// Close sends what is still queued, until ctx ends, and drops the connections. Runners and subscribers must have stopped.
func (c *Client) Close(ctx context.Context) error {
	err := c.producer.close(ctx)
	c.cluster.transport.CloseIdleConnections()
	return err
}

// fullName puts the installation's prefix before the short name of a topic or group.
func (c *Client) fullName(short string) string { return c.cfg.Prefix + "." + short }

func (c *Client) shortName(full string) string { return strings.TrimPrefix(full, c.cfg.Prefix+".") }

// Offsets returns what each partition of the topic holds. It waits out short outages, until ctx ends.
func (c *Client) Offsets(ctx context.Context, topic string) (map[int32]Offsets, error) {
	for failures := 1; ; failures++ {
		offsets, err := c.cluster.offsets(ctx, c.fullName(topic))
		if err == nil {
			return offsets, nil
		}
		if !retriable(err) {
			return nil, unavailable(fmt.Errorf("list offsets of %s: %w", topic, err))
		}
		if !sleep(ctx, networkBackoff.after(failures)) {
			return nil, unavailable(fmt.Errorf("list offsets of %s: %w", topic, errors.Join(err, ctx.Err())))
		}
		_ = c.cluster.refresh(ctx)
	}
}

// offsetsAtOnce bounds the connections that one listing opens: kafka-go sends a request for every partition and bound.
const offsetsAtOnce = 8

// offsets asks once for the bounds of every partition of the topic.
func (c *cluster) offsets(ctx context.Context, topic string) (map[int32]Offsets, error) {
	leaders, err := c.partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := make(map[int32]Offsets, len(leaders))
	for from := 0; from < len(leaders); from += offsetsAtOnce {
		var want []kafka.OffsetRequest
		for p := from; p < min(from+offsetsAtOnce, len(leaders)); p++ {
			want = append(want, boundsOf(int32(p))...)
		}
		if err := c.listOffsets(ctx, topic, want, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func boundsOf(partition int32) []kafka.OffsetRequest {
	return []kafka.OffsetRequest{kafka.FirstOffsetOf(int(partition)), kafka.LastOffsetOf(int(partition))}
}

// listOffsets adds the answers to out. A broker that does not answer shows as the error of its partitions only.
func (c *cluster) listOffsets(ctx context.Context, topic string, want []kafka.OffsetRequest, out map[int32]Offsets) error {
	res, err := c.client().ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: want}})
	if err != nil {
		return err
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return p.Error
		}
		out[int32(p.Partition)] = Offsets{First: p.FirstOffset, Next: p.LastOffset}
	}
	return nil
}

// unavailable marks an error of Kafka's as an outage. Shutdown, and what has a class already, stay what they are.
func unavailable(err error) error {
	if fault.ClassOf(err) != fault.Unmarked {
		return err
	}
	return fault.Outage(codeKafka, err)
}
