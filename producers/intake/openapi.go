package intake

import (
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"permithub/internal/gateway"
	"permithub/internal/openapi"
	"permithub/schemas"
)

// OpenAPI returns the contract of the interface, OpenAPI 3.1, built from the Go types and the table of codes. It never changes at run time.
func OpenAPI() *huma.OpenAPI {
	o := openapi.New("居住证互认申请收件接口 · permithub intake", "1.0.0", apiDescription(), map[string]*huma.SecurityScheme{"signature": {
		Type: "apiKey", In: "header", Name: gateway.HeaderSignature,
		Description: "base64(HMAC-SHA256(secret, METHOD\\nPATH\\nQUERY\\nACCESS_KEY\\nDATE\\n))，并须同时给出 " + gateway.HeaderAccessKey + "、" +
			gateway.HeaderAlgorithm + ": " + gateway.Algorithm + " 和 " + gateway.HeaderDate + "（GMT 的 HTTP 日期，误差不超过 90 秒）",
	}})
	reg := o.Components.Schemas
	o.AddOperation(postOperation(reg, opSubmit, "/v1/applications", "提交申请", reflect.TypeFor[Application](), reflect.TypeFor[Accepted](), false))
	o.AddOperation(statusOperation(reg))
	o.AddOperation(postOperation(reg, opSupplement, "/v1/applications/{no}/supplements", "补正", reflect.TypeFor[Supplement](), reflect.TypeFor[Taken](), true))
	o.AddOperation(postOperation(reg, opWithdraw, "/v1/applications/{no}/withdrawal", "撤回", reflect.TypeFor[Withdrawal](), reflect.TypeFor[Taken](), true))
	return o
}

// apiDescription lists every fault code.
func apiDescription() string {
	return "《浙江省居住证》互认转换申请的收件接口。202 表示申请已可靠写入；重复提交相同内容得到相同的申请编号、时间和回执；" +
		"编号相同而内容不同为 409；503 表示尚未收件，可安全重试。\n\n内容有误时一次性返回全部问题（application/problem+json 的 problems[]）：\n\n" + openapi.CodeTable(Codes())
}

func postOperation(reg huma.Registry, id, path, summary string, body, answer reflect.Type, hasNo bool) *huma.Operation {
	op := &huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Security: []map[string][]string{{"signature": {}}},
		Parameters:  parameters(hasNo),
		RequestBody: openapi.Body(reg, body),
		Responses:   map[string]*huma.Response{"202": openapi.Answer(reg, answer, "已可靠写入")},
	}
	failures(reg, op, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	if hasNo {
		failures(reg, op, http.StatusNotFound)
	} else {
		failures(reg, op, http.StatusConflict)
	}
	return op
}

func statusOperation(reg huma.Registry) *huma.Operation {
	op := &huma.Operation{
		OperationID: opStatus, Method: http.MethodGet, Path: "/v1/applications/{no}", Summary: "查询办理进度",
		Security: []map[string][]string{{"signature": {}}}, Parameters: parameters(true),
		Responses: map[string]*huma.Response{"200": openapi.Answer(reg, reflect.TypeFor[Status](), "办理进度；只答复提交该申请的来源")},
	}
	failures(reg, op, http.StatusNotFound)
	return op
}

func parameters(hasNo bool) []*huma.Param {
	text := openapi.Text()
	params := []*huma.Param{
		{Name: gateway.HeaderAccessKey, In: "header", Required: true, Schema: text, Description: "来源的 access key"},
		{Name: gateway.HeaderAlgorithm, In: "header", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{gateway.Algorithm}}},
		{Name: gateway.HeaderDate, In: "header", Required: true, Schema: text, Description: "GMT 的 HTTP 日期", Example: "Thu, 04 Jul 2024 01:30:00 GMT"},
		{Name: schemas.HeaderTraceparent, In: "header", Schema: text, Description: "W3C Trace Context；格式正确时随申请传递"},
	}
	if hasNo {
		params = append(params, &huma.Param{Name: "no", In: "path", Required: true, Description: "申请编号", Schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9A-Z]{17}$"}})
	}
	return params
}

var failureTexts = map[int]string{
	http.StatusBadRequest: "内容无法读取", http.StatusNotFound: "没有这一申请，或不属于该来源", http.StatusConflict: "编号相同而内容不同；已记录",
	http.StatusRequestEntityTooLarge: "内容过大", http.StatusUnsupportedMediaType: "内容类型不受支持",
	http.StatusUnprocessableEntity: "内容有误；problems 一次性列出全部问题", http.StatusServiceUnavailable: "暂时不可用；按 Retry-After 重试",
}

// failures adds the problem answers of an operation, and those that every signed operation has.
func failures(reg huma.Registry, op *huma.Operation, statuses ...int) {
	openapi.Problems(reg, op, failureTexts, append(statuses, http.StatusServiceUnavailable)...)
	op.Responses["401"] = &huma.Response{Description: "签名未通过：Invalid access key、Clock skew exceeded、Invalid signature 或 The route_id is forbidden.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"message"},
			Properties: map[string]*huma.Schema{"message": {Type: huma.TypeString}}}}}}
}

// document is rendered once.
var document = sync.OnceValues(func() (openapi.Document, error) { return openapi.Render(OpenAPI()) })
