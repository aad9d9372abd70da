//go:build !schemagen

package schemas

import (
	"bytes"
	"fmt"
	"sync"
)

// buffers are where values are written before they are copied at their right size.
var buffers = sync.Pool{New: func() any { return new(writer) }}

func encode(v interface{ write(*writer) }) ([]byte, error) {
	w := buffers.Get().(*writer)
	defer buffers.Put(w)
	w.b, w.err = w.b[:0], nil
	v.write(w)
	return bytes.Clone(w.b), w.err
}

// decode keeps the values out of the error: it names the property at most.
func decode[T any, P document[T]](topic string, b []byte, how reading) (*T, error) {
	v, r := readDocument[T, P](b, how)
	switch {
	case r.broken || r.lost && r.fault == "":
		return nil, fmt.Errorf("decode %s: not its JSON", topic)
	case r.lost:
		return nil, fmt.Errorf("decode %s: %s is of another kind", topic, r.fault)
	case how.checked && r.fault != "":
		return nil, fmt.Errorf("decode %s: %s is not as its schema says", topic, r.fault)
	}
	return v, nil
}

// Check returns nil where the schema of the topic allows the value, and else an error that names the first property at fault, as Type.property, and
// no value. A retry tier has no schema and allows everything.
func Check(topic string, value []byte) error {
	switch r := readTopic(topic, value); {
	case r == nil || !r.broken && r.fault == "":
		return nil
	case r.broken:
		return fmt.Errorf("check %s: not JSON", topic)
	default:
		return fmt.Errorf("check %s: %s is not as its schema says", topic, r.fault)
	}
}
