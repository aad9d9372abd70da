package console

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"permithub/internal/openapi"
	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// working are the roles that work on cases.
var working = []desk.Role{desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor}

// operations is the JSON interface: what is served, and what the contract says, from one list.
func operations() []operation {
	queues := []string{"all"}
	for _, q := range worklist.Queues() {
		queues = append(queues, string(q))
	}
	var dues []string
	for _, d := range worklist.Dues() {
		dues = append(dues, string(d))
	}
	return append([]operation{
		{id: "identity", method: http.MethodGet, path: "/v1/session", summary: "当前用户", answer: reflect.TypeFor[Identity](), handle: (*visit).apiIdentity},
		{id: "list", method: http.MethodGet, path: "/v1/cases", summary: "案件清单", answer: reflect.TypeFor[CaseList](), handle: (*visit).apiList, query: []parameter{
			{"queue", "环节；缺省为本岗位的待办", queues}, {"town", "镇（街道）的区划代码", townCodes()},
			{"due", "期限", dues}, {"type", "互认类型", []string{string(schemas.ExistingPermit), string(schemas.RegistrationTime)}}, {"channel", "渠道", []string{string(schemas.Online), string(schemas.Window)}},
			{"after", "上一页的 next", nil}, {"limit", "每页件数，缺省 50", nil}}},
		{id: "show", method: http.MethodGet, path: "/v1/cases/{no}", summary: "案件进度", answer: reflect.TypeFor[desk.CaseView](), serve: (*visit).apiCard},
		{id: "file", method: http.MethodGet, path: "/v1/cases/{no}/file", summary: "案件全貌，个人信息遮盖", answer: reflect.TypeFor[CaseFile](), handle: (*visit).apiCase},
		{id: "reveal", method: http.MethodPost, path: "/v1/cases/{no}/reveal", summary: "案件全貌，个人信息不遮盖；先记入审计", roles: working, body: reflect.TypeFor[RevealRequest](), answer: reflect.TypeFor[CaseFile](), handle: (*visit).apiReveal},
		{id: "preview", method: http.MethodPost, path: "/v1/cases/{no}/preview", summary: "办理预览，不产生后果", roles: working, body: reflect.TypeFor[desk.Action](), answer: reflect.TypeFor[Preview](), handle: (*visit).apiPreview},
		{id: "act", method: http.MethodPost, path: "/v1/cases/{no}/actions", summary: "办理", roles: working, body: reflect.TypeFor[desk.Action](), answer: reflect.TypeFor[desk.Taken](), serve: (*visit).apiAct},
		{id: "hold", method: http.MethodPost, path: "/v1/cases/{no}/hold", summary: "接手或移交", roles: working, body: reflect.TypeFor[HoldRequest](), answer: reflect.TypeFor[Holding](), handle: (*visit).apiHold},
		{id: "release", method: http.MethodDelete, path: "/v1/cases/{no}/hold", summary: "放回", roles: working, answer: reflect.TypeFor[Holding](), handle: (*visit).apiRelease},
		{id: "next", method: http.MethodPost, path: "/v1/next", summary: "接手本岗位最急的一件；没有则为 204", roles: working, answer: reflect.TypeFor[Holding](), handle: (*visit).apiNext},
		{id: "search", method: http.MethodPost, path: "/v1/search", summary: "查询；先记入审计", body: reflect.TypeFor[SearchRequest](), answer: reflect.TypeFor[SearchResult](), handle: (*visit).apiSearch},
		{id: "supervision", method: http.MethodGet, path: "/v1/supervision", summary: "督办数据", roles: supervisors, answer: reflect.TypeFor[Supervision](), handle: (*visit).apiSupervision},
		{id: "reveal_overrides", method: http.MethodPost, path: "/v1/supervision/reveal", summary: "督办数据，例外处理的理由不遮盖；先记入审计", roles: supervisors, body: reflect.TypeFor[OverridesRequest](),
			answer: reflect.TypeFor[Supervision](), handle: (*visit).apiRevealOverrides},
		{id: "sessions", method: http.MethodGet, path: "/v1/sessions", summary: "登录会话", roles: sessionKeepers, answer: reflect.TypeFor[[]SignedIn](), handle: (*visit).apiSessions},
		{id: "end_sessions", method: http.MethodDelete, path: "/v1/sessions/{user}", summary: "结束一个用户的会话", roles: sessionKeepers, handle: (*visit).apiEndSessions},
	}, slices.Concat(deadOperations(), bulkOperations(), revocationOperations())...)
}

// contract serves the document of the interface, rendered once.
var contract = openapi.Serve(sync.OnceValues(func() (openapi.Document, error) { return openapi.Render(OpenAPI()) }))

