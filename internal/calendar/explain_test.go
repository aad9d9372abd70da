package calendar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/calendar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		name, accepted string
		limit          calendar.Limit
	}{
		{"spring-festival", "2026-02-13 09:12:30", promise},
		{"make-up-day", "2025-09-26 16:00", promise},
		{"provisional", "2026-12-30 10:00", promise},
		{"calendar-days", "2026-09-10 10:00", calendar.Limit{Days: 15, Unit: calendar.CalendarDays, End: calendar.CloseOfBusiness}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			accepted := instant(t, tc.accepted)
			d := load(t).Count(accepted, tc.limit)
			var text bytes.Buffer
			if err := calendar.Explain(&text, accepted, d); err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".txt", text.Bytes())
			data, err := json.MarshalIndent(d, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".json", append(data, '\n'))
			var back calendar.Deadline
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d, back); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestExplainReturnsTheWritersError(t *testing.T) {
	accepted := instant(t, "2026-01-05")
	if err := calendar.Explain(brokenPipe{}, accepted, load(t).Count(accepted, promise)); !errors.Is(err, errPipe) {
		t.Errorf("got %v, want %v", err, errPipe)
	}
}
