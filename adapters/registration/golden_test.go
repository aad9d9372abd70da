package registration

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// What the foreign system's people read: the requests as they go out, and the mapping of an answer.
func TestGoldens(t *testing.T) {
	answer, err := os.ReadFile(filepath.Join("testdata", "person.answer.json"))
	if err != nil {
		t.Fatal(err)
	}
	requests := map[string][]byte{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests[r.URL.Path], _ = io.ReadAll(r.Body)
		if r.URL.Path == pathQuery {
			_, _ = w.Write(answer)
			return
		}
		_, _ = io.WriteString(w, `{"code":"00","data":{"zxjg":"1","zxlsh":"ZX20260105000001","zxsj":"20260105120000","xzjbh":"`+newNo+`"}}`)
	}))
	defer srv.Close()
	s := newSystem(t, config(srv.URL))
	facts, err := s.Lookup(t.Context(), order())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cancel(t.Context(), order()); err != nil {
		t.Fatal(err)
	}
	golden(t, "query.request.json", requests[pathQuery])
	golden(t, "cancel.request.json", requests[pathCancel])
	b, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "person.facts.json", b)
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, got, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
