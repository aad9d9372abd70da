package bus

import (
	"context"
	"sync"
)

// inboxBytes is how much of a partition waits in memory before it is left out of the fetches.
const inboxBytes = 2 * maxPartitionBytes

// inbox holds what was fetched of one partition and not yet handed over. One goroutine puts, one takes.
type inbox struct {
	filled chan struct{} // holds one token while something may be there

	mu      sync.Mutex
	records []Record
	bytes   int
	end     int64           // the offset after everything that was put
	fresh   bool            // end has moved since it was last taken
	drained chan<- struct{} // told when room was made
}

func newInbox() *inbox { return &inbox{filled: make(chan struct{}, 1)} }

// onRoom names the channel, with room for one token, that is told when the inbox has room again.
func (b *inbox) onRoom(ch chan<- struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drained = ch
}

func (b *inbox) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes >= inboxBytes
}

func (b *inbox) put(records []Record, bytes int, end int64) {
	b.mu.Lock()
	if len(b.records) == 0 {
		b.records = records
	} else {
		b.records = append(b.records, records...)
	}
	b.bytes += bytes
	b.end, b.fresh = end, true
	b.mu.Unlock()
	notify(b.filled)
}

// await returns true when there is something to take, false when ctx ends.
func (b *inbox) await(ctx context.Context) bool {
	for {
		b.mu.Lock()
		fresh := b.fresh
		b.mu.Unlock()
		if fresh {
			return ctx.Err() == nil
		}
		select {
		case <-b.filled:
		case <-ctx.Done():
			return false
		}
	}
}

// take returns the oldest records, at most so many and so many bytes but at least one, and the offset after them. There may
// be none where everything that was fetched is void.
func (b *inbox) take(maxRecords, maxBytes int) (records []Record, end int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, bytes := 0, 0
	for n < len(b.records) && n < maxRecords {
		size := recordBytes(&b.records[n])
		if n > 0 && bytes+size > maxBytes {
			break
		}
		bytes += size
		n++
	}
	records, end = b.records[:n:n], b.end
	if n < len(b.records) {
		b.records = b.records[n:]
		b.bytes -= bytes
		end = records[n-1].Offset + 1
	} else {
		b.records, b.bytes, b.fresh = nil, 0, false
	}
	if b.drained != nil && b.bytes < inboxBytes {
		notify(b.drained)
	}
	return records, end
}

// oldest returns the first record that waits, or nil.
func (b *inbox) oldest() *Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.records) == 0 {
		return nil
	}
	return &b.records[0]
}

func recordBytes(r *Record) int { return len(r.Key) + len(r.Value) }

// notify puts a token into a channel that has room for one.
func notify(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
