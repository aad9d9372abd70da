package intake

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"permithub/internal/problem"
	"permithub/schemas"
)

const (
	maxPermits      = 20
	maxIntervals    = 200
	maxMaterials    = 100
	maxMaterialName = 120
	maxURI          = 500
	maxMaterialSize = 1 << 30
)

func (c checker) form(a *Application) {
	if c.Need("/source_application_no", a.SourceApplicationNo) {
		c.Match("/source_application_no", a.SourceApplicationNo, idForm, codeIDForm)
	}
	c.OneOf("/channel", a.Channel, codeChannelUnknown, string(schemas.Online), string(schemas.Window))
	c.hukou(a)
	if c.Need("/current_division", a.CurrentDivision) {
		c.township("/current_division", a.CurrentDivision)
	}
	if a.RecognitionType == "" {
		c.Add("/recognition_type", codeRecognitionMissing)
	}
	c.OneOf("/recognition_type", a.RecognitionType, codeRecognitionUnknown, string(schemas.ExistingPermit), string(schemas.RegistrationTime))
	c.conditions(ticked{a.Employment, a.Residence, a.Rental, a.Schooling, a.OtherText})
	c.textVersion("/notice", a.Notice.Version, a.Notice.SHA256)
	c.textVersion("/declaration", a.Declaration.Version, a.Declaration.SHA256)
	c.required("/declaration/signature_evidence", a.Declaration.SignatureEvidence, maxText)
	if c.Need("/declaration/date", a.Declaration.Date) {
		c.date("/declaration/date", a.Declaration.Date)
	}
	c.OneOf("/special_provision", a.SpecialProvision, codeSpecialUnknown, "investor", "talent")
	c.permits(a.PreviousPermits)
	c.intervals(a.Intervals)
	c.materials(a.Materials)
}

func (c checker) hukou(a *Application) {
	p := c.Need("/hukou_province", a.HukouProvince) && c.division("/hukou_province", a.HukouProvince, 2, 6)
	k := c.Need("/hukou_county", a.HukouCounty) && c.division("/hukou_county", a.HukouCounty, 6)
	if k && strings.HasSuffix(a.HukouCounty, "0000") {
		c.Add("/hukou_county", codeDivisionForm) // a province where a county is asked for
	} else if p && k && a.HukouProvince[:2] != a.HukouCounty[:2] {
		c.Add("/hukou_county", codeHukouCounty)
	}
}

// ticked is the middle of the form: what was ticked in each group, and the texts beside 其他.
type ticked struct {
	employment, residence, rental, schooling []string
	other                                    *OtherText
}

func (c checker) conditions(t ticked) {
	var texts OtherText
	if t.other != nil {
		texts = *t.other
	}
	c.group("employment", t.employment, texts.Employment)
	c.group("residence", t.residence, texts.Residence)
	c.group("rental", t.rental, texts.Rental)
	c.group("schooling", t.schooling, "")
}

func (c checker) group(name string, items []string, text string) {
	options := schemas.ConditionsOf(name)
	c.Items("/"+name, len(items), len(options))
	named := make([]string, len(items))
	for i, s := range items {
		named[i] = string(condition(name, s))
		if s != "" && !slices.Contains(options, condition(name, s)) {
			c.Add(at("/"+name, i), codeConditionUnknown)
		}
	}
	c.distinct("/"+name, named)
	pointer, other := "/other_text/"+name, slices.Contains(named, "other_"+name)
	switch {
	case c.Blocked("/" + name): // what is ticked could not be read
	case other && text == "":
		c.Add(pointer, codeOtherTextMissing)
	case !other && text != "":
		c.Add(pointer, codeOtherTextUnticked)
	}
	c.Text(pointer, text, maxText)
}

// condition returns the condition that s names in a group; "other" is short for the group's own.
func condition(group, s string) schemas.Condition {
	if s == "other" && group != "schooling" {
		return schemas.Condition("other_" + group)
	}
	return schemas.Condition(s)
}

func (c checker) permits(numbers []string) {
	const pointer = "/previous_permits"
	c.Items(pointer, len(numbers), maxPermits)
	for i, no := range numbers {
		c.Match(at(pointer, i), no, permitForm, codePermitNoForm)
	}
	c.distinct(pointer, numbers)
}

func (c checker) intervals(all []Interval) {
	const pointer = "/registration_intervals"
	c.Items(pointer, len(all), maxIntervals)
	for i, v := range all {
		p := at(pointer, i)
		from := c.Need(p+"/from", v.From) && c.date(p+"/from", v.From)
		if to := c.date(p+"/to", v.To); from && to && v.To < v.From {
			c.Add(p+"/to", codeIntervalReversed)
		}
		if c.Need(p+"/division", v.Division) {
			c.division(p+"/division", v.Division, 6, 9)
		}
		if slices.Contains(all[:i], v) && v != (Interval{}) {
			c.Add(p, problem.DuplicateItem)
		}
	}
}

func (c checker) materials(all []Material) {
	const pointer = "/materials"
	c.Items(pointer, len(all), maxMaterials)
	for i, m := range all {
		p := at(pointer, i)
		if c.Need(p+"/kind", m.Kind) {
			c.Match(p+"/kind", m.Kind, kindForm, codeKindForm)
		}
		c.required(p+"/name", m.Name, maxMaterialName)
		if m.Size < 1 || m.Size > maxMaterialSize {
			c.Add(p+"/size", codeSizeRange, maxMaterialSize)
		}
		if c.Need(p+"/sha256", m.SHA256) {
			c.Match(p+"/sha256", m.SHA256, sha256Form, codeSHA256Form)
		}
		c.required(p+"/uri", m.URI, maxURI)
		c.uri(p+"/uri", m.URI)
		if slices.ContainsFunc(all[:i], func(o Material) bool { return o.Kind == m.Kind && o.SHA256 == m.SHA256 && m.SHA256 != "" }) {
			c.Add(p, problem.DuplicateItem)
		}
	}
}

// uri keeps credentials out of the log: a claim check names a place for good, so it has no user info and no signed query.
func (c checker) uri(pointer, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		c.Add(pointer, codeURIForm)
	case !slices.Contains(c.schemes, u.Scheme):
		c.Add(pointer, codeURIScheme)
	}
}

// private are the values that may stand in personal fields only.
func private(p *ContactPhone, g *Agent, id, name string) []string {
	all := []string{id, name}
	if p != nil {
		all = append(all, p.Number)
	}
	if g != nil {
		all = append(all, g.CitizenID, g.FullName)
	}
	// One character, or nothing, would be found by chance.
	return slices.DeleteFunc(all, func(s string) bool { return utf8.RuneCountInString(s) < 2 })
}

// impersonal notes every field outside the person that holds one of the person's values: those fields go into logs, cards and public topics.
func (c checker) impersonal(secrets []string, fields map[string]string, permits []string, materials []Material) {
	check := func(pointer, s string) {
		upper := strings.ToUpper(s)
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(upper, strings.ToUpper(secret)) }) {
			c.Add(pointer, codePersonalData)
		}
	}
	for _, pointer := range slices.Sorted(maps.Keys(fields)) {
		check(pointer, fields[pointer])
	}
	for i, no := range permits {
		check(at("/previous_permits", i), no)
	}
	for i, m := range materials {
		check(at("/materials", i)+"/name", m.Name)
		plain, err := url.PathUnescape(m.URI)
		if err != nil {
			plain = m.URI
		}
		check(at("/materials", i)+"/uri", plain)
	}
}
