package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/schemas"
)

// signInBy are the words of the audit log.
var signInBy = map[accounts.Way]string{accounts.ByPassword: "sign_in", accounts.ByOpenID: "sign_in_openid", accounts.ByProxy: "sign_in_proxy"}

// Results of a sign-in.
const (
	signInDone    = "done"
	signInRefused = "refused"
	signInFailed  = "failed" // an outage
)

func newSignIns(reg prometheus.Registerer) *prometheus.CounterVec {
	m := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_desk_sign_ins_total", Help: "Sign-ins at the console by way and how they ended."}, []string{"way", "result"})
	reg.MustRegister(m)
	for way := range signInBy {
		for _, result := range []string{signInDone, signInRefused, signInFailed} {
			m.WithLabelValues(string(way), result)
		}
	}
	return m
}

// signInPage is the page with the ways in.
type signInPage struct {
	notice
	// OpenID is set where there is a provider to sign in at, Name what its button says where that is not the usual.
	OpenID bool
	Name   string
}

func (c *Console) showWays(w http.ResponseWriter, r *http.Request, status int, n notice) {
	lang := languageOf(r)
	c.render(w, lang, status, "signin", frame{Lang: lang, Title: "登录"}, signInPage{n, c.ports.OpenID != nil, c.cfg.OpenIDName})
}

// admit records that somebody signed in, begins the session and gives the browser its cookie. Every way to sign in ends here.
func (c *Console) admit(w http.ResponseWriter, r *http.Request, who accounts.Identity) (token string, err error) {
	if err := c.ports.Audit.Append(auditlog.Entry{At: schemas.At(c.ports.Now()), Who: who.User.ID, What: signInBy[who.Way], Result: auditlog.Done}); err != nil {
		return "", err
	}
	if token, err = c.sessions.Start(r.Context(), who); err != nil {
		return "", err
	}
	c.signIns.WithLabelValues(string(who.Way), signInDone).Inc()
	setCookie(w, sessionCookie, token, http.SameSiteStrictMode, 0)
	return token, nil
}

// turnAway records and counts that somebody was not let in, and shows the ways in again with the reason. What is no refusal is an outage.
func (c *Console) turnAway(w http.ResponseWriter, r *http.Request, id string, way accounts.Way, why error) {
	n, refusal := noticeOf(why)
	result := signInRefused
	if !refusal {
		result = signInFailed
	}
	c.signIns.WithLabelValues(string(way), result).Inc()
	if err := c.ports.Audit.Append(auditlog.Entry{At: schemas.At(c.ports.Now()), Who: id, What: signInBy[way], Result: auditlog.Refused}); err != nil {
		c.fail(w, r, err)
		return
	}
	if !refusal || isAPI(r) {
		c.fail(w, r, why)
		return
	}
	if way != accounts.ByPassword { // what a provider or a proxy does wrong is for operators to know
		c.log.InfoContext(r.Context(), "sign-in refused", slog.String("way", string(way)), slog.Any("error", why))
	}
	c.showWays(w, r, statusOf(why), n)
}

// tripCookie keeps what belongs to a sign-in at the provider until the browser comes back. It is sent with that navigation, which another site begins.
const tripCookie = "__Host-signin"

// tripTime is how long somebody may take at the provider.
const tripTime = 10 * time.Minute

