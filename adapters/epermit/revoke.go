package epermit

import (
	"context"
	"fmt"
	"regexp"

	"permithub/internal/fault"
	"permithub/schemas"
)

// Revoke takes the permit of o out of force at the platform and returns the platform's own number for it. It is safe to repeat: the platform
// knows the effect id again.
func (c *Client) Revoke(ctx context.Context, o schemas.Order) (string, error) {
	ref, err := c.revoke(ctx, &o)
	if err != nil {
		return "", fmt.Errorf("revoke %s: %w", o.Effect.EffectID, err)
	}
	return ref, nil
}

func (c *Client) revoke(ctx context.Context, o *schemas.Order) (string, error) {
	req, err := revokeRequestOf(o, c.cfg.OrgCode)
	if err != nil {
		return "", err
	}
	var a revokeAnswer
	status, err := c.platform.Post(ctx, PathRevoke, req, &a)
	switch {
	case err != nil:
		return "", err
	case a.Success != nil && !*a.Success && a.ErrorCode != "":
		return "", c.refused(a.ErrorCode)
	case a.Success == nil || !*a.Success || a.Data == nil:
		return "", unreadable(status)
	case a.Data.RequestID != req.RequestID || a.Data.PermitNo != req.PermitNo || permitStatus[a.Data.Status] != schemas.PermitRevoked:
		return "", fault.Rejectf(system+"_nonsense", "the answer is not about a revocation of this permit")
	case !serialNo.MatchString(a.Data.SerialNo):
		return "", nil // it is revoked all the same, under our own id
	}
	return a.Data.SerialNo, nil
}

var serialNo = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,64}$`)
