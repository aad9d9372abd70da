package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/schemas"
)

// replayedAndDied has an officer's second look at a record that approval could not read: it is repaired behind its placeholders and replayed, the
// process dies before it has written that down, and it is replayed again. The record is on case-input twice, under one id, and counts once.
func replayedAndDied(t *testing.T, c *crash, in *installation) {
	approval := in.serve(t, "approval")
	in.ready(t, approval)
	issued(t, in.send(t, in.lines, nil))
	input := in.unreadableApplication(t)
	var letter schemas.DeadLetter
	eventually(t, "it is a dead letter", func() string {
		all := in.read.copied(schemas.TopicDeadLetter)
		if len(all) == 0 {
			return "none"
		}
		if err := json.Unmarshal(all[0].Value, &letter); err != nil {
			t.Fatal(err)
		}
		return ""
	})
	approval.stop(t, closing) // so that nothing is decided between the two replays
	in.left(approval)

	said := in.run(t, "dead show", letter.DeadLetterID)
	for _, want := range []string{"现居住地区划：格式不符", "内容有误，须先修复", input.ApplicationNo} {
		if !strings.Contains(said, want) {
			t.Errorf("show does not say %s:\n%s", want, said)
		}
	}
	if strings.Contains(said, input.Person.FullName) || strings.Contains(said, input.Person.CitizenID) {
		t.Error("show names the person")
	}
	value := in.run(t, "dead show", "--value", letter.DeadLetterID)
	spoilt := value[strings.Index(value, `"current_division"`):]
	spoilt = spoilt[:strings.Index(spoilt, "\n")]
	file := filepath.Join(in.dir, "repaired.json")
	repaired := strings.Replace(value, spoilt, fmt.Sprintf(`"current_division": %q,`, input.Submission.CurrentDivision), 1)
	if err := os.WriteFile(file, []byte(repaired), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := in.run(t, "dead repair", "--dry-run", "--by", "yw01", letter.DeadLetterID, file); !strings.Contains(said, fmt.Sprintf("改动    /submission/current_division  ● → %q\n可以修复", input.Submission.CurrentDivision)) {
		t.Errorf("the dry run:\n%s", said)
	}
	in.run(t, "dead repair", "--by", "yw01", letter.DeadLetterID, file)

	replay := []string{"dead", "replay", "--config", in.config, "--by", "yw01", letter.DeadLetterID}
	victim := launchProgram(t, in.program, "dead replay", []string{fmt.Sprintf("FAILPOINT=%s:%d", c.point, c.pass)}, replay...)
	in.all = append(in.all, victim)
	in.dies(t, victim)
	if said := in.run(t, "dead list"); !strings.Contains(said, letter.DeadLetterID) {
		t.Errorf("the letter does not stand:\n%s", said)
	}
	if said := in.run(t, "dead replay", "--by", "yw01", letter.DeadLetterID); !strings.Contains(said, "将进入办理") {
		t.Errorf("the second replay:\n%s", said)
	}
	in.serve(t, c.victim...)
	eventually(t, "the application is decided", func() string { return in.decided(input.InputID, 1) })
	in.rest(t)
	if said := in.run(t, "dead replay", "--by", "yw01", letter.DeadLetterID); !strings.Contains(said, "此前已处置") {
		t.Errorf("the third replay:\n%s", said)
	}
	copies := 0
	for _, r := range in.read.copied(schemas.TopicCaseInput) {
		if r.Headers["ce_id"] == input.InputID {
			copies++
			if r.Key != input.DossierID {
				t.Errorf("a copy under the key %s", r.Key)
			}
		}
	}
	if left := in.decided(input.InputID, 1); copies != 3 || left != "" {
		t.Errorf("%d copies on case-input, want the first and two replays; %s", copies, left)
	}
	if said := in.run(t, "dead list"); strings.Contains(said, letter.DeadLetterID) {
		t.Errorf("the letter still stands:\n%s", said)
	}
}

// decided says how many transitions answer the input, or "" where there are as many as wanted.
func (in *installation) decided(inputID string, want int) string {
	n := 0
	for _, r := range in.read.copied(schemas.TopicCaseLog) {
		if t, err := schemas.DecodeTransition(r.Value); err == nil && t.Input.InputID == inputID {
			n++
		}
	}
	if n != want {
		return fmt.Sprintf("%d transitions answer it", n)
	}
	return ""
}

// unreadableApplication has the source of the first line send that person's next application with a township's name where its code belongs.
func (in *installation) unreadableApplication(t *testing.T) *schemas.Input {
	t.Helper()
	var input *schemas.Input
	for _, r := range in.read.copied(schemas.TopicCaseInput) {
		if got, err := schemas.DecodeInput(r.Value); err == nil && got.Submission != nil {
			input = got
			break
		}
	}
	if input == nil {
		t.Fatal("nothing was submitted")
	}
	input.Submission.SourceApplicationNo = "unreadable-1"
	input.ApplicationNo = schemas.ApplicationNo(input.DossierID, input.Source, input.Submission.SourceApplicationNo)
	input.InputID = schemas.InputID(input.Source, input.Submission.SourceApplicationNo, input.Kind)
	input.BodyHash = schemas.BodyHash([]byte(input.InputID))
	rec, err := input.Record()
	if err != nil {
		t.Fatal(err)
	}
	right := fmt.Sprintf(`"current_division":%q`, input.Submission.CurrentDivision)
	r := &kgo.Record{Topic: in.prefix + "." + rec.Topic, Key: []byte(rec.Key), Value: []byte(strings.Replace(string(rec.Value), right, `"current_division":"武原街道"`, 1))}
	for _, h := range rec.Headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)})
	}
	if err := in.read.client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return input
}
