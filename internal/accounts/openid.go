package accounts

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"permithub/internal/fault"
)

// Why somebody whom a provider or a proxy names was not let in.
var (
	// ErrTrip says that the answer belongs to no sign-in that this browser began, or came too late.
	ErrTrip = errors.New("no sign-in was begun, or too long ago")
	// ErrDenied says that the provider let nobody in, or that what it sent does not hold.
	ErrDenied = errors.New("the provider's answer lets nobody in")
	// ErrUnknown says that the hub does not know the user, has disabled the user, or that the user has no role.
	ErrUnknown = errors.New("no user of the hub, or one without a role")
)

// County is the division that stands for all townships in a claim.
const County = "330424"

var township = regexp.MustCompile(`^330424[0-9]{3}$`)

// OpenIDConfig says at which OpenID provider officers sign in, and what its claims mean.
type OpenIDConfig struct {
	// Issuer is the provider's address; its configuration is found below it (OpenID Connect Discovery 1.0).
	Issuer string
	// ClientID and ClientSecret are what the provider knows the hub by.
	ClientID, ClientSecret string
	// RedirectURL is where the provider sends the browser back to: the console's ReturnPath, as browsers reach it.
	RedirectURL string
	// Scopes are asked for beside openid.
	Scopes []string
	// UserClaim holds the staff number.
	UserClaim string
	// RolesClaim holds what Roles are the meaning of; empty leaves roles to the users' file. A name with dots is a path.
	RolesClaim string
	Roles      []RoleValue
	// TownshipsClaim holds divisions of 9 digits, or [County] for all; empty leaves townships to the users' file.
	TownshipsClaim string
	// TLS says whom to trust at the provider's address; nil is what the system trusts.
	TLS *tls.Config
}

// RoleValue gives a role to whoever has a value in the claim of roles.
type RoleValue struct{ Value, Role string }

// ReturnPath is the path of the console that the provider sends browsers back to.
const ReturnPath = "/signin/openid/return"

const (
	openIDTimeout = 10 * time.Second
	// openIDPause is how long a provider that cannot be reached is left alone.
	openIDPause = 5 * time.Second
)

// OpenID lets officers sign in at an OpenID provider: authorization code flow (OpenID Connect Core 1.0, 3.1) with PKCE (RFC 7636), state and nonce.
//
// The provider says who somebody is, and by configuration which roles and townships; the users' file says whom the hub knows at all, who is disabled
// and whose relatives' cases are whose. Safe for concurrent use.
type OpenID struct {
	cfg   OpenIDConfig
	users *Users
	now   func() time.Time
	http  *http.Client

	mu     sync.Mutex
	found  *provider
	failed time.Time // when the provider was last not reached
	why    error
}

// provider is what was discovered.
type provider struct {
	*oidc.Provider
	oauth      oauth2.Config
	verifier   *oidc.IDTokenVerifier
	endSession string
}

// NewOpenID returns the way in over these users. It calls nobody: a provider that is away keeps the hub from nothing else.
func NewOpenID(cfg OpenIDConfig, users *Users, now func() time.Time) *OpenID {
	calls := &http.Client{Timeout: openIDTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: cfg.TLS, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}}
	return &OpenID{cfg: cfg, users: users, now: now, http: calls}
}

// Close closes the connections to the provider.
func (o *OpenID) Close() { o.http.CloseIdleConnections() }

// discover returns the provider's configuration, asked for once.
func (o *OpenID) discover(ctx context.Context) (*provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.found != nil {
		return o.found, nil
	}
	if o.why != nil && o.now().Sub(o.failed) < openIDPause {
		return nil, o.why
	}
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, o.http), o.cfg.Issuer)
	if err != nil {
		o.failed, o.why = o.now(), fault.Outage("openid", fmt.Errorf("discover openid provider: %w", err))
		return nil, o.why
	}
	var more struct {
		EndSession string   `json:"end_session_endpoint"`
		Methods    []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := p.Claims(&more); err != nil {
		return nil, fault.Outage("openid", fmt.Errorf("read openid provider: %w", err))
	}
	end := p.Endpoint()
	end.AuthStyle = oauth2.AuthStyleInHeader // what a provider does that says nothing (Discovery 1.0, 3)
	if len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		end.AuthStyle = oauth2.AuthStyleInParams
	}
	o.found = &provider{
		Provider: p, endSession: more.EndSession, verifier: p.Verifier(&oidc.Config{ClientID: o.cfg.ClientID, Now: o.now}),
		oauth: oauth2.Config{ClientID: o.cfg.ClientID, ClientSecret: o.cfg.ClientSecret, RedirectURL: o.cfg.RedirectURL, Endpoint: end,
			Scopes: append([]string{oidc.ScopeOpenID}, o.cfg.Scopes...)},
	}
	return o.found, nil
}

