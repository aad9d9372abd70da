package casework

import (
	"slices"
	"strings"

	"permithub/schemas"
)

// Outcomes of a rule.
const (
	pass   = "pass"
	fail   = "fail"
	manual = "manual"
	exempt = "exempt"
)

const (
	haiyan   = "330424"
	zhejiang = "33"
)

// assessment is every rule applied to one case: what failed, what a person must look at, what is missing, all at once (一次性告知).
type assessment struct {
	findings []schemas.Finding
	barred   []string // reasons not to accept at all
	refused  []string // reasons to refuse
	manual   []string // reasons why a person must decide
	missing  []string // items to ask for
	curable  []string // those of refused that the missing items may cure
}

// incurable reports whether a refusal is certain, whatever is still missing: then nothing is asked for, the refusal names it all.
func (a *assessment) incurable() bool { return len(a.refused) > len(a.curable) }

func (a *assessment) finding(f schemas.Finding, into *[]string) {
	a.findings = append(a.findings, f)
	if into != nil && f.Reason != "" {
		*into = append(*into, f.Reason)
	}
}

// assess applies R1–R6 and R11 to the case as of its assessment time. What the registration system knows outweighs what was declared.
func (p *Policy) assess(c *schemas.Case, person *schemas.Person, at schemas.Time) assessment {
	var a assessment
	facts := c.Facts
	if facts == nil {
		facts = &schemas.Facts{}
	}
	if person == nil {
		person = &schemas.Person{}
	}
	p.scope(&a, c, person)
	if c.Submission.RecognitionType == schemas.ExistingPermit {
		p.existingPermit(&a, facts, at)
	} else {
		p.registrationTime(&a, c, facts, at)
	}
	condition(&a, c, facts)
	agent(&a, person, at)
	return a
}

// scope is R4 and R5: whose procedure this is. The declared hukou county counts, never the ID prefix, which is the code at first registration.
func (p *Policy) scope(a *assessment, c *schemas.Case, person *schemas.Person) {
	f := schemas.Finding{Rule: "R4", Outcome: pass, Basis: "条例 第二条", Detail: c.Submission.HukouCounty}
	if strings.HasPrefix(c.Submission.HukouCounty, haiyan) {
		f.Outcome, f.Reason = fail, ReasonLocalHukou
	}
	a.finding(f, &a.barred)
	f = schemas.Finding{Rule: "R5", Outcome: pass, Basis: "条例 第三十八条"}
	if schemas.KindOfCitizenID(person.CitizenID) != schemas.MainlandID {
		f.Outcome, f.Reason = fail, ReasonOtherProcedure
	}
	a.finding(f, &a.barred)
}

// existingPermit is R1 with R11: a valid 《浙江省居住证》 in the registration system.
func (p *Policy) existingPermit(a *assessment, facts *schemas.Facts, at schemas.Time) {
	f := schemas.Finding{Rule: "R1", Outcome: fail, Reason: ReasonNoValidPermit, Basis: "盐政办发〔2024〕10号 三(一)"}
	suspended := ""
	for i := range facts.Permits {
		k := &facts.Permits[i]
		switch {
		case k.PermitNo == "" || !strings.HasPrefix(k.Division, zhejiang) || expired(k, at):
		case k.Status == schemas.PermitValid:
			f.Outcome, f.Reason, f.Detail = pass, "", k.PermitNo
			a.finding(f, nil)
			return
		case k.Status == schemas.PermitSuspended:
			suspended = k.PermitNo
		}
	}
	if suspended == "" {
		a.finding(f, &a.refused)
		return
	}
	p.suspendedPermit(a, f, suspended)
}

// suspendedPermit says what a permit whose 签注 is overdue counts for: as much as a valid one, nothing, or what a person decides.
func (p *Policy) suspendedPermit(a *assessment, r1 schemas.Finding, permitNo string) {
	r11 := schemas.Finding{Rule: "R11", Outcome: manual, Reason: ReasonSuspendedPermit, Basis: "居住证暂行条例 第十条", Detail: permitNo}
	switch p.SuspendedPermit {
	case SuspendedAccept:
		r1.Outcome, r1.Reason, r1.Detail = pass, "", permitNo
		r11.Outcome, r11.Reason = pass, ""
		a.finding(r1, nil)
		a.finding(r11, nil)
	case SuspendedRefuse:
		r11.Outcome = fail
		a.finding(r1, &a.refused)
		a.finding(r11, &a.refused)
	default:
		r1.Outcome, r1.Reason = manual, ""
		a.finding(r1, nil)
		a.finding(r11, &a.manual)
	}
}

func expired(k *schemas.KnownPermit, at schemas.Time) bool {
	return k.ValidUntil != "" && k.ValidUntil < schemas.Day(at.Time)
}

