package casework

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// verdict is an assessment as a test reads it.
type verdict struct {
	Trace                            string // rule=outcome, in order
	Barred, Refused, Manual, Missing string
	Incurable                        bool
}

func judge(a assessment) verdict {
	var trace []string
	for _, f := range a.findings {
		trace = append(trace, f.Rule+"="+f.Outcome)
	}
	return verdict{
		strings.Join(trace, " "), strings.Join(a.barred, " "), strings.Join(a.refused, " "), strings.Join(a.manual, " "), strings.Join(a.missing, " "), a.incurable(),
	}
}

func TestRules(t *testing.T) {
	grown := citizen("19900101", 11)
	foreign := grown
	foreign.CitizenID = "93" + grown.CitizenID[2:]
	macao := grown
	macao.CitizenID = "82" + grown.CitizenID[2:]
	haiyanPrefix := grown
	haiyanPrefix.CitizenID = "330424" + grown.CitizenID[6:]
	child, accompanied := citizen("20100602", 13), citizen("20100602", 13)
	accompanied.Agent = &schemas.Agent{CitizenID: grown.CitizenID, FullName: "父", Relation: "guardian"}
	emptyAgent := child
	emptyAgent.Agent = &schemas.Agent{}
	sixteen := citizen("20080910", 14) // sixteen on the day of the assessment

	permit := func(status, division string, until schemas.Date) *schemas.Facts {
		return &schemas.Facts{Permits: []schemas.KnownPermit{{PermitNo: "P", Status: status, Division: division, ValidUntil: until}}}
	}
	registered := func(from, to schemas.Date) *schemas.Facts {
		return &schemas.Facts{Intervals: []schemas.Interval{{From: from, To: to, Division: "330106"}}}
	}
	byTime := func(s *schemas.Submission) { s.RecognitionType = schemas.RegistrationTime }
	const allPass = "R4=pass R5=pass R1=pass R1/R2=pass R6=pass"
	tests := []struct {
		name   string
		person schemas.Person
		policy func(*Policy)
		change func(*schemas.Submission)
		facts  *schemas.Facts
		want   verdict
	}{
		{"R1 passes", grown, nil, nil, permitFacts("P"), verdict{Trace: allPass}},
		{"R1 valid to the last day", grown, nil, nil, permit("valid", "330106", "2024-09-10"), verdict{Trace: allPass}},
		{"R1 without an end", grown, nil, nil, permit("valid", "330106", ""), verdict{Trace: allPass}},
		{"R1 expired yesterday", grown, nil, nil, permit("valid", "330106", "2024-09-09"),
			verdict{Trace: "R4=pass R5=pass R1=fail R1/R2=pass R6=pass", Refused: ReasonNoValidPermit, Incurable: true}},
		{"R1 of another province", grown, nil, nil, permit("valid", "320500", ""),
			verdict{Trace: "R4=pass R5=pass R1=fail R1/R2=pass R6=pass", Refused: ReasonNoValidPermit, Incurable: true}},
		{"R1 cancelled", grown, nil, nil, permit("cancelled", "330106", ""),
			verdict{Trace: "R4=pass R5=pass R1=fail R1/R2=pass R6=pass", Refused: ReasonNoValidPermit, Incurable: true}},
		{"R1 only declared", grown, nil, func(s *schemas.Submission) { s.PreviousPermits = []string{"P"} }, &schemas.Facts{},
			verdict{Trace: "R4=pass R5=pass R1=fail R1/R2=pass R6=pass", Refused: ReasonNoValidPermit, Incurable: true}},
		{"nothing known at all", grown, nil, nil, nil,
			verdict{Trace: "R4=pass R5=pass R1=fail R1/R2=pass R6=pass", Refused: ReasonNoValidPermit, Incurable: true}},

		{"R2 183 days", grown, nil, byTime, registered("2024-01-01", "2024-07-01"), verdict{Trace: "R4=pass R5=pass R2=pass R1/R2=pass R6=pass"}},
		{"R2 182 days", grown, nil, byTime, registered("2024-01-01", "2024-06-30"),
			verdict{Trace: "R4=pass R5=pass R2=fail R1/R2=pass R6=pass", Refused: ReasonUnderSixMonths, Incurable: true}},
		{"R2 declared intervals prove nothing", grown, nil, func(s *schemas.Submission) {
			byTime(s)
			s.Intervals = []schemas.Interval{{From: "2020-01-01", Division: "330106"}}
		}, &schemas.Facts{}, verdict{Trace: "R4=pass R5=pass R2=fail R1/R2=pass R6=pass", Refused: ReasonUnderSixMonths, Incurable: true}},

		{"R3 proven", grown, nil, func(s *schemas.Submission) {
			byTime(s)
			s.SpecialProvision = "talent"
			s.Materials = append(s.Materials, schemas.Material{Kind: "special_provision"})
		}, registered("2024-09-01", ""), verdict{Trace: "R4=pass R5=pass R2=exempt R3=exempt R1/R2=pass R6=pass"}},
		{"R3 unproven", grown, nil, func(s *schemas.Submission) { byTime(s); s.SpecialProvision = "talent" }, registered("2024-09-01", ""),
			verdict{Trace: "R4=pass R5=pass R2=fail R3=fail R1/R2=pass R6=pass", Refused: ReasonUnderSixMonths + " " + ReasonSpecialUnproven, Missing: itemSpecial}},
		{"R3 not needed", grown, nil, func(s *schemas.Submission) { byTime(s); s.SpecialProvision = "talent" }, registered("2023-01-01", ""),
			verdict{Trace: "R4=pass R5=pass R2=pass R1/R2=pass R6=pass"}},

		{"R4 declared hukou", grown, nil, func(s *schemas.Submission) { s.HukouCounty = "330424" }, permitFacts("P"),
			verdict{Trace: "R4=fail R5=pass R1=pass R1/R2=pass R6=pass", Barred: ReasonLocalHukou}},
		{"R4 never the prefix of the number", haiyanPrefix, nil, nil, permitFacts("P"), verdict{Trace: allPass}},
		{"R5 foreigner", foreign, nil, nil, permitFacts("P"), verdict{Trace: "R4=pass R5=fail R1=pass R1/R2=pass R6=pass", Barred: ReasonOtherProcedure}},
		{"R5 Macao", macao, nil, nil, permitFacts("P"), verdict{Trace: "R4=pass R5=fail R1=pass R1/R2=pass R6=pass", Barred: ReasonOtherProcedure}},

		{"R6 alone", child, nil, nil, permitFacts("P"), verdict{Trace: "R4=pass R5=pass R1=pass R1/R2=pass R6=fail", Refused: ReasonAgentRequired, Missing: ItemAgent}},
		{"R6 an agent without a number", emptyAgent, nil, nil, permitFacts("P"),
			verdict{Trace: "R4=pass R5=pass R1=pass R1/R2=pass R6=fail", Refused: ReasonAgentRequired, Missing: ItemAgent}},
		{"R6 with a guardian", accompanied, nil, nil, permitFacts("P"), verdict{Trace: allPass}},
		{"R6 sixteen today", sixteen, nil, nil, permitFacts("P"), verdict{Trace: allPass}},

		{"R11 by hand", grown, nil, nil, permit("suspended", "330106", ""),
			verdict{Trace: "R4=pass R5=pass R1=manual R11=manual R1/R2=pass R6=pass", Manual: ReasonSuspendedPermit}},
		{"R11 accepted", grown, func(p *Policy) { p.SuspendedPermit = SuspendedAccept }, nil, permit("suspended", "330106", ""),
			verdict{Trace: "R4=pass R5=pass R1=pass R11=pass R1/R2=pass R6=pass"}},
		{"R11 refused", grown, func(p *Policy) { p.SuspendedPermit = SuspendedRefuse }, nil, permit("suspended", "330106", ""),
			verdict{Trace: "R4=pass R5=pass R1=fail R11=fail R1/R2=pass R6=pass", Refused: ReasonNoValidPermit + " " + ReasonSuspendedPermit, Incurable: true}},
		{"R11 beside a valid one", grown, nil, nil, &schemas.Facts{Permits: append(permit("suspended", "330106", "").Permits, permitFacts("Q").Permits...)}, verdict{Trace: allPass}},

		{"everything fails at once", child, nil, func(s *schemas.Submission) {
			s.HukouCounty, s.Materials, s.Employment = "330424", nil, nil
		}, &schemas.Facts{}, verdict{
			Trace: "R4=fail R5=pass R1=fail R1/R2=fail R6=fail", Barred: ReasonLocalHukou,
			Refused: ReasonNoValidPermit + " " + ReasonNoCondition + " " + ReasonAgentRequired, Missing: ItemCondition + " " + ItemAgent, Incurable: true,
		}},
		{"everything missing at once", child, nil, func(s *schemas.Submission) {
			byTime(s)
			s.SpecialProvision, s.Materials, s.Schooling = "investor", nil, []schemas.Condition{schemas.PrimarySchool}
		}, &schemas.Facts{}, verdict{
			Trace:   "R4=pass R5=pass R2=fail R3=fail R1/R2=fail R6=fail",
			Refused: strings.Join([]string{ReasonUnderSixMonths, ReasonSpecialUnproven, ReasonNoCondition, ReasonAgentRequired}, " "),
			Missing: strings.Join([]string{itemSpecial, "material:labour_contract", "material:primary_school", ItemAgent}, " "),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := testPolicy(t)
			if tt.policy != nil {
				tt.policy(p)
			}
			s := submission("1")
			if tt.change != nil {
				tt.change(&s)
			}
			got := judge(p.assess(&schemas.Case{Submission: s, Facts: tt.facts}, &tt.person, shanghai(t, "2024-09-10 10:00")))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("assessment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCondition(t *testing.T) {
	known := func(pairs ...string) *schemas.Facts {
		f := permitFacts("P")
		for i := 0; i < len(pairs); i += 2 {
			f.Conditions = append(f.Conditions, schemas.KnownCondition{Kind: schemas.Condition(pairs[i]), Status: pairs[i+1]})
		}
		return f
	}
	tests := []struct {
		name      string
		employ    []schemas.Condition
		residence []schemas.Condition
		rental    []schemas.Condition
		schooling []schemas.Condition
		materials []string
		facts     *schemas.Facts
		proof     string // the condition that proves, or ""
		missing   string
	}{
		{name: "nothing ticked", facts: known(), missing: ItemCondition},
		{name: "ticked and proven", employ: []schemas.Condition{schemas.SocialInsurance}, materials: []string{"social_insurance"}, facts: known(), proof: "social_insurance"},
		{name: "ticked and confirmed", employ: []schemas.Condition{schemas.SocialInsurance}, facts: known("social_insurance", "confirmed"), proof: "social_insurance"},
		{name: "the system knows better", employ: []schemas.Condition{schemas.SocialInsurance}, materials: []string{"social_insurance"}, facts: known("social_insurance", "contradicted")},
		{name: "another condition may still be proven", employ: []schemas.Condition{schemas.SocialInsurance, schemas.BusinessLicence}, facts: known("social_insurance", "contradicted"), missing: "material:business_licence"},
		{name: "one is enough", employ: []schemas.Condition{schemas.LabourContract}, schooling: []schemas.Condition{schemas.University}, materials: []string{"university"}, facts: known("labour_contract", "contradicted"), proof: "university"},
		{name: "all open ones are asked for", employ: []schemas.Condition{schemas.FarmContract}, residence: []schemas.Condition{schemas.OwnedHome}, schooling: []schemas.Condition{schemas.University}, facts: known(),
			missing: "material:farm_contract material:owned_home material:university"},
		{name: "rented home by its lease", residence: []schemas.Condition{schemas.RentedHome}, rental: []schemas.Condition{schemas.LeaseContract}, materials: []string{"lease_contract"}, facts: known(), proof: "rented_home"},
		{name: "rental paper ticked alone", rental: []schemas.Condition{schemas.LeaseFiling}, materials: []string{"lease_filing"}, facts: known(), proof: "rented_home"},
		{name: "rental paper confirmed", rental: []schemas.Condition{schemas.RentalRegistration}, facts: known("rental_registration", "confirmed"), proof: "rented_home"},
		{name: "rental paper contradicted", rental: []schemas.Condition{schemas.LeaseFiling}, materials: []string{"lease_filing"}, facts: known("lease_filing", "contradicted"), missing: "material:rented_home"},
		{name: "rented home contradicted", rental: []schemas.Condition{schemas.LeaseFiling}, materials: []string{"lease_filing"}, facts: known("rented_home", "contradicted")},
		{name: "rented home unproven", residence: []schemas.Condition{schemas.RentedHome}, facts: known(), missing: "material:rented_home"},
		{name: "a material declares what it proves", materials: []string{"university", "identity"}, facts: known(), proof: "university"},
		{name: "an identity paper proves no condition", materials: []string{"identity"}, facts: known(), missing: ItemCondition},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := submission("1")
			s.Employment, s.Residence, s.Rental, s.Schooling, s.Materials = tt.employ, tt.residence, tt.rental, tt.schooling, nil
			for _, kind := range tt.materials {
				s.Materials = append(s.Materials, schemas.Material{Kind: kind})
			}
			person := citizen("19900101", 11)
			a := testPolicy(t).assess(&schemas.Case{Submission: s, Facts: tt.facts}, &person, shanghai(t, "2024-09-10 10:00"))
			proof, refused := "", strings.Join(a.refused, " ")
			for _, f := range a.findings {
				if f.Rule == "R1/R2" {
					proof = f.Detail
				}
			}
			if proof != tt.proof || strings.Join(a.missing, " ") != tt.missing || (refused == "") != (tt.proof != "") {
				t.Errorf("proven by %q, missing %q, refused %q; want %q, %q", proof, a.missing, refused, tt.proof, tt.missing)
			}
			if curable := tt.missing != "" || tt.proof != ""; a.incurable() == curable {
				t.Errorf("incurable %v", a.incurable())
			}
		})
	}
}

func TestRegisteredResidence(t *testing.T) {
	at := func(from, to, division string) schemas.Interval {
		return schemas.Interval{From: schemas.Date(from), To: schemas.Date(to), Division: division}
	}
	tests := []struct {
		name      string
		by        string
		gap       int
		intervals []schemas.Interval
		want      bool
		detail    string
	}{
		{name: "none", detail: "累计 0 天 / 183 天"},
		{name: "overlap counted once", intervals: []schemas.Interval{at("2024-01-01", "2024-03-31", "330106"), at("2024-03-01", "2024-04-30", "330424")}, detail: "累计 121 天 / 183 天"},
		{name: "one inside the other", intervals: []schemas.Interval{at("2024-01-01", "2024-04-30", "330106"), at("2024-02-01", "2024-02-02", "330424")}, detail: "累计 121 天 / 183 天"},
		{name: "the same twice", intervals: []schemas.Interval{at("2024-01-01", "2024-04-30", "33"), at("2024-01-01", "2024-04-30", "33")}, detail: "累计 121 天 / 183 天"},
		{name: "adjacent", intervals: []schemas.Interval{at("2024-03-01", "2024-04-30", "330424"), at("2024-01-01", "2024-02-29", "330106")}, detail: "累计 121 天 / 183 天"},
		{name: "one day", intervals: []schemas.Interval{at("2024-03-01", "2024-03-01", "330424")}, detail: "累计 1 天 / 183 天"},
		{name: "open one runs to today", intervals: []schemas.Interval{at("2024-09-01", "", "330424")}, detail: "累计 10 天 / 183 天"},
		{name: "nothing counts beyond today", intervals: []schemas.Interval{at("2024-09-01", "2030-01-01", "330424"), at("2024-09-11", "", "330424")}, detail: "累计 10 天 / 183 天"},
		{name: "outside Zhejiang", intervals: []schemas.Interval{at("2020-01-01", "", "310115")}, detail: "累计 0 天 / 183 天"},
		{name: "backwards or no date", intervals: []schemas.Interval{at("2024-03-02", "2024-03-01", "33"), at("", "", "33"), at("2024-02-30", "", "33"), at("2024-01-01", "soon", "33")}, detail: "累计 0 天 / 183 天"},
		{name: "182", intervals: []schemas.Interval{at("2024-01-01", "2024-03-31", "330106"), at("2024-06-01", "2024-08-30", "330106")}, detail: "累计 182 天 / 183 天"},
		{name: "183", intervals: []schemas.Interval{at("2024-01-01", "2024-03-31", "330106"), at("2024-06-01", "2024-08-31", "330106")}, want: true, detail: "累计 183 天 / 183 天"},
		{name: "gap allowed", gap: 61, intervals: []schemas.Interval{at("2024-01-01", "2024-03-31", "330106"), at("2024-06-01", "2024-08-31", "330106")}, want: true, detail: "累计 183 天 / 183 天"},
		{name: "gap too long", gap: 60, intervals: []schemas.Interval{at("2024-01-01", "2024-03-31", "330106"), at("2024-06-01", "2024-08-31", "330106")}, detail: "累计 92 天 / 183 天"},
		{name: "six months to the day", by: CountMonths, intervals: []schemas.Interval{at("2024-01-15", "2024-07-14", "33")}, want: true, detail: "累计 6 个月 0 天 / 6 个月"},
		{name: "a day short", by: CountMonths, intervals: []schemas.Interval{at("2024-01-15", "2024-07-13", "33")}, detail: "累计 5 个月 29 天 / 6 个月"},
		{name: "short months", by: CountMonths, intervals: []schemas.Interval{at("2023-08-31", "2024-02-28", "33")}, want: true, detail: "累计 6 个月 0 天 / 6 个月"},
		{name: "broken months add up to thirty days", by: CountMonths, intervals: []schemas.Interval{at("2024-01-01", "2024-05-16", "33"), at("2024-07-01", "2024-08-14", "33")}, want: true, detail: "累计 6 个月 0 天 / 6 个月"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := testPolicy(t)
			p.MaxGapDays = tt.gap
			if tt.by != "" {
				p.CountBy = tt.by
			}
			got, detail := p.registered(tt.intervals, shanghai(t, "2024-09-10 23:59"))
			if got != tt.want || detail != tt.detail {
				t.Errorf("got %v, %s; want %v, %s", got, detail, tt.want, tt.detail)
			}
		})
	}
}

func TestSupplementNamesEverythingOnce(t *testing.T) {
	d := newDossier(t, testPolicy(t), citizen("20120101", 15))
	d.submit("1", func(s *schemas.Submission) { s.Materials = nil; s.Residence = []schemas.Condition{schemas.OwnedHome} })
	tr := d.verify("1", 1, permitFacts("OLD"))
	wantEvents(t, tr, schemas.EvVerified, schemas.EvSupplementRequested)
	want := []string{"material:labour_contract", "material:owned_home", ItemAgent}
	if diff := cmp.Diff(want, tr.Effects[0].Items); diff != "" || tr.Effects[0].Notice != NoticeSupplement {
		t.Fatalf("asked for (-want +got):\n%s", diff)
	}
	// The guardian comes, and another condition without its proof: only what is new is asked for.
	guardian := citizen("19850505", 16)
	agent := schemas.Person{Agent: &schemas.Agent{CitizenID: guardian.CitizenID, FullName: guardian.FullName, Relation: "guardian"}, CitizenID: guardian.CitizenID, FullName: "不许改名"}
	wantEvents(t, d.supplement("1", schemas.Supplement{Schooling: []schemas.Condition{schemas.PrimarySchool}, AgentGiven: true}, &agent), schemas.EvSupplemented)
	if d.file.Person.FullName != d.person.FullName || d.file.Person.Agent == nil {
		t.Fatal("a supplement may give the agent and not change who the person is")
	}
	tr = d.verify("1", 2, permitFacts("OLD"))
	if diff := cmp.Diff([]string{"material:primary_school"}, tr.Effects[0].Items); diff != "" {
		t.Fatalf("asked again (-want +got):\n%s", diff)
	}
	// Nothing comes: no third request.
	d.supplement("1", schemas.Supplement{}, nil)
	tr = d.verify("1", 3, permitFacts("OLD"))
	wantEvents(t, tr, schemas.EvVerified, schemas.EvNotAccepted)
	if diff := cmp.Diff([]string{ReasonNoCondition}, d.wantEnd("1", "not_accepted").Reasons); diff != "" {
		t.Error(diff)
	}
	wantRejected(t, d.supplement("1", schemas.Supplement{}, nil), "case_not_open")
}

func TestSupplementLoopEnds(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { s.Materials = nil })
	all := append(append(schemas.ConditionsOf("employment"), schemas.ConditionsOf("residence")...), schemas.ConditionsOf("schooling")...)
	for n := 1; d.file.Dossier.Open != nil; n++ {
		if n > len(all)+1 {
			t.Fatal("asked for ever")
		}
		if d.verify("1", n, permitFacts("OLD")); d.stage() == schemas.StageSupplement {
			d.supplement("1", schemas.Supplement{Employment: all[:min(n+1, len(all))]}, nil)
		}
	}
	d.wantEnd("1", "not_accepted")
}

