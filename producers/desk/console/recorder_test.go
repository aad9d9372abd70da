package console

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"permithub/internal/problem"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// answerHolds checks what every answer of the interface promises.
func answerHolds(t *testing.T, op operation, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code >= http.StatusMultipleChoices && w.Code < http.StatusBadRequest { // the mux cleans addresses
		return
	}
	if w.Code < http.StatusBadRequest {
		if w.Code != http.StatusNoContent && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d is no JSON: %s", op.id, w.Code, w.Body)
		}
		return
	}
	var p problem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
		t.Fatalf("%s: %d is no problem: %s", op.id, w.Code, w.Body)
	}
	if w.Code >= http.StatusInternalServerError {
		t.Errorf("%s: %d %s", op.id, w.Code, w.Body)
	}
	faults := []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}
	if slices.Contains(faults, w.Code) && len(p.Faults) == 0 {
		t.Errorf("%s: %d names no fault", op.id, w.Code)
	}
	if op.id == "repair_letter" || op.id == "replay_letter" { // their faults are those of the content's own schema
		return
	}
	for _, f := range p.Faults {
		if !slices.ContainsFunc(Codes(), func(c problem.Code) bool { return c.Name == f.Code }) {
			t.Errorf("%s: the code %s is not in the contract", op.id, f.Code)
		}
	}
}
