// Package headroom lets a small heap grow before it is collected.
//
// Go's collector runs whenever the heap has doubled. A hub whose partitions hold little is on a small heap and is collected many times a second
// under load, each time with every processor that seems idle, and what is under way waits: see the latency at 2,000 applications a second in the
// README. GOGC alone does not help, because what a hub holds grows from kilobytes to gigabytes with its partitions.
package headroom

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Default is how much the heap of a hub may grow: at 2,000 applications a second, what is made in four seconds.
const Default = 256 << 20

// least is what the runtime takes the live heap for when it is smaller.
const least = 4 << 20

// Keep lets the heap grow by at least so many bytes between two collections, and by what lives where that is more, as Go does, until stop is
// called. Where GOGC or GOMEMLIMIT is set, the operator has decided and nothing is done.
func Keep(bytes uint64) (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	var (
		mu      sync.Mutex // held while the percentage is set
		stopped bool
	)
	before := debug.SetGCPercent(percent(bytes, live()))
	var watch func()
	watch = func() {
		// Nothing refers to it, so that the next collection finds it and this is called again. It has a pointer and so a place of its own.
		type mark struct{ _ *mark }
		runtime.AddCleanup(new(mark), func(struct{}) {
			mu.Lock()
			defer mu.Unlock()
			if !stopped {
				debug.SetGCPercent(percent(bytes, live()))
				watch()
			}
		}, struct{}{})
	}
	watch()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		debug.SetGCPercent(before)
	}
}

// percent is how much larger than what lives the heap may become, at least 100.
func percent(bytes, live uint64) int {
	return int(max(100, 100*bytes/max(live, least)))
}

// live is what the last collection left, and what the runtime counts beside it.
func live() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	var sum uint64
	for _, s := range samples {
		sum += s.Value.Uint64()
	}
	return sum
}
