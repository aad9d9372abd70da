package ops

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
	"github.com/prometheus/client_golang/prometheus"

	"permithub/schemas"
)

// LogConfig says how much is logged and in which form.
type LogConfig struct {
	// Level is "debug", "info", "warn" or "error"; empty means info.
	Level string
	// Format is "text", "json" or "auto"; empty and auto mean text on a terminal and JSON elsewhere.
	Format string
}

// NewLogger returns a logger on w whose records pass the redaction guard. Times are Shanghai's. A nil reg counts nothing.
func NewLogger(w io.Writer, c LogConfig, reg prometheus.Registerer) (*slog.Logger, error) {
	var level slog.Level
	if c.Level != "" {
		if err := level.UnmarshalText([]byte(c.Level)); err != nil {
			return nil, fmt.Errorf("log level %q: want debug, info, warn or error", c.Level)
		}
	}
	masked := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "permithub_log_redactions_total", Help: "Texts in log records that looked like a citizen id or a mobile number and were masked; each is a defect of its caller.",
	})
	if reg != nil {
		reg.MustRegister(masked)
	}
	h, err := newHandler(w, c.Format, level)
	if err != nil {
		return nil, err
	}
	return slog.New(&guard{next: h, masked: masked}), nil
}

func newHandler(w io.Writer, format string, level slog.Level) (slog.Handler, error) {
	tty := isTerminal(w)
	switch format {
	case "", "auto":
		if !tty {
			format = "json"
		}
	case "text", "json":
	default:
		return nil, fmt.Errorf("log format %q: want auto, text or json", format)
	}
	if format == "json" {
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: shanghai}), nil
	}
	return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: !tty, ReplaceAttr: shanghai}), nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// shanghai shows times at +08:00 and durations as people read them.
func shanghai(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindTime:
		a.Value = slog.TimeValue(a.Value.Time().In(schemas.Shanghai))
	case slog.KindDuration:
		a.Value = slog.StringValue(a.Value.Duration().Round(time.Microsecond).String())
	}
	return a
}
