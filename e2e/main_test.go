package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"permithub/internal/testcluster"
)

var keep = flag.Bool("keep", false, "keep the folders of the scenarios and print them")

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	run := testcluster.Main(m) // ends here where this process is the cluster's server
	code := 1
	if dir, err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = run.Run()
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "permithub-e2e-"); err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "permithub")
	out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("build the hub: %w\n%s", err, out)
	}
	return dir, nil
}
