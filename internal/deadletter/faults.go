package deadletter

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"permithub/internal/problem"
	"permithub/schemas"
)

// maxValue is the size of a content that no topic would take.
const maxValue = 1 << 20

// faultsOf lists everything that is wrong with a value of the topic by its form, each with its path; none of the messages quotes a value.
func faultsOf(topic string, value []byte) *problem.List {
	list := new(problem.List)
	if len(value) > maxValue {
		list.Add("", problem.Content("too_large", "内容超过 1 MiB", "the content is larger than 1 MiB"))
		return list
	}
	doc, err := parse(value)
	if err != nil {
		list.Add("", notJSON(value))
		return list
	}
	s := schemaOf(topic)
	if s == nil {
		return list
	}
	var invalid *jsonschema.ValidationError
	if errors.As(s.Validate(doc), &invalid) {
		var found []located
		leaves(s, invalid, &found)
		slices.SortStableFunc(found, func(a, b located) int {
			return cmp.Or(cmp.Compare(a.pointer, b.pointer), cmp.Compare(a.code.ZH, b.code.ZH))
		})
		for _, f := range found {
			list.Add(f.pointer, f.code)
		}
	}
	return list
}

// located is a fault before they are put in order: the validator ranges over maps.
type located struct {
	pointer string
	code    problem.Code
}

