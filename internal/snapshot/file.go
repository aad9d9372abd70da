package snapshot

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// Head says what a snapshot is of.
type Head struct {
	// Origin names the log, see bus.Log.Origin.
	Origin    string `json:"origin"`
	Partition int32  `json:"partition"`
	// End is the offset behind the last valid record that is in it.
	End int64 `json:"end"`
	// Resume is the input to go on with.
	Resume int64 `json:"resume"`
	// Last is the record at End-1, by which the log is known again.
	Last Mark `json:"last"`
	// Taken is when the partition stood so.
	Taken time.Time `json:"taken"`
	// Items is how many follow.
	Items int `json:"items"`
	// Notes are what an observer of the log counted, in its own form.
	Notes []byte `json:"notes,omitempty"`
}

// Mark is by what a record is known: a log that was made again, or whose end was cut off and written anew, has another one at the same offset.
type Mark struct {
	Time   time.Time `json:"time"`
	SHA256 []byte    `json:"sha256"`
}

// Item is one file of the partition.
type Item struct {
	Key string
	// Open says that it has an open case.
	Open bool
	// Value is that of its last record in the log.
	Value []byte
}

// form is how a file begins.
const form = "permithub snapshot 1\n"

// Kinds of frame.
const (
	frameHead  = 'h'
	frameItems = 'i'
	frameEnd   = 'e'
)

