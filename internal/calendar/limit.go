package calendar

import (
	"errors"
	"fmt"
)

// Unit says which days of a limit count.
type Unit uint8

const (
	// WorkingDays counts working days only (行政许可法 第82条).
	WorkingDays Unit = iota
	// CalendarDays counts every day; a last day that is off moves to the next working day (民法典 第203条第一款).
	CalendarDays
)

// End says when the last day ends.
type End uint8

const (
	// EndOfDay ends the last day at 24:00 (民法典 第203条第二款).
	EndOfDay End = iota
	// CloseOfBusiness ends it when the office closes, where there are business hours (民法典 第203条第二款).
	CloseOfBusiness
)

// Limit is a time limit in law or promise. The day on which it starts is never counted (民法典 第201条).
type Limit struct {
	// Days is the length, 1 to 3660. Zero is a fault for [Limit.Validate]; counting takes less than 1 as 1.
	Days int `json:"days" doc:"天数"`
	// Unit says which days count; zero means working days.
	Unit Unit `json:"unit" doc:"计算单位：working_days、calendar_days"`
	// End says when the last day ends; zero means 24:00.
	End End `json:"end" doc:"末日届满：end_of_day、close_of_business"`
}

var (
	unitNames = [...]string{"working_days", "calendar_days"}
	endNames  = [...]string{"end_of_day", "close_of_business"}
)

// Validate returns every fault of the limit at once.
func (l Limit) Validate() error {
	var faults []error
	if l.Days < 1 || l.Days > 3660 {
		faults = append(faults, fmt.Errorf("limit: days %d: outside 1 to 3660", l.Days))
	}
	if int(l.Unit) >= len(unitNames) {
		faults = append(faults, fmt.Errorf("limit: unit %d: unknown", l.Unit))
	}
	if int(l.End) >= len(endNames) {
		faults = append(faults, fmt.Errorf("limit: end %d: unknown", l.End))
	}
	return errors.Join(faults...)
}

// String returns the limit in Chinese, as in 2个工作日.
func (l Limit) String() string {
	if l.Unit == CalendarDays {
		return fmt.Sprintf("%d日", l.Days)
	}
	return fmt.Sprintf("%d个工作日", l.Days)
}

// String returns the name of the unit in configuration and JSON.
func (u Unit) String() string { return nameOf(unitNames[:], u) }

// MarshalText writes the name of the unit.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads the name of a unit.
func (u *Unit) UnmarshalText(text []byte) error { return setByName(unitNames[:], u, string(text)) }

// String returns the name of the end in configuration and JSON.
func (e End) String() string { return nameOf(endNames[:], e) }

// MarshalText writes the name of the end.
func (e End) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads the name of an end.
func (e *End) UnmarshalText(text []byte) error { return setByName(endNames[:], e, string(text)) }

func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("unknown(%d)", v)
}

func setByName[T ~uint8](names []string, v *T, name string) error {
	for i, n := range names {
		if n == name {
			*v = T(i)
			return nil
		}
	}
	return fmt.Errorf("%q: want one of %q", name, names)
}
