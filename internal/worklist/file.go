package worklist

import (
	"encoding/json"
	"errors"

	"permithub/internal/casework"
	"permithub/schemas"
)

// File is what the list needs of one transition. Reading the whole of it takes twice as long, which is what filling the list after a start
// consists of.
type File struct {
	DossierID string `json:"dossier_id"`
	Seq       int64  `json:"seq"`
	Dossier   struct {
		Open *openCase `json:"open"`
	} `json:"dossier"`
	Person struct {
		FullName string `json:"full_name"`
	} `json:"person"`
}

type openCase struct {
	ApplicationNo string        `json:"application_no"`
	Stage         schemas.Stage `json:"stage"`
	SubmittedAt   schemas.Time  `json:"submitted_at"`
	Submission    struct {
		RecognitionType schemas.RecognitionType `json:"recognition_type"`
		Channel         schemas.Channel         `json:"channel"`
		CurrentDivision string                  `json:"current_division"`
	} `json:"submission"`
	Opinions []struct {
		Level   string `json:"level"`
		Officer string `json:"officer"`
	} `json:"opinions"`
	Clocks []openClock `json:"clocks"`
}

type openClock struct {
	ID          string        `json:"id"`
	DueAt       schemas.Time  `json:"due_at"`
	Provisional bool          `json:"provisional"`
	PausedAt    *schemas.Time `json:"paused_at"`
	ResolvedAt  *schemas.Time `json:"resolved_at"`
	BreachedAt  *schemas.Time `json:"breached_at"`
}

var errUnreadable = errors.New("not a transition")

// Read reads the value of a record of case-log. Its error quotes nothing of the value.
func Read(value []byte) (*File, error) {
	f := new(File)
	if json.Unmarshal(value, f) != nil || f.DossierID == "" || f.Seq == 0 {
		return nil, errUnreadable
	}
	return f, nil
}

// openCase returns the open case of the file, or nil.
func (f *File) openCase() *Case {
	o := f.Dossier.Open
	if o == nil {
		return nil
	}
	c := &Case{
		ApplicationNo: o.ApplicationNo, DossierID: f.DossierID, Version: f.Seq, Stage: o.Stage, Type: o.Submission.RecognitionType,
		Channel: o.Submission.Channel, Division: o.Submission.CurrentDivision, Name: f.Person.FullName, SubmittedAt: o.SubmittedAt.Time,
		Opinions: map[string]string{},
	}
	for i := range o.Opinions {
		c.Opinions[o.Opinions[i].Level] = o.Opinions[i].Officer
	}
	for _, id := range []string{casework.ClockPromised, casework.ClockDeemed} {
		if k := o.running(id); k != nil {
			c.DueAt, c.Provisional, c.Paused, c.Breached = k.DueAt.Time, k.Provisional, k.PausedAt != nil, k.BreachedAt != nil
			break
		}
	}
	return c
}

func (o *openCase) running(id string) *openClock {
	for i := range o.Clocks {
		if o.Clocks[i].ID == id && o.Clocks[i].ResolvedAt == nil {
			return &o.Clocks[i]
		}
	}
	return nil
}
