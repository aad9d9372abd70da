package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/internal/deadletter"
	"permithub/internal/notices"
	"permithub/internal/problem"
	"permithub/schemas"
)

// deadCommand is for records that no trying again could help. The console has the same on its page.
type deadCommand struct {
	List   deadListCommand   `cmd:"" help:"List the dead letters that stand, oldest first, or in groups."`
	Show   deadShowCommand   `cmd:"" help:"Show one: what it holds, masked, everything that is wrong with it, and what was done about it."`
	Repair deadRepairCommand `cmd:"" help:"Put another content in the place of what a letter holds. Key and ids must stay; all faults are listed at once."`
	Replay deadReplayCommand `cmd:"" help:"Put records back to work. Safe to repeat: nothing happens twice."`
	GiveUp deadGiveUpCommand `cmd:"" name:"give-up" help:"Record that nothing will come of letters, and why."`
}

// deadWork is what the dead commands have in common.
type deadWork struct {
	configured
	JSON bool `name:"json" help:"As JSON, one object a letter."`
}

// keep opens the letters of the installation.
func (c *deadWork) keep(p *process, use func(*deadletter.Keeper) error) error {
	cfg, err := c.load(p, config.PartKafka, config.PartApproval, config.PartRouteKey)
	if err != nil {
		return err
	}
	cal, err := notices.Load(noticesOf(cfg))
	if err != nil {
		return err
	}
	return withBus(p, cfg, func(b *bus.Client) error {
		book, err := deadletter.NewBook(b, p.now, nil)
		if err != nil {
			return err
		}
		if err := book.Read(p.ctx); err != nil {
			return err
		}
		files := fileEnds{bus: b, partitions: cfg.Kafka.Partitions, next: map[int32]int64{}, last: map[string][]byte{}, wanted: map[string]bool{}}
		for _, l := range book.List(deadletter.Filter{}) {
			files.wanted[l.Key] = true
		}
		policy := policyOf(cfg, cal)
		return use(deadletter.NewKeeper(book, deadletter.Ports{Publish: b.Publisher().Produce, Now: p.now, Token: func(id string) string { return schemas.PersonToken([]byte(cfg.RouteKey.Value()), id) },
			Decide: func(ctx context.Context, in *schemas.Input) (*schemas.Transition, error) {
				file, err := files.file(ctx, in.DossierID)
				if err != nil {
					return nil, err
				}
				return policy.Decide(file, in)
			}}))
	})
}

// fileEnds finds how files stand, by reading the log of cases once and then on from there.
type fileEnds struct {
	bus        *bus.Client
	partitions int
	wanted     map[string]bool // dossiers of which the last record is kept
	next       map[int32]int64
	last       map[string][]byte
}

