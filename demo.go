package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"permithub/adapters"
	"permithub/internal/calendar"
	"permithub/internal/config"
	"permithub/internal/demo"
	"permithub/internal/embedded"
	"permithub/internal/ops"
	"permithub/schemas"
)

type demoCommand struct {
	Exit  bool   `help:"Stop after the set; exit 0 only if every application came to what the set expects."`
	Cases string `type:"existingfile" placeholder:"FILE" help:"Applications of your own, one JSON object a line (see docs/cases.md)."`
	Out   string `placeholder:"FILE" help:"Write one JSON object a line on what became of each; - is standard output."`
	Now   string `placeholder:"T" help:"Set the hub's clock at start, e.g. '2026-02-13 16:30'."`
}

const (
	demoAtOnce     = 16
	demoPartitions = 2 // enough to see work shared, few enough for the first decision to come at once
	demoEvery      = 3 * time.Second
	demoPatience   = 45 * time.Second
	demoTimeout    = time.Second // of one foreign call: the far sides are in this process
	demoShutdown   = 4 * time.Second
	demoWaiting    = 12 // applications that wait for people when the console opens
	demoManual     = 3  // of so many later ones, one waits for people
	closingTime    = 5 * time.Second
)

func (c *demoCommand) Run(p *process) error {
	lines, err := c.lines()
	if err != nil {
		return err
	}
	now, err := c.clock(p)
	if err != nil {
		return err
	}
	d, err := startDemo(p, lines, now, c.Now != "")
	if err != nil {
		return err
	}
	err = c.show(p, d, lines)
	if err == nil && !c.Exit {
		err = d.leaveToPeople(p)
	}
	if c.Exit || err != nil {
		return errors.Join(err, d.close())
	}
	d.announce(p.stdout)
	return errors.Join(d.goOn(p), d.close())
}

func (c *demoCommand) lines() ([]demo.Line, error) {
	if c.Cases == "" {
		return demo.BuiltIn()
	}
	f, err := os.Open(c.Cases)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines, err := demo.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Cases, err)
	}
	return lines, nil
}

// clock runs on from T where one is given.
func (c *demoCommand) clock(p *process) (func() time.Time, error) {
	if c.Now == "" {
		return p.now, nil
	}
	t, err := calendar.ParseInstant(c.Now)
	if err != nil {
		return nil, fmt.Errorf("--now: %w", err)
	}
	began := p.now()
	return func() time.Time { return t.Add(p.now().Sub(began)) }, nil
}

// demonstration is everything in one process.
type demonstration struct {
	dir     string
	servers *embedded.Servers
	stack   *ops.Stack // simulators
	hub     *hub
	logFile *os.File
	config  string
	users   []demoUser
	doors   *demo.Doors
	watch   *demo.Watch
	started time.Duration
	first   func() time.Duration
}

// startDemo starts broker, Redis, simulators and the hub, in this order.
func startDemo(p *process, lines []demo.Line, now func() time.Time, otherDay bool) (d *demonstration, err error) {
	d = &demonstration{watch: demo.NewWatch()}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
			d = nil
		}
	}()
	if d.dir, err = os.MkdirTemp("", "permithub-demo-"); err != nil {
		return d, err
	}
	if d.logFile, err = os.Create(filepath.Join(d.dir, "permithub.log")); err != nil {
		return d, err
	}
	if d.servers, err = embedded.Start(); err != nil {
		return d, err
	}
	reg := ops.NewRegistry(version())
	log, err := ops.NewLogger(d.logFile, ops.LogConfig{Format: "json"}, reg)
	if err != nil {
		return d, err
	}
	cfg, receipts, err := d.configure(lines)
	if err != nil {
		return d, err
	}
	if err = d.play(cfg, now, log); err != nil {
		return d, err
	}
	var observe func(*schemas.Transition)
	observe, d.first = d.audience(p)
	if d.hub, err = newHub(cfg, now, log, reg, observe); err != nil {
		return d, err
	}
	if otherDay {
		d.hub.maxSkew = 0
	}
	d.hub.given = map[string]net.Listener{"receipts": receipts}
	if err = createTopics(p.ctx, d.hub.bus, cfg); err != nil {
		return d, err
	}
	if err = d.hub.start(nil); err != nil {
		return d, err
	}
	d.open(cfg, lines, now)
	d.started = time.Since(started)
	return d, d.writeConfig(cfg)
}

