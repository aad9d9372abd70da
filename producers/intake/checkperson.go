package intake

import (
	"strings"

	"permithub/schemas"
)

const (
	maxName    = 100
	maxAddress = 200
	maxText    = 200
)

// citizenID checks a number as GB 11643 has it, each part on its own, and reports whether its form is right. Numbers of residents of Hong
// Kong, Macao and Taiwan (81, 82, 83) and of foreigners (9…) have the same form and check character and are no fault: rule R5
// answers them. An unknown six-digit prefix is never refused; it is the code at first registration and often abolished.
func (c checker) citizenID(pointer, id string) bool {
	if !c.Need(pointer, id) {
		return false
	}
	if len(id) != 18 || strings.Trim(id[:17], "0123456789") != "" || !strings.Contains("0123456789Xx", id[17:]) {
		c.Add(pointer, codeCitizenForm)
		return false
	}
	if id[17] == 'x' {
		c.Add(pointer, codeCitizenLowerX)
	}
	if want, _ := schemas.CheckCitizenID(id[:17]); string(want) != strings.ToUpper(id[17:]) {
		c.Add(pointer, codeCitizenCheck)
	}
	if schemas.KindOfCitizenID(id) != schemas.ForeignersID && !isProvince(id[:2]) {
		c.Add(pointer, codeCitizenProvince)
	}
	c.birth(pointer, id)
	return true
}

func (c checker) birth(pointer, id string) {
	day, ok := schemas.BirthDate(id)
	switch {
	case !ok || day.Year() < 1900:
		c.Add(pointer, codeBirthDate)
	case schemas.Date(day.Format("2006-01-02")) > schemas.Day(c.now):
		c.Add(pointer, codeBirthFuture)
	}
}

func (c checker) person(a *Application) {
	formed := c.citizenID("/citizen_id", a.CitizenID)
	c.required("/full_name", a.FullName, maxName)
	c.sex(a, formed)
	c.ethnicGroup(a.EthnicGroup)
	c.required("/hukou_address", a.HukouAddress, maxAddress)
	c.required("/current_address", a.CurrentAddress, maxAddress)
	c.phone("/contact_phone", &a.ContactPhone)
	if a.Agent != nil {
		c.agent(a.Agent, a.CitizenID)
	}
}

// sex compares with the number, except a foreigner's: GB 11643 does not speak of those.
func (c checker) sex(a *Application, formed bool) {
	const pointer = "/sex"
	switch {
	case !c.Need(pointer, a.Sex):
	case a.Sex != "1" && a.Sex != "2":
		c.Add(pointer, codeSexUnknown)
	case formed && schemas.KindOfCitizenID(a.CitizenID) != schemas.ForeignersID && schemas.SexOf(a.CitizenID) != a.Sex:
		c.Add(pointer, codeSexMismatch)
	}
}

func (c checker) ethnicGroup(g EthnicGroup) {
	coded, named := c.Need("/ethnic_group/code", g.Code), c.Need("/ethnic_group/name", g.Name)
	name, known := ethnicGroups()[g.Code]
	switch {
	case coded && !known:
		c.Add("/ethnic_group/code", codeEthnicUnknown)
	case coded && named && name != g.Name:
		c.Add("/ethnic_group/name", codeEthnicName)
	}
}

func (c checker) phone(pointer string, p *ContactPhone) {
	if c.Need(pointer+"/number", p.Number) {
		c.Match(pointer+"/number", p.Number, phoneForm, codePhoneNumber)
	}
	if c.Need(pointer+"/source", p.Source) {
		c.OneOf(pointer+"/source", p.Source, codePhoneSource, "applicant", "real_name_account", "window")
	}
	if c.Need(pointer+"/consent_at", p.ConsentAt) {
		c.instant(pointer+"/consent_at", p.ConsentAt)
	}
}

// agent checks who applies for someone else; applicant is "" where the body does not name the applicant.
func (c checker) agent(g *Agent, applicant string) {
	if c.citizenID("/agent/citizen_id", g.CitizenID) && strings.EqualFold(g.CitizenID, applicant) {
		c.Add("/agent/citizen_id", codeAgentIsApplicant)
	}
	c.required("/agent/full_name", g.FullName, maxName)
	if c.Need("/agent/relation", g.Relation) {
		c.OneOf("/agent/relation", g.Relation, codeRelation, "guardian", "near_relative")
	}
}
