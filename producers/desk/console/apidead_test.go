package console

import (
	"slices"
	"strings"
	"testing"

	"permithub/internal/accounts"
	"permithub/internal/deadletter"
	"permithub/producers/desk"
	"permithub/schemas"
)

// What the operator's pages do, a program does: look, repair with every fault named, replay once.
func TestALetterIsRepairedByTheInterface(t *testing.T) {
	b := newBench(t)
	check := contractOf(t)
	no := b.submit(t, citizenID, "1")
	id := b.park(t, b.withdrawal(t, no), spoilt)
	p := b.program(t, "1005")
	at := "/v1/dead/letters/" + id
	if waiting := p.keeps(check, "dead", "/v1/dead", nil, 200)["raw"].(string); !strings.Contains(waiting, `"code":"undecodable"`) || !strings.Contains(waiting, `"letters":1`) {
		t.Errorf("the group: %s", waiting)
	}
	if list := p.keeps(check, "letters", "/v1/dead/letters?step=approval&code=undecodable", nil, 200); list["total"] != 1.0 || !strings.Contains(list["raw"].(string), id) {
		t.Errorf("the list: %v", list)
	}
	p.keeps(check, "letters", "/v1/dead/letters?from=x", nil, 422)
	p.keeps(check, "letter", "/v1/dead/letters/nothing", nil, 404)
	letter := p.keeps(check, "letter", at, nil, 200)
	for _, secret := range []string{phone, citizenID, fullName, "Window"} {
		if strings.Contains(letter["raw"].(string), secret) {
			t.Errorf("masked, it shows %q", secret)
		}
	}
	if letter["application_no"] != no || letter["repairable"] != true || !strings.Contains(letter["raw"].(string), `"verdict":"invalid"`) {
		t.Errorf("the letter: %v", letter)
	}
	if got := codes(p.keeps(check, "reveal_letter", at+"/reveal", object{"purpose": "curiosity"}, 422)); !slices.Equal(got, []string{"/purpose purpose_unknown"}) {
		t.Errorf("another purpose: %v", got)
	}
	if shown := p.keeps(check, "reveal_letter", at+"/reveal", object{"purpose": "repair_record"}, 200); !strings.Contains(shown["raw"].(string), fullName) || shown["revealed"] != true {
		t.Error("nothing is revealed")
	}
	text := letter["content"].(string)
	if got := p.keeps(check, "replay_letter", at+"/replay", nil, 409); !strings.Contains(got["raw"].(string), "/withdrawal/reason") || !strings.HasSuffix(got["type"].(string), "letter_invalid") {
		t.Errorf("what is invalid: %v", got)
	}
	var pointers []string
	faults, _ := p.keeps(check, "repair_letter", at+"/repair", object{"content": strings.Replace(text, `"kind"`, `"kinds"`, 1)}, 422)["problems"].([]any)
	for _, f := range faults {
		pointers = append(pointers, f.(map[string]any)["pointer"].(string))
	}
	for _, want := range []string{"/kind", "/source", "/withdrawal/reason"} {
		if !slices.Contains(pointers, want) {
			t.Errorf("a repair's faults lack %s: %v", want, pointers)
		}
	}
	repaired := p.keeps(check, "repair_letter", at+"/repair", object{"content": mended(text)}, 200)
	if repaired["of"] == nil || !strings.Contains(repaired["raw"].(string), `"pointer":"/source","before":"●","after":"\"window\""`) {
		t.Errorf("repaired: %v", repaired)
	}
	p.keeps(check, "repair_letter", at+"/repair", object{"content": mended(text)}, 409) // over a repair that was not seen
	values := len(b.hub.values)
	if got := p.keeps(check, "replay_letter", at+"/replay", nil, 200); got["verdict"] != "would_change" || len(b.hub.values) != values+1 {
		t.Errorf("replayed: %v", got)
	}
	p.keeps(check, "replay_letter", at+"/replay", nil, 409)
	p.keeps(check, "give_up_letter", at+"/give-up", object{"reason": "sent_again"}, 409)
	if len(b.hub.values) != values+1 {
		t.Error("a letter was replayed twice")
	}
	for _, want := range []string{"1005 reveal_letter repair_record done", "1005 repair_letter  done", "1005 replay_letter  done"} {
		if !slices.Contains(b.audited(t), want) {
			t.Errorf("not in the audit log: %s", want)
		}
	}
}

func TestALetterIsGivenUpByTheInterface(t *testing.T) {
	b := newBench(t)
	check := contractOf(t)
	no := b.submit(t, citizenID, "1")
	p := b.program(t, "1005")
	at := "/v1/dead/letters/" + b.park(t, b.withdrawal(t, no), spoilt) + "/give-up"
	for want, body := range map[string]object{"/reason required": {}, "/reason give_up_reason_unknown": {"reason": "bored"}, "/ticket ticket_form": {"reason": "sent_again", "ticket": "张三的事"}} {
		if got := codes(p.keeps(check, "give_up_letter", at, body, 422)); !slices.Equal(got, []string{want}) {
			t.Errorf("%v: got %v", body, got)
		}
	}
	if got := p.keeps(check, "give_up_letter", at, object{"reason": "sent_again", "ticket": "YW-7"}, 200); !strings.Contains(got["raw"].(string), `"state":"given_up"`) || !strings.Contains(got["raw"].(string), "YW-7") {
		t.Errorf("given up: %v", got)
	}
	if b.stage(t, no) != schemas.StagePreExamine || !slices.Contains(b.audited(t), "1005 give_up_letter  done") {
		t.Error("the case changed, or it is not recorded")
	}
}

