package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"permithub/internal/demo"
)

// The dashboards are written from Go in a module of its own, so that the hub does not depend on Grafana's library.
//
//go:generate go -C tools/operations run ./dashboards
//go:generate go test -run TestMetricsTable -count=1 -update .

// panel is one query of one panel of a dashboard.
type panel struct{ dashboard, title, expr string }

// panels lists the queries of every dashboard.
func panels(t *testing.T) (all []panel) {
	t.Helper()
	files, err := filepath.Glob("deploy/grafana/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	type content struct {
		Title   string
		Targets []struct{ Expr string }
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Panels []struct {
				content
				Panels []content // of a row
			}
		}
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		board := strings.TrimSuffix(filepath.Base(name), ".json")
		for _, outer := range d.Panels {
			for _, p := range append(outer.Panels, outer.content) {
				for _, q := range p.Targets {
					all = append(all, panel{board, p.Title, q.Expr})
				}
			}
		}
	}
	return all
}

// notInADemo are panels that show nothing before something goes wrong, or only after more time than a test has.
var notInADemo = map[string]string{
	"到点至入主题 P99": "no deadline falls due within seconds",
}

// TestDashboards runs every panel's query against a Prometheus that scrapes a demo at work.
func TestDashboards(t *testing.T) {
	d := runningDemo(t)
	prom := startPrometheus(t, d.hub.addrs["metrics"])
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	lines, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	runner := runnerOf(d)
	waiting := panels(t)
	total := len(waiting)
	for n := 1; len(waiting) > 0 && ctx.Err() == nil; n++ {
		// Rates need something that happens between two scrapes: applications go on until every panel shows it.
		l, err := demo.Stream(lines, n)
		if err != nil {
			t.Fatal(err)
		}
		runner.Run(ctx, []demo.Line{l})
		var empty []panel
		for _, p := range waiting {
			if err := prom.shows(ctx, p); err != nil {
				empty = append(empty, p)
			}
		}
		waiting = empty
	}
	for _, p := range waiting {
		t.Errorf("%s: %s: %v", p.dashboard, p.title, prom.shows(t.Context(), p))
	}
	t.Logf("%d queries", total)
}

// prometheusServer is one that scrapes the demo every second.
type prometheusServer struct{ base string }

// startPrometheus starts one with the rules that an operator is given, and stops it with the test.
func startPrometheus(t *testing.T, target string) prometheusServer {
	t.Helper()
	binary := server(t, "prometheus")
	b, err := os.ReadFile("deploy/prometheus/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("deploy/prometheus")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("127.0.0.1:9464", target, "15s", "1s", "[rules/", "["+here+"/rules/").Replace(string(b))
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	cmd := exec.Command(binary, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus:\n%s", &log)
		}
	})
	return prometheusServer{"http://" + address}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// shows returns nil when the panel has something to draw.
func (s prometheusServer) shows(ctx context.Context, p panel) error {
	expr := strings.ReplaceAll(p.expr, "$__rate_interval", "15s")
	if strings.Contains(expr, "$") {
		return fmt.Errorf("%s has a variable that the test does not know", p.expr)
	}
	values, err := s.query(ctx, expr)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return fmt.Errorf("empty: %s", p.expr)
	}
	for _, v := range values {
		if !math.IsNaN(v) {
			return nil
		}
	}
	if notInADemo[p.title] != "" {
		return nil
	}
	return fmt.Errorf("no number: %s", p.expr)
}

func (s prometheusServer) query(ctx context.Context, expr string) ([]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Error string
		Data  struct {
			Result []struct {
				Value [2]any
			}
		}
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s: %s", expr, answer.Error)
	}
	var values []float64
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}
