package simulator

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The signatures were computed with Python's hmac module and with openssl dgst, e.g.
//
//	printf 'POST\n/api/residence-permit/issue\n\nvector-key\nTue, 09 Nov 2021 08:49:20 GMT\n' | openssl dgst -sha256 -hmac vector-secret -binary | base64
func TestHMACAuth(t *testing.T) {
	const date = "Tue, 09 Nov 2021 08:49:20 GMT"
	at := time.Date(2021, 11, 9, 8, 49, 20, 0, time.UTC)
	auth := &HMACAuth{Secrets: map[string]string{"vector-key": "vector-secret"}, Forbidden: []string{"vector-key /closed"}}
	const (
		post = "VTdyBgcxuwLBSs6XRidMTThFl/dZUVWggvwr0XKpg20="
		get  = "Z4ZMrk+5bsJ2BeiC8zsksEsaBDghRI7t9bHecmVZDsE="
	)
	for _, tc := range []struct {
		name, method, target, key, sig, alg, date string
		now                                       time.Time
		want                                      string
	}{
		{"post", "POST", "/api/residence-permit/issue", "vector-key", post, "hmac-sha256", date, at, ""},
		{"query in another order", "GET", "/v1/items?b=x_y.z&a-b=2&a=1", "vector-key", get, "hmac-sha256", date, at, ""},
		{"at the edge", "POST", "/api/residence-permit/issue", "vector-key", post, "hmac-sha256", date, at.Add(90 * time.Second), ""},
		{"late", "POST", "/api/residence-permit/issue", "vector-key", post, "hmac-sha256", date, at.Add(91 * time.Second), "Clock skew exceeded"},
		{"early", "POST", "/api/residence-permit/issue", "vector-key", post, "hmac-sha256", date, at.Add(-91 * time.Second), "Clock skew exceeded"},
		{"zone by another name", "POST", "/api/residence-permit/issue", "vector-key", post, "hmac-sha256", "Tue, 09 Nov 2021 08:49:20 UTC", at, "Invalid GMT format time"},
		{"other path", "POST", "/api/residence-permit/issues", "vector-key", post, "hmac-sha256", date, at, "Invalid signature"},
		{"other method", "PUT", "/api/residence-permit/issue", "vector-key", post, "hmac-sha256", date, at, "Invalid signature"},
		{"other query", "GET", "/v1/items?a=1&a-b=2&b=x", "vector-key", get, "hmac-sha256", date, at, "Invalid signature"},
		{"not base64", "POST", "/api/residence-permit/issue", "vector-key", "!", "hmac-sha256", date, at, "Invalid signature"},
		{"unknown key", "POST", "/api/residence-permit/issue", "other", post, "hmac-sha256", date, at, "Invalid access key"},
		{"no key", "POST", "/api/residence-permit/issue", "", post, "hmac-sha256", date, at, "access key or signature missing"},
		{"other algorithm", "POST", "/api/residence-permit/issue", "vector-key", post, "hmac-sha1", date, at, "algorithm hmac-sha1 not supported"},
		{"forbidden route", "POST", "/closed", "vector-key", "fkL4U0HX3TjW1jzPg08eOJYEiye7K3hnVROLTtO3Qik=", "hmac-sha256", date, at, "The route_id is forbidden."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.target, http.NoBody)
			r.Header.Set("X-BG-HMAC-ACCESS-KEY", tc.key)
			r.Header.Set("X-BG-HMAC-SIGNATURE", tc.sig)
			r.Header.Set("X-BG-HMAC-ALGORITHM", tc.alg)
			r.Header.Set("X-BG-DATE-TIME", tc.date)
			if got := auth.Check(r, tc.now); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
