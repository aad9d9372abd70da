package gateway

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// maxCorrection bounds how far a far side's Date may move the clock of one call: a liar must not get signatures for any day it likes.
const maxCorrection = 15 * time.Minute

// maxRefusal bounds how much of a 401 is looked at.
const maxRefusal = 4 << 10

// Signer is an [http.RoundTripper] that signs every request. A request that comes back with "Clock skew exceeded" is sent once more,
// signed for the far side's own Date where that is within 15 minutes of ours; that call alone is corrected, the clock is not.
type Signer struct {
	AccessKey string
	Secret    string
	// Now is the clock. Required.
	Now func() time.Time
	// Base sends the signed request. Nil is http.DefaultTransport.
	Base http.RoundTripper
	// OnSkew hears how far the far side's clock is ahead of ours when it complained; 0 where it did not say. Nil is silence.
	OnSkew func(ahead time.Duration)
}

// RoundTrip signs and sends a clone of req.
func (s *Signer) RoundTrip(req *http.Request) (*http.Response, error) {
	now := s.Now()
	resp, err := s.send(req, req.Body, now)
	if err != nil || !skewed(resp) {
		return resp, err
	}
	ahead := aheadOf(resp, s.Now())
	if s.OnSkew != nil {
		s.OnSkew(ahead)
	}
	if ahead.Abs() > maxCorrection || req.Body != nil && req.Body != http.NoBody && req.GetBody == nil {
		return resp, nil
	}
	var body io.ReadCloser
	if req.GetBody != nil {
		if body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the far side's answer stands; only the second try is not possible
		}
	}
	_ = resp.Body.Close()
	return s.send(req, body, s.Now().Add(ahead))
}

// send owns body: it is closed whatever happens, as net/http asks of a RoundTripper.
func (s *Signer) send(req *http.Request, body io.ReadCloser, now time.Time) (*http.Response, error) {
	clone := req.Clone(req.Context())
	clone.Body = body
	if err := Sign(clone, s.AccessKey, s.Secret, now); err != nil {
		if body != nil {
			_ = body.Close()
		}
		return nil, err
	}
	base := s.Base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(clone)
}

// skewed reports whether resp says that the clocks differ; the body stays readable.
func skewed(resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized {
		return false
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), failing{err}, resp.Body), resp.Body}
	return reasonOf(head) == ClockSkew
}

// failing gives a read error that came while looking to the next reader; a nil error is the end of this part.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

func aheadOf(resp *http.Response, now time.Time) time.Duration {
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return at.Sub(now)
}
