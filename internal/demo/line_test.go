package demo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

func TestBuiltInSet(t *testing.T) {
	lines, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) < 40 {
		t.Errorf("%d lines, want at least 40", len(lines))
	}
	outcomes := map[string]int{}
	for i := range lines {
		if lines[i].Expect == nil || lines[i].Title == "" {
			t.Errorf("line %d has no title or expects nothing", i+1)
			continue
		}
		outcomes[lines[i].Expect.Outcome]++
	}
	for _, outcome := range []string{"issued", "refused", "not_accepted", "withdrawn", "supplement_requested", "under_review", "held"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no line comes to %s", outcome)
		}
	}
}

func TestReadNamesEveryFaultyLine(t *testing.T) {
	lines, err := Read(strings.NewReader(strings.Join([]string{
		`{"application":{"citizen_id":"1"}}`,
		``,
		`{"application":{},"fault":[]}`,
		`{"registration":{}}`,
		`{"application":{},"channel":"post"}`,
		`{"application":`,
	}, "\n")))
	if len(lines) != 1 {
		t.Errorf("%d good lines, want 1", len(lines))
	}
	for _, want := range []string{`line 3: json: unknown field "fault"`, `line 4: no "application"`, `line 5: channel "post"`, "line 6:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestStages(t *testing.T) {
	auto := schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto}
	manual := schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}
	mixed := schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Manual, Approval: schemas.Auto}
	for _, row := range []struct {
		name string
		line Line
		want schemas.Stages
	}{
		{"nothing said", Line{}, auto},
		{"a script", Line{Script: []Act{{Action: "accept"}}}, manual},
		{"said", Line{Script: []Act{{Action: "review"}}, Stages: &mixed}, mixed},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, row.line.stages()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Lines of one person or of one source number stay in order behind each other; the others are free.
func TestGroups(t *testing.T) {
	line := func(citizen, number string) Line {
		b, _ := json.Marshal(map[string]string{"citizen_id": citizen, "source_application_no": number})
		return Line{Application: b}
	}
	lines := []Line{line("A", "1"), line("B", "2"), line("A", "3"), line("C", "2"), line("D", "4")}
	if diff := cmp.Diff([][]int{{0, 2}, {1, 3}, {4}}, groups(lines)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSourcesAndOfficers(t *testing.T) {
	lines := []Line{{}, {Channel: schemas.Window, Script: []Act{{Action: "accept", Officer: "S1"}, {Action: "withdraw"}, {Action: "review", Officer: "S1"}}}}
	var names []string
	for _, s := range Sources(lines, func(name string) string { return "secret-of-" + name }) {
		names = append(names, s.Name)
		if s.Secret != "secret-of-"+s.Name {
			t.Errorf("%s has the secret %q", s.Name, s.Secret)
		}
	}
	if diff := cmp.Diff([]string{"province", "window", "window-mmm"}, names); diff != "" {
		t.Errorf("sources (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"S1"}, Officers(lines)); diff != "" {
		t.Errorf("officers (-want +got)\n%s", diff)
	}
}

// The endless stream never gives the same person, number or permit twice, and every number passes its check.
func TestStream(t *testing.T) {
	lines, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for n := 1; n <= 2000; n++ {
		l, err := Stream(lines, n)
		if err != nil {
			t.Fatal(err)
		}
		id := l.identity()
		for _, key := range []string{id.CitizenID, id.SourceApplicationNo} {
			if seen[key] {
				t.Fatalf("line %d repeats %s", n, key)
			}
			seen[key] = true
		}
		if c, ok := schemas.CheckCitizenID(id.CitizenID[:17]); !ok || c != id.CitizenID[17] {
			t.Fatalf("line %d: citizen id with a wrong check character", n)
		}
		if _, ok := schemas.BirthDate(id.CitizenID); !ok {
			t.Fatalf("line %d: no birth date", n)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"application":{"citizen_id":1}}`)
	f.Add("{}\n\n[]")
	f.Fuzz(func(_ *testing.T, s string) {
		lines, _ := Read(strings.NewReader(s))
		for i := range lines {
			lines[i].identity()
			lines[i].stages()
		}
		groups(lines)
	})
}
