package testcluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"testing"
)

// envServe makes a test program the server of its own cluster: see [Main].
const envServe = "PERMITHUB_TESTCLUSTER_SERVE"

// Run is what a TestMain runs.
type Run struct{ m *testing.M }

// Main prepares the test program to start a cluster when the first test asks for one, and to stop it at the end. It
// also fits goleak.VerifyTestMain.
//
// The cluster runs under a second process of the same test program. So it leaves no goroutine in the tests' process,
// and when that dies in whatever way, the second one sees its standard input end and cleans up.
func Main(m *testing.M) Run {
	if os.Getenv(envServe) != "" {
		if err := serveParent(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	process.prepared = true
	return Run{m}
}

// Run runs the tests and then stops what they started. It returns the exit code.
func (r Run) Run() int {
	code := r.m.Run()
	if err := process.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// clusters are those that this test process uses.
type clusters struct {
	prepared bool // by Main

	mu    sync.Mutex
	given *shared // by the environment
	own   *shared
	err   error // why own could not be started; said again to each test, tried once
	child *exec.Cmd
	stdin io.Closer
}

// process is the one of this test process.
var process clusters

// shared is a cluster and the lease that its users take.
type shared struct {
	place
	*lease // nil: nobody can be alone with it
}

// find returns the cluster of the environment, or starts one. A test that wants to be alone needs one with a lease.
func (c *clusters) find(alone bool) (*shared, error) {
	if !c.prepared {
		return nil, errors.New("package has no TestMain that calls testcluster.Main: see the package comment of testcluster")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.given == nil {
		given, err := fromEnviron()
		if err != nil {
			return nil, err
		}
		c.given = given
	}
	if c.given != nil && (c.given.lease != nil || !alone) {
		return c.given, nil
	}
	if c.own == nil && c.err == nil {
		c.own, c.err = c.start()
	}
	return c.own, c.err
}

func fromEnviron() (*shared, error) {
	where, ok := placeFromEnviron()
	if !ok {
		return nil, nil
	}
	if where.Control == "" || where.Lock == "" {
		return &shared{place: where}, nil
	}
	return newShared(where)
}

func newShared(where place) (*shared, error) {
	l, err := newLease(where.Lock)
	if err != nil {
		return nil, err
	}
	return &shared{place: where, lease: l}, nil
}

// start runs this test program again as server and reads where the cluster is.
func (c *clusters) start() (*shared, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find test program: %w", err)
	}
	cmd := exec.Command(program)
	cmd.Env, cmd.Stderr = append(os.Environ(), envServe+"=1"), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	c.child, c.stdin = cmd, stdin
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("start cluster: its server ended: %w", err)
	}
	var answer report
	if err := json.Unmarshal(line, &answer); err != nil {
		return nil, fmt.Errorf("start cluster: its server answered %q: %w", line, err)
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("start cluster: %s", answer.Error)
	}
	return newShared(answer.Place)
}

// stop ends the server that start started, if any.
func (c *clusters) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.child == nil {
		return nil
	}
	_ = c.stdin.Close() // this is what ends it
	if err := c.child.Wait(); err != nil && c.err == nil {
		return fmt.Errorf("stop cluster: %w", err)
	}
	return nil
}

// report is the one line that the server writes to its parent.
type report struct {
	Place place  `json:"place"`
	Error string `json:"error,omitempty"`
}

// serveParent runs a cluster until the standard input ends.
func serveParent(in io.Reader, out io.Writer) error {
	signal.Ignore(os.Interrupt) // Ctrl-C reaches the parent too, whose end is the signal to clean up
	server, err := Serve(context.Background())
	if err != nil {
		return json.NewEncoder(out).Encode(report{Error: err.Error()})
	}
	err = json.NewEncoder(out).Encode(report{Place: server.place()})
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	return errors.Join(err, server.Stop())
}
