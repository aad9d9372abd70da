package e2e

import "testing"

// TestSamePersonAgain lets one person apply twice: the second permit takes the place of the first, which the hub had issued itself.
func TestSamePersonAgain(t *testing.T) {
	lines := stream(t, 1, 1)
	second := with(t, lines[0], map[string]any{"source_application_no": "E2E-AGAIN"})
	second.Registration = nil // the registration system knows what happened since
	lines = append(lines, second)
	in := install(t, startServers(t), lines, nil)
	in.serve(t)
	results := in.send(t, lines, nil)
	issued(t, results)
	if got, want := results[1].Cancelled, results[0].PermitNo; len(got) != 1 || got[0] != want {
		t.Errorf("the second permit cancels %v, want %s", got, want)
	}
	in.audit(t)
}
