package e2e

import (
	wire "encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// kafkaLines puts a front on the way to each broker and returns their addresses. A broker tells its clients where the others are, so the fronts
// read what passes and put their own addresses in place of the brokers'.
func kafkaLines(t *testing.T, brokers []string) (lines []*front, addrs []string) {
	t.Helper()
	instead := map[string]string{}
	for _, b := range brokers {
		f := newFront(t)
		f.to(b)
		lines, addrs = append(lines, f), append(addrs, f.addr())
		instead[b] = f.addr()
	}
	for _, f := range lines {
		f.mu.Lock()
		f.speaks = func() dialect { return &kafkaDialect{instead: instead, asked: map[int32]question{}} }
		f.mu.Unlock()
	}
	return lines, addrs
}

// kafkaDialect reads one connection: it remembers which requests ask for addresses and changes the answers to those.
type kafkaDialect struct {
	instead map[string]string // address of a front by that of its broker

	mu    sync.Mutex
	asked map[int32]question // by correlation id
}

type question struct{ key, version int16 }

// maxFrame is more than a broker takes or gives.
const maxFrame = 100 << 20

func (d *kafkaDialect) request(from io.Reader) ([]byte, error) {
	frame, err := readFrame(from)
	if err != nil || len(frame) < 12 {
		return frame, err
	}
	q := question{int16(wire.BigEndian.Uint16(frame[4:])), int16(wire.BigEndian.Uint16(frame[6:]))}
	if tellsAddresses(q) {
		d.mu.Lock()
		d.asked[int32(wire.BigEndian.Uint32(frame[8:]))] = q
		d.mu.Unlock()
	}
	return frame, nil
}

func (d *kafkaDialect) answer(from io.Reader) ([]byte, error) {
	frame, err := readFrame(from)
	if err != nil || len(frame) < 8 {
		return frame, err
	}
	id := int32(wire.BigEndian.Uint32(frame[4:]))
	d.mu.Lock()
	q, ok := d.asked[id]
	delete(d.asked, id)
	d.mu.Unlock()
	if !ok {
		return frame, nil
	}
	return d.readdressed(frame, q)
}

func readFrame(from io.Reader) ([]byte, error) {
	size := make([]byte, 4)
	if _, err := io.ReadFull(from, size); err != nil {
		return nil, err
	}
	n := wire.BigEndian.Uint32(size)
	if n > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	frame := make([]byte, 4+n)
	copy(frame, size)
	_, err := io.ReadFull(from, frame[4:])
	return frame, err
}

func tellsAddresses(q question) bool {
	switch kmsg.ResponseForKey(q.key).(type) {
	case *kmsg.MetadataResponse, *kmsg.FindCoordinatorResponse:
		return true
	}
	return false
}

// readdressed changes the addresses in an answer. Its header is the correlation id and, in the flexible versions, a byte for no tags.
func (d *kafkaDialect) readdressed(frame []byte, q question) ([]byte, error) {
	res := kmsg.ResponseForKey(q.key)
	res.SetVersion(q.version)
	header := 8
	if res.IsFlexible() {
		header++
	}
	if err := res.ReadFrom(frame[header:]); err != nil {
		return nil, err
	}
	switch r := res.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			d.replace(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		d.replace(&r.Host, &r.Port)
		for i := range r.Coordinators {
			d.replace(&r.Coordinators[i].Host, &r.Coordinators[i].Port)
		}
	}
	out := res.AppendTo(frame[:header:header])
	wire.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out, nil
}

func (d *kafkaDialect) replace(host *string, port *int32) {
	addr, ok := d.instead[net.JoinHostPort(*host, strconv.Itoa(int(*port)))]
	if !ok {
		return
	}
	h, p, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(p)
	*host, *port = h, int32(n)
}
