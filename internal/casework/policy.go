package casework

import (
	"errors"
	"fmt"
	"time"

	"permithub/internal/calendar"
)

// What becomes of a suspended permit (R11).
const (
	SuspendedManual = "manual" // an officer decides
	SuspendedAccept = "accept" // as good as a valid one
	SuspendedRefuse = "refuse" // as good as none
)

// How six months are counted (R2).
const (
	CountDays   = "days"
	CountMonths = "months"
)

// Policy is the rule pack with its numbers: everything that a decision depends on besides the file and the input.
type Policy struct {
	// Name is the rule pack's name and version; it signs automatic opinions and is pinned into each case.
	Name string
	// Calendar counts the working days.
	Calendar *calendar.Calendar
	// CountBy is CountDays or CountMonths.
	CountBy string
	// RequiredDays is the length of six months counted in days.
	RequiredDays int
	// MaxGapDays is the longest gap between registrations that does not start the count anew; 0 allows any gap.
	MaxGapDays int
	// SuspendedPermit says what becomes of a permit whose annual 签注 is overdue.
	SuspendedPermit string
	// Promised is T1 (承诺时限), Statutory T4 (法定时限).
	Promised, Statutory calendar.Limit
	// DeemedAfter is T5: days after which an unanswered application counts as accepted (行政许可法 第32条); zero Days switches it off.
	DeemedAfter calendar.Limit
	// PushWithin is T2, NotifyWithin T3, CancelWithin the bound on two valid permits after issue.
	PushWithin, NotifyWithin, CancelWithin time.Duration
	// PushInsidePromise counts the push of the licence inside T1: the promise is then kept at the platform's acknowledgement, not at the issue.
	PushInsidePromise bool
	// Rungs are the warnings of T1 in percent of the working budget, ascending, below 100.
	Rungs []int
	// NoticesOff names the optional notices that are not sent; N1 and N2 are owed and cannot be switched off.
	NoticesOff []string
}

// Haiyan202410 is the rule pack of 盐政办发〔2024〕10号 with the defaults where the policy is silent.
func Haiyan202410(cal *calendar.Calendar) *Policy {
	return &Policy{
		Name:            "haiyan-2024-10/1",
		Calendar:        cal,
		CountBy:         CountDays,
		RequiredDays:    183,
		SuspendedPermit: SuspendedManual,
		Promised:        calendar.Limit{Days: 2, Unit: calendar.WorkingDays},
		Statutory:       calendar.Limit{Days: 15, Unit: calendar.WorkingDays},
		PushWithin:      15 * time.Minute,
		NotifyWithin:    time.Minute,
		CancelWithin:    15 * time.Minute,
		Rungs:           []int{50, 75, 90},
	}
}

// Validate names every fault of the policy at once.
func (p *Policy) Validate() error {
	var errs []error
	fail := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fail(p.Name == "", "policy: name is empty")
	fail(p.Calendar == nil, "policy: no calendar")
	fail(p.CountBy != CountDays && p.CountBy != CountMonths, "policy: count_by is %q, want %q or %q", p.CountBy, CountDays, CountMonths)
	fail(p.RequiredDays <= 0, "policy: required_days is %d, want more than 0", p.RequiredDays)
	fail(p.MaxGapDays < 0, "policy: max_gap_days is %d, want 0 or more", p.MaxGapDays)
	fail(p.SuspendedPermit != SuspendedManual && p.SuspendedPermit != SuspendedAccept && p.SuspendedPermit != SuspendedRefuse,
		"policy: suspended_permit is %q, want manual, accept or refuse", p.SuspendedPermit)
	limit := func(name string, l calendar.Limit) {
		if err := l.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("policy: %s: %w", name, err))
		}
	}
	limit("promised", p.Promised)
	limit("statutory", p.Statutory)
	if p.DeemedAfter != (calendar.Limit{}) {
		limit("deemed_after", p.DeemedAfter)
	}
	fail(p.PushWithin <= 0 || p.NotifyWithin <= 0 || p.CancelWithin <= 0, "policy: the limits after issue must be more than 0")
	last := 0
	for _, r := range p.Rungs {
		fail(r <= last || r >= 100, "policy: warning rung %d, want ascending and below 100", r)
		last = r
	}
	for _, n := range p.NoticesOff {
		fail(n != NoticeSupplement && n != NoticeReceipt, "policy: notice %q cannot be switched off", n)
	}
	return errors.Join(errs...)
}
