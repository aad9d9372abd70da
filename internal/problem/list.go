package problem

import (
	"net/http"
	"strconv"
	"strings"
)

// MaxFaults is how many faults one answer lists.
const MaxFaults = 200

// Code is one kind of fault. Names are stable: callers branch on them.
type Code struct {
	Name   string
	Status int    // of the answer: 400 the body cannot be read, 413 and 415 its envelope, 422 its content
	ZH, EN string // "{n}" stands for the limit that was passed
}

// Content returns the code of a fault of content, 422.
func Content(name, zh, en string) Code { return Code{name, http.StatusUnprocessableEntity, zh, en} }

// Syntax returns the code of a fault that keeps the body from being read as it was meant, 400.
func Syntax(name, zh, en string) Code { return Code{name, http.StatusBadRequest, zh, en} }

// List gathers the faults of one body. The zero value is empty and ready.
type List struct {
	faults  []Fault
	omitted int
	status  int
	blocked map[string]bool
	codes   []string
}

// Add notes a fault at pointer, unless [List.Block] took the pointer or one above it: a value of the wrong type is not also missing.
// n is the limit that the message names, for codes that have one.
func (l *List) Add(pointer string, c Code, n ...int) {
	if l.Blocked(pointer) {
		return
	}
	if l.status == 0 || l.status == http.StatusUnprocessableEntity {
		l.status = c.Status
	}
	l.codes = append(l.codes, c.Name)
	if len(l.faults) == MaxFaults {
		l.omitted++
		return
	}
	l.faults = append(l.faults, Fault{pointer, c.Name, fill(c.ZH, n), fill(c.EN, n)})
}

func fill(message string, n []int) string {
	if len(n) == 0 {
		return message
	}
	return strings.ReplaceAll(message, "{n}", strconv.Itoa(n[0]))
}

// Block keeps later faults at pointer and below it out of the list.
func (l *List) Block(pointer string) {
	if l.blocked == nil {
		l.blocked = make(map[string]bool)
	}
	l.blocked[pointer] = true
}

// Blocked reports whether pointer or one above it was blocked.
func (l *List) Blocked(pointer string) bool {
	if len(l.blocked) == 0 {
		return false
	}
	for {
		if l.blocked[pointer] {
			return true
		}
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return false
		}
		pointer = pointer[:i]
	}
}

// Replace gives the fault of code old at pointer another code, where a closer look knows better.
func (l *List) Replace(pointer string, old, c Code) {
	for i := range l.faults {
		if f := &l.faults[i]; f.Pointer == pointer && f.Code == old.Name {
			*f = Fault{pointer, c.Name, c.ZH, c.EN}
			l.codes[i] = c.Name // the first MaxFaults codes stand in step with the faults
		}
	}
}

// Empty reports whether nothing is wrong.
func (l *List) Empty() bool { return len(l.codes) == 0 }

// Faults returns the listed faults, in the order in which they were found.
func (l *List) Faults() []Fault { return l.faults }

// Codes returns the code of every fault, the omitted ones too: for counting.
func (l *List) Codes() []string { return l.codes }

// Problem returns the answer that carries the list.
func (l *List) Problem() Problem {
	p := New(l.status, "invalid-body", "提交的内容有误", "The body has faults")
	switch l.status {
	case http.StatusBadRequest:
		p.Type, p.Title, p.TitleEN = typePrefix+"unreadable-body", "提交的内容无法读取", "The body cannot be read"
	case http.StatusRequestEntityTooLarge:
		p.Type, p.Title, p.TitleEN = typePrefix+"body-too-large", "提交的内容过大", "The body is too large"
	case http.StatusUnsupportedMediaType:
		p.Type, p.Title, p.TitleEN = typePrefix+"unsupported-media-type", "内容类型不受支持", "The media type is not supported"
	}
	n := strconv.Itoa(len(l.codes))
	p.Faults, p.Omitted = l.faults, l.omitted
	return p.Explained("共发现 "+n+" 处问题，已一次性列出，请全部更正后重新提交", "faults found: "+n+", all listed at once; correct them and send again")
}
