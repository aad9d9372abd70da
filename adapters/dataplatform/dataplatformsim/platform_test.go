package dataplatformsim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"permithub/internal/simulator"

	"github.com/google/go-cmp/cmp"
)

func codes(t *testing.T, answer any) (batch string, got []string) {
	t.Helper()
	raw, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Datas struct {
			BatchNo string
			Results []result
		}
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatal(err)
	}
	for _, r := range a.Datas.Results {
		got = append(got, r.ResultCode)
	}
	return a.Datas.BatchNo, got
}

func TestRowsOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	run := func() (*Platform, *simulator.Kit) {
		t.Helper()
		kit, err := simulator.Open("dataplatform", path, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return New(Config{}, kit), kit
	}
	in := &push{RequestID: "r1", Records: []Row{
		{RecordID: "r1.a", Table: "up_lic_data", Row: map[string]string{"project_no": "A1"}},
		{RecordID: "r1.b", Table: "up_pro_result", Row: map[string]string{"project_no": "A1"}},
		{RecordID: "r1.c", Table: "elsewhere", Row: map[string]string{"project_no": "A1"}},
		{RecordID: "r1.d", Table: "up_lic_data", Row: map[string]string{}},
	}}
	p, kit := run()
	_, answer := p.take(in)
	batch, got := codes(t, answer)
	if d := cmp.Diff([]string{Taken, Taken, NoTable, NoKey}, got); d != "" {
		t.Errorf("first (-want +got):\n%s", d)
	}
	rows := p.Rows("")
	if err := kit.CloseFile(); err != nil {
		t.Fatal(err)
	}
	p, kit = run()
	defer func() { _ = kit.CloseFile() }()
	if d := cmp.Diff(rows, p.Rows("")); d != "" {
		t.Errorf("rows (-before +after):\n%s", d)
	}
	in.Records = in.Records[:2]
	in.Records[1].Row["project_no"] = "A2"
	_, answer = p.take(in)
	again, got := codes(t, answer)
	if d := cmp.Diff([]string{Before, Conflict}, got); d != "" || again != batch {
		t.Errorf("repeat: batch %s, want %s (-want +got):\n%s", again, batch, d)
	}
}

func TestGatewayStandsInFront(t *testing.T) {
	kit := simulator.New("dataplatform", time.Now)
	p := New(Config{AccessKey: "hub", Secret: "s"}, kit)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/case-library/v1/push", strings.NewReader("{}")))
	if w.Code != http.StatusUnauthorized || len(kit.Find(simulator.Query{Outcome: simulator.Denied})) != 1 {
		t.Errorf("unsigned: %d, ledger %v", w.Code, kit.Ledger())
	}
	w = httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_sim/rows?table=up_lic_data", http.NoBody))
	if w.Body.String() != "[]" {
		t.Errorf("rows of nothing: %s", w.Body)
	}
}
