package board

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"permithub/deploy/divisions"
	"permithub/internal/docket"
	"permithub/internal/ops"
	"permithub/schemas"
)

// view is the page as the template sees it: words and numbers, nothing left to decide.
type view struct {
	tongue tongue

	Other   string // the other language's code
	AsOf    string
	Share   string
	Tiles   []tile
	Towns   []line
	Stages  []line
	Matrix  matrix
	Charts  []chart
	Systems []system
	Limits  []limit
	Notes   []note
}

// T returns a text of the page in its language.
func (v *view) T(key string) string { return texts[key][v.tongue] }

// counts is one table of counts.
type counts struct {
	*view
	Title, Of string
	Lines     []line
}

// Counts names a table of counts and its first column.
func (v *view) Counts(title, of string, lines []line) counts {
	return counts{v, v.T(title), v.T(of), lines}
}

func (v *view) stage(s schemas.Stage) string {
	if v.tongue == english {
		return stagesInEnglish[s]
	}
	return s.Name()
}

// tile is one number; Mood is "good", "warn", "bad" or nothing.
type tile struct{ Label, Value, Note, Mood string }

// line is one row of counts, with the open cases as a share of the longest row.
type line struct {
	Name string
	docket.Tally
	Share string // percent
}

// matrix is stages by towns.
type matrix struct {
	Stages []column
	Rows   []matrixRow
}

// column is one stage; where no case is in it, a narrow window leaves it out.
type column struct {
	Name  string
	Empty bool
}

type matrixRow struct {
	Name  string
	Cells []cell
}

// cell is the open cases of a stage in a town; Mood is that of the worst of them.
type cell struct {
	Open  int
	Mood  string
	Empty bool // as its column
}

// chart is one distribution.
type chart struct {
	Title, Note string
	Bars        []bar
}

// bar is one range: all cases, and those of today, each as a share of the longest bar.
type bar struct {
	Label             string
	Count, Today      int
	Share, TodayShare string
}

type system struct{ Name, State, Mood, Detail string }

type limit struct {
	ID, Name                                  string
	OK, Provisional, Paused, Warned, Breached int
}

type note struct{ Label, Value, Mood string }

// clockLayout is how the page tells an instant.
const clockLayout = "2006-01-02 15:04:05"

func (c *Config) view(in tongue, now time.Time) *view {
	s := c.Standing()
	v := &view{tongue: in, Other: texts["lang"][1-in], AsOf: s.At.In(schemas.Shanghai).Format(clockLayout), Share: fmt.Sprintf("%d / %d", s.Partitions, c.Partitions)}
	v.tiles(&s)
	v.lines(&s, c.Towns)
	v.matrix(&s, c.Towns)
	v.charts(&s)
	for _, h := range c.Systems() {
		v.Systems = append(v.Systems, v.system(&h, now))
	}
	v.limits(&s)
	v.notes(&s)
	return v
}

func (v *view) tiles(s *docket.Standing) {
	oldest := v.T("none")
	if !s.Oldest.IsZero() {
		oldest = v.span(s.At.Sub(s.Oldest))
	}
	settled := tile{Label: v.T("settled"), Value: strconv.Itoa(s.Finished.Count), Mood: "good"}
	if s.Finished.Late > 0 {
		settled.Note = v.T("late") + " " + strconv.Itoa(s.Finished.Late)
	}
	v.Tiles = []tile{
		{Label: v.T("open"), Value: strconv.Itoa(s.Total.Open)},
		{Label: v.T("due"), Value: strconv.Itoa(s.Total.DueToday), Mood: mood(s.Total.DueToday, "info")},
		{Label: v.T("warned"), Value: strconv.Itoa(s.Total.Warned), Mood: mood(s.Total.Warned, "warn")},
		{Label: v.T("breached"), Value: strconv.Itoa(s.Total.Breached), Mood: mood(s.Total.Breached, "bad")},
		{Label: v.T("oldest"), Value: oldest},
		settled,
	}
}

// mood is m where there is something to feel it about.
func mood(n int, m string) string {
	if n == 0 {
		return ""
	}
	return m
}

// towns lists the county's townships, then all others together.
func (v *view) towns(s *docket.Standing, county []divisions.Township) (labels []string, towns []docket.Town) {
	known := map[string]docket.Town{}
	other := docket.Town{Stages: map[schemas.Stage]docket.Tally{}}
	for _, t := range s.Towns {
		if slices.ContainsFunc(county, func(c divisions.Township) bool { return c.Code == t.Division }) {
			known[t.Division] = t
			continue
		}
		other.Tally = other.Plus(t.Tally)
		for stage, n := range t.Stages {
			other.Stages[stage] = other.Stages[stage].Plus(n)
		}
	}
	for _, c := range county {
		name := c.Name
		if v.tongue == english {
			name = c.English
		}
		labels, towns = append(labels, name), append(towns, known[c.Code])
	}
	if other.Open > 0 {
		labels, towns = append(labels, v.T("elsewhere")), append(towns, other)
	}
	return labels, towns
}

