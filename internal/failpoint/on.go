//go:build failpoint && unix

package failpoint

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// variable is the environment variable that arms points.
const variable = "FAILPOINT"

// armed is a point at which something happens.
type armed struct {
	pass   int64
	passed atomic.Int64
	signal syscall.Signal
}

var points = sync.OnceValue(func() map[Point]*armed {
	all, err := parse(os.Getenv(variable))
	if err != nil { // a test that believes it armed a point would prove nothing
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return all
})

// Here is a point. It may be passed from any goroutine.
func Here(p Point) {
	a := points()[p]
	if a == nil || a.passed.Add(1) != a.pass {
		return
	}
	_ = syscall.Kill(os.Getpid(), a.signal)
	if a.signal == syscall.SIGKILL {
		select {} // not one more instruction of the caller
	}
}

// Sent is a point behind an answer: with the tag, what was written to w is sent before it.
func Sent(w http.ResponseWriter, p Point) {
	if points()[p] != nil {
		_ = http.NewResponseController(w).Flush()
	}
	Here(p)
}

func parse(text string) (map[Point]*armed, error) {
	all := map[Point]*armed{}
	for one := range strings.SplitSeq(text, ",") {
		if one == "" {
			continue
		}
		name, rest, _ := strings.Cut(one, ":")
		pass, action, _ := strings.Cut(rest, ":")
		a := &armed{pass: 1, signal: syscall.SIGKILL}
		if pass != "" {
			n, err := strconv.ParseInt(pass, 10, 64)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%s: %q: pass %q is not a number from 1 on", variable, one, pass)
			}
			a.pass = n
		}
		switch {
		case !slices.Contains(All, Point(name)):
			return nil, fmt.Errorf("%s: no point %q", variable, name)
		case action == "stop":
			a.signal = syscall.SIGSTOP
		case action != "":
			return nil, fmt.Errorf("%s: %q: no action %q", variable, one, action)
		}
		all[Point(name)] = a
	}
	return all, nil
}
