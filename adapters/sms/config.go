package sms

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
)

// Modes of submission.
const (
	ModeFree     = "free"     // /sms/norsubmit: the text goes as it is
	ModeTemplate = "template" // /sms/tmpsubmit: a template id and its parameters
)

const (
	defaultTimeout     = 10 * time.Second
	defaultMaxSegments = 10
	minPathToken       = 16
)

// Config is the account at the gateway and the way to it.
type Config struct {
	// BaseURL is the gateway without /sms/…. Required.
	BaseURL string
	// PrivateLine allows plain HTTP to a host other than loopback. The secret then travels in clear: only over a private line.
	PrivateLine bool
	// Mode is "free" or "template". Empty means "free".
	Mode string
	// ECName is the enterprise's name at the gateway (ecName). Required.
	ECName string
	// APID is the interface account (apId). Required.
	APID string
	// SecretKey is the account's secret (secretKey). Required.
	SecretKey string
	// SignCode is the code of the registered signature (sign). Required.
	SignCode string
	// AddSerial is the extension of the service number (addSerial). Empty where the number is matched exactly.
	AddSerial string
	// Signature is the signature's text without its brackets, as the gateway puts it before every message. It only counts. Required.
	Signature string
	// MaxSegments is how many pieces a text may need; longer texts are refused. 0 means 10.
	MaxSegments int
	// Templates maps our template and version, "N1@2", to the gateway's template id; "N1" stands for every version that is not listed,
	// so only where their parameters are the same. Needed with mode "template" only. What is not listed is not sent.
	Templates map[string]string
	// Timeout bounds one call from connecting to the last byte of the answer. 0 means 10 s.
	Timeout time.Duration
	// ReceiptToken is the last segment of the path to which the gateway pushes receipts, at least 16 characters. Empty does not check.
	ReceiptToken string
	// ReceiptFrom lists the networks (CIDR) from which receipts may come. Empty does not check. With neither this nor ReceiptToken
	// every receipt is turned away, because the protocol itself proves nothing.
	ReceiptFrom []string
}

// LogValue keeps the secret and the token out of logs.
func (c Config) LogValue() slog.Value {
	return slog.GroupValue(slog.String("base_url", c.BaseURL), slog.String("mode", c.Mode), slog.String("ap_id", c.APID))
}

// String keeps the secret and the token out of %v.
func (c Config) String() string { return "sms account " + c.APID + " at " + c.BaseURL }

// GoString keeps them out of %#v too.
func (c Config) GoString() string { return c.String() }

func (c Config) withDefaults() Config {
	if c.Mode == "" {
		c.Mode = ModeFree
	}
	if c.MaxSegments == 0 {
		c.MaxSegments = defaultMaxSegments
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return c
}

// Validate returns every fault at once.
func (c Config) Validate() error {
	d := c.withDefaults()
	errs := []error{d.checkURL(), d.checkMode(), d.checkReceipts()}
	for _, f := range []struct{ name, value string }{
		{"ec_name", c.ECName}, {"ap_id", c.APID}, {"secret_key", c.SecretKey}, {"sign_code", c.SignCode}, {"signature", c.Signature},
	} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("sms: %s: required", f.name))
		}
	}
	if d.MaxSegments < 0 {
		errs = append(errs, errors.New("sms: max_segments: negative"))
	}
	if d.Timeout < 0 {
		errs = append(errs, errors.New("sms: timeout: negative"))
	}
	if n := len(utf16.Encode([]rune(d.Signature))); n > 20 {
		errs = append(errs, fmt.Errorf("sms: signature: %d characters, at most 20", n))
	}
	return errors.Join(errs...)
}

// checkURL never quotes the URL: a mistaken one may hold a password.
func (c Config) checkURL() error {
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil, u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "", u.Scheme != "http" && u.Scheme != "https":
		return errors.New("sms: base_url: want http(s)://host[/path] without user, query and fragment")
	case u.Scheme == "http" && !c.PrivateLine && !loopback(u.Hostname()):
		return errors.New("sms: base_url: the secret travels in the body: use https, or declare private_line")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) checkMode() error {
	switch {
	case c.Mode != ModeFree && c.Mode != ModeTemplate:
		return errors.New(`sms: mode: want "free" or "template"`)
	case c.Mode == ModeTemplate && len(c.Templates) == 0:
		return errors.New(`sms: templates: required with mode "template"`)
	}
	var errs []error
	for ours, theirs := range c.Templates {
		if name, version, versioned := strings.Cut(ours, "@"); name == "" || versioned && version == "" || theirs == "" {
			errs = append(errs, fmt.Errorf(`sms: templates: %q: want "template" or "template@version" and the gateway's id`, ours))
		}
	}
	return errors.Join(errs...)
}

func (c Config) checkReceipts() error {
	var errs []error
	if n := len(c.ReceiptToken); n > 0 && n < minPathToken || strings.ContainsAny(c.ReceiptToken, "/?#% ") {
		errs = append(errs, fmt.Errorf("sms: receipt_token: want at least %d characters that a path may hold", minPathToken))
	}
	_, err := prefixes(c.ReceiptFrom)
	return errors.Join(append(errs, err)...)
}

func prefixes(networks []string) ([]netip.Prefix, error) {
	var parsed []netip.Prefix
	var errs []error
	for _, n := range networks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			errs = append(errs, fmt.Errorf("sms: receipt_from: %q is not a network", n))
			continue
		}
		parsed = append(parsed, p.Masked())
	}
	return parsed, errors.Join(errs...)
}
