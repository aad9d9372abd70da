package notification

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"permithub/internal/casework"
	"permithub/internal/fault"
	"permithub/schemas"
)

//go:embed templates.json
var templateFile embed.FS

// Template is one version of one notice's text. Variables stand in braces; a full ID number or address is not among them.
type Template struct {
	Notice  string   `json:"notice"`
	Version int      `json:"version"`
	Params  []string `json:"params"`
	Text    string   `json:"text"`
}

var templates = sync.OnceValues(func() (map[string]Template, error) {
	b, err := templateFile.ReadFile("templates.json")
	if err != nil {
		return nil, err
	}
	var list []Template
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("notice templates: %w", err)
	}
	latest := map[string]Template{}
	for _, t := range list {
		if t.Version > latest[t.Notice].Version {
			latest[t.Notice] = t
		}
	}
	return latest, nil
})

// Render writes the notice of an order in the very words that the phone shows, without the signature. Names are masked: 张*.
func Render(o schemas.Order) (schemas.SMS, error) {
	all, err := templates()
	if err != nil {
		return schemas.SMS{}, err
	}
	t, ok := all[o.Effect.Notice]
	if !ok {
		return schemas.SMS{}, fault.Rejectf("template_unknown", "no template for notice %q", o.Effect.Notice)
	}
	values := variables(o)
	sms := schemas.SMS{EffectID: o.Effect.EffectID, Template: t.Notice, Version: t.Version, Text: t.Text}
	var pairs []string
	for _, p := range t.Params {
		sms.Params = append(sms.Params, values[p])
		pairs = append(pairs, "{"+p+"}", values[p])
	}
	sms.Text = strings.NewReplacer(pairs...).Replace(t.Text) // in one pass: a value is never taken for a template
	return sms, nil
}

func variables(o schemas.Order) map[string]string {
	v := map[string]string{
		"name": schemas.Masked(o.Person.FullName), "no": o.ApplicationNo, "permit": o.Effect.PermitNo,
		"reasons": list(o.Effect.Reasons, casework.ReasonText), "items": list(o.Effect.Items, casework.ItemText),
	}
	if o.Effect.DueAt != nil {
		// The limit is half-open: the last instant inside it tells the day on which it ends.
		v["due"] = o.Effect.DueAt.Add(-1).In(schemas.Shanghai).Format("2006年1月2日")
		if o.Effect.DueOpen {
			v["due"] += "（暂定）"
		}
	}
	return v
}

// list numbers several texts; one stands alone.
func list(codes []string, text func(string) string) string {
	if len(codes) == 1 {
		return text(codes[0])
	}
	var b strings.Builder
	for i, c := range codes {
		if i > 0 {
			b.WriteString("；")
		}
		fmt.Fprintf(&b, "%d.%s", i+1, text(c))
	}
	return b.String()
}
