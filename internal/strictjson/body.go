package strictjson

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"permithub/internal/problem"
)

// ReadBody reads the body of r, at most limit bytes within timeout, and notes in list what keeps it from being read.
// The timeout is on the wall clock, as the connection's own deadlines are.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64, timeout time.Duration, list *problem.List) []byte {
	if !plainJSON(r.Header) {
		list.Add("", MediaType)
		return nil
	}
	// A recorder or a wrapped connection without deadlines says ErrNotSupported; the server's own ReadTimeout still holds there.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		list.Add("", TooLarge, int(limit))
	case err != nil:
		list.Add("", ReadFailed)
	default:
		return raw
	}
	return nil
}

func plainJSON(h http.Header) bool {
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return false
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}
