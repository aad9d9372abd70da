package casework

import (
	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

// checkOtherCases: a transition changes the case that its input is about, and no other. Whoever projects the log case by case relies on it.
func (d *dossier) checkOtherCases(tr *schemas.Transition) {
	d.t.Helper()
	if before := d.file.Dossier.Open; before != nil && before.ApplicationNo != tr.ApplicationNo {
		if diff := cmp.Diff(encode(d.t, before), encode(d.t, tr.Dossier.Open)); diff != "" {
			d.t.Errorf("the open case changed with an input about %s:\n%s", tr.ApplicationNo, diff)
		}
	}
	for i := range d.file.Dossier.Ended {
		no := d.file.Dossier.Ended[i].ApplicationNo
		if no == tr.ApplicationNo {
			continue
		}
		if diff := cmp.Diff(d.card(&d.file.Dossier, no), d.card(&tr.Dossier, no)); diff != "" {
			d.t.Errorf("ended case %s changed with an input about %s:\n%s", no, tr.ApplicationNo, diff)
		}
	}
}

// card returns a case's card as it would be in any version of the file.
func (d *dossier) card(file *schemas.Dossier, applicationNo string) schemas.Card {
	d.t.Helper()
	c, ok := file.Card(applicationNo)
	if !ok {
		d.t.Errorf("no case %s in the file", applicationNo)
	}
	c.Version = 0
	return c
}
