// Package registrationsim plays the county's residence-permit management system: a database of people behind the gateway's signature.
//
// # Independence
//
// Signatures are checked by [simulator.HMACAuth], and the code tables are this package's own: it shares nothing with the client.
//
// # People
//
// [System.Put] or POST /_sim/people (one [Person], a list, or one a line) seeds the database; GET /_sim/people?citizen_id= shows one.
// [System.AddPermit] adds a permit that was issued elsewhere.
//
// # Ledger
//
// "person" entries keep what was put in, so that a ledger in a file brings the database back.
// "query" entries have the outcome "read", "no_record" or refused: a look-up is no effect. "cancel" entries are done, already (the same
// request id again, or a permit cancelled before) or refused. Keys: citizen id, and for cancellations the old and the new number.
package registrationsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"permithub/internal/simulator"
)

// Config is the simulated system's side of the gateway.
type Config struct {
	// Secrets by access key.
	Secrets map[string]string
	// KnowsPermit is asked whether the permit that replaces another exists. Nil believes every number, as the real system must where it
	// hears of new permits later than we do. It is
	// called under the system's lock and must not call the system.
	KnowsPermit func(permitNo string) bool
}

// System is the simulated system. It is an http.Handler, safe for concurrent use.
type System struct {
	cfg Config
	kit *simulator.Kit
	mux *http.ServeMux

	mu       sync.Mutex
	people   map[string]*Person
	owners   map[string]string // permit number → citizen id
	requests map[string]stored // by request id
	serial   int
}

// stored is the answer to a request id.
type stored struct {
	request cancelRequest
	answer  envelope
}

// New returns a system with the people that the kit's ledger holds, with its control routes mounted under /_sim/.
func New(cfg Config, kit *simulator.Kit) *System {
	s := &System{cfg: cfg, kit: kit, mux: http.NewServeMux(), people: map[string]*Person{}, owners: map[string]string{}, requests: map[string]stored{}}
	s.restore()
	kit.Refusal = func(_, code string) (int, any) { return http.StatusOK, envelope{Code: code, Msg: "模拟拒绝"} }
	auth := &simulator.HMACAuth{Secrets: cfg.Secrets}
	s.mux.Handle("POST /residence/v1/persons/query", auth.Guard(kit, http.HandlerFunc(s.query)))
	s.mux.Handle("POST /residence/v1/permits/cancel", auth.Guard(kit, http.HandlerFunc(s.cancel)))
	s.mux.HandleFunc("POST "+simulator.ControlPrefix+"people", s.postPeople)
	s.mux.HandleFunc("GET "+simulator.ControlPrefix+"people", s.getPeople)
	kit.Mount(s.mux)
	return s
}

// ServeHTTP answers signed calls and control calls.
func (s *System) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

type envelope struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
	Data any    `json:"data,omitempty"`
}

const maxBody = 64 << 10

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(v); err != nil {
		simulator.Answer(w, http.StatusBadRequest, envelope{Code: "99", Msg: "报文格式错误"})
		return false
	}
	return true
}

type personQuery struct {
	QQBH   string `json:"qqbh"`
	GMSFHM string `json:"gmsfhm"`
	XM     string `json:"xm"`
}

func (s *System) query(w http.ResponseWriter, r *http.Request) {
	var q personQuery
	if !read(w, r, &q) {
		return
	}
	s.kit.Serve("query", []string{q.QQBH, q.GMSFHM}, w, r, func() (int, any) {
		e, outcome := s.lookUp(q)
		s.kit.Record(simulator.Entry{Op: "query", RequestID: q.QQBH, Keys: []string{q.GMSFHM}, Outcome: outcome, Detail: map[string]any{"code": e.Code}})
		return http.StatusOK, e
	})
}

func (s *System) lookUp(q personQuery) (envelope, string) {
	p, ok := s.Person(q.GMSFHM)
	switch {
	case !ok:
		return envelope{Code: "01", Msg: "查无记录"}, "no_record"
	case p.FullName != "" && p.FullName != q.XM:
		return envelope{Code: "02", Msg: "姓名与公民身份号码不符"}, simulator.Refused
	}
	return envelope{Code: "00", Msg: "成功", Data: s.wire(&p)}, "read"
}

