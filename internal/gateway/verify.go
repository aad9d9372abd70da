package gateway

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultWindow is how far a caller's date may be off.
const DefaultWindow = 90 * time.Second

// Reason says why a request is not let through.
type Reason int

// Reasons, in the order in which they are checked.
const (
	InvalidAccessKey Reason = iota + 1
	ClockSkew
	InvalidSignature
	RouteForbidden
)

var messages = [...]string{
	InvalidAccessKey: "Invalid access key",
	ClockSkew:        "Clock skew exceeded",
	InvalidSignature: "Invalid signature",
	RouteForbidden:   "The route_id is forbidden.",
}

// String is the gateway's message, word for word: callers' programs compare it.
func (r Reason) String() string { return messages[r] }

// Denial is the error of [Verifier.Verify].
type Denial struct {
	Reason Reason
	Source string        // of the key, where the key is known
	Skew   time.Duration // the caller's date minus ours, where the date can be read
}

// Error names the reason and the source, nothing that the caller sent.
func (d *Denial) Error() string {
	if d.Reason == ClockSkew {
		return fmt.Sprintf("%s: source %s is off by %s", d.Reason, d.Source, d.Skew)
	}
	return d.Reason.String()
}

// Key is one access key that a source may sign with.
type Key struct {
	AccessKey string
	Secret    string
	// Source is whose key it is, e.g. "province". Several live keys may share a source, and several secrets an access key: that is how
	// keys are changed without a gap.
	Source string
	// Routes are the path prefixes that the key opens; empty opens every route. "/v1/applications" opens that path and those below it.
	Routes []string
}

func (k *Key) opens(path string) bool {
	return len(k.Routes) == 0 || slices.ContainsFunc(k.Routes, func(prefix string) bool {
		rest, ok := strings.CutPrefix(path, strings.TrimSuffix(prefix, "/"))
		return ok && (rest == "" || rest[0] == '/')
	})
}

// Keyring finds keys by their access key.
type Keyring map[string][]Key

// NewKeyring returns every fault of the keys at once.
func NewKeyring(keys []Key) (Keyring, error) {
	ring := make(Keyring, len(keys))
	var errs []error
	for i, k := range keys {
		if k.AccessKey == "" || k.Secret == "" || k.Source == "" {
			errs = append(errs, fmt.Errorf("key %d: access key, secret and source are needed", i))
		}
		if same := ring[k.AccessKey]; len(same) > 0 && same[0].Source != k.Source {
			errs = append(errs, fmt.Errorf("key %d: its access key is also that of source %s", i, same[0].Source))
		}
		ring[k.AccessKey] = append(ring[k.AccessKey], k)
	}
	return ring, errors.Join(errs...)
}

// Lookup returns the live keys of an access key.
func (r Keyring) Lookup(accessKey string) []Key { return r[accessKey] }

// Verifier checks the signatures of requests that come to us. It is safe for concurrent use. It never reads a body: the body is not
// signed, so the caller of Verify must recognise repeats by the request's own id.
type Verifier struct {
	// Lookup returns the live keys of an access key; none means unknown. Required.
	Lookup func(accessKey string) []Key
	// Window is how far a caller's date may be off, either way. 0 is 90 s.
	Window time.Duration
	// Now is the clock. Required.
	Now func() time.Time
}

// Verify returns the key that signed r, or a *[Denial].
func (v *Verifier) Verify(r *http.Request) (Key, error) {
	accessKey, ok := single(r, HeaderAccessKey)
	keys := v.Lookup(accessKey)
	if !ok || accessKey == "" || len(keys) == 0 {
		return Key{}, &Denial{Reason: InvalidAccessKey}
	}
	d := &Denial{Reason: InvalidSignature, Source: keys[0].Source}
	date, ok := single(r, HeaderDate)
	at, err := time.Parse(http.TimeFormat, date)
	if !ok || err != nil {
		return Key{}, d // a date that cannot be read is no matter of clocks: trying again would not help
	}
	if d.Skew = at.Sub(v.Now()); d.Skew.Abs() > v.window() {
		d.Reason = ClockSkew
		return Key{}, d
	}
	text, err := canonical(r.Method, r.URL, accessKey, date)
	if err != nil {
		return Key{}, d
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return signed(r, k.Secret, text) })
	if i < 0 {
		return Key{}, d
	}
	if !keys[i].opens(r.URL.Path) {
		d.Reason = RouteForbidden
		return Key{}, d
	}
	return keys[i], nil
}

func (v *Verifier) window() time.Duration {
	if v.Window == 0 {
		return DefaultWindow
	}
	return v.Window
}

func signed(r *http.Request, secret, text string) bool {
	alg, ok := single(r, HeaderAlgorithm)
	sent, one := single(r, HeaderSignature)
	if !ok || !one || alg != Algorithm {
		return false
	}
	got, err := base64.StdEncoding.DecodeString(sent)
	return err == nil && hmac.Equal(got, digest(secret, text)) // constant time
}

// single refuses a header that is there twice: two readers might take different ones.
func single(r *http.Request, header string) (string, bool) {
	v := r.Header.Values(header)
	if len(v) != 1 {
		return "", false
	}
	return v[0], true
}

// Deny answers a request that Verify did not let through: 401 {"message"}. Any other error is answered as an invalid signature.
func Deny(w http.ResponseWriter, err error) {
	reason := InvalidSignature
	var d *Denial
	if errors.As(err, &d) {
		reason = d.Reason
	}
	body, err := json.Marshal(refusal{Message: reason.String()})
	if err != nil {
		body = nil // a string always marshals; the status says enough
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write(body)
}

// refusal is the gateway's own answer.
type refusal struct {
	Message string `json:"message"`
}
