package epermit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"permithub/internal/fault"
	"permithub/internal/gateway"
	"permithub/schemas"
)

// system is the code of this adapter's errors, or its beginning.
const system = "epermit"

// DefaultBaseURL is the simulator's place on the same machine.
const DefaultBaseURL = "http://127.0.0.1:8731"

// Paths of the interfaces, behind the base URL.
const (
	PathIssue  = "/api/residence-permit/v1/issue"
	PathResult = "/api/residence-permit/v1/issue-result"
	PathRevoke = "/api/residence-permit/v1/revoke"
)

// Config says how the platform is reached.
type Config struct {
	// BaseURL is what stands before the interfaces' paths. Empty is [DefaultBaseURL].
	BaseURL string
	// AccessKey and Secret are the provincial gateway's key for this hub. Required.
	AccessKey string
	Secret    string
	// Timeout bounds one call; an issue of unknown outcome takes a second call. 0 is 10 s.
	Timeout time.Duration
	// OrgCode is the issuing authority's code at the platform (签发机关). Required.
	OrgCode string
	// LicenceType (证照类型代码, 21 characters) and LicenceIssuer (证照颁发机构, 18 characters) are what the licence identifiers of this permit
	// must name. Empty accepts any.
	LicenceType   string
	LicenceIssuer string
	// BusyCodes are codes of the platform that mean "not now" and not "no". Nil is SYSTEM_BUSY.
	BusyCodes []string
	// OnSkew hears how far the platform's clock is ahead of ours each time it complained. Nil is silence.
	OnSkew func(ahead time.Duration)
}

func (c *Config) gateway() gateway.Config {
	g := gateway.Config{BaseURL: c.BaseURL, AccessKey: c.AccessKey, Secret: c.Secret, Timeout: c.Timeout, OnSkew: c.OnSkew}
	if g.BaseURL == "" {
		g.BaseURL = DefaultBaseURL
	}
	return g
}

// Validate returns every fault of the configuration at once; the secret is in none of them.
func (c *Config) Validate() error {
	g := c.gateway()
	errs := []error{g.Validate()}
	if c.OrgCode == "" {
		errs = append(errs, errors.New("org code: needed"))
	}
	if c.LicenceType != "" && !validLicenceType(c.LicenceType) {
		errs = append(errs, errors.New("licence type: want 21 digits and capitals"))
	}
	if c.LicenceIssuer != "" && !validLicenceIssuer(c.LicenceIssuer) {
		errs = append(errs, errors.New("licence issuer: want 18 digits and capitals"))
	}
	return errors.Join(errs...)
}

// Client issues and revokes permits. It is safe for concurrent use.
type Client struct {
	cfg      Config
	platform *gateway.Client
}

// New returns a client; cfg must validate.
func New(cfg Config, now func() time.Time) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", system, err)
	}
	if cfg.BusyCodes == nil {
		cfg.BusyCodes = []string{"SYSTEM_BUSY"}
	}
	platform, err := gateway.NewClient(system, cfg.gateway(), now)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, platform: platform}, nil
}

// Close lets go of the idle connections.
func (c *Client) Close() { c.platform.Close() }

// Issue has the permit of o issued, or returns the one that was issued under the same effect id before. It is safe to repeat. When a call
// ends without a clear answer, the platform is asked by effect id; where that brings no permit, the error is unavailable and the caller
// calls again with the same order.
func (c *Client) Issue(ctx context.Context, o schemas.Order) (schemas.Permit, error) {
	permit, err := c.issue(ctx, &o)
	if mayHaveHappened(err) {
		// A failure to find says no more than the first error: that one stands.
		if found, ok, findErr := c.Find(ctx, o.Effect.EffectID); findErr == nil && ok {
			return found, nil
		}
	}
	if err != nil {
		return schemas.Permit{}, fmt.Errorf("issue %s: %w", o.Effect.EffectID, err)
	}
	return permit, nil
}

func (c *Client) issue(ctx context.Context, o *schemas.Order) (schemas.Permit, error) {
	req, err := issueRequestOf(o, c.cfg.OrgCode)
	if err != nil {
		return schemas.Permit{}, err
	}
	var answer issueAnswer
	status, err := c.platform.Post(ctx, PathIssue, req, &answer)
	if err != nil {
		return schemas.Permit{}, err
	}
	if err := c.issued(status, &answer); err != nil {
		return schemas.Permit{}, err
	}
	return c.permitOf(answer.Data, o.Effect.EffectID)
}

// mayHaveHappened tells the calls that may have reached the platform from those that the gateway turned away.
func mayHaveHappened(err error) bool {
	code := fault.CodeOf(err)
	return fault.ClassOf(err) == fault.Unavailable && (code == system || code == system+"_garbled")
}

// Find returns the permit that was issued under an effect id, and false where none was. It changes nothing.
func (c *Client) Find(ctx context.Context, effectID string) (schemas.Permit, bool, error) {
	var answer resultAnswer
	status, err := c.platform.Post(ctx, PathResult, resultRequest{RequestID: effectID}, &answer)
	if err == nil {
		err = c.found(status, &answer)
	}
	var permit schemas.Permit
	if err == nil && len(answer.Datas) == 1 {
		permit, err = c.permitOf(&answer.Datas[0], effectID)
	}
	if err != nil {
		return schemas.Permit{}, false, fmt.Errorf("find issue %s: %w", effectID, err)
	}
	return permit, len(answer.Datas) == 1, nil
}

// issued reads the success/data envelope of the issue interface.
func (c *Client) issued(status int, a *issueAnswer) error {
	switch {
	case a.Success != nil && *a.Success && a.Data != nil:
		return nil
	case a.Success != nil && !*a.Success && a.ErrorCode != "":
		return c.refused(a.ErrorCode)
	}
	return unreadable(status)
}

// found reads the code/datas envelope of the result interface.
func (c *Client) found(status int, a *resultAnswer) error {
	switch {
	case a.Code == resultOK && len(a.Datas) > 1:
		return fault.Rejectf(system+"_nonsense", "%d permits under one request id", len(a.Datas))
	case a.Code == resultOK && a.Datas != nil:
		return nil
	case a.Code != "" && a.Code != resultOK:
		return c.refused(a.Code)
	}
	return unreadable(status)
}

func (c *Client) refused(code string) error {
	stable := gateway.RefusalCode(system, code)
	if slices.Contains(c.cfg.BusyCodes, code) {
		return fault.Outage(system, errors.New(stable))
	}
	return fault.Reject(stable, nil)
}

// unreadable is JSON in another envelope than the interface's: a success that is none, or a refusal without a reason.
func unreadable(status int) error {
	if status >= 300 {
		return fault.Reject(fmt.Sprintf("%s_http_%d", system, status), nil)
	}
	return fault.Outage(system+"_garbled", errors.New("the answer is not in the interface's envelope"))
}