func (s *System) wire(p *Person) any {
	type line = map[string]string
	permits, registrations, checks := []line{}, []line{}, []line{}
	for _, k := range p.Permits {
		permits = append(permits, line{"zjbh": k.PermitNo, "zt": statusCodes[k.Status], "xzqh": k.Division, "qfrq": compact(k.IssuedOn), "yxqz": compact(k.ValidUntil)})
	}
	for _, v := range p.Intervals {
		registrations = append(registrations, line{"djrq": compact(v.From), "zxrq": compact(v.To), "xzqh": v.Division})
	}
	for _, c := range p.Conditions {
		checks = append(checks, line{"hylx": kindCodes[c.Kind], "hyjg": resultCodes[c.Status]})
	}
	return map[string]any{"cxsj": s.stamp(), "zjlb": permits, "djlb": registrations, "hylb": checks}
}

func compact(day string) string { return strings.ReplaceAll(day, "-", "") }

var beijing = time.FixedZone("CST", 8*60*60)

func (s *System) stamp() string { return s.kit.Now().In(beijing).Format("20060102150405") }

type cancelRequest struct {
	QQBH   string   `json:"qqbh"`
	GMSFHM string   `json:"gmsfhm"`
	ZJBH   string   `json:"zjbh"`
	YQZT   []string `json:"yqzt"`
	XZJBH  string   `json:"xzjbh"`
	ZXYY   string   `json:"zxyy"`
}

func (q *cancelRequest) same(o *cancelRequest) bool {
	return q.GMSFHM == o.GMSFHM && q.ZJBH == o.ZJBH && q.XZJBH == o.XZJBH && q.ZXYY == o.ZXYY && slices.Equal(q.YQZT, o.YQZT)
}

func (s *System) cancel(w http.ResponseWriter, r *http.Request) {
	var q cancelRequest
	if !read(w, r, &q) {
		return
	}
	s.kit.Serve("cancel", []string{q.QQBH, q.GMSFHM, q.ZJBH, q.XZJBH}, w, r, func() (int, any) { return http.StatusOK, s.cancelOnce(&q) })
}

// cancelOnce answers a repeated request id from the store; only cancellations are stored, so that a refusal can be mended and tried again.
func (s *System) cancelOnce(q *cancelRequest) envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, seen := s.requests[q.QQBH]; seen {
		if !old.request.same(q) {
			return s.record(q, simulator.Refused, envelope{Code: "21", Msg: "请求编号内容不一致"})
		}
		return s.record(q, simulator.Already, old.answer)
	}
	e, outcome := s.decide(q)
	if outcome == simulator.Done {
		s.requests[q.QQBH] = stored{*q, e}
	}
	return s.record(q, outcome, e)
}

func (s *System) record(q *cancelRequest, outcome string, e envelope) envelope {
	detail := map[string]any{"code": e.Code, "old_no": q.ZJBH, "new_no": q.XZJBH}
	if outcome == simulator.Done {
		detail["request"], detail["answer"] = q, e.Data
	}
	s.kit.Record(simulator.Entry{Op: "cancel", RequestID: q.QQBH, Keys: []string{q.GMSFHM, q.ZJBH, q.XZJBH}, Outcome: outcome, Detail: detail})
	return e
}

func (s *System) decide(q *cancelRequest) (envelope, string) {
	owner, known := s.owners[q.ZJBH]
	switch {
	case q.QQBH == "" || q.XZJBH == "" || q.XZJBH == q.ZJBH:
		return envelope{Code: "99", Msg: "缺少请求编号或新证件编号"}, simulator.Refused
	case !known:
		return envelope{Code: "01", Msg: "查无记录"}, simulator.Refused
	case owner != strings.ToUpper(q.GMSFHM):
		return envelope{Code: "11", Msg: "证件不属于该人"}, simulator.Refused
	case s.cfg.KnowsPermit != nil && !s.cfg.KnowsPermit(q.XZJBH):
		return envelope{Code: "13", Msg: "新证件不存在"}, simulator.Refused
	}
	permits := s.people[owner].Permits
	p := &permits[slices.IndexFunc(permits, func(k Permit) bool { return k.PermitNo == q.ZJBH })]
	switch {
	case p.Status == "cancelled":
		return s.cancelled("2", p), simulator.Already
	case !slices.Contains(q.YQZT, statusCodes[p.Status]):
		return envelope{Code: "12", Msg: "状态不符"}, simulator.Refused
	}
	s.serial++
	p.Status, p.ReplacedBy, p.Serial = "cancelled", q.XZJBH, fmt.Sprintf("ZX%s%06d", s.kit.Now().In(beijing).Format("20060102"), s.serial)
	return s.cancelled("1", p), simulator.Done
}

func (s *System) cancelled(result string, p *Permit) envelope {
	return envelope{Code: "00", Msg: "成功", Data: map[string]string{"zxjg": result, "zxlsh": p.Serial, "zxsj": s.stamp(), "xzjbh": p.ReplacedBy}}
}
