package console

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/accounts"
	"permithub/internal/fault"
	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/producers/desk"
)

// csrfHeader carries the session's token where a session's cookie says who asks: another site can send the cookie, and not the header.
const csrfHeader = "X-CSRF-Token"

// operation is one operation of the JSON interface: what serves it, and what its contract says.
type operation struct {
	id, method, path, summary string
	roles                     []desk.Role // who may; none is every officer
	body, answer              reflect.Type
	query                     []parameter
	conflict                  string                    // what 409 says; "" where it is never answered
	handle                    func(*visit) (any, error) // nil is an answer without content
	serve                     func(*visit)              // instead of handle: writes its own answer
}

// parameter is one of an operation's address.
type parameter struct {
	name, description string
	values            []string // what may be given; none is any text
}

// Why the interface does not answer, beside what pages say.
var (
	errUnauthorised = errors.New("nobody is authenticated")
	errToken        = errors.New("the session's token is missing or wrong")
	errMustChange   = errors.New("the first password must be changed")
)

// faulty is an error whose answer names every fault of a request.
type faulty struct{ *problem.List }

func (faulty) Error() string { return "the request is faulty" }

var apiFailures = []struct {
	err    error
	answer problem.Problem
}{
	{errUnauthorised, problem.New(http.StatusUnauthorized, "unauthorised", "未登录", "Not authenticated")},
	{errToken, problem.New(http.StatusForbidden, "csrf", "缺少会话令牌", "The session's token is missing").Explained("以会话登录的，修改类请求须带 "+csrfHeader, "a session's unsafe requests carry "+csrfHeader)},
	{errMustChange, problem.New(http.StatusForbidden, "first-password", "首次登录须修改密码", "The first password must be changed")},
	{errNotFound, problem.New(http.StatusNotFound, "not-found", "没有这一案件或记录", "No such case or record")},
	{errForbidden, problem.New(http.StatusForbidden, "forbidden", "无权进行此操作", "Not allowed").Explained("您的岗位不能进行此操作", "none of your roles may do this")},
	{errRelated, problem.New(http.StatusForbidden, "related", "应当回避", "Not for a relative").Explained("本人或已申报亲属的案件，由他人办理", "your own case, or that of a relative you declared, is for others")},
	{errTownship, problem.New(http.StatusForbidden, "township", "不属于您的管辖镇（街道）", "Another township's case")},
	{errForm, problem.New(http.StatusUnprocessableEntity, "form", "提交的内容无法办理", "The request cannot be carried out")},
	{errUnopened, problem.New(http.StatusConflict, "unopened", "只能批量审批您已打开查看过的案件，每件一次", "Only cases that you have opened are decided in bulk, each once")},
	{errUnanswered, problem.New(http.StatusServiceUnavailable, "unanswered", "操作尚未提交，请重试", "The act was not acknowledged; try again").RetryIn(5 * time.Second)},
	{errLoading, problem.New(http.StatusServiceUnavailable, "loading", "正在载入案件清单", "The list is being filled").RetryIn(5 * time.Second)},
	{accounts.ErrNotProxy, problem.New(http.StatusForbidden, "not-proxy", "请求来源不可信", "The request comes from where it must not")},
	{accounts.ErrUnknown, problem.New(http.StatusForbidden, "unknown-user", "不是本系统用户", "No user of the desk")},
}

var apiUnavailable = problem.New(http.StatusServiceUnavailable, "unavailable", "暂时不可用", "Not available").RetryIn(5 * time.Second)

// isAPI reports whether a request is answered in JSON.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }

