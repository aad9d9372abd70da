package e2e

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/e2e/audit"
	"permithub/internal/config"
	"permithub/internal/demo"
	"permithub/internal/gateway"
	"permithub/schemas"
)

// mark is a personal text that no real set contains, with all the ways to write it that a leak may choose.
type mark struct {
	what  string
	forms []string
}

func newMark(what, text string) mark {
	sha, sha1, md5 := sha256.Sum256([]byte(text)), sha1.Sum([]byte(text)), md5.Sum([]byte(text))
	forms := []string{text, base64.StdEncoding.EncodeToString([]byte(text)), hex.EncodeToString([]byte(text)),
		hex.EncodeToString(sha[:]), hex.EncodeToString(sha1[:]), hex.EncodeToString(md5[:])}
	if quoted := strconv.QuoteToASCII(text); quoted != strconv.Quote(text) {
		forms = append(forms, strings.Trim(quoted, `"`), url.QueryEscape(text))
	}
	return mark{what, forms}
}

// marked is a set of made-up people whose every personal field is recognisable.
type marked struct {
	marks []mark
	n     int
}

func (m *marked) text(what, text string) string {
	m.marks = append(m.marks, newMark(what, text))
	return text
}

// citizen makes an id with the birth date of the given one, so that rules by age stay true.
func (m *marked) citizen(like string) string {
	first17 := "330106" + like[6:14] + fmt.Sprintf("%02d%c", 40+m.n, like[16])
	check, _ := schemas.CheckCitizenID(first17)
	return m.text("citizen id", first17+string(check))
}

// names are of characters that stand nowhere in the program's own texts.
var names = []string{"欧阳麒麟", "慕容饕餮", "司徒貔貅", "上官螭吻", "诸葛狻猊", "皇甫獬豸", "尉迟蒲牢", "公孙赑屃", "令狐睚眦", "东方囚牛", "西门嘲风", "南宫负屃", "端木椒图", "百里蚣蝮"}

func (m *marked) name() string { return m.text("name", names[m.n%len(names)]) }

// person gives a line another person, all of whose fields are marked.
func (m *marked) person(t *testing.T, l demo.Line) demo.Line {
	t.Helper()
	var app map[string]any
	if err := json.Unmarshal(l.Application, &app); err != nil {
		t.Fatal(err)
	}
	m.n++
	app["citizen_id"] = m.citizen(app["citizen_id"].(string))
	app["full_name"] = m.name()
	app["hukou_address"] = m.text("hukou address", fmt.Sprintf("蓬莱胡同%d号", 7000+m.n))
	app["current_address"] = m.text("current address", fmt.Sprintf("瑶池新村%d幢", 8000+m.n))
	app["source_application_no"] = fmt.Sprintf("PRIVACY-%03d", m.n)
	app["contact_phone"].(map[string]any)["number"] = m.text("phone", fmt.Sprintf("1987654%04d", m.n))
	app["declaration"].(map[string]any)["signature_evidence"] = m.text("signature", fmt.Sprintf("zlb-sign-private-%d", m.n))
	if a, ok := app["agent"].(map[string]any); ok {
		m.agent(a)
	}
	m.registration(t, &l)
	for i := range l.Script {
		m.supplement(t, &l.Script[i])
		m.remark(&l.Script[i])
	}
	var err error
	if l.Application, err = json.Marshal(app); err != nil {
		t.Fatal(err)
	}
	return l
}

func (m *marked) agent(a map[string]any) {
	m.n++
	a["citizen_id"], a["full_name"] = m.citizen(a["citizen_id"].(string)), m.text("agent's name", names[m.n%len(names)])
}

// registration makes the permits the new person's own.
func (m *marked) registration(t *testing.T, l *demo.Line) {
	t.Helper()
	if len(l.Registration) == 0 {
		return
	}
	var known map[string]any
	if err := json.Unmarshal(l.Registration, &known); err != nil {
		t.Fatal(err)
	}
	permits, _ := known["permits"].([]any)
	for _, p := range permits {
		p.(map[string]any)["permit_no"] = fmt.Sprintf("%vP%03d", p.(map[string]any)["permit_no"], m.n)
	}
	var err error
	if l.Registration, err = json.Marshal(known); err != nil {
		t.Fatal(err)
	}
}

