package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// HMACAuth is the provincial gateway as a simulated system has it in front: Apache APISIX's hmac-auth of the 2.x/3.0 line with renamed
// headers. It is written from that public specification and shares no code with the hub's signer, so that one mistake cannot hide in
// both. Reference: https://apisix.apache.org/docs/apisix/2.5/plugins/hmac-auth
type HMACAuth struct {
	Secrets map[string]string // by access key
	// Forbidden lists "accessKey path" pairs that the gateway does not let through.
	Forbidden []string
	// Skew is how far the caller's date may be off; 0 is the gateway's 90 s.
	Skew time.Duration
}

const gatewaySkew = 90 * time.Second

// Check returns the gateway's message for a request that it does not let through, or "". Order as in the plugin: key, algorithm, date,
// signature; then the route.
func (a *HMACAuth) Check(r *http.Request, now time.Time) string {
	key, sent := r.Header.Get("X-BG-HMAC-ACCESS-KEY"), r.Header.Get("X-BG-HMAC-SIGNATURE")
	if key == "" || sent == "" {
		return "access key or signature missing"
	}
	secret, known := a.Secrets[key]
	if !known {
		return "Invalid access key"
	}
	if alg := r.Header.Get("X-BG-HMAC-ALGORITHM"); alg != "hmac-sha256" {
		return "algorithm " + alg + " not supported"
	}
	date := r.Header.Get("X-BG-DATE-TIME")
	at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", date)
	if err != nil {
		return "Invalid GMT format time"
	}
	skew := a.Skew
	if skew == 0 {
		skew = gatewaySkew
	}
	if now.Sub(at).Abs() > skew {
		return "Clock skew exceeded"
	}
	signing := strings.Join([]string{r.Method, canonicalURI(r.URL), canonicalQuery(r.URL), key, date}, "\n") + "\n"
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signing))
	if got, err := base64.StdEncoding.DecodeString(sent); err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return "Invalid signature"
	}
	if slices.Contains(a.Forbidden, key+" "+r.URL.Path) {
		return "The route_id is forbidden."
	}
	return ""
}

// Guard puts the check in front of next: what it does not let through is answered 401 {"message"} and recorded in the ledger as Denied.
func (a *HMACAuth) Guard(k *Kit, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		msg := a.Check(r, k.Now())
		if msg == "" {
			next.ServeHTTP(w, r)
			return
		}
		k.Record(Entry{Op: r.URL.Path, Outcome: Denied, Detail: map[string]any{"message": msg}})
		w.Header().Set("Date", k.Now().UTC().Format(http.TimeFormat)) // the simulated clock, not the machine's
		Answer(w, http.StatusUnauthorized, map[string]string{"message": msg})
	})
}

// canonicalURI is nginx's $uri: decoded, and "/" where it is empty.
func canonicalURI(u *url.URL) string {
	if u.Path == "" {
		return "/"
	}
	return u.Path
}

// canonicalQuery decodes the parameters, sorts them by name, keeps the order of equal names, and encodes them again.
func canonicalQuery(u *url.URL) string {
	args := u.Query()
	names := make([]string, 0, len(args))
	for name := range args {
		names = append(names, name)
	}
	slices.Sort(names)
	var pairs []string
	for _, name := range names {
		for _, value := range args[name] {
			pairs = append(pairs, escapeURI(name)+"="+escapeURI(value))
		}
	}
	return strings.Join(pairs, "&")
}

// escapeURI is ngx.escape_uri, which writes a space as %20.
func escapeURI(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
