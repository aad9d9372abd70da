package console

import (
	"net/http"
	"reflect"

	"permithub/internal/problem"
	"permithub/producers/desk"
)

// BulkOffer is what the officer has opened and might approve in bulk.
type BulkOffer struct {
	Cases    []BulkCase `json:"cases" nullable:"false" doc:"latest opened first"`
	Unopened int        `json:"unopened" doc:"cases that wait for approval and that the officer has not opened"`
	Most     int        `json:"most" doc:"cases of one run"`
	Running  bool       `json:"running" doc:"a run of the officer's is not finished"`
}

// BulkCase is one case of the offer.
type BulkCase struct {
	Case    CaseRow `json:"case"`
	Changed bool    `json:"changed,omitempty" doc:"since it was opened: it is to be looked at again"`
	Barred  string  `json:"barred,omitempty" doc:"why it is not for this officer"`
}

// BulkRequest names the cases to approve; each is approved in the version in which the officer opened it.
type BulkRequest struct {
	Numbers []string `json:"application_nos" nullable:"false" minItems:"1" maxItems:"50" doc:"cases that the officer has opened, each once"`
	Opinion string   `json:"opinion,omitempty" doc:"of every approval"`
}

// BulkPreview is what approving the cases would do.
type BulkPreview struct {
	Cases []CasePreview `json:"cases" nullable:"false"`
	Able  int           `json:"able" doc:"how many would be approved"`
}

// CasePreview is what approving one of them would do.
type CasePreview struct {
	ApplicationNo string  `json:"application_no"`
	Version       int64   `json:"version" doc:"that the officer opened"`
	Preview       Preview `json:"preview"`
}

// BulkRun is how far the officer's last run has come.
type BulkRun struct {
	Cases    []BulkResult `json:"cases" nullable:"false"`
	Total    int          `json:"total" doc:"0 where there is no run"`
	Done     int          `json:"done"`
	Stopped  bool         `json:"stopped"`
	Finished bool         `json:"finished"`
	Fault    string       `json:"fault,omitempty" doc:"why it stopped by itself"`
}

// BulkResult is what became of one case.
type BulkResult struct {
	ApplicationNo string  `json:"application_no"`
	Version       int64   `json:"version" doc:"that the officer opened"`
	Outcome       outcome `json:"outcome" enum:"waiting,approved,changed,refused,pending" doc:"changed: since it was opened; pending: its answer has not come yet"`
	Why           string  `json:"why,omitempty"`
	InputID       string  `json:"input_id,omitempty" doc:"of the act, once it is on its way"`
}

// bulkOperations are about approving in bulk.
func bulkOperations() []operation {
	approvers, run := []desk.Role{desk.Approver}, reflect.TypeFor[BulkRun]()
	unopened := "有未打开查看过或重复的案件，或上一批尚未办完 · a case that was not opened or is named twice, or a run that is not finished"
	return []operation{
		{id: "bulk", method: http.MethodGet, path: "/v1/bulk", summary: "可批量审批的案件：已打开查看过的 · cases that may be approved in bulk: those opened", roles: approvers,
			answer: reflect.TypeFor[BulkOffer](), handle: (*visit).apiBulk},
		{id: "bulk_preview", method: http.MethodPost, path: "/v1/bulk/preview", summary: "逐件预览，不产生后果 · what approving each would do, without doing it", roles: approvers,
			body: reflect.TypeFor[BulkRequest](), answer: reflect.TypeFor[BulkPreview](), conflict: unopened, handle: (*visit).apiBulkPreview},
		{id: "begin_bulk", method: http.MethodPost, path: "/v1/bulk/run", summary: "开始一批；由 step 逐次办理 · begin a run; each step goes on with it", roles: approvers,
			body: reflect.TypeFor[BulkRequest](), answer: run, conflict: unopened, handle: (*visit).apiBeginBulk},
		{id: "bulk_run", method: http.MethodGet, path: "/v1/bulk/run", summary: "进度与每件结果 · how far it is, with each case's result", roles: approvers, answer: run, handle: (*visit).apiBulkRun},
		{id: "step_bulk", method: http.MethodPost, path: "/v1/bulk/run/step", summary: "办理下几件 · decide the next few cases", roles: approvers, answer: run, handle: (*visit).apiStepBulk},
		{id: "stop_bulk", method: http.MethodPost, path: "/v1/bulk/run/stop", summary: "停止 · stop", roles: approvers, answer: run,
			handle: func(v *visit) (any, error) { v.bulkHeld(true); return v.apiBulkRun() }},
		{id: "continue_bulk", method: http.MethodPost, path: "/v1/bulk/run/continue", summary: "继续 · go on", roles: approvers, answer: run,
			handle: func(v *visit) (any, error) { v.bulkHeld(false); return v.apiBulkRun() }},
		{id: "clear_bulk", method: http.MethodDelete, path: "/v1/bulk/run", summary: "放下这一批；未办的保持原状 · let go of the run; what is not decided stays as it is", roles: approvers,
			handle: func(v *visit) (any, error) { v.runs.clear(v.officer.ID); return nil, nil }},
	}
}