func TestSupplementByHand(t *testing.T) {
	ask := func(items ...string) schemas.OfficerAction {
		return schemas.OfficerAction{Kind: schemas.ActRequestSupplement, Officer: "100", Items: items}
	}
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { byHand(s); s.Materials = nil })
	wantRejected(t, d.act("1", ask("material:identity")), "stage_submitted")
	d.verify("1", 1, permitFacts("OLD"))
	wantRejected(t, d.act("1", ask()), "items_missing")
	wantRejected(t, d.act("1", ask("王小明的身份证")), "item_unknown")
	tr := d.act("1", ask("material:identity"))
	if diff := cmp.Diff([]string{"material:identity", "material:labour_contract"}, tr.Effects[0].Items); diff != "" {
		t.Fatalf("what the rule pack misses joins (-want +got):\n%s", diff)
	}
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"}), "stage_supplement_requested")
	d.supplement("1", schemas.Supplement{Employment: []schemas.Condition{schemas.SocialInsurance}}, nil)
	d.verify("1", 2, permitFacts("OLD"))
	d.wantStage(schemas.StagePreExamine)
	for _, item := range []string{"material:identity", "material:labour_contract", ItemCondition, ItemAgent} {
		wantRejected(t, d.act("1", ask("material:social_insurance", item)), "visible_before")
	}
	tr = d.act("1", ask("material:social_insurance"))
	if diff := cmp.Diff([]string{"material:social_insurance"}, tr.Effects[0].Items); diff != "" {
		t.Fatalf("new item (-want +got):\n%s", diff)
	}
	d.supplement("1", schemas.Supplement{}, nil)
	d.verify("1", 3, permitFacts("OLD"))
	tr = d.act("1", ask("material:identity"), schemas.Remark{Override: "原件模糊"})
	wantEvents(t, tr, schemas.EvSupplementRequested)
	if got := tr.Person.Remark(d.file.Dossier.Open.Supplements[2].Remark).Override; got != "原件模糊" || tr.Events[0].Remark != tr.Input.InputID {
		t.Errorf("the override on record is %q", got)
	}
}

