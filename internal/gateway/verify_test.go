package gateway

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testRing(t *testing.T) Keyring {
	t.Helper()
	ring, err := NewKeyring([]Key{
		{AccessKey: "prov-1", Secret: "old", Source: "province"},
		{AccessKey: "prov-1", Secret: "new", Source: "province"},
		{AccessKey: "prov-2", Secret: "second", Source: "province"},
		{AccessKey: "win-1", Secret: "w", Source: "window", Routes: []string{"/v1/applications"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestVerify(t *testing.T) {
	const path = "/v1/applications"
	for _, tc := range []struct {
		name        string
		key, secret string
		path        string
		ahead       time.Duration // the caller's clock against ours
		alter       func(r *http.Request)
		source      string
		reason      Reason
	}{
		{name: "good", key: "prov-1", secret: "new", source: "province"},
		{name: "second secret of the key", key: "prov-1", secret: "old", source: "province"},
		{name: "second key of the source", key: "prov-2", secret: "second", source: "province"},
		{name: "at the edge of the window", key: "prov-1", secret: "new", ahead: -90 * time.Second, source: "province"},
		{name: "open route", key: "win-1", secret: "w", source: "window"},
		{name: "below an open route", key: "win-1", secret: "w", path: path + "/X1/status", source: "window"},
		{name: "beside an open route", key: "win-1", secret: "w", path: path + "-all", reason: RouteForbidden},
		{name: "closed route", key: "win-1", secret: "w", path: "/v1/receipts", reason: RouteForbidden},
		{name: "unknown key", key: "nobody", secret: "new", reason: InvalidAccessKey},
		{name: "empty key", key: "", secret: "new", reason: InvalidAccessKey},
		{name: "no headers", key: "prov-1", secret: "new", reason: InvalidAccessKey, alter: func(r *http.Request) { clear(r.Header) }},
		{name: "wrong secret", key: "prov-1", secret: "guess", reason: InvalidSignature},
		{name: "secret of another key", key: "prov-1", secret: "second", reason: InvalidSignature},
		{name: "late", key: "prov-1", secret: "new", ahead: -91 * time.Second, reason: ClockSkew},
		{name: "early", key: "prov-1", secret: "new", ahead: 91 * time.Second, reason: ClockSkew},
		{name: "date is no date", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.Header.Set(HeaderDate, "now") }},
		{name: "date moved", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) {
			r.Header.Set(HeaderDate, published.Add(time.Second).Format(http.TimeFormat))
		}},
		{name: "two dates", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.Header.Add(HeaderDate, r.Header.Get(HeaderDate)) }},
		{name: "two signatures", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.Header.Add(HeaderSignature, "x") }},
		{name: "signature is not base64", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.Header.Set(HeaderSignature, "*") }},
		{name: "other algorithm", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.Header.Set(HeaderAlgorithm, "hmac-sha1") }},
		{name: "other method", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.Method = http.MethodPut }},
		{name: "other path", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.URL.Path = "/v1/other" }},
		{name: "query added", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.URL.RawQuery = "a=1" }},
		{name: "ambiguous query", key: "prov-1", secret: "new", reason: InvalidSignature, alter: func(r *http.Request) { r.URL.RawQuery = "a=%20" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.path == "" {
				tc.path = path
			}
			r := httptest.NewRequest(http.MethodPost, tc.path, strings.NewReader("{}"))
			if err := Sign(r, tc.key, tc.secret, published.Add(tc.ahead)); err != nil {
				t.Fatal(err)
			}
			if tc.alter != nil {
				tc.alter(r)
			}
			v := Verifier{Lookup: testRing(t).Lookup, Now: func() time.Time { return published }}
			key, err := v.Verify(r)
			if key.Source != tc.source {
				t.Errorf("source %q, want %q", key.Source, tc.source)
			}
			var got Reason
			var d *Denial
			if errors.As(err, &d) {
				got = d.Reason
			}
			if got != tc.reason {
				t.Errorf("error %v, want reason %d", err, tc.reason)
			}
		})
	}
}

func TestDeny(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{&Denial{Reason: InvalidSignature}, `{"message":"Invalid signature"}`},
		{&Denial{Reason: InvalidAccessKey}, `{"message":"Invalid access key"}`},
		{&Denial{Reason: ClockSkew, Skew: time.Hour}, `{"message":"Clock skew exceeded"}`},
		{&Denial{Reason: RouteForbidden}, `{"message":"The route_id is forbidden."}`},
		{errors.New("other"), `{"message":"Invalid signature"}`},
	} {
		w := httptest.NewRecorder()
		Deny(w, tc.err)
		if w.Code != http.StatusUnauthorized || w.Body.String() != tc.want {
			t.Errorf("%v: %d %s, want 401 %s", tc.err, w.Code, w.Body, tc.want)
		}
	}
}

func TestNewKeyringNamesEveryFault(t *testing.T) {
	_, err := NewKeyring([]Key{{AccessKey: "a", Secret: "s3cr3t"}, {AccessKey: "b", Secret: "s3cr3t", Source: "x"}, {AccessKey: "b", Secret: "s3cr3t", Source: "y"}})
	want := "key 0: access key, secret and source are needed\nkey 2: its access key is also that of source x"
	if err == nil || err.Error() != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, err.Error()))
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("POST", "/v1/applications", "", "prov-1", "Tue, 09 Nov 2021 08:49:20 GMT", "VTdyBgcxuwLBSs6XRidMTThFl/dZUVWggvwr0XKpg20=")
	f.Add("GET", "", "a=1&a=2", "", "", "")
	f.Add("", "//%", "&=", "win-1", "Tue, 09 Nov 2021 08:49:20 UTC", base64.StdEncoding.EncodeToString(make([]byte, 32)))
	f.Fuzz(func(t *testing.T, method, path, query, key, date, signature string) {
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header.Set(HeaderAccessKey, key)
		r.Header.Set(HeaderAlgorithm, Algorithm)
		r.Header.Set(HeaderDate, date)
		r.Header.Set(HeaderSignature, signature)
		v := Verifier{Lookup: testRing(t).Lookup, Now: func() time.Time { return published }}
		if _, err := v.Verify(r); err == nil {
			t.Error("let through without the secret")
		}
	})
}
