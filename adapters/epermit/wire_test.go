package epermit

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"permithub/internal/fault"
	"permithub/schemas"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sampleEntry() permitEntry {
	o := testOrder("A1")
	return permitEntry{
		RequestID: o.Effect.EffectID, ApplyNo: o.ApplicationNo, PermitNo: "33042420240000001", IssueTime: "2024-07-05 09:30:00", Status: "1",
		LicenceID: "1.2.156.3005.2.11330000MB0000000X001.11330424MB0000000X.33042420240000001.001.5",
	}
}

// The golden files show every foreign field with its meaning.
func TestGoldenMappings(t *testing.T) {
	o := testOrder("A1")
	req, err := issueRequestOf(&o, "330424")
	if err != nil {
		t.Fatal(err)
	}
	out := revocation(&o, "33042420240000001")
	revoke, err := revokeRequestOf(&out, "330424")
	if err != nil {
		t.Fatal(err)
	}
	entry, yes, no := sampleEntry(), true, false
	revoked := &revokedEntry{RequestID: out.Effect.EffectID, PermitNo: out.Effect.PermitNo, Status: "3", SerialNo: "CX-33042420240000001"}
	for name, v := range map[string]any{
		"issue_request":   req,
		"issue_answer":    issueAnswer{Success: &yes, Data: &entry},
		"issue_refusal":   issueAnswer{Success: &no, ErrorCode: "ID_NUMBER_INVALID"},
		"result_request":  resultRequest{RequestID: o.Effect.EffectID},
		"result_answer":   resultAnswer{Code: "00", Datas: []permitEntry{entry}},
		"result_nothing":  resultAnswer{Code: "00", Datas: []permitEntry{}},
		"result_refusals": resultAnswer{Code: "SYSTEM_BUSY"},
		"revoke_request":  revoke,
		"revoke_answer":   revokeAnswer{Success: &yes, Data: revoked},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".jsonc")
			got := commented(t, v)
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-want +got):\n%s", path, d)
			}
		})
	}
}

// What the platform answered once decodes for ever.
func TestGoldenAnswersDecode(t *testing.T) {
	o := testOrder("A1")
	want := schemas.Permit{
		PermitNo: "33042420240000001", LicenceID: sampleEntry().LicenceID, ApplicationNo: o.ApplicationNo,
		IssuedAt: schemas.At(morning), Status: schemas.PermitValid,
	}
	permit, err := answering(t, 200, golden(t, "issue_answer")).Issue(t.Context(), o)
	if d := cmp.Diff(want, permit); err != nil || d != "" {
		t.Errorf("issue: %v (-want +got):\n%s", err, d)
	}
	permit, ok, err := answering(t, 200, golden(t, "result_answer")).Find(t.Context(), o.Effect.EffectID)
	if d := cmp.Diff(want, permit); err != nil || !ok || d != "" {
		t.Errorf("find: %v %v (-want +got):\n%s", ok, err, d)
	}
	if _, ok, err = answering(t, 200, golden(t, "result_nothing")).Find(t.Context(), o.Effect.EffectID); err != nil || ok {
		t.Errorf("find nothing: %v %v", ok, err)
	}
	_, err = answering(t, 200, golden(t, "issue_refusal")).Issue(t.Context(), o)
	check(t, err, fault.Permanent, "epermit_ID_NUMBER_INVALID")
}

func TestNonsense(t *testing.T) {
	o := testOrder("A1")
	for _, tc := range []struct {
		name   string
		change func(*permitEntry)
		why    string
	}{
		{"of another request", func(e *permitEntry) { e.RequestID = "other" }, "another request id"},
		{"of another application", func(e *permitEntry) { e.ApplyNo = "other" }, "another application"},
		{"no number", func(e *permitEntry) { e.PermitNo = "" }, "permit number"},
		{"a name for a number", func(e *permitEntry) { e.PermitNo = fullName }, "permit number"},
		{"a citizen id for a number", func(e *permitEntry) { e.PermitNo = citizen }, "citizen id"},
		{"no time", func(e *permitEntry) { e.IssueTime = "05/07/2024" }, "time of issue"},
		{"no such day", func(e *permitEntry) { e.IssueTime = "2024-02-30 09:30:00" }, "time of issue"},
		{"unknown status", func(e *permitEntry) { e.Status = "9" }, "status"},
		{"no licence identifier", func(e *permitEntry) { e.LicenceID = "" }, "licence identifier: want"},
		{"digit changed", func(e *permitEntry) {
			e.LicenceID = strings.Replace(e.LicenceID, "0000001.001", "0000007.001", 1)
		}, "check character"},
		{"check missing", func(e *permitEntry) { e.LicenceID = strings.TrimSuffix(e.LicenceID, ".5") }, "licence identifier: want"},
		{"short type", func(e *permitEntry) { e.LicenceID = strings.Replace(e.LicenceID, "X001.", "X01.", 1) }, "licence identifier: want"},
		{"other root", func(e *permitEntry) { e.LicenceID = "1.2.156.3006" + e.LicenceID[12:] }, "licence identifier: want"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := sampleEntry()
			tc.change(&e)
			yes := true
			body, err := json.Marshal(issueAnswer{Success: &yes, Data: &e})
			if err != nil {
				t.Fatal(err)
			}
			_, err = answering(t, 200, body).Issue(t.Context(), o)
			check(t, err, fault.Permanent, "epermit_nonsense")
			if !strings.Contains(err.Error(), tc.why) {
				t.Errorf("error %v, want %q in it", err, tc.why)
			}
		})
	}
	t.Run("two permits of one request", func(t *testing.T) {
		body, err := json.Marshal(resultAnswer{Code: "00", Datas: []permitEntry{sampleEntry(), sampleEntry()}})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = answering(t, 200, body).Find(t.Context(), o.Effect.EffectID)
		check(t, err, fault.Permanent, "epermit_nonsense")
	})
}

