package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"permithub/internal/accounts"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var static embed.FS

// staticFiles serves the console's own files. They change with the binary only, but nothing says when, so they are asked for again.
func staticFiles() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the name is a constant
	}
	return http.StripPrefix("/static/", http.FileServerFS(files))
}

// frame is what every page has around it.
type frame struct {
	Lang    language
	Title   string
	Officer *desk.Officer
	CSRF    string
	Roles   string
	Links   []link
}

// link leads to a page that some officers have.
type link struct{ To, Text string }

// links are the pages beside the list that the officer may see.
func (v *visit) links() []link {
	var out []link
	if v.officer.Has(supervisors...) {
		out = append(out, link{"/supervision", "督办"})
	}
	if v.officer.Has(sessionKeepers...) {
		out = append(out, link{"/sessions", "登录会话"})
	}
	if v.officer.Has(desk.Auditor) {
		out = append(out, link{"/audit", "审计"})
	}
	if v.session.Way == accounts.ByPassword {
		out = append(out, link{"/password", "修改密码"})
	}
	return out
}

// page is what a template gets.
type page struct {
	frame
	Data any
}

// templates are parsed once; each page is the layout with its own main part.
var templates = parse()

func parse() map[string]map[language]*template.Template {
	pages := map[string]map[language]*template.Template{}
	for _, name := range []string{"signin", "onward", "password", "list", "case", "preview", "print", "audit", "supervision", "sessions", "dead", "letters", "letter", "run", "failure", "revocations", "bulk", "bulkconfirm", "bulkrun"} {
		pages[name] = map[language]*template.Template{}
		for _, lang := range []language{chinese, english} {
			t := template.New("layout.html").Funcs(functions(lang))
			pages[name][lang] = template.Must(t.ParseFS(templateFiles, "templates/layout.html", "templates/form.html", "templates/since.html", "templates/"+name+".html"))
		}
	}
	return pages
}

func functions(lang language) template.FuncMap {
	return template.FuncMap{
		"t":        lang.text,
		"stage":    func(s schemas.Stage) string { return lang.text(s.Name()) },
		"town":     lang.town,
		"queue":    func(q worklist.Queue) string { return lang.text(queueNames[q]) },
		"type":     func(r schemas.RecognitionType) string { return lang.text(typeNames[r]) },
		"channel":  func(c schemas.Channel) string { return lang.text(channelNames[c]) },
		"masked":   schemas.Masked,
		"finding":  func(outcome string) string { return lang.text(findingNames[outcome]) },
		"reason":   lang.reason,
		"level":    func(level string) string { return lang.text(timeline.LevelName(level)) },
		"verdict":  func(verdict string) string { return lang.text(timeline.VerdictName(verdict)) },
		"duty":     func(d schemas.Duty) string { return lang.text(timeline.DutyName(&d)) },
		"permit":   func(status string) string { return lang.text(permitNames[status]) },
		"detail":   lang.detail,
		"standing": func(status string) string { return lang.text(timeline.DutyStatus(status)) },
		"way":      func(w accounts.Way) string { return lang.text(wayNames[w]) },
		"when":     func(t schemas.Time) string { return t.In(schemas.Shanghai).Format("2006-01-02 15:04") },
		"moment":   func(t time.Time) string { return t.In(schemas.Shanghai).Format("2006-01-02 15:04") },
		"seconds":  func(d time.Duration) int { return int(d / time.Second) },
		"clock":    lang.clock,
		"cause":    lang.cause,
		"override": func(k worklist.OverrideKind) string { return lang.text(overrideNames[k]) },
		"rule":     lang.rule,
		"why":      lang.reasonOf,
		"minute":   minute,
		"of":       func(division string, due worklist.Due, cases int) countOf { return countOf{division, due, cases} },
		"until":    until,
		"due":      func(d worklist.Due) string { return lang.text(dueNames[d]) },
		"act":      func(k schemas.DispositionKind) string { return lang.text(dispositionNames[k]) },
		"giveup":   func(code string) string { return giveUpName(lang, code) },
		"join":     func(list []string) string { return strings.Join(list, "；") },
	}
}

// show renders a page of the officer's.
func (v *visit) show(name, title string, data any) error {
	f := frame{Lang: v.lang, Title: title, Officer: v.officer, CSRF: v.session.Token, Links: v.links(), Roles: v.roleNames(v.officer)}
	v.render(v.w, v.lang, http.StatusOK, name, f, data)
	return nil
}

// render writes a whole page or, where the template fails, none.
func (c *Console) render(w http.ResponseWriter, lang language, status int, name string, f frame, data any) {
	var b bytes.Buffer
	if err := templates[name][lang].Execute(&b, page{f, data}); err != nil {
		c.log.Error("page not rendered", "page", name, "error", fmt.Errorf("render %s: %w", name, err))
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the browser's loss
}
