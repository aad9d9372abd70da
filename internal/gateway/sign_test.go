package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"permithub/internal/simulator"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var published = time.Date(2021, 11, 9, 8, 49, 20, 0, time.UTC)

// The vectors were computed with Python's hmac and hashlib:
//
//	text = "POST\n/api/residence-permit/issue\n\nvector-key\nTue, 09 Nov 2021 08:49:20 GMT\n"
//	base64.b64encode(hmac.new(b"vector-secret", text.encode(), hashlib.sha256).digest())
func TestSignVectors(t *testing.T) {
	for _, tc := range []struct{ name, method, target, want string }{
		{"empty query", "POST", "/api/residence-permit/issue", "VTdyBgcxuwLBSs6XRidMTThFl/dZUVWggvwr0XKpg20="},
		{"sorted by name", "GET", "/v1/items?b=x_y.z&a-b=2&a=1", "Z4ZMrk+5bsJ2BeiC8zsksEsaBDghRI7t9bHecmVZDsE="},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.target, http.NoBody)
			if err := Sign(r, "vector-key", "vector-secret", published.In(time.FixedZone("CST", 8*3600))); err != nil {
				t.Fatal(err)
			}
			if got := r.Header.Get(HeaderSignature); got != tc.want {
				t.Errorf("signature %s, want %s", got, tc.want)
			}
			if got := r.Header.Get(HeaderDate); got != "Tue, 09 Nov 2021 08:49:20 GMT" {
				t.Errorf("date %s", got)
			}
		})
	}
}

func TestSignRefusesWhatIsAmbiguous(t *testing.T) {
	for _, target := range []string{"/a%2Fb", "/a b", "/甲", "/a?x=%20", "/a?x=1+2", "/a?x", "/a?x=1&x=2", "/a?=1", "/a?x=1&&y=2", "/a?x=甲"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+strings.ReplaceAll(target, " ", "%20"), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if err := Sign(r, "k", "s", published); err == nil {
			t.Errorf("%s: signed", target)
		}
		if r.Header.Get(HeaderSignature) != "" {
			t.Errorf("%s: a signature was set", target)
		}
	}
}

// The simulated gateway is written from the public specification and shares no code with Sign.
func TestSignAgainstTheSimulatedGateway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Za-z0-9_.\-]{1,12}`)
		path := "/" + strings.Join(rapid.SliceOfN(word, 0, 4).Draw(t, "path"), "/")
		var pairs []string
		for _, name := range rapid.SliceOfNDistinct(word, 0, 5, rapid.ID[string]).Draw(t, "names") {
			pairs = append(pairs, name+"="+rapid.StringMatching(`[A-Za-z0-9_.\-]{0,12}`).Draw(t, "value"))
		}
		method := rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE"}).Draw(t, "method")
		key, secret := word.Draw(t, "key"), rapid.StringN(1, 40, -1).Draw(t, "secret")
		r := httptest.NewRequest(method, "http://127.0.0.1"+path+"?"+strings.Join(pairs, "&"), http.NoBody)
		if err := Sign(r, key, secret, published); err != nil {
			t.Fatalf("sign %s: %v", r.URL, err)
		}
		auth := simulator.HMACAuth{Secrets: map[string]string{key: secret}}
		if msg := auth.Check(r, published); msg != "" {
			t.Errorf("%s %s: %s", method, r.URL, msg)
		}
		v := Verifier{Lookup: Keyring{key: {{AccessKey: key, Secret: secret, Source: "s"}}}.Lookup, Now: func() time.Time { return published }}
		if _, err := v.Verify(r); err != nil {
			t.Errorf("%s %s: %v", method, r.URL, err)
		}
	})
}