// goToProvider is a link and no form: a form's way may not lead to another site.
func (c *Console) goToProvider(w http.ResponseWriter, r *http.Request) {
	to, trip, err := c.ports.OpenID.Begin(r.Context())
	if err != nil {
		c.signIns.WithLabelValues(string(accounts.ByOpenID), signInFailed).Inc()
		c.fail(w, r, err)
		return
	}
	setCookie(w, tripCookie, trip, http.SameSiteLaxMode, int(tripTime/time.Second))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (c *Console) returnFromProvider(w http.ResponseWriter, r *http.Request) {
	var trip string
	if cookie, err := r.Cookie(tripCookie); err == nil {
		trip = cookie.Value
	}
	setCookie(w, tripCookie, "", http.SameSiteLaxMode, -1)
	who, err := c.ports.OpenID.Finish(r.Context(), trip, r.URL.Query())
	if err != nil {
		c.turnAway(w, r, who.User.ID, accounts.ByOpenID, err)
		return
	}
	if _, err := c.admit(w, r, who); err != nil {
		c.fail(w, r, err)
		return
	}
	c.onward(w, r, "已登录", "/cases")
}

// onwardPage leads on by itself where To is to be followed at once.
type onwardPage struct{ Text, To string }

// onward leads on from a page of the console's own. A redirect would not do: the session's cookie is sent only where the console's own page leads (SameSite), and
// a form's redirect to another site is stopped by the content policy.
func (c *Console) onward(w http.ResponseWriter, r *http.Request, text, to string) {
	w.Header().Set("Refresh", "0;url="+to)
	c.showOnward(w, r, text, to)
}

func (c *Console) showOnward(w http.ResponseWriter, r *http.Request, text, to string) {
	lang := languageOf(r)
	c.render(w, lang, http.StatusOK, "onward", frame{Lang: lang, Title: text}, onwardPage{text, to})
}

// signOut ends the session here and, where somebody else let the user in, there.
func (v *visit) signOut() error {
	if err := v.sessions.End(v.r.Context(), v.token); err != nil {
		return err
	}
	setCookie(v.w, sessionCookie, "", http.SameSiteStrictMode, -1)
	if err := v.record("sign_out", "", ""); err != nil {
		return err
	}
	to := ""
	switch v.session.Way {
	case accounts.ByOpenID:
		if v.ports.OpenID != nil {
			to = v.ports.OpenID.SignOutURL(v.r.Context())
		}
	case accounts.ByProxy:
		if to = v.cfg.SignOutURL; to == "" {
			v.showOnward(v.w, v.r, "已退出", "/cases")
			return nil
		}
	}
	if to == "" {
		return v.redirect("/signin")
	}
	v.onward(v.w, v.r, "已退出", to)
	return nil
}

// proxied is the key of whom the proxy names.
type proxied struct{}

// fromProxy finds whom the proxy names. The header of anybody else is refused whatever it is about, counted and recorded.
func (c *Console) fromProxy(next http.Handler) http.Handler {
	if c.ports.Proxy == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, named, err := c.ports.Proxy.Identify(r)
		if err != nil {
			c.turnAway(w, r, who.User.ID, accounts.ByProxy, err)
			return
		}
		if named {
			r = r.WithContext(context.WithValue(r.Context(), proxied{}, who))
		}
		next.ServeHTTP(w, r)
	})
}

// enter finds the session; use prolongs it. Where the proxy names somebody, the session is that person's, begun at their first page; where it names nobody
// any more, its session is over.
func (v *visit) enter(use bool) (bool, error) {
	found, err := v.find(cookieOf(v.r, sessionCookie), use)
	if err != nil {
		return false, err
	}
	who, named := v.r.Context().Value(proxied{}).(accounts.Identity)
	theirs := found && v.session.Way == accounts.ByProxy && v.session.User.ID == who.User.ID
	switch {
	case named && !theirs && use:
		if err := v.leave(found); err != nil {
			return false, err
		}
		token, err := v.admit(v.w, v.r, who)
		if err != nil {
			return false, err
		}
		return v.find(token, use)
	case named && !theirs: // what a page does by itself begins nothing
		return false, nil
	case !named && found && v.session.Way == accounts.ByProxy:
		return false, v.leave(found)
	}
	return found, nil
}

func (v *visit) leave(found bool) error {
	if !found {
		return nil
	}
	return v.sessions.End(v.r.Context(), v.token)
}

func (v *visit) find(token string, use bool) (bool, error) {
	if token == "" {
		return false, nil
	}
	s, ok, err := v.sessions.Find(v.r.Context(), token, use)
	if err != nil || !ok {
		return false, err
	}
	v.token, v.session, v.officer = token, s, officerOf(s.User)
	return true, nil
}

func cookieOf(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// byPassword refuses those who have none here.
func (v *visit) byPassword() error {
	if v.session.Way == accounts.ByPassword {
		return nil
	}
	return v.refused("password", "", errForbidden)
}

// wayNotice says why a provider's or a proxy's word lets nobody in.
func wayNotice(err error) (notice, int) {
	switch {
	case errors.Is(err, accounts.ErrTrip):
		return notice{Text: "登录未完成或已过期，请重新登录"}, http.StatusUnauthorized
	case errors.Is(err, accounts.ErrDenied):
		return notice{Text: "统一身份认证未准许登录"}, http.StatusUnauthorized
	case errors.Is(err, accounts.ErrUnknown):
		return notice{Text: "您不是本系统用户，或者没有岗位，请联系管理员"}, http.StatusForbidden
	case errors.Is(err, accounts.ErrNotProxy):
		return notice{Text: "请求来源不可信"}, http.StatusForbidden
	}
	return notice{}, 0
}
