package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A supervisor sees who is signed in, and ends it everywhere; that is recorded.
func TestSessionsAreSeenAndEnded(t *testing.T) {
	b := newBench(t)
	one, two, other := b.as(t, "1001"), b.as(t, "1001"), b.as(t, "1002")
	for _, keeper := range []string{"1004", "1005"} {
		page := b.as(t, keeper).get("/sessions")
		if page.status != http.StatusOK || strings.Count(page.body, `name="user" value="1001"`) != 2 || !strings.Contains(page.body, "当前会话") || !strings.Contains(page.body, "密码") {
			t.Errorf("%s: got %d", keeper, page.status)
		}
		for _, token := range []string{one.cookies[sessionCookie], one.csrf} {
			if strings.Contains(page.body, token) {
				t.Errorf("%s: the page shows a token of somebody else's", keeper)
			}
		}
	}
	for _, id := range []string{"1001", "1002", "1003", "1006"} {
		br := b.as(t, id)
		for _, got := range []reply{br.get("/sessions"), br.post("/sessions/end", url.Values{"user": {"1002"}})} {
			if got.status != http.StatusForbidden {
				t.Errorf("%s: got %d", id, got.status)
			}
		}
	}
	keeper := b.as(t, "1004")
	if got := keeper.post("/sessions/end", url.Values{"user": {"1001"}}); got.location != "/sessions" {
		t.Fatalf("got %d %s", got.status, got.location)
	}
	for _, br := range []*browser{one, two} {
		if got := br.get("/cases"); got.location != "/signin" {
			t.Errorf("alive: %d", got.status)
		}
	}
	if got := other.get("/cases"); got.status != http.StatusOK {
		t.Errorf("another user's session ended too: %d", got.status)
	}
	for _, unknown := range []string{"", "nobody", "11010519491231002X"} {
		if got := keeper.post("/sessions/end", url.Values{"user": {unknown}}); got.status != http.StatusBadRequest {
			t.Errorf("%q: got %d", unknown, got.status)
		}
	}
	if !slices.Contains(b.audited(t), "1004 end_sessions  done") {
		t.Errorf("audit: %v", b.audited(t))
	}
	if got := keeper.post("/sessions/end", url.Values{"user": {"1004"}}); got.status != http.StatusSeeOther || keeper.get("/cases").location != "/signin" {
		t.Errorf("one's own: got %d", got.status)
	}
}
