package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// sample is one measurement of one contender.
type sample struct {
	Contender    string  `json:"contender"`
	Partitions   int     `json:"partitions,omitempty"`
	Rate         int     `json:"rate,omitempty"` // applications a second, of latency
	Round        int     `json:"round"`
	N            int     `json:"n,omitempty"`
	PerSecond    float64 `json:"per_second,omitempty"`
	ClientMicros float64 `json:"client_cpu_us,omitempty"` // processor time of the contender, for each of n
	ServerMicros float64 `json:"server_cpu_us,omitempty"` // of broker and Redis together
	Allocs       float64 `json:"allocs,omitempty"`
	P50          float64 `json:"p50_ms,omitempty"`
	P99          float64 `json:"p99_ms,omitempty"`
	Max          float64 `json:"max_ms,omitempty"`
	Seconds      float64 `json:"seconds,omitempty"` // of what is measured as one time
	What         string  `json:"what,omitempty"`
	Bytes        float64 `json:"bytes,omitempty"` // of memory: of Redis for each of n, of a restored process for each person
	Read         int     `json:"read,omitempty"`  // transitions that were read from the log
}

func (s *sample) line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s", s.Contender)
	if s.What != "" {
		fmt.Fprintf(&b, " %s", s.What)
	}
	if s.Partitions > 0 {
		fmt.Fprintf(&b, " %2d partitions", s.Partitions)
	}
	if s.Rate > 0 {
		fmt.Fprintf(&b, " %d/s", s.Rate)
	}
	if s.PerSecond > 0 {
		fmt.Fprintf(&b, " %8.0f/s", s.PerSecond)
	}
	if s.ClientMicros > 0 {
		fmt.Fprintf(&b, "  client %.1f us, servers %.1f us, %.0f allocs", s.ClientMicros, s.ServerMicros, s.Allocs)
	}
	if s.P50 > 0 {
		fmt.Fprintf(&b, "  p50 %.2f ms  p99 %.2f ms  max %.1f ms", s.P50, s.P99, s.Max)
	}
	if s.Seconds > 0 {
		fmt.Fprintf(&b, "  %.2f s", s.Seconds)
	}
	if s.Bytes > 0 {
		fmt.Fprintf(&b, "  %.0f B each", s.Bytes)
	}
	if s.Round == 0 {
		b.WriteString("  (warm-up)")
	}
	return b.String()
}

// results are the samples of one part against one broker, with what is needed to read them later.
type results struct {
	Part    string    `json:"part"`
	Broker  string    `json:"broker"`
	Note    string    `json:"note,omitempty"`
	Machine machine   `json:"machine"`
	Taken   time.Time `json:"taken"`
	Samples []sample  `json:"samples"`
}

type machine struct {
	CPUs    int               `json:"cpus"`
	Model   string            `json:"model"`
	Go      string            `json:"go"`
	Modules map[string]string `json:"modules"`
}

func newResults(broker string) *results {
	return &results{Broker: broker, Machine: thisMachine()}
}

// measured are the modules whose versions decide what is measured.
var measured = []string{"github.com/segmentio/kafka-go", "github.com/ThreeDotsLabs/watermill", "github.com/ThreeDotsLabs/watermill-kafka/v3", "github.com/IBM/sarama",
	"github.com/twmb/franz-go", "github.com/twmb/franz-go/pkg/kfake", "github.com/warpstreamlabs/bento", "github.com/hibiken/asynq", "github.com/redis/go-redis/v9"}

func thisMachine() machine {
	m := machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), Modules: map[string]string{}}
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Model = strings.TrimSpace(value)
				break
			}
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if slices.Contains(measured, d.Path) {
				m.Modules[d.Path] = d.Version
			}
		}
	}
	return m
}

func (r *results) write(dir string) error {
	r.Taken = time.Now().UTC().Truncate(time.Second)
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, r.Part+"-"+r.Broker+".json"), append(raw, '\n'), 0o644)
}

// readResults reads everything that was measured.
func readResults(dir string) ([]*results, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []*results
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var r results
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, &r)
	}
	return all, nil
}