// A run over many: tried dry, of more than one may decide agreed to by a second person, and of a relative's letters none.
func TestManyAreReplayedByTheInterface(t *testing.T) {
	b := newBench(t)
	check := contractOf(t)
	no := b.submit(t, citizenID, "1")
	for _, u := range []accounts.User{{ID: "1011", Name: "官1011"}, {ID: "1012", Name: "官1012", Kin: []string{no[:12]}}} {
		u.Password, u.Roles = passwordHash(), []string{string(desk.Operator)}
		if err := b.users.Put(u); err != nil {
			t.Fatal(err)
		}
	}
	for range deadletter.MaxAlone + 1 {
		b.park(t, b.withdrawal(t, no), spoilt)
	}
	one, two, kin := b.program(t, "1005"), b.program(t, "1011"), b.program(t, "1012")
	if run := one.keeps(check, "run", "/v1/dead/run", nil, 200); run["total"] != 0.0 {
		t.Errorf("before the first: %v", run)
	}
	one.keeps(check, "run", "/v1/dead/run?from=x", nil, 422)
	want := []string{"/dead_letter_ids letters_choice", "/rate rate_range", "/reason required"}
	if got := codes(one.keeps(check, "begin_run", "/v1/dead/run", object{"give_up": true, "rate": 1001}, 422)); !slices.Equal(got, want) {
		t.Errorf("faults: %v", got)
	}
	group := func(more object) object {
		o := object{"whole_group": true, "step": "approval", "code": "undecodable", "rate": 1000}
		for k, x := range more {
			o[k] = x
		}
		return o
	}
	ended := func() object {
		for {
			if run := one.keeps(check, "run", "/v1/dead/run", nil, 200); run["running"] == false {
				return run
			}
		}
	}
	one.keeps(check, "begin_run", "/v1/dead/run", group(object{"dry_run": true}), 200)
	if run := ended(); run["done"] != 21.0 || !strings.Contains(run["raw"].(string), `{"verdict":"invalid","name":"内容有误，须先修复","letters":21}`) || len(b.dead.topics[schemas.TopicDisposition]) != 0 {
		t.Errorf("the dry run: %v", run)
	}
	if run := one.keeps(check, "begin_run", "/v1/dead/run", group(object{"give_up": true, "reason": "beyond_repair"}), 200); run["waits_for_second"] != true || run["done"] != 0.0 {
		t.Errorf("it does not wait: %v", run)
	}
	one.keeps(check, "agree_to_run", "/v1/dead/run/agree", nil, 409) // whoever asked
	two.keeps(check, "agree_to_run", "/v1/dead/run/agree", nil, 200)
	if run := ended(); run["second"] != "1011" || run["done"] != 21.0 || !strings.Contains(run["raw"].(string), `"verdict":"was_given_up"`) {
		t.Errorf("given up: %v", run)
	}
	id := b.park(t, b.withdrawal(t, no), nil)
	for op, path := range map[string]string{"letter": "", "replay_letter": "/replay", "repair_letter": "/repair", "reveal_letter": "/reveal", "give_up_letter": "/give-up"} {
		var body any
		if o, ok := bodies()[op]; ok {
			body = o
		}
		kin.keeps(check, op, "/v1/dead/letters/"+id+path, body, 403)
	}
	if run := kin.keeps(check, "begin_run", "/v1/dead/run", object{"dead_letter_ids": []string{id}, "rate": 1000}, 200); run["total"] != 0.0 || b.stage(t, no) != schemas.StagePreExamine {
		t.Errorf("a relative's letter: %v", run)
	}
	ended()
	ids := []string{id, "approval-case-input.v1-0-99", "approval-case-input.v1-0-98"}
	one.keeps(check, "begin_run", "/v1/dead/run", object{"dead_letter_ids": ids, "rate": 1}, 200)
	one.keeps(check, "begin_run", "/v1/dead/run", object{"dead_letter_ids": ids, "rate": 1}, 409)
	if run := one.keeps(check, "stop_run", "/v1/dead/run/stop", nil, 200); run["running"] != false {
		t.Errorf("it does not stop: %v", run)
	}
	one.keeps(check, "continue_run", "/v1/dead/run/continue", nil, 200)
	if run := ended(); run["done"] != 3.0 {
		t.Errorf("it does not go on: %v", run)
	}
	for _, want := range []string{"1005 foresee_letters  done", "1005 give_up_letters  done", "1011 agree_to_replay  done", "1005 stop_replay  done", "1005 continue_replay  done", "1012 replay_letter  refused"} {
		if !slices.Contains(b.audited(t), want) {
			t.Errorf("not in the audit log: %s", want)
		}
	}
}
