package console

import (
	"slices"

	"permithub/internal/timeline"
	"permithub/schemas"
)

// form is 附件1, in its order.
type form struct {
	CitizenID      string                  `json:"citizen_id"`
	Name           string                  `json:"name"`
	Sex            string                  `json:"sex"`
	Ethnic         string                  `json:"ethnic_group"`
	HukouProvince  string                  `json:"hukou_province"`
	HukouCounty    string                  `json:"hukou_county"`
	HukouAddress   string                  `json:"hukou_address"`
	CurrentAddress string                  `json:"current_address"`
	Division       string                  `json:"current_division"`
	Type           schemas.RecognitionType `json:"recognition_type"`
	Groups         []group                 `json:"groups" nullable:"false"`
	Previous       []string                `json:"previous_permits,omitempty"`
	Intervals      []schemas.Interval      `json:"intervals,omitempty"`
	Special        string                  `json:"special_provision,omitempty"`
	Materials      []schemas.Material      `json:"materials,omitempty"`
	Phone          string                  `json:"contact_phone"`
	AgentName      string                  `json:"agent_name,omitempty"`
	AgentID        string                  `json:"agent_citizen_id,omitempty"`
	AgentRelated   string                  `json:"agent_relation,omitempty"`
	DeclaredOn     schemas.Date            `json:"declared_on,omitempty"`
	Channel        schemas.Channel         `json:"channel"`
	Source         string                  `json:"source"`
	SourceNo       string                  `json:"source_application_no"`
}

// group is one block of boxes of the form.
type group struct {
	Name  string `json:"name"`
	Boxes []box  `json:"boxes" nullable:"false"`
	Other string `json:"other,omitempty"`
}

type box struct {
	Name   string `json:"name"`
	Ticked bool   `json:"ticked"`
}

// hidden stands for what is shown only after it is revealed.
const hidden = "●●●●●●"

func formOf(p *schemas.Person, s *schemas.Submission, revealed bool) form {
	f := form{
		CitizenID: timeline.MaskID(p.CitizenID), Name: schemas.Masked(p.FullName), Sex: map[string]string{"1": "男", "2": "女"}[p.Sex], Ethnic: p.EthnicGroup.Name,
		HukouProvince: s.HukouProvince, HukouCounty: s.HukouCounty, HukouAddress: hidden, CurrentAddress: hidden, Division: s.CurrentDivision,
		Type: s.RecognitionType, Previous: s.PreviousPermits, Intervals: s.Intervals, Materials: s.Materials, Phone: timeline.MaskPhone(p.ContactPhone.Number),
		DeclaredOn: s.Declaration.Date, Channel: s.Channel, Source: s.Source, SourceNo: s.SourceApplicationNo,
		Special: map[string]string{"investor": "投资创业", "talent": "引进人才"}[s.SpecialProvision],
	}
	if a := p.Agent; a != nil {
		f.AgentName, f.AgentID, f.AgentRelated = schemas.Masked(a.FullName), timeline.MaskID(a.CitizenID), map[string]string{"guardian": "监护人", "near_relative": "近亲属"}[a.Relation]
	}
	if revealed {
		f.CitizenID, f.Name, f.HukouAddress, f.CurrentAddress, f.Phone = p.CitizenID, p.FullName, p.HukouAddress, p.CurrentAddress, p.ContactPhone.Number
		if a := p.Agent; a != nil {
			f.AgentName, f.AgentID = a.FullName, a.CitizenID
		}
	}
	ticked := slices.Concat(s.Employment, s.Residence, s.Rental, s.Schooling)
	for _, g := range []struct{ key, name string }{{"employment", "合法稳定就业"}, {"residence", "合法稳定住所"}, {"rental", "居住出租房屋"}, {"schooling", "连续就读"}} {
		b := group{Name: g.name}
		for _, kind := range schemas.ConditionsOf(g.key) {
			b.Boxes = append(b.Boxes, box{kind.Name(), slices.Contains(ticked, kind)})
		}
		for _, t := range p.OtherText {
			if t.Group == g.key && revealed {
				b.Other = t.Text
			} else if t.Group == g.key {
				b.Other = hidden
			}
		}
		f.Groups = append(f.Groups, b)
	}
	return f
}
