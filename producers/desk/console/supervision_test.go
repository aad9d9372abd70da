package console

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"permithub/internal/calendar"
	"permithub/internal/docket"
	"permithub/internal/worklist"
	"permithub/schemas"
)

// supervised is a bench with cases in every state, beside a docket that was told the same.
func supervised(t *testing.T) (*bench, *docket.Docket) {
	t.Helper()
	b := newBench(t)
	d := docket.New(func() time.Time { return b.hub.now }, func() *calendar.Calendar { return b.hub.policy.Calendar })
	b.hub.told = func(tr *schemas.Transition) {
		of := *tr
		of.Input.Offset = int64(len(b.hub.values))
		d.Observe(&of)
	}
	people := []string{citizenID, "330106197203030042", "33010619720303028X", "330106197203030122", "330106197203030362"}
	var numbers []string
	for i, id := range people {
		check, _ := schemas.CheckCitizenID(id[:17])
		numbers = append(numbers, b.submit(t, id[:17]+string(check), strconv.Itoa(i)))
	}
	b.submit(t, citizenID, "again") // the rule pack does not accept a second application
	clerk := b.as(t, "1001")
	clerk.act(numbers[0], "accept", nil) // will be late
	b.hub.now = time.Date(2024, 9, 12, 10, 0, 0, 0, schemas.Shanghai)
	clerk = b.as(t, "1001")
	clerk.act(numbers[1], "accept", nil) // 2024-09-14 is a working Saturday: due at its end
	b.hub.now = time.Date(2024, 9, 13, 10, 0, 0, 0, schemas.Shanghai)
	due := schemas.At(time.Date(2024, 9, 13, 0, 0, 0, 0, schemas.Shanghai))
	b.hub.decide(&schemas.Input{InputID: "late", Kind: schemas.InputDeadlineReached, DossierID: numbers[0][:12], ApplicationNo: numbers[0], Source: "overdue", ReceivedAt: schemas.At(b.hub.now),
		Deadline: &schemas.DeadlineReached{Clock: "T1", Rung: 100, DueAt: due, DetectedAt: schemas.At(b.hub.now)}})
	both := b.as(t, "1009")
	both.act(numbers[2], "not_accept", url.Values{"reasons": {"officer_judgement"}, "opinion": {"张三丰所述不实"}})
	both.post("/cases/"+numbers[3]+"/hold", nil)
	return b, d
}

var townRow = regexp.MustCompile(`town=(\d+)">[^<]*</a></th><td>.*?</td><td>(\d+)</td><td>(?:<a[^>]*>)?(\d+).*?</td><td>(?:<a[^>]*>)?(\d+).*?</td><td>(\d+)</td><td>(?:<a[^>]*>)?(\d+)`)

// What the page says of every township is what the gauges and the live page say.
func TestSupervisionAgreesWithTheDocket(t *testing.T) {
	b, d := supervised(t)
	want := map[string]docket.Tally{}
	for _, code := range townCodes() {
		want[code] = docket.Tally{}
	}
	for _, town := range d.Standing().Towns {
		want[town.Division] = town.Tally
	}
	if sum := want["330424001"]; sum.Open != 4 || sum.Breached != 1 {
		t.Fatalf("the docket counts %+v: the test's cases are not those that it means", sum)
	}
	for _, id := range []string{"1004", "1006"} {
		got := map[string]docket.Tally{}
		for _, m := range townRow.FindAllStringSubmatch(b.as(t, id).get("/supervision").body, -1) {
			n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
			got[m[1]] = docket.Tally{Open: n(2), DueToday: n(3), Warned: n(5), Breached: n(6)}
			if m[1] == "330424001" && n(4) != 1 {
				t.Errorf("%d are due tomorrow, want 1", n(4))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-docket +page)\n%s", id, diff)
		}
	}
}

