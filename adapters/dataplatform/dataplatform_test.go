package dataplatform

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"permithub/adapters/dataplatform/dataplatformsim"
	"permithub/internal/fault"
	"permithub/internal/simulator"
	"permithub/schemas"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// publisher is the port as the publication step declares it.
type publisher interface {
	Push(ctx context.Context, o schemas.Order) (string, error)
}

var _ publisher = (*Client)(nil)

var morning = time.Date(2024, 7, 5, 9, 30, 0, 0, schemas.Shanghai)

const (
	dossier = "K3JQAAAAAAAA"
	citizen = "11010519491231002X" // the published sample number
	hush    = "not-to-be-told"
)

// personal are the recognisable values that no error may carry.
var personal = []string{citizen, "欧阳测试", "13800000000", "秦山街道测试路1号", "测试县户籍路2号", hush}

func testOrder(source string) schemas.Order {
	at := func(d time.Duration) *schemas.Time { t := schemas.At(morning.Add(d)); return &t }
	no := schemas.ApplicationNo(dossier, "province", source)
	return schemas.Order{
		Effect:    schemas.Effect{EffectID: schemas.EffectID(no, schemas.EffectPublish, 1), Kind: schemas.EffectPublish},
		DossierID: dossier, ApplicationNo: no, OrderedAt: *at(0),
		Case: schemas.Case{
			ApplicationNo: no, SubmittedAt: *at(-3 * time.Hour), AcceptedAt: at(-2 * time.Hour), DecidedAt: at(-time.Hour), IssuedAt: at(0),
			Clocks: []schemas.Clock{{ID: "T1", DueAt: schemas.At(time.Date(2024, 7, 10, 0, 0, 0, 0, schemas.Shanghai))}},
			Permit: &schemas.Permit{PermitNo: "33042420240000001", ApplicationNo: no, IssuedAt: *at(0), Status: schemas.PermitValid,
				LicenceID: "1.2.156.3005.2.11330000MB0000000X001.11330424MB0000000X.33042420240000001.001.5"},
			Submission: schemas.Submission{Channel: schemas.Online, RecognitionType: schemas.RegistrationTime, CurrentDivision: "330424004"},
		},
		Person: schemas.Person{CitizenID: citizen, FullName: "欧阳测试", Sex: "2", EthnicGroup: schemas.Code{Code: "01", Name: "汉族"},
			HukouAddress: "测试县户籍路2号", CurrentAddress: "秦山街道测试路1号", ContactPhone: schemas.Phone{Number: "13800000000"}},
	}
}

func testConfig(base string) Config {
	return Config{BaseURL: base, AccessKey: "hub", Secret: hush, OrgCode: "11330424MB0000000X", OrgName: "海盐县流动人口管理服务中心",
		TaskCode: "TASK-1", TaskName: "居住证互认转换"}
}

type harness struct {
	*Client
	kit      *simulator.Kit
	platform *dataplatformsim.Platform
}

func newHarness(t *testing.T, change func(*Config)) *harness {
	t.Helper()
	kit := simulator.New("dataplatform", func() time.Time { return morning })
	platform := dataplatformsim.New(dataplatformsim.Config{AccessKey: "hub", Secret: hush}, kit)
	srv := httptest.NewServer(platform)
	cfg := testConfig(srv.URL)
	if change != nil {
		change(&cfg)
	}
	c := newClient(t, cfg)
	t.Cleanup(func() { kit.Close(); srv.Close() })
	return &harness{c, kit, platform}
}

func newClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg, func() time.Time { return morning })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// effects counts the rows that were taken and the pushes that made their request whole.
func (h *harness) effects(o schemas.Order) (rows, pushes int) {
	return len(h.kit.Find(simulator.Query{Op: dataplatformsim.OpRecord, Key: o.ApplicationNo, Outcome: simulator.Done})),
		len(h.kit.Find(simulator.Query{Op: dataplatformsim.OpPush, Key: o.Effect.EffectID, Outcome: simulator.Done}))
}

func (h *harness) want(t *testing.T, o schemas.Order, rows, pushes int) {
	t.Helper()
	if r, p := h.effects(o); r != rows || p != pushes {
		t.Errorf("%d rows, %d pushes, want %d and %d", r, p, rows, pushes)
	}
}

func check(t *testing.T, err error, class fault.Class, code string) {
	t.Helper()
	if err == nil || fault.ClassOf(err) != class || fault.CodeOf(err) != code {
		t.Errorf("error %v: class %s, code %s, want %s, %s", err, fault.ClassOf(err), fault.CodeOf(err), class, code)
	}
	discreet(t, err)
}

