package schemas_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/schemas"
)

func TestTimeOnTheWire(t *testing.T) {
	for name, tc := range map[string]struct {
		in   time.Time
		want string
	}{
		"Shanghai":     {time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai), "2024-09-10T10:00:00+08:00"},
		"UTC":          {time.Date(2024, 9, 9, 16, 0, 0, 0, time.UTC), "2024-09-10T00:00:00+08:00"},
		"microseconds": {time.Date(2024, 9, 10, 10, 0, 0, 123456789, schemas.Shanghai), "2024-09-10T10:00:00.123456+08:00"},
		"tenths":       {time.Date(2024, 9, 10, 10, 0, 0, 500000000, schemas.Shanghai), "2024-09-10T10:00:00.5+08:00"},
		"zero":         {time.Time{}, "0001-01-01T08:00:00+08:00"},
	} {
		t.Run(name, func(t *testing.T) {
			wire := schemas.At(tc.in)
			b, err := json.Marshal(wire)
			if err != nil || string(b) != `"`+tc.want+`"` || wire.String() != tc.want {
				t.Fatalf("got %s and %s, error %v; want %s", b, wire, err, tc.want)
			}
			var back schemas.Time
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			if !back.Equal(wire.Time) || back.Location() != schemas.Shanghai || back.IsZero() != tc.in.IsZero() {
				t.Errorf("read back %v, want %v", back, wire)
			}
		})
	}
}

func TestTimeIsRead(t *testing.T) {
	for in, want := range map[string]string{
		`"2024-09-10T02:00:00Z"`:                "2024-09-10T10:00:00+08:00",
		`"2024-09-09T21:00:00.1234567-05:00"`:   "2024-09-10T10:00:00.123456+08:00",
		`"9999-12-31T23:59:59.999999999+08:00"`: "9999-12-31T23:59:59.999999+08:00",
		`"9999-12-31T23:59:59Z"`:                "", // the year 10000 at +08:00
		`"0000-01-01T00:00:00+14:00"`:           "", // the year before 0 at +08:00
		`"2024-09-10"`:                          "",
		`"2024-09-10T10:00:00"`:                 "",
		`"2024-02-30T10:00:00+08:00"`:           "",
		`"2024-09-10T24:00:00+08:00"`:           "",
		`1725933600`:                            "",
		`null`:                                  "",
		`""`:                                    "",
	} {
		var got schemas.Time
		err := json.Unmarshal([]byte(in), &got)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%s: got %s, error %v; want %q", in, got, err, want)
		}
	}
}

func TestTimeThatNobodyCouldReadIsNotWritten(t *testing.T) {
	for _, year := range []int{-1, 10000} {
		if b, err := json.Marshal(schemas.At(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC))); err == nil {
			t.Errorf("year %d was written as %s", year, b)
		}
	}
}

func TestTimeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := time.Unix(rapid.Int64Range(-62135596800, 253402271999).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanoseconds"))
		wire := schemas.At(in)
		b, err := json.Marshal(wire)
		if err != nil {
			t.Fatal(err)
		}
		var back schemas.Time
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		lost := in.Sub(back.Time)
		if back != wire || lost < 0 || lost >= time.Microsecond {
			t.Fatalf("%v went as %s and came back as %v", in, b, back)
		}
	})
}

func TestDate(t *testing.T) {
	for d, want := range map[schemas.Date]bool{
		"2024-02-29": true, "2023-02-29": false, "2024-13-01": false, "2024-9-10": false, "20240910": false, "": false, "2024-09-10T00:00:00+08:00": false, " 2024-09-10": false,
	} {
		if got := d.Valid(); got != want {
			t.Errorf("%q valid: %v, want %v", d, got, want)
		}
	}
	for in, want := range map[time.Time]schemas.Date{
		time.Date(2024, 9, 9, 15, 59, 59, 0, time.UTC): "2024-09-09",
		time.Date(2024, 9, 9, 16, 0, 0, 0, time.UTC):   "2024-09-10",
	} {
		if got := schemas.Day(in); got != want {
			t.Errorf("day of %v: %s, want %s", in, got, want)
		}
	}
}

func BenchmarkTimeMarshalJSON(b *testing.B) {
	at := schemas.At(time.Date(2026, 2, 13, 9, 30, 0, 123456000, schemas.Shanghai))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := at.MarshalJSON(); err != nil {
			b.Fatal(err)
		}
	}
}

// The hub writes times by itself, because it writes so many: they must be what the standard library would write, and read back as the same.
func TestTimesAreWrittenAsTheLayoutSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(-62_200_000_000, 253_500_000_000).Draw(t, "seconds") // some years beyond what four digits can say
		at := time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		want := at.In(schemas.Shanghai).Format("2006-01-02T15:04:05.999999-07:00")
		if got := (schemas.Time{Time: at}).String(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}
