package accounts

import (
	"slices"
	"strings"
)

// claims are what an OpenID provider says about somebody.
type claims map[string]any

// find returns the claim of that name; where there is none, the name is a path with dots, as realm_access.roles.
func (c claims) find(name string) (any, bool) {
	if v, ok := c[name]; ok {
		return v, true
	}
	first, rest, nested := strings.Cut(name, ".")
	if !nested {
		return nil, false
	}
	inner, ok := c[first].(map[string]any)
	if !ok {
		return nil, false
	}
	return claims(inner).find(rest)
}

// texts returns the claim's texts: one, or a list. What is neither says nothing.
func (c claims) texts(name string) []string {
	v, _ := c.find(name)
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// user applies what the claims say about rights to the file's user. It returns false where a right that the claims are to give is not in them: a claim that
// is missing must never mean more than one that is there.
func (c *OpenIDConfig) user(u User, said claims) (User, bool) {
	if c.RolesClaim != "" {
		u.Roles = nil
		values := said.texts(c.RolesClaim)
		for _, r := range c.Roles {
			if slices.Contains(values, r.Value) && !slices.Contains(u.Roles, r.Role) {
				u.Roles = append(u.Roles, r.Role)
			}
		}
	}
	if c.TownshipsClaim != "" {
		u.Townships = nil
		values := said.texts(c.TownshipsClaim)
		for _, v := range values {
			if township.MatchString(v) && !slices.Contains(u.Townships, v) {
				u.Townships = append(u.Townships, v)
			}
		}
		whole := slices.Contains(values, County)
		if whole {
			u.Townships = nil
		}
		if !whole && len(u.Townships) == 0 {
			return User{}, false
		}
	}
	return u, len(u.Roles) > 0
}
