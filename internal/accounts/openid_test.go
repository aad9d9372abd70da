package accounts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
	"permithub/internal/testopenid"
)

const deskURL = "https://desk.example"

// realProvider is a provider in a process of its own, with a way in over it.
func realProvider(t *testing.T, inToken bool, change func(*OpenIDConfig)) (*testopenid.Provider, *OpenID, *Users) {
	t.Helper()
	p := testopenid.Start(t, testopenid.Setup{
		ClientID: "permithub", ClientSecret: "a secret of the desk", RedirectURLs: []string{deskURL + ReturnPath}, SignedOutURLs: []string{deskURL + "/signin"}, InToken: inToken,
		Users: map[string]testopenid.User{
			"zhang":     {Password: good, Claims: map[string]any{"staff_no": "1001", "desk": map[string]any{"roles": []string{"shouli", "other"}}, "towns": []string{"330424001", "330402001"}}},
			"county":    {Password: good, Claims: map[string]any{"staff_no": "1001", "desk": map[string]any{"roles": "shenpi"}, "towns": County}},
			"norole":    {Password: good, Claims: map[string]any{"staff_no": "1001", "desk": map[string]any{"roles": []string{"chuishi"}}, "towns": County}},
			"notown":    {Password: good, Claims: map[string]any{"staff_no": "1001", "desk": map[string]any{"roles": "shouli"}}},
			"elsewhere": {Password: good, Claims: map[string]any{"staff_no": "1001", "desk": map[string]any{"roles": "shouli"}, "towns": "330402001"}},
			"stranger":  {Password: good, Claims: map[string]any{"staff_no": "2002", "desk": map[string]any{"roles": "shouli"}, "towns": County}},
			"nobody":    {Password: good},
			"odd":       {Password: good, Claims: map[string]any{"staff_no": "1001; drop", "desk": map[string]any{"roles": "shouli"}, "towns": County}},
		},
	})
	users := usersOf(t, func(u *User) { u.Password, u.Roles, u.Kin = "", nil, []string{"ABCDEFGHIJKL"} })
	cfg := OpenIDConfig{
		Issuer: p.Issuer, ClientID: "permithub", ClientSecret: "a secret of the desk", RedirectURL: deskURL + ReturnPath, Scopes: []string{"profile"},
		UserClaim: "staff_no", RolesClaim: "desk.roles", Roles: []RoleValue{{"shouli", "acceptance"}, {"shenpi", "approval"}}, TownshipsClaim: "towns",
	}
	if change != nil {
		change(&cfg)
	}
	o := NewOpenID(cfg, users, time.Now)
	t.Cleanup(o.Close)
	return p, o, users
}

// trip goes to the provider and back.
func trip(t *testing.T, p *testopenid.Provider, o *OpenID, user string) (kept string, answer url.Values) {
	t.Helper()
	to, kept, err := o.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back := p.SignIn(t, to, user, good)
	if !strings.HasPrefix(back.String(), deskURL+ReturnPath+"?") {
		t.Fatalf("sent back to %s", back)
	}
	return kept, back.Query()
}

func TestOpenID(t *testing.T) {
	for name, inToken := range map[string]bool{"claims in the token": true, "claims in userinfo": false} {
		t.Run(name, func(t *testing.T) {
			p, o, users := realProvider(t, inToken, nil)
			for user, want := range map[string]User{
				"zhang":  {ID: "1001", Name: "受理员", Roles: []string{"acceptance"}, Townships: []string{"330424001"}, Kin: []string{"ABCDEFGHIJKL"}},
				"county": {ID: "1001", Name: "受理员", Roles: []string{"approval"}, Kin: []string{"ABCDEFGHIJKL"}},
			} {
				kept, answer := trip(t, p, o, user)
				who, err := o.Finish(t.Context(), kept, answer)
				if diff := cmp.Diff(want, who.User); err != nil || diff != "" || who.Way != ByOpenID {
					t.Errorf("%s: %v, by %s (-want +got)\n%s", user, err, who.Way, diff)
				}
				if _, err := o.Finish(t.Context(), kept, answer); !errors.Is(err, ErrDenied) {
					t.Errorf("%s: a code was good twice: %v", user, err)
				}
			}
			for user, id := range map[string]string{"norole": "1001", "notown": "1001", "elsewhere": "1001", "stranger": "2002", "nobody": "", "odd": ""} {
				kept, answer := trip(t, p, o, user)
				who, err := o.Finish(t.Context(), kept, answer)
				if !errors.Is(err, ErrUnknown) || who.User.ID != id {
					t.Errorf("%s: got %q, %v, want %q refused", user, who.User.ID, err, id)
				}
			}
			u, _ := users.Find("1001")
			u.Disabled = true
			if err := users.Put(u); err != nil {
				t.Fatal(err)
			}
			kept, answer := trip(t, p, o, "zhang")
			if _, err := o.Finish(t.Context(), kept, answer); !errors.Is(err, ErrUnknown) {
				t.Errorf("disabled: got %v", err)
			}
		})
	}
}

