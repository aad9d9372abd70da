package snapshot

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var taken = time.Date(2026, 9, 11, 9, 0, 0, 0, time.UTC)

// encode writes a whole file.
func encode(t interface{ Fatal(...any) }, h *Head, items []Item) []byte {
	var b bytes.Buffer
	h.Items = len(items)
	e, err := newEncoder(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		if err := e.item(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.end(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read reads a whole file.
func read(b []byte) (head *Head, items []Item, err error) {
	err = decode(bytes.NewReader(b), int64(len(b)), func(h *Head) (func(Item) error, error) {
		head = h
		return func(i Item) error { items = append(items, i); return nil }, nil
	})
	return head, items, err
}

func drawItems(t *rapid.T) []Item {
	value := rapid.SampledFrom([]string{"", "{}", "张三", strings.Repeat("x", 200), strings.Repeat("y", frameSize-5), strings.Repeat("z", 2*frameSize)})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Item {
		return Item{Key: rapid.StringN(0, 14, -1).Draw(t, "key"), Open: rapid.Bool().Draw(t, "open"), Value: []byte(value.Draw(t, "value"))}
	}), 0, 12).Draw(t, "items")
}

func drawHead(t *rapid.T) *Head {
	return &Head{
		Origin: rapid.String().Draw(t, "origin"), Partition: rapid.Int32().Draw(t, "partition"), End: rapid.Int64().Draw(t, "end"), Resume: rapid.Int64().Draw(t, "resume"),
		Last:  Mark{Time: taken, SHA256: rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "sum")},
		Taken: taken, Notes: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "notes"),
	}
}

// What is written reads back the same, and no value can be made to run into the next by whoever appends to it.
func TestReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, items := drawHead(t), drawItems(t)
		got, back, err := read(encode(t, h, items))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(h, got, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Fatalf("head (-written +read):\n%s", diff)
		}
		if diff := cmp.Diff(items, back, cmp.Comparer(bytes.Equal)); diff != "" && len(items)+len(back) > 0 {
			t.Fatalf("items (-written +read):\n%s", diff)
		}
		for i := range back {
			if cap(back[i].Value) != len(back[i].Value) {
				t.Fatalf("item %d has room for more", i)
			}
		}
	})
}

// A file that is cut off, goes on, or has another byte anywhere is refused.
func TestTornFilesAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := encode(t, drawHead(t), drawItems(t))
		var torn []byte
		switch rapid.SampledFrom([]string{"cut off", "goes on", "another byte", "a hole", "pieces changed places"}).Draw(t, "how") {
		case "cut off":
			torn = whole[:rapid.IntRange(0, len(whole)-1).Draw(t, "at")]
		case "goes on":
			torn = slices.Concat(whole, rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "more"))
		case "another byte":
			torn = slices.Clone(whole)
			torn[rapid.IntRange(0, len(whole)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		case "a hole": // as a file system leaves it that knew the size and had not written all of it
			torn = slices.Clone(whole)
			at := rapid.IntRange(0, len(whole)-1).Draw(t, "from")
			clear(torn[at:min(len(torn), at+rapid.IntRange(1, 4096).Draw(t, "size"))])
		case "pieces changed places":
			at := rapid.IntRange(0, len(whole)-1).Draw(t, "at")
			torn = slices.Concat(whole[:len(form)], whole[max(at, len(form)):], whole[len(form):max(at, len(form))])
		}
		if bytes.Equal(torn, whole) {
			return
		}
		if _, _, err := read(torn); refused(err) == nil {
			t.Fatalf("read with %v", err)
		}
	})
}

// Frames that are each whole, but are left out, doubled or in another order, do not make a file.
func TestFramesInAnotherOrderAreRefused(t *testing.T) {
	var items []Item
	for _, k := range []string{"A", "B", "C"} {
		items = append(items, Item{Key: k, Value: bytes.Repeat([]byte(k), frameSize)}) // a frame each
	}
	whole := encode(t, &Head{Taken: taken}, items)
	frames := split(t, whole)
	if len(frames) != 5 {
		t.Fatalf("%d frames", len(frames))
	}
	for name, order := range map[string][]int{
		"no head": {1, 2, 3, 4}, "no end": {0, 1, 2, 3}, "one left out": {0, 1, 3, 4}, "one doubled": {0, 1, 2, 2, 3, 4}, "in another order": {0, 2, 1, 3, 4},
		"head twice": {0, 0, 1, 2, 3, 4}, "end twice": {0, 1, 2, 3, 4, 4}, "nothing": {}, "end first": {4, 0, 1, 2, 3},
	} {
		file := []byte(form)
		for _, i := range order {
			file = append(file, frames[i]...)
		}
		if _, _, err := read(file); refused(err) == nil || refused(err).Reason != Torn {
			t.Errorf("%s: read with %v", name, err)
		}
	}
	if _, _, err := read(append([]byte(strings.Replace(form, "1", "2", 1)), whole[len(form):]...)); refused(err) == nil || refused(err).Reason != Form {
		t.Errorf("another form: read with %v", err)
	}
}

func split(t *testing.T, file []byte) (frames [][]byte) {
	t.Helper()
	r := bytes.NewReader(file[len(form):])
	for r.Len() > 0 {
		at := len(file) - r.Len()
		if f := readFrame(r, int64(r.Len())); f.err != nil {
			t.Fatal(f.err)
		}
		frames = append(frames, file[at:len(file)-r.Len()])
	}
	return frames
}

// Whoever reads may end it, and is told so.
func TestReadingEndsWithTheReader(t *testing.T) {
	enough := errors.New("enough")
	file := encode(t, &Head{}, make([]Item, 40_000))
	for _, begin := range []func(*Head) (func(Item) error, error){
		func(*Head) (func(Item) error, error) { return nil, enough },
		func(*Head) (func(Item) error, error) { return func(Item) error { return enough }, nil },
	} {
		if err := decode(bytes.NewReader(file), int64(len(file)), begin); !errors.Is(err, enough) {
			t.Errorf("read with %v", err)
		}
	}
}

// FuzzRead holds that any bytes are read to an end, and that what is taken for whole reads back.
func FuzzRead(f *testing.F) {
	f.Add([]byte(form))
	f.Add(encode(f, &Head{Origin: "o", Partition: 3, End: 7, Notes: []byte("n")}, []Item{{"A", true, []byte("{}")}, {"B", false, nil}}))
	f.Add(encode(f, &Head{}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, items, err := read(b)
		if err != nil {
			if refused(err) == nil {
				t.Fatalf("read with %v", err)
			}
			return
		}
		again, back, err := read(encode(t, h, items))
		if err != nil || !cmp.Equal(h, again) || !cmp.Equal(items, back) {
			t.Fatalf("reads back as another: %v", err)
		}
	})
}
