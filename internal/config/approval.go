package config

import "time"

// Ways to count the six months of R2, and to treat a suspended permit (R11).
const (
	CountDays   = "days"
	CountMonths = "months"

	SuspendedManual = "manual"
	SuspendedAccept = "accept"
	SuspendedRefuse = "refuse"
)

// Approval is what the decision may be configured in. It is pinned into a case by the version of its rule pack.
type Approval struct {
	// Stages for sources that say nothing; an empty stage means manual.
	Stages Stages `yaml:"stages"`
	// Registered is how rule R2 counts 累计居住登记满六个月.
	Registered Registered `yaml:"registered"`
	// Suspended is what becomes of a permit whose annual 签注 is overdue (R11): "manual", "accept" or "refuse"; empty means manual.
	Suspended string `yaml:"suspended"`
	// Limits are the clocks of a case.
	Limits Limits `yaml:"limits"`
	// NoticesOff names the optional notices that are not sent ("N3", "N4"); empty sends all.
	NoticesOff []string `yaml:"notices_off"`
}

// Registered is the count of rule R2.
type Registered struct {
	// Mode is "days" or "months" (six of them); empty means days.
	Mode string `yaml:"mode"`
	// Days that are needed in mode days; zero means 183.
	Days int `yaml:"days"`
	// MaxGapDays between two registrations before the count begins again; zero means any gap.
	MaxGapDays int `yaml:"max_gap_days"`
}

// Units and ends of limits, named as internal/calendar names them.
const (
	WorkingDays     = "working_days"
	CalendarDays    = "calendar_days"
	EndOfDay        = "end_of_day"
	CloseOfBusiness = "close_of_business"
)

// Limits are the time limits T1 to T5.
type Limits struct {
	// T1 from acceptance to issue (承诺时限); zero means 2 working days to 24:00.
	T1 Limit `yaml:"t1"`
	// T4 from acceptance to delivery (法定时限, 条例 第18条); zero means 15 working days to 24:00.
	T4 Limit `yaml:"t4"`
	// T5 from submission to the supplement request (行政许可法 第32条); zero means 5 working days to 24:00.
	T5 Limit `yaml:"t5"`
	// DeemedAcceptance lets T5 accept a case that nobody answered; false by default.
	DeemedAcceptance bool `yaml:"deemed_acceptance"`
	// PushInsideT1 counts the licence push (T2) inside T1: T1 then ends at the platform's acknowledgement; false by default.
	PushInsideT1 bool `yaml:"push_inside_t1"`
	// PushWithin is T2 from issue to the platform's acknowledgement; zero means 15m.
	PushWithin time.Duration `yaml:"push_within"`
	// NotifyWithin is T3 from issue to the gateway's acceptance of the notice; zero means 1m.
	NotifyWithin time.Duration `yaml:"notify_within"`
	// CancelWithin is how long two valid permits may stand after issue; zero means 15m.
	CancelWithin time.Duration `yaml:"cancel_within"`
	// Warnings of T1 in percent of its working budget, rising; empty means 50, 75, 90.
	Warnings []int `yaml:"warnings"`
}

// Limit is one time limit.
type Limit struct {
	// Days is the length; the day of the start is not counted.
	Days int `yaml:"days"`
	// Unit is "working_days" or "calendar_days".
	Unit string `yaml:"unit"`
	// End of the last day is "end_of_day" (24:00) or "close_of_business".
	End string `yaml:"end"`
}