// supplement marks what an applicant corrects.
func (m *marked) supplement(t *testing.T, a *demo.Act) {
	t.Helper()
	if len(a.Supplement) == 0 {
		return
	}
	var s map[string]any
	if err := json.Unmarshal(a.Supplement, &s); err != nil {
		t.Fatal(err)
	}
	if agent, ok := s["agent"].(map[string]any); ok {
		m.agent(agent)
	}
	m.n++
	s["contact_phone"] = map[string]any{"number": m.text("corrected phone", fmt.Sprintf("1987654%04d", m.n)), "source": "applicant", "consent_at": "2024-07-04T09:00:00+08:00"}
	var err error
	if a.Supplement, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
}

// remark marks what an officer writes: free text may name people.
func (m *marked) remark(a *demo.Act) {
	if a.Officer == "" {
		return
	}
	m.n++
	a.Opinion = m.text("opinion", fmt.Sprintf("麒麟阁%d号的租约已核对", 9000+m.n))
	if a.Override != "" {
		a.Override = m.text("override", fmt.Sprintf("琼楼%d室的原件模糊", 9000+m.n))
	}
	if a.NoticeNo != "" {
		a.NoticeNo = m.text("notice number", fmt.Sprintf("盐公（蓬莱）中止〔2024〕%d号", 9000+m.n))
	}
}

// titled finds a line of the built-in set.
func titled(t *testing.T, set []demo.Line, title string) demo.Line {
	t.Helper()
	for i := range set {
		if set[i].Title == title {
			return set[i]
		}
	}
	t.Fatalf("no line %q", title)
	return demo.Line{}
}

