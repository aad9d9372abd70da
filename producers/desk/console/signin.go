package console

import (
	"errors"
	"net/http"
	"time"

	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/schemas"
)

// notice is what a form says above itself.
type notice struct {
	Text string
	// Wait is how long a name is locked; 0 where it is not.
	Wait time.Duration
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request) {
	lang := languageOf(r)
	c.render(w, lang, http.StatusOK, "signin", frame{Lang: lang, Title: "登录"}, notice{})
}

func (c *Console) doSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.fail(w, r, errForm)
		return
	}
	id := r.PostForm.Get("id")
	u, err := c.signIn.Check(id, r.PostForm.Get("password"), r.PostForm.Get("code"))
	entry := auditlog.Entry{At: schemas.At(c.ports.Now()), Who: cut(id), What: "sign_in", Result: auditlog.Done}
	if err != nil {
		entry.Result = auditlog.Refused
	}
	if failed := c.ports.Audit.Append(entry); failed != nil {
		c.fail(w, r, failed)
		return
	}
	if err != nil {
		lang := languageOf(r)
		c.render(w, lang, statusOf(err), "signin", frame{Lang: lang, Title: "登录"}, noticeOf(err))
		return
	}
	setCookie(w, sessionCookie, c.sessions.Start(u), http.SameSiteStrictMode, 0)
	http.Redirect(w, r, "/cases", http.StatusSeeOther)
}

// cut keeps what was typed as a name from filling the audit log: whoever types a password there leaves no more than a staff number's length.
func cut(id string) string {
	if len(id) > 32 {
		return "…"
	}
	return id
}

func statusOf(err error) int {
	if locked := (*accounts.LockedError)(nil); errors.As(err, &locked) || errors.Is(err, accounts.ErrBusy) {
		return http.StatusTooManyRequests
	}
	return http.StatusUnauthorized
}

func noticeOf(err error) notice {
	locked := (*accounts.LockedError)(nil)
	switch {
	case errors.As(err, &locked):
		return notice{"尝试次数过多，请稍后再试", locked.For.Round(time.Second)}
	case errors.Is(err, accounts.ErrBusy):
		return notice{Text: "同时登录的人过多，请重试"}
	case errors.Is(err, accounts.ErrPassword):
		return notice{Text: "密码至少 10 个字符"}
	}
	return notice{Text: "工号、密码或验证码不正确"}
}

func setCookie(w http.ResponseWriter, name, value string, same http.SameSite, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: same, MaxAge: age})
}

func (v *visit) signOut() error {
	v.sessions.End(v.token)
	setCookie(v.w, sessionCookie, "", http.SameSiteStrictMode, -1)
	return errors.Join(v.record("sign_out", "", ""), v.redirect("/signin"))
}

func (v *visit) showPassword() error { return v.show("password", "修改密码", notice{}) }

func (v *visit) changePassword() error {
	form := v.r.PostForm
	if form.Get("new") != form.Get("again") {
		return v.show("password", "修改密码", notice{Text: "两次输入的新密码不一致"})
	}
	if err := v.signIn.ChangePassword(v.officer.ID, form.Get("old"), form.Get("new")); err != nil {
		if !errors.Is(err, accounts.ErrWrong) && !errors.Is(err, accounts.ErrPassword) && statusOf(err) != http.StatusTooManyRequests {
			return err
		}
		return errors.Join(v.refused("password", "", nil), v.show("password", "修改密码", noticeOf(err)))
	}
	v.sessions.EndAll(v.officer.ID)
	u, _ := v.ports.Users.Find(v.officer.ID)
	setCookie(v.w, sessionCookie, v.sessions.Start(u), http.SameSiteStrictMode, 0)
	return errors.Join(v.record("password", "", ""), v.redirect("/cases"))
}

const languageCookie = "__Host-language"

func (c *Console) setLanguage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	to := string(chinese)
	if r.PostFormValue("to") == string(english) {
		to = string(english)
	}
	setCookie(w, languageCookie, to, http.SameSiteLaxMode, 365*24*60*60)
	http.Redirect(w, r, "/cases", http.StatusSeeOther)
}