// A number leads to the cases that it counts.
func TestCountsLeadToTheirCases(t *testing.T) {
	b, _ := supervised(t)
	br := b.as(t, "1004")
	links := regexp.MustCompile(`href="(/cases\?queue=all[^"]*due=[^"]*)">(\d+)</a>`).FindAllStringSubmatch(br.get("/supervision").body, -1)
	if len(links) != 5 { // three tiles, and the two numbers of a township that are not zero
		t.Fatalf("%d numbers lead to cases: %v", len(links), links)
	}
	for _, l := range links {
		if got := strings.Count(br.get(l[1]).body, `<a href="/cases/`); strconv.Itoa(got) != l[2] {
			t.Errorf("%s lists %d cases, want %s", l[1], got, l[2])
		}
	}
	b.hub.now = b.hub.now.AddDate(0, 0, 1) // what was due tomorrow is due today, and the list says so too, the overdue case apart
	br = b.as(t, "1004")
	for _, page := range []string{"/supervision", "/cases?queue=all"} {
		if body := br.get(page).body; !regexp.MustCompile(`今日到期(?:</dt><dd><a href="[^"]*">| <b>)1<`).MatchString(body) {
			t.Errorf("%s does not say that one case is due today", page)
		}
	}
	if got := br.get("/cases?queue=all&due=never").body; strings.Count(got, `<a href="/cases/`) != 4 {
		t.Error("an unknown deadline narrows the list")
	}
}

func TestSupervisionTellsWhoAndWhy(t *testing.T) {
	b, _ := supervised(t)
	body := b.as(t, "1004").get("/supervision").body
	for _, text := range []string{
		"承诺时限", "本单位环节“审核”", "2024-09-12 24:00", // the breach and its cause
		"仅凭经办人认定不予办理", "7 字，已遮盖", "33.3 %", // one of three acts was an override
		`官1001（1001）</th>`, `官1002（1002）</th>`, // who has done nothing is told too
		"规则包自动办理",
	} {
		if !strings.Contains(body, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
	row := regexp.MustCompile(`官1009（1009）</th><td>.*?</td>((?:<td>[^<]*</td>)+)`).FindStringSubmatch(body)
	if row == nil || row[1] != "<td>1</td><td>1</td><td>1</td><td>1</td><td>1</td><td>100.0 %</td>" {
		t.Errorf("of 1009: %v", row)
	}
	if strings.Contains(body, "张三丰") {
		t.Error("a reason is shown in words")
	}
	if regexp.MustCompile(`<script(?:>| [^>]*>)[^<]|<style|style="|javascript:| on[a-z]+="`).MatchString(body) {
		t.Error("something stands inline")
	}
}

// Reasons may name people: they are shown for a purpose, once it is recorded.
func TestReasonsAreRevealed(t *testing.T) {
	b, _ := supervised(t)
	br := b.as(t, "1004")
	if got := br.post("/supervision/reveal", url.Values{"purpose": {"curiosity"}}); got.status != http.StatusBadRequest {
		t.Errorf("without a purpose: %d", got.status)
	}
	got := br.post("/supervision/reveal", url.Values{"purpose": {"check_override"}})
	if got.status != http.StatusOK || !strings.Contains(got.body, "张三丰所述不实") || strings.Contains(got.body, "data-changes") {
		t.Errorf("revealed: %d", got.status)
	}
	if !slices.Contains(b.audited(t), "1004 reveal check_override done") {
		t.Error("not recorded")
	}
	if err := b.ports.Audit.Close(); err != nil { // a disk that is full
		t.Fatal(err)
	}
	for _, path := range []string{"/supervision/reveal", "/supervision/export"} {
		if got := br.post(path, url.Values{"purpose": {"check_override"}}); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "所述不实") {
			t.Errorf("%s without record: %d", path, got.status)
		}
	}
}

func TestSupervisionIsOfOnesTownships(t *testing.T) {
	b, _ := supervised(t)
	u, _ := b.users.Find("1004")
	u.Townships = []string{"330424106"}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	br := b.as(t, "1004")
	for _, body := range []string{br.get("/supervision").body, br.post("/supervision/reveal", url.Values{"purpose": {"check_override"}}).body} {
		for _, no := range []string{"330424001", "所述不实", "本单位环节", "官1009（1009）</th><td></td><td>1"} {
			if strings.Contains(body, no) {
				t.Errorf("shows %q of another township", no)
			}
		}
		if !strings.Contains(body, `town=330424106`) {
			t.Error("does not show its own township")
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(br.export(t, "/supervision/export")))
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := f.GetRows("超期"); err != nil || len(rows) != 1 {
		t.Errorf("exports breaches of another township: %v, %v", rows, err)
	}
}

func TestSupervisionIsExported(t *testing.T) {
	b, _ := supervised(t)
	br := b.as(t, "1004")
	f, err := excelize.OpenReader(bytes.NewReader(br.export(t, "/supervision/export")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"镇（街道）", "经办人", "超期", "例外处理"}, f.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got)\n%s", diff)
	}
	rows, err := f.GetRows("超期")
	if err != nil || len(rows) != 2 || len(rows[1][1]) != 17 || rows[1][4] != "本单位环节“审核”" {
		t.Errorf("breaches: %v, %v", rows, err)
	}
	if rows, err = f.GetRows("例外处理"); err != nil || len(rows) != 2 || rows[1][6] != "7 字，已遮盖" {
		t.Errorf("overrides: %v, %v", rows, err)
	}
	if rows, err = f.GetRows("镇（街道）"); err != nil || rows[len(rows)-1][0] != "合计" || rows[len(rows)-1][1] != "4" {
		t.Errorf("townships: %v, %v", rows, err)
	}
	if !slices.Contains(b.audited(t), "1004 export  done") {
		t.Error("not recorded")
	}
}

// export posts a form whose answer is no text.
func (br *browser) export(t testing.TB, path string) []byte {
	t.Helper()
	got := br.post(path, nil)
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "application/vnd.openxmlformats") {
		t.Fatalf("%s: %d", path, got.status)
	}
	return got.raw
}

