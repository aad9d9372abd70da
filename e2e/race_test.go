package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"permithub/internal/demo"
	"permithub/schemas"
)

// told is what the desk said to one of two officers.
type told struct {
	status int
	took   time.Duration
	body   struct {
		Version  int64 `json:"version"`
		Problems []struct {
			Code string `json:"code"`
		} `json:"problems"`
		Happened []struct {
			Who string `json:"who"`
		} `json:"happened"`
	}
}

// TestTwoOfficersDecideAtOnce has pairs of officers decide one case each from one version, in the same moment: one is told that it is done, the
// other, at once, that it is not, and who decided what. What the desk said is what the log holds.
func TestTwoOfficersDecideAtOnce(t *testing.T) {
	set, err := demo.BuiltIn() // for its officers
	if err != nil {
		t.Fatal(err)
	}
	const pairs = 120
	var lines []demo.Line
	for n := range pairs {
		l, err := demo.Stream(set, n+1)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, demo.ForPeople(l))
	}
	in := install(t, startServers(t), set, nil)
	hub := in.serve(t)
	results := in.send(t, lines, nil)
	for _, r := range results {
		if r.Outcome != string(schemas.StagePreExamine) {
			t.Fatalf("line %d waits in %s", r.Line, r.Outcome)
		}
	}
	var all []time.Duration
	var mu sync.Mutex
	var officers sync.WaitGroup
	gate := make(chan struct{}, 4) // pairs at once
	for i, r := range results {
		gate <- struct{}{}
		officers.Go(func() {
			defer func() { <-gate }()
			one, two := in.pair(t, r.ApplicationNo, i)
			winner, loser, first := one, two, "S001"
			if loser.status == http.StatusOK {
				winner, loser, first = two, one, "S002"
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, one.took, two.took)
			switch {
			case winner.status != http.StatusOK || loser.status != http.StatusConflict:
				t.Errorf("%s: told %d and %d", r.ApplicationNo, one.status, two.status)
			case loser.body.Problems[0].Code != "version_changed" || len(loser.body.Happened) == 0 || loser.body.Happened[0].Who != first || loser.body.Version <= winner.body.Version:
				t.Errorf("%s: the winner was told %+v, the loser %+v", r.ApplicationNo, winner.body, loser.body)
			}
		})
	}
	officers.Wait()
	slices.Sort(all)
	if len(all) > 0 {
		t.Logf("%d answers of the log at %s: p50 %v, p99 %v, worst %v", len(all), in.servers.name, all[len(all)/2], all[len(all)*99/100], all[len(all)-1])
	}
	in.audit(t)
	hub.stop(t, closing)
}

// pair sends the acts of two officers at the same moment; who is woken first takes turns.
func (in *installation) pair(t *testing.T, no string, n int) (one, two told) {
	acts := []struct{ officer, body string }{
		{"S001", `{"action_id":"race","action":"accept","expect_version":%d}`},
		{"S002", `{"action_id":"race","action":"not_accept","reasons":["no_condition"],"expect_version":%d}`},
	}
	version := in.version(t, no)
	start := make(chan struct{})
	var both sync.WaitGroup
	for k := range acts {
		act, answer := acts[(k+n)%2], []*told{&one, &two}[(k+n)%2]
		both.Go(func() {
			<-start
			began := time.Now()
			*answer = in.decide(t, act.officer, no, fmt.Sprintf(act.body, version))
			answer.took = time.Since(began)
		})
	}
	close(start)
	both.Wait()
	return one, two
}

// version is that of the case as the log has it by now.
func (in *installation) version(t *testing.T, no string) int64 {
	t.Helper()
	var v int64
	for _, r := range in.read.copied(schemas.TopicCaseLog) {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Error(err)
			return 0
		}
		if tr.ApplicationNo == no {
			v = tr.Seq
		}
	}
	return v
}

func (in *installation) decide(t *testing.T, officer, no, body string) (answer told) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.fronts["desk"].url()+"/v1/cases/"+no+"/actions", strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return answer
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+in.doors.Tokens[officer])
	res, err := in.doors.HTTP.Do(req)
	if err != nil {
		t.Error(err)
		return answer
	}
	defer func() { _ = res.Body.Close() }()
	answer.status = res.StatusCode
	raw, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(raw, &answer.body)
	}
	if err != nil {
		t.Errorf("%s: %v", no, err)
	}
	return answer
}
