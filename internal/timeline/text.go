package timeline

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"permithub/internal/calendar"
	"permithub/schemas"
)

const moment = "2006-01-02 15:04:05"

func at(t schemas.Time) string { return t.In(schemas.Shanghai).Format(moment) }

// before shows a deadline, which is the first instant that is too late: midnight belongs to the day before, as 24:00.
func before(t schemas.Time) string {
	s := t.In(schemas.Shanghai)
	if s.Hour() == 0 && s.Minute() == 0 && s.Second() == 0 {
		return s.Add(-time.Second).Format(time.DateOnly) + " 24:00:00"
	}
	return s.Format(moment)
}

// WriteJSON writes the sheet as indented JSON.
func (s *Sheet) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}

// WriteText writes the sheet for a terminal, aligned by the width of its characters.
func (s *Sheet) WriteText(w io.Writer, texts Texts) error {
	var b strings.Builder
	s.head(&b)
	for i := range s.Cases {
		b.WriteByte('\n')
		s.Cases[i].write(&b, texts)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Sheet) head(b *strings.Builder) {
	t := table{}
	t.row("一人一档", s.DossierID)
	if p := s.Person; p != nil {
		t.row("姓名", p.Name)
		t.row("身份号码", p.CitizenID)
		t.row("手机", p.Phone)
		if p.Agent != "" {
			t.row("代办人", p.Agent)
		}
	}
	t.row("记录", fmt.Sprintf("%d 条，%s", s.Chain.Records, s.Verdict))
	t.row("末条摘要", s.Chain.Head)
	for _, p := range s.Permits {
		t.row("居住证", fmt.Sprintf("%s  %s  签发 %s", p.PermitNo, named(permitNames, p.Status), at(p.IssuedAt)))
	}
	t.write(b, "")
}

func (c *Case) write(b *strings.Builder, texts Texts) {
	fmt.Fprintf(b, "申请编号 %s  %s\n", c.ApplicationNo, c.Standing)
	t := table{}
	t.row("来源", strings.TrimSpace(c.Source+" "+c.SourceNo+"  "+c.Channel+"  "+c.Recognition))
	if c.RulePack != "" {
		t.row("规则", c.RulePack)
		t.row("工作日历", c.Calendar)
	}
	t.write(b, "  ")
	c.writeEvents(b)
	c.writeOpinions(b, texts)
	c.writeFindings(b, texts)
	c.writeClocks(b)
	c.writeCounts(b)
	c.writeDuties(b)
	c.writeRevocation(b, texts)
}

func (c *Case) writeRevocation(b *strings.Builder, texts Texts) {
	r := c.Revocation
	if r == nil {
		return
	}
	t := table{}
	t.row("事由", with(texts.Reason, r.Ground))
	t.row("提出", with(texts.Officer, r.ProposedBy), at(r.ProposedAt), r.Why)
	if r.DecidedAt == nil {
		t.row("确认", "待另一人确认")
	} else {
		t.row("确认", with(texts.Officer, r.DecidedBy), at(*r.DecidedAt), r.NoticeNo)
	}
	section(b, "撤销", &t)
}

func (c *Case) writeEvents(b *strings.Builder) {
	t := table{}
	t.row("时间", "序号", "事项", "环节", "办理人", "依据与说明")
	for _, h := range c.Happened {
		ground := h.Ground
		if h.Recorded != nil {
			ground = append(append([]string(nil), ground...), "记录于 "+at(*h.Recorded))
		}
		t.row(at(h.At), fmt.Sprint(h.Seq), h.Name, stages(h.From, h.To), h.Who, strings.Join(ground, "；"))
	}
	section(b, "经过", &t)
}

func stages(from, to schemas.Stage) string {
	switch {
	case to == "":
		return ""
	case from == "" || from == to:
		return to.Name()
	}
	return from.Name() + " → " + to.Name()
}

func (c *Case) writeOpinions(b *strings.Builder, texts Texts) {
	t := table{}
	for _, o := range c.Opinions {
		t.row(named(levelNames, o.Level), named(verdictNames, o.Verdict), with(texts.Officer, o.Officer), at(o.At), o.Text)
	}
	section(b, "意见", &t)
}

func (c *Case) writeFindings(b *strings.Builder, texts Texts) {
	t := table{}
	for _, f := range c.Findings {
		reason := ""
		if f.Reason != "" {
			reason = with(texts.Reason, f.Reason)
		}
		t.row(f.Rule, named(findingNames, f.Outcome), f.Basis, strings.TrimSpace(reason+" "+f.Detail))
	}
	section(b, "规则", &t)
}

func (c *Case) writeClocks(b *strings.Builder) {
	t := table{}
	for _, k := range c.Clocks {
		due := "止 " + before(k.DueAt)
		if k.Provisional {
			due += "（暂定）"
		}
		t.row(k.ID, clockNames[k.ID], "起 "+at(k.StartedAt), due, standing(&k), rungs(k.Rungs))
	}
	section(b, "时限", &t)
}

// CountText returns how the limit of a clock was counted, as permithub deadline shows it; "" where it was not counted in days.
func (c *Case) CountText(clock string) string {
	one := Case{}
	for _, n := range c.Counts {
		if n.Clock == clock {
			one.Counts = []Counted{n}
		}
	}
	var b strings.Builder
	one.writeCounts(&b)
	return b.String()
}

// writeCounts shows each limit as permithub deadline does.
func (c *Case) writeCounts(b *strings.Builder) {
	for i := range c.Counts {
		n := &c.Counts[i]
		b.WriteString("  " + n.Clock + " " + clockNames[n.Clock] + " 逐日计算\n")
		var text strings.Builder
		if err := calendar.Explain(&text, n.Accepted, n.Deadline); err != nil {
			continue // a strings.Builder does not fail
		}
		for line := range strings.Lines(text.String()) {
			b.WriteString("    " + line)
		}
		if n.RecordedDueAt != nil {
			b.WriteString("    案卷记载的期限为 " + before(*n.RecordedDueAt) + "，与现行日历不同：见“期限重算”\n")
		}
		t := table{}
		for _, p := range n.Pauses {
			to := "仍在中止"
			if p.To != nil {
				to = at(*p.To)
			}
			t.row("中止", at(p.From), to, named(codeNames, p.Ground))
		}
		t.write(b, "    ")
	}
}

func standing(k *schemas.Clock) string {
	switch {
	case k.BreachedAt != nil:
		return "超时 " + at(*k.BreachedAt)
	case k.ResolvedAt != nil:
		return "结束 " + at(*k.ResolvedAt)
	case k.PausedAt != nil:
		return "中止 " + at(*k.PausedAt)
	}
	return "计时中"
}

func rungs(list []schemas.Rung) string {
	var parts []string
	for _, r := range list {
		if r.FiredAt != nil {
			parts = append(parts, fmt.Sprintf("%d%% 记录于 %s", r.Percent, at(*r.FiredAt)))
		} else if r.Percent < 100 {
			parts = append(parts, fmt.Sprintf("%d%% %s", r.Percent, at(r.At)))
		}
	}
	return strings.Join(parts, "；")
}

func (c *Case) writeDuties(b *strings.Builder) {
	t := table{}
	for _, d := range c.Duties {
		done := ""
		if d.DoneAt != nil {
			done = at(*d.DoneAt)
		}
		t.row(strings.TrimPrefix(d.EffectID, c.ApplicationNo+"-"), duty(&d), named(dutyNames, d.Status), "下达 "+at(d.OrderedAt), done, about(&d))
	}
	section(b, "事项", &t)
}

func duty(d *schemas.Duty) string {
	if d.Notice != "" {
		return named(noticeNames, d.Notice)
	}
	return named(kindNames, string(d.Kind))
}

func about(d *schemas.Duty) string {
	var parts []string
	for _, p := range []struct{ label, text string }{{"证号", d.PermitNo}, {"代码", d.Code}, {"回执", d.Ref}} {
		if p.text != "" {
			parts = append(parts, p.label+" "+p.text)
		}
	}
	switch d.Delivered {
	case "yes":
		parts = append(parts, "已送达")
	case "no":
		parts = append(parts, "未送达")
	}
	return strings.Join(parts, "；")
}

func section(b *strings.Builder, title string, t *table) {
	if len(t.rows) == 0 {
		return
	}
	b.WriteString("  " + title + "\n")
	t.write(b, "    ")
}
