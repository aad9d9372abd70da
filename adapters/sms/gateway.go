package sms

import (
	"bytes"
	"context"
	"crypto/md5" // the protocol's choice, not ours
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"permithub/internal/fault"
	"permithub/schemas"
)

// Codes of the errors that this package gives. Those of the gateway's rspcod are in the table beside [Gateway.Send]'s answer.
const (
	codeOutage     = "sms"
	codeUnknown    = "sms_unknown"
	codeMobile     = "sms_invalid_mobile"
	codeMessage    = "sms_invalid_message"
	codeTooLong    = "sms_too_long"
	codeNoTemplate = "sms_template_not_mapped"
)

// Gateway is one account at the SMS gateway. It is safe for concurrent use.
type Gateway struct {
	cfg    Config
	from   []netip.Prefix
	client *http.Client
}

// New returns the gateway of a valid configuration.
func New(cfg Config) (*Gateway, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	from, err := prefixes(cfg.ReceiptFrom)
	if err != nil {
		return nil, err
	}
	return &Gateway{cfg: cfg, from: from, client: newClient(cfg.Timeout)}, nil
}

// Close gives the idle connections back. Calls under way go on.
func (g *Gateway) Close() { g.client.CloseIdleConnections() }

// Send hands one notice to the gateway and returns the gateway's number for it (msgGroup), empty where it gave none. It calls at most
// once. An error of class fault.Uncertain says that the notice may have gone out: the caller must not call again blindly.
func (g *Gateway) Send(ctx context.Context, phone string, sms schemas.SMS) (string, error) {
	path, body, err := g.submission(phone, sms)
	if err != nil {
		return "", fmt.Errorf("send notice %s: %w", sms.EffectID, err)
	}
	answer, err := g.post(ctx, path, body)
	if err != nil {
		return "", fmt.Errorf("send notice %s: %w", sms.EffectID, err)
	}
	ref, err := readAnswer(answer)
	if err != nil {
		return "", fmt.Errorf("send notice %s: %w", sms.EffectID, err)
	}
	return ref, nil
}

func (g *Gateway) submission(phone string, sms schemas.SMS) (string, []byte, error) {
	mobile, ok := mainlandMobile(phone)
	if !ok {
		return "", nil, fault.Reject(codeMobile, nil)
	}
	if g.cfg.Mode == ModeTemplate {
		return g.templated(mobile, sms)
	}
	switch n := Segments(g.cfg.Signature, sms.Text); {
	case strings.TrimSpace(sms.Text) == "":
		return "", nil, fault.Rejectf(codeMessage, "empty text")
	case n > g.cfg.MaxSegments:
		return "", nil, fault.Rejectf(codeTooLong, "%d pieces, at most %d", n, g.cfg.MaxSegments)
	}
	c := &g.cfg
	body, err := encode(freeText{
		account: g.account(mobile, mac(c.ECName, c.APID, c.SecretKey, mobile, sms.Text, c.SignCode, c.AddSerial)),
		Content: sms.Text,
	})
	return "/sms/norsubmit", body, err
}

func (g *Gateway) templated(mobile string, sms schemas.SMS) (string, []byte, error) {
	id, ok := g.templateID(sms.Template, sms.Version)
	if !ok {
		// Ours to mend, so the notice waits.
		return "", nil, fault.Outage(codeNoTemplate, fmt.Errorf("template %s version %d", sms.Template, sms.Version))
	}
	params, err := templateParams(sms.Params)
	if err != nil {
		return "", nil, err
	}
	c := &g.cfg
	body, err := encode(template{
		account:    g.account(mobile, mac(c.ECName, c.APID, c.SecretKey, id, mobile, params, c.SignCode, c.AddSerial)),
		TemplateID: id, Params: params,
	})
	return "/sms/tmpsubmit", body, err
}

func (g *Gateway) templateID(name string, version int) (string, bool) {
	if id, ok := g.cfg.Templates[name+"@"+strconv.Itoa(version)]; ok {
		return id, true
	}
	id, ok := g.cfg.Templates[name]
	return id, ok
}

type account struct {
	ECName    string `json:"ecName"`
	APID      string `json:"apId"`
	SecretKey string `json:"secretKey"`
	Mobiles   string `json:"mobiles"`
	Sign      string `json:"sign"`
	AddSerial string `json:"addSerial"`
	MAC       string `json:"mac"`
}

type freeText struct {
	account
	Content string `json:"content"`
}

type template struct {
	account
	TemplateID string `json:"templateId"`
	Params     string `json:"params"`
}

func (g *Gateway) account(mobiles, mac string) account {
	c := &g.cfg
	return account{ECName: c.ECName, APID: c.APID, SecretKey: c.SecretKey, Mobiles: mobiles, Sign: c.SignCode, AddSerial: c.AddSerial, MAC: mac}
}

// mac is the lower-case MD5 of the fields, joined without a separator, in the order of the interface description.
func mac(fields ...string) string {
	sum := md5.Sum([]byte(strings.Join(fields, "")))
	return hex.EncodeToString(sum[:])
}

// templateParams is the JSON list inside the JSON: a template without variables has one empty parameter.
func templateParams(params []string) (string, error) {
	if len(params) == 0 {
		params = []string{""}
	}
	b, err := plainJSON(params)
	return string(b), err
}

func encode(v any) ([]byte, error) {
	b, err := plainJSON(v)
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// plainJSON leaves <, > and & as they are: the mac covers the params text literally.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode submission: not JSON")
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// mainlandMobile returns the 11 digits of a number, with or without +86. Exactly one number: a comma would make it a list.
func mainlandMobile(phone string) (string, bool) {
	phone = strings.TrimPrefix(phone, "+86")
	if len(phone) != 11 || phone[0] != '1' {
		return "", false
	}
	for i := range len(phone) {
		if phone[i] < '0' || phone[i] > '9' {
			return "", false
		}
	}
	return phone, true
}
