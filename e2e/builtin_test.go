package e2e

import (
	"testing"

	"permithub/internal/demo"
)

// split is a way to share the steps among three processes: the deciders, those who call foreign systems, those who keep time and publish.
var split = [][]string{
	{"intake", "approval", "desk"},
	{"verification", "issuance", "cancellation", "publication", "notification", "filing", "receipts"},
	{"feed", "clock", "overdue"},
}

// TestBuiltInCases sends the demo's set through processes of their own. Every line comes to what it expects, however the steps are shared out.
func TestBuiltInCases(t *testing.T) {
	lines, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name      string
		processes [][]string
	}{
		{"one process", [][]string{nil}},
		{"three processes", split},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := install(t, startServers(t), lines, nil)
			for _, steps := range tc.processes {
				in.begin(t, steps...)
			}
			for _, p := range in.hubs {
				in.ready(t, p)
			}
			for _, r := range in.send(t, lines, nil) {
				if !r.AsExpected() {
					b, _ := r.MarshalLine()
					t.Errorf("line %d did not come to what it expects:\n%s", r.Line, b)
				}
			}
			if good := in.audit(t); tc.processes[0] == nil {
				auditorSees(t, good)
			}
			for _, p := range in.hubs {
				p.stop(t, closing)
			}
		})
	}
}