func TestBarsAddUp(t *testing.T) {
	want := []segment{{"late", "0.00", "10.00"}, {"calm", "10.00", "40.00"}}
	if diff := cmp.Diff(want, bar(20, part{"late", 2}, part{"soon", 0}, part{"calm", 8})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := bar(0, part{"late", 0}); got != nil {
		t.Errorf("nothing is drawn as %v", got)
	}
	if got := share(1, 3) + " " + share(0, 0); got != "33.3 % –" {
		t.Errorf("got %s", got)
	}
}

// BenchmarkPages is the pages of 100,000 open cases, the connection included: the list, and the supervisor's page over thirty days of acts, 1,000
// breaches and 500 overrides.
func BenchmarkPages(b *testing.B) {
	bench := newBench(b)
	const cases, chunk = 100_000, 2000
	stages := []schemas.Stage{schemas.StagePreExamine, schemas.StageReview, schemas.StageApproval, schemas.StageSupplement}
	day := time.Date(2024, 9, 10, 0, 0, 0, 0, schemas.Shanghai)
	for from := 0; from < cases; from += chunk {
		records := make([]worklist.Record, 0, chunk)
		for i := from; i < from+chunk; i++ {
			no := fmt.Sprintf("D%011dAAAA0", i)
			at := schemas.At(day.AddDate(0, 0, -i%worklist.KeptDays).Add(9 * time.Hour))
			t := schemas.Transition{Seq: 1, DossierID: no[:12], ApplicationNo: no, Person: &schemas.Person{FullName: fmt.Sprintf("张%d", i), Remarks: []schemas.Remark{{InputID: "r", Override: "另有材料"}}}}
			due := schemas.At(day.AddDate(0, 0, i%4))
			c := schemas.Case{ApplicationNo: no, Stage: stages[i%4], SubmittedAt: at, Submission: schemas.Submission{CurrentDivision: townCodes()[i%9], RecognitionType: schemas.ExistingPermit, Channel: schemas.Online},
				Clocks: []schemas.Clock{{ID: "T1", StartedAt: at, DueAt: due}}}
			t.Events = []schemas.Event{{Type: schemas.EvAccepted, At: at, ApplicationNo: no, Officer: fmt.Sprint(2000 + i%40)}}
			if i%100 == 0 {
				t.Events = append(t.Events, schemas.Event{Type: schemas.EvBreached, At: at, ApplicationNo: no, Clock: "T1", Cause: &schemas.Cause{Kind: schemas.CauseOwnStage, Stage: stages[i/100%4], From: at}})
			}
			if i%200 == 1 {
				t.Events = append(t.Events, schemas.Event{Type: schemas.EvSupplementRequested, At: at, ApplicationNo: no, Officer: fmt.Sprint(2000 + i%40), Remark: "r"})
			}
			t.Dossier.Open = &c
			rec, err := t.Record()
			if err != nil {
				b.Fatal(err)
			}
			f, err := worklist.Read(rec.Value)
			if err != nil {
				b.Fatal(err)
			}
			records = append(records, worklist.Record{Offset: int64(i), File: f})
		}
		if err := bench.hub.list.Apply(b.Context(), 0, records); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 200 {
		bench.holds.held[fmt.Sprintf("D%011dAAAA0", i*7)] = fmt.Sprint(2000 + i%40)
	}
	br := bench.as(b, "1004")
	for _, path := range []string{"/cases?queue=all", "/supervision"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if got := br.get(path); got.status != http.StatusOK {
					b.Fatal(got.status)
				}
			}
		})
	}
}
