package main

import (
	"slices"

	"permithub/schemas"
)

// personal is the type whose properties are marked x-pii.
const personal = "Person"

// form narrows a value beyond its Go type. Only what every producer already keeps stands here: a form can be widened later, never narrowed.
type form struct {
	pattern, format      string
	minLength, maxLength *int
	minimum, maximum     *int
	enum                 []string
	consts               string // the untyped constants of this prefix are the values
}

func pattern(p string) form       { return form{pattern: p} }
func among(values ...string) form { return form{enum: values} }
func sized(most int) form         { return form{minLength: number(1), maxLength: number(most)} }

const (
	dossierPattern     = `^[A-Z2-7]{12}$`
	applicationPattern = `^[A-Z2-7]{16}[0-9A-Z]$`
	sourcePattern      = `^[a-z][a-z0-9_-]{0,31}$`
	tracePattern       = `^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`
)

var (
	sha256      = pattern(`^[0-9a-f]{64}$`)
	division    = pattern(`^[0-9]{6}([0-9]{3}([0-9]{3})?)?$`)
	township    = pattern(`^330424[0-9]{3}$`)
	reason      = pattern(`^[a-z][a-z0-9_]{0,63}$`)
	staff       = sized(64)
	eventType   = form{consts: "Ev"}
	percent     = form{minimum: number(1), maximum: number(100)}
	clock       = among("T1", "T2", "T3", "T4", "T5", "R8")
	permitWords = among(schemas.PermitValid, schemas.PermitCancelled, schemas.PermitRevoked)
	paused      = []string{"hearing", "inspection", "appraisal", "expert_review"}
	revoked     = []string{schemas.RevokedFraud, schemas.RevokedAbuseOfPower, schemas.RevokedBeyondAuthority, schemas.RevokedUnlawfulProcedure,
		schemas.RevokedNotQualified, schemas.RevokedByLaw}
)

// forms are keyed by property, or by type and property where one name says different things.
var forms = map[string]form{
	"input_id":                  pattern(`^[0-9a-f]{32}$`),
	"Seen.id":                   pattern(`^[0-9a-f]{32}$`),
	"Seen.h":                    pattern(`^[0-9a-f]{16}$`),
	"event_id":                  pattern(`^[A-Z2-7]{12}-[1-9][0-9]*-[0-9]+$`),
	"dossier_id":                pattern(dossierPattern),
	"person_token":              pattern(`^[A-Z2-7]{52}$`),
	"application_no":            pattern(applicationPattern),
	"other_application_no":      pattern(applicationPattern),
	"effect_id":                 pattern(`^[A-Z2-7]{16}[0-9A-Z]-[a-z]+-[1-9][0-9]{0,5}$`),
	"source":                    pattern(sourcePattern),
	"Phone.source":              among("applicant", "real_name_account", "window"),
	"source_application_no":     pattern(`^[0-9A-Za-z._:-]{1,64}$`),
	"traceparent":               pattern(tracePattern),
	"body_hash":                 sha256,
	"prev_hash":                 sha256,
	"sha256":                    sha256,
	"version":                   pattern(`^[0-9A-Za-z._-]{1,40}$`),
	"hukou_province":            pattern(`^[0-9]{2}([0-9]{4})?$`),
	"hukou_county":              pattern(`^[0-9]{6}$`),
	"current_division":          township,
	"EndedCase.division":        township,
	"townships":                 township,
	"ApplicationEvent.division": township,
	"division":                  division,
	"previous_permits":          pattern(`^[0-9A-Z-]{4,32}$`),
	"permit_no":                 sized(64),
	"new_no":                    sized(64),
	"replaced_by":               sized(64),
	"licence_id":                pattern(`^1\.2\.156\.3005\.2\.[0-9A-Z]{21}\.[0-9A-Z]{18}\.[0-9A-Z]+\.[0-9]{3}\.[0-9A-Z]$`),
	"special_provision":         among("investor", "talent"),
	"Material.kind":             pattern(`^[a-z][a-z0-9_]{0,39}$`),
	"Material.name":             sized(120),
	"size":                      {minimum: number(1)},
	"uri":                       {format: "uri", minLength: number(1), maxLength: number(500)},
	"citizen_id":                pattern(`^[0-9]{17}[0-9X]$`),
	"full_name":                 sized(100),
	"sex":                       among("1", "2"),
	"Code.code":                 pattern(`^[0-9]{2}$`),
	"Code.name":                 sized(40),
	"hukou_address":             sized(200),
	"current_address":           sized(200),
	"number":                    pattern(`^1[3-9][0-9]{9}$`),
	"signature_evidence":        sized(200),
	"relation":                  among("guardian", "near_relative"),
	"group":                     among("employment", "residence", "rental"),
	"FreeText.text":             sized(200),
	"seq":                       {minimum: number(1)},
	"officer":                   staff,
	"reason":                    reason,
	"DeadLetter.reason":         {},
	"Recount.reason":            {},
	"papers":                    sized(300),
	"Limit.unit":                among("working_days", "calendar_days"),
	"Limit.end":                 among("end_of_day", "close_of_business"),
	"Cause.system":              among("registration", "epermit", "dataplatform", "sms", "archive"),
	"ApplicationEvent.reasons":  {},
	"reasons":                   reason,
	"ReasonText.code":           reason,
	"items":                     pattern(`^(condition|agent|material:[a-z][a-z0-9_]{0,39})$`),
	"visible":                   pattern(`^(condition|agent|material:[a-z][a-z0-9_]{0,39})$`),
	"return_to":                 among(string(schemas.StagePreExamine), string(schemas.StageReview)),
	"ground":                    among(paused...),
	"Revocation.ground":         among(revoked...),
	"OfficerAction.ground":      among(slices.Concat(paused, revoked)...),
	"proposed_by":               staff,
	"decided_by":                staff,
	"OfficerAction.verdict":     among("sent", "resend"),
	"run":                       sized(200),
	"notice":                    among("N1", "N2", "N3", "N4", "N6"),
	"Submission.notice":         {},
	"Event.type":                eventType,
	"ApplicationEvent.type":     eventType,
	"PermitEvent.type":          among("permit_issued", "permit_cancelled", "permit_revoked"),
	"clock":                     clock,
	"Clock.id":                  clock,
	"rung":                      percent,
	"percent":                   percent,
	"rule":                      pattern(`^R[0-9]+(/R[0-9]+)*$`),
	"Finding.outcome":           among("pass", "fail", "manual", "exempt"),
	"level":                     among("acceptance", "review", "approval"),
	"Opinion.verdict":           among("accepted", "deemed_accepted", "not_accepted", "passed", "approved", "refused"),
	"Duty.status":               {consts: "Duty"},
	"delivered":                 among("yes", "no"),
	"SMSReceipt.delivered":      {},
	"Permit.status":             permitWords,
	"KnownPermit.status":        {consts: "Permit"},
	"KnownCondition.status":     among(schemas.Confirmed, schemas.Contradicted),
	"EndedCase.outcome":         among("issued", "refused", "not_accepted", "withdrawn", "revoked"),
	"dead_letter_id":            sized(400),
	"disposition_id":            sized(420),
	"repair_id":                 sized(420),
	"second":                    staff,
	"ticket":                    pattern(`^[0-9A-Za-z][0-9A-Za-z._/#-]{0,63}$`),
	"Disposition.to":            sized(249),
	"topic":                     sized(249), // Kafka's limit
	"step":                      pattern(sourcePattern),
	"class":                     among("unmarked", "permanent", "unavailable", "uncertain", "stopped"),
}

