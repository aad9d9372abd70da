// Command slo writes Prometheus rules from service level objectives, with sloth's burn-rate arithmetic.
//
// It is a program of its own module, because sloth brings Prometheus and Kubernetes along: minutes of compiling that `make generated` should
// not cost everybody. So the rules carry two sums, of what they were made from and of what was made; a test of the hub compares both.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"

	"github.com/slok/sloth/pkg/lib"
)

func main() {
	spec := flag.String("spec", "../../deploy/prometheus/slo/permithub.yml", "the objectives, as sloth reads them")
	out := flag.String("out", "../../deploy/prometheus/rules/slo.yml", "the rules")
	flag.Parse()
	if err := run(context.Background(), *spec, *out); err != nil {
		fmt.Fprintln(os.Stderr, "slo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, spec, out string) error {
	objectives, err := os.ReadFile(spec)
	if err != nil {
		return err
	}
	sloth, err := lib.NewPrometheusSLOGenerator(lib.PrometheusSLOGeneratorConfig{})
	if err != nil {
		return err
	}
	result, err := sloth.GenerateFromRaw(ctx, objectives)
	if err != nil {
		return fmt.Errorf("%s: %w", spec, err)
	}
	var rules bytes.Buffer
	if err := sloth.WriteResultAsPrometheusStd(ctx, *result, &rules); err != nil {
		return err
	}
	head := fmt.Sprintf("# Written by `make slo`. Objectives: sha256 %x. Rules below: sha256 %x.\n", sha256.Sum256(objectives), sha256.Sum256(rules.Bytes()))
	return os.WriteFile(out, append([]byte(head), rules.Bytes()...), 0o644)
}
