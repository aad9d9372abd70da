package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// DeskTLS is the desk's own certificate. It is empty where a proxy before the desk ends TLS.
type DeskTLS struct {
	// CertFile and KeyFile are PEM; both or none.
	CertFile string `yaml:"cert_file" path:"file"`
	KeyFile  string `yaml:"key_file" path:"file"`
}

// OIDC lets users sign in at an OpenID provider; the zero value does not. Whoever signs in there must be in desk.users_file too.
type OIDC struct {
	// Issuer is the provider's address, as its discovery document names it.
	Issuer string `yaml:"issuer"`
	// Name is what the button on the sign-in page says; empty means 统一身份认证登录, in English Single sign-on.
	Name         string `yaml:"name"`
	ClientID     string `yaml:"client_id"`
	ClientSecret Secret `yaml:"client_secret"`
	// RedirectURL is the console's /signin/openid/return as browsers reach it, and as the provider knows it.
	RedirectURL string `yaml:"redirect_url"`
	// CAFile holds the PEM certificates to trust; empty means the system's.
	CAFile string `yaml:"ca_file" path:"file"`
	// Scopes are asked for beside openid; empty means profile.
	Scopes []string `yaml:"scopes"`
	// UserClaim holds the staff number; empty means sub. A name with dots is a path, here and below.
	UserClaim string `yaml:"user_claim"`
	// RolesClaim holds values that Roles give roles for; empty leaves roles to desk.users_file.
	RolesClaim string     `yaml:"roles_claim"`
	Roles      []OIDCRole `yaml:"roles"`
	// TownshipsClaim holds divisions of 9 digits, or 330424 for the whole county; empty leaves townships to desk.users_file.
	TownshipsClaim string `yaml:"townships_claim"`
}

// OIDCRole gives a role to whoever has the value in the claim of roles.
type OIDCRole struct {
	Value string `yaml:"value"`
	Role  string `yaml:"role"`
}

// Proxy lets a reverse proxy say who sits before it; the zero value does not.
type Proxy struct {
	// CertFile holds the PEM certificate that the proxy shows as a client; two while it is changed. No other certificate counts, whoever signed it.
	CertFile string `yaml:"cert_file" path:"file"`
	// Header is where the proxy puts the staff number; empty means X-Remote-User. The proxy must replace what a browser sends in it.
	Header string `yaml:"header"`
	// SignOutURL is where a browser goes that signs out; empty shows that the console's own session ended.
	SignOutURL string `yaml:"sign_out_url"`
}

// returnPath is where a provider sends browsers back to.
const returnPath = "/signin/openid/return"

func (o *OIDC) fill() {
	if o.Issuer == "" {
		return
	}
	o.UserClaim = cmp.Or(o.UserClaim, "sub")
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"profile"}
	}
}

func (p *Proxy) fill() {
	if p.CertFile != "" {
		p.Header = cmp.Or(p.Header, "X-Remote-User")
	}
}

func (c *Config) checkWays(f *faults) {
	d := &c.Desk
	if (d.TLS.CertFile == "") != (d.TLS.KeyFile == "") {
		f.add("desk.tls", "cert_file and key_file: both or none")
	}
	for _, way := range []struct {
		path string
		set  bool
	}{{"desk.oidc", d.OIDC.Issuer != ""}, {"desk.proxy", d.Proxy.CertFile != ""}} {
		if way.set && d.UsersFile == "" {
			f.add(way.path, "needs desk.users_file: the hub lets in whom it knows")
		}
	}
	d.OIDC.check(f)
	d.Proxy.check(f, d.TLS)
}

func (o *OIDC) check(f *faults) {
	if o.Issuer == "" {
		if o.ClientID != "" || o.RedirectURL != "" || o.ClientSecret.IsSet() || o.RolesClaim != "" || o.TownshipsClaim != "" || o.UserClaim != "" || len(o.Roles) > 0 {
			f.add("desk.oidc.issuer", "is missing, though other parts of desk.oidc are set")
		}
		return
	}
	f.secureURL("desk.oidc.issuer", o.Issuer)
	f.required("desk.oidc.client_id", o.ClientID)
	f.secret("desk.oidc.client_secret", o.ClientSecret)
	f.secureURL("desk.oidc.redirect_url", o.RedirectURL)
	if !strings.HasSuffix(o.RedirectURL, returnPath) {
		f.add("desk.oidc.redirect_url", "want it to end with %s", returnPath)
	}
	if slices.Contains(o.Scopes, "") {
		f.add("desk.oidc.scopes", "one is empty")
	}
	if (o.RolesClaim == "") != (len(o.Roles) == 0) {
		f.add("desk.oidc.roles", "roles_claim and roles: both or none")
	}
	for i, r := range o.Roles {
		at := fmt.Sprintf("desk.oidc.roles[%d]", i)
		f.required(at+".value", r.Value)
		f.oneOf(at+".role", r.Role, RoleAcceptance, RoleReview, RoleApproval, RoleSupervisor, RoleOperator, RoleAuditor)
	}
}

// headerLetters are what RFC 9110 lets a field be called, without what proxies drop or fold.
const headerLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

func (p *Proxy) check(f *faults, own DeskTLS) {
	if p.CertFile == "" {
		if p.Header != "" || p.SignOutURL != "" {
			f.add("desk.proxy.cert_file", "is missing, though other parts of desk.proxy are set: without it anybody could send the header")
		}
		return
	}
	if own.CertFile == "" {
		f.add("desk.proxy", "needs desk.tls: without TLS the proxy cannot prove who it is")
	}
	if strings.Trim(p.Header, headerLetters) != "" {
		f.add("desk.proxy.header", "%q: want letters, digits and dash", p.Header)
	}
	if p.SignOutURL != "" {
		f.secureURL("desk.proxy.sign_out_url", p.SignOutURL)
	}
}

// secureURL wants https of what carries who somebody is, or plain http for trying.
func (f *faults) secureURL(path, v string) {
	if u := f.baseURL(path, v); u != nil && f.production && u.Scheme != "https" {
		f.add(path, "http carries it in clear, which profile production refuses")
	}
}