func (f *fileEnds) file(ctx context.Context, dossier string) (*casework.File, error) {
	partition := bus.PartitionOf(dossier, f.partitions)
	end, err := f.bus.Log(schemas.TopicCaseLog).Read(ctx, partition, f.next[partition], func(rec bus.Record) error {
		if f.wanted[rec.Key] {
			f.last[rec.Key] = rec.Value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.next[partition] = end
	value := f.last[dossier]
	if value == nil {
		return &casework.File{}, nil
	}
	t, err := schemas.DecodeTransition(value)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", dossier, err)
	}
	return &casework.File{Dossier: t.Dossier, Person: t.Person}, nil
}

// selection says which letters a command is about.
type selection struct {
	Step string `help:"Only those that this step gave up."`
	Code string `help:"Only those of this code."`
}

type deadListCommand struct {
	deadWork
	selection
	Groups bool   `help:"In groups, by step and code, with their age."`
	State  string `default:"standing" enum:"standing,replayed,given_up,all" help:"standing, replayed, given_up or all."`
}

func (c *deadListCommand) Run(p *process) error {
	return c.keep(p, func(k *deadletter.Keeper) error {
		f := deadletter.Filter{Step: c.Step, Code: c.Code}
		if c.State != "all" {
			f.State = deadletter.State(c.State)
		}
		if c.Groups {
			return c.groups(p, k.Groups())
		}
		letters := k.List(f)
		if c.JSON {
			return writeJSONLines(p.stdout, letters)
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "死信编号\t时间\t步骤\t原因\t键\t状态")
		for i := range letters {
			l := &letters[i]
			state := string(l.State)
			if l.State == deadletter.Standing && l.Repaired() != nil {
				state += "（已修复，待重放）"
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.At.In(schemas.Shanghai).Format("01-02 15:04"), l.Step, l.Code, l.Key, state)
		}
		return w.Flush()
	})
}

func (c *deadListCommand) groups(p *process, groups []deadletter.Group) error {
	if c.JSON {
		return writeJSONLines(p.stdout, groups)
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "步骤\t原因\t件数\t已修复\t最早\t已等")
	for _, g := range groups {
		if c.Step != "" && g.Step != c.Step || c.Code != "" && g.Code != c.Code {
			continue
		}
		zh, _ := deadletter.CodeName(g.Code)
		_, _ = fmt.Fprintf(w, "%s\t%s %s\t%d\t%d\t%s\t%s\n", g.Step, g.Code, zh, g.Letters, g.Repaired, g.Oldest.In(schemas.Shanghai).Format("01-02 15:04"), p.now().Sub(g.Oldest).Round(time.Minute))
	}
	return w.Flush()
}

func writeJSONLines[T any](w io.Writer, all []T) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range all {
		if err := enc.Encode(all[i]); err != nil {
			return err
		}
	}
	return nil
}

type deadShowCommand struct {
	deadWork
	ID    string `arg:"" help:"The dead letter's id (死信编号)."`
	Value bool   `help:"Only the content, with placeholders (●1) for what is hidden: edit it and give it to repair."`
}

// shownLetter is a letter as it is printed.
type shownLetter struct {
	deadletter.Letter
	Forecast deadletter.Forecast `json:"forecast"`
	Changes  []deadletter.Change `json:"changes,omitempty"` // that a repair made
	Value    json.RawMessage     `json:"value,omitempty"`
}

func (c *deadShowCommand) Run(p *process) error {
	return c.keep(p, func(k *deadletter.Keeper) error {
		l, ok := k.Find(c.ID)
		if !ok {
			return deadletter.ErrUnknown
		}
		content, err := k.Content(p.ctx, &l)
		if err != nil {
			return err
		}
		value := deadletter.Mask(l.Topic, content.Current()).Text
		if c.Value {
			if value == "" {
				return errors.New("the content is no JSON: nobody knows what in it is personal, so it is not shown")
			}
			_, err := fmt.Fprintln(p.stdout, value)
			return err
		}
		forecast, err := k.Foresee(p.ctx, l.ID)
		if err != nil {
			return err
		}
		s := shownLetter{Letter: l, Forecast: forecast, Value: json.RawMessage(value)}
		if content.Repair != nil {
			s.Changes = deadletter.Changes(l.Topic, content.Value, content.Repair)
		}
		if c.JSON {
			return writeJSONLines(p.stdout, []shownLetter{s})
		}
		return s.print(p.stdout)
	})
}

func (s *shownLetter) print(w io.Writer) error {
	var b strings.Builder
	zh, _ := deadletter.CodeName(s.Code)
	fmt.Fprintf(&b, "死信    %s\n来自    %s 分区 %d 位移 %d，键 %s\n步骤    %s，尝试 %d 次\n原因    %s %s\n        %s\n时间    %s\n", s.ID, s.Topic, s.Partition, s.Offset, s.Key, s.Step,
		s.Attempts, s.Code, zh, s.Reason, s.At.In(schemas.Shanghai).Format("2006-01-02 15:04:05"))
	if s.ReplayOf != "" {
		fmt.Fprintf(&b, "此前    由 %s 重放\n", s.ReplayOf)
	}
	verdict, _ := s.Forecast.Verdict.Name()
	fmt.Fprintf(&b, "重放    %s\n", verdict)
	printFaults(&b, s.Forecast.Faults)
	for _, a := range s.Acts {
		fmt.Fprintf(&b, "处置    %s %s %s\n", a.At.In(schemas.Shanghai).Format("2006-01-02 15:04:05"), a.Kind, strings.Join(nonEmpty(a.Officer, a.Second, a.Reason, a.Ticket), " "))
	}
	printChanges(&b, s.Changes)
	if len(s.Value) > 0 {
		fmt.Fprintf(&b, "内容（个人信息已隐藏）\n%s\n", s.Value)
	} else {
		b.WriteString("内容    无法解析，为保护个人信息不显示\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func nonEmpty(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func printChanges(w io.Writer, changes []deadletter.Change) {
	for _, c := range changes {
		_, _ = fmt.Fprintf(w, "改动    %s  %s → %s\n", c.Pointer, cmp.Or(c.Before, "（无）"), cmp.Or(c.After, "（无）"))
	}
}

func printFaults(w io.Writer, faults []problem.Fault) {
	for _, f := range faults {
		_, _ = fmt.Fprintf(w, "  %s  %s\n", f.Pointer, f.MessageZH)
	}
}

// responsible is who does something about a letter.
type responsible struct {
	By string `required:"" placeholder:"OFFICER" help:"Who does it: a staff number, kept with what was done."`
}

type deadRepairCommand struct {
	deadWork
	responsible
	ID     string `arg:"" help:"The dead letter's id (死信编号)."`
	File   string `arg:"" type:"existingfile" help:"The whole content as JSON; placeholders of show --value stand for what they hide."`
	DryRun bool   `name:"dry-run" help:"Check it only."`
}

func (c *deadRepairCommand) Run(p *process) error {
	value, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return c.keep(p, func(k *deadletter.Keeper) error {
		edit := deadletter.Edit{Value: value}
		if l, ok := k.Find(c.ID); ok && l.Repaired() != nil {
			edit.Of = l.Repaired().ID // what show --value gives now
		}
		var faults *problem.List
		var changes []deadletter.Change
		if c.DryRun {
			changes, faults, err = c.dry(p, k, edit)
		} else {
			faults, err = k.Repair(p.ctx, c.ID, c.By, edit)
		}
		if err != nil {
			return err
		}
		if !faults.Empty() {
			printFaults(p.stdout, faults.Faults())
			return errFound
		}
		if c.DryRun {
			printChanges(p.stdout, changes)
			_, err = fmt.Fprintln(p.stdout, "可以修复")
			return err
		}
		_, err = fmt.Fprintln(p.stdout, "已修复，待重放")
		return err
	})
}

// dry checks the repair and says what it would change.
func (c *deadRepairCommand) dry(p *process, k *deadletter.Keeper, edit deadletter.Edit) ([]deadletter.Change, *problem.List, error) {
	whole, faults, err := k.CheckRepair(p.ctx, c.ID, edit)
	if err != nil || !faults.Empty() {
		return nil, faults, err
	}
	l, _ := k.Find(c.ID)
	content, err := k.Content(p.ctx, &l)
	if err != nil {
		return nil, nil, err
	}
	return deadletter.Changes(l.Topic, content.Value, whole), faults, nil
}

// chosen are the letters of a command that takes many.
type chosen struct {
	selection
	IDs  []string `arg:"" optional:"" name:"id" help:"Dead letters' ids (死信编号). Without any, all that --step and --code select."`
	All  bool     `help:"All that stand."`
	Rate int      `default:"10" help:"Letters a second, 1 to 1000."`

	Second string `placeholder:"OFFICER" help:"Who agreed, where there are more than 20 letters: another staff number, kept with what was done."`
}

// Validate is called by the command line's parser.
func (c *chosen) Validate() error {
	if some := c.Step != "" || c.Code != ""; len(c.IDs) == 0 && !c.All && !some || len(c.IDs) > 0 && (c.All || some) {
		return errors.New("name the letters, or --step and --code, or --all")
	}
	if c.Rate < 1 || c.Rate > deadletter.MaxRate {
		return fmt.Errorf("--rate: want 1 to %d", deadletter.MaxRate)
	}
	return nil
}

type deadReplayCommand struct {
	deadWork
	responsible
	chosen
	DryRun bool `name:"dry-run" help:"Say what each would do, and do nothing."`
}

func (c *deadReplayCommand) Run(p *process) error {
	return c.run(p, &c.deadWork, deadletter.Order{Officer: c.By, Dry: c.DryRun})
}

// run carries the order out over the chosen letters and prints what becomes of each. Letters that stay are an error.
func (c *chosen) run(p *process, work *deadWork, o deadletter.Order) error {
	return work.keep(p, func(k *deadletter.Keeper) error {
		o.IDs, o.Rate, o.Second = c.IDs, c.Rate, c.Second
		if len(o.IDs) == 0 {
			for _, l := range k.List(deadletter.Filter{State: deadletter.Standing, Step: c.Step, Code: c.Code}) {
				o.IDs = append(o.IDs, l.ID)
			}
		}
		if o.Waits() {
			return fmt.Errorf("%d letters need the word of a second person: --second OFFICER", len(o.IDs))
		}
		bar := progressbar.NewOptions(len(o.IDs), progressbar.OptionSetWriter(p.stderr), progressbar.OptionSetVisibility(isTerminal(p.stderr)),
			progressbar.OptionSetDescription("死信"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		left := 0
		done, err := k.Each(p.ctx, o, func(r deadletter.Result) {
			_ = bar.Add(1) // a bar that cannot be drawn is nobody's loss
			if r.Stays() {
				left++
			}
			if work.JSON {
				_ = writeJSONLines(p.stdout, []deadletter.Result{r})
				return
			}
			printResult(p.stdout, &r)
		})
		_ = bar.Finish()
		switch {
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("stopped after %d of %d; the same command goes on", done, len(o.IDs))
		case err != nil:
			return fmt.Errorf("after %d of %d: %w; the same command goes on", done, len(o.IDs), err)
		case left > 0:
			return fmt.Errorf("%d of %d letters stay", left, len(o.IDs))
		}
		return nil
	})
}

func printResult(w io.Writer, r *deadletter.Result) {
	verdict, _ := r.Verdict.Name()
	if r.Failed != "" {
		verdict, _ = deadletter.CodeName(r.Failed)
	}
	_, _ = fmt.Fprintf(w, "%s  %s  %s\n", r.ID, verdict, strings.Join([]string{r.To, r.No}, " "))
	printFaults(w, r.Faults)
}

type deadGiveUpCommand struct {
	deadWork
	responsible
	chosen
	Reason string `required:"" enum:"sent_again,done_otherwise,case_over,beyond_repair,not_ours" help:"sent_again, done_otherwise, case_over, beyond_repair or not_ours."`
	Ticket string `help:"Number of the ticket that says more."`
}

func (c *deadGiveUpCommand) Run(p *process) error {
	return c.run(p, &c.deadWork, deadletter.Order{Officer: c.By, Reason: c.Reason, Ticket: c.Ticket})
}
