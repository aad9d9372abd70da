package accounts

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// ErrNotProxy says that somebody else than the trusted proxy sent its header, or that it is not one staff number.
var ErrNotProxy = errors.New("the header of a user is not the trusted proxy's")

// Proxy takes from a reverse proxy who sits before it. The proxy is whoever proves, in the TLS handshake, to hold the key of a certificate that is known
// here, byte for byte: another certificate of the same authority is not it. Safe for concurrent use.
type Proxy struct {
	header string
	pins   map[[sha256.Size]byte]bool
	users  *Users
	now    func() time.Time
}

// NewProxy trusts the header of peers with one of these certificates; two are for the time of a change.
func NewProxy(header string, certificates []*x509.Certificate, users *Users, now func() time.Time) *Proxy {
	p := &Proxy{header: http.CanonicalHeaderKey(header), pins: map[[sha256.Size]byte]bool{}, users: users, now: now}
	for _, c := range certificates {
		p.pins[sha256.Sum256(c.Raw)] = true
	}
	return p
}

// Identify returns whom the proxy names; named is false where the request has no such header. Where somebody is refused whose staff number could be one,
// the identity has it, for the record.
func (p *Proxy) Identify(r *http.Request) (who Identity, named bool, err error) {
	values, named := r.Header[p.header]
	if !named {
		return Identity{}, false, nil
	}
	who.Way = ByProxy
	if len(values) == 1 && userID.MatchString(values[0]) {
		who.User.ID = values[0]
	}
	if !p.trusted(r) || who.User.ID == "" {
		return who, true, ErrNotProxy
	}
	u, known := p.users.Find(who.User.ID)
	if !known || u.Disabled || len(u.Roles) == 0 {
		return who, true, ErrUnknown
	}
	return identified(u, ByProxy), true, nil
}

func (p *Proxy) trusted(r *http.Request) bool {
	if r.TLS == nil || !r.TLS.HandshakeComplete || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	peer, now := r.TLS.PeerCertificates[0], p.now()
	return p.pins[sha256.Sum256(peer.Raw)] && !now.Before(peer.NotBefore) && !now.After(peer.NotAfter)
}
