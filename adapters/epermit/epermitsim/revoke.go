package epermitsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"permithub/internal/simulator"
)

const statusRevoked = "3"

// revocation is the body of a revoke request as the platform reads it.
type revocation struct {
	RequestID  string `json:"requestId"`
	ApplyNo    string `json:"applyNo"`
	PermitNo   string `json:"permitNo"`
	IDNumber   string `json:"idNumber"`
	Reason     string `json:"reason"`
	RevokeTime string `json:"revokeTime"`
	OrgCode    string `json:"orgCode"`
}

func (p *Platform) serveRevoke(w http.ResponseWriter, r *http.Request) {
	var q revocation
	if json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&q) != nil {
		simulator.Answer(w, http.StatusBadRequest, map[string]string{"message": "the body is not JSON"})
		return
	}
	p.kit.Serve(OpRevoke, []string{q.RequestID, q.ApplyNo, q.PermitNo, q.IDNumber}, w, r, func() (int, any) { return p.revoke(&q) })
}

func (p *Platform) revoke(q *revocation) (int, any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := simulator.Entry{Op: OpRevoke, RequestID: q.RequestID, Keys: []string{q.ApplyNo, q.PermitNo, q.IDNumber}, Outcome: simulator.Done}
	if before := p.revoked[q.RequestID]; before != nil && *before == *q {
		entry.Outcome = simulator.Already
		p.kit.Record(entry)
		return http.StatusOK, p.revokeDone(q)
	}
	if code := p.revokeFault(q); code != "" {
		entry.Outcome, entry.Detail = simulator.Refused, map[string]any{"code": code}
		p.kit.Record(entry)
		return http.StatusOK, issueRefused(code, &application{IDNumber: q.IDNumber})
	}
	p.takeOut(q)
	entry.Detail = map[string]any{"revocation": q}
	p.kit.Record(entry)
	return http.StatusOK, p.revokeDone(q)
}

// revokeFault returns the code under which the platform refuses the request, or "".
func (p *Platform) revokeFault(q *revocation) string {
	for _, field := range []string{q.RequestID, q.ApplyNo, q.PermitNo, q.IDNumber, q.Reason, q.OrgCode} {
		if field == "" {
			return "FIELD_MISSING"
		}
	}
	if _, err := time.ParseInLocation(timeForm, q.RevokeTime, beijing); err != nil {
		return "REVOKE_TIME_INVALID"
	}
	i := p.permitOf(q)
	switch {
	case p.revoked[q.RequestID] != nil:
		return "REQUEST_ID_CONFLICT"
	case i == nil || i.Permit.ApplyNo != q.ApplyNo:
		return "PERMIT_UNKNOWN"
	case i.Permit.Status != statusOK:
		return "PERMIT_NOT_VALID"
	}
	return ""
}

// permitOf finds the permit of that number among the person's own.
func (p *Platform) permitOf(q *revocation) *issue {
	for _, i := range p.owners[q.IDNumber] {
		if i.Permit.PermitNo == q.PermitNo {
			return i
		}
	}
	return nil
}

func (p *Platform) takeOut(q *revocation) {
	kept := *q
	p.revoked[q.RequestID] = &kept
	if i := p.permitOf(q); i != nil {
		i.Permit.Status = statusRevoked
		if p.cfg.Revoked != nil {
			p.cfg.Revoked(q.IDNumber, q.PermitNo)
		}
	}
}

func (p *Platform) revokeDone(q *revocation) any {
	return map[string]any{"success": true, "errorCode": "", "errorMsg": "", "data": map[string]string{
		"requestId": q.RequestID, "permitNo": q.PermitNo, "status": statusRevoked, "serialNo": fmt.Sprintf("CX-%s", q.PermitNo)}}
}

func (p *Platform) restoreRevocations() {
	for _, e := range p.kit.Find(simulator.Query{Op: OpRevoke, Outcome: simulator.Done}) {
		q := new(revocation)
		if raw, err := json.Marshal(e.Detail["revocation"]); err == nil && json.Unmarshal(raw, q) == nil && q.RequestID != "" {
			p.takeOut(q)
		}
	}
}
