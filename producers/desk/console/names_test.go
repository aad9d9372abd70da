package console

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"permithub/deploy/divisions"
	"permithub/internal/casework"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// codesOf reads the constants of a source file that a pattern finds.
func codesOf(t *testing.T, file, pattern string, least int) []string {
	t.Helper()
	source, err := os.ReadFile("../../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1) {
		out = append(out, m[1])
	}
	if len(out) < least {
		t.Fatalf("%s: found %d codes", file, len(out))
	}
	return out
}

// Every code that a page may show has a Chinese and an English name: stages, events, types, channels, conditions, reasons, items, and whatever a
// sheet says in words.
func TestEveryCodeHasBothNames(t *testing.T) {
	names := map[string]string{} // by code
	for _, s := range codesOf(t, "schemas/transition.go", `Stage\w+\s+Stage = "(\w+)"`, 17) {
		names[s] = schemas.Stage(s).Name()
	}
	for _, e := range codesOf(t, "schemas/transition.go", `\tEv\w+\s+= "(\w+)"`, 30) {
		if names["event "+e] = schemas.EventName(e); schemas.EventName(e) == e {
			t.Errorf("event %s has no Chinese name", e)
		}
	}
	for _, r := range []schemas.RecognitionType{schemas.ExistingPermit, schemas.RegistrationTime} {
		names[string(r)] = typeNames[r]
	}
	for _, c := range []schemas.Channel{schemas.Online, schemas.Window} {
		names[string(c)] = channelNames[c]
	}
	for _, group := range []string{"employment", "residence", "rental", "schooling"} {
		for _, k := range schemas.ConditionsOf(group) {
			names[string(k)] = k.Name()
		}
	}
	for _, r := range casework.Reasons() {
		names[r.Code] = r.Text
	}
	for _, item := range []string{casework.ItemCondition, casework.ItemAgent, "material:identity", "material:special_provision"} {
		names[item] = casework.ItemText(item)
	}
	for _, term := range timeline.Terms() {
		names["term "+term] = term
	}
	for _, q := range worklist.Queues() {
		names["queue "+string(q)] = queueNames[q]
	}
	for _, r := range desk.Roles() {
		names["role "+string(r)] = roleNames[r]
	}
	for _, k := range actOrder {
		names["act "+string(k)] = actNames[k]
	}
	for _, d := range worklist.Dues() {
		names["due "+string(d)] = dueNames[d]
	}
	for _, k := range worklist.OverrideKinds() {
		names["override "+string(k)] = overrideNames[k]
	}
	for way, name := range wayNames {
		names["way "+string(way)] = name
	}
	for _, r := range casework.Revocations() {
		names[r.Code] = r.Text
	}
	for _, r := range desk.Rejections() {
		if en := english.rejection(r.Name); chinese.rejection(r.Name) != r.ZH || en != r.EN || han.MatchString(en) {
			t.Errorf("rejection %s: %q, %q", r.Name, chinese.rejection(r.Name), en)
		}
	}
	for _, table := range []map[string]string{findingNames, permitNames} {
		for code, name := range table {
			names["code "+code] = name
		}
	}
	for _, f := range failures {
		names["failure "+f.text] = f.text
	}
	for _, word := range []string{"男", "女", "监护人", "近亲属", "投资创业", "引进人才", "合法稳定就业", "合法稳定住所", "居住出租房屋", "连续就读", "未申报", "无记录", "已申报", "已证实", "不符",
		"退回窗口（受理）", "退回审核", "听证", "检验检测", "鉴定", "专家评审", "案件在“%s”环节，不能作此办理", "“%s”的证明材料"} {
		names["word "+word] = word
	}
	for code, zh := range names {
		en, ok := englishTexts[zh]
		if zh == "" || !ok || han.MatchString(en) {
			t.Errorf("%s: Chinese %q, English %q", code, zh, en)
		}
		if strings.Count(zh, "%s") != strings.Count(en, "%s") || strings.Count(zh, "%d") != strings.Count(en, "%d") {
			t.Errorf("%s: %q has other gaps than %q", code, en, zh)
		}
	}
	for _, town := range divisions.Townships() {
		if chinese.town(town.Code) != town.Name || english.town(town.Code) != town.English {
			t.Errorf("%s: %s, %s", town.Code, chinese.town(town.Code), english.town(town.Code))
		}
	}
}

var (
	han = regexp.MustCompile(`\p{Han}+`)
	tag = regexp.MustCompile(`<[^>]*>`)
	// What stays as it is: masked names, officers, the citation of a clause, the day-by-day count as permithub deadline prints it, and the button
	// that leads to the Chinese page.
	kept = regexp.MustCompile(`(?s)<pre tabindex="0">.*?</pre>|<td>[^<]*(?:条例|盐政办发)[^<]*</td>|官\d+|张\*+|短信 N\d|（行政许可法[^）]*）(?:项）)?|（签发后的证号）|中文`)
)

