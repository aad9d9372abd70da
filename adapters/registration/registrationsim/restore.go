package registrationsim

import (
	"encoding/json"

	"permithub/internal/simulator"
)

// restore reads the database back from the ledger of an earlier run, in its order: what was put in, and what was cancelled since.
func (s *System) restore() {
	for _, e := range s.kit.Ledger() {
		switch {
		case e.Op == opPerson:
			p := new(Person)
			if again(e.Detail["person"], p) {
				s.keep(p)
			}
		case e.Op == "cancel" && e.Outcome == simulator.Done:
			s.cancelAgain(&e)
		}
	}
}

func (s *System) cancelAgain(e *simulator.Entry) {
	var q cancelRequest
	var answer map[string]string
	if !again(e.Detail["request"], &q) || !again(e.Detail["answer"], &answer) {
		return
	}
	s.requests[q.QQBH] = stored{q, envelope{Code: "00", Msg: "成功", Data: answer}}
	s.serial++
	p := s.people[s.owners[q.ZJBH]]
	if p == nil {
		return
	}
	for i := range p.Permits {
		if k := &p.Permits[i]; k.PermitNo == q.ZJBH {
			k.Status, k.ReplacedBy, k.Serial = "cancelled", q.XZJBH, answer["zxlsh"]
		}
	}
}

// again reads a detail of an entry, which is a value where this run wrote it and a map where it came from a file.
func again(detail, v any) bool {
	raw, err := json.Marshal(detail)
	return err == nil && detail != nil && json.Unmarshal(raw, v) == nil
}
