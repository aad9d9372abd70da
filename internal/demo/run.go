package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"permithub/schemas"
)

// Runner sends lines through the doors.
type Runner struct {
	Doors *Doors
	Watch *Watch
	// AtOnce is how many people are served side by side.
	AtOnce int
	// Patience bounds how long one wait for a case takes; what has not come to rest by then is reported as it stands.
	Patience time.Duration
	// Done is called after each line, from any goroutine.
	Done func(*Result)
}

// Run sends every line and returns the results in the order of the lines. It stops early only when ctx ends.
func (r *Runner) Run(ctx context.Context, lines []Line) []*Result {
	results := make([]*Result, len(lines))
	next := make(chan []int)
	var workers sync.WaitGroup
	for range max(1, r.AtOnce) {
		workers.Go(func() {
			for group := range next {
				for _, i := range group {
					results[i] = r.one(ctx, i+1, &lines[i])
					r.Done(results[i])
				}
			}
		})
	}
	for _, group := range groups(lines) {
		next <- group
	}
	close(next)
	workers.Wait()
	return results
}

// groups puts the lines of one person, or of one source application number, in order behind each other.
func groups(lines []Line) [][]int {
	var out [][]int
	where := map[string]int{}
	for i := range lines {
		id := lines[i].identity()
		g := -1
		for _, key := range []string{"citizen " + id.CitizenID, "number " + id.SourceApplicationNo} {
			if at, ok := where[key]; ok {
				g = at
			}
		}
		if g < 0 {
			g = len(out)
			out = append(out, nil)
		}
		where["citizen "+id.CitizenID], where["number "+id.SourceApplicationNo] = g, g
		out[g] = append(out[g], i)
	}
	return out
}

// one takes one line from the door to where it rests.
func (r *Runner) one(ctx context.Context, number int, l *Line) *Result {
	res := &Result{Line: number, Title: l.Title, Outcome: outcomeRejected, Reasons: []string{}, Cancelled: []string{}, SMS: []SMS{}, expect: l.Expect, identity: l.identity()}
	began := time.Now()
	defer func() { res.ElapsedMS = float64(time.Since(began).Microseconds()) / 1000 }()
	if err := r.prepare(ctx, l, res.identity); err != nil {
		res.Problems = []Problem{{Code: "demo", MessageEN: err.Error()}}
		return res
	}
	source, err := r.Doors.source(l.channel(), l.stages())
	if err != nil {
		res.Problems = []Problem{{Code: "demo", MessageEN: err.Error()}}
		return res
	}
	status, answer, err := r.Doors.send(ctx, source, "/v1/applications", l.Application)
	res.HTTPStatus, res.ApplicationNo, res.Problems = status, answer.ApplicationNo, answer.Problems
	if err != nil {
		res.Problems = append(res.Problems, Problem{Code: "demo", MessageEN: err.Error()})
	}
	if status != 202 {
		if len(res.Problems) == 0 && answer.Title != "" {
			res.Problems = []Problem{{Code: "http_" + strconv.Itoa(status), MessageZH: answer.Title}}
		}
		return res
	}
	r.play(ctx, l, source, res)
	if v := r.Watch.view(res.ApplicationNo); v != nil {
		res.fill(v)
	}
	return res
}

// prepare tells the simulators what this line is about before the hub hears of it.
func (r *Runner) prepare(ctx context.Context, l *Line, id identity) error {
	if len(l.Registration) > 0 {
		var known map[string]json.RawMessage
		if err := json.Unmarshal(l.Registration, &known); err != nil {
			return fmt.Errorf("registration: %w", err)
		}
		known["citizen_id"], _ = json.Marshal(id.CitizenID)
		known["full_name"], _ = json.Marshal(id.FullName)
		if err := r.Doors.control(ctx, "registration", "/_sim/people", known); err != nil {
			return err
		}
	}
	for i := range l.Faults {
		f := &l.Faults[i]
		match := id.CitizenID
		if f.System == "sms" {
			match = id.Phone
		}
		fault := map[string]any{"op": f.Op, "match": match, "mode": f.Mode, "code": f.Code, "delay_ms": f.DelayMS, "share": f.Share, "times": f.Times}
		if err := r.Doors.control(ctx, f.System, "/_sim/faults", fault); err != nil {
			return err
		}
	}
	return nil
}

// play does what people do, each act once the case rests, and waits until it rests again.
func (r *Runner) play(ctx context.Context, l *Line, source *Source, res *Result) {
	for i := range l.Script {
		if r.rest(ctx, res.ApplicationNo) != nil {
			return
		}
		act := &l.Script[i]
		if code := r.act(ctx, act, i, source, res.ApplicationNo); code != "" {
			res.Rejected = append(res.Rejected, Rejection{Action: act.Action, Code: code})
		}
	}
	_ = r.rest(ctx, res.ApplicationNo) // what does not come to rest in time is reported as it stands
}

