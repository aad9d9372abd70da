// Package board is the live page for whoever is on duty: what is due today, warned and breached by town and stage, how long cases take, how
// each foreign system stands.
//
// It shows what the process knows already (package docket, the breakers): a request reads neither Kafka nor Redis. Where several processes
// share the partitions, the page says for how many it speaks.
//
// The page is rendered on the server, in Chinese or English, and works without scripts: a small one of its own file exchanges the content every
// few seconds, and where there is none the browser loads the page again. Its content security policy allows nothing inline and nothing foreign.
package board

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"time"

	"golang.org/x/text/language"

	"permithub/deploy/divisions"
	"permithub/internal/docket"
	"permithub/internal/ops"
)

// Config is what the page shows.
type Config struct {
	// Standing counts the open cases. Required.
	Standing func() docket.Standing
	// Systems tells how the foreign systems stand, in the order in which they are shown.
	Systems func() []ops.Health
	// Partitions is how many partitions the log has.
	Partitions int
	// Towns are the townships of the county in the order in which they are shown, even without a case.
	Towns []divisions.Township
}

//go:embed page.html
var pageHTML string

//go:embed static
var static embed.FS

var page = template.Must(template.New("page").Parse(pageHTML))

// policy allows the page its own files and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at /board and its files below.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /board", func(w http.ResponseWriter, r *http.Request) { c.serve(w, r) })
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is a part of the program
	}
	mux.Handle("GET /board/", http.StripPrefix("/board/", cached(http.FileServerFS(files))))
	return mux
}

func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

func (c *Config) serve(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := page.Execute(&b, c.view(tongueOf(r), time.Now())); err != nil {
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
	_, _ = w.Write(b.Bytes()) // the reader has gone: nobody to tell
}

var matcher = language.NewMatcher([]language.Tag{language.SimplifiedChinese, language.English})

// tongueOf is the language that the address asks for, else the browser, else Chinese.
func tongueOf(r *http.Request) tongue {
	asked := r.Header.Get("Accept-Language")
	if l := r.URL.Query().Get("lang"); l != "" {
		asked = l
	}
	tags, _, err := language.ParseAcceptLanguage(asked)
	if err != nil {
		return chinese
	}
	_, i, _ := matcher.Match(tags...)
	return tongue(i)
}
