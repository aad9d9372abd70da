package archive

import (
	"encoding/json"
	"errors"

	"permithub/schemas"
)

// manifestSchema names the layout; additions keep it, anything else is a new name.
const manifestSchema = "permithub.archive.manifest.v1"

// manifest is what is filed. Every field is listed here by hand: what the case gains later cannot slip into the archive.
type manifest struct {
	Schema              string                  `json:"schema"`
	EffectID            string                  `json:"effect_id"`
	DossierID           string                  `json:"dossier_id"`
	ApplicationNo       string                  `json:"application_no"`
	Source              string                  `json:"source"`
	SourceApplicationNo string                  `json:"source_application_no"`
	BodyHash            string                  `json:"body_sha256"`
	Channel             schemas.Channel         `json:"channel"`
	RecognitionType     schemas.RecognitionType `json:"recognition_type"`
	CurrentDivision     string                  `json:"current_division"`
	Conditions          []schemas.Condition     `json:"conditions,omitempty"` // as declared
	Notice              schemas.TextVersion     `json:"notice,omitzero"`
	Declaration         schemas.Declaration     `json:"declaration,omitzero"`
	Materials           []material              `json:"materials,omitempty"`
	PermitsBefore       []permit                `json:"permits_before,omitempty"` // as the registration system knew them
	FactsAsOf           *schemas.Time           `json:"facts_as_of,omitempty"`
	Findings            []finding               `json:"findings,omitempty"`
	RulePack            string                  `json:"rule_pack,omitempty"`
	Calendar            string                  `json:"calendar,omitempty"`
	Supplements         []supplement            `json:"supplements,omitempty"`
	Opinions            []opinion               `json:"opinions,omitempty"`
	Permit              *permit                 `json:"permit,omitempty"`
	Times               times                   `json:"times"`
	Promised            *promised               `json:"promised,omitempty"`
	Revocation          *revocation             `json:"revocation,omitempty"`
	Effects             []effect                `json:"effects,omitempty"` // ordered by then: issue, cancellations, push, notices
}

// revocation is who took the permit out of force, and why; what they wrote is left out as in an opinion.
type revocation struct {
	Ground     string        `json:"ground"`
	ProposedBy string        `json:"proposed_by"`
	ProposedAt schemas.Time  `json:"proposed_at"`
	DecidedBy  string        `json:"decided_by"`
	DecidedAt  *schemas.Time `json:"decided_at"`
}

type material struct {
	Kind   string `json:"kind"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	URI    string `json:"uri"`
}

type permit struct {
	PermitNo  string       `json:"permit_no"`
	LicenceID string       `json:"licence_id,omitempty"`
	Status    string       `json:"status,omitempty"`
	Division  string       `json:"division,omitempty"`
	IssuedOn  schemas.Date `json:"issued_on,omitempty"`
}

type finding struct {
	Rule    string `json:"rule"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	Basis   string `json:"basis"`
}

type supplement struct {
	At      schemas.Time `json:"at"`
	Items   []string     `json:"items"`
	Officer string       `json:"officer"`
}

// opinion leaves out the officer's words: they are free text and may name people, and a hash of a short text is soon guessed.
type opinion struct {
	Level   string       `json:"level"`
	Verdict string       `json:"verdict"`
	Officer string       `json:"officer"`
	At      schemas.Time `json:"at"`
}

type times struct {
	Submitted schemas.Time  `json:"submitted_at"`
	Accepted  *schemas.Time `json:"accepted_at,omitempty"`
	Decided   *schemas.Time `json:"decided_at,omitempty"`
	Issued    *schemas.Time `json:"issued_at,omitempty"`
}

// promised is T1, the two working days.
type promised struct {
	StartedAt schemas.Time `json:"started_at"`
	DueAt     schemas.Time `json:"due_at"`
}

type effect struct {
	EffectID  string             `json:"effect_id"`
	Kind      schemas.EffectKind `json:"kind"`
	PermitNo  string             `json:"permit_no,omitempty"`
	NewNo     string             `json:"new_no,omitempty"`
	Notice    string             `json:"notice,omitempty"`
	OrderedAt schemas.Time       `json:"ordered_at"`
}

func encodeManifest(o *schemas.Order) ([]byte, error) {
	b, err := json.MarshalIndent(newManifest(o), "", "  ")
	if err != nil {
		return nil, errors.New("encode manifest: not JSON")
	}
	return append(b, '\n'), nil
}

