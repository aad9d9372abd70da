package deadletter

import (
	"strings"
	"testing"

	"permithub/schemas"
)

// The list and the hub's own check agree on what is right; the list names every fault, in words of both languages, without quoting a value.
func TestFaultsAgreeWithTheHubsCheck(t *testing.T) {
	for name, value := range samples(t) {
		faults := faultsOf(schemas.TopicCaseInput, value)
		if (schemas.Check(schemas.TopicCaseInput, value) == nil) != faults.Empty() {
			t.Errorf("%s: %+v", name, faults.Faults())
		}
		for _, f := range faults.Faults() {
			if f.MessageZH == "" || f.MessageEN == "" || strings.Contains(f.MessageZH, "不符合规定") {
				t.Errorf("%s: %s has no words: %s", name, f.Pointer, f.MessageZH)
			}
		}
	}
}

func TestFaultsInWords(t *testing.T) {
	for name, tc := range map[string]struct{ value, want string }{
		"empty":    {" ", " 没有内容"},
		"cut off":  {"{\n  \"input_id\": \"", " 不是完整的 JSON：第 2 行第 15 字节处无法解析"},
		"comma":    {`{"kind":"withdrawal",}`, " 不是完整的 JSON：第 1 行第 22 字节处无法解析"},
		"two":      {"{}\n{}", " 不是完整的 JSON：第 2 行第 0 字节处无法解析"},
		"not one":  {`[]`, " 类型不符，应为 对象"},
		"too much": {strings.Repeat(" ", maxValue) + "{}", " 内容超过 1 MiB"},
		"several": {`{"input_id":"7","kind":"gift","dossier_id":7,"application_no":"7","source":"a","received_at":"2026-03-02T10:00:00+08:00"}`,
			"/application_no 申请编号：格式不符，应符合 ^[A-Z2-7]{16}[0-9A-Z]$ | /body_hash 内容摘要：缺少这一项 | /dossier_id 个人档案编号：类型不符，应为 文本 | " +
				"/input_id 输入编号：格式不符，应符合 ^[0-9a-f]{32}$ | /kind 输入类型：应为下列之一："},
	} {
		var got []string
		for _, f := range faultsOf(schemas.TopicCaseInput, []byte(tc.value)).Faults() {
			got = append(got, f.Pointer+" "+f.MessageZH)
		}
		if all := strings.Join(got, " | "); !strings.HasPrefix(all, tc.want) || len(got) != 1+strings.Count(tc.want, " | ") {
			t.Errorf("%s:\ngot  %s\nwant %s", name, all, tc.want)
		}
	}
}

func FuzzRepair(f *testing.F) {
	original := []byte(`{"input_id":"0123456789abcdef0123456789abcdef","person":{"full_name":"王小明"}}`)
	f.Add(original, []byte(`{"person":{"full_name":"●1"}}`))
	for _, value := range samples(f) {
		f.Add(value, value)
	}
	f.Fuzz(func(t *testing.T, original, edited []byte) {
		d := schemas.DeadLetter{Topic: schemas.TopicCaseInput, Key: "3ZCLYTDTCLFJ"}
		whole, faults := Mask(d.Topic, original).Unmask(edited)
		if faults.Empty() && checkRepair(&d, original, whole, testToken).Empty() {
			if _, err := schemas.AdmitInput(whole); err != nil {
				t.Errorf("a repair that nothing is wrong with is not admitted: %v", err)
			}
		}
	})
}