// formOf returns what is known of a property beyond its Go type.
func formOf(owner, name string) (form, bool) {
	if f, ok := forms[owner+"."+name]; ok {
		return f, true
	}
	f, ok := forms[name]
	return f, ok
}

// demands say what must be there where a property has a value: an input carries what its kind says.
var demands = []struct {
	typ, property, value string
	required             []string
}{
	{"Input", "kind", string(schemas.InputSubmission), []string{"person_token", "submission", "person"}},
	{"Input", "kind", string(schemas.InputContradiction), []string{"contradiction"}},
	{"Input", "kind", string(schemas.InputSupplement), []string{"supplement"}},
	{"Input", "kind", string(schemas.InputWithdrawal), []string{"withdrawal"}},
	{"Input", "kind", string(schemas.InputOfficerAction), []string{"action"}},
	{"Input", "kind", string(schemas.InputEffectAttempt), []string{"attempt"}},
	{"Input", "kind", string(schemas.InputEffectResult), []string{"result"}},
	{"Input", "kind", string(schemas.InputSMSReceipt), []string{"receipt"}},
	{"Input", "kind", string(schemas.InputDeadlineReached), []string{"deadline"}},
	{"Input", "kind", string(schemas.InputRecount), []string{"recount"}},
	{"Disposition", "kind", string(schemas.DispositionRepaired), []string{"value"}},
	{"Disposition", "kind", string(schemas.DispositionGivenUp), []string{"reason"}},
}

// wholePerson is what a submission says of a person. A supplement says of it what it corrects, so the type itself requires nothing.
var wholePerson = []string{"citizen_id", "full_name", "sex", "ethnic_group", "hukou_address", "current_address", "contact_phone"}

func demandsOf(typ string) []*schema {
	var list []*schema
	for _, d := range demands {
		if d.typ != typ {
			continue
		}
		then := &schema{Required: d.required}
		if d.value == string(schemas.InputSubmission) {
			then.Properties = properties{{"person", &schema{Required: wholePerson}}}
		}
		list = append(list, &schema{
			If:   &schema{Properties: properties{{d.property, &schema{Const: d.value}}}, Required: []string{d.property}},
			Then: then,
		})
	}
	return list
}
