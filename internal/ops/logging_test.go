package ops

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const (
	citizen = "11010519491231002X" // the published sample of GB 11643
	mobile  = "13800138000"
)

func TestMaskPersonal(t *testing.T) {
	for _, row := range []struct {
		name, in, want string
		count          int
	}{
		{"citizen id", "id=" + citizen, "id=[citizen id]", 1},
		{"small x", "11010519491231002x", "[citizen id]", 1},
		{"mobile", "to " + mobile + ".", "to [mobile number].", 1},
		{"country code", "+86 " + mobile, "[mobile number]", 1},
		{"both", mobile + "," + citizen, "[mobile number],[citizen id]", 2},
		{"next to Chinese", "手机" + mobile + "号", "手机[mobile number]号", 1},
		{"JSON", `{"p":"` + mobile + `"}`, `{"p":"[mobile number]"}`, 1},
		{"milliseconds", "1732550400000", "1732550400000", 0},
		{"hash", "a13800138000b", "a13800138000b", 0},
		{"digits of a longer number", "000013800138000 then 99913800138000111", "000013800138000 then 99913800138000111", 0},
		{"longer than an id", citizen + "1", citizen + "1", 0},
		{"application number", "K3JQ2Z7XA4MNABCD0", "K3JQ2Z7XA4MNABCD0", 0},
		{"short", "42", "42", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, n := maskPersonal(row.in)
			if got != row.want || n != row.count {
				t.Errorf("got %q (%d), want %q (%d)", got, n, row.want, row.count)
			}
		})
	}
}

type phone struct{ Number *string }

// Whatever way a number takes into a record, it does not come out.
func TestLoggerShowsNothingPersonal(t *testing.T) {
	number := mobile
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			reg := prometheus.NewRegistry()
			log, err := NewLogger(&b, LogConfig{Level: "debug", Format: format}, reg)
			if err != nil {
				t.Fatal(err)
			}
			log = log.With("who", citizen).WithGroup("g").With("again", mobile)
			log.Info("called "+mobile,
				"text", mobile, "error", fmt.Errorf("send: %w", errors.New(citizen)), "struct", struct{ A string }{citizen}, "pointer", phone{&number},
				slog.Group("deep", slog.Any("list", []string{citizen})), "number", int64(330424199001010011), "nothing", (*strings.Builder)(nil))
			log.Debug("kept", "offset", int64(13800138000), "took", 1500*time.Microsecond, "application_no", "K3JQ2Z7XA4MNABCD0")
			out := b.String()
			for _, s := range []string{citizen, mobile + `"`, "=" + mobile, "330424199001010011"} {
				if strings.Contains(strings.ReplaceAll(out, "offset="+mobile, ""), s) {
					t.Errorf("%s is shown in:\n%s", s, out)
				}
			}
			for _, s := range []string{"K3JQ2Z7XA4MNABCD0", "13800138000", "1.5ms", "send: [citizen id]"} {
				if !strings.Contains(out, s) {
					t.Errorf("%s is missing in:\n%s", s, out)
				}
			}
			if n, err := testutil.GatherAndCount(reg, "permithub_log_redactions_total"); n != 1 || err != nil {
				t.Errorf("redactions: %d %v", n, err)
			}
		})
	}
}

func TestLoggerShowsShanghaiTimeAndLevel(t *testing.T) {
	var b bytes.Buffer
	log, err := NewLogger(&b, LogConfig{Level: "warn"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("not shown")
	log.Warn("shown")
	if out := b.String(); strings.Contains(out, "not shown") || !strings.Contains(out, `+08:00"`) || !strings.HasPrefix(out, "{") {
		t.Errorf("got %s", out)
	}
}

func TestLoggerRefuses(t *testing.T) {
	for _, c := range []LogConfig{{Level: "loud"}, {Format: "xml"}} {
		if _, err := NewLogger(&bytes.Buffer{}, c, nil); err == nil {
			t.Errorf("%+v accepted", c)
		}
	}
}

func FuzzMaskPersonal(f *testing.F) {
	f.Add("手机" + mobile + "，证件" + citizen)
	f.Add("99913800138000111")
	f.Fuzz(func(t *testing.T, s string) {
		clean, n := maskPersonal(s)
		if again, m := maskPersonal(clean); m != 0 || again != clean {
			t.Errorf("%q: %q still holds %d", s, clean, m)
		}
		if n == 0 && clean != s {
			t.Errorf("%q changed without a count", s)
		}
	})
}
