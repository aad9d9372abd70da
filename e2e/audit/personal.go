package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// personalFields are what of a person object tells who somebody is; the others are codes.
var personalFields = []string{"citizen_id", "full_name", "hukou_address", "current_address", "number", "signature_evidence", "text"}

// prefix is how much of a personal text is looked up at each byte of what is searched: two Chinese characters, or six of an ASCII text.
const prefix = 6

// search finds personal texts in other ones, in one pass over each.
type search map[[prefix]byte][]string

// personal checks that what the person objects of the log hold stands nowhere else: in no key, header or other field of a record, and in none of
// the texts that the evidence has beside.
func (a *audit) personal(e *Evidence) {
	s := search{}
	for _, t := range a.log {
		s.learn(t.Person)
	}
	for _, records := range [][]Record{e.Log, e.Inputs, e.DeadLetters} {
		for i := range records {
			r := &records[i]
			where := fmt.Sprintf("%s %d/%d", r.Topic, r.Partition, r.Offset)
			a.shows(s, where+" key", r.Key)
			for _, h := range slices.Sorted(maps.Keys(r.Headers)) {
				a.shows(s, where+" header "+h, r.Headers[h])
			}
			a.shows(s, where, outside(r))
		}
	}
	for _, where := range slices.Sorted(maps.Keys(e.Texts)) {
		a.shows(s, where, e.Texts[where])
	}
}

// outside is a record's value without its person object and, of a dead letter, without the bytes that it keeps.
func outside(r *Record) string {
	var v map[string]json.RawMessage
	if json.Unmarshal(r.Value, &v) != nil {
		return "" // not the hub's
	}
	delete(v, "person")
	if r.Topic == "dead-letter" {
		delete(v, "value")
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(v)) {
		b.Write(v[k])
		b.WriteByte('\n')
	}
	return b.String()
}

// learn takes the personal texts of a person object.
func (s search) learn(person any) {
	switch v := person.(type) {
	case map[string]any:
		for k, inner := range v {
			if text, ok := inner.(string); ok && slices.Contains(personalFields, k) {
				s.add(text)
			}
			s.learn(inner)
		}
	case []any:
		for _, inner := range v {
			s.learn(inner)
		}
	}
}

func (s search) add(text string) {
	if len(text) < prefix { // a name of one character would be found everywhere
		return
	}
	p := [prefix]byte([]byte(text[:prefix]))
	if !slices.Contains(s[p], text) {
		s[p] = append(s[p], text)
	}
}

// shows reports the first personal text that stands in another one; never the text itself.
func (a *audit) shows(s search, where, text string) {
	for i := 0; i+prefix <= len(text); i++ {
		for _, secret := range s[[prefix]byte([]byte(text[i:i+prefix]))] {
			if strings.HasPrefix(text[i:], secret) && apart(text, i, i+len(secret)) {
				a.fault("%s: holds a personal text of %d characters at byte %d", where, utf8.RuneCountInString(secret), i)
				return
			}
		}
	}
}

// apart reports whether the stretch is a word of its own where it is digits or letters: a phone number may lie in a hash by chance.
func apart(text string, from, to int) bool {
	alnum := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z')
	}
	inside := alnum(from-1) && alnum(from) || alnum(to-1) && alnum(to)
	return !inside
}
