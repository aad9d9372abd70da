package console

import (
	"permithub/internal/problem"
	"permithub/internal/worklist"
	"permithub/schemas"
)

// Supervision is what a supervisor sees: of the townships that are the supervisor's, over the last 30 days.
type Supervision struct {
	Sum       TownLoad      `json:"sum"`
	Towns     []TownLoad    `json:"towns" nullable:"false"`
	Officers  []OfficerLoad `json:"officers" nullable:"false"`
	Days      []DueDay      `json:"days" nullable:"false" doc:"promises by the day on which they end"`
	Urgent    []CaseRow     `json:"urgent" nullable:"false"`
	Breached  int           `json:"breached" doc:"limits that were passed"`
	Causes    []LostTo      `json:"causes" nullable:"false"`
	Breaches  []BreachRow   `json:"breaches" nullable:"false" doc:"the newest"`
	Kinds     []SetAside    `json:"override_kinds" nullable:"false"`
	Overrides []OverrideRow `json:"overrides" nullable:"false" doc:"the newest"`
	Share     string        `json:"override_share" doc:"overrides among the acts of people, in percent"`
	Revealed  bool          `json:"revealed" doc:"whether reasons stand in the officers' words"`
}

// TownLoad is what one township has open.
type TownLoad struct {
	Division string `json:"division,omitempty" doc:"absent in the sum"`
	Open     int    `json:"open"`
	DueToday int    `json:"due_today"`
	Tomorrow int    `json:"due_tomorrow"`
	Warned   int    `json:"warned"`
	Breached int    `json:"breached"`
}

// OfficerLoad is what one officer holds and did; of a rule pack, what was done without people.
type OfficerLoad struct {
	Name      string `json:"name"`
	Automatic bool   `json:"automatic,omitempty"`
	Held      int    `json:"held"`
	Today     int    `json:"acts_today"`
	Week      int    `json:"acts_7_days"`
	Month     int    `json:"acts_30_days"`
	Overrides int    `json:"overrides"`
	Share     string `json:"override_share,omitempty"`
}

// DueDay is how many promises end on a day.
type DueDay struct {
	Name  string `json:"name"`
	Cases int    `json:"cases"`
}

// LostTo is how many limits were lost to one cause.
type LostTo struct {
	Clock string `json:"clock"`
	Cause string `json:"cause"`
	Cases int    `json:"cases"`
}

// BreachRow is one limit that was passed.
type BreachRow struct {
	At            schemas.Time `json:"at" doc:"when the limit ended"`
	ApplicationNo string       `json:"application_no"`
	Division      string       `json:"division"`
	Clock         string       `json:"clock"`
	Cause         string       `json:"cause"`
}

// SetAside is how many overrides there were of one kind.
type SetAside struct {
	Kind  worklist.OverrideKind `json:"kind"`
	Cases int                   `json:"cases"`
}

// OverrideRow is one override.
type OverrideRow struct {
	At            schemas.Time          `json:"at"`
	ApplicationNo string                `json:"application_no"`
	Division      string                `json:"division"`
	Officer       string                `json:"officer"`
	Kind          worklist.OverrideKind `json:"kind"`
	Rule          string                `json:"rule"`
	Reason        string                `json:"reason" doc:"its length, unless revealed"`
}

// OverridesRequest says what the officers' words are needed for.
type OverridesRequest struct {
	Purpose string `json:"purpose" enum:"check_override" doc:"stands in the audit log"`
}

func (v *visit) apiSupervision() (any, error) {
	p, err := v.supervision(shownRows)
	if err != nil {
		return nil, err
	}
	return v.supervised(p), nil
}

func (v *visit) apiRevealOverrides() (any, error) {
	var asked OverridesRequest
	err := v.read(&asked, func(list *problem.List) {
		if list.Need("/purpose", asked.Purpose) && asked.Purpose != overridePurpose {
			list.Add("/purpose", codePurpose)
		}
	})
	if err != nil {
		return nil, err
	}
	p, err := v.overridesRevealed(asked.Purpose)
	if err != nil {
		return nil, err
	}
	return v.supervised(p), nil
}

// supervised is the page without its pictures.
func (v *visit) supervised(p *supervisionPage) Supervision {
	out := Supervision{Sum: townLoad(&p.Sum), Towns: []TownLoad{}, Officers: []OfficerLoad{}, Days: []DueDay{}, Urgent: v.caseRows(p.Urgent), Breached: p.Breached, Causes: []LostTo{},
		Breaches: []BreachRow{}, Kinds: []SetAside{}, Overrides: []OverrideRow{}, Share: p.Share, Revealed: p.Revealed}
	for i := range p.Towns {
		out.Towns = append(out.Towns, townLoad(&p.Towns[i]))
	}
	for i := range p.Officers {
		o := &p.Officers[i]
		out.Officers = append(out.Officers, OfficerLoad{o.Name, o.Automatic, o.Held, o.Today, o.Week, o.Month, o.Overrides, o.Share})
	}
	for _, d := range p.Days {
		out.Days = append(out.Days, DueDay{d.Name, d.Cases})
	}
	for _, c := range p.Causes {
		out.Causes = append(out.Causes, LostTo{c.Clock, c.Cause, c.Cases})
	}
	for _, b := range p.Breaches {
		out.Breaches = append(out.Breaches, BreachRow{schemas.At(b.At), b.ApplicationNo, b.Division, v.lang.clock(b.Clock), v.lang.cause(b.Cause)})
	}
	for _, k := range p.Kinds {
		out.Kinds = append(out.Kinds, SetAside{k.Kind, k.Cases})
	}
	for _, o := range p.Overrides {
		out.Overrides = append(out.Overrides, OverrideRow{schemas.At(o.At), o.ApplicationNo, o.Division, o.Officer, o.Kind, v.lang.rule(o), v.lang.reasonOf(o, p.Revealed)})
	}
	return out
}

func townLoad(l *load) TownLoad {
	return TownLoad{l.Division, l.Open, l.DueToday, l.Tomorrow, l.Warned, l.Breached}
}
