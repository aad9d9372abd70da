package snapshot

import "errors"

// Reason says why a snapshot is refused, a closed set.
type Reason string

// Reasons.
const (
	Torn       Reason = "torn"       // it is not whole
	Form       Reason = "form"       // of a form that this program does not read
	Foreign    Reason = "foreign"    // of another log
	Differs    Reason = "differs"    // the log has another record where it ends: made again, or cut off and written anew
	Ahead      Reason = "ahead"      // the log does not reach that far
	Outdated   Reason = "outdated"   // what an observer counted does not count any more
	Unreadable Reason = "unreadable" // the file could not be read
)

var reasons = []Reason{Torn, Form, Foreign, Differs, Ahead, Outdated, Unreadable}

// forGood are the reasons that no later try removes: the file goes.
func (r Reason) forGood() bool { return r != Ahead && r != Unreadable }

// Refusal is the error of a snapshot that is not believed.
type Refusal struct {
	Reason Reason
	Err    error
}

func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Err.Error() }

func (r *Refusal) Unwrap() error { return r.Err }

func refuse(r Reason, err error) error { return &Refusal{r, err} }

// Refuse is how whoever reads a snapshot says that it does not fit.
func Refuse(r Reason, err error) error { return refuse(r, err) }

// refused returns the refusal that err is.
func refused(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}
