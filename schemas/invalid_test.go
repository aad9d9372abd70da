package schemas_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"permithub/schemas"
)

// spoiled is a sample with one fault; where names the value that the schema must object to.
type spoiled struct {
	topic, from, pointer string
	value                any // nil takes the value away
	where                string
}

var spoiledSamples = map[string]spoiled{
	"no-id":                     {schemas.TopicCaseInput, "submission", "/input_id", nil, ""},
	"null":                      {schemas.TopicCaseInput, "submission", "/traceparent", json.RawMessage("null"), "/traceparent"},
	"unknown-kind":              {schemas.TopicCaseInput, "submission", "/kind", "phone_call", "/kind"},
	"kind-without-its-part":     {schemas.TopicCaseInput, "submission", "/kind", "withdrawal", ""},
	"submission-without-person": {schemas.TopicCaseInput, "submission", "/person", nil, ""},
	"submission-without-name":   {schemas.TopicCaseInput, "submission", "/person/full_name", nil, "/person"},
	"application-no-short":      {schemas.TopicCaseInput, "withdrawal", "/application_no", "K3JQ", "/application_no"},
	"dossier-id-lower-case":     {schemas.TopicCaseInput, "withdrawal", "/dossier_id", "k3jqk3jqk3jq", "/dossier_id"},
	"time-in-utc":               {schemas.TopicCaseInput, "withdrawal", "/received_at", "2024-09-10T02:00:00Z", "/received_at"},
	"time-of-nanoseconds":       {schemas.TopicCaseInput, "withdrawal", "/received_at", "2024-09-10T10:00:00.123456789+08:00", "/received_at"},
	"time-that-never-was":       {schemas.TopicCaseInput, "withdrawal", "/received_at", "2024-02-30T10:00:00+08:00", "/received_at"},
	"date-that-never-was":       {schemas.TopicCaseInput, "submission", "/submission/declaration/date", "2023-02-29", "/submission/declaration/date"},
	"date-with-a-time":          {schemas.TopicCaseInput, "submission", "/submission/declaration/date", "2024-09-10T00:00:00+08:00", "/submission/declaration/date"},
	"hash-in-capitals":          {schemas.TopicCaseInput, "submission", "/submission/notice/sha256", strings.Repeat("A", 64), "/submission/notice/sha256"},
	"two-recognition-types":     {schemas.TopicCaseInput, "submission", "/submission/recognition_type", []string{"existing_permit", "registration_time"}, "/submission/recognition_type"},
	"unknown-condition":         {schemas.TopicCaseInput, "submission", "/submission/employment", []string{"lottery"}, "/submission/employment/0"},
	"division-outside-haiyan":   {schemas.TopicCaseInput, "submission", "/submission/current_division", "330106001", "/submission/current_division"},
	"empty-material":            {schemas.TopicCaseInput, "submission", "/submission/materials/0/size", 0, "/submission/materials/0/size"},
	"citizen-id-of-15-digits":   {schemas.TopicCaseInput, "submission", "/person/citizen_id", "411302900101001", "/person/citizen_id"},
	"citizen-id-lower-x":        {schemas.TopicCaseInput, "submission", "/person/citizen_id", "11010519491231002x", "/person/citizen_id"},
	"land-line":                 {schemas.TopicCaseInput, "submission", "/person/contact_phone/number", "0573-86000000", "/person/contact_phone/number"},
	"sex-by-letter":             {schemas.TopicCaseInput, "submission", "/person/sex", "M", "/person/sex"},
	"supplement-without-source": {schemas.TopicCaseInput, "supplement", "/person/contact_phone/source", nil, "/person/contact_phone"},
	"unknown-action":            {schemas.TopicCaseInput, "officer-accept", "/action/kind", "forgive", "/action/kind"},
	"unknown-ground":            {schemas.TopicCaseInput, "officer-suspend", "/action/ground", "holiday", "/action/ground"},
	"item-as-text":              {schemas.TopicCaseInput, "officer-request-supplement", "/action/items", []string{"请补身份证"}, "/action/items/0"},
	"effect-of-nothing":         {schemas.TopicCaseInput, "effect-attempt", "/attempt/effect_id", "notify-1", "/attempt/effect_id"},
	"licence-id-of-elsewhere":   {schemas.TopicCaseInput, "effect-result-permit", "/result/permit/licence_id", "1.2.840.1", "/result/permit/licence_id"},
	"delivered-as-word":         {schemas.TopicCaseInput, "sms-receipt", "/receipt/delivered", "yes", "/receipt/delivered"},
	"rung-over-100":             {schemas.TopicCaseInput, "deadline-reached", "/deadline/rung", 101, "/deadline/rung"},
	"unknown-clock":             {schemas.TopicCaseInput, "deadline-reached", "/deadline/clock", "T9", "/deadline/clock"},

	"seq-zero":          {schemas.TopicCaseLog, "submitted", "/seq", 0, "/seq"},
	"no-events":         {schemas.TopicCaseLog, "submitted", "/events", []any{}, "/events"},
	"events-null":       {schemas.TopicCaseLog, "submitted", "/events", json.RawMessage("null"), "/events"},
	"unknown-event":     {schemas.TopicCaseLog, "submitted", "/events/0/type", "forgotten", "/events/0/type"},
	"unknown-stage":     {schemas.TopicCaseLog, "submitted", "/dossier/open/stage", "lost", "/dossier/open/stage"},
	"unknown-effect":    {schemas.TopicCaseLog, "issued-three-cancels", "/effects/0/kind", "revive", "/effects/0/kind"},
	"effect-without-id": {schemas.TopicCaseLog, "issued-three-cancels", "/effects/0/effect_id", nil, "/effects/0"},
	"unknown-notice":    {schemas.TopicCaseLog, "notice-granted", "/effects/0/notice", "N0", "/effects/0/notice"},
	"duty-in-limbo":     {schemas.TopicCaseLog, "licence-pushed", "/dossier/open/duties/0/status", "lost", "/dossier/open/duties/0/status"},
	"chain-cut":         {schemas.TopicCaseLog, "accepted", "/prev_hash", "none", "/prev_hash"},
	"offset-below-zero": {schemas.TopicCaseLog, "accepted", "/input/offset", -1, "/input/offset"},
	"offset-as-text":    {schemas.TopicCaseLog, "accepted", "/input/offset", "17", "/input/offset"},

	"value-not-base64": {schemas.TopicDeadLetter, "undecodable", "/value", "%%", "/value"},
	"unknown-class":    {schemas.TopicDeadLetter, "undecodable", "/class", "fatal", "/class"},
	"no-position":      {schemas.TopicDeadLetter, "undecodable", "/offset", nil, ""},

	"unknown-disposition":  {schemas.TopicDisposition, "given-up", "/kind", "forgotten", "/kind"},
	"disposition-of-none":  {schemas.TopicDisposition, "given-up", "/dead_letter_id", nil, ""},
	"reason-in-words":      {schemas.TopicDisposition, "given-up", "/reason", "来源已重报", "/reason"},
	"ticket-in-words":      {schemas.TopicDisposition, "given-up", "/ticket", "张三的单子", "/ticket"},
	"repair-not-in-base64": {schemas.TopicDisposition, "repaired", "/value", "%%", "/value"},

	"stage-in-chinese":    {schemas.TopicApplications, "issued", "/stage", "已签发", "/stage"},
	"reason-without-text": {schemas.TopicApplications, "refused", "/reasons/0/text", nil, "/reasons/0"},
	"event-id-bare":       {schemas.TopicApplications, "issued", "/event_id", "7", "/event_id"},
	"permit-type":         {schemas.TopicPermits, "permit_issued", "/type", "issued", "/type"},
	"permit-without-no":   {schemas.TopicPermits, "permit_issued", "/permit_no", nil, ""},
}

