package registration

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"permithub/internal/gateway"
	"permithub/schemas"
)

// system is the code of this system's errors, or its beginning.
const system = "registration"

// Config is the way to the system and its code tables.
type Config struct {
	// Gateway is the address, the key and the limits of one call.
	Gateway gateway.Config
	// Statuses maps the system's permit states (zt) to "valid", "suspended", "cancelled" or "expired". Nil means 1, 2, 3, 4 in that
	// order; a table given replaces it whole.
	Statuses map[string]string
	// Conditions maps the system's kinds of check (hylx) to conditions of the form. Nil means the table of the package comment; a table
	// given replaces it whole.
	Conditions map[string]schemas.Condition
}

// statusCodes is 居住证状态.
var statusCodes = map[string]string{
	"1": schemas.PermitValid, "2": schemas.PermitSuspended, "3": schemas.PermitCancelled, "4": schemas.PermitExpired,
}

// conditionCodes is 核验类型: the group of the form (1 employment, 2 residence, 3 rental, 4 schooling), then its box.
var conditionCodes = map[string]schemas.Condition{
	"11": schemas.LabourContract, "12": schemas.FarmContract, "13": schemas.SocialInsurance, "14": schemas.BusinessLicence, "19": schemas.OtherEmployment,
	"21": schemas.OwnedHome, "22": schemas.EmployerDormitory, "23": schemas.RentedHome, "29": schemas.OtherResidence,
	"31": schemas.RentalRegistration, "32": schemas.LeaseFiling, "33": schemas.LeaseContract, "34": schemas.SafetyCompliant, "35": schemas.TaxPaid, "39": schemas.OtherRental,
	"41": schemas.PrimarySchool, "42": schemas.SecondarySchool, "43": schemas.VocationalSchool, "44": schemas.University,
}

// Validate returns every fault at once.
func (c Config) Validate() error {
	var errs []error
	if err := c.Gateway.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", system, err))
	}
	known := slices.Sorted(maps.Values(statusCodes))
	for _, code := range slices.Sorted(maps.Keys(c.Statuses)) {
		if !slices.Contains(known, c.Statuses[code]) {
			errs = append(errs, fmt.Errorf("%s: statuses: %q: want one of %v", system, code, known))
		}
	}
	for _, code := range slices.Sorted(maps.Keys(c.Conditions)) {
		if c.Conditions[code].Name() == "" {
			errs = append(errs, fmt.Errorf("%s: conditions: %q is no condition of the form", system, code))
		}
	}
	// A cancellation names the states to cancel from, so each needs a code.
	for _, status := range cancellable {
		if c.Statuses != nil && len(codesOf(c.Statuses, status)) == 0 {
			errs = append(errs, fmt.Errorf("%s: statuses: no code for %q", system, status))
		}
	}
	return errors.Join(errs...)
}

// codesOf returns the codes of any of the states, sorted.
func codesOf(statuses map[string]string, states ...string) []string {
	var codes []string
	for _, code := range slices.Sorted(maps.Keys(statuses)) {
		if slices.Contains(states, statuses[code]) {
			codes = append(codes, code)
		}
	}
	return codes
}

// System is the registration system as the hub sees it. It is safe for concurrent use.
type System struct {
	client     *gateway.Client
	statuses   map[string]string
	conditions map[string]schemas.Condition
	from       []string // zt codes from which a permit may be cancelled
	now        func() time.Time
}

// New returns the system of a valid configuration; now signs the calls and dates the answers that carry no time.
func New(cfg Config, now func() time.Time) (*System, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Statuses == nil {
		cfg.Statuses = statusCodes
	}
	if cfg.Conditions == nil {
		cfg.Conditions = conditionCodes
	}
	client, err := gateway.NewClient(system, cfg.Gateway, now)
	if err != nil {
		return nil, err
	}
	return &System{client: client, statuses: cfg.Statuses, conditions: cfg.Conditions, from: codesOf(cfg.Statuses, cancellable...), now: now}, nil
}

// Close lets go of the idle connections. Calls under way are not ended.
func (s *System) Close() { s.client.Close() }
