package audit

import (
	"fmt"
	"strconv"
)

// index checks that Redis waits for exactly the rungs that the log still has to come: those of running clocks of open cases. A member names
// application, clock, rung and instant, in microseconds to base 36.
func (a *audit) index(members []string) {
	var want []string
	for _, file := range a.files {
		o := file[len(file)-1].Dossier.Open
		if o == nil {
			continue
		}
		for _, c := range o.Clocks {
			if c.ResolvedAt != nil || c.PausedAt != nil {
				continue
			}
			for _, r := range c.Rungs {
				if r.FiredAt == nil {
					want = append(want, fmt.Sprintf("%s|%s|%d|%s", o.ApplicationNo, c.ID, r.Percent, strconv.FormatInt(r.At.UnixMicro(), 36)))
				}
			}
		}
	}
	inLog, inRedis := count(want), count(members)
	for _, m := range union(inLog, inRedis) {
		if inLog[m] != inRedis[m] {
			a.fault("redis waits %d times for %s, the log %d times", inRedis[m], m, inLog[m])
		}
	}
}

func count(all []string) map[string]int {
	n := map[string]int{}
	for _, s := range all {
		n[s]++
	}
	return n
}
