package console

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/internal/fault"
	"permithub/producers/desk"
	"permithub/schemas"
)

// sessionCookie is bound to this host, to https and to the whole of it by its prefix.
const sessionCookie = "__Host-permithub"

// maxForm bounds the body of every form.
const maxForm = 64 << 10

// Why a page is not shown. Each has a text of its own.
var (
	errNotFound   = errors.New("no such page or case")
	errForbidden  = errors.New("not allowed")
	errRelated    = errors.New("the officer's own case or a declared relative's")
	errTownship   = errors.New("a case of another township")
	errForm       = errors.New("the form cannot be read")
	errLoading    = errors.New("the list is being filled")
	errUnanswered = errors.New("the act was not acknowledged")
	errUnopened   = errors.New("a case that the officer has not opened")
)

// visit is one request of a signed-in officer.
type visit struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	token   string
	session accounts.Session
	officer *desk.Officer
	lang    language
}

func officerOf(u accounts.User) *desk.Officer {
	o := &desk.Officer{ID: u.ID, Name: u.Name, Townships: u.Townships, Kin: u.Kin}
	for _, r := range u.Roles {
		o.Roles = append(o.Roles, desk.Role(r))
	}
	return o
}

// page finds the officer behind a request, checks the form's token and the role, and handles the request. No roles are every signed-in officer.
func (c *Console) page(handle func(*visit) error, roles []desk.Role) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		byItself := r.Header.Get("Hx-Trigger-Name") == "live" || r.Header.Get("Accept") == "text/event-stream"
		v := &visit{Console: c, w: w, r: r, lang: languageOf(r)}
		entered, err := v.enter(!byItself)
		if err != nil {
			c.fail(w, r, err)
			return
		}
		if !entered {
			if byItself || r.Header.Get("Hx-Request") != "" {
				w.Header().Set("Hx-Redirect", "/signin")
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
			return
		}
		if err := v.handle(handle, roles); err != nil {
			c.fail(w, r, err)
		}
	})
}

func (v *visit) handle(handle func(*visit) error, roles []desk.Role) error {
	if v.r.Method == http.MethodPost {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
		if err := v.r.ParseForm(); err != nil {
			return errForm
		}
		if subtle.ConstantTimeCompare([]byte(v.r.PostForm.Get("csrf")), []byte(v.session.Token)) != 1 {
			return v.refused("form", "", errForbidden)
		}
	}
	if v.session.Way == accounts.ByPassword && v.session.User.MustChange && v.r.URL.Path != "/password" && v.r.URL.Path != "/signout" {
		return v.redirect("/password")
	}
	if len(roles) > 0 && !v.officer.Has(roles...) {
		return v.refused(v.r.Pattern, cmp.Or(v.r.PathValue("no"), v.r.PathValue("id")), errForbidden)
	}
	return handle(v)
}

// record writes what the officer is about to see or do. Where that fails, it is not shown or done.
func (v *visit) record(what, about, purpose string) error {
	return v.ports.Audit.Append(auditlog.Entry{At: schemas.At(v.ports.Now()), Who: v.officer.ID, What: what, About: about, Purpose: purpose, Result: auditlog.Done})
}

// refused records an attempt that was refused, and returns why.
func (v *visit) refused(what, about string, why error) error {
	err := v.ports.Audit.Append(auditlog.Entry{At: schemas.At(v.ports.Now()), Who: v.officer.ID, What: what, About: about, Result: auditlog.Refused})
	if err != nil {
		return err
	}
	return why
}

func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// failures are the answers to errors, by error.
var failures = []struct {
	err    error
	status int
	text   string
}{
	{errNotFound, http.StatusNotFound, "没有这一页或这一案件"},
	{errForbidden, http.StatusForbidden, "您的岗位不能进行此操作"},
	{errRelated, http.StatusForbidden, "本人或已申报亲属的案件，由他人办理"},
	{errTownship, http.StatusForbidden, "此案不属于您的管辖镇（街道）"},
	{errForm, http.StatusBadRequest, "提交的内容无法读取"},
	{errLoading, http.StatusServiceUnavailable, "正在载入案件清单，请稍候"},
	{errUnopened, http.StatusConflict, "只能批量审批您已打开查看过的案件"},
	{errUnanswered, http.StatusServiceUnavailable, "操作尚未提交，请返回后重试"},
}

// fail answers an error with a page of its own; what is none of the known ones is logged and shown as an outage.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	if isAPI(r) {
		c.refuse(w, r, err)
		return
	}
	status, text := http.StatusServiceUnavailable, "暂时不可用，请稍后重试"
	known := false
	for _, f := range failures {
		if errors.Is(err, f.err) {
			status, text, known = f.status, f.text, true
		}
	}
	if !known && !errors.Is(err, context.Canceled) {
		c.log.WarnContext(r.Context(), "page not shown", slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	lang := languageOf(r)
	c.render(w, lang, status, "failure", frame{Lang: lang, Title: text}, text)
}

// until is the time at which a hold that is taken now ends.
func (v *visit) until() time.Time { return v.ports.Now().Add(v.cfg.Hold) }