// audience lets the demo follow the log, and times the first decision since the process began.
func (d *demonstration) audience(*process) (observe func(*schemas.Transition), first func() time.Duration) {
	var once sync.Once
	var took time.Duration
	return func(t *schemas.Transition) {
		once.Do(func() { took = time.Since(started) })
		d.watch.Observe(t)
	}, func() time.Duration { once.Do(func() {}); return took }
}

// configure makes the demo's configuration: the local defaults on free ports, with the keys and officers that the lines need. The receipts' door
// is opened first, because the gateway's simulator has to know it.
func (d *demonstration) configure(lines []demo.Line) (*config.Config, net.Listener, error) {
	cfg := config.LocalDefaults()
	cfg.Kafka.Brokers, cfg.Kafka.Partitions = d.servers.Brokers(), demoPartitions
	cfg.Redis.Addresses = []string{d.servers.Redis()}
	cfg.ShutdownTimeout = demoShutdown
	sys := &cfg.Systems
	for _, timeout := range []*time.Duration{&sys.Epermit.Timeout, &sys.Registration.Timeout, &sys.DataPlatform.Timeout, &sys.SMS.Timeout} {
		*timeout = demoTimeout
	}
	cfg.Systems.Archive.Dir = filepath.Join(d.dir, "archive")
	cfg.Snapshots.Dir = filepath.Join(d.dir, "snapshots")
	cfg.Calendar.Dir = filepath.Join(d.dir, "calendars")
	if err := os.Mkdir(cfg.Calendar.Dir, 0o750); err != nil {
		return nil, nil, err
	}
	const anyPort = "127.0.0.1:0"
	cfg.Intake.Listen, cfg.Desk.Listen, cfg.Metrics.Listen = anyPort, anyPort, anyPort
	cfg.Simulate.Epermit, cfg.Simulate.Registration, cfg.Simulate.SMS, cfg.Simulate.DataPlatform = anyPort, anyPort, anyPort, anyPort
	cfg.Intake.Sources = nil
	for _, s := range demo.Sources(lines, config.DemoSecret) {
		cfg.Intake.Sources = append(cfg.Intake.Sources, config.Source{
			Name: s.Name, AccessKey: s.AccessKey, Secret: config.SecretOf(s.Secret), Channel: string(s.Channel),
			Stages: config.Stages{Acceptance: string(s.Stages.Acceptance), Review: string(s.Stages.Review), Approval: string(s.Stages.Approval)},
		})
	}
	everyRole := []string{config.RoleAcceptance, config.RoleReview, config.RoleApproval, config.RoleSupervisor}
	for _, officer := range demo.Officers(lines) {
		cfg.Desk.Officers = append(cfg.Desk.Officers, config.Officer{ID: officer, Name: officer, Token: config.SecretOf(config.DemoSecret("officer-" + officer)), Roles: everyRole})
	}
	if err := d.admit(cfg); err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", anyPort)
	if err != nil {
		return nil, nil, err
	}
	cfg.Systems.SMS.ReceiptListen = l.Addr().String()
	cfg.Simulate.ReceiptURL = "http://" + l.Addr().String()
	return cfg, l, nil
}

