package console

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"permithub/schemas"
)

// beat keeps proxies from taking a quiet page for a dead one.
const beat = 15 * time.Second

// changeEvent is the event that says that there is something new.
const changeEvent = "event: change\ndata:\n\n"

// follow tells the list that something changed.
func (v *visit) follow() error {
	return v.stream("", func() (int64, error) { return v.ports.List.Changes(), nil })
}

// followCase tells a case's page that its file changed.
func (v *visit) followCase() error {
	dossier, err := schemas.DossierOf(v.r.PathValue("no"))
	if err != nil {
		return errNotFound
	}
	return v.stream(dossier, func() (int64, error) {
		_, offsets, err := v.ports.List.Places(v.r.Context(), dossier)
		return int64(len(offsets)), err
	})
}

// stream sends server-sent events until the page is left, the session ends or the console closes. They say that there is something new and nothing
// of what it is: the page asks for that under its own rights. The address says what the page has seen, so that what came before the stream
// began is told too.
func (v *visit) stream(dossier string, version func() (int64, error)) error {
	changed, stop := v.ports.List.Watch(dossier)
	defer stop()
	now, err := version()
	if err != nil {
		return err
	}
	seen, err := strconv.ParseInt(v.r.URL.Query().Get("seen"), 10, 64)
	if err != nil {
		return errNotFound
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(v.w)
	send := func(text string) error {
		if _, err := fmt.Fprint(v.w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	first := "retry: 2000\n: open\n\n"
	if now != seen {
		first += changeEvent
	}
	if send(first) != nil {
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
			text = changeEvent
		}
		if _, ok, err := v.sessions.Find(v.r.Context(), v.token, false); err != nil || !ok {
			_ = send("event: over\ndata:\n\n")
			return nil
		}
		if send(text) != nil {
			return nil
		}
	}
}