// refuse answers an error as a problem.
func (c *Console) refuse(w http.ResponseWriter, r *http.Request, err error) (status int) {
	answer := apiUnavailable
	var (
		list  faulty
		whole declined
	)
	switch {
	case errors.As(err, &list):
		answer = list.Problem()
	case errors.As(err, &whole):
		answer = *whole.Problem
	}
	for _, f := range apiFailures {
		if errors.Is(err, f.err) {
			answer = f.answer
		}
	}
	if answer.Status == http.StatusServiceUnavailable && r.Context().Err() == nil {
		c.log.WarnContext(r.Context(), "request not answered", slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
	}
	if answer.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="permithub"`)
	}
	answer.Write(w)
	return answer.Status
}

// Results of a request of the interface.
var apiResults = []string{"done", "faulty", "refused", "not_found", "unavailable"}

func resultOf(status int) string {
	switch {
	case status < http.StatusBadRequest:
		return "done"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "refused"
	case status == http.StatusNotFound:
		return "not_found"
	case status >= http.StatusInternalServerError:
		return "unavailable"
	}
	return "faulty"
}

func newAPIRequests(reg prometheus.Registerer) *prometheus.CounterVec {
	m := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_desk_api_requests_total",
		Help: "Requests to the desk's JSON interface by operation and how they were answered; acts and cards are counted as desk requests."}, []string{"operation", "result"})
	reg.MustRegister(m)
	for _, op := range operations() {
		for _, result := range apiResults {
			if op.handle != nil {
				m.WithLabelValues(op.id, result)
			}
		}
	}
	return m
}

// routeAPI adds the JSON interface: every operation, and a problem for whatever else is asked.
func (c *Console) routeAPI(mux *http.ServeMux) {
	methods := map[string][]string{}
	for _, op := range operations() {
		mux.Handle(op.method+" "+op.path, c.serveAPI(&op))
		methods[op.path] = append(methods[op.path], op.method)
	}
	for path, list := range methods {
		slices.Sort(list)
		mux.Handle(path, problem.OnlyMethod(strings.Join(list, ", ")))
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) { c.refuse(w, r, errNotFound) })
	mux.Handle("GET /openapi.json", contract)
	mux.Handle("GET /openapi.yaml", contract)
}

func (c *Console) serveAPI(op *operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Console: c, w: w, r: r, lang: languageOf(r)}
		reply, err := v.operate(op)
		status := http.StatusOK
		switch {
		case err != nil:
			status = c.refuse(w, r, err)
		case op.serve != nil:
			op.serve(v)
			return
		case reply == nil:
			status = http.StatusNoContent
			w.WriteHeader(status)
		default:
			problem.WriteJSON(w, status, reply)
		}
		if op.handle != nil {
			c.apiRequests.WithLabelValues(op.id, resultOf(status)).Inc()
		}
	})
}

// operate finds the officer, checks the role and the address, and handles the request where the operation does not write its own answer.
func (v *visit) operate(op *operation) (any, error) {
	if err := v.identify(); err != nil {
		return nil, err
	}
	if len(op.roles) > 0 && !v.officer.Has(op.roles...) {
		return nil, v.refused(op.id, cmp.Or(v.r.PathValue("no"), v.r.PathValue("id")), errForbidden)
	}
	if err := v.address(op.query); err != nil || op.handle == nil {
		return nil, err
	}
	return op.handle(v)
}

// identify finds the officer behind a request: by a bearer token, else by a session, whose token must be beside the cookie where something is changed.
func (v *visit) identify() error {
	if v.r.Header.Get("Authorization") != "" {
		return v.byToken()
	}
	found, err := v.enter(true)
	switch {
	case err != nil:
		return err
	case !found:
		return errUnauthorised
	}
	safe := v.r.Method == http.MethodGet || v.r.Method == http.MethodHead
	if !safe && subtle.ConstantTimeCompare([]byte(v.r.Header.Get(csrfHeader)), []byte(v.session.Token)) != 1 {
		return v.refused("form", "", errToken)
	}
	if v.session.Way == accounts.ByPassword && v.session.User.MustChange {
		return errMustChange
	}
	return nil
}

// byToken finds the officer of a bearer token. What the users' file says about the same person counts: relatives, and that somebody is disabled.
func (v *visit) byToken() error {
	o, ok := v.ports.Desk.Authenticate(v.r)
	if !ok {
		return errUnauthorised
	}
	officer := *o
	v.officer = &officer
	u, known := v.ports.Users.Find(o.ID)
	if known && u.Disabled {
		return v.refused("token", "", errUnauthorised)
	}
	officer.Kin = u.Kin
	return nil
}

// Codes of the faults that the interface has beside those of an act.
var (
	codeParameter = problem.Content("parameter_unknown", "没有这个查询参数", "there is no such query parameter")
	codeRepeated  = problem.Content("parameter_repeated", "查询参数只能出现一次", "a query parameter is given once")
	codeValue     = problem.Content("parameter_value", "查询参数的值不在可选范围内", "the value of the query parameter is none that may be given")
	codeCursor    = problem.Content("cursor_form", "不是有效的翻页游标", "not a cursor of this list")
	codeLimit     = problem.Content("limit_range", "每页件数须为 1 至 {n}", "a page has 1 to {n} cases")
	codePurpose   = problem.Content("purpose_unknown", "没有这个目的", "there is no such purpose")
	codeColleague = problem.Content("colleague_unknown", "不能移交给此人", "the case cannot be handed over to that officer")
	codeSearch    = problem.Content("search_form", "须为申请编号、公民身份号码或 1 至 100 字节的姓名", "want an application number, a citizen id or a name of 1 to 100 bytes")
	apiCodes      = []problem.Code{codeParameter, codeRepeated, codeValue, codeCursor, codeLimit, codePurpose, codeColleague, codeSearch}
)

// address checks the query; its faults are named as ?parameter.
func (v *visit) address(known []parameter) error {
	list := new(problem.List)
	query := v.r.URL.Query()
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
		switch values := query[name]; {
		case i < 0:
			list.Add("?"+cut(name), codeParameter)
		case len(values) > 1:
			list.Add("?"+name, codeRepeated)
		case len(known[i].values) > 0 && !slices.Contains(known[i].values, values[0]):
			list.Add("?"+name, codeValue)
		}
	}
	return faults(list)
}

// faults is nil where there is none.
func faults(list *problem.List) error {
	if list.Empty() {
		return nil
	}
	return faulty{list}
}

// bodyTimeout bounds the reading of a body.
const bodyTimeout = 10 * time.Second

// read reads the body into the struct that into points to, and checks it.
func (v *visit) read(into any, check func(*problem.List)) error {
	list := new(problem.List)
	raw := strictjson.ReadBody(v.w, v.r, maxForm, bodyTimeout, list)
	if list.Empty() && strictjson.Decode(raw, into, list) {
		check(list)
	}
	return faults(list)
}
