// Command permithub is the hub that links the provincial e-permit platform, the county's registration system, the SMS gateway and the
// big-data platform to an approval processor, so that a residence permit is recognised within two working days.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"permithub/internal/headroom"
)

// commands is the whole command line.
type commands struct {
	Demo     demoCommand     `cmd:"" help:"Everything in one process: embedded broker and Redis, simulated foreign systems, a set of applications."`
	Serve    serveCommand    `cmd:"" help:"Run the hub against real Kafka, Redis and foreign systems."`
	Simulate simulateCommand `cmd:"" help:"Play the foreign systems, with their ledgers and fault switches over HTTP."`
	Topics   topicsCommand   `cmd:"" help:"Verify the topics, or create them, and say each difference."`
	Case     caseCommand     `cmd:"" help:"Show a person's file as a timeline, masked."`
	Dead     deadCommand     `cmd:"" help:"Dead letters: list, show, repair, replay, give up."`
	Deadline deadlineCommand `cmd:"" help:"Show when an application that was accepted then is due, day by day."`
	Calendar calendarCommand `cmd:"" help:"What another holiday notice makes of the open deadlines, and putting it into force."`
	User     userCommand     `cmd:"" help:"List, add or change those who sign in at the console."`
	Audit    auditCommand    `cmd:"" help:"Check that nobody changed the record of who looked at what."`
	Check    checkCommand    `cmd:"" help:"Check the configuration and what it reaches; every fault at once."`
	Flow     flowCommand     `cmd:"" help:"Show the graph of topics, steps and foreign systems."`
	Version  versionCommand  `cmd:"" help:"Show the version."`
}

// process is what a command may use of the world: a test gives its own.
type process struct {
	ctx            context.Context
	stdout, stderr io.Writer
	environ        []string
	now            func() time.Time
}

// Exit codes.
const (
	exitFault = 1 // the command could not do its work, or found a fault
	exitUsage = 2 // the words of the call are wrong
)

// started is when the process began, as near as a program can tell: the demo times its first decision from here.
var started = time.Now()

func main() {
	headroom.Keep(headroom.Default)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(os.Args[1:], &process{ctx: ctx, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), now: time.Now})
	stop()
	os.Exit(code)
}

// errFound ends a command whose findings are printed already.
var errFound = errors.New("faults found")

// run carries out one command line and returns the exit code.
func run(args []string, p *process) int {
	exit := -1
	k, err := kong.New(&commands{}, kong.Name("permithub"), kong.Writers(p.stdout, p.stderr), kong.Exit(func(code int) { exit = code }),
		kong.Description("Links registration, e-permit platform, SMS gateway and data platform, so that a residence permit is recognised within two working days."))
	if err != nil {
		_, _ = fmt.Fprintln(p.stderr, "permithub:", err)
		return exitUsage
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	line, err := k.Parse(args)
	switch {
	case exit >= 0: // help was asked for
		return exit
	case err != nil:
		_, _ = fmt.Fprintf(p.stderr, "permithub: %v\nRun permithub --help, or permithub COMMAND --help.\n", err)
		return exitUsage
	}
	err = line.Run(p)
	if err != nil && !errors.Is(err, errFound) {
		_, _ = fmt.Fprintln(p.stderr, "permithub:", err)
	}
	if err != nil {
		return exitFault
	}
	return 0
}

type versionCommand struct{}

func (versionCommand) Run(p *process) error {
	_, err := fmt.Fprintln(p.stdout, version())
	return err
}

// version is what the build recorded of itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

type flowCommand struct {
	Mermaid bool `help:"As the picture's source that the README shows."`
}

func (c flowCommand) Run(p *process) error {
	if c.Mermaid {
		return printMermaid(p.stdout, steps())
	}
	return printFlow(p.stdout, steps())
}
