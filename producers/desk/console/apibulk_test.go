package console

import (
	"net/http"
	"slices"
	"testing"

	"permithub/schemas"
)

// What a program has opened it approves in bulk, each case as a single act would be; what changed since is left.
func TestBulkByTheInterface(t *testing.T) {
	b := newBench(t)
	check := contractOf(t)
	all := b.forApproval(t, 5)
	p := b.program(t, "1003")
	if run := p.keeps(check, "bulk_run", "/v1/bulk/run", nil, 200); run["total"] != 0.0 {
		t.Errorf("before the first: %v", run)
	}
	for _, no := range all[:4] {
		p.call(http.MethodGet, "/v1/cases/"+no+"/file", nil)
	}
	offer := p.keeps(check, "bulk", "/v1/bulk", nil, 200)
	if list, _ := offer["cases"].([]any); len(list) != 4 || offer["unopened"] != 1.0 {
		t.Errorf("offered: %v", offer)
	}
	chosen := object{"application_nos": all[:4], "opinion": "同意"}
	preview := p.keeps(check, "bulk_preview", "/v1/bulk/preview", chosen, 200)
	if preview["able"] != 4.0 || b.approvals() != 0 {
		t.Errorf("preview: %v, %d approved", preview, b.approvals())
	}
	p.keeps(check, "begin_bulk", "/v1/bulk/run", chosen, 200)
	p.keeps(check, "begin_bulk", "/v1/bulk/run", chosen, 409) // one is under way
	p.keeps(check, "stop_bulk", "/v1/bulk/run/stop", nil, 200)
	if run := p.keeps(check, "step_bulk", "/v1/bulk/run/step", nil, 200); run["done"] != 0.0 || run["stopped"] != true || b.approvals() != 0 {
		t.Errorf("a stopped run went on: %v", run)
	}
	p.keeps(check, "continue_bulk", "/v1/bulk/run/continue", nil, 200)
	b.touch(all[1])
	var outcomes []string
	p.keeps(check, "step_bulk", "/v1/bulk/run/step", nil, 200)
	run := p.keeps(check, "step_bulk", "/v1/bulk/run/step", nil, 200)
	list, _ := run["cases"].([]any)
	for _, x := range list {
		outcomes = append(outcomes, x.(map[string]any)["outcome"].(string))
	}
	if !slices.Equal(outcomes, []string{"approved", "changed", "approved", "approved"}) || run["finished"] != true || b.approvals() != 3 {
		t.Errorf("%v, %d approved", outcomes, b.approvals())
	}
	want := []schemas.Stage{schemas.StageIssuing, schemas.StageApproval, schemas.StageIssuing, schemas.StageIssuing, schemas.StageApproval}
	if got := b.stages(t, all); !slices.Equal(got, want) {
		t.Errorf("stages %v", got)
	}
	acts := 0
	for _, e := range b.audited(t) {
		if e == "1003 act_approve  done" {
			acts++
		}
	}
	if acts != 4 || !slices.Contains(b.audited(t), "1003 bulk  done") {
		t.Errorf("audited: %d acts", acts)
	}
	if status, _, _ := p.call(http.MethodDelete, "/v1/bulk/run", nil); status != http.StatusNoContent || b.runs.of("1003") != nil {
		t.Errorf("let go: %d", status)
	}
}

// A program that asks for a case that its officer has not opened is refused, and it is recorded.
func TestBulkByTheInterfaceTakesNothingUnopened(t *testing.T) {
	b := newBench(t)
	check := contractOf(t)
	all := b.forApproval(t, 2)
	p, other := b.program(t, "1003"), b.program(t, "1009")
	p.call(http.MethodGet, "/v1/cases/"+all[0]+"/file", nil)
	other.call(http.MethodGet, "/v1/cases/"+all[1]+"/file", nil)
	for name, numbers := range map[string][]string{"unopened": {all[1]}, "with an opened one": all, "twice": {all[0], all[0]}} {
		for id, path := range map[string]string{"bulk_preview": "/v1/bulk/preview", "begin_bulk": "/v1/bulk/run"} {
			before := len(b.audited(t))
			p.keeps(check, id, path, object{"application_nos": numbers}, 409)
			if entries := b.audited(t); len(entries) != before+1 || entries[before] != "1003 bulk  refused" {
				t.Errorf("%s: %s: recorded %v", name, id, entries[before:])
			}
		}
	}
	for _, numbers := range [][]string{{}, slices.Repeat([]string{all[0]}, maxBulk+1)} {
		if got := codes(p.keeps(check, "begin_bulk", "/v1/bulk/run", object{"application_nos": numbers}, 422)); !slices.Equal(got, []string{"/application_nos bulk_range"}) {
			t.Errorf("%d cases: %v", len(numbers), got)
		}
	}
	if b.approvals() != 0 || b.runs.of("1003") != nil {
		t.Error("something was done")
	}
}
