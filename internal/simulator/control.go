package simulator

import (
	"encoding/json"
	"io"
	"net/http"
)

// ControlPrefix is where simulators mount their control routes on the listener of the simulated system.
const ControlPrefix = "/_sim/"

// maxFault bounds a fault that is set over HTTP.
const maxFault = 16 << 10

// Mount puts the control routes under [ControlPrefix] of mux.
func (k *Kit) Mount(mux *http.ServeMux) {
	mux.Handle(ControlPrefix, http.StripPrefix("/_sim", k.Control()))
}

// Control serves GET /ledger (JSON lines; ?op=, ?key=, ?outcome= select), GET, POST and DELETE /faults (?id= for one), GET /healthz.
func (k *Kit) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ledger", k.getLedger)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { Answer(w, http.StatusOK, k.armedFaults()) })
	mux.HandleFunc("POST /faults", k.postFault)
	mux.HandleFunc("DELETE /faults", k.deleteFaults)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		Answer(w, http.StatusOK, map[string]string{"system": k.system, "status": "ok"})
	})
	return mux
}

func (k *Kit) getLedger(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	enc := json.NewEncoder(w)
	for _, e := range k.Find(Query{Op: q.Get("op"), Key: q.Get("key"), Outcome: q.Get("outcome")}) {
		if err := enc.Encode(e); err != nil {
			return // the reader has gone
		}
	}
}

func (k *Kit) postFault(w http.ResponseWriter, r *http.Request) {
	dec := json.NewDecoder(io.LimitReader(r.Body, maxFault))
	dec.DisallowUnknownFields()
	var f Fault
	err := dec.Decode(&f)
	if err == nil {
		err = f.Validate()
	}
	if err != nil {
		Answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	Answer(w, http.StatusCreated, map[string]string{"id": k.SetFault(f)})
}

func (k *Kit) deleteFaults(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	switch {
	case id == "":
		k.ClearFaults()
	case !k.ClearFault(id):
		Answer(w, http.StatusNotFound, map[string]string{"message": "no such fault"})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
