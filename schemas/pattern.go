//go:build !schemagen

package schemas

import (
	"regexp/syntax"
	"slices"
)

// pattern is a regular expression of a schema as a table: matching it costs a look-up for each byte. Only what is anchored at both ends
// and matches ASCII alone can be one.
type pattern struct {
	classOf [128]uint8
	classes int
	next    []uint16 // by state and class
	accepts []bool   // by state
	// places are the classes that each place of a text may be of, one bit a class, where all texts are of one length and no place depends on
	// another, as in a hash: nothing has to wait for the byte before. Nil for any other expression.
	places []uint64
}

const deadState = 0

// newPattern makes the table; it panics where the expression is not of that kind, which is a fault of the generated source.
func newPattern(expression string) *pattern {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		panic(err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		panic(err)
	}
	p := &pattern{}
	representatives := p.classify(prog)
	states := map[string]uint16{"": deadState}
	p.next, p.accepts = make([]uint16, p.classes), []bool{false}
	start := closure(prog, []uint32{uint32(prog.Start)}, syntax.EmptyBeginText|syntax.EmptyBeginLine)
	queue := [][]uint32{start}
	states[stateName(start)] = 1
	for n := 0; n < len(queue); n++ {
		p.accepts = append(p.accepts, ends(prog, queue[n], n == 0))
		for _, c := range representatives {
			to := closure(prog, step(prog, queue[n], c), 0)
			id, known := states[stateName(to)]
			if !known {
				id = uint16(len(queue) + 1)
				states[stateName(to)] = id
				queue = append(queue, to)
			}
			p.next = append(p.next, id)
		}
	}
	p.places = p.findPlaces()
	return p
}

// findPlaces follows the only way through the table; nil where it parts, ends early or comes back.
func (p *pattern) findPlaces() []uint64 {
	if p.classes > 64 {
		return nil
	}
	var places []uint64
	for state := 1; !p.accepts[state]; {
		classes, to := uint64(0), deadState
		for class, next := range p.next[state*p.classes : (state+1)*p.classes] {
			switch {
			case next == deadState:
			case to == deadState || to == int(next):
				classes |= 1 << class
				to = int(next)
			default:
				return nil
			}
		}
		if to == deadState || len(places) > len(p.accepts) {
			return nil
		}
		places = append(places, classes)
		state = to
		if p.accepts[state] && !slices.ContainsFunc(p.next[state*p.classes:(state+1)*p.classes], func(next uint16) bool { return next != deadState }) {
			return places
		}
	}
	return nil
}

// classify puts bytes that no part of the expression tells apart into one class, and returns one byte of each.
func (p *pattern) classify(prog *syntax.Prog) (representatives []rune) {
	known := map[string]uint8{}
	for c := range rune(128) {
		signature := make([]byte, 0, len(prog.Inst))
		for i := range prog.Inst {
			if consumes(&prog.Inst[i]) && prog.Inst[i].MatchRune(c) {
				signature = append(signature, byte(i), byte(i>>8))
			}
		}
		class, ok := known[string(signature)]
		if !ok {
			class = uint8(len(known))
			known[string(signature)] = class
			representatives = append(representatives, c)
		}
		p.classOf[c] = class
	}
	p.classes = len(known)
	return representatives
}

func consumes(i *syntax.Inst) bool {
	switch i.Op {
	case syntax.InstRune, syntax.InstRune1:
		return true
	case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		panic("pattern: it matches more than ASCII")
	}
	return false
}

// closure returns the instructions that consume or accept and can be reached without a byte.
func closure(prog *syntax.Prog, from []uint32, holds syntax.EmptyOp) []uint32 {
	var out []uint32
	from = slices.Clone(from)
	seen := map[uint32]bool{}
	for len(from) > 0 {
		pc := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch i := &prog.Inst[pc]; i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			from = append(from, i.Out, i.Arg)
		case syntax.InstNop, syntax.InstCapture:
			from = append(from, i.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(i.Arg)&^holds == 0 {
				from = append(from, i.Out)
			} else {
				out = append(out, pc) // it may hold at the end
			}
		case syntax.InstFail:
		default:
			out = append(out, pc)
		}
	}
	slices.Sort(out)
	return out
}

// ends reports whether the expression matches when the text is over.
func ends(prog *syntax.Prog, state []uint32, empty bool) bool {
	holds := syntax.EmptyEndText | syntax.EmptyEndLine
	if empty {
		holds |= syntax.EmptyBeginText | syntax.EmptyBeginLine
	}
	for _, pc := range closure(prog, state, holds) {
		if prog.Inst[pc].Op == syntax.InstMatch {
			return true
		}
	}
	return false
}

func step(prog *syntax.Prog, state []uint32, c rune) []uint32 {
	var out []uint32
	for _, pc := range state {
		switch i := &prog.Inst[pc]; {
		case i.Op == syntax.InstMatch:
			panic("pattern: it is not anchored at its end")
		case consumes(i) && i.MatchRune(c):
			out = append(out, i.Out)
		}
	}
	return out
}

func stateName(state []uint32) string {
	name := make([]byte, 0, 4*len(state))
	for _, pc := range state {
		name = append(name, byte(pc), byte(pc>>8), byte(pc>>16), byte(pc>>24))
	}
	return string(name)
}

// matches reports whether the whole of s matches.
func (p *pattern) matches(s string) bool {
	if p.places != nil {
		return p.matchesPlaces(s)
	}
	state := 1
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 128 {
			return false
		}
		if state = int(p.next[state*p.classes+int(p.classOf[c])]); state == deadState {
			return false
		}
	}
	return p.accepts[state]
}

func (p *pattern) matchesPlaces(s string) bool {
	if len(s) != len(p.places) {
		return false
	}
	all := uint64(1)
	for i, classes := range p.places {
		c := s[i]
		all &= classes >> (p.classOf[c&0x7f] & 63) & uint64(^c>>7) // no byte beyond ASCII
	}
	return all != 0
}
