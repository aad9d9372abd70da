package dataplatform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"permithub/internal/fault"
	"permithub/internal/gateway"
	"permithub/schemas"
)

// system is the code of this adapter's errors, or its beginning.
const system = "dataplatform"

// DefaultBaseURL is the simulator's place on the same machine.
const DefaultBaseURL = "http://127.0.0.1:8732"

// Config says how the platform is reached and who we are there.
type Config struct {
	// BaseURL is what stands before the mapping's path. Empty is [DefaultBaseURL].
	BaseURL string
	// AccessKey and Secret are the provincial gateway's key for this hub. Required.
	AccessKey string
	Secret    string
	// Timeout bounds one call. 0 is 10 s.
	Timeout time.Duration
	// OrgCode and OrgName name the authority that handles and issues. Required.
	OrgCode string
	OrgName string
	// TaskCode and TaskName name the matter in the province's list (事项编码, 事项名称). Required.
	TaskCode string
	TaskName string
	// MappingFile replaces the embedded mapping. Empty keeps it.
	MappingFile string
	// OnSkew hears how far the platform's clock is ahead of ours each time it complained. Nil is silence.
	OnSkew func(ahead time.Duration)
}

func (c *Config) gateway() gateway.Config {
	g := gateway.Config{BaseURL: c.BaseURL, AccessKey: c.AccessKey, Secret: c.Secret, Timeout: c.Timeout, OnSkew: c.OnSkew}
	if g.BaseURL == "" {
		g.BaseURL = DefaultBaseURL
	}
	return g
}

func (c *Config) mapping() (*mapping, error) {
	raw := embedded
	if c.MappingFile != "" {
		var err error
		if raw, err = os.ReadFile(c.MappingFile); err != nil {
			return nil, fmt.Errorf("mapping: %w", err)
		}
	}
	return loadMapping(raw)
}

// Validate returns every fault of the configuration and of its mapping at once; the secret is in none of them.
func (c *Config) Validate() error {
	g := c.gateway()
	errs := []error{g.Validate()}
	for _, need := range []struct{ name, value string }{
		{"org code", c.OrgCode}, {"org name", c.OrgName}, {"task code", c.TaskCode}, {"task name", c.TaskName},
	} {
		if need.value == "" {
			errs = append(errs, fmt.Errorf("%s: needed", need.name))
		}
	}
	_, err := c.mapping()
	return errors.Join(append(errs, err)...)
}

// Client pushes rows. It is safe for concurrent use.
type Client struct {
	cfg      Config
	mapping  *mapping
	platform *gateway.Client
}

// New returns a client; cfg must validate. The mapping is read now and not again.
func New(cfg Config, now func() time.Time) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", system, err)
	}
	m, err := cfg.mapping()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", system, err)
	}
	platform, err := gateway.NewClient(system, cfg.gateway(), now)
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, mapping: m, platform: platform}, nil
}

// Close lets go of the idle connections.
func (c *Client) Close() { c.platform.Close() }

type pushRequest struct {
	RequestID string   `json:"requestId"`
	Records   []record `json:"records"`
}

type record struct {
	RecordID string            `json:"recordId"`
	Table    string            `json:"table"`
	Row      map[string]string `json:"row"`
}

// codeOK is the envelope's code for a push that was looked at; what became of each row is in the results.
const codeOK = "00"

type pushAnswer struct {
	Code  string `json:"code"`
	Datas *struct {
		BatchNo string   `json:"batchNo"`
		Results []result `json:"results"`
	} `json:"datas"`
	// msg and resultMsg are not read: they may quote the person.
}

type result struct {
	RecordID   string `json:"recordId"`
	ResultCode string `json:"resultCode"`
}

// Push sends the rows of o and returns the platform's batch number. It is safe to repeat: the platform knows the effect id and every
// row's record id again.
func (c *Client) Push(ctx context.Context, o schemas.Order) (string, error) {
	ref, err := c.push(ctx, &o, c.mapping.Tables)
	if err != nil {
		return "", fmt.Errorf("push %s: %w", o.Effect.EffectID, err)
	}
	return ref, nil
}

// Correct sends the rows that take the licence of o out of force, as Push does.
func (c *Client) Correct(ctx context.Context, o schemas.Order) (string, error) {
	ref, err := c.push(ctx, &o, c.mapping.Corrections)
	if err != nil {
		return "", fmt.Errorf("correct %s: %w", o.Effect.EffectID, err)
	}
	return ref, nil
}

func (c *Client) push(ctx context.Context, o *schemas.Order, tables []table) (string, error) {
	req, err := c.requestOf(o, tables)
	if err != nil {
		return "", err
	}
	var answer pushAnswer
	status, err := c.platform.Post(ctx, c.mapping.Path, req, &answer)
	if err != nil {
		return "", err
	}
	switch {
	case answer.Code == "" && status >= 300:
		return "", fault.Reject(fmt.Sprintf("%s_http_%d", system, status), nil)
	case answer.Code == codeOK && answer.Datas != nil:
		return c.outcome(req, &answer)
	case answer.Code != "" && answer.Code != codeOK:
		if err := c.refused(answer.Code, ""); err != nil {
			return "", err
		}
	}
	return "", garbled("the answer is not in the interface's envelope")
}

func (c *Client) requestOf(o *schemas.Order, tables []table) (*pushRequest, error) {
	s := &subject{o, &c.cfg}
	req := &pushRequest{RequestID: o.Effect.EffectID, Records: make([]record, 0, len(tables))}
	for i := range tables {
		t := &tables[i]
		row, err := t.row(s)
		if err != nil {
			return nil, err
		}
		req.Records = append(req.Records, record{RecordID: o.Effect.EffectID + "." + t.Table, Table: t.Table, Row: row})
	}
	return req, nil
}

// outcome is done when every row is; a refused row outweighs one that waits, since waiting does not help the case.
func (c *Client) outcome(req *pushRequest, a *pushAnswer) (string, error) {
	codes := make(map[string]string, len(a.Datas.Results))
	for _, r := range a.Datas.Results {
		if before, twice := codes[r.RecordID]; twice && before != r.ResultCode {
			return "", garbled("two results of one row")
		}
		codes[r.RecordID] = r.ResultCode
	}
	var waits error
	for i := range req.Records {
		r := &req.Records[i]
		code, told := codes[r.RecordID]
		if !told || code == "" {
			waits = garbled("no result of " + r.Table)
			continue
		}
		switch err := c.refused(code, r.Table); fault.ClassOf(err) {
		case fault.Permanent:
			return "", err
		case fault.Unavailable:
			waits = err
		}
	}
	if waits != nil {
		return "", waits
	}
	return refOf(a.Datas.BatchNo, req.RequestID), nil
}

// refused returns the error that a code stands for; nil means done.
func (c *Client) refused(code, table string) error {
	stable := gateway.RefusalCode(system, code)
	switch c.mapping.Results.meaning(code) {
	case fault.Unmarked:
		return nil
	case fault.Unavailable:
		return fault.Outage(system, fmt.Errorf("%s %s", table, stable))
	}
	if table == "" {
		return fault.Reject(stable, nil)
	}
	return fault.Rejectf(stable, "row of %s", table)
}

func garbled(why string) error { return fault.Outage(system+"_garbled", errors.New(why)) }

var batchNo = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,64}$`)

// refOf keeps what is no batch number out of the file: the rows are there all the same, under our own id.
func refOf(batch, effectID string) string {
	if batchNo.MatchString(batch) {
		return batch
	}
	return effectID
}
