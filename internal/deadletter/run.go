package deadletter

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"permithub/internal/fault"
)

// MaxRate is the most letters a second that a run takes on: beyond it a run would crowd out the day's applications.
const MaxRate = 1000

// MaxAlone is how many letters one person deals with at once. What goes beyond is agreed to by a second person first.
const MaxAlone = 20

// Order is what a run is to do.
type Order struct {
	IDs     []string
	Officer string
	Second  string // who agreed, where there are more than [MaxAlone]
	Dry     bool   // says what each would do and does nothing
	Rate    int    // letters a second, 1 to [MaxRate]; a dry run waits for nobody
	// Reason gives the letters up instead of replaying them; "" replays. Ticket goes with it.
	Reason, Ticket string
}

func (o *Order) validate() error {
	if o.Rate < 1 || o.Rate > MaxRate {
		return ErrRate
	}
	if o.Reason == "" {
		return nil
	}
	return checkReason(o.Reason, o.Ticket)
}

// Waits reports whether a second person has to agree before anything is done.
func (o *Order) Waits() bool {
	return !o.Dry && len(o.IDs) > MaxAlone && (o.Second == "" || o.Second == o.Officer)
}

// Stays reports whether the letter stands after its turn.
func (r *Result) Stays() bool {
	return r.Failed != "" || !r.Verdict.Replays() && r.Verdict != WasDealt && r.Verdict != WasGivenUp
}

// Result is what became of one letter of a run.
type Result struct {
	Forecast
	Failed string `json:"failed,omitempty"` // the code of the error that kept it from being tried
}

// Each replays the letters, or gives them up, oldest first, as their records came, no more a second than the rate, and reports each. It ends with ctx, at the first outage, or with the last letter;
// done counts those reported. To go on is to call it again with the rest: what was replayed is passed over.
func (k *Keeper) Each(ctx context.Context, o Order, report func(Result)) (done int, err error) {
	if err := o.validate(); err != nil {
		return 0, err
	}
	if o.Waits() {
		return 0, ErrSecond
	}
	if err := k.Read(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, k.Read(context.WithoutCancel(ctx))) }()
	o.IDs = k.inOrder(o.IDs)
	pace := time.NewTicker(time.Second / time.Duration(o.Rate))
	defer pace.Stop()
	for i, id := range o.IDs {
		if i > 0 && !o.Dry {
			select {
			case <-ctx.Done():
			case <-pace.C:
			}
		}
		if ctx.Err() != nil {
			return i, ctx.Err()
		}
		r, err := k.one(context.WithoutCancel(ctx), &o, id) // one that was begun is brought to its end
		if err != nil {
			return i, err
		}
		report(r)
	}
	return len(o.IDs), nil
}

// inOrder returns each id once, in the order in which their records were read: of one file's inputs the first comes first.
func (k *Keeper) inOrder(ids []string) []string {
	var known []Letter
	var out []string
	seen := map[string]bool{}
	for _, id := range ids {
		if l, ok := k.Find(id); !seen[id] && ok {
			known = append(known, l)
		} else if !seen[id] {
			out = append(out, id)
		}
		seen[id] = true
	}
	slices.SortStableFunc(known, func(x, y Letter) int {
		if x.Topic == y.Topic && x.Partition == y.Partition {
			return cmp.Compare(x.Offset, y.Offset)
		}
		return x.At.Compare(y.At.Time)
	})
	for i := range known {
		out = append(out, known[i].ID)
	}
	return out
}

// one tries one letter. An outage is an error, for the next one would fail alike; what is wrong with the letter is its result.
func (k *Keeper) one(ctx context.Context, o *Order, id string) (Result, error) {
	var f Forecast
	var err error
	switch {
	case o.Dry:
		f, err = k.foresee(ctx, id)
	case o.Reason != "":
		f = Forecast{ID: id, Verdict: WasGivenUp}
		if err = k.giveUp(ctx, id, signed{o.Officer, o.Second}, o.Reason, o.Ticket); errors.Is(err, ErrDealtWith) {
			f.Verdict, err = WasDealt, nil
		}
	default:
		f, err = k.replay(ctx, id, signed{o.Officer, o.Second})
	}
	switch class := fault.ClassOf(err); {
	case err == nil:
		return Result{Forecast: f}, nil
	case class == fault.Unavailable || class == fault.Stopped:
		return Result{}, err
	}
	return Result{Forecast: f, Failed: fault.CodeOf(err)}, nil
}

