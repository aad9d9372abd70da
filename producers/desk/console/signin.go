package console

import (
	"errors"
	"net/http"
	"time"

	"permithub/internal/accounts"
)

// notice is what a form says above itself.
type notice struct {
	Text string
	// Wait is how long a name is locked; 0 where it is not.
	Wait time.Duration
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request) {
	if _, named := r.Context().Value(proxied{}).(accounts.Identity); named {
		http.Redirect(w, r, "/cases", http.StatusSeeOther)
		return
	}
	c.showWays(w, r, http.StatusOK, notice{})
}

func (c *Console) doSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.fail(w, r, errForm)
		return
	}
	id := r.PostForm.Get("id")
	who, err := c.signIn.Check(r.Context(), id, r.PostForm.Get("password"), r.PostForm.Get("code"))
	if err != nil {
		c.turnAway(w, r, cut(id), accounts.ByPassword, err)
		return
	}
	if _, err := c.admit(w, r, who); err != nil {
		c.fail(w, r, err)
		return
	}
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
	if _, status := wayNotice(err); status != 0 {
		return status
	}
	return http.StatusUnauthorized
}

// noticeOf says why somebody was not let in, and false where the error is no refusal.
func noticeOf(err error) (notice, bool) {
	locked := (*accounts.LockedError)(nil)
	switch {
	case errors.As(err, &locked):
		return notice{"尝试次数过多，请稍后再试", locked.For.Round(time.Second)}, true
	case errors.Is(err, accounts.ErrBusy):
		return notice{Text: "同时登录的人过多，请重试"}, true
	case errors.Is(err, accounts.ErrPassword):
		return notice{Text: "密码至少 10 个字符"}, true
	case errors.Is(err, accounts.ErrWrong):
		return notice{Text: "工号、密码或验证码不正确"}, true
	}
	n, status := wayNotice(err)
	return n, status != 0
}

func setCookie(w http.ResponseWriter, name, value string, same http.SameSite, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: same, MaxAge: age})
}

func (v *visit) showPassword() error {
	if err := v.byPassword(); err != nil {
		return err
	}
	return v.show("password", "修改密码", notice{})
}

func (v *visit) changePassword() error {
	if err := v.byPassword(); err != nil {
		return err
	}
	form := v.r.PostForm
	if form.Get("new") != form.Get("again") {
		return v.show("password", "修改密码", notice{Text: "两次输入的新密码不一致"})
	}
	id, err := v.signIn.ChangePassword(v.r.Context(), v.officer.ID, form.Get("old"), form.Get("new"))
	if err != nil {
		n, refusal := noticeOf(err)
		if !refusal {
			return err
		}
		return errors.Join(v.refused("password", "", nil), v.show("password", "修改密码", n))
	}
	if _, err := v.sessions.EndAll(v.r.Context(), v.officer.ID); err != nil {
		return err
	}
	token, err := v.sessions.Start(v.r.Context(), id)
	if err != nil {
		return err
	}
	setCookie(v.w, sessionCookie, token, http.SameSiteStrictMode, 0)
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
