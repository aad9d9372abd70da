package headroom

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		bytes, live uint64
		want        int
	}{
		{256 << 20, 1 << 20, 6400}, // the runtime takes it for 4 MiB
		{256 << 20, 64 << 20, 400},
		{256 << 20, 256 << 20, 100},
		{256 << 20, 4 << 30, 100}, // never less than Go's own
	} {
		if got := percent(c.bytes, c.live); got != c.want {
			t.Errorf("percent(%d, %d) = %d, want %d", c.bytes, c.live, got, c.want)
		}
	}
}

var sink []byte

// collections returns how often the heap is collected while so much garbage is made.
func collections(bytes int) uint32 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for made := 0; made < bytes; made += 1 << 20 {
		sink = make([]byte, 1<<20)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func TestKeep(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	const garbage, room = 512 << 20, 128 << 20
	runtime.GC()
	without := collections(garbage)
	stop := Keep(room)
	defer stop()
	runtime.GC()
	with := collections(garbage)
	if most := uint32(garbage/room) + 1; with > most || with >= without {
		t.Errorf("%d collections for %d MiB of garbage, want at most %d; %d without", with, garbage>>20, most, without)
	}

	stop()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("after stop: GC percent %d, want 100", got)
	}
}

// What lives may grow while the hub runs: then the heap grows as Go has it.
func TestKeepFollowsWhatLives(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	defer Keep(16 << 20)()
	held := make([][]byte, 0, 64)
	for range 64 {
		held = append(held, make([]byte, 1<<20))
	}
	for got := 0; got != 100; {
		runtime.GC()
		runtime.Gosched()
		got = debug.SetGCPercent(100)
		debug.SetGCPercent(got)
	}
	runtime.KeepAlive(held)
}

func TestKeepLeavesTheOperatorsWord(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			t.Setenv("GOMEMLIMIT", "")
			t.Setenv(name, "1GiB")
			before := debug.SetGCPercent(77)
			defer debug.SetGCPercent(before)
			Keep(Default)
			if got := debug.SetGCPercent(77); got != 77 {
				t.Errorf("GC percent %d, want it left at 77", got)
			}
		})
	}
}