func (v *view) lines(s *docket.Standing, towns []divisions.Township) {
	names, counts := v.towns(s, towns)
	for i := range counts {
		v.Towns = append(v.Towns, line{Name: names[i], Tally: counts[i].Tally})
	}
	for _, stage := range docket.Stages {
		v.Stages = append(v.Stages, line{Name: v.stage(stage), Tally: s.Stages[stage]})
	}
	share(v.Towns)
	share(v.Stages)
}

func share(lines []line) {
	longest := 0
	for _, l := range lines {
		longest = max(longest, l.Open)
	}
	for i := range lines {
		lines[i].Share = percent(lines[i].Open, longest)
	}
}

func percent(n, of int) string {
	if of == 0 {
		return "0"
	}
	return strconv.FormatFloat(100*float64(n)/float64(of), 'f', 1, 64)
}

func (v *view) matrix(s *docket.Standing, towns []divisions.Township) {
	for _, stage := range docket.Stages {
		v.Matrix.Stages = append(v.Matrix.Stages, column{v.stage(stage), s.Stages[stage].Open == 0})
	}
	names, counts := v.towns(s, towns)
	for i, t := range counts {
		row := matrixRow{Name: names[i]}
		for _, stage := range docket.Stages {
			n := t.Stages[stage]
			row.Cells = append(row.Cells, cell{n.Open, cmp.Or(mood(n.Breached, "bad"), mood(n.Warned, "warn"), mood(n.DueToday, "info"), mood(n.Open, "some")), s.Stages[stage].Open == 0})
		}
		v.Matrix.Rows = append(v.Matrix.Rows, row)
	}
}

func (v *view) charts(s *docket.Standing) {
	draw := func(key string, labels []text, recent, today []int) {
		c := chart{Title: v.T(key), Note: fmt.Sprintf("%s %d %s", v.T("recent"), s.Recent.Count, v.T("cases"))}
		longest := slices.Max(recent)
		for i, n := range recent {
			c.Bars = append(c.Bars, bar{labels[i][v.tongue], n, today[i], percent(n, longest), percent(today[i], longest)})
		}
		v.Charts = append(v.Charts, c)
	}
	draw("workhours", hourLabels, s.Recent.Hours, s.Finished.Hours)
	draw("walltime", spanLabels, s.Recent.Spans, s.Finished.Spans)
}

func (v *view) system(h *ops.Health, now time.Time) system {
	s := system{Name: h.System, State: v.T("closed"), Mood: "good"}
	if n, ok := systemNames[h.System]; ok {
		s.Name = n[v.tongue]
	}
	ago := func(key string, t time.Time) string { return v.T(key) + " " + v.span(now.Sub(t)) + v.T("ago") }
	switch {
	case h.State == "open":
		s.State, s.Mood, s.Detail = v.T("down"), "bad", v.T("since")+" "+v.span(now.Sub(h.Since))
	case h.State == "half-open":
		s.State, s.Mood = v.T("half-open"), "warn"
	case h.Answered.IsZero() && h.Failed.IsZero():
		s.State, s.Mood = v.T("idle"), ""
	}
	switch {
	case h.Failed.After(h.Answered):
		s.Detail = join(s.Detail, ago("failed", h.Failed)+" · "+h.Code)
	case !h.Answered.IsZero():
		s.Detail = join(s.Detail, ago("answered", h.Answered))
	}
	return s
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

func (v *view) limits(s *docket.Standing) {
	for _, id := range docket.Clocks {
		n := s.Deadlines[id]
		v.Limits = append(v.Limits, limit{id, clockNames[id][v.tongue], n[docket.OK], n[docket.Provisional], n[docket.Paused], n[docket.Warned], n[docket.Breached]})
	}
}

func (v *view) notes(s *docket.Standing) {
	old := note{Label: v.T("old"), Value: strconv.Itoa(s.Superseded), Mood: mood(s.Superseded, "warn")}
	if s.Superseded > 0 {
		age := s.At.Sub(s.SupersededSince)
		old.Value += " · " + v.span(age)
		if age > 15*time.Minute {
			old.Mood = "bad"
		}
	}
	left := s.Horizon.Sub(s.At)
	horizon := note{Label: v.T("horizon"), Value: s.Horizon.AddDate(0, 0, -1).In(schemas.Shanghai).Format(time.DateOnly) + " · " + v.T("remaining") + " " + v.span(left)}
	if left < 47*24*time.Hour {
		horizon.Mood = "warn"
	}
	v.Notes = []note{old, horizon}
}

// span tells a duration in its two largest units.
func (v *view) span(d time.Duration) string {
	d = max(0, d)
	days, hours, minutes, seconds := int(d/(24*time.Hour)), int(d/time.Hour)%24, int(d/time.Minute)%60, int(d/time.Second)%60
	say := func(n int, key string) string { return strconv.Itoa(n) + " " + v.T(key) }
	switch {
	case days >= 10 || days > 0 && hours == 0:
		return say(days, "days")
	case days > 0:
		return say(days, "days") + " " + say(hours, "hours")
	case hours > 0:
		return say(hours, "hours") + " " + say(minutes, "minutes")
	case minutes > 0:
		return say(minutes, "minutes") + " " + say(seconds, "seconds")
	}
	return say(seconds, "seconds")
}