var (
	codeBulk  = problem.Content("bulk_range", "一批须为 1 至 {n} 件", "a run has 1 to {n} cases")
	bulkCodes = []problem.Code{codeBulk}
)

func (v *visit) apiBulk() (any, error) {
	p, err := v.bulkOffer()
	if err != nil {
		return nil, err
	}
	out := BulkOffer{Cases: []BulkCase{}, Unopened: p.Unopened, Most: p.Most, Running: p.Run}
	for i := range p.Rows {
		r := &p.Rows[i]
		out.Cases = append(out.Cases, BulkCase{v.caseRows([]row{r.row})[0], r.Changed, v.lang.text(r.Why)})
	}
	return out, nil
}

// bulkAsked reads which cases a program asks for.
func (v *visit) bulkAsked() (*BulkRequest, error) {
	asked := new(BulkRequest)
	err := v.read(asked, func(list *problem.List) {
		if n := len(asked.Numbers); n == 0 || n > maxBulk {
			list.Add("/application_nos", codeBulk, maxBulk)
		}
	})
	return asked, err
}

func (v *visit) apiBulkPreview() (any, error) {
	asked, err := v.bulkAsked()
	if err != nil {
		return nil, err
	}
	p, err := v.bulkForeseen(asked.Numbers, asked.Opinion)
	if err != nil {
		return nil, err
	}
	out := BulkPreview{Cases: []CasePreview{}, Able: p.Able}
	for i := range p.Cases {
		c := &p.Cases[i]
		out.Cases = append(out.Cases, CasePreview{c.No, c.Version, v.foreseen(&c.previewPage)})
	}
	return out, nil
}

func (v *visit) apiBeginBulk() (any, error) {
	asked, err := v.bulkAsked()
	if err != nil {
		return nil, err
	}
	begun, err := v.bulkBegun(asked.Numbers, asked.Opinion)
	switch {
	case err != nil:
		return nil, err
	case !begun:
		return nil, conflicts("bulk_under_way", "您有一批尚未办完", "a run of yours is not finished")
	}
	return v.apiBulkRun()
}

func (v *visit) apiStepBulk() (any, error) {
	if r := v.runs.of(v.officer.ID); r != nil {
		r.mu.Lock()
		err := v.step(r)
		r.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	return v.apiBulkRun()
}

func (v *visit) apiBulkRun() (any, error) {
	out := BulkRun{Cases: []BulkResult{}, Finished: true}
	r := v.runs.of(v.officer.ID)
	if r == nil {
		return out, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := v.late(r); err != nil {
		return nil, err
	}
	p := r.progress()
	out.Total, out.Done, out.Stopped, out.Finished, out.Fault = p.Total, p.Done, p.Stopped, p.Finished, v.lang.text(p.Fault)
	for i := range p.Items {
		it := &p.Items[i]
		out.Cases = append(out.Cases, BulkResult{it.No, it.Version, it.Outcome, v.lang.text(it.Why), it.InputID})
	}
	return out, nil
}