const (
	frameHeader = 1 + 4 + 4
	endSize     = 8 + 8 + 4
	// frameSize is at what size a frame of items is full: what is read from a file is kept as long as one of its items is.
	frameSize = 64 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder writes one file.
type encoder struct {
	w             *bufio.Writer
	content       []byte
	frames, items uint64
	sum           uint32
}

func newEncoder(w io.Writer, h *Head) (*encoder, error) {
	raw, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	e := &encoder{w: bufio.NewWriterSize(w, 1<<20)}
	if _, err := e.w.WriteString(form); err != nil {
		return nil, err
	}
	return e, e.frame(frameHead, raw)
}

func (e *encoder) frame(kind byte, content []byte) error {
	var header [frameHeader]byte
	header[0] = kind
	binary.BigEndian.PutUint32(header[1:], uint32(len(content)))
	crc := checksum(header[:5], content)
	binary.BigEndian.PutUint32(header[5:], crc)
	e.frames, e.sum = e.frames+1, crc32.Update(e.sum, castagnoli, header[5:])
	if _, err := e.w.Write(header[:]); err != nil {
		return err
	}
	_, err := e.w.Write(content)
	return err
}

func checksum(header, content []byte) uint32 {
	return crc32.Update(crc32.Checksum(header, castagnoli), castagnoli, content)
}

func (e *encoder) item(i Item) error {
	e.items++
	e.content = binary.AppendUvarint(e.content, uint64(len(i.Key)))
	e.content = append(e.content, i.Key...)
	flag := byte(0)
	if i.Open {
		flag = 1
	}
	e.content = append(e.content, flag)
	e.content = binary.AppendUvarint(e.content, uint64(len(i.Value)))
	e.content = append(e.content, i.Value...)
	if len(e.content) < frameSize {
		return nil
	}
	return e.flush()
}

// flush ends the frame of items.
func (e *encoder) flush() error {
	if len(e.content) == 0 {
		return nil
	}
	err := e.frame(frameItems, e.content)
	e.content = e.content[:0]
	return err
}

func (e *encoder) end() error {
	if err := e.flush(); err != nil {
		return err
	}
	var b [endSize]byte
	binary.BigEndian.PutUint64(b[:], e.items)
	binary.BigEndian.PutUint64(b[8:], e.frames)
	binary.BigEndian.PutUint32(b[16:], e.sum)
	if err := e.frame(frameEnd, b[:]); err != nil {
		return err
	}
	return e.w.Flush()
}

// frame is one frame as it was read; its checksum is right.
type frame struct {
	kind    byte
	content []byte
	crc     [4]byte
	err     error
}

// readAhead is how many frames are read before they are asked for.
const readAhead = 16

// decode reads a file of so many bytes. Begin is given the head, and returns where the items go: their values are good as long as anybody keeps them. An
// error of either ends the reading. Until decode returns nil, nothing of what it handed over may be believed.
func decode(r io.Reader, size int64, begin func(*Head) (take func(Item) error, err error)) error {
	if err := readForm(r, size); err != nil {
		return err
	}
	frames := make(chan frame, readAhead)
	stop := make(chan struct{})
	go readFrames(r, size-int64(len(form)), frames, stop)
	defer func() {
		close(stop)
		for range frames { // until the reader has let go of the file
		}
	}()
	return (&decoder{begin: begin}).all(frames)
}

func readForm(r io.Reader, size int64) error {
	b := make([]byte, min(size, int64(len(form))))
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	switch {
	case string(b) == form:
		return nil
	case string(b) == form[:len(b)]:
		return refuse(Torn, errors.New("the first line is cut off"))
	}
	return refuse(Form, errors.New("the first line is of another form"))
}

func readFrames(r io.Reader, left int64, frames chan<- frame, stop <-chan struct{}) {
	defer close(frames)
	for left > 0 {
		f := readFrame(r, left)
		select {
		case frames <- f:
		case <-stop:
			return
		}
		if f.err != nil {
			return
		}
		left -= int64(frameHeader + len(f.content))
	}
}

func readFrame(r io.Reader, left int64) (f frame) {
	var header [frameHeader]byte
	if left < frameHeader {
		f.err = refuse(Torn, errors.New("a frame is cut off"))
		return f
	}
	if _, f.err = io.ReadFull(r, header[:]); f.err != nil {
		return f
	}
	n := int64(binary.BigEndian.Uint32(header[1:]))
	if n > left-frameHeader {
		f.err = refuse(Torn, errors.New("a frame is cut off"))
		return f
	}
	f.kind, f.content = header[0], make([]byte, n)
	copy(f.crc[:], header[5:])
	if _, f.err = io.ReadFull(r, f.content); f.err != nil {
		return f
	}
	if checksum(header[:5], f.content) != binary.BigEndian.Uint32(header[5:]) {
		f.err = refuse(Torn, errors.New("a checksum is wrong"))
	}
	return f
}

// decoder takes the frames in.
type decoder struct {
	begin func(*Head) (func(Item) error, error)

	head          Head
	take          func(Item) error
	frames, items uint64
	sum           uint32
	ended         bool
}

func (d *decoder) all(frames <-chan frame) error {
	for f := range frames {
		if f.err != nil {
			return f.err
		}
		if d.ended {
			return refuse(Torn, errors.New("something follows the end"))
		}
		if err := d.frame(&f); err != nil {
			return err
		}
		d.frames, d.sum = d.frames+1, crc32.Update(d.sum, castagnoli, f.crc[:])
	}
	if !d.ended {
		return refuse(Torn, errors.New("the end is missing"))
	}
	return nil
}

func (d *decoder) frame(f *frame) (err error) {
	switch {
	case f.kind == frameHead && d.frames == 0:
		if err := json.Unmarshal(f.content, &d.head); err != nil {
			return refuse(Torn, errors.New("the head is not as it should be"))
		}
		d.take, err = d.begin(&d.head)
		return err
	case f.kind == frameItems && d.frames > 0:
		return d.itemsOf(f.content)
	case f.kind == frameEnd && d.frames > 0:
		return d.end(f.content)
	}
	return refuse(Torn, errors.New("a frame is out of place"))
}

func (d *decoder) itemsOf(b []byte) error {
	for len(b) > 0 {
		key, rest, ok := cut(b)
		if !ok || len(rest) == 0 || rest[0] > 1 {
			return refuse(Torn, errors.New("an item is not as it should be"))
		}
		open := rest[0] == 1
		value, rest, ok := cut(rest[1:])
		if !ok {
			return refuse(Torn, errors.New("an item is not as it should be"))
		}
		d.items++
		if err := d.take(Item{Key: string(key), Open: open, Value: value}); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// cut takes bytes off that their length stands before.
func cut(b []byte) (part, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	b = b[size:]
	return b[:n:n], b[n:], true
}

func (d *decoder) end(b []byte) error {
	if len(b) != endSize {
		return refuse(Torn, errors.New("the end is not as it should be"))
	}
	items, frames, sum := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:])
	if items != d.items || frames != d.frames || sum != d.sum || d.head.Items < 0 || uint64(d.head.Items) != items {
		return refuse(Torn, fmt.Errorf("%d items in %d frames, its end tells of %d in %d", d.items, d.frames, items, frames))
	}
	d.ended = true
	return nil
}
