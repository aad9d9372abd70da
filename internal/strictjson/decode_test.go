package strictjson

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/problem"
)

type leaf struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

type body struct {
	Sex    string   `json:"sex,omitempty"`
	Count  int64    `json:"count,omitempty"`
	Ticked bool     `json:"ticked,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	Leaf   leaf     `json:"leaf,omitzero"`
	Opt    *leaf    `json:"opt,omitempty"`
	Leaves []leaf   `json:"leaves,omitempty"`
}

// found renders faults as "pointer code".
func found(list *problem.List) []string {
	var out []string
	for _, f := range list.Faults() {
		out = append(out, f.Pointer+" "+f.Code)
	}
	return out
}

func TestDecodeFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                {"", []string{" body_empty"}},
		"white space":            {" \n\t", []string{" body_empty"}},
		"cut off":                {`{"sex":"1"`, []string{" json_syntax"}},
		"single quotes":          {`{'sex':'1'}`, []string{" json_syntax"}},
		"comment":                {`{"sex":"1"/**/}`, []string{" json_syntax"}},
		"leading zero":           {`{"count":01}`, []string{" json_syntax"}},
		"raw control":            {"{\"sex\":\"\x01\"}", []string{" json_syntax"}},
		"byte order mark":        {"\ufeff{}", []string{" json_syntax"}},
		"two documents":          {`{"sex":"1"} {"sex":"2"}`, []string{" trailing_data"}},
		"trailing brace":         {`{"sex":"1"}}`, []string{" trailing_data"}},
		"deep":                   {strings.Repeat("[", 17) + strings.Repeat("]", 17), []string{" nesting_too_deep"}},
		"deep and never closed":  {strings.Repeat(`{"a":`, 5000), []string{" nesting_too_deep"}},
		"brackets in a string":   {`{"sex":"` + strings.Repeat("[{", 50) + `\""}`, nil},
		"array":                  {`[]`, []string{" wrong_type"}},
		"null document":          {`null`, []string{" wrong_type"}},
		"bad utf-8":              {"{\"sex\":\"\xff\"}", []string{"/sex invalid_utf8"}},
		"utf-8 of a surrogate":   {"{\"sex\":\"\xed\xa0\x80\"}", []string{"/sex invalid_utf8"}},
		"bad utf-8 in a key":     {"{\"leaf\":{\"\xff\":1}}", []string{"/leaf invalid_utf8"}},
		"lone high surrogate":    {`{"sex":"\ud842"}`, []string{"/sex invalid_utf8"}},
		"lone low surrogate":     {`{"sex":"\udfb7"}`, []string{"/sex invalid_utf8"}},
		"high, then text":        {`{"sex":"\ud842x"}`, []string{"/sex invalid_utf8"}},
		"high, escaped u":        {`{"sex":"\ud842\\udfb7"}`, []string{"/sex invalid_utf8"}},
		"pair":                   {`{"sex":"\ud842\udfb7"}`, nil},
		"escaped backslash":      {`{"sex":"\\ud842"}`, nil},
		"unknown":                {`{"age":3}`, []string{"/age unknown_key"}},
		"unknown with content":   {`{"age":{"a":[1,{"b":"]"}],"a":null}}`, []string{"/age unknown_key"}},
		"unknown inside":         {`{"opt":{"colour":"x"}}`, []string{"/opt/colour unknown_key"}},
		"pointer escapes":        {`{"a/b~c":1}`, []string{"/a~1b~0c unknown_key"}},
		"long key":               {`{"` + strings.Repeat("k", 65) + `":1}`, []string{" unknown_key"}},
		"case":                   {`{"Sex":"1"}`, []string{"/Sex key_case"}},
		"case by long s":         {`{"ſex":"1"}`, []string{"/ſex key_case"}},
		"escaped key is the key": {`{"\u0073ex":"1"}`, nil},
		"twice":                  {`{"sex":"1","sex":"2"}`, []string{"/sex duplicate_key"}},
		"twice by escape":        {`{"sex":"1","\u0073ex":"2"}`, []string{"/sex duplicate_key"}},
		"twice unknown":          {`{"a":1,"a":2}`, []string{"/a unknown_key"}},
		"twice and case":         {`{"sex":"1","SEX":"2"}`, []string{"/SEX key_case"}},
		"null":                   {`{"sex":null,"opt":null,"tags":null,"count":null}`, []string{"/sex null_value", "/opt null_value", "/tags null_value", "/count null_value"}},
		"null item":              {`{"tags":["a",null]}`, []string{"/tags/1 null_value"}},
		"types":                  {`{"sex":1,"count":"1","ticked":0,"tags":{},"leaf":[],"opt":"x","leaves":[[]]}`, []string{"/sex wrong_type", "/count wrong_type", "/ticked wrong_type", "/tags wrong_type", "/leaf wrong_type", "/opt wrong_type", "/leaves/0 wrong_type"}},
		"fraction":               {`{"count":1.0}`, []string{"/count number_not_integer"}},
		"exponent":               {`{"count":1e3}`, []string{"/count number_not_integer"}},
		"too large":              {`{"count":9223372036854775808}`, []string{"/count number_range"}},
		"too small":              {`{"leaf":{"size":-9223372036854775809}}`, []string{"/leaf/size number_range"}},
		"empty text":             {`{"sex":"","tags":[""]}`, []string{"/sex empty_string", "/tags/0 empty_string"}},
		"all at once":            {"{\"sex\":null,\"Tags\":[],\"leaves\":[{\"name\":\"\xff\"},{\"size\":1.5,\"x\":0}]}", []string{"/sex null_value", "/Tags key_case", "/leaves/0/name invalid_utf8", "/leaves/1/size number_not_integer", "/leaves/1/x unknown_key"}},
	} {
		t.Run(name, func(t *testing.T) {
			var list problem.List
			Decode([]byte(tc.in), new(body), &list)
			if diff := cmp.Diff(tc.want, found(&list)); diff != "" {
				t.Errorf("faults (-want +got)\n%s", diff)
			}
		})
	}
}

func TestFirstOfTwoIsKept(t *testing.T) {
	var list problem.List
	var b body
	Decode([]byte(`{"sex":"1","sex":"2"}`), &b, &list)
	if b.Sex != "1" {
		t.Errorf("sex: got %q, want that of the first key", b.Sex)
	}
}

func TestCaseVariantIsNotMissingAsWell(t *testing.T) {
	var list problem.List
	Decode([]byte(`{"leaf":{"NAME":"x"}}`), new(body), &list)
	list.Need("/leaf/name", "")
	if diff := cmp.Diff([]string{"/leaf/NAME key_case"}, found(&list)); diff != "" {
		t.Errorf("faults (-want +got)\n%s", diff)
	}
}

// FuzzDecode holds the strict reader against encoding/json: what it passes reads the same there and survives a round trip; what it
// refuses has at least one fault.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"sex":"\ud842\udfb7","count":-3,"ticked":true,"tags":["a","b\n"],"leaf":{"name":"n","size":1},"opt":{"name":"o","size":2},"leaves":[{"name":"p","size":3}]}`,
		`{}`, `{"tags":[]}`, `{"sex":"\ud842"}`, `{"count":1e2}`, `{"Sex":"1"}`, `{"sex":"1","sex":"2"}`, "{\"sex\":\"\xff\"}", `{"a":[{"b":"}"}]}`, `{`, `{} x`, ` [1]`,
		`{"ticked":false,"leaf":{"size":0,"name":"\\\"\/"}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var list problem.List
		var got, want, again body
		ok := Decode(raw, &got, &list)
		if !ok && list.Empty() {
			t.Fatal("refused without a fault")
		}
		if !list.Empty() {
			return
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("passed what encoding/json refuses: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("against encoding/json (-want +got)\n%s", diff)
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		b2, err := json.Marshal(again)
		if err != nil || string(b2) != string(b) {
			t.Fatalf("round trip: %s, then %s (%v)", b, b2, err)
		}
	})
}

func TestReadBody(t *testing.T) {
	for name, tc := range map[string]struct {
		header http.Header
		body   string
		want   []string
	}{
		"json":               {http.Header{"Content-Type": {"application/json"}}, "{}", nil},
		"json, utf-8":        {http.Header{"Content-Type": {"application/json; charset=UTF-8"}}, "{}", nil},
		"no type":            {http.Header{}, "{}", []string{" media_type"}},
		"form":               {http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "{}", []string{" media_type"}},
		"gbk":                {http.Header{"Content-Type": {"application/json; charset=gbk"}}, "{}", []string{" media_type"}},
		"gzip":               {http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, "{}", []string{" media_type"}},
		"as large as it may": {http.Header{"Content-Type": {"application/json"}}, strings.Repeat("x", 64), nil},
		"larger":             {http.Header{"Content-Type": {"application/json"}}, strings.Repeat("x", 65), []string{" body_too_large"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tc.body))
			r.Header = tc.header
			var list problem.List
			got := ReadBody(httptest.NewRecorder(), r, 64, time.Second, &list)
			if diff := cmp.Diff(tc.want, found(&list)); diff != "" {
				t.Errorf("faults (-want +got)\n%s", diff)
			}
			if tc.want == nil && string(got) != tc.body {
				t.Errorf("body: got %q", got)
			}
		})
	}
}

func TestReadBodyCutOff(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("{}"))))
	r.Header.Set("Content-Type", "application/json")
	var list problem.List
	ReadBody(httptest.NewRecorder(), r, 64, time.Second, &list)
	if diff := cmp.Diff([]string{" body_incomplete"}, found(&list)); diff != "" {
		t.Errorf("faults (-want +got)\n%s", diff)
	}
}
