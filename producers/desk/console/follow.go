package console

import (
	"fmt"
	"net/http"
	"time"

	"permithub/schemas"
)

// beat keeps proxies from taking a quiet page for a dead one.
const beat = 15 * time.Second

// follow tells the list that something changed.
func (v *visit) follow() error { return v.stream("") }

// followCase tells a case's page that its file changed.
func (v *visit) followCase() error {
	dossier, err := schemas.DossierOf(v.r.PathValue("no"))
	if err != nil {
		return errNotFound
	}
	return v.stream(dossier)
}

// stream sends server-sent events until the page is left, the session ends or the console closes. They say that there is something new and nothing
// of what it is: the page asks for that under its own rights.
func (v *visit) stream(dossier string) error {
	changed, stop := v.ports.List.Watch(dossier)
	defer stop()
	v.w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(v.w)
	send := func(text string) error {
		if _, err := fmt.Fprint(v.w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	if send("retry: 2000\n: open\n\n") != nil {
		return nil // left already
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		var text string
		select {
		case <-v.r.Context().Done():
			return nil
		case <-v.closing:
			return nil
		case <-tick.C:
			text = ": beat\n\n"
		case <-changed:
			text = "event: change\ndata:\n\n"
		}
		if _, ok := v.sessions.Find(v.token, false); !ok {
			_ = send("event: over\ndata:\n\n")
			return nil
		}
		if send(text) != nil {
			return nil
		}
	}
}
