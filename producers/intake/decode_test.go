package intake

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/schemas"
)

// FuzzDecode asks that every body either has a fault, or reads as encoding/json reads it and survives a round trip unchanged.
func FuzzDecode(f *testing.F) {
	f.Add(sample(f))
	f.Add(forWindow(f))
	f.Add(edited(f, put(agent, "agent")))
	f.Add(edited(f, put([]any{"existing_permit", "registration_time"}, "recognition_type")))
	f.Add(bytes.Replace(sample(f), []byte("𠮷"), []byte(`\ud842\udfb7`), 1))
	f.Add(bytes.Replace(sample(f), []byte("𠮷"), []byte(`\ud842`), 1))
	f.Add([]byte(`{"sex":"1","Sex":"2","sex":null,"materials":[{"size":1e9}]}`))
	f.Add([]byte(`[[[[[[[[[[[[[[[[[[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, list := DecodeApplication(raw, testChecks)
		if !list.Empty() {
			if p := list.Problem(); p.Status < 400 || len(p.Faults) == 0 {
				t.Fatalf("faults without a problem: %+v", p)
			}
			return
		}
		var std Application
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&std); err != nil {
			t.Fatalf("passed what encoding/json refuses: %v", err)
		}
		if diff := cmp.Diff(&std, a); diff != "" {
			t.Fatalf("against encoding/json (-want +got)\n%s", diff)
		}
		again, list := DecodeApplication(encode(t, a), testChecks)
		if diff := cmp.Diff(found(list), []string(nil)); diff != "" {
			t.Fatalf("round trip has faults\n%s", diff)
		}
		if x, y := encode(t, a), encode(t, again); !bytes.Equal(x, y) {
			t.Fatalf("round trip: %s, then %s", x, y)
		}
	})
}

// FuzzDecodeChange asks the same of supplements and withdrawals.
func FuzzDecodeChange(f *testing.F) {
	full := newSupplement()
	full["agent"], full["employment"], full["other_text"] = agent, []any{"other"}, object{"employment": "灵活就业"}
	for _, body := range []object{newSupplement(), full, newWithdrawal(), {"materials": []any{nil}}} {
		f.Add(encode(f, body))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if s, list := DecodeSupplement(raw, testChecks); list.Empty() {
			again, list := DecodeSupplement(encode(t, s), testChecks)
			if x, y := encode(t, s), encode(t, again); !list.Empty() || !bytes.Equal(x, y) {
				t.Fatalf("round trip: %s, then %s %v", x, y, list.Codes())
			}
		}
		if w, list := DecodeWithdrawal(raw, testChecks); list.Empty() {
			if again, list := DecodeWithdrawal(encode(t, w), testChecks); !list.Empty() || *again != *w {
				t.Fatalf("round trip: %+v, then %+v %v", w, again, list.Codes())
			}
		}
	})
}

// Any person whose number is made as GB 11643 says passes, and any single wrong digit of it is noticed.
func TestCitizenIDProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		born := rapid.Int64Range(0, 45000).Draw(t, "days")
		day := noon.AddDate(0, 0, -int(born)).Format("20060102")
		province := rapid.SampledFrom([]string{"11", "33", "34", "54", "65", "81", "82", "83", "71"}).Draw(t, "province")
		first := province + rapid.StringMatching(`[0-9]{4}`).Draw(t, "county") + day + rapid.StringMatching(`[0-9]{3}`).Draw(t, "sequence")
		check, _ := schemas.CheckCitizenID(first)
		id := first + string(check)
		if got := idCodes(id); got != nil {
			t.Fatalf("%s: %v", id, got)
		}
		i := rapid.IntRange(0, 16).Draw(t, "place")
		other := rapid.ByteRange('0', '9').Filter(func(c byte) bool { return c != id[i] }).Draw(t, "digit")
		if broken := id[:i] + string(other) + id[i+1:]; idCodes(broken) == nil {
			t.Fatalf("%s, place %d of %s, passed", broken, i, id)
		}
	})
}

func idCodes(id string) []string {
	_, list := DecodeApplication([]byte(`{}`), testChecks)
	before := len(list.Codes())
	testChecks.checker(list).citizenID("/id", id)
	if codes := list.Codes()[before:]; len(codes) > 0 {
		return codes
	}
	return nil
}

func BenchmarkDecodeApplication(b *testing.B) {
	raw := sample(b)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, list := DecodeApplication(raw, testChecks); !list.Empty() {
			b.Fatal(found(list))
		}
	}
}
