package calendar_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/internal/calendar"
)

func TestDateAgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62135596800, 253402271999).Draw(t, "unix"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).In(calendar.Shanghai)
		d := calendar.Of(at)
		if d.String() != at.Format(time.DateOnly) || d.Weekday() != at.Weekday() {
			t.Fatalf("%v: got %v %v", at, d, d.Weekday())
		}
		if s := d.Start(); s.After(at) || at.Sub(s) >= 24*time.Hour {
			t.Fatalf("%v: day starts at %v", at, s)
		}
		n := rapid.IntRange(-1000, 1000).Draw(t, "days")
		if got, want := d.AddDays(n).String(), at.AddDate(0, 0, n).Format(time.DateOnly); got != want && at.Year() > 4 && at.Year() < 9996 {
			t.Fatalf("%v + %d: got %s, want %s", d, n, got, want)
		}
		if d.AddDays(n).Sub(d) != n || d.Before(d.AddDays(n)) != (n > 0) || d.After(d.AddDays(n)) != (n < 0) {
			t.Fatalf("%v + %d: order or difference is wrong", d, n)
		}
	})
}

func TestDateText(t *testing.T) {
	var d calendar.Date
	if !d.IsZero() {
		t.Error("the zero date is a date")
	}
	text, err := d.MarshalText()
	if err != nil || len(text) != 0 {
		t.Errorf("zero date: got %q, %v", text, err)
	}
	want := calendar.On(2026, time.February, 14)
	text, err = want.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.UnmarshalText(text); err != nil || d != want {
		t.Errorf("got %v, %v, want %v", d, err, want)
	}
	for _, bad := range []string{"2026-2-14", "2026-02-29", "0000-01-01", "2026-02-14T00:00:00Z"} {
		if err := d.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q: got %v, want an error", bad, d)
		}
	}
}

func TestParseInstant(t *testing.T) {
	for _, tc := range []struct{ in, want, err string }{
		{in: "2026-01-05", want: "2026-01-05T00:00:00+08:00"},
		{in: "2026-01-05 09:30", want: "2026-01-05T09:30:00+08:00"},
		{in: " 2026-01-05 09:30:15 ", want: "2026-01-05T09:30:15+08:00"},
		{in: "2026-01-05T09:30:15+08:00", want: "2026-01-05T09:30:15+08:00"},
		{in: "2026-01-05T16:30:00Z", want: "2026-01-06T00:30:00+08:00"},
		{in: "2026-02-30", err: `instant "2026-02-30": day out of range`},
		{in: "2026-01-05 24:00", err: `hour out of range`},
		{in: "2026-01-05T09:30:15", err: "want RFC 3339 with an offset"},
		{in: "5 January", err: `instant "5 January": want RFC 3339`},
		{in: "", err: `instant "": want RFC 3339`},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := calendar.ParseInstant(tc.in)
			switch {
			case tc.err != "":
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("got %v, %v; want an error with %q", got, err, tc.err)
				}
			case err != nil || got.Format(time.RFC3339) != tc.want:
				t.Errorf("got %v, %v; want %s", got, err, tc.want)
			}
		})
	}
}
