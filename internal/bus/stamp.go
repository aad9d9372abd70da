package bus

import (
	"strconv"

	"permithub/schemas"
)

// HeaderStamp carries the offset, in decimal, at which a record of a stamped topic must stand to be valid.
const HeaderStamp = "ph-stamp"

// stampSize is what a stamp header takes in a record: the names and lengths, and the longest offset.
const stampSize = 1 + len(HeaderStamp) + 1 + 19

// stamped returns a copy of r that is valid at this offset only.
func stamped(r *schemas.Record, topic string, offset int64) *schemas.Record {
	s := *r
	s.Topic = topic
	s.Headers = make([]schemas.Header, 0, len(r.Headers)+1)
	for _, h := range r.Headers {
		if h.Key != HeaderStamp {
			s.Headers = append(s.Headers, h)
		}
	}
	s.Headers = append(s.Headers, schemas.Header{Key: HeaderStamp, Value: strconv.FormatInt(offset, 10)})
	return &s
}

// isValid reports whether a record of a stamped topic stands where its writer said it would.
func isValid(r *Record) bool {
	return r.Header(HeaderStamp) == strconv.FormatInt(r.Offset, 10)
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
