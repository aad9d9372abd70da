package epermitsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"permithub/internal/simulator"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2024, 7, 5, 12, 0, 0, 0, beijing)

func apply(id, name string) (*application, string) {
	return &application{RequestID: id, ApplyNo: "A1", ApplyType: "1", IDNumber: "11010519491231002X", Name: name, Sex: "2", Nation: "01",
		HukouCode: "340102", LiveCode: "330424001", LiveAddress: "某路1号", OrgCode: "330424"}, "content of " + name
}

func TestPermitsOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "epermit.jsonl")
	run := func() (*Platform, *simulator.Kit) {
		t.Helper()
		kit, err := simulator.Open("epermit", path, func() time.Time { return noon })
		if err != nil {
			t.Fatal(err)
		}
		return New(Config{}, kit), kit
	}
	p, kit := run()
	_, first := p.issue(apply("r1", "甲"))
	before := p.Permits("11010519491231002X")
	if err := kit.CloseFile(); err != nil {
		t.Fatal(err)
	}
	p, kit = run()
	defer func() { _ = kit.CloseFile() }()
	if d := cmp.Diff(before, p.Permits("11010519491231002X")); d != "" {
		t.Errorf("permits (-before +after):\n%s", d)
	}
	if _, again := p.issue(apply("r1", "甲")); !cmp.Equal(first, again) {
		t.Errorf("repeat after the restart: %v, want %v", again, first)
	}
	if _, other := p.issue(apply("r1", "乙")); other.(map[string]any)["errorCode"] != "REQUEST_ID_CONFLICT" {
		t.Errorf("other content: %v", other)
	}
	p.issue(apply("r2", "甲"))
	if got := p.Permits("11010519491231002X"); len(got) != 2 || got[0].PermitNo == got[1].PermitNo {
		t.Errorf("permits after a second issue: %v", got)
	}
}

func TestRevocationsOutliveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "epermit.jsonl")
	var told []string
	run := func() (*Platform, *simulator.Kit) {
		t.Helper()
		kit, err := simulator.Open("epermit", path, func() time.Time { return noon })
		if err != nil {
			t.Fatal(err)
		}
		return New(Config{Revoked: func(_, permitNo string) { told = append(told, permitNo) }}, kit), kit
	}
	p, kit := run()
	p.issue(apply("r1", "甲"))
	no := p.Permits("11010519491231002X")[0].PermitNo
	q := &revocation{RequestID: "r2", ApplyNo: "A1", PermitNo: no, IDNumber: "11010519491231002X", Reason: "1", RevokeTime: "2024-07-05 12:00:00", OrgCode: "330424"}
	_, first := p.revoke(q)
	if err := kit.CloseFile(); err != nil {
		t.Fatal(err)
	}
	p, kit = run()
	defer func() { _ = kit.CloseFile() }()
	if _, again := p.revoke(q); !cmp.Equal(first, again) || p.Permits("11010519491231002X")[0].Status != statusRevoked {
		t.Errorf("after the restart: %v, want %v; %v", again, first, p.Permits("11010519491231002X"))
	}
	if d := cmp.Diff([]string{no, no}, told); d != "" { // once in each run
		t.Errorf("told (-want +got):\n%s", d)
	}
	late := *q
	late.RevokeTime = "yesterday"
	if _, got := p.revoke(&late); got.(map[string]any)["errorCode"] != "REVOKE_TIME_INVALID" {
		t.Errorf("no time: %v", got)
	}
}

func TestGatewayStandsInFront(t *testing.T) {
	kit := simulator.New("epermit", func() time.Time { return noon })
	p := New(Config{AccessKey: "hub", Secret: "s"}, kit)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/residence-permit/v1/issue", bytes.NewReader([]byte("{}"))))
	if w.Code != http.StatusUnauthorized || len(kit.Find(simulator.Query{Outcome: simulator.Denied})) != 1 {
		t.Errorf("unsigned: %d, ledger %v", w.Code, kit.Ledger())
	}
	w = httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_sim/permits?idNumber=x", http.NoBody))
	var permits []Permit
	if err := json.Unmarshal(w.Body.Bytes(), &permits); err != nil || permits == nil || len(permits) != 0 {
		t.Errorf("permits of nobody: %s", w.Body)
	}
}

func TestCitizenNumber(t *testing.T) {
	for id, want := range map[string]bool{"11010519491231002X": true, "110105194912310021": false, "1101051949123100": false, "1101051949123100AX": false} {
		if citizenNumber(id) != want {
			t.Errorf("%s: %v", id, !want)
		}
	}
}