func TestEveryReasonAndItemHasAText(t *testing.T) {
	for _, r := range Reasons() {
		if r.Text == "" || r.Basis == "" || r.Remedy == "" || ReasonText(r.Code) != r.Text || !knownReason(r.Code) {
			t.Errorf("reason %+v", r)
		}
	}
	if ReasonText("x") != "x" || knownReason("x") {
		t.Error("an unknown reason is known")
	}
	items := []string{ItemCondition, ItemAgent, itemIdentity, itemSpecial}
	for _, group := range []string{"employment", "residence", "rental", "schooling"} {
		for _, c := range schemas.ConditionsOf(group) {
			items = append(items, itemMaterial+string(c))
		}
	}
	for _, item := range items {
		if !knownItem(item) {
			t.Errorf("item %s has no text", item)
		}
	}
	if knownItem("material:gold") || knownItem("") {
		t.Error("an unknown item is known")
	}
}

// What a person must decide stays with people although the stages are automatic.
func TestSuspendedPermitStopsTheMachine(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	facts := permitFacts("OLD")
	facts.Permits[0].Status = schemas.PermitSuspended
	wantEvents(t, d.verify("1", 1, facts), schemas.EvVerified, schemas.EvAccepted)
	d.wantStage(schemas.StageReview)
	if diff := cmp.Diff([]string{ReasonSuspendedPermit}, d.card(&d.file.Dossier, d.no("1")).Reasons); diff != "" {
		t.Error(diff)
	}
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"}), schemas.EvReviewed)
	d.wantStage(schemas.StageApproval)
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "300"}), schemas.EvApproved)
}