// with changes fields of a line's application.
func with(t *testing.T, l demo.Line, change map[string]any) demo.Line {
	t.Helper()
	var app map[string]any
	if err := json.Unmarshal(l.Application, &app); err != nil {
		t.Fatal(err)
	}
	maps.Copy(app, change)
	var err error
	if l.Application, err = json.Marshal(app); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestNothingPersonalGetsOut sends recognisable people down every path and then searches everything that is kept or shown. Personal data may
// stand in the person object of a record and in the bytes of a dead letter, nowhere else.
func TestNothingPersonalGetsOut(t *testing.T) {
	set, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	m := &marked{}
	var lines []demo.Line
	for _, title := range []string{
		"现有证件互认：劳动合同", "未满十六周岁，监护人代办", "补正租赁合同后签发", "儿童缺代办人，补正后签发", "三级人工审批", "因鉴定中止后恢复", "申请人撤回", "未满六个月（182天）", "海盐本地户口",
		"省平台拒绝签发：挂起待人工", "短信已发但应答丢失：凭回执确认，不重发", "未选互认类型", "签发后查明合同系伪造，两人撤销",
	} {
		lines = append(lines, m.person(t, titled(t, set, title)))
	}
	other := m.text("other text", "在瑶池边卖蟠桃为生")
	first := with(t, m.person(t, titled(t, set, "现有证件互认：劳动合同")), map[string]any{"employment": []string{"labour_contract", "other_employment"}, "other_text": map[string]any{"employment": other}})
	conflict := with(t, first, map[string]any{"hukou_address": m.text("another address", "方丈山9009号"), "full_name": m.text("another name", "太叔混沌")})
	conflict.Expect = &demo.Expect{HTTPStatus: http.StatusConflict}
	unread := m.person(t, titled(t, set, "现有证件互认：自购房屋"))
	unread.Faults = []demo.Fault{{System: "registration", Op: "query", Mode: "refuse", Code: "77", Times: 4}} // a code that nobody knows: it waits in a retry tier
	unread.Expect = nil
	wrong := with(t, m.person(t, titled(t, set, "公民身份号码校验码错")), map[string]any{"citizen_id": m.text("wrong citizen id", "330106199001014440")})
	lines = append(lines, first, conflict, wrong)

	in := install(t, startServers(t), append(slices.Clone(lines), unread), nil)
	hub := in.serve(t)
	for _, r := range in.send(t, lines, nil) {
		if !r.AsExpected() {
			b, _ := r.MarshalLine()
			t.Errorf("line %d did not come to what it expects:\n%s", r.Line, b)
		}
	}
	in.strangers(t, m)
	in.waits(t, unread)
	s := search{t: t, marks: m.marks}
	s.records(in)
	s.redis(in)
	s.folder(filepath.Join(in.dir, "archive"))
	s.guarded(filepath.Join(in.dir, "snapshots"))
	metrics := "http://" + hub.door(t, "metrics")["metrics"]
	s.text("metrics", body(t, metrics+"/metrics"))
	s.text("readiness", body(t, metrics+"/readyz"))
	s.text("board", body(t, metrics+"/board"))
	s.text("log of the hub", hub.said())
	in.mu.Lock()
	for _, no := range in.taken {
		s.text("timeline of "+no, in.run(t, "case", no))
		s.text("timeline of "+no+" as JSON", in.run(t, "case", "--json", no))
	}
	in.mu.Unlock()
	if line := body(t, metrics+"/metrics"); !strings.Contains(line, "\npermithub_log_redactions_total 0\n") {
		t.Error("the log's last guard had to mask something: a caller logs what is personal")
	}
	s.inside(in)
	t.Logf("%d marks searched for in %d texts, %d bytes", len(m.marks), s.texts, s.bytes)
}

// strangers knocks at every door with what must not be taken.
func (in *installation) strangers(t *testing.T, m *marked) {
	t.Helper()
	id, phone, name := m.text("citizen id in a path", "330106199001019993"), m.text("phone of a stray receipt", "19876549999"), m.text("name in a stray record", "轩辕穷奇")
	intake, desk, receipts := in.fronts["intake"].url(), in.fronts["desk"].url(), in.fronts["receipts"].url()
	token := config.DemoSecret("sms-receipts")
	in.knock(t, "GET", intake+"/v1/applications/"+id, "", true)
	in.knock(t, "GET", intake+"/v1/applications/"+id+"?name="+url.QueryEscape(name), "", false)
	in.knock(t, "POST", intake+"/v1/applications", `{"full_name":"`+name+`","citizen_id":"`+id+`","`+phone+`":1}`, true)
	in.knock(t, "POST", intake+"/v1/applications", `{"full_name":"`+name+`" broken `+id, true)
	in.knock(t, "POST", intake+"/v1/applications", `{"full_name":"`+name+`"}`, false)
	in.knock(t, "GET", desk+"/v1/cases/"+id, "", false)
	in.knock(t, "POST", desk+"/v1/cases/"+id+"/actions", `{"action":"`+name+`"}`, false)
	in.knock(t, "POST", receipts+"/v1/receipts/"+token, `[{"reportStatus":"CM:0000","mobile":"`+phone+`","submitDate":"20240704090000","receiveDate":"20240704090001","errorCode":"DELIVRD","msgGroup":"`+id+`"}]`, false)
	in.knock(t, "POST", receipts+"/v1/receipts/"+token, `[{"mobile":"`+phone+`" `+name, false)
	in.stray(t, "not JSON: "+name+" "+id)
	in.stray(t, `{"input_id":"1","kind":"submission","person":{"full_name":"`+name+`","citizen_id":"`+id+`"},"dossier_id":{}}`)
	eventually(t, "the stray records are dead letters", func() string {
		if n := len(in.read.copied(schemas.TopicDeadLetter)); n < 2 {
			return fmt.Sprintf("%d are", n)
		}
		return ""
	})
}

// knock makes one call, signed as a source where it says so, that must be refused or ignored.
func (in *installation) knock(t *testing.T, method, target, text string, signed bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if signed {
		s := in.doors.Sources[0]
		if err := gateway.Sign(req, s.AccessKey, s.Secret, in.doors.Now()); err != nil {
			t.Fatal(err)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusAccepted || res.StatusCode >= 500 {
		t.Errorf("%s %s answers %d", method, req.URL.Path, res.StatusCode)
	}
}

// strayKey is the Kafka key of what does not come from the hub.
const strayKey = "STRAY"

// stray puts bytes on case-input that no door of the hub wrote.
func (in *installation) stray(t *testing.T, text string) {
	t.Helper()
	r := &kgo.Record{Topic: in.prefix + "." + schemas.TopicCaseInput, Key: []byte(strayKey), Value: []byte(text)}
	if err := in.read.client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// waits sends an application whose look-up fails in an unknown way, until its order waits in the first retry tier.
func (in *installation) waits(t *testing.T, l demo.Line) {
	t.Helper()
	r := demo.Runner{Doors: in.doors, Watch: in.read.watch, Patience: look, Done: func(*demo.Result) {}}
	r.Run(t.Context(), []demo.Line{l})
	eventually(t, "a record waits in the retry tier", func() string {
		if len(in.read.copied(schemas.TopicRetry30s)) == 0 {
			return "none does"
		}
		return in.read.behind(t.Context())
	})
}

// search looks for the marks and counts what it looked at.
type search struct {
	t            *testing.T
	marks        []mark
	texts, bytes int
}

func (s *search) text(where, text string) {
	s.t.Helper()
	s.texts++
	s.bytes += len(text)
	for _, m := range s.marks {
		for _, f := range m.forms {
			if at := strings.Index(text, f); at >= 0 {
				s.t.Errorf("%s holds a %s: …%s…", where, m.what, strings.ToValidUTF8(text[max(0, at-80):min(len(text), at+len(f)+20)], ""))
			}
		}
	}
}

func (s *search) records(in *installation) {
	s.t.Helper()
	for _, topic := range schemas.Topics() {
		for _, r := range in.read.copied(topic.Name) {
			where := fmt.Sprintf("%s %d/%d", topic.Name, r.Partition, r.Offset)
			s.text(where+" key", r.Key)
			for k, v := range r.Headers {
				s.text(where+" header "+k, k+": "+v)
			}
			if topic.Name != schemas.TopicCaseInput || r.Key != strayKey {
				s.text(where+" value", outside(s.t, &r))
			}
		}
	}
}

// outside returns a record's value without what may be personal: the person object, and the bytes that a dead letter keeps.
func outside(t *testing.T, r *audit.Record) string {
	t.Helper()
	var v map[string]json.RawMessage
	if err := json.Unmarshal(r.Value, &v); err != nil {
		t.Errorf("%s %d/%d is not JSON", r.Topic, r.Partition, r.Offset)
		return string(r.Value)
	}
	delete(v, "person")
	if r.Topic == schemas.TopicDeadLetter || r.Topic == schemas.TopicDisposition {
		delete(v, "value")
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// inside checks that the search is not in vain: the marks of those who were taken do stand in the person object of the log.
func (s *search) inside(in *installation) {
	s.t.Helper()
	var all strings.Builder
	for _, r := range in.read.copied(schemas.TopicCaseLog) {
		all.Write(r.Value)
	}
	for _, what := range []string{"citizen id", "name", "hukou address", "current address", "phone", "signature", "agent's name", "corrected phone", "other text", "opinion", "notice number"} {
		if !slices.ContainsFunc(s.marks, func(m mark) bool { return m.what == what && strings.Contains(all.String(), m.forms[0]) }) {
			s.t.Errorf("no %s is in the log at all: the search proves nothing", what)
		}
	}
}

func (s *search) redis(in *installation) {
	s.t.Helper()
	all := in.redis(s.t)
	if len(all) < 10 {
		s.t.Fatalf("redis has %d keys", len(all))
	}
	for k, values := range all {
		s.text("redis key", k)
		s.text("redis value of "+k, strings.Join(values, "\n"))
	}
}

// guarded looks into a folder of snapshots: they hold what the log holds, so nobody but the hub may read them, and their names tell nothing.
func (s *search) guarded(dir string) {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			s.t.Errorf("others may read %s: %s", path, info.Mode())
		}
		if !d.IsDir() {
			files++
		}
		s.text("snapshot name", path)
		return nil
	})
	if err != nil || files == 0 {
		s.t.Fatalf("snapshots: %d files, %v", files, err)
	}
}

// folder searches names and contents of files.
func (s *search) folder(dir string) {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		s.text("archive name", path)
		s.text("archive file "+d.Name(), string(bytes.ToValidUTF8(b, nil)))
		return err
	})
	if err != nil || files == 0 {
		s.t.Fatalf("archive: %d files, %v", files, err)
	}
}
