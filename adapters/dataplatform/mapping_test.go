package dataplatform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"

	"github.com/google/go-cmp/cmp"
)

func TestLoadMappingNamesEveryFault(t *testing.T) {
	for _, tc := range []struct{ name, raw, want string }{
		{"not JSON", `{`, "mapping: unexpected EOF"},
		{"unknown field", `{"colour":1}`, `mapping: json: unknown field "colour"`},
		{"trailing", `{} {}`, "mapping: something follows the object"},
		{"empty", `{}`, "mapping: path: want a beginning /\nmapping: results: no code means done\nmapping: no tables\nmapping: no corrections"},
		{
			"columns", `{"path":"/p","results":{"done":["0"]},"tables":[{"table":"t"},{"table":"t","columns":[
				{"column":"a"},{"column":"a","value":"1"},{"column":"b","from":"nobody"},{"column":"c","from":"sex","format":"date"},
				{"column":"d","from":"issued_at","format":"lunar"},{"column":"e","from":"issued_at","codes":{"x":"y"}},{"column":"f","from":"sex","value":"1"}]}],
				"corrections":[{"columns":[{"column":"a","from":"revoked_at"}]}]}`,
			"mapping: t: no columns\n" +
				"mapping: table 1: its name is empty or there twice\n" +
				"mapping: t.a: want either from or value\n" +
				"mapping: t: column 1: its name is empty or there twice\n" +
				"mapping: t.b: from \"nobody\" is no source\n" +
				"mapping: t.c: a format is for times\n" +
				"mapping: t.d: format \"lunar\" is not known\n" +
				"mapping: t.e: codes are for texts\n" +
				"mapping: t.f: want either from or value\n" +
				"mapping: correction 0: its name is empty or there twice",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := loadMapping([]byte(tc.raw))
			if err == nil {
				t.Fatal("taken")
			}
			if d := cmp.Diff(tc.want, err.Error()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestMappingFileReplacesTheEmbeddedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mapping.json")
	raw := `{"path":"/other","results":{"done":["OK"]},"tables":[{"table":"zj_lic","columns":[
		{"column":"xm","from":"full_name"},{"column":"fzrq","from":"issued_at","format":"rfc3339"},{"column":"qd","from":"channel","codes":{"online":"ONLINE"}}]}],
		"corrections":[{"table":"zj_lic","columns":[{"column":"cxrq","from":"revoked_at","format":"date"}]}]}`
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig("http://127.0.0.1:1")
	cfg.MappingFile = path
	c := newClient(t, cfg)
	o := testOrder("A1")
	req, err := c.requestOf(&o, c.mapping.Tables)
	if err != nil {
		t.Fatal(err)
	}
	want := &pushRequest{RequestID: o.Effect.EffectID, Records: []record{{RecordID: o.Effect.EffectID + ".zj_lic", Table: "zj_lic",
		Row: map[string]string{"xm": "欧阳测试", "fzrq": "2024-07-05T09:30:00+08:00", "qd": "ONLINE"}}}}
	if d := cmp.Diff(want, req); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	o.Case.Submission.Channel = schemas.Window
	_, err = c.requestOf(&o, c.mapping.Tables)
	check(t, err, fault.Permanent, "dataplatform_unmapped")

	cfg.MappingFile = filepath.Join(t.TempDir(), "missing.json")
	if _, err := New(cfg, time.Now); err == nil {
		t.Error("a mapping file that is not there was taken")
	}
}

func TestIncompleteCases(t *testing.T) {
	c := newClient(t, testConfig("http://127.0.0.1:1"))
	for _, tc := range []struct {
		name   string
		change func(*schemas.Order)
		column string
	}{
		{"no permit", func(o *schemas.Order) { o.Case.Permit = nil }, "up_pro_result.result_date"},
		{"no acceptance", func(o *schemas.Order) { o.Case.AcceptedAt = nil }, "up_pro_accept.accept_date"},
		{"no clock", func(o *schemas.Order) { o.Case.Clocks = nil }, "up_pro_accept.promise_date"},
		{"no name", func(o *schemas.Order) { o.Person.FullName = "" }, "up_pro_accept.applyer_name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := testOrder("A1")
			tc.change(&o)
			_, err := c.Push(t.Context(), o)
			check(t, err, fault.Permanent, "dataplatform_incomplete")
			if !strings.Contains(err.Error(), tc.column) {
				t.Errorf("error %v, want %s in it", err, tc.column)
			}
		})
	}
	t.Run("a column that is not required is left out", func(t *testing.T) {
		o := testOrder("A1")
		o.Person.ContactPhone.Number = ""
		req, err := c.requestOf(&o, c.mapping.Tables)
		if err != nil {
			t.Fatal(err)
		}
		if _, there := req.Records[0].Row["applyer_phone"]; there {
			t.Error("an empty phone was sent")
		}
	})
}

func TestEverySourceGivesAValue(t *testing.T) {
	o := testOrder("A1")
	o.Case.Submission.SourceApplicationNo, o.Case.Submission.HukouCounty = "A1", "340102"
	o.Ended = revocation(&o).Ended
	cfg := testConfig("")
	for name, src := range sources {
		c := column{Column: "c", From: name}
		if v, err := c.fill(&subject{&o, &cfg}); err != nil || v == "" {
			t.Errorf("%s: %q %v", name, v, err)
		}
		if (src.text == nil) == (src.time == nil) {
			t.Errorf("%s: want a text or a time", name)
		}
	}
}

func TestEveryColumnOfTheMappingHasANote(t *testing.T) {
	m, err := loadMapping(embedded)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range m.Tables {
		if i := slices.IndexFunc(table.Columns, func(c column) bool { return c.Note == "" }); i >= 0 || table.Note == "" {
			t.Errorf("%s: column %d or the table has no note", table.Table, i)
		}
	}
}

func TestConfigValidateNamesEveryFault(t *testing.T) {
	err := (&Config{}).Validate()
	want := "access key: needed\nsecret: needed\norg code: needed\norg name: needed\ntask code: needed\ntask name: needed"
	if err == nil || err.Error() != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, err.Error()))
	}
}