// A clerk may have accepted what the rules bar; the machine's review does not pass it on.
func TestBarredButAcceptedByHand(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { s.Stages.Acceptance = schemas.Manual; s.HukouCounty = "330424" })
	d.verify("1", 1, permitFacts("OLD"))
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"}), schemas.EvAccepted, schemas.EvRefused)
	if diff := cmp.Diff([]string{ReasonLocalHukou}, d.wantEnd("1", "refused").Reasons); diff != "" {
		t.Error(diff)
	}
}

// An officer may pass what the rules would not; then an officer approves it, too.
func TestAutomaticApprovalHasItsOwnEyes(t *testing.T) {
	for name, facts := range map[string]*schemas.Facts{"fails": {}, "passes": permitFacts("OLD")} {
		d := adult(t)
		d.submit("1", func(s *schemas.Submission) { s.Stages.Review = schemas.Manual })
		d.verify("1", 1, facts)
		d.wantStage(schemas.StageReview)
		d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"})
		if name == "passes" {
			d.wantStage(schemas.StageIssuing)
			continue
		}
		d.wantStage(schemas.StageApproval)
		if diff := cmp.Diff([]string{ReasonNoValidPermit}, d.file.Dossier.Open.Reasons); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
	}
}

// A stage that says nothing is a person's.
func TestUnsetStagesAreManual(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { s.Stages = schemas.Stages{} })
	d.verify("1", 1, permitFacts("OLD"))
	d.wantStage(schemas.StagePreExamine)
	d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"})
	d.wantStage(schemas.StageReview)
	d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"})
	d.wantStage(schemas.StageApproval)
}

