package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"permithub/internal/fault"
	"permithub/schemas"
)

const (
	pathCancel = "/residence/v1/permits/cancel"
	// reasonRecognition is 注销原因 互认转换.
	reasonRecognition = "06"
	maxSerial         = 64
)

// cancellable are the states from which an earlier permit is cancelled. An expired one is among them: until it is cancelled its holder
// could have it renewed, and the form says that only the new permit remains (附件1 重要提示).
var cancellable = []string{schemas.PermitValid, schemas.PermitSuspended, schemas.PermitExpired}

type cancelRequest struct {
	QQBH   string   `json:"qqbh"`
	GMSFHM string   `json:"gmsfhm"`
	ZJBH   string   `json:"zjbh"`
	YQZT   []string `json:"yqzt"`
	XZJBH  string   `json:"xzjbh"`
	ZXYY   string   `json:"zxyy"`
}

type cancelAnswer struct {
	ZXJG  string `json:"zxjg"`
	ZXLSH string `json:"zxlsh"`
	XZJBH string `json:"xzjbh"`
}

// Results of a cancellation (zxjg).
const (
	cancelledNow    = "1"
	cancelledBefore = "2"
)

// Cancel cancels the earlier permit Effect.PermitNo because Effect.NewNo replaces it, and returns the system's serial number. It is safe
// to repeat: the request is conditional and carries the effect id.
//
// A permit that was cancelled before is done: the state that we owe is reached, nobody can cancel it again, and holding the case would
// ask an officer for the impossible. The reference then begins with "already" unless the cancellation names our new permit. But
// where it names another new permit the call is refused: the person then holds a permit that we do not know of beside ours, and a
// person must look.
func (s *System) Cancel(ctx context.Context, o schemas.Order) (string, error) {
	ref, err := s.cancel(ctx, o)
	if err != nil {
		return "", fmt.Errorf("cancel permit %s for %s: %w", o.Effect.PermitNo, o.Effect.EffectID, err)
	}
	return ref, nil
}

func (s *System) cancel(ctx context.Context, o schemas.Order) (string, error) {
	// Never an old permit without the new one, never the new one itself.
	if !plain(o.Effect.PermitNo, maxPermitNo) || !plain(o.Effect.NewNo, maxPermitNo) || o.Effect.PermitNo == o.Effect.NewNo {
		return "", fault.Rejectf("registration_cancel_without_replacement", "replaced by %q", clean(o.Effect.NewNo, maxPermitNo))
	}
	e, err := s.call(ctx, pathCancel, cancelRequest{
		QQBH: o.Effect.EffectID, GMSFHM: strings.ToUpper(o.Person.CitizenID), ZJBH: o.Effect.PermitNo, YQZT: s.from, XZJBH: o.Effect.NewNo, ZXYY: reasonRecognition,
	})
	if err != nil {
		return "", err
	}
	return cancelled(e, o.Effect.NewNo)
}

func cancelled(e envelope, newNo string) (string, error) {
	if e.Code != codeOK {
		return "", e.refusal()
	}
	var a *cancelAnswer
	if json.Unmarshal(e.Data, &a) != nil || a == nil {
		return "", fault.Rejectf(codeBadAnswer, "data is not a cancellation")
	}
	serial := a.ZXLSH
	if !plain(serial, maxSerial) {
		serial = ""
	}
	switch {
	case a.ZXJG == cancelledNow, a.ZXJG == cancelledBefore && a.XZJBH == newNo:
		return serial, nil
	case a.ZXJG == cancelledBefore && a.XZJBH == "":
		return strings.TrimSpace("already " + serial), nil
	case a.ZXJG == cancelledBefore:
		return "", fault.Rejectf("registration_replaced_by_other", "it was replaced by %s", clean(a.XZJBH, maxPermitNo))
	}
	return "", fault.Rejectf(codeBadAnswer, "zxjg %q is not mapped", clean(a.ZXJG, 4))
}