// ErrRunning says that a run is under way: there is one at a time.
var ErrRunning = errors.New("a replay is under way")

// Runs carries out runs in the background, one at a time. Close it before what its keeper stands on.
type Runs struct {
	keeper *Keeper

	mu      sync.Mutex
	current *Progress
	stop    context.CancelFunc
	ended   chan struct{}
	closed  bool
}

// NewRuns returns runs of the keeper; none is under way.
func NewRuns(k *Keeper) *Runs { return &Runs{keeper: k} }

// Progress is how far the last run has come.
type Progress struct {
	Order
	Started time.Time
	Results []Result
	Running bool
	Failed  string // the code of the outage that stopped it
}

// Percent is how much of the run is done.
func (p *Progress) Percent() int {
	if len(p.IDs) == 0 {
		return 100
	}
	return 100 * len(p.Results) / len(p.IDs)
}

// Left are the letters that were not reached.
func (p *Progress) Left() int { return len(p.IDs) - len(p.Results) }

// Count returns how many of the results have the verdict.
func (p *Progress) Count(v Verdict) (n int) {
	for i := range p.Results {
		if p.Results[i].Verdict == v && p.Results[i].Failed == "" {
			n++
		}
	}
	return n
}

// Agree is a second person's word: the run that waits for it begins.
func (r *Runs) Agree(second string) error {
	r.mu.Lock()
	p := r.current
	r.mu.Unlock()
	if p == nil || !p.Waits() {
		return nil
	}
	if second == "" || second == p.Officer {
		return ErrSecond
	}
	agreed := p.Order
	agreed.Second = second
	return r.begin(&Progress{Order: agreed, Started: p.Started, Results: slices.Clone(p.Results)})
}

// Start begins a run. It goes on when whoever asked for it is gone. A run over more than [MaxAlone] letters waits for [Runs.Agree]; another one may
// take its place until then.
func (r *Runs) Start(o Order) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.Officer == "" {
		return ErrNoOfficer
	}
	o.IDs = r.keeper.inOrder(o.IDs)
	return r.begin(&Progress{Order: o, Started: r.keeper.ports.Now()})
}

// Continue takes the letters up that the last run did not reach, in the name of the officer.
func (r *Runs) Continue(officer string) error {
	if officer == "" {
		return ErrNoOfficer
	}
	r.mu.Lock()
	p := r.current
	r.mu.Unlock()
	if p == nil || p.Left() == 0 {
		return nil
	}
	rest := p.Order
	if rest.Officer = officer; rest.Second == officer {
		return ErrSecond // whoever agreed does not do it alone
	}
	return r.begin(&Progress{Order: rest, Started: p.Started, Results: slices.Clone(p.Results)})
}

func (r *Runs) begin(p *Progress) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.current != nil && r.current.Running {
		return ErrRunning
	}
	if p.Waits() {
		r.current, r.stop, r.ended = p, nil, nil
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.Running = true
	r.current, r.stop, r.ended = p, cancel, make(chan struct{})
	go r.run(ctx, p, r.ended)
	return nil
}

func (r *Runs) run(ctx context.Context, p *Progress, ended chan struct{}) {
	defer close(ended)
	rest := p.Order
	rest.IDs = p.IDs[len(p.Results):]
	_, err := r.keeper.Each(ctx, rest, func(got Result) {
		r.mu.Lock()
		defer r.mu.Unlock()
		p.Results = append(p.Results, got)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Running = false
	if p.Failed = ""; err != nil && ctx.Err() == nil {
		p.Failed = fault.CodeOf(err)
	}
}

// Stop ends the run under way after the letter that it is at, and waits for that.
func (r *Runs) Stop() {
	r.mu.Lock()
	stop, ended := r.stop, r.ended
	r.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	<-ended
}

// Close stops the run under way; none begins any more.
func (r *Runs) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.Stop()
}

// Last is how far the last run has come; nil where there was none.
func (r *Runs) Last() *Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return nil
	}
	p := *r.current
	p.Results = slices.Clone(p.Results)
	return &p
}