// Codes lists every fault code that the interface may answer.
func Codes() []problem.Code {
	all := desk.Codes()
	for _, c := range slices.Concat(strictjson.Codes(), apiCodes, letterCodes, bulkCodes, desk.Rejections(), desk.StageRejections()) {
		if !slices.ContainsFunc(all, func(x problem.Code) bool { return x.Name == c.Name }) {
			all = append(all, c)
		}
	}
	return all
}

// OpenAPI returns the contract of the JSON interface. It never changes at run time.
func OpenAPI() *huma.OpenAPI {
	o := openapi.New("居住证互认经办接口 · permithub desk", "1.0.0",
		"经办台的 JSON 接口，与网页走同一段程序、同样的岗位与审计。以各人的 bearer 令牌，或以网页登录的会话（修改类请求另带 "+csrfHeader+"，取自 GET /v1/session）。\n\n"+
			"内容有误时一次性返回全部问题（application/problem+json 的 problems[]）；查询参数的问题以 ?参数名 指出：\n\n"+openapi.CodeTable(Codes()),
		map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer"}, "session": {Type: "apiKey", In: "cookie", Name: sessionCookie}})
	for _, op := range operations() {
		o.AddOperation(op.contract(o.Components.Schemas))
	}
	return o
}

var problemTexts = map[int]string{
	http.StatusBadRequest: "内容无法读取", http.StatusUnauthorized: "未登录", http.StatusForbidden: "岗位、镇（街道）、回避或会话令牌不允许", http.StatusNotFound: "没有这一案件或记录",
	http.StatusRequestEntityTooLarge: "内容过大", http.StatusUnsupportedMediaType: "内容类型不受支持", http.StatusUnprocessableEntity: "内容有误；problems 一次性列出全部问题",
	http.StatusServiceUnavailable: "暂时不可用；按 Retry-After 重试",
}

func (op *operation) contract(reg huma.Registry) *huma.Operation {
	out := &huma.Operation{OperationID: op.id, Method: op.method, Path: op.path, Summary: op.summary, Security: []map[string][]string{{"bearer": {}}, {"session": {}}}, Responses: map[string]*huma.Response{}}
	if len(op.roles) > 0 {
		var names []string
		for _, r := range op.roles {
			names = append(names, string(r))
		}
		out.Description = "岗位：" + strings.Join(names, "、")
	}
	out.Parameters = op.parameters()
	statuses := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	if op.body != nil {
		out.RequestBody = openapi.Body(reg, op.body)
		statuses = append(statuses, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if strings.Contains(op.path, "{") {
		statuses = append(statuses, http.StatusNotFound)
	}
	switch {
	case op.id == "act":
		out.Responses["200"] = openapi.Answer(reg, op.answer, "案件已接受")
		out.Responses["202"] = openapi.Answer(reg, op.answer, "已可靠写入，案件尚未答复；以相同操作编号重发可得知结果")
		out.Responses["409"] = &huma.Response{Description: "案件没有接受：为什么，以及您查看之后发生了什么", Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: reg.Schema(reflect.TypeFor[desk.Conflict](), true, "Conflict")}}}
	case op.answer != nil:
		out.Responses["200"] = openapi.Answer(reg, op.answer, op.summary)
	}
	if op.answer == nil || op.id == "next" {
		out.Responses["204"] = &huma.Response{Description: "无内容"}
	}
	if op.conflict != "" {
		openapi.Problems(reg, out, map[int]string{http.StatusConflict: op.conflict}, http.StatusConflict)
	}
	openapi.Problems(reg, out, problemTexts, statuses...)
	return out
}

// parameters are those of the path, the query and the headers.
func (op *operation) parameters() []*huma.Param {
	var all []*huma.Param
	if strings.Contains(op.path, "{no}") {
		all = append(all, &huma.Param{Name: "no", In: "path", Required: true, Description: "申请编号", Schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9A-Z]{17}$"}})
	}
	if strings.Contains(op.path, "{id}") {
		all = append(all, &huma.Param{Name: "id", In: "path", Required: true, Description: "死信编号 · id of the dead letter", Schema: &huma.Schema{Type: huma.TypeString, MinLength: new(1)}})
	}
	if strings.Contains(op.path, "{user}") {
		all = append(all, &huma.Param{Name: "user", In: "path", Required: true, Description: "工号", Schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9A-Za-z_-]{1,32}$"}})
	}
	for _, p := range op.query {
		s := openapi.Text()
		for _, value := range p.values {
			s.Enum = append(s.Enum, value)
		}
		all = append(all, &huma.Param{Name: p.name, In: "query", Description: p.description, Schema: s})
	}
	if op.method != http.MethodGet {
		all = append(all, &huma.Param{Name: csrfHeader, In: "header", Description: "以会话登录的须带", Schema: openapi.Text()})
	}
	return all
}