// play starts the simulators and tells the hub's configuration where they are.
func (d *demonstration) play(cfg *config.Config, now func() time.Time, log *slog.Logger) error {
	systems, err := adapters.Simulators(cfg, now)
	if err != nil {
		return err
	}
	d.stack = ops.NewStack(log)
	addrs, err := playSystems(d.stack, systems)
	if err != nil {
		return err
	}
	sys := &cfg.Systems
	for name, base := range map[string]*string{"epermit": &sys.Epermit.BaseURL, "registration": &sys.Registration.BaseURL, "sms": &sys.SMS.BaseURL, "dataplatform": &sys.DataPlatform.BaseURL} {
		*base = "http://" + addrs[name]
	}
	sim := &cfg.Simulate
	sim.Epermit, sim.Registration, sim.SMS, sim.DataPlatform = addrs["epermit"], addrs["registration"], addrs["sms"], addrs["dataplatform"]
	return nil
}

// open tells the runner where the doors are.
func (d *demonstration) open(cfg *config.Config, lines []demo.Line, now func() time.Time) {
	cfg.Intake.Listen, cfg.Desk.Listen, cfg.Metrics.Listen = d.hub.addrs["intake"], d.hub.addrs["desk"], d.hub.addrs["metrics"]
	sys := &cfg.Systems
	d.doors = &demo.Doors{
		Intake: "http://" + d.hub.addrs["intake"], Desk: "http://" + d.hub.addrs["desk"], Sources: demo.Sources(lines, config.DemoSecret), Tokens: map[string]string{},
		Simulators: map[string]string{"epermit": sys.Epermit.BaseURL, "registration": sys.Registration.BaseURL, "sms": sys.SMS.BaseURL, "dataplatform": sys.DataPlatform.BaseURL},
		HTTP:       &http.Client{Timeout: demoPatience, Transport: &http.Transport{MaxIdleConnsPerHost: demoAtOnce}},
		Now:        now,
	}
	for _, officer := range demo.Officers(lines) {
		d.doors.Tokens[officer] = config.DemoSecret("officer-" + officer)
	}
}

// show sends the set, prints the table and writes the results.
func (c *demoCommand) show(p *process, d *demonstration, lines []demo.Line) error {
	bar := progressbar.NewOptions(len(lines), progressbar.OptionSetWriter(p.stderr), progressbar.OptionSetVisibility(isTerminal(p.stderr)),
		progressbar.OptionSetDescription("申请"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))
	r := demo.Runner{Doors: d.doors, Watch: d.watch, AtOnce: demoAtOnce, Patience: demoPatience, Done: func(*demo.Result) { _ = bar.Add(1) }}
	results := r.Run(p.ctx, lines)
	_ = bar.Finish()
	if err := p.ctx.Err(); err != nil {
		return errors.New("interrupted before every application was through")
	}
	if err := c.write(p, results); err != nil {
		return err
	}
	table := p.stdout
	if c.Out == "-" {
		table = p.stderr
	}
	if err := demo.Table(table, results); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(table, "%s\n启动 %d ms，首个决定在进程启动后 %d ms。\n", demo.Summary(results), d.started.Milliseconds(), d.first().Milliseconds())
	for _, x := range results {
		if !x.AsExpected() {
			return fmt.Errorf("line %d did not come to what the set expects", x.Line)
		}
	}
	return nil
}

