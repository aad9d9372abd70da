package console

import (
	"net/http"
	"strings"
	"time"

	"permithub/internal/accounts"
	"permithub/producers/desk"
)

// sessionKeepers may see who is signed in, and end that.
var sessionKeepers = []desk.Role{desk.Supervisor, desk.Operator}

// sessionRow is one signed-in browser.
type sessionRow struct {
	ID, Name, Roles string
	Way             accounts.Way
	Started, Used   time.Time
	Mine            bool // the one that looks
}

var wayNames = map[accounts.Way]string{accounts.ByPassword: "密码", accounts.ByOpenID: "统一身份认证", accounts.ByProxy: "门户"}

func (v *visit) showSessions() error {
	all, err := v.sessions.List(v.r.Context())
	if err != nil {
		return err
	}
	var rows []sessionRow
	for i := range all {
		s := &all[i]
		rows = append(rows, sessionRow{ID: s.User.ID, Name: s.User.Name, Roles: v.roleNames(officerOf(s.User)), Way: s.Way, Started: s.Started, Used: s.Used, Mine: s.Token == v.session.Token})
	}
	return v.show("sessions", "登录会话", rows)
}

// endSessions ends every session of one user, in every process.
func (v *visit) endSessions() error {
	id := v.r.PostForm.Get("user")
	if _, known := v.ports.Users.Find(id); !known {
		return errForm
	}
	if err := v.endSessionsOf(id); err != nil {
		return err
	}
	if id == v.officer.ID {
		setCookie(v.w, sessionCookie, "", http.SameSiteStrictMode, -1)
	}
	return v.redirect("/sessions")
}

func (v *visit) endSessionsOf(id string) error {
	if err := v.record("end_sessions", id, ""); err != nil {
		return err
	}
	_, err := v.sessions.EndAll(v.r.Context(), id)
	return err
}

func (v *visit) roleNames(o *desk.Officer) string {
	var names []string
	for _, r := range o.Roles {
		names = append(names, v.lang.text(roleNames[r]))
	}
	return strings.Join(names, "、")
}
