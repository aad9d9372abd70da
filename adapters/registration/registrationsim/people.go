package registrationsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"permithub/internal/simulator"
)

// Put writes a person's record, in place of an earlier one. A permit number belongs to one person.
func (s *System) Put(p Person) error {
	if p.CitizenID == "" {
		return errors.New("citizen_id: needed")
	}
	if err := p.Validate(); err != nil {
		return err
	}
	p.CitizenID = strings.ToUpper(p.CitizenID)
	p.Record = p.clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, permit := range p.Permits {
		if owner, taken := s.owners[permit.PermitNo]; taken && owner != p.CitizenID {
			return fmt.Errorf("permit %s belongs to another person", permit.PermitNo)
		}
	}
	s.keep(&p)
	s.kit.Record(simulator.Entry{Op: opPerson, Keys: []string{p.CitizenID}, Outcome: kept, Detail: map[string]any{"person": p}})
	return nil
}

// keep makes p the record of its person; s.mu is held.
func (s *System) keep(p *Person) {
	if old := s.people[p.CitizenID]; old != nil {
		for _, permit := range old.Permits {
			delete(s.owners, permit.PermitNo)
		}
	}
	s.people[p.CitizenID] = p
	for _, permit := range p.Permits {
		s.owners[permit.PermitNo] = p.CitizenID
	}
}

// What the ledger says of a person's record.
const (
	opPerson = "person"
	kept     = "kept"
)

// AddPermit adds a permit to a person, who is made where there is none; adding it again changes nothing. It stands for the provincial
// platform telling the system of a permit issued there.
func (s *System) AddPermit(citizenID string, permit Permit) error {
	r := Record{Permits: []Permit{permit}}
	if err := r.Validate(); err != nil {
		return err
	}
	citizenID = strings.ToUpper(citizenID)
	r = r.clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	if owner, taken := s.owners[permit.PermitNo]; taken {
		if owner != citizenID {
			return fmt.Errorf("permit %s belongs to another person", permit.PermitNo)
		}
		return nil
	}
	if s.people[citizenID] == nil {
		s.people[citizenID] = &Person{CitizenID: citizenID}
	}
	p := s.people[citizenID]
	p.Permits = append(p.Permits, r.Permits[0])
	s.owners[permit.PermitNo] = citizenID
	now := *p
	now.Record = p.clone() // an entry must not change with the record
	s.kit.Record(simulator.Entry{Op: opPerson, Keys: []string{citizenID}, Outcome: kept, Detail: map[string]any{"person": now}})
	return nil
}

// Retire takes a permit of a person out of force; one that is not there, or out of force already, stays as it is. It stands for the provincial
// platform telling the system of a permit revoked there.
func (s *System) Retire(citizenID, permitNo string) {
	citizenID = strings.ToUpper(citizenID)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[citizenID]
	if p == nil {
		return
	}
	i := slices.IndexFunc(p.Permits, func(k Permit) bool { return k.PermitNo == permitNo && k.Status != "cancelled" })
	if i < 0 {
		return
	}
	now := *p
	now.Record = p.clone()
	now.Permits[i].Status = "cancelled"
	s.keep(&now)
	entry := now
	entry.Record = now.clone() // an entry must not change with the record
	s.kit.Record(simulator.Entry{Op: opPerson, Keys: []string{citizenID}, Outcome: kept, Detail: map[string]any{"person": entry}})
}

// Person returns a copy of a person's record.
func (s *System) Person(citizenID string) (Person, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[strings.ToUpper(citizenID)]
	if p == nil {
		return Person{}, false
	}
	c := *p
	c.Record = p.clone()
	return c, true
}

// clone copies the record and writes out the status that was left out.
func (r *Record) clone() Record {
	c := Record{Permits: slices.Clone(r.Permits), Intervals: slices.Clone(r.Intervals), Conditions: slices.Clone(r.Conditions)}
	for i := range c.Permits {
		if c.Permits[i].Status == "" {
			c.Permits[i].Status = "valid"
		}
	}
	return c
}

const maxSeed = 64 << 20

// postPeople takes one person, a list, or one person a line. What was written before a fault stays.
func (s *System) postPeople(w http.ResponseWriter, r *http.Request) {
	n, err := s.seed(http.MaxBytesReader(w, r.Body, maxSeed))
	if err != nil {
		simulator.Answer(w, http.StatusBadRequest, map[string]any{"people": n, "message": err.Error()})
		return
	}
	simulator.Answer(w, http.StatusCreated, map[string]int{"people": n})
}

func (s *System) seed(body io.Reader) (int, error) {
	dec := json.NewDecoder(body)
	n := 0
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, fmt.Errorf("person %d: not JSON", n+1)
		}
		people, err := decodePeople(raw)
		if err != nil {
			return n, fmt.Errorf("person %d: %w", n+1, err)
		}
		for _, p := range people {
			if err := s.Put(p); err != nil {
				return n, fmt.Errorf("person %d: %w", n+1, err)
			}
			n++
		}
	}
}

func decodePeople(raw json.RawMessage) ([]Person, error) {
	if len(raw) > 0 && raw[0] == '[' {
		var many []Person
		err := strict(raw, &many)
		return many, err
	}
	var one Person
	err := strict(raw, &one)
	return []Person{one}, err
}

// strict refuses unknown fields: a misspelt one would make another person than the one meant.
func strict(raw json.RawMessage, v any) error {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

func (s *System) getPeople(w http.ResponseWriter, r *http.Request) {
	p, ok := s.Person(r.URL.Query().Get("citizen_id"))
	if !ok {
		simulator.Answer(w, http.StatusNotFound, map[string]string{"message": "no such person"})
		return
	}
	simulator.Answer(w, http.StatusOK, p)
}
