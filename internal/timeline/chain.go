package timeline

import (
	"errors"
	"fmt"

	"permithub/schemas"
)

// Chain says whether the records of a file follow from each other.
type Chain struct {
	Whole    bool   `json:"whole"`
	Records  int    `json:"records"`
	Head     string `json:"head"`                // hex SHA-256 of the last record
	BrokenAt int64  `json:"broken_at,omitempty"` // seq by place, 1, 2, 3 …, of the first record that does not follow
	Why      string `json:"why,omitempty"`
}

// String returns the verdict in Chinese.
func (c Chain) String() string {
	if c.Whole {
		return "链完整"
	}
	return fmt.Sprintf("链断裂于 seq %d（%s）", c.BrokenAt, c.Why)
}

// File is a person's file as it stands in the log.
type File struct {
	Transitions []*schemas.Transition
	Chain       Chain
}

var errEmpty = errors.New("file has no records")

// Read decodes the values of case-log records of one dossier, valid ones only and in the order of the log, and checks the chain. A broken
// chain is no error: what is left is still shown.
func Read(values [][]byte) (*File, error) {
	if len(values) == 0 {
		return nil, errEmpty
	}
	f := &File{Chain: Chain{Whole: true, Records: len(values)}}
	head := ""
	for i, value := range values {
		t, err := schemas.DecodeTransition(value)
		if err != nil {
			return nil, fmt.Errorf("record %d of the file: %w", i+1, err)
		}
		f.Transitions = append(f.Transitions, t)
		if why := f.follows(t, int64(i+1), head); why != "" && f.Chain.Whole {
			f.Chain.Whole, f.Chain.BrokenAt, f.Chain.Why = false, int64(i+1), why
		}
		head = schemas.BodyHash(value)
	}
	f.Chain.Head = head
	return f, nil
}

// follows says in Chinese why t is not the record number seq after one with the hash head; empty where it is.
func (f *File) follows(t *schemas.Transition, seq int64, head string) string {
	switch {
	case t.DossierID != f.Transitions[0].DossierID:
		return "属于另一份档案"
	case t.Seq != seq:
		return fmt.Sprintf("序号为 %d", t.Seq)
	case t.PrevHash != head:
		return "前一条的摘要不符"
	}
	return ""
}