func (r *Runner) rest(ctx context.Context, applicationNo string) error {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	return r.Watch.rest(ctx, applicationNo)
}

// act does one thing and returns why it was not taken, or "".
func (r *Runner) act(ctx context.Context, a *Act, number int, source *Source, applicationNo string) string {
	status, answer, err := r.knock(ctx, a, number, source, applicationNo)
	taken := status == 202 || status == 200 // the intake takes, the desk has the case's word
	switch {
	case err != nil:
		return err.Error()
	case !taken && len(answer.Problems) > 0:
		return answer.Problems[0].Code
	case !taken:
		return "http_" + strconv.Itoa(status)
	}
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	code := ""
	err = r.Watch.wait(ctx, applicationNo, func(v *caseView) (seen bool) {
		code, seen = v.inputs[answer.InputID]
		return seen
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return "no_answer"
	}
	return code
}

// knock brings an officer's act to the desk and an applicant's to the intake.
func (r *Runner) knock(ctx context.Context, a *Act, number int, source *Source, applicationNo string) (int, accepted, error) {
	id := fmt.Sprintf("%s-act-%d", applicationNo, number+1)
	path := "/v1/applications/" + applicationNo
	switch {
	case a.Officer != "":
		body := deskAction{ActionID: id, Act: *a}
		body.Officer = ""
		return r.post(body, func(b []byte) (int, accepted, error) { return r.Doors.act(ctx, a.Officer, applicationNo, b) })
	case a.Action == "supplement":
		body := map[string]json.RawMessage{}
		if err := json.Unmarshal(a.Supplement, &body); err != nil {
			return 0, accepted{}, fmt.Errorf("supplement: %w", err)
		}
		body["supplement_no"], _ = json.Marshal(id)
		return r.post(body, func(b []byte) (int, accepted, error) { return r.Doors.send(ctx, source, path+"/supplements", b) })
	case a.Action == "withdraw":
		reason := a.Reason
		if reason == "" {
			reason = "applicant_wish"
		}
		body := map[string]string{"withdrawal_no": id, "reason": reason}
		return r.post(body, func(b []byte) (int, accepted, error) { return r.Doors.send(ctx, source, path+"/withdrawal", b) })
	}
	return 0, accepted{}, fmt.Errorf("act %d: %q needs an officer", number+1, a.Action)
}

// deskAction is the body of the desk's action: an act under an id of its own.
type deskAction struct {
	ActionID string `json:"action_id"`
	Act
}

func (r *Runner) post(body any, send func([]byte) (int, accepted, error)) (int, accepted, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, accepted{}, err
	}
	return send(b)
}

// Officers lists everybody who acts in the lines, once.
func Officers(lines []Line) []string {
	var out []string
	seen := map[string]bool{}
	for i := range lines {
		for _, a := range lines[i].Script {
			if a.Officer != "" && !seen[a.Officer] {
				seen[a.Officer] = true
				out = append(out, a.Officer)
			}
		}
	}
	return out
}

// byPeople is a case whose three opinions people give.
var byPeople = schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}

// Sources lists the keys that the lines and the stream need, once each: one name for each channel and way of handling, so that what a name stands for never changes.
func Sources(lines []Line, secret func(name string) string) []Source {
	var out []Source
	for _, automatic := range []schemas.Channel{schemas.Online, schemas.Window} {
		out = addSource(out, automatic, (&Line{}).stages(), secret)
	}
	out = addSource(out, schemas.Window, byPeople, secret)
	for i := range lines {
		out = addSource(out, lines[i].channel(), lines[i].stages(), secret)
	}
	return out
}

func addSource(out []Source, c schemas.Channel, s schemas.Stages, secret func(string) string) []Source {
	for i := range out {
		if out[i].Channel == c && out[i].Stages == s {
			return out
		}
	}
	name := "province"
	if c == schemas.Window {
		name = "window"
	}
	if suffix := letters(s); suffix != "aaa" {
		name += "-" + suffix
	}
	return append(out, Source{Name: name, AccessKey: "demo-" + name, Secret: secret(name), Channel: c, Stages: s})
}

// letters says of each opinion a for automatic, m for manual.
func letters(s schemas.Stages) string {
	out := make([]byte, 0, 3)
	for _, h := range []schemas.Handling{s.Acceptance, s.Review, s.Approval} {
		out = append(out, string(h)[0])
	}
	return string(out)
}