func TestSpoiledSamplesAreRefused(t *testing.T) {
	validators := map[string]*jsonschema.Schema{}
	for topic := range decoders {
		validators[topic] = compiled(t, topic)
	}
	samples := map[string][]byte{}
	for _, s := range tellStories(t).samples {
		samples[s.topic+"/"+s.name] = s.value
	}
	for name, s := range spoiledSamples {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", s.topic, "invalid", name+".json")
			value := spoil(t, samples[s.topic+"/"+s.from], s.pointer, s.value)
			if *update {
				write(t, file, value)
			}
			if diff := cmp.Diff(string(read(t, file)), string(value)); diff != "" {
				t.Errorf("%s is out of date (-file +now):\n%s", file, diff)
			}
			err := validate(t, validators[s.topic], value)
			var invalid *jsonschema.ValidationError
			if !errors.As(err, &invalid) {
				t.Fatalf("valid, or not read: %v", err)
			}
			if !pointsAt(invalid, s.where) {
				t.Errorf("nothing is said of %q:\n%v", s.where, err)
			}
		})
	}
	for topic := range decoders {
		for _, name := range list(t, filepath.Join("testdata", topic, "invalid", "*.json")) {
			if s, ok := spoiledSamples[strings.TrimSuffix(filepath.Base(name), ".json")]; ok && s.topic == topic {
				continue
			}
			t.Errorf("%s is left over", name)
			if *update {
				if err := os.Remove(name); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func pointsAt(e *jsonschema.ValidationError, pointer string) bool {
	at := ""
	for _, step := range e.InstanceLocation {
		at += "/" + step
	}
	if len(e.Causes) == 0 {
		return at == pointer
	}
	for _, c := range e.Causes {
		if pointsAt(c, pointer) {
			return true
		}
	}
	return false
}

// spoil sets or takes away the value at a pointer (RFC 6901 without escapes).
func spoil(t *testing.T, sample []byte, pointer string, value any) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(sample, &root); err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(pointer, "/")[1:]
	at := root
	for _, step := range steps[:len(steps)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			at = v[step[0]-'0']
		}
	}
	parent, ok := at.(map[string]any)
	if !ok || parent[steps[len(steps)-1]] == nil {
		t.Fatalf("the sample has nothing at %s", pointer)
	}
	if value == nil {
		delete(parent, steps[len(steps)-1])
	} else {
		parent[steps[len(steps)-1]] = value
	}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}
