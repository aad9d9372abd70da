package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Headers of a signed request.
const (
	HeaderAccessKey = "X-BG-HMAC-ACCESS-KEY"
	HeaderAlgorithm = "X-BG-HMAC-ALGORITHM"
	HeaderDate      = "X-BG-DATE-TIME"
	HeaderSignature = "X-BG-HMAC-SIGNATURE"
)

// Algorithm is the only one that the gateway takes.
const Algorithm = "hmac-sha256"

var (
	errPath  = errors.New("sign: the path has characters that clients encode differently")
	errQuery = errors.New("sign: the query has characters that clients encode differently, or a name twice")
)

// Sign sets the four signature headers of req for the instant now. It refuses a path or a query that the two sides might write
// differently; the body is not signed.
func Sign(req *http.Request, accessKey, secret string, now time.Time) error {
	// http.TimeFormat ends in the literal GMT; a layout with MST prints UTC, which the gateway does not read.
	date := now.UTC().Format(http.TimeFormat)
	text, err := canonical(req.Method, req.URL, accessKey, date)
	if err != nil {
		return err
	}
	req.Header.Set(HeaderAccessKey, accessKey)
	req.Header.Set(HeaderAlgorithm, Algorithm)
	req.Header.Set(HeaderDate, date)
	req.Header.Set(HeaderSignature, base64.StdEncoding.EncodeToString(digest(secret, text)))
	return nil
}

func digest(secret, text string) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// canonical returns the text that is signed; every line ends in a newline, the empty query's and the last too.
func canonical(method string, u *url.URL, accessKey, date string) (string, error) {
	path := u.Path
	if path == "" {
		path = "/"
	}
	if u.RawPath != "" || path[0] != '/' || !only(path, "/-_.~") {
		return "", errPath
	}
	query, ok := canonicalQuery(u.RawQuery)
	if !ok {
		return "", errQuery
	}
	if method == "" {
		method = http.MethodGet // net/http's meaning of an empty method
	}
	return strings.ToUpper(method) + "\n" + path + "\n" + query + "\n" + accessKey + "\n" + date + "\n", nil
}

// canonicalQuery sorts the parameters by name, as the gateway does: sorting whole pairs would put "a-b=1" before "a=1".
func canonicalQuery(raw string) (string, bool) {
	if raw == "" {
		return "", true
	}
	pairs := strings.Split(raw, "&")
	for _, p := range pairs {
		name, value, found := strings.Cut(p, "=")
		if !found || name == "" || !only(name, "-_.") || !only(value, "-_.") {
			return "", false
		}
	}
	slices.SortFunc(pairs, func(a, b string) int { return strings.Compare(nameOf(a), nameOf(b)) })
	for i := 1; i < len(pairs); i++ {
		if nameOf(pairs[i-1]) == nameOf(pairs[i]) {
			return "", false
		}
	}
	return strings.Join(pairs, "&"), true
}

func nameOf(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return name
}

// only reports whether s is of ASCII letters, digits and the characters in more.
func only(s, more string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return true
}