func discreet(t *testing.T, err error) {
	t.Helper()
	for _, word := range personal {
		if err != nil && strings.Contains(err.Error(), word) {
			t.Errorf("error carries %q: %v", word, err)
		}
	}
}

func TestPushOnce(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	first, err := h.Push(t.Context(), o)
	if err != nil || first != "B1" {
		t.Fatalf("got %q, %v", first, err)
	}
	o.OrderedAt = schemas.At(morning.Add(time.Hour))
	again, err := h.Push(t.Context(), o)
	if err != nil || again != first {
		t.Errorf("repeat: %q %v, want %q", again, err, first)
	}
	h.want(t, o, 3, 1)
	other := testOrder("A2")
	if ref, err := h.Push(t.Context(), other); err != nil || ref == first {
		t.Errorf("another case: %q %v", ref, err)
	}
	if rows := h.platform.Rows("up_lic_data"); len(rows) != 2 || rows[0].Row["lic_no"] != "33042420240000001" || rows[0].Row["issue_date"] != "2024-07-05" {
		t.Errorf("licences: %v", rows)
	}
	if rows := h.platform.Rows("up_pro_accept"); rows[0].Row["promise_date"] != "2024-07-09" {
		t.Errorf("promise_date %s, want the last day inside the promise", rows[0].Row["promise_date"])
	}
}

func TestSameEffectWithAnotherContent(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	if _, err := h.Push(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	o.Person.CurrentAddress = "秦山街道测试路1号之二"
	_, err := h.Push(t.Context(), o)
	check(t, err, fault.Permanent, "dataplatform_1009")
	h.want(t, o, 3, 1)
}

func TestPushWhoseAnswerIsLost(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	h.kit.SetFault(simulator.Fault{Mode: simulator.ModeTimeout, DelayMS: 1, Times: 1})
	_, err := h.Push(t.Context(), o)
	check(t, err, fault.Unavailable, "dataplatform")
	if ref, err := h.Push(t.Context(), o); err != nil || ref != "B1" {
		t.Errorf("asked again: %q %v", ref, err)
	}
	h.want(t, o, 3, 1)
}

func TestPartOfThePushIsTaken(t *testing.T) {
	for _, tc := range []struct {
		name, table, answer string
		class               fault.Class
		code                string
	}{
		{"one row refused", "up_lic_data", "1003", fault.Permanent, "dataplatform_1003"},
		{"one row must wait", "up_pro_result", dataplatformsim.Busy, fault.Unavailable, "dataplatform"},
		{"one row refused under a number", "up_pro_accept", citizen, fault.Permanent, "dataplatform_unlisted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			o := testOrder("A1")
			h.platform.Answer(tc.table, tc.answer)
			_, err := h.Push(t.Context(), o)
			check(t, err, tc.class, tc.code)
			h.want(t, o, 2, 0)
			h.platform.Answer(tc.table, "")
			if ref, err := h.Push(t.Context(), o); err != nil || ref != "B1" {
				t.Errorf("after that: %q %v", ref, err)
			}
			h.want(t, o, 3, 1)
		})
	}
	t.Run("refused outweighs waiting", func(t *testing.T) {
		h := newHarness(t, nil)
		h.platform.Answer("up_pro_accept", dataplatformsim.Busy)
		h.platform.Answer("up_lic_data", "1003")
		_, err := h.Push(t.Context(), testOrder("A1"))
		check(t, err, fault.Permanent, "dataplatform_1003")
	})
}

