package smssim

import (
	"crypto/md5" // the protocol's choice
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"permithub/internal/simulator"
)

const (
	maxBody    = 1 << 20
	maxMobiles = 5000
)

type submission struct {
	ECName     string  `json:"ecName"`
	APID       string  `json:"apId"`
	SecretKey  string  `json:"secretKey"`
	Mobiles    string  `json:"mobiles"`
	Content    *string `json:"content"`
	TemplateID string  `json:"templateId"`
	Params     string  `json:"params"`
	Sign       string  `json:"sign"`
	AddSerial  string  `json:"addSerial"`
	MAC        string  `json:"mac"`
}

type answer struct {
	MsgGroup string `json:"msgGroup"`
	RspCod   string `json:"rspcod"`
	Success  bool   `json:"success"`
}

func (g *Gateway) submit(op string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, ok := readSubmission(http.MaxBytesReader(w, r.Body, maxBody))
		if !ok {
			g.refuse(op, "", nil, w, "InvalidMessage", simulator.Refused)
			return
		}
		mobiles := strings.Split(s.Mobiles, ",")
		if code := g.checkAccount(op, s); code != "" {
			g.refuse(op, "", mobiles, w, code, simulator.Denied)
			return
		}
		group := fmt.Sprintf("%s%06d", g.kit.Now().Format("0102150405"), g.seq.Add(1)%1e6)
		g.kit.Serve(op, append([]string{group}, mobiles...), w, r, func() (int, any) { return g.accept(op, group, mobiles, s) })
	}
}

func readSubmission(body io.Reader) (*submission, bool) {
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || !utf8.Valid(plain) {
		return nil, false
	}
	s := &submission{}
	return s, json.Unmarshal(plain, s) == nil
}

func (g *Gateway) checkAccount(op string, s *submission) string {
	switch {
	case s.ECName != g.cfg.ECName, s.APID != g.cfg.APID, s.SecretKey != g.cfg.SecretKey:
		return "InvalidUsrOrPwd"
	case s.MAC != expectedMAC(op, s):
		return "IllegalMac"
	case s.Sign == "":
		return "NoSignId"
	case !slices.Contains(g.cfg.SignCodes, s.Sign):
		return "IllegalSignId"
	}
	return ""
}

// expectedMAC follows the interface description: 将ecName、apId、secretKey、mobiles、content、sign、addSerial按序拼接, MD5, 32 位小写.
func expectedMAC(op string, s *submission) string {
	h := md5.New()
	_, _ = io.WriteString(h, s.ECName+s.APID+s.SecretKey)
	if op == "tmpsubmit" {
		_, _ = io.WriteString(h, s.TemplateID+s.Mobiles+s.Params)
	} else {
		_, _ = io.WriteString(h, s.Mobiles)
		if s.Content != nil {
			_, _ = io.WriteString(h, *s.Content)
		}
	}
	_, _ = io.WriteString(h, s.Sign+s.AddSerial)
	return fmt.Sprintf("%032x", h.Sum(nil))
}

func (g *Gateway) accept(op, group string, mobiles []string, s *submission) (int, any) {
	if code := g.checkMessage(op, mobiles, s); code != "" {
		g.kit.Record(simulator.Entry{Op: op, RequestID: group, Keys: mobiles, Outcome: simulator.Refused, Detail: map[string]any{"code": code}})
		return http.StatusOK, answer{RspCod: code}
	}
	detail := map[string]any{"sign": s.Sign}
	if op == "tmpsubmit" {
		detail["template_id"], detail["params"] = s.TemplateID, s.Params
	} else {
		detail["content"] = *s.Content
	}
	g.kit.Record(simulator.Entry{Op: op, RequestID: group, Keys: mobiles, Outcome: simulator.Done, Detail: detail})
	for _, m := range mobiles {
		g.deliver(group, m)
	}
	return http.StatusOK, answer{MsgGroup: group, RspCod: "success", Success: true}
}

func (g *Gateway) checkMessage(op string, mobiles []string, s *submission) string {
	if len(mobiles) > maxMobiles {
		return "TooManyMobiles"
	}
	for _, m := range mobiles {
		if !mobile(m) {
			return "InvalidMobile"
		}
	}
	if op == "tmpsubmit" {
		return g.checkTemplate(s)
	}
	if s.Content == nil || strings.TrimSpace(*s.Content) == "" {
		return "InvalidMessage"
	}
	return ""
}

func (g *Gateway) checkTemplate(s *submission) string {
	var params []string
	if json.Unmarshal([]byte(s.Params), &params) != nil {
		return "InvalidMessage"
	}
	if g.cfg.Templates == nil {
		return ""
	}
	want, known := g.cfg.Templates[s.TemplateID]
	if want == 0 && len(params) == 1 && params[0] == "" {
		params = nil // a template without variables is sent [""]
	}
	if !known || len(params) != want {
		return "InvalidMessage"
	}
	return ""
}

func mobile(s string) bool {
	return len(s) == 11 && s[0] == '1' && strings.Trim(s, "0123456789") == ""
}

func (g *Gateway) refuse(op, group string, mobiles []string, w http.ResponseWriter, code, outcome string) {
	g.kit.Record(simulator.Entry{Op: op, RequestID: group, Keys: mobiles, Outcome: outcome, Detail: map[string]any{"code": code}})
	simulator.Answer(w, http.StatusOK, answer{RspCod: code})
}