func TestAutomaticRefusalNamesEveryReason(t *testing.T) {
	d := newDossier(t, testPolicy(t), citizen("20120101", 17))
	d.submit("1", func(s *schemas.Submission) { s.Materials = nil })
	tr := d.verify("1", 1, &schemas.Facts{})
	wantEvents(t, tr, schemas.EvVerified, schemas.EvAccepted, schemas.EvRefused)
	want := []string{ReasonNoValidPermit, ReasonNoCondition, ReasonAgentRequired}
	if diff := cmp.Diff(want, d.wantEnd("1", "refused").Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"notify-1 N2"}, effectIDs(tr)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestPolicyValidate(t *testing.T) {
	p := testPolicy(t)
	p.NoticesOff = []string{NoticeSupplement, NoticeReceipt}
	p.DeemedAfter = calendar.Limit{Days: 5}
	if err := p.Validate(); err != nil {
		t.Fatalf("valid policy: %v", err)
	}
	bad := Policy{MaxGapDays: -1, Rungs: []int{90, 50, 100}, NoticesOff: []string{NoticeCompletion}, DeemedAfter: calendar.Limit{Days: -5}}
	err := bad.Validate()
	if err == nil {
		t.Fatal("an empty policy is valid")
	}
	for _, want := range []string{"name", "calendar", "count_by", "required_days", "max_gap", "suspended_permit", "promised", "statutory", "deemed_after", "after issue", "rung 50", "rung 100", "N1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("fault %q not named in: %v", want, err)
		}
	}
}