func parse(value []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

// notJSON says where the value stops being JSON.
func notJSON(value []byte) problem.Code {
	if len(bytes.TrimSpace(value)) == 0 {
		return problem.Content("empty", "没有内容", "there is no content")
	}
	end := int64(len(value))
	var syntax *json.SyntaxError
	d := json.NewDecoder(bytes.NewReader(value))
	var v json.RawMessage
	switch err := d.Decode(&v); {
	case err == nil:
		end = d.InputOffset() + 1
	case errors.As(err, &syntax):
		end = syntax.Offset
	}
	before := value[:min(end, int64(len(value)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - 1 - bytes.LastIndexByte(before, '\n')
	return problem.Content("not_json", fmt.Sprintf("不是完整的 JSON：第 %d 行第 %d 字节处无法解析", line, column), fmt.Sprintf("not JSON from line %d, byte %d on", line, column))
}

// leaves adds what a validation error ends in.
func leaves(s *jsonschema.Schema, e *jsonschema.ValidationError, found *[]located) {
	for _, cause := range e.Causes {
		leaves(s, cause, found)
	}
	if len(e.Causes) > 0 {
		return
	}
	if r, ok := e.ErrorKind.(*kind.Required); ok {
		for _, missing := range r.Missing {
			path := append(slices.Clone(e.InstanceLocation), missing)
			*found = append(*found, located{pointer(path), named(s, path, "required", "缺少这一项", "is missing")})
		}
		return
	}
	zh, en := words(e.ErrorKind)
	*found = append(*found, located{pointer(e.InstanceLocation), named(s, e.InstanceLocation, "schema", zh, en)})
}

// words says what a value should be.
func words(k jsonschema.ErrorKind) (zh, en string) {
	switch k := k.(type) {
	case *kind.Type:
		want := strings.Join(k.Want, ", ")
		return "类型不符，应为 " + strings.NewReplacer("string", "文本", "integer", "整数", "number", "数字", "boolean", "是/否", "object", "对象", "array", "列表").Replace(want), "should be of type " + want
	case *kind.Enum:
		var all []string
		for _, v := range k.Want {
			all = append(all, fmt.Sprint(v))
		}
		return "应为下列之一：" + strings.Join(all, "、"), "should be one of " + strings.Join(all, ", ")
	case *kind.Pattern:
		return "格式不符，应符合 " + k.Want, "should match " + k.Want
	case *kind.Format:
		return "不是有效的 " + k.Want, "is no valid " + k.Want
	case *kind.MinLength:
		return fmt.Sprintf("至少 %d 个字符", k.Want), fmt.Sprintf("needs at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("至多 %d 个字符", k.Want), fmt.Sprintf("has at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("至少 %d 项", k.Want), fmt.Sprintf("needs at least %d items", k.Want)
	case *kind.Minimum:
		return "不得小于 " + k.Want.RatString(), "is not below " + k.Want.RatString()
	case *kind.Maximum:
		return "不得大于 " + k.Want.RatString(), "is not above " + k.Want.RatString()
	}
	return "不符合规定", "is not as its schema says"
}

// named puts the Chinese name of the property before the message.
func named(s *jsonschema.Schema, path []string, code, zh, en string) problem.Code {
	if name := nameOf(at(s, path)); name != "" {
		zh = name + "：" + zh
	}
	return problem.Content(code, zh, en)
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(path []string) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteByte('/')
		_, _ = escapePointer.WriteString(&b, step)
	}
	return b.String()
}

// identity lists the properties by which an input is known again, and those that say who it is about and how a foreign system decided. What a
// repair may not change is each that the record had right.
var identity = [][]string{
	{"input_id"}, {"kind"}, {"dossier_id"}, {"person_token"}, {"application_no"}, {"source"}, {"received_at"}, {"body_hash"}, {"person", "citizen_id"},
	{"result", "effect_id"}, {"result", "status"}, {"attempt", "effect_id"}, {"attempt", "run"}, {"receipt", "effect_id"}, {"receipt", "delivered"},
	{"deadline", "clock"}, {"deadline", "rung"}, {"contradiction", "other_application_no"},
}

// checkRepair lists everything that keeps value from taking the place of the letter's content: form, and what may not change. Whoever repairs decides
// nothing: an officer's act is given again by the officer, and a submission stays about its person. Token is the person token of a citizen id.
func checkRepair(d *schemas.DeadLetter, original, value []byte, token func(citizenID string) string) *problem.List {
	list := faultsOf(d.Topic, value)
	repaired, err := parse(value)
	if err != nil {
		return list
	}
	s := schemaOf(d.Topic)
	before, _ := parse(original) // bytes that are no JSON have no ids but those of the headers
	wrong := map[string]bool{}
	if before != nil {
		for _, f := range faultsOf(d.Topic, original).Faults() {
			wrong[f.Pointer] = true
		}
	}
	for _, path := range identity {
		p := pointer(path)
		kept, known := get(before, path)
		if wrong[p] || known && !possible(path, kept, d.Key) {
			known = false
		}
		if !known && len(path) == 1 {
			kept, known = fromEnvelope(d, path[0])
			known = known && possible(path, kept, d.Key)
		}
		if now, ok := get(repaired, path); known && (!ok || now != kept) {
			list.Add(p, named(s, path, "identity_changed", "不得改变", "must stay as it is"))
		} else if !known && p == "/input_id" {
			list.Add(p, named(s, path, "identity_unknown", "原记录没有可辨认的编号，无法保证不重复办理；请来源重新提交", "the record has no id: let its source send it again"))
		}
	}
	if no, ok := get(repaired, []string{"application_no"}); ok && !possible([]string{"application_no"}, no, d.Key) {
		list.Add("/application_no", named(s, []string{"application_no"}, "application_no", "校验位有误，或不属于此档案", "has a wrong check character, or is of another file"))
	}
	if kind, _ := get(repaired, []string{"kind"}); kind == string(schemas.InputOfficerAction) {
		list.Add("/action", named(s, []string{"action"}, "officers_act", "经办人的操作不能代为修改，请经办人重新办理", "nobody else changes an officer's act: the officer gives it again"))
	}
	citizenID, _ := get(repaired, []string{"person", "citizen_id"})
	if of, ok := get(repaired, []string{"person_token"}); ok && of != token(fmt.Sprint(citizenID)) {
		list.Add("/person/citizen_id", named(s, []string{"person", "citizen_id"}, "person_changed", "不是此档案的本人", "is not the person of this file"))
	}
	if got, _ := get(repaired, []string{"dossier_id"}); got != d.Key {
		list.Add("/dossier_id", named(s, []string{"dossier_id"}, "key_changed", "与记录的键不一致", "differs from the record's key"))
	}
	return list
}

// possible reports whether a value of the right form can be right too: no time that a broken clock gave, and no number of another file.
func possible(path []string, v any, key string) bool {
	text, _ := v.(string)
	switch path[0] {
	case "received_at":
		t, err := time.Parse(time.RFC3339, text)
		return err == nil && t.Year() >= 2000 && t.Year() < 3000
	case "application_no":
		dossier, err := schemas.DossierOf(text)
		return err == nil && dossier == key
	}
	return true
}

// fromEnvelope returns what the record's headers say, where its value does not.
func fromEnvelope(d *schemas.DeadLetter, name string) (any, bool) {
	header := map[string]string{"input_id": "ce_id", "application_no": "ce_subject", "kind": "ce_type"}[name]
	value := headerOf(d.Headers, header)
	if name == "kind" { // cn.haiyan.permithub.input.withdrawal.v1
		_, value, _ = strings.Cut(strings.TrimSuffix(value, ".v1"), ".input.")
	}
	if value == "" || schemaOf(d.Topic) == nil || at(schemaOf(d.Topic), []string{name}).Validate(value) != nil {
		return nil, false
	}
	return value, true
}

// get returns the text, the number or the yes or no at the end of the path.
func get(v any, path []string) (any, bool) {
	for _, step := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[step]; !ok {
			return nil, false
		}
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return v, true
	}
	return nil, false
}