func TestLicenceOfAnotherKind(t *testing.T) {
	id := sampleEntry().LicenceID
	for _, tc := range []struct {
		name, kind, issuer string
		want               error
	}{
		{"any", "", "", nil},
		{"as configured", "11330000MB0000000X001", "11330424MB0000000X", nil},
		{"other type", "11330000MB0000000X002", "", errLicenceType},
		{"other issuer", "", "11330400MB0000000X", errLicenceIssuer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := checkLicenceID(id, tc.kind, tc.issuer); got != tc.want { //nolint:errorlint // the sentinel itself
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestOtherEnvelopes(t *testing.T) {
	o := testOrder("A1")
	for _, tc := range []struct {
		name, body string
		status     int
		class      fault.Class
		code       string
	}{
		{"null", `null`, 200, fault.Unavailable, "epermit_garbled"},
		{"success without data", `{"success":true}`, 200, fault.Unavailable, "epermit_garbled"},
		{"no success without code", `{"success":false,"errorMsg":"` + fullName + `"}`, 200, fault.Unavailable, "epermit_garbled"},
		{"another interface's", `{"code":"00"}`, 200, fault.Unavailable, "epermit_garbled"},
		{"page", `<html>`, 200, fault.Unavailable, "epermit_garbled"},
		{"422 with another envelope", `{"detail":"` + citizen + `"}`, 422, fault.Permanent, "epermit_http_422"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := answering(t, tc.status, []byte(tc.body))
			_, err := c.Issue(t.Context(), o)
			check(t, err, tc.class, tc.code)
			_, _, err = c.Find(t.Context(), o.Effect.EffectID)
			check(t, err, tc.class, tc.code)
		})
	}
}

// Whatever bytes the platform sends, the answer is a permit of this effect or an error that tells nothing personal.
func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"issue_answer", "issue_refusal", "result_answer", "result_nothing"} {
		f.Add(golden(f, name))
	}
	f.Add([]byte(`{"success":true,"data":{"permitNo":"` + citizen + `"}}`))
	f.Add([]byte(`{"success":null,"code":"00","datas":[{}]}`))
	o := testOrder("A1")
	c := newFuzzClient(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var issue issueAnswer
		if json.Unmarshal(body, &issue) == nil {
			permit, err := schemas.Permit{}, c.issued(200, &issue)
			if err == nil {
				permit, err = c.permitOf(issue.Data, o.Effect.EffectID)
			}
			plausible(t, &o, permit, err)
		}
		var result resultAnswer
		if json.Unmarshal(body, &result) == nil && c.found(200, &result) == nil && len(result.Datas) == 1 {
			permit, err := c.permitOf(&result.Datas[0], o.Effect.EffectID)
			plausible(t, &o, permit, err)
		}
	})
}

func newFuzzClient(f *testing.F) *Client {
	f.Helper()
	c, err := New(Config{AccessKey: "hub", Secret: hush, OrgCode: "330424"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	return c
}

func plausible(t *testing.T, o *schemas.Order, p schemas.Permit, err error) {
	t.Helper()
	discreet(t, err)
	if err == nil && (p.ApplicationNo != o.ApplicationNo || !permitNo.MatchString(p.PermitNo) || !schemas.Valid37(strings.TrimPrefix(p.LicenceID, licenceRoot))) {
		t.Errorf("took %+v for a permit", p)
	}
}

// golden reads a golden file as the JSON that it is without its comments.
func golden(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".jsonc"))
	if err != nil {
		tb.Fatal(err)
	}
	plain := regexp.MustCompile(`(?m) // .*$`).ReplaceAll(b, nil)
	if !json.Valid(plain) {
		tb.Fatalf("%s is not JSON", name)
	}
	return plain
}

// commented writes v as indented JSON with the doc tag of every field behind its line.
func commented(t *testing.T, v any) []byte {
	t.Helper()
	docs := map[string]string{}
	collect(reflect.TypeOf(v), docs)
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile(`^\s*"(\w+)":`)
	var out bytes.Buffer
	for line := range strings.Lines(string(b) + "\n") {
		line = strings.TrimSuffix(line, "\n")
		if m := field.FindStringSubmatch(line); m != nil {
			if docs[m[1]] == "" {
				t.Errorf("foreign field %s has no meaning", m[1])
			}
			line += " // " + docs[m[1]]
		}
		fmt.Fprintln(&out, line)
	}
	return out.Bytes()
}

func collect(t reflect.Type, docs map[string]string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		docs[name] = f.Tag.Get("doc")
		collect(f.Type, docs)
	}
}