// registrationTime is R2 with the exemption R3: registered residence in Zhejiang that adds up to six months, overlaps counted once.
func (p *Policy) registrationTime(a *assessment, c *schemas.Case, facts *schemas.Facts, at schemas.Time) {
	enough, detail := p.registered(facts.Intervals, at)
	f := schemas.Finding{Rule: "R2", Outcome: pass, Basis: "盐政办发〔2024〕10号 三(二)", Detail: detail}
	if enough {
		a.finding(f, nil)
		return
	}
	proof := hasMaterial(c, "special_provision")
	special := schemas.Finding{Rule: "R3", Outcome: exempt, Basis: "条例 第十六条", Detail: c.Submission.SpecialProvision}
	switch {
	case c.Submission.SpecialProvision == "":
		f.Outcome, f.Reason = fail, ReasonUnderSixMonths
		a.finding(f, &a.refused)
	case proof:
		f.Outcome = exempt
		a.finding(f, nil)
		a.finding(special, nil)
	default: // the proof would cure both
		f.Outcome, f.Reason = fail, ReasonUnderSixMonths
		special.Outcome, special.Reason = fail, ReasonSpecialUnproven
		a.finding(f, &a.refused)
		a.finding(special, &a.refused)
		a.missing = append(a.missing, itemSpecial)
		a.curable = append(a.curable, f.Reason, special.Reason)
	}
}

// condition is the one of three that R1 and R2 both ask for: stable residence, stable employment, continuous schooling.
func condition(a *assessment, c *schemas.Case, facts *schemas.Facts) {
	f := schemas.Finding{Rule: "R1/R2", Outcome: pass, Basis: "盐政办发〔2024〕10号 三"}
	declared := declaredConditions(c)
	var open []string
	for _, kind := range declared {
		switch standing(c, facts, kind) {
		case schemas.Confirmed:
			f.Detail = string(kind)
			a.finding(f, nil)
			return
		case "":
			open = append(open, itemMaterial+string(kind))
		}
	}
	f.Outcome, f.Reason = fail, ReasonNoCondition
	if len(declared) == 0 {
		open = []string{ItemCondition}
	}
	if len(open) > 0 {
		a.missing = append(a.missing, open...)
		a.curable = append(a.curable, ReasonNoCondition)
	}
	a.finding(f, &a.refused)
}

// declaredConditions lists, in the form's order, what was ticked or has a material behind it. The form has no tick for a rented home itself:
// any of the rental papers declares it.
func declaredConditions(c *schemas.Case) []schemas.Condition {
	s := &c.Submission
	ticked := slices.Concat(s.Employment, s.Residence, s.Schooling)
	var list []schemas.Condition
	for _, group := range []string{"employment", "residence", "schooling"} {
		for _, kind := range schemas.ConditionsOf(group) {
			rented := kind == schemas.RentedHome && (len(s.Rental) > 0 || slices.ContainsFunc(schemas.ConditionsOf("rental"), func(r schemas.Condition) bool { return hasMaterial(c, string(r)) }))
			if rented || slices.Contains(ticked, kind) || hasMaterial(c, string(kind)) {
				list = append(list, kind)
			}
		}
	}
	return list
}

// standing says where a declared condition stands: what the registration system knows outweighs any material; what it does not know, a material
// proves. A rented home is proven by any of the rental papers, too, unless the system contradicts the home itself.
func standing(c *schemas.Case, facts *schemas.Facts, kind schemas.Condition) string {
	if known := knownStatus(facts, kind); known != "" {
		return known
	}
	if hasMaterial(c, string(kind)) {
		return schemas.Confirmed
	}
	if kind != schemas.RentedHome {
		return ""
	}
	for _, paper := range schemas.ConditionsOf("rental") {
		if standing(c, facts, paper) == schemas.Confirmed {
			return schemas.Confirmed
		}
	}
	return ""
}

func knownStatus(facts *schemas.Facts, kind schemas.Condition) string {
	for _, k := range facts.Conditions {
		if k.Kind == kind {
			return k.Status
		}
	}
	return ""
}

func hasMaterial(c *schemas.Case, kind string) bool {
	return slices.ContainsFunc(c.Submission.Materials, func(m schemas.Material) bool { return m.Kind == kind })
}

// agent is R6: for a person under 16 a guardian or near relative applies. Basis: 居住证暂行条例 第九条.
func agent(a *assessment, person *schemas.Person, at schemas.Time) {
	age, ok := schemas.AgeOn(person.CitizenID, at.Time)
	f := schemas.Finding{Rule: "R6", Outcome: pass, Basis: "居住证暂行条例 第九条"}
	if ok && age < 16 && (person.Agent == nil || person.Agent.CitizenID == "") {
		f.Outcome, f.Reason = fail, ReasonAgentRequired
		a.missing = append(a.missing, ItemAgent)
		a.curable = append(a.curable, ReasonAgentRequired)
	}
	a.finding(f, &a.refused)
}