// An English page has no Chinese in it but what is data.
func TestEnglishPagesAreEnglish(t *testing.T) {
	b, _ := supervised(t)
	no := b.submit(t, "330106197203030442"[:17]+"0", "english")
	read := func(br *browser, what string, got reply) {
		t.Helper()
		if got.status != 200 || !strings.Contains(got.body, `lang="en"`) {
			t.Fatalf("%s: %d", what, got.status)
		}
		left := tag.ReplaceAllString(kept.ReplaceAllString(got.body, ""), "\n")
		var found []string
		for _, line := range strings.Split(left, "\n") {
			if han.MatchString(line) && !slices.Contains(found, strings.TrimSpace(line)) {
				found = append(found, strings.TrimSpace(line))
			}
		}
		if len(found) > 0 {
			t.Errorf("%s: %q", what, found)
		}
	}
	clerk := b.as(t, "1009")
	clerk.post("/language", url.Values{"to": {"en"}})
	read(clerk, "list", clerk.get("/cases?queue=all"))
	read(clerk, "case", clerk.get("/cases/"+no))
	read(clerk, "preview", clerk.post("/cases/"+no+"/preview", clerk.form(no, "accept", nil)))
	clerk.post("/cases/"+no+"/act", clerk.form(no, "request_supplement", url.Values{"items": {"condition", "material:labour_contract"}, "opinion": {"x"}}))
	read(clerk, "case that waits for a supplement", clerk.get("/cases/"+no))
	read(clerk, "case that was not acted upon", clerk.get("/cases/"+no+"?refused=stage_under_review"))
	cases, _, err := b.hub.list.List(t.Context(), worklist.Filter{}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases { // one is late
		read(clerk, "case "+string(cases[i].Stage), clerk.get("/cases/"+cases[i].ApplicationNo))
	}
	supervisor := b.as(t, "1004")
	supervisor.post("/language", url.Values{"to": {"en"}})
	ended := b.issued(t, "330106197203030771")
	read(supervisor, "case whose permit can be revoked", supervisor.get("/cases/"+ended))
	propose := supervisor.form(ended, "propose_revocation", url.Values{"ground": {schemas.RevokedFraud}, "opinion": {"x"}})
	read(supervisor, "preview of a proposal", supervisor.post("/cases/"+ended+"/preview", propose))
	supervisor.post("/cases/"+ended+"/act", propose)
	read(supervisor, "case that waits for the second officer", supervisor.get("/cases/"+ended))
	read(supervisor, "revocations", supervisor.get("/revocations"))
	read(supervisor, "case that was not acted upon", supervisor.get("/cases/"+ended+"?refused=version_changed&since=2"))
	approver := b.as(t, "1003")
	approver.post("/language", url.Values{"to": {"en"}})
	confirm := approver.form(ended, "confirm_revocation", url.Values{"notice_no": {"1"}})
	read(approver, "preview of a revocation", approver.post("/cases/"+ended+"/preview", confirm))
	approver.post("/cases/"+ended+"/act", confirm)
	read(approver, "case that was revoked", approver.get("/cases/"+ended))
	numbers := b.forApproval(t, 2)
	for _, no := range numbers {
		approver.get("/cases/" + no)
	}
	b.touch(numbers[1])
	read(approver, "bulk", approver.get("/bulk"))
	read(approver, "confirmation of a bulk", approver.post("/bulk/confirm", url.Values{"no": numbers}))
	approver.post("/bulk/start", url.Values{"no": numbers})
	read(approver, "bulk under way", approver.get("/bulk/run"))
	approver.post("/bulk/stop", nil)
	read(approver, "bulk stopped", approver.get("/bulk/run"))
	approver.post("/bulk/continue", nil)
	approver.post("/bulk/step", nil)
	read(approver, "bulk finished", approver.get("/bulk/run"))
	read(supervisor, "supervision", supervisor.get("/supervision"))
	read(supervisor, "password", supervisor.get("/password"))
}

// Every text of the pages and tables has an English one.
func TestEveryTextIsTranslated(t *testing.T) {
	texts := map[string]bool{}
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile(`\{\{t "([^"]+)"\}\}`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(b), -1) {
			texts[m[1]] = true
		}
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	inGo := regexp.MustCompile(`(?:lang\.text\(|Text: |notice\{|nward\((?:v\.)?w, (?:v\.)?r, |v\.show\("[a-z]+", |Title: )"([^"a-z]+)"`)
	for _, f := range sources {
		b, err := os.ReadFile(f)
		if err != nil || strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range inGo.FindAllStringSubmatch(string(b), -1) {
			texts[m[1]] = true
		}
	}
	for text := range texts {
		if _, ok := englishTexts[text]; !ok {
			t.Errorf("no English for %q", text)
		}
	}
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	br.post("/language", url.Values{"to": {"en"}})
	if page := br.get("/cases/" + no).body; !strings.Contains(page, `lang="en"`) || !strings.Contains(page, "Time left") && !strings.Contains(page, "Waiting") {
		t.Error("the page is not English")
	}
	br.post("/language", url.Values{"to": {"<script>"}})
	if page := br.get("/cases").body; !strings.Contains(page, `lang="zh-CN"`) {
		t.Error("an unknown language is not Chinese")
	}
}

func TestRejectionsOfAStage(t *testing.T) {
	if got := chinese.rejection("stage_under_review"); got != "案件在“审核”环节，不能作此办理" {
		t.Errorf("got %s", got)
	}
	if got := english.rejection("stage_under_review"); got != "Not possible while the case is in: Review" {
		t.Errorf("got %s", got)
	}
	if got := chinese.rejection("<script>"); got != "操作未被接受" {
		t.Errorf("got %s", got)
	}
}
