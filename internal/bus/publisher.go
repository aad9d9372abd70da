package bus

import (
	"context"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"permithub/schemas"
)

// Metadata keys of Watermill messages that this package gives a meaning, the same as watermill-kafka's.
const (
	// MetadataKey holds the Kafka key.
	MetadataKey = "partition_key"
	// headerUUID carries a Watermill message's id.
	headerUUID = "_watermill_message_uuid"
)

// Publisher is a handle on the client's one producer, safe for concurrent use. Closing it closes the handle only, so that
// everything which closes its publisher, as Watermill's router does, may have one of its own.
type Publisher struct {
	client *Client

	mu     sync.RWMutex // held for reading while a call is under way
	closed bool
}

// Publisher returns a handle for writing.
func (c *Client) Publisher() *Publisher { return &Publisher{client: c} }

// Produce writes the records and returns when all in-sync replicas have every one of them. Records with the same key of one
// topic keep their order, within a call and between calls that follow each other. It retries for Config.ProduceTimeout.
//
// After an error some of the records may have been written, or may still be. The error is an outage where Kafka did not
// acknowledge in time, permanent where a record is too large, and stopped where ctx was cancelled. The records and their
// values must not be changed afterwards.
func (p *Publisher) Produce(ctx context.Context, records ...schemas.Record) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.closed {
		return errClosed
	}
	if len(records) == 0 {
		return nil
	}
	full := make([]schemas.Record, len(records))
	pointers := make([]*schemas.Record, len(records))
	for i := range records {
		full[i] = records[i]
		full[i].Topic = p.client.fullName(records[i].Topic)
		pointers[i] = &full[i]
	}
	return p.client.producer.produce(ctx, pointers)
}

// Publish implements Watermill's Publisher. The message's metadata become headers, its [MetadataKey] the Kafka key; the
// context of the first message bounds the call.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	records := make([]schemas.Record, len(messages))
	for i, m := range messages {
		records[i] = fromMessage(topic, m)
	}
	return p.Produce(messages[0].Context(), records...)
}

// Close waits for the calls under way.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

func fromMessage(topic string, m *message.Message) schemas.Record {
	r := schemas.Record{Topic: topic, Value: m.Payload, Headers: make([]schemas.Header, 0, len(m.Metadata)+1)}
	r.Headers = append(r.Headers, schemas.Header{Key: headerUUID, Value: m.UUID})
	for k, v := range m.Metadata {
		if k == MetadataKey {
			r.Key = v
			continue
		}
		r.Headers = append(r.Headers, schemas.Header{Key: k, Value: v})
	}
	return r
}

func toMessage(r *Record) *message.Message {
	m := message.NewMessage("", r.Value)
	if r.Key != "" {
		m.Metadata[MetadataKey] = r.Key
	}
	for i := range r.Headers {
		if r.Headers[i].Key == headerUUID {
			m.UUID = r.Headers[i].Value
			continue
		}
		m.Metadata[r.Headers[i].Key] = r.Headers[i].Value
	}
	return m
}