func newManifest(o *schemas.Order) *manifest {
	if o.Ended.ApplicationNo != "" {
		return manifestOfEnded(o)
	}
	c := &o.Case
	s := &c.Submission
	m := &manifest{
		Schema: manifestSchema, EffectID: o.Effect.EffectID, DossierID: o.DossierID, ApplicationNo: o.ApplicationNo,
		Source: s.Source, SourceApplicationNo: s.SourceApplicationNo, BodyHash: c.BodyHash,
		Channel: s.Channel, RecognitionType: s.RecognitionType, CurrentDivision: s.CurrentDivision,
		Notice: s.Notice, Declaration: s.Declaration, RulePack: c.RulePack, Calendar: c.Calendar,
		Times: times{Submitted: c.SubmittedAt, Accepted: c.AcceptedAt, Decided: c.DecidedAt, Issued: c.IssuedAt},
	}
	for _, group := range [][]schemas.Condition{s.Employment, s.Residence, s.Rental, s.Schooling} {
		m.Conditions = append(m.Conditions, group...)
	}
	for _, f := range s.Materials {
		m.Materials = append(m.Materials, material{Kind: f.Kind, Size: f.Size, SHA256: f.SHA256, URI: f.URI})
	}
	if c.Permit != nil {
		m.Permit = &permit{PermitNo: c.Permit.PermitNo, LicenceID: c.Permit.LicenceID}
	}
	m.addDecision(c)
	m.addEffects(o, c.Duties)
	return m
}

// manifestOfEnded is filed beside the manifest of the issue, when the permit was revoked: what was declared stands in the first one.
func manifestOfEnded(o *schemas.Order) *manifest {
	e := &o.Ended
	m := &manifest{
		Schema: manifestSchema, EffectID: o.Effect.EffectID, DossierID: o.DossierID, ApplicationNo: o.ApplicationNo,
		Source: e.Source, SourceApplicationNo: e.SourceApplicationNo, BodyHash: e.BodyHash,
		Channel: e.Channel, RecognitionType: e.RecognitionType, CurrentDivision: e.Division,
		Permit: &permit{PermitNo: o.Permit.PermitNo, LicenceID: o.Permit.LicenceID},
		Times:  times{Submitted: e.SubmittedAt, Accepted: e.AcceptedAt, Issued: e.IssuedAt},
	}
	m.addJudgement(e.Findings, e.Opinions)
	if r := e.Revocation; r != nil {
		m.Revocation = &revocation{Ground: r.Ground, ProposedBy: r.ProposedBy, ProposedAt: r.ProposedAt, DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt}
	}
	m.addEffects(o, e.Duties)
	return m
}

func (m *manifest) addDecision(c *schemas.Case) {
	if c.Facts != nil {
		m.FactsAsOf = &c.Facts.AsOf
		for _, p := range c.Facts.Permits {
			m.PermitsBefore = append(m.PermitsBefore, permit{PermitNo: p.PermitNo, Status: p.Status, Division: p.Division, IssuedOn: p.IssuedOn})
		}
	}
	for _, l := range c.Supplements {
		m.Supplements = append(m.Supplements, supplement{At: l.At, Items: l.Items, Officer: l.Officer})
	}
	m.addJudgement(c.Findings, c.Opinions)
	if t1 := c.ClockByID("T1"); t1 != nil {
		m.Promised = &promised{StartedAt: t1.StartedAt, DueAt: t1.DueAt}
	}
}

func (m *manifest) addJudgement(findings []schemas.Finding, opinions []schemas.Opinion) {
	for _, f := range findings {
		m.Findings = append(m.Findings, finding{Rule: f.Rule, Outcome: f.Outcome, Reason: f.Reason, Basis: f.Basis})
	}
	for _, op := range opinions {
		m.Opinions = append(m.Opinions, opinion{Level: op.Level, Verdict: op.Verdict, Officer: op.Officer, At: op.At})
	}
}

// addEffects lists what was ordered up to the filing's first order, without what became of it: an officer who orders the filing again
// days later must get the same manifest.
func (m *manifest) addEffects(o *schemas.Order, duties []schemas.Duty) {
	ordered := o.OrderedAt
	for i := range duties {
		if duties[i].EffectID == o.Effect.EffectID {
			ordered = duties[i].OrderedAt
		}
	}
	for i := range duties {
		d := &duties[i]
		if d.OrderedAt.After(ordered.Time) || d.EffectID == o.Effect.EffectID {
			continue
		}
		m.Effects = append(m.Effects, effect{EffectID: d.EffectID, Kind: d.Kind, PermitNo: d.PermitNo, NewNo: d.NewNo, Notice: d.Notice, OrderedAt: d.OrderedAt})
	}
}
