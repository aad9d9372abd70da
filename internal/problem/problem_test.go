package problem

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	unreadable = Syntax("unreadable", "无法读取", "unreadable")
	wrong      = Content("wrong", "有误", "wrong")
)

func TestListStatusAndBlocks(t *testing.T) {
	var l List
	l.Add("/a", wrong)
	l.Block("/a")
	l.Add("/a", wrong)
	l.Add("/a/0/b", wrong)
	l.Add("/ab", unreadable)
	l.Add("/c", wrong)
	var got []string
	for _, f := range l.Faults() {
		got = append(got, f.Pointer+" "+f.Code)
	}
	if diff := cmp.Diff([]string{"/a wrong", "/ab unreadable", "/c wrong"}, got); diff != "" {
		t.Errorf("faults (-want +got)\n%s", diff)
	}
	if p := l.Problem(); p.Status != http.StatusBadRequest || p.Type != "urn:permithub:problem:unreadable-body" {
		t.Errorf("problem: got %d %s, want the 400 of the worst fault", p.Status, p.Type)
	}
}

func TestListBlockOfTheWholeBody(t *testing.T) {
	var l List
	l.Block("")
	l.Add("/a", wrong)
	if !l.Empty() {
		t.Error("a fault below a blocked body was listed")
	}
}

func TestListIsBounded(t *testing.T) {
	var l List
	for range MaxFaults + 7 {
		l.Add("/a", wrong)
	}
	p := l.Problem()
	if len(p.Faults) != MaxFaults || p.Omitted != 7 || len(l.Codes()) != MaxFaults+7 {
		t.Errorf("got %d listed, %d omitted, %d counted", len(p.Faults), p.Omitted, len(l.Codes()))
	}
}

func TestReplace(t *testing.T) {
	var l List
	l.Add("/a", wrong)
	l.Add("/b", wrong)
	l.Replace("/b", wrong, unreadable)
	if diff := cmp.Diff([]string{"wrong", "unreadable"}, l.Codes()); diff != "" {
		t.Errorf("codes (-want +got)\n%s", diff)
	}
}

func TestText(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"plain":                   {"张三", nil},
		"extension B":             {"𠮷田", nil},
		"compatibility ideograph": {"\uFA19木", nil},
		"private use":             {"王\uE863", nil},
		"variation sequence":      {"葛\U000E0100", nil},
		"middle dot":              {"阿卜杜拉·买买提", nil},
		"as long as it may":       {strings.Repeat("𠮷", 10), nil},
		"too long":                {strings.Repeat("𠮷", 11), []string{"too_long"}},
		"control":                 {"张\u0007三", []string{"control_character"}},
		"line feed":               {"张\n三", []string{"control_character"}},
		"bidi override":           {"张\u202e三", []string{"control_character"}},
		"zero width":              {"张\u200b三", []string{"control_character"}},
		"replacement":             {"张\ufffd", []string{"replacement_character"}},
		"noncharacter":            {"张\ufffe", []string{"replacement_character"}},
		"spaces around":           {" 张三\u3000", []string{"surrounding_space"}},
		"everything":              {" \u0001\ufffd" + strings.Repeat("x", 10), []string{"too_long", "control_character", "replacement_character", "surrounding_space"}},
	} {
		t.Run(name, func(t *testing.T) {
			var l List
			l.Text("/name", tc.in, 10)
			if diff := cmp.Diff(tc.want, l.Codes()); diff != "" {
				t.Errorf("codes (-want +got)\n%s", diff)
			}
		})
	}
}

func TestMatchAndOneOf(t *testing.T) {
	var l List
	form := regexp.MustCompile(`^[a-z]+$`)
	for _, s := range []string{"", "ab", "a1"} {
		l.Match("/match/"+s, s, form, wrong)
		l.OneOf("/one/"+s, s, wrong, "ab", "c")
	}
	var got []string
	for _, f := range l.Faults() {
		got = append(got, f.Pointer)
	}
	if diff := cmp.Diff([]string{"/match/a1", "/one/a1"}, got); diff != "" {
		t.Errorf("faults (-want +got)\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	var l List
	l.Add("/a/b", TooLong, 10)
	w := httptest.NewRecorder()
	l.Problem().RetryIn(1200 * time.Millisecond).Write(w)
	if w.Code != http.StatusUnprocessableEntity || w.Header().Get("Content-Type") != ContentType || w.Header().Get("Retry-After") != "2" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "urn:permithub:problem:invalid-body", "title": "提交的内容有误", "title_en": "The body has faults", "status": 422.0,
		"detail": "共发现 1 处问题，已一次性列出，请全部更正后重新提交", "detail_en": "faults found: 1, all listed at once; correct them and send again",
		"problems": []any{map[string]any{"pointer": "/a/b", "code": "too_long", "message_zh": "长度不得超过 10 个字符", "message_en": "must be at most 10 characters"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got)\n%s", diff)
	}
}
