package intake

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/schemas"
)

// noon of the first day in force.
var noon = time.Date(2024, 7, 4, 12, 0, 0, 0, schemas.Shanghai)

var testChecks = Checks{Now: noon, Channel: schemas.Online, MaterialSchemes: []string{"https", "s3"}}

func sample(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/application.json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

type object = map[string]any

// edited returns the sample with change applied to its JSON.
func edited(t testing.TB, change func(object)) []byte {
	t.Helper()
	var m object
	if err := json.Unmarshal(sample(t), &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// put returns a change that sets the value at a path of keys and indexes; a nil value removes it.
func put(value any, path ...any) func(object) {
	return func(m object) {
		var at any = m
		for _, p := range path[:len(path)-1] {
			switch p := p.(type) {
			case string:
				at = at.(object)[p]
			case int:
				at = at.([]any)[p]
			}
		}
		switch p := path[len(path)-1].(type) {
		case string:
			if value == nil {
				delete(at.(object), p)
				return
			}
			at.(object)[p] = value
		case int:
			at.([]any)[p] = value
		}
	}
}

func found(list *problem.List) []string {
	var out []string
	for _, f := range list.Faults() {
		out = append(out, f.Pointer+" "+f.Code)
	}
	return out
}

func many(n int, item func(i int) any) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = item(i)
	}
	return all
}

func hex64(i int) string { return fmt.Sprintf("%064x", i) }

var agent = object{"citizen_id": "340102196208110051", "full_name": "欧阳建国", "relation": "guardian"}

// faultCase is one change of the sample and the faults that it must bring, no more and no less.
type faultCase struct {
	name   string
	change func(object)
	want   []string
}

var applicationFaults = []faultCase{
	{"as it is", func(object) {}, nil},
	{"no channel", put(nil, "channel"), nil},
	{"channel of another source", put("window", "channel"), []string{"/channel channel_mismatch"}},
	{"channel", put("fax", "channel"), []string{"/channel channel_unknown"}},
	{"source number", put("号1", "source_application_no"), []string{"/source_application_no id_form"}},
	{"source number missing", put(nil, "source_application_no"), []string{"/source_application_no required"}},
	{"source number holds the citizen id", put("A-340102199003071224", "source_application_no"), []string{"/source_application_no personal_data"}},

	{"citizen id missing", put(nil, "citizen_id"), []string{"/citizen_id required"}},
	{"citizen id of the first generation", put("340102900307122", "citizen_id"), []string{"/citizen_id citizen_id_form"}},
	{"citizen id with letters", put("34010219900307A224", "citizen_id"), []string{"/citizen_id citizen_id_form"}},
	{"citizen id in full width", put("３40102199003071224", "citizen_id"), []string{"/citizen_id citizen_id_form"}},
	{"check character", put("340102199003071225", "citizen_id"), []string{"/citizen_id citizen_id_check"}},
	{"lower-case x", func(m object) { m["citizen_id"] = "11010519491231002x" }, []string{"/citizen_id citizen_id_lowercase_x"}},
	{"upper-case X", func(m object) { m["citizen_id"] = "11010519491231002X" }, nil},
	{"prefix 9 has no province", put("990102199003071225", "citizen_id"), nil},
	{"no such province", put("170102199003071222", "citizen_id"), []string{"/citizen_id citizen_id_province"}},
	{"abolished county", put("349999199003071225", "citizen_id"), nil},
	{"Hong Kong", put("810000199003071229", "citizen_id"), nil},
	{"Taiwan", put("830000199003071222", "citizen_id"), nil},
	{"Taiwan, check character", put("830000199003071223", "citizen_id"), []string{"/citizen_id citizen_id_check"}},
	{"foreigner", put("911560199003071227", "citizen_id"), nil},
	{"foreigner, other sex", func(m object) { m["citizen_id"], m["sex"] = "911560199003071227", "1" }, nil},
	{"birth 30 February", put("340102199002311222", "citizen_id"), []string{"/citizen_id citizen_id_birth_date"}},
	{"birth in 1899", put("340102189912311222", "citizen_id"), []string{"/citizen_id citizen_id_birth_date"}},
	{"birth in 2099", put("340102209903071226", "citizen_id"), []string{"/citizen_id citizen_id_birth_future"}},

	{"name missing", put(nil, "full_name"), []string{"/full_name required"}},
	{"name too long", put(strings.Repeat("长", 101), "full_name"), []string{"/full_name too_long"}},
	{"control in a name", put("张\t三", "full_name"), []string{"/full_name control_character"}},
	{"lost character", put("张\ufffd", "full_name"), []string{"/full_name replacement_character"}},
	{"space before a name", put(" 张三", "full_name"), []string{"/full_name surrounding_space"}},
	{"sex missing", put(nil, "sex"), []string{"/sex required"}},
	{"sex code", put("3", "sex"), []string{"/sex sex_unknown"}},
	{"sex of another", put("1", "sex"), []string{"/sex sex_mismatch"}},
	{"ethnic code", put("57", "ethnic_group", "code"), []string{"/ethnic_group/code ethnic_group_unknown"}},
	{"ethnic name", put("回族", "ethnic_group", "name"), []string{"/ethnic_group/name ethnic_group_name"}},
	{"ethnic group missing", put(nil, "ethnic_group"), []string{"/ethnic_group/code required", "/ethnic_group/name required"}},
	{"ethnic group other", put(object{"code": "97", "name": "其他"}, "ethnic_group"), nil},

	{"province in six digits", put("340000", "hukou_province"), nil},
	{"province in four digits", put("3400", "hukou_province"), []string{"/hukou_province division_form"}},
	{"province", put("38", "hukou_province"), []string{"/hukou_province division_province"}},
	{"county of another province", put("330102", "hukou_county"), []string{"/hukou_county hukou_county_not_in_province"}},
	{"county is a province", put("340000", "hukou_county"), []string{"/hukou_county division_form"}},
	{"hukou in Haiyan is a matter of the rules", func(m object) { m["hukou_province"], m["hukou_county"] = "33", "330424" }, nil},
	{"address too long", put(strings.Repeat("路", 201), "hukou_address"), []string{"/hukou_address too_long"}},
	{"address missing", put(nil, "current_address"), []string{"/current_address required"}},
	{"another county", put("330402001", "current_division"), []string{"/current_division division_not_haiyan"}},
	{"no such township", put("330424003", "current_division"), []string{"/current_division division_township"}},
	{"county only", put("330424", "current_division"), []string{"/current_division division_form"}},

	{"both types", put([]any{"existing_permit", "registration_time"}, "recognition_type"), []string{"/recognition_type recognition_type_both"}},
	{"one type in an array", put([]any{"existing_permit"}, "recognition_type"), []string{"/recognition_type wrong_type"}},
	{"no type", put(nil, "recognition_type"), []string{"/recognition_type recognition_type_missing"}},
	{"type", put("both", "recognition_type"), []string{"/recognition_type recognition_type_unknown"}},
	{"no condition is a matter of the rules", func(m object) {
		for _, k := range []string{"employment", "residence", "rental", "other_text"} {
			delete(m, k)
		}
	}, nil},
	{"condition of another group", put([]any{"owned_home"}, "employment"), []string{"/employment/0 condition_unknown"}},
	{"no other in schooling", put([]any{"other"}, "schooling"), []string{"/schooling/0 condition_unknown"}},
	{"condition twice", put([]any{"labour_contract", "labour_contract"}, "employment"), []string{"/employment/1 duplicate_item"}},
	{"other by both names", put([]any{"other", "other_rental"}, "rental"), []string{"/rental/1 duplicate_item"}},
	{"other without text", put(nil, "other_text"), []string{"/other_text/rental other_text_missing"}},
	{"text without other", put("散工", "other_text", "employment"), []string{"/other_text/employment other_text_unticked"}},
	{"more conditions than the form has", put(many(5, func(int) any { return "university" }), "schooling"),
		[]string{"/schooling list_too_long", "/schooling/1 duplicate_item", "/schooling/2 duplicate_item", "/schooling/3 duplicate_item", "/schooling/4 duplicate_item"}},

	{"notice missing", put(nil, "notice"), []string{"/notice/version required", "/notice/sha256 required"}},
	{"notice version", put("版本1", "notice", "version"), []string{"/notice/version version_form"}},
	{"notice hash", put("ABC", "notice", "sha256"), []string{"/notice/sha256 sha256_form"}},
	{"declaration missing", put(nil, "declaration"), []string{"/declaration/version required", "/declaration/sha256 required", "/declaration/signature_evidence required", "/declaration/date required"}},
	{"declared on no day", put("2024-02-30", "declaration", "date"), []string{"/declaration/date date_impossible"}},
	{"declared on 29 February", put("2024-02-29", "declaration", "date"), nil},
	{"declared with slashes", put("2024/07/04", "declaration", "date"), []string{"/declaration/date date_form"}},
	{"declared tomorrow", put("2024-07-05", "declaration", "date"), []string{"/declaration/date date_future"}},

	{"phone missing", put(nil, "contact_phone"), []string{"/contact_phone/number required", "/contact_phone/source required", "/contact_phone/consent_at required"}},
	{"fixed line", put("057386000001", "contact_phone", "number"), []string{"/contact_phone/number phone_number"}},
	{"phone with country code", put("+8613957300001", "contact_phone", "number"), []string{"/contact_phone/number phone_number"}},
	{"phone source", put("neighbour", "contact_phone", "source"), []string{"/contact_phone/source phone_source"}},
	{"consent without zone", put("2024-07-04T09:29:00", "contact_phone", "consent_at"), []string{"/contact_phone/consent_at time_form"}},
	{"consent later than now", put("2024-07-04T12:02:00+08:00", "contact_phone", "consent_at"), []string{"/contact_phone/consent_at time_future"}},
	{"consent within the skew of clocks", put("2024-07-04T12:01:00+08:00", "contact_phone", "consent_at"), nil},

	{"permit number", put([]any{"浙居0001"}, "previous_permits"), []string{"/previous_permits/0 permit_no_form"}},
	{"permit number twice", put([]any{"P-0001", "P-0001"}, "previous_permits"), []string{"/previous_permits/1 duplicate_item"}},
	{"too many permits", put(many(21, func(i int) any { return fmt.Sprintf("P-%04d", i) }), "previous_permits"), []string{"/previous_permits list_too_long"}},
	{"permit number is the citizen id", put([]any{"340102199003071224"}, "previous_permits"), []string{"/previous_permits/0 personal_data"}},
	{"interval reversed", put("2023-05-31", "registration_intervals", 0, "to"), []string{"/registration_intervals/0/to interval_reversed"}},
	{"interval of one day", put("2023-06-01", "registration_intervals", 0, "to"), nil},
	{"interval on no day", put("2023-06-31", "registration_intervals", 0, "from"), []string{"/registration_intervals/0/from date_impossible"}},
	{"interval ends later than today", put("2024-12-31", "registration_intervals", 0, "to"), []string{"/registration_intervals/0/to date_future"}},
	{"interval without a beginning", put(nil, "registration_intervals", 0, "from"), []string{"/registration_intervals/0/from required"}},
	{"interval in no province", put("380000", "registration_intervals", 0, "division"), []string{"/registration_intervals/0/division division_province"}},
	{"interval twice", func(m object) {
		v := m["registration_intervals"].([]any)
		m["registration_intervals"] = append(v, v[0])
	}, []string{"/registration_intervals/2 duplicate_item"}},
	{"too many intervals", put(many(201, func(i int) any {
		return object{"from": schemas.Day(noon.AddDate(0, 0, -i-1)), "division": "330402"}
	}), "registration_intervals"), []string{"/registration_intervals list_too_long"}},

	{"agent", put(agent, "agent"), nil},
	{"agent without anything", put(object{}, "agent"), []string{"/agent/citizen_id required", "/agent/full_name required", "/agent/relation required"}},
	{"agent's check character", put(object{"citizen_id": "340102196208110052", "full_name": "欧阳建国", "relation": "guardian"}, "agent"), []string{"/agent/citizen_id citizen_id_check"}},
	{"agent is the applicant", put(object{"citizen_id": "340102199003071224", "full_name": "欧阳𠮷·买买提", "relation": "guardian"}, "agent"), []string{"/agent/citizen_id agent_is_applicant"}},
	{"agent's relation", put(object{"citizen_id": "340102196208110051", "full_name": "欧阳建国", "relation": "friend"}, "agent"), []string{"/agent/relation relation_unknown"}},
	{"special provision", put("celebrity", "special_provision"), []string{"/special_provision special_provision_unknown"}},

	{"material kind", put("劳动合同", "materials", 0, "kind"), []string{"/materials/0/kind material_kind_form"}},
	{"material name with the applicant's", put("欧阳𠮷·买买提-合同.pdf", "materials", 0, "name"), []string{"/materials/0/name personal_data"}},
	{"material name with the phone", put("13957300001.pdf", "materials", 0, "name"), []string{"/materials/0/name personal_data"}},
	{"material address with the citizen id, escaped", put("s3://m/%33%34%30%31%30%32199003071224.pdf", "materials", 0, "uri"), []string{"/materials/0/uri personal_data"}},
	{"material of no bytes", put(0, "materials", 0, "size"), []string{"/materials/0/size size_range"}},
	{"material too large", put(1<<30+1, "materials", 0, "size"), []string{"/materials/0/size size_range"}},
	{"material hash in upper case", put(strings.Repeat("A", 64), "materials", 0, "sha256"), []string{"/materials/0/sha256 sha256_form"}},
	{"material by file", put("file:///etc/passwd", "materials", 0, "uri"), []string{"/materials/0/uri uri_form"}},
	{"material by ftp", put("ftp://host/a.pdf", "materials", 0, "uri"), []string{"/materials/0/uri uri_scheme"}},
	{"material by path", put("2024/07/a.pdf", "materials", 0, "uri"), []string{"/materials/0/uri uri_form"}},
	{"material with a signed address", put("https://host/a.pdf?Signature=x", "materials", 0, "uri"), []string{"/materials/0/uri uri_form"}},
	{"material with a password", put("https://u:p@host/a.pdf", "materials", 0, "uri"), []string{"/materials/0/uri uri_form"}},
	{"material twice", func(m object) {
		v := m["materials"].([]any)
		m["materials"] = append(v, v[0])
	}, []string{"/materials/1 duplicate_item"}},
	{"too many materials", put(many(101, func(i int) any {
		return object{"kind": "identity", "name": "a.pdf", "size": 1, "sha256": hex64(i), "uri": "s3://m/a"}
	}), "materials"), []string{"/materials list_too_long"}},

	{"unknown key", put("x", "nickname"), []string{"/nickname unknown_key"}},
	{"key in another case", func(m object) { m["Sex"] = m["sex"]; delete(m, "sex") }, []string{"/Sex key_case"}},
	{"null", func(m object) { m["agent"] = json.RawMessage("null") }, []string{"/agent null_value"}},
	{"employment is a text", put("labour_contract", "employment"), []string{"/employment wrong_type"}},
	{"rental is a text", put("other", "rental"), []string{"/rental wrong_type"}},
	{"size with a fraction", put(1.5, "materials", 0, "size"), []string{"/materials/0/size number_not_integer"}},
	{"size beyond 64 bits", func(m object) { put(json.RawMessage("99999999999999999999"), "materials", 0, "size")(m) }, []string{"/materials/0/size number_range"}},
	{"empty name", put("", "full_name"), []string{"/full_name empty_string"}},

	{"several at once", func(m object) {
		m["citizen_id"], m["sex"], m["age"] = "340102199003071225", "1", 34
		delete(m, "current_address")
		put("2024-02-30", "declaration", "date")(m)
	}, []string{"/age unknown_key", "/declaration/date date_impossible", "/citizen_id citizen_id_check", "/sex sex_mismatch", "/current_address required"}},
}

var supplementFaults = []faultCase{
	{"nothing", put(nil, "materials"), []string{" supplement_empty"}},
	{"as it is", func(object) {}, nil},
	{"number missing", put(nil, "supplement_no"), []string{"/supplement_no required"}},
	{"phone alone", func(m object) {
		delete(m, "materials")
		m["contact_phone"] = object{"number": "13957300002", "source": "applicant", "consent_at": "2024-07-04T09:29:00+08:00"}
	}, nil},
	{"agent's relation", put(object{"citizen_id": "340102196208110051", "full_name": "欧阳建国", "relation": "friend"}, "agent"), []string{"/agent/relation relation_unknown"}},
	{"text without other", put(object{"rental": "x"}, "other_text"), []string{"/other_text/rental other_text_unticked"}},
	{"full name is not corrected here", put("张三", "full_name"), []string{"/full_name unknown_key"}},
}

var withdrawalFaults = []faultCase{
	{"as it is", func(object) {}, nil},
	{"nothing", func(m object) { clear(m) }, []string{"/withdrawal_no required", "/reason required"}},
	{"reason", put("bored", "reason"), []string{"/reason withdrawal_reason_unknown"}},
}

func newSupplement() object {
	return object{"supplement_no": "BZ-1", "materials": []any{object{"kind": "lease_contract", "name": "lease.pdf", "size": 10, "sha256": hex64(1), "uri": "s3://m/1"}}}
}

func newWithdrawal() object { return object{"withdrawal_no": "CH-1", "reason": "left_county"} }

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// runFaults runs a table and collects the codes that it brought up.
func runFaults(t *testing.T, reached map[string]bool, body string, cases []faultCase, decode func(*testing.T, func(object)) *problem.List) {
	for _, tc := range cases {
		t.Run(body+"/"+tc.name, func(t *testing.T) {
			list := decode(t, tc.change)
			if diff := cmp.Diff(tc.want, found(list)); diff != "" {
				t.Errorf("faults (-want +got)\n%s", diff)
			}
			for _, code := range list.Codes() {
				reached[code] = true
			}
		})
	}
}

func TestFaults(t *testing.T) {
	reached := make(map[string]bool)
	runFaults(t, reached, "application", applicationFaults, func(t *testing.T, change func(object)) *problem.List {
		_, list := DecodeApplication(edited(t, change), testChecks)
		return list
	})
	runFaults(t, reached, "supplement", supplementFaults, func(t *testing.T, change func(object)) *problem.List {
		m := newSupplement()
		change(m)
		_, list := DecodeSupplement(encode(t, m), testChecks)
		return list
	})
	runFaults(t, reached, "withdrawal", withdrawalFaults, func(t *testing.T, change func(object)) *problem.List {
		m := newWithdrawal()
		change(m)
		_, list := DecodeWithdrawal(encode(t, m), testChecks)
		return list
	})
	// What no edit of a JSON value can bring about.
	for _, raw := range []string{"", "{", "{} {}", strings.Repeat("[", 20), "{\"sex\":\"\xff\"}", `{"sex":"1","sex":"2"}`} {
		_, list := DecodeApplication([]byte(raw), testChecks)
		for _, code := range list.Codes() {
			reached[code] = true
		}
	}
	// These are the HTTP interface's; TestEnvelope brings them about.
	for _, c := range []problem.Code{strictjson.TooLarge, strictjson.MediaType, strictjson.ReadFailed} {
		reached[c.Name] = true
	}
	for _, c := range Codes() {
		if !reached[c.Name] {
			t.Errorf("no case brings up %s", c.Name)
		}
		delete(reached, c.Name)
	}
	for code := range reached {
		t.Errorf("%s is not in the table of codes", code)
	}
}

func TestCodesAreStable(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Name] {
			t.Errorf("%s stands twice", c.Name)
		}
		seen[c.Name] = true
		if c.ZH == "" || c.EN == "" || c.Status < 400 || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Errorf("%s: status %d, texts %q, %q", c.Name, c.Status, c.ZH, c.EN)
		}
	}
}

func TestTables(t *testing.T) {
	if n := len(ethnicGroups()); n != 58 {
		t.Errorf("ethnic groups: got %d, want 56 and 97, 98", n)
	}
	if n := len(provinces()); n != 35 {
		t.Errorf("provinces: got %d, want 34 and 83", n)
	}
}
