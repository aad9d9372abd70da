package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/internal/notices"
	"permithub/schemas"
)

// calendarCommand is for the day on which a holiday notice comes out, or is amended.
type calendarCommand struct {
	Check calendarCheckCommand `cmd:"" help:"List every open deadline that FILE would move, and how; nothing is changed."`
	Apply calendarApplyCommand `cmd:"" help:"Put FILE into force: install it, and record what it makes of every open deadline. Applying twice changes nothing."`
}

// proposal is one year's notice as it would stand over the installation's.
type proposal struct {
	configured
	File string `arg:"" type:"existingfile" help:"One year's notice in the holiday-cn layout."`
	JSON bool   `name:"json" help:"As JSON, one object a case that moves."`
}

type calendarCheckCommand struct{ proposal }

type calendarApplyCommand struct {
	proposal
	By      string        `required:"" placeholder:"OFFICER" help:"Who puts it into force: a staff number, recorded in every case."`
	Timeout time.Duration `default:"1m" help:"How long to wait until the cases say so."`
}

func (c *calendarCheckCommand) Run(p *process) error {
	cfg, cal, _, err := c.proposed(p)
	if err != nil {
		return err
	}
	return withBus(p, cfg, func(b *bus.Client) error {
		open, err := openCases(p.ctx, cfg, b)
		if err != nil {
			return err
		}
		return c.print(p.stdout, cal, movesOf(cal, open, ""), len(open))
	})
}

func (c *calendarApplyCommand) Run(p *process) error {
	cfg, cal, name, err := c.proposed(p)
	if err != nil {
		return err
	}
	if cfg.Calendar.Dir == "" {
		return errors.New("calendar.dir is not set: the hub would not find the notice; set it, and start the hub with it once")
	}
	return withBus(p, cfg, func(b *bus.Client) error {
		open, err := openCases(p.ctx, cfg, b)
		if err != nil {
			return err
		}
		moves := movesOf(cal, open, c.By)
		// The hub gets the calendar first: a case that is accepted meanwhile is counted by it already.
		if err := install(c.File, filepath.Join(cfg.Calendar.Dir, name)); err != nil {
			return err
		}
		if err := record(p, b, moves); err != nil {
			return err
		}
		if err := c.print(p.stdout, cal, moves, len(open)); err != nil {
			return err
		}
		return c.settle(p, cfg, b, cal)
	})
}

// settle waits until no open case stands otherwise than the calendar counts it. A case that changed while it was asked about is asked again.
func (c *calendarApplyCommand) settle(p *process, cfg *config.Config, b *bus.Client, cal *calendar.Calendar) error {
	ctx, cancel := context.WithTimeout(p.ctx, c.Timeout)
	defer cancel()
	for {
		open, err := openCases(ctx, cfg, b)
		if err != nil {
			return err
		}
		left := movesOf(cal, open, c.By)
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d cases do not say so yet: is the hub running? apply again to be sure", len(left))
		case <-time.After(time.Second):
		}
		if err := record(p, b, left); err != nil {
			return err
		}
	}
}

// proposed loads the calendar as FILE would make it, and the name under which FILE belongs into the installation's folder.
func (c *proposal) proposed(p *process) (cfg *config.Config, cal *calendar.Calendar, name string, err error) {
	if cfg, err = c.load(p, config.PartKafka); err != nil {
		return nil, nil, "", err
	}
	cal, name, err = notices.Propose(noticesOf(cfg), c.File)
	return cfg, cal, name, err
}

// openCase is the open case of one dossier, as the log ends.
type openCase struct {
	dossier string
	*schemas.Case
}

// openCases reads the whole case log.
func openCases(ctx context.Context, cfg *config.Config, b *bus.Client) ([]openCase, error) {
	var open []openCase
	for partition := range int32(cfg.Kafka.Partitions) {
		last := map[string]*schemas.Case{}
		_, err := b.Log(schemas.TopicCaseLog).Read(ctx, partition, 0, func(rec bus.Record) error {
			t, err := schemas.DecodeTransition(rec.Value)
			if err != nil {
				return fmt.Errorf("case log %d/%d: %w", rec.Partition, rec.Offset, err)
			}
			if last[t.DossierID] = t.Dossier.Open; t.Dossier.Open == nil {
				delete(last, t.DossierID)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, dossier := range sortedNames(last) {
			open = append(open, openCase{dossier, last[dossier]})
		}
	}
	return open, nil
}

// move is what a calendar makes of one case.
type move struct {
	openCase `json:"-"`
	No       string `json:"application_no"`
	*schemas.Recount
}

func movesOf(cal *calendar.Calendar, open []openCase, officer string) []move {
	var moves []move
	for _, c := range open {
		if r := casework.Recounted(cal, c.Case, casework.EveryClock, officer); r != nil {
			moves = append(moves, move{c, c.ApplicationNo, r})
		}
	}
	slices.SortFunc(moves, func(a, b move) int { return strings.Compare(a.No, b.No) })
	return moves
}

// record puts the moves on case-input, and returns when Kafka has them.
func record(p *process, b *bus.Client, moves []move) error {
	var records []schemas.Record
	for _, m := range moves {
		rec, err := casework.RecountInput(m.dossier, m.No, m.Recount, "calendar", schemas.At(p.now())).Record()
		if err != nil {
			return err
		}
		records = append(records, rec)
	}
	if len(records) == 0 {
		return nil
	}
	return b.Publisher().Produce(p.ctx, records...)
}

// install puts the file into the folder at once whole: the hub may look at any moment.
func install(file, as string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	half := as + ".new"
	if err := os.WriteFile(half, data, 0o644); err != nil { //nolint:gosec // public holidays, read by whatever user the hub runs as
		return err
	}
	return os.Rename(half, as)
}

func (c *proposal) print(w io.Writer, cal *calendar.Calendar, moves []move, open int) error {
	if c.JSON {
		enc := json.NewEncoder(w)
		for _, m := range moves {
			if err := enc.Encode(m); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "日历 %s，已知至 %v；在办 %d 件，期限变动 %d 件\n", cal.Version(), cal.Horizon(), open, len(moves))
	for _, m := range moves {
		for _, k := range m.Clocks {
			fmt.Fprintf(&b, "%s  %s  %s → %s  %s\n", m.No, k.Clock, until(k.WasDueAt), until(k.DueAt), direction(k))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func direction(k schemas.RecountedClock) string {
	text := map[int]string{-1: "提前", 0: "不变", 1: "延后"}[k.DueAt.Compare(k.WasDueAt.Time)]
	if k.Provisional {
		return text + "（暂定）"
	}
	return text + "（确定）"
}

// until shows a deadline, which is the first instant that is too late, by the last day that is in time.
func until(t schemas.Time) string {
	s := t.In(schemas.Shanghai)
	if s.Hour() == 0 && s.Minute() == 0 && s.Second() == 0 && s.Nanosecond() == 0 {
		return s.AddDate(0, 0, -1).Format(time.DateOnly) + " 24:00"
	}
	return s.Format("2006-01-02 15:04:05")
}
