package bus

import (
	"slices"
	"strconv"

	"permithub/schemas"
)

// HeaderStamp carries the offset, in decimal, at which a record of a stamped topic must stand to be valid.
const HeaderStamp = "ph-stamp"

// stampSize is what a stamp header takes in a record: the names and lengths, and the longest offset.
const stampSize = 1 + len(HeaderStamp) + 1 + 19

// stamped returns a copy of r that is valid at this offset only. The copies may share the array of their headers where that has room: the
// stamp is behind what others see of it.
func stamped(r schemas.Record, topic string, offset int64) schemas.Record {
	r.Topic = topic
	if r.Header(HeaderStamp) != "" {
		r.Headers = slices.DeleteFunc(slices.Clone(r.Headers), func(h schemas.Header) bool { return h.Key == HeaderStamp })
	}
	r.Headers = append(r.Headers, schemas.Header{Key: HeaderStamp, Value: strconv.FormatInt(offset, 10)})
	return r
}

// isValid reports whether a record of a stamped topic stands where its writer said it would.
func isValid(r *Record) bool {
	var decimal [20]byte
	return r.Header(HeaderStamp) == string(strconv.AppendInt(decimal[:0], r.Offset, 10))
}

// dropVoid removes the void records, in place, and returns how many there were.
func dropVoid(records []Record) (valid []Record, void int) {
	valid = records[:0]
	for i := range records {
		if isValid(&records[i]) {
			valid = append(valid, records[i])
		}
	}
	void = len(records) - len(valid)
	clear(records[len(valid):])
	return valid, void
}
