package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"permithub/internal/demo"
	"permithub/schemas"
)

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

// TestAnotherPersonUnderTheSameNumber: a source's number belongs to the person it came with, also after Redis was lost. The first file
// records the contradiction, and nothing comes of the other application.
func TestAnotherPersonUnderTheSameNumber(t *testing.T) {
	lines := stream(t, 1, 2)
	in := install(t, startServers(t), lines[:1], nil)
	in.serve(t)
	results := in.send(t, lines[:1], nil)
	issued(t, results)
	in.servers.flush(t)
	in.audit(t) // waits until Redis equals the log again

	var first map[string]any
	if err := json.Unmarshal(lines[0].Application, &first); err != nil {
		t.Fatal(err)
	}
	other := with(t, lines[1], map[string]any{"source_application_no": first["source_application_no"]})
	other.Channel = lines[0].Channel // the same source
	for _, r := range in.send(t, []demo.Line{other}, nil) {
		if r.HTTPStatus != http.StatusConflict {
			t.Errorf("answered %d, want 409", r.HTTPStatus)
		}
	}
	eventually(t, "the first file records the contradiction", func() string {
		if text := in.run(t, "case", results[0].ApplicationNo); !strings.Contains(text, schemas.EventName(schemas.EvConflict)) {
			return text
		}
		return ""
	})
	in.audit(t)
}