func TestFaultsOfThePlatform(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault simulator.Fault
		class fault.Class
		code  string
	}{
		{"outage", simulator.Fault{Mode: simulator.ModeOutage}, fault.Unavailable, "dataplatform"},
		{"5xx", simulator.Fault{Mode: simulator.ModeError, Code: "502"}, fault.Unavailable, "dataplatform"},
		{"429", simulator.Fault{Mode: simulator.ModeError, Code: "429"}, fault.Unavailable, "dataplatform"},
		{"404", simulator.Fault{Mode: simulator.ModeError, Code: "404"}, fault.Unavailable, "dataplatform_route"},
		{"400 without the envelope", simulator.Fault{Mode: simulator.ModeError, Code: "400"}, fault.Permanent, "dataplatform_http_400"},
		{"refused whole", simulator.Fault{Mode: simulator.ModeRefuse, Code: "1101"}, fault.Permanent, "dataplatform_1101"},
		{"busy", simulator.Fault{Mode: simulator.ModeRefuse, Code: "9002"}, fault.Unavailable, "dataplatform"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			o := testOrder("A1")
			h.kit.SetFault(tc.fault)
			_, err := h.Push(t.Context(), o)
			check(t, err, tc.class, tc.code)
			h.want(t, o, 0, 0)
			h.kit.ClearFaults()
			if _, err := h.Push(t.Context(), o); err != nil {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

func TestShareOfFailures(t *testing.T) {
	h := newHarness(t, nil)
	h.kit.SetFault(simulator.Fault{Mode: simulator.ModeError, Share: 0.3})
	h.kit.SetFault(simulator.Fault{Mode: simulator.ModeTimeout, DelayMS: 1, Share: 0.3})
	for i := range 30 {
		o := testOrder(string(rune('A' + i)))
		for tries := 0; ; tries++ {
			_, err := h.Push(t.Context(), o)
			if err == nil {
				break
			}
			if fault.ClassOf(err) != fault.Unavailable || tries > 50 {
				t.Fatalf("try %d: %v", tries, err)
			}
		}
		h.want(t, o, 3, 1)
	}
}

func TestCredentialsAndShutdown(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Secret = "old" })
	_, err := h.Push(t.Context(), testOrder("A1"))
	check(t, err, fault.Unavailable, "dataplatform_credentials")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Push(ctx, testOrder("A1"))
	check(t, err, fault.Stopped, "unmarked")
	cfg := h.cfg
	cfg.Secret = hush
	late, err := New(cfg, func() time.Time { return morning.Add(-time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	_, err = late.Push(t.Context(), testOrder("A1"))
	check(t, err, fault.Unavailable, "dataplatform_clock")
}

func TestOtherAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		status     int
		class      fault.Class
		code       string
	}{
		{"page", `<html>` + citizen, 200, fault.Unavailable, "dataplatform_garbled"},
		{"null", `null`, 200, fault.Unavailable, "dataplatform_garbled"},
		{"no datas", `{"code":"00"}`, 200, fault.Unavailable, "dataplatform_garbled"},
		{"a row's code for the whole", `{"code":"0000"}`, 200, fault.Unavailable, "dataplatform_garbled"},
		{"no results", `{"code":"00","datas":{"batchNo":"B1"}}`, 200, fault.Unavailable, "dataplatform_garbled"},
		{"results of others", `{"code":"00","datas":{"results":[{"recordId":"` + citizen + `","resultCode":"1003"}]}}`, 200, fault.Unavailable, "dataplatform_garbled"},
		{"422 with another envelope", `{"detail":"` + citizen + `"}`, 422, fault.Permanent, "dataplatform_http_422"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				simulator.Answer(w, tc.status, []byte(tc.body))
			}))
			t.Cleanup(srv.Close)
			_, err := newClient(t, testConfig(srv.URL)).Push(t.Context(), testOrder("A1"))
			check(t, err, tc.class, tc.code)
		})
	}
}

// Whatever bytes the platform sends, done is said only where every row has a code that means done.
func FuzzOutcome(f *testing.F) {
	o := testOrder("A1")
	c, err := New(testConfig("http://127.0.0.1:1"), nil)
	if err != nil {
		f.Fatal(err)
	}
	req, err := c.requestOf(&o, c.mapping.Tables)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden(f, "push_answer.json"))
	f.Add([]byte(`{"code":"00","datas":{"batchNo":"` + citizen + ` 张","results":[{},{"recordId":1}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a pushAnswer
		if json.Unmarshal(body, &a) != nil || a.Datas == nil {
			return
		}
		ref, err := c.outcome(req, &a)
		discreet(t, err)
		if (err == nil) != (ref != "") || len(ref) > 64 {
			t.Errorf("ref %q, error %v", ref, err)
		}
		done := 0
		for _, r := range a.Datas.Results {
			if r.ResultCode == "0000" || r.ResultCode == "0001" {
				done++
			}
		}
		if err == nil && done < len(req.Records) {
			t.Errorf("done, with %d of %d rows", done, len(req.Records))
		}
	})
}

func golden(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestGoldenMappings(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	req, err := h.requestOf(&o, h.mapping.Tables)
	if err != nil {
		t.Fatal(err)
	}
	var answer pushAnswer
	if _, err := h.Client.platform.Post(t.Context(), h.mapping.Path, req, &answer); err != nil {
		t.Fatal(err)
	}
	out := revocation(&o)
	correction, err := h.requestOf(&out, h.mapping.Corrections)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"push_request.json": req, "push_answer.json": answer, "correct_request.json": correction} {
		got, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", name), got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(string(golden(t, name)), string(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	var old pushAnswer
	if err := json.Unmarshal(golden(t, "push_answer.json"), &old); err != nil {
		t.Fatal(err)
	}
	if ref, err := h.outcome(req, &old); err != nil || ref != "B1" {
		t.Errorf("the golden answer: %q %v", ref, err)
	}
}