// Begin returns the provider's address to which the browser goes, and what the browser keeps until it comes back: a cookie of this host alone, so that
// an answer is good for the browser only that asked, and any process can take it.
func (o *OpenID) Begin(ctx context.Context) (to, trip string, err error) {
	p, err := o.discover(ctx)
	if err != nil {
		return "", "", err
	}
	state, nonce, verifier := randomToken(), randomToken(), oauth2.GenerateVerifier()
	return p.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), strings.Join([]string{state, nonce, verifier}, "."), nil
}

// Finish returns who came back from the provider: trip is what the browser kept, answer the query that the provider sent. Where somebody is refused who
// has a staff number, the identity has it, for the record.
func (o *OpenID) Finish(ctx context.Context, trip string, answer url.Values) (Identity, error) {
	kept := strings.Split(trip, ".")
	if len(kept) != 3 || kept[0] == "" || subtle.ConstantTimeCompare([]byte(kept[0]), []byte(answer.Get("state"))) != 1 {
		return Identity{}, ErrTrip
	}
	if answer.Get("error") != "" || answer.Get("code") == "" {
		return Identity{}, ErrDenied
	}
	p, err := o.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	said, err := o.redeem(oidc.ClientContext(ctx, o.http), p, answer.Get("code"), kept[1], kept[2])
	if err != nil {
		return Identity{}, err
	}
	id := said.texts(o.cfg.UserClaim)
	if len(id) != 1 || !userID.MatchString(id[0]) {
		return Identity{}, ErrUnknown
	}
	u, known := o.users.Find(id[0])
	who := identified(u, ByOpenID)
	who.User.ID = id[0]
	if !known || u.Disabled {
		return who, ErrUnknown
	}
	u, ok := o.cfg.user(u, said)
	if !ok {
		return who, ErrUnknown
	}
	who.User = u
	return who, nil
}

// redeem turns the code into claims. Only what is signed, meant for this hub and for this trip counts.
func (o *OpenID) redeem(ctx context.Context, p *provider, code, nonce, verifier string) (claims, error) {
	token, err := p.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError {
		return nil, fmt.Errorf("%w: %s", ErrDenied, refused.ErrorCode)
	}
	if err != nil {
		return nil, fault.Outage("openid", fmt.Errorf("redeem code: %w", err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDenied, err)
	}
	said := claims{}
	if err := id.Claims(&said); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDenied, err)
	}
	azp, _ := said.find("azp")
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 || len(id.Audience) > 1 && azp != o.cfg.ClientID {
		return nil, fmt.Errorf("%w: nonce or party", ErrDenied)
	}
	return o.complete(ctx, p, token, id.Subject, said)
}

// complete asks the provider for what the signed token leaves out: many put no more than the subject into it (Core 1.0, 5.4).
func (o *OpenID) complete(ctx context.Context, p *provider, token *oauth2.Token, subject string, said claims) (claims, error) {
	missing := slices.ContainsFunc([]string{o.cfg.UserClaim, o.cfg.RolesClaim, o.cfg.TownshipsClaim}, func(name string) bool {
		_, there := said.find(name)
		return name != "" && !there
	})
	if !missing || p.UserInfoEndpoint() == "" {
		return said, nil
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, fault.Outage("openid", fmt.Errorf("read userinfo: %w", err))
	}
	more := claims{}
	if err := info.Claims(&more); err != nil || info.Subject != subject { // Core 1.0, 5.3.2
		return nil, fmt.Errorf("%w: userinfo of somebody else", ErrDenied)
	}
	for name, v := range more {
		if _, there := said[name]; !there {
			said[name] = v
		}
	}
	return said, nil
}

// SignOutURL is where the browser goes to sign out at the provider too (RP-Initiated Logout 1.0); "" where the provider has no such place or cannot be
// asked. It names the hub and not the person: a token in an address would stand in logs and histories.
func (o *OpenID) SignOutURL(ctx context.Context) string {
	p, err := o.discover(ctx)
	if err != nil || p.endSession == "" {
		return ""
	}
	to, err := url.Parse(p.endSession)
	if err != nil {
		return ""
	}
	q := to.Query()
	q.Set("client_id", o.cfg.ClientID)
	q.Set("post_logout_redirect_uri", strings.TrimSuffix(o.cfg.RedirectURL, ReturnPath)+"/signin")
	to.RawQuery = q.Encode()
	return to.String()
}
