package dataplatformsim

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"permithub/internal/simulator"
)

// Operations in the ledger.
const (
	OpPush   = "push"
	OpRecord = "record"
)

// Result codes of a row.
const (
	Taken    = "0000"
	Before   = "0001"
	NoTable  = "1001"
	NoKey    = "1002"
	Conflict = "1009"
	Busy     = "9001"
)

const maxBody = 256 << 10

// Config says what the simulated platform is.
type Config struct {
	// AccessKey and Secret are the only key that the gateway in front lets through.
	AccessKey string
	Secret    string
	// Path is that of the push interface. Empty is /api/case-library/v1/push.
	Path string
	// Tables are those that the platform has. Empty is up_pro_accept, up_pro_result and up_lic_data.
	Tables []string
}

// Row is one row that the platform holds.
type Row struct {
	RecordID string            `json:"recordId"`
	Table    string            `json:"table"`
	Row      map[string]string `json:"row"`
}

type push struct {
	RequestID string `json:"requestId"`
	Records   []Row  `json:"records"`
}

type result struct {
	RecordID   string `json:"recordId"`
	ResultCode string `json:"resultCode"`
	ResultMsg  string `json:"resultMsg"`
}

// Platform is the simulated platform. It is safe for concurrent use.
type Platform struct {
	kit    *simulator.Kit
	mux    http.Handler
	tables []string

	mu      sync.Mutex
	rows    map[string]Row    // by recordId
	order   []string          // recordIds, oldest first
	batches map[string]string // by requestId
	whole   map[string]bool   // requestIds of which every row is there
	forced  map[string]string // result code by table
}

// New returns a platform with the rows that the kit's ledger holds.
func New(cfg Config, kit *simulator.Kit) *Platform {
	if cfg.Path == "" {
		cfg.Path = "/api/case-library/v1/push"
	}
	if len(cfg.Tables) == 0 {
		cfg.Tables = []string{"up_pro_accept", "up_pro_result", "up_lic_data"}
	}
	p := &Platform{
		kit: kit, tables: cfg.Tables,
		rows: map[string]Row{}, batches: map[string]string{}, whole: map[string]bool{}, forced: map[string]string{},
	}
	p.restore()
	kit.Refusal = func(_, code string) (int, any) {
		return http.StatusOK, map[string]any{"code": code, "msg": "推送失败"}
	}

	gate := &simulator.HMACAuth{Secrets: map[string]string{cfg.AccessKey: cfg.Secret}}
	mux := http.NewServeMux()
	mux.Handle("POST "+cfg.Path, gate.Guard(kit, http.HandlerFunc(p.servePush)))
	mux.HandleFunc("GET /_sim/rows", func(w http.ResponseWriter, r *http.Request) {
		simulator.Answer(w, http.StatusOK, p.Rows(r.URL.Query().Get("table")))
	})
	kit.Mount(mux)
	p.mux = mux
	return p
}

// ServeHTTP serves the interface and, under /_sim/, the control routes and GET rows?table=.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Rows returns the rows of a table, or of all where it is "", oldest first.
func (p *Platform) Rows(table string) []Row {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows := []Row{}
	for _, id := range p.order {
		if r := p.rows[id]; table == "" || r.Table == table {
			rows = append(rows, r)
		}
	}
	return rows
}

// Answer makes every new row of a table end with code and not be taken; "" makes it normal again.
func (p *Platform) Answer(table, code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forced[table] = code
}

func (p *Platform) servePush(w http.ResponseWriter, r *http.Request) {
	var in push
	if json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&in) != nil || in.RequestID == "" {
		simulator.Answer(w, http.StatusBadRequest, map[string]string{"message": "the body is not a push"})
		return
	}
	keys := []string{in.RequestID}
	for i := range in.Records {
		keys = append(keys, in.Records[i].Row["project_no"], in.Records[i].RecordID)
	}
	p.kit.Serve(OpPush, keys, w, r, func() (int, any) { return p.take(&in) })
}

func (p *Platform) take(in *push) (int, any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	results, all := make([]result, 0, len(in.Records)), true
	for i := range in.Records {
		code := p.takeRow(&in.Records[i])
		all = all && (code == Taken || code == Before)
		results = append(results, result{in.Records[i].RecordID, code, "证件号 " + in.Records[i].Row["holder_page_code"] + " " + code})
	}
	outcome := simulator.Done
	switch {
	case !all:
		outcome = simulator.Refused
	case p.whole[in.RequestID]:
		outcome = simulator.Already
	}
	if all {
		p.whole[in.RequestID] = true
	}
	batch := p.batchOf(in.RequestID)
	p.kit.Record(simulator.Entry{Op: OpPush, RequestID: in.RequestID, Outcome: outcome, Detail: map[string]any{"batch": batch}})
	return http.StatusOK, map[string]any{"code": "00", "msg": "接收成功", "datas": map[string]any{"batchNo": batch, "results": results}}
}

func (p *Platform) batchOf(requestID string) string {
	if p.batches[requestID] == "" {
		p.batches[requestID] = "B" + strconv.Itoa(1+len(p.batches))
	}
	return p.batches[requestID]
}

func (p *Platform) takeRow(r *Row) string {
	e := simulator.Entry{Op: OpRecord, RequestID: r.RecordID, Keys: []string{r.Table, r.Row["project_no"]}, Outcome: simulator.Refused}
	code := p.judge(r)
	switch code {
	case Taken:
		e.Outcome, e.Detail = simulator.Done, map[string]any{"row": *r}
		p.keep(*r)
	case Before:
		e.Outcome = simulator.Already
	default:
		e.Detail = map[string]any{"code": code}
	}
	p.kit.Record(e)
	return code
}

func (p *Platform) judge(r *Row) string {
	before, known := p.rows[r.RecordID]
	switch {
	case known && before.Table == r.Table && maps.Equal(before.Row, r.Row):
		return Before
	case known:
		return Conflict
	case p.forced[r.Table] != "":
		return p.forced[r.Table]
	case !slices.Contains(p.tables, r.Table):
		return NoTable
	case r.RecordID == "" || r.Row["project_no"] == "":
		return NoKey
	}
	return Taken
}

func (p *Platform) keep(r Row) {
	p.rows[r.RecordID] = r
	p.order = append(p.order, r.RecordID)
}

// restore reads the rows and batches back from the ledger of an earlier run.
func (p *Platform) restore() {
	for _, e := range p.kit.Ledger() {
		switch {
		case e.Op == OpRecord && e.Outcome == simulator.Done:
			var r Row
			if raw, err := json.Marshal(e.Detail["row"]); err == nil && json.Unmarshal(raw, &r) == nil && r.RecordID != "" {
				p.keep(r)
			}
		case e.Op == OpPush && e.Detail["batch"] != nil:
			p.batches[e.RequestID], _ = e.Detail["batch"].(string)
			p.whole[e.RequestID] = p.whole[e.RequestID] || e.Outcome == simulator.Done
		}
	}
}
