// Command dashboards writes the Grafana dashboards of the hub.
//
// Every panel's query is run by a test of the hub, against a Prometheus that scrapes a running demo: an empty panel fails it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	dir := flag.String("dir", "../../deploy/grafana", "where the dashboards go")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for name, build := range map[string]func() (dashboard.Dashboard, error){
		"overview": overview().Build, "deadlines": deadlines().Build, "systems": systems().Build, "pipeline": pipeline().Build,
	} {
		d, err := build()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}
