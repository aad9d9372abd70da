// Command bench measures the hub and its peers side by side, in one run on one machine.
//
// Every contender is a process of its own, so that its use of the processors is told by the kernel; broker and Redis are processes of
// their own too. Rounds are interleaved: what disturbs the machine for a minute disturbs everybody. Ratios of one run are what counts.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"permithub/internal/headroom"
)

type cli struct {
	Run       runCmd       `cmd:"" default:"withargs" help:"Measure; everything unless --only says otherwise."`
	Report    reportCmd    `cmd:"" help:"Write the tables and pictures of the results again, without measuring."`
	Contender contenderCmd `cmd:"" hidden:"" help:"Run one contender; the runner starts this."`
	Load      loadCmd      `cmd:"" hidden:"" help:"Send applications at a fixed rate; the runner starts this."`
	Restore   restoreCmd   `cmd:"" hidden:"" help:"Restore a partition; the runner starts this."`
	Broker    brokerCmd    `cmd:"" hidden:"" help:"Run the embedded broker; the runner starts this."`
}

func main() {
	headroom.Keep(headroom.Default) // as the hub has it; so do all contenders, the embedded broker and whoever sends
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Name("bench"), kong.Description("Measures the hub and its peers side by side."), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
