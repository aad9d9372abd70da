package dataplatform

import (
	"time"

	"permithub/schemas"
)

// subject is what one push is about.
type subject struct {
	*schemas.Order
	cfg *Config
}

// source gives a text or a time; nil is absent.
type source struct {
	text func(*subject) string
	time func(*subject) *time.Time
}

// sources are all that a mapping can ask for. None of them changes when the same effect is ordered again.
var sources = map[string]source{
	"application_no":        {text: func(s *subject) string { return s.ApplicationNo }},
	"source_application_no": {text: func(s *subject) string { return s.Case.Submission.SourceApplicationNo }},
	"channel":               {text: func(s *subject) string { return string(s.Case.Submission.Channel) }},
	"recognition_type":      {text: func(s *subject) string { return string(s.Case.Submission.RecognitionType) }},
	"division":              {text: func(s *subject) string { return s.Case.Submission.CurrentDivision }},
	"hukou_county":          {text: func(s *subject) string { return s.Case.Submission.HukouCounty }},
	"permit_no":             {text: func(s *subject) string { return s.permit().PermitNo }},
	"licence_id":            {text: func(s *subject) string { return s.permit().LicenceID }},
	"citizen_id":            {text: func(s *subject) string { return s.Person.CitizenID }},
	"full_name":             {text: func(s *subject) string { return s.Person.FullName }},
	"sex":                   {text: func(s *subject) string { return s.Person.Sex }},
	"ethnic_group":          {text: func(s *subject) string { return s.Person.EthnicGroup.Code }},
	"hukou_address":         {text: func(s *subject) string { return s.Person.HukouAddress }},
	"current_address":       {text: func(s *subject) string { return s.Person.CurrentAddress }},
	"phone":                 {text: func(s *subject) string { return s.Person.ContactPhone.Number }},
	"org_code":              {text: func(s *subject) string { return s.cfg.OrgCode }},
	"org_name":              {text: func(s *subject) string { return s.cfg.OrgName }},
	"task_code":             {text: func(s *subject) string { return s.cfg.TaskCode }},
	"task_name":             {text: func(s *subject) string { return s.cfg.TaskName }},
	"submitted_at":          {time: func(s *subject) *time.Time { return instant(&s.Case.SubmittedAt) }},
	"accepted_at":           {time: func(s *subject) *time.Time { return instant(s.Case.AcceptedAt) }},
	"decided_at":            {time: func(s *subject) *time.Time { return instant(s.Case.DecidedAt) }},
	"issued_at":             {time: func(s *subject) *time.Time { return instant(&s.permit().IssuedAt) }},
	"promised_on":           {time: promisedOn},
	"revoked_at":            {time: revokedAt},
}

func (s *subject) permit() *schemas.Permit {
	if s.Case.Permit == nil {
		return &s.Permit
	}
	return s.Case.Permit
}

func instant(t *schemas.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	return &t.Time
}

func revokedAt(s *subject) *time.Time {
	if s.Ended.Revocation == nil {
		return nil
	}
	return instant(s.Ended.Revocation.DecidedAt)
}

// promisedOn is the last moment inside the promise: the clock's due time is the first that is too late, 00:00 of the day after.
func promisedOn(s *subject) *time.Time {
	t1 := s.Case.ClockByID("T1")
	if t1 == nil {
		return nil
	}
	last := t1.DueAt.Add(-time.Second)
	return &last
}
