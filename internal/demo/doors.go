package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"permithub/internal/gateway"
	"permithub/schemas"
)

// Source is one key at the intake, with the channel and the stages that the hub ties to it.
type Source struct {
	Name, AccessKey, Secret string
	Channel                 schemas.Channel
	Stages                  schemas.Stages
}

// Doors are where a demo knocks: the hub's intake and desk, and the control routes of the simulators.
type Doors struct {
	Intake  string // base URL
	Desk    string
	Sources []Source
	// Tokens are the desk's bearer tokens by officer.
	Tokens map[string]string
	// Simulators are the base URLs by system.
	Simulators map[string]string
	HTTP       *http.Client
	Now        func() time.Time
}

// source returns the key for a channel and its stages.
func (d *Doors) source(c schemas.Channel, s schemas.Stages) (*Source, error) {
	for i := range d.Sources {
		if d.Sources[i].Channel == c && d.Sources[i].Stages == s {
			return &d.Sources[i], nil
		}
	}
	return nil, fmt.Errorf("no key for channel %s with stages %v", c, s)
}

// accepted is the answer of the intake and of the desk, whatever the status.
type accepted struct {
	ApplicationNo string    `json:"application_no"`
	InputID       string    `json:"input_id"`
	Title         string    `json:"title"`
	Problems      []Problem `json:"problems"`
}

// maxAnswer bounds what is read of an answer; a problem document names at most some hundred faults.
const maxAnswer = 1 << 20

// send posts a signed body to the intake.
func (d *Doors) send(ctx context.Context, s *Source, path string, body []byte) (int, accepted, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Intake+path, bytes.NewReader(body))
	if err != nil {
		return 0, accepted{}, err
	}
	if err := gateway.Sign(req, s.AccessKey, s.Secret, d.Now()); err != nil {
		return 0, accepted{}, err
	}
	return d.do(req)
}

// act posts an officer's action to the desk.
func (d *Doors) act(ctx context.Context, officer, applicationNo string, body []byte) (int, accepted, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Desk+"/v1/cases/"+applicationNo+"/actions", bytes.NewReader(body))
	if err != nil {
		return 0, accepted{}, err
	}
	req.Header.Set("Authorization", "Bearer "+d.Tokens[officer])
	return d.do(req)
}

func (d *Doors) do(req *http.Request) (int, accepted, error) {
	req.Header.Set("Content-Type", "application/json")
	res, err := d.HTTP.Do(req)
	if err != nil {
		return 0, accepted{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return res.StatusCode, accepted{}, err
	}
	var a accepted
	if err := json.Unmarshal(b, &a); err != nil {
		return res.StatusCode, a, fmt.Errorf("%s %s answered %d without JSON", req.Method, req.URL.Path, res.StatusCode)
	}
	return res.StatusCode, a, nil
}

// control posts a value to a control route of a simulator.
func (d *Doors) control(ctx context.Context, system, route string, v any) error {
	base, ok := d.Simulators[system]
	if !ok {
		return fmt.Errorf("no simulator is called %q", system)
	}
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+route, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := d.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("%s simulator: %w", system, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode/100 != 2 {
		b, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		return fmt.Errorf("%s simulator %s: %d: %s", system, route, res.StatusCode, bytes.TrimSpace(b))
	}
	return nil
}