// isTerminal reports whether a person watches: a progress bar in a file is noise.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// write writes the results as JSON lines.
func (c *demoCommand) write(p *process, results []*demo.Result) (err error) {
	if c.Out == "" {
		return nil
	}
	var out io.Writer = p.stdout
	if c.Out != "-" {
		f, err := os.Create(c.Out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	b := bufio.NewWriter(out)
	for _, r := range results {
		line, err := r.MarshalLine()
		if err != nil {
			return err
		}
		if _, err := b.Write(line); err != nil {
			return err
		}
	}
	return b.Flush()
}

// announce names what can be looked at while the demo runs.
func (d *demonstration) announce(w io.Writer) {
	a := d.hub.addrs
	_, _ = fmt.Fprintf(w, `
受理接口   http://%[1]s/v1/applications   (OpenAPI: http://%[1]s/openapi.json)
经办接口   http://%[2]s
值班页     http://%[3]s/board   （?lang=en for English）
指标       http://%[3]s/metrics   就绪 http://%[3]s/readyz
`, a["intake"], a["desk"], a["metrics"])
	for _, name := range sortedNames(d.doors.Simulators) {
		_, _ = fmt.Fprintf(w, "%-12s 台账 %s/_sim/ledger   故障开关 %s/_sim/faults\n", name, d.doors.Simulators[name], d.doors.Simulators[name])
	}
	d.announceUsers(w)
	_, _ = fmt.Fprintf(w, `配置文件   %[1]s
  permithub case --config %[1]s 申请编号
  permithub check --config %[1]s
  permithub topics --config %[1]s
日志       %[2]s

每 %[3]d 秒新增一件申请，Ctrl-C 结束。
`, d.config, d.logFile.Name(), int(demoEvery.Seconds()))
}

// goOn adds an application every few seconds until it is told to stop.
func (d *demonstration) goOn(p *process) error {
	lines, err := demo.BuiltIn()
	if err != nil {
		return err
	}
	r := demo.Runner{Doors: d.doors, Watch: d.watch, Patience: demoPatience, Done: func(x *demo.Result) {
		if p.ctx.Err() == nil {
			_, _ = fmt.Fprintf(p.stdout, "%s  %s\n", d.doors.Now().In(schemas.Shanghai).Format("15:04:05"), x.OneLine())
		}
	}}
	tick := time.NewTicker(demoEvery)
	defer tick.Stop()
	for n := demoWaiting + 1; ; n++ {
		select {
		case <-p.ctx.Done():
			_, _ = fmt.Fprintln(p.stdout, "\n正在结束 …")
			return nil
		case <-d.hub.stack.Ended():
			return d.hub.stack.Reason()
		case <-tick.C:
		}
		l, err := demo.Stream(lines, n)
		if err != nil {
			return err
		}
		if n%demoManual == 0 {
			l = demo.ForPeople(l)
		}
		r.Run(p.ctx, []demo.Line{l})
	}
}

// close stops what was started, last first.
func (d *demonstration) close() error {
	var errs []error
	if d.hub != nil {
		errs = append(errs, d.hub.close())
	}
	if d.stack != nil {
		errs = append(errs, closeStack(d.stack, closingTime))
	}
	if d.servers != nil {
		errs = append(errs, d.servers.Close())
	}
	if d.logFile != nil {
		errs = append(errs, d.logFile.Close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}

// writeConfig writes a configuration with which the other commands work against the demo. It names no secret: the local profile fills them in.
func (d *demonstration) writeConfig(cfg *config.Config) error {
	d.config = filepath.Join(d.dir, "permithub.yaml")
	text := fmt.Sprintf(`# The running demo. The local profile fills in the demo's own secrets.
profile: local
kafka:
  brokers: [%q]
  partitions: %d
redis:
  addresses: [%q]
intake: {listen: %q}
desk: {listen: %q}
metrics: {listen: %q}
systems:
  epermit: {base_url: %q}
  registration: {base_url: %q}
  dataplatform: {base_url: %q}
  sms: {base_url: %q, receipt_listen: %q}
  archive: {dir: %q}
calendar: {dir: %q}
`, cfg.Kafka.Brokers[0], cfg.Kafka.Partitions, cfg.Redis.Addresses[0], cfg.Intake.Listen, cfg.Desk.Listen, cfg.Metrics.Listen,
		cfg.Systems.Epermit.BaseURL, cfg.Systems.Registration.BaseURL, cfg.Systems.DataPlatform.BaseURL, cfg.Systems.SMS.BaseURL, cfg.Systems.SMS.ReceiptListen, cfg.Systems.Archive.Dir,
		cfg.Calendar.Dir)
	return os.WriteFile(d.config, []byte(text), 0o600)
}