// Without claims of rights the users' file has them.
func TestOpenIDWithRightsOfTheFile(t *testing.T) {
	p, o, users := realProvider(t, true, func(c *OpenIDConfig) { c.RolesClaim, c.TownshipsClaim = "", "" })
	kept, answer := trip(t, p, o, "zhang")
	if _, err := o.Finish(t.Context(), kept, answer); !errors.Is(err, ErrUnknown) {
		t.Errorf("a user without a role: got %v", err)
	}
	u, _ := users.Find("1001")
	u.Roles, u.Townships = []string{"review"}, []string{"330424106"}
	if err := users.Put(u); err != nil {
		t.Fatal(err)
	}
	kept, answer = trip(t, p, o, "zhang")
	who, err := o.Finish(t.Context(), kept, answer)
	if err != nil || !slices.Equal(who.User.Roles, []string{"review"}) || !slices.Equal(who.User.Townships, []string{"330424106"}) {
		t.Errorf("got %+v, %v", who.User, err)
	}
}

// An answer is good for the browser that asked, once, and whole.
func TestOpenIDAnswersOfOthers(t *testing.T) {
	p, o, _ := realProvider(t, true, nil)
	kept, answer := trip(t, p, o, "zhang")
	other, otherAnswer := trip(t, p, o, "county")
	part := func(trip string, i int) string { return strings.Split(trip, ".")[i] }
	with := func(key, value string) url.Values {
		q := url.Values{"code": {answer.Get("code")}, "state": {answer.Get("state")}}
		if q.Set(key, value); value == "" {
			q.Del(key)
		}
		return q
	}
	for name, tc := range map[string]struct {
		kept   string
		answer url.Values
		want   error
	}{
		"no cookie":                {"", answer, ErrTrip},
		"another browser's cookie": {other, answer, ErrTrip},
		"half a cookie":            {part(kept, 0), answer, ErrTrip},
		"no state":                 {kept, with("state", ""), ErrTrip},
		"no state on both sides":   {"..", with("state", ""), ErrTrip},
		"the provider refused":     {kept, with("error", "access_denied"), ErrDenied},
		"no code":                  {kept, with("code", ""), ErrDenied},
		"a made-up code":           {kept, with("code", "AAAA"), ErrDenied},
		"another browser's code":   {kept, with("code", otherAnswer.Get("code")), ErrDenied},
		"a wrong verifier":         {part(kept, 0) + "." + part(kept, 1) + "." + part(other, 2), answer, ErrDenied},
	} {
		if who, err := o.Finish(t.Context(), tc.kept, tc.answer); !errors.Is(err, tc.want) || len(who.User.Roles) > 0 {
			t.Errorf("%s: got %+v, %v, want %v", name, who, err, tc.want)
		}
	}
	kept, answer = trip(t, p, o, "zhang")
	replayed := part(kept, 0) + "." + part(other, 1) + "." + part(kept, 2)
	if _, err := o.Finish(t.Context(), replayed, answer); !errors.Is(err, ErrDenied) {
		t.Errorf("a token of another trip (nonce): got %v", err)
	}
	wrong := NewOpenID(o.cfg, o.users, o.now)
	wrong.cfg.ClientSecret = "another secret"
	kept, answer = trip(t, p, wrong, "zhang")
	if _, err := wrong.Finish(t.Context(), kept, answer); !errors.Is(err, ErrDenied) {
		t.Errorf("a hub that the provider does not know: got %v", err)
	}
	out, err := url.Parse(o.SignOutURL(t.Context()))
	if err != nil || !strings.HasPrefix(out.String(), p.Issuer) || out.Query().Get("post_logout_redirect_uri") != deskURL+"/signin" || out.Query().Get("client_id") != "permithub" {
		t.Errorf("sign out at %s, %v", out, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, out.String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: o.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if to := res.Header.Get("Location"); to != deskURL+"/signin" {
		t.Errorf("the provider sends who signed out to %q (%d)", to, res.StatusCode)
	}
}

// A provider that is away is an outage and no refusal, and is asked again a little later.
func TestOpenIDProviderAway(t *testing.T) {
	var up bool
	var asked int
	far := httptest.NewServer(nil)
	defer far.Close()
	far.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; !up {
			http.Error(w, "", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": far.URL, "authorization_endpoint": far.URL + "/a", "token_endpoint": far.URL + "/t", "jwks_uri": far.URL + "/k"})
	})
	c := newClock()
	o := NewOpenID(OpenIDConfig{Issuer: far.URL, ClientID: "permithub", RedirectURL: deskURL + ReturnPath, UserClaim: "sub"}, usersOf(t, nil), c.now)
	defer o.Close()
	for range 3 {
		if _, _, err := o.Begin(t.Context()); fault.ClassOf(err) != fault.Unavailable {
			t.Errorf("got %v", err)
		}
	}
	if up = true; asked != 1 {
		t.Errorf("a provider that is away was asked %d times", asked)
	}
	c.add(openIDPause)
	to, kept, err := o.Begin(t.Context())
	if err != nil || !strings.Contains(to, "code_challenge_method=S256") || !strings.Contains(to, "nonce=") {
		t.Fatalf("got %s, %v", to, err)
	}
	if o.SignOutURL(t.Context()) != "" {
		t.Error("signs out where nothing is offered")
	}
	up = false
	if _, err := o.Finish(t.Context(), kept, url.Values{"state": {strings.Split(kept, ".")[0]}, "code": {"x"}}); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("no answer to the code: got %v", err)
	}
}

// What a provider must never be believed: tokens of others, for others, out of date, unsigned. A real provider makes none of these, so this one forges.
func TestOpenIDForgedTokens(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrongKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var token string
	far := httptest.NewServer(nil)
	defer far.Close()
	far.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/t":
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
		case "/k":
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
		case "/u":
			_ = json.NewEncoder(w).Encode(map[string]any{"sub": "another", "staff_no": "1001"})
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": far.URL, "authorization_endpoint": far.URL + "/a", "token_endpoint": far.URL + "/t", "jwks_uri": far.URL + "/k",
				"userinfo_endpoint": far.URL + "/u", "id_token_signing_alg_values_supported": []string{"ES256"}})
		}
	})
	signed := func(with *ecdsa.PrivateKey, said map[string]any) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: with, KeyID: "1"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Signed(s).Claims(said).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	o := NewOpenID(OpenIDConfig{Issuer: far.URL, ClientID: "permithub", ClientSecret: "x", RedirectURL: deskURL + ReturnPath, UserClaim: "staff_no"}, usersOf(t, nil), time.Now)
	defer o.Close()
	finish := func(kept string) (Identity, error) {
		return o.Finish(context.Background(), kept, url.Values{"state": {strings.Split(kept, ".")[0]}, "code": {"x"}})
	}
	for name, tc := range map[string]struct {
		key    *ecdsa.PrivateKey
		change func(map[string]any)
		good   bool
	}{
		"as it should be":       {key, func(map[string]any) {}, true},
		"for two, by us":        {key, func(c map[string]any) { c["aud"], c["azp"] = []string{"permithub", "x"}, "permithub" }, true},
		"signed by another":     {wrongKey, func(map[string]any) {}, false},
		"for another":           {key, func(c map[string]any) { c["aud"] = "another" }, false},
		"for two, by the other": {key, func(c map[string]any) { c["aud"], c["azp"] = []string{"permithub", "x"}, "x" }, false},
		"for two, by nobody":    {key, func(c map[string]any) { c["aud"] = []string{"permithub", "x"} }, false},
		"of another issuer":     {key, func(c map[string]any) { c["iss"] = "https://elsewhere.example" }, false},
		"expired":               {key, func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }, false},
		"not yet":               {key, func(c map[string]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() }, false},
		"another nonce":         {key, func(c map[string]any) { c["nonce"] = "another" }, false},
		"no nonce":              {key, func(c map[string]any) { delete(c, "nonce") }, false},
		"userinfo of another":   {key, func(c map[string]any) { delete(c, "staff_no") }, false},
	} {
		_, kept, err := o.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]any{"iss": far.URL, "sub": "s", "aud": "permithub", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": strings.Split(kept, ".")[1], "staff_no": "1001"}
		tc.change(said)
		token = signed(tc.key, said)
		who, err := finish(kept)
		if tc.good && (err != nil || who.User.ID != "1001") || !tc.good && !errors.Is(err, ErrDenied) {
			t.Errorf("%s: got %+v, %v", name, who, err)
		}
	}
	_, kept, err := o.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"none": "", "no token": "x", "unsigned": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzIn0."} {
		if token = text; true {
			if _, err := finish(kept); !errors.Is(err, ErrDenied) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"desk":{"roles":["a",1,null]},"towns":"330424","desk.roles":"a"}`))
	f.Add([]byte(`{"desk":["roles"],"towns":["330424001","330424",""]}`))
	cfg := OpenIDConfig{RolesClaim: "desk.roles", Roles: []RoleValue{{"a", "acceptance"}, {"b", "acceptance"}, {"c", "auditor"}}, TownshipsClaim: "towns"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		said := claims{}
		if json.Unmarshal(raw, &said) != nil {
			return
		}
		u, ok := cfg.user(User{ID: "1001", Roles: []string{"supervisor"}, Townships: []string{"330424001"}}, said)
		if !ok {
			return
		}
		whole := slices.Contains(said.texts("towns"), County)
		if len(u.Roles) == 0 || slices.Contains(u.Roles, "supervisor") || len(u.Roles) > 2 || len(u.Townships) == 0 && !whole {
			t.Errorf("%s: %+v", raw, u)
		}
		for _, town := range u.Townships {
			if !township.MatchString(town) {
				t.Errorf("%s: township %q", raw, town)
			}
		}
	})
}
