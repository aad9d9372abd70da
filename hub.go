package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/adapters"
	"permithub/consumers/approval"
	"permithub/deploy/calendars"
	"permithub/deploy/divisions"
	"permithub/internal/board"
	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/internal/deadletter"
	"permithub/internal/deadline"
	"permithub/internal/docket"
	"permithub/internal/effect"
	"permithub/internal/fault"
	"permithub/internal/notices"
	"permithub/internal/ops"
	"permithub/internal/reach"
	"permithub/internal/worklist"
	"permithub/producers/recount"
	"permithub/schemas"
)

// hub is what the steps of one process share. It is put together by newHub, given its steps by flow.go, and run once.
type hub struct {
	cfg      *config.Config
	now      func() time.Time
	log      *slog.Logger
	reg      *prometheus.Registry
	notices  *notices.Book
	recount  *recount.Recount
	hangup   chan os.Signal // asks for the calendar to be loaded again; nil where nobody does
	bus      *bus.Client
	out      *bus.Publisher
	letters  *deadletter.Book
	index    *deadline.Store
	worklist *worklist.Store
	systems  *adapters.Systems
	guards   map[string]*ops.Breaker
	docket   *docket.Docket
	observer approval.Observer
	run      string        // names this run: no two starts share it
	maxSkew  time.Duration // how far this machine's clock may run ahead of Redis's; zero where the hub's clock is set to another day

	runner *bus.Runner
	stack  *ops.Stack
	ops    *ops.Server
	addrs  map[string]string       // where each listener ended up
	given  map[string]net.Listener // listeners that were opened before, by step
}

// maxSkew is how far a clock may be ahead before it is not believed: a wrong clock must not breach deadlines.
const maxSkew = 2 * time.Second

// newHub prepares a hub; nothing is called and nothing listens yet, but for the calendar files. Watch, where given, sees every transition
// that this process writes.
func newHub(cfg *config.Config, now func() time.Time, log *slog.Logger, reg *prometheus.Registry, watch func(*schemas.Transition)) (*hub, error) {
	h := &hub{cfg: cfg, maxSkew: maxSkew, now: now, log: log, reg: reg, run: rand.Text(), addrs: map[string]string{}, stack: ops.NewStack(log)}
	var err error
	if h.notices, err = notices.Open(noticesOf(cfg), log, reg); err != nil {
		return nil, err
	}
	var faults [3]error
	faults[0] = h.policy().Validate()
	h.bus, faults[1] = openBus(cfg, log, reg)
	h.systems, faults[2] = adapters.Open(cfg, now, log)
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	h.index, err = openIndex(cfg, now)
	if err != nil {
		return nil, err
	}
	if h.worklist, err = worklist.Open(context.Background()); err != nil {
		return nil, err
	}
	if h.letters, err = deadletter.NewBook(h.bus, time.Now, reg); err != nil {
		return nil, err
	}
	h.out = h.bus.Publisher()
	h.guards = guards(ops.NewSystems(reg))
	h.recount = recount.New(recount.Ports{Calendar: h.notices.Current, Publish: h.out.Produce, Now: now}, log)
	h.docket = docket.New(now, h.notices.Current)
	reg.MustRegister(h.docket)
	worked := func(from, to time.Time) time.Duration { return h.notices.Current().WorkingHours(from, to) }
	h.observer = observers{h.docket, h.recount, ops.NewLegs(reg, reasonCodes(), worked), watch}
	h.stack.Push("foreign systems", func(context.Context) error { h.systems.Close(); return nil })
	h.stack.Push("redis", func(context.Context) error { return h.index.Close() })
	h.stack.Push("kafka", h.bus.Close)
	h.stack.Push("worklist", func(context.Context) error { return h.worklist.Close() })
	return h, nil
}

// policy is the rule pack with the calendar in force.
func (h *hub) policy() *casework.Policy { return policyOf(h.cfg, h.notices.Current()) }

// count explains the promise of an application by the calendar in force.
func (h *hub) count(card *schemas.Card) *casework.Count {
	return casework.CountCard(h.notices.Current(), card)
}

// foreignSystems are those of the list in adapters, in the order in which an application meets them.
var foreignSystems = []string{"registration", "epermit", "dataplatform", "sms", "archive"}

// guards puts one breaker in front of each foreign system.
func guards(s *ops.Systems) map[string]*ops.Breaker {
	all := map[string]*ops.Breaker{}
	for _, name := range foreignSystems {
		all[name] = s.Breaker(name, ops.BreakerConfig{})
	}
	return all
}

// start adds the steps named, all where none are, and starts everything: downstream first, so that the stack stops upstream first. The doors
// open before the consumers have their partitions: what comes in waits in Kafka, and readiness says so.
func (h *hub) start(names []string) error {
	var err error
	if h.runner, err = h.bus.NewRunner(); err != nil {
		return err
	}
	selected, err := selectSteps(steps(), names)
	if err != nil {
		return err
	}
	consuming := slices.ContainsFunc(selected, func(s *step) bool { return s.consume != nil })
	c := ops.ServerConfig{Listen: h.cfg.Metrics.Listen, Pprof: h.cfg.Metrics.Pprof, Checks: h.checks(consuming), Notes: h.notes(), Board: h.board()}
	if h.ops, err = ops.Listen(c, h.reg, h.log); err != nil {
		return err
	}
	h.addrs["metrics"] = h.ops.Addr()
	h.stack.Start("operators", h.ops.Run)
	h.stack.Start("calendar", func(ctx context.Context) error { h.notices.Watch(ctx, h.hangup); return nil })
	h.stack.Start("dead letter watch", func(ctx context.Context) error { h.letters.Watch(ctx, h.log); return nil })
	for _, s := range selected {
		if s.consume != nil {
			if err := s.consume(h, s); err != nil {
				return fmt.Errorf("step %s: %w", s.name, err)
			}
		}
	}
	if consuming {
		h.stack.Start("consumers", h.runner.Run)
	}
	for _, s := range selected {
		if s.produce != nil {
			if err := s.produce(h, s); err != nil {
				return fmt.Errorf("step %s: %w", s.name, err)
			}
		}
	}
	return nil
}

// wait returns when ctx ends or a part of the hub ends by itself, which is an error.
func (h *hub) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-h.stack.Ended():
		return h.stack.Reason()
	}
}

// close stops everything under the configured deadline.
func (h *hub) close() error {
	if h.ops != nil {
		h.ops.Drain()
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.ShutdownTimeout)
	defer cancel()
	return h.stack.Close(ctx)
}

// checks are what readiness asks: can the hub do its work now? A process without a consuming step waits for no partitions.
func (h *hub) checks(consuming bool) []reach.Check {
	checks := []reach.Check{
		{Name: "kafka", Probe: func(ctx context.Context) error { _, err := h.bus.Offsets(ctx, schemas.TopicCaseLog); return err }},
		{Name: "redis", Probe: h.index.Ping},
	}
	if consuming {
		checks = append(checks, reach.Check{Name: "consumers", Probe: func(context.Context) error {
			select {
			case <-h.runner.Running():
				return nil
			default:
				return errors.New("not every step has its partitions yet")
			}
		}})
	}
	return checks
}

// notes are shown beside the checks and decide nothing: the hub takes applications while a foreign system is down.
func (h *hub) notes() []reach.Check {
	var notes []reach.Check
	for _, name := range sortedNames(h.guards) {
		notes = append(notes, reach.Check{Name: name, Probe: h.guards[name].Ready})
	}
	return notes
}

// board is the live page of where cases stand, from what this process knows.
func (h *hub) board() http.Handler {
	return board.Handler(board.Config{
		Standing: h.docket.Standing, Partitions: h.cfg.Kafka.Partitions, Towns: divisions.Townships(),
		Systems: func() (all []ops.Health) {
			for _, name := range foreignSystems {
				all = append(all, h.guards[name].Health())
			}
			return all
		},
	})
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// listen serves one HTTP handler of the hub until the stack closes it.
func (h *hub) listen(name, address string, handler http.Handler) error {
	return h.listenTLS(name, address, nil, handler)
}

// listenTLS is listen that ends TLS itself where encrypt is not nil.
func (h *hub) listenTLS(name, address string, encrypt *tls.Config, handler http.Handler) error {
	l := h.given[name]
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	h.addrs[name] = l.Addr().String()
	if encrypt != nil {
		l = tls.NewListener(l, encrypt)
	}
	h.stack.Start(name, func(ctx context.Context) error { return serveHTTP(ctx, l, handler) })
	return nil
}

// Limits of the hub's HTTP servers: a caller that dribbles is cut off, a kept connection may idle as long as a gateway's pool keeps it.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	drainTimeout  = 3 * time.Second
)

// serveHTTP serves until ctx ends and lets the requests in hand finish.
func serveHTTP(ctx context.Context, l net.Listener, handler http.Handler) error {
	s := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}
	var silent silentConns
	s.ConnState = silent.note
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	silent.close()
	err := s.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, s.Close())
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// silentConns are connections on which nothing was asked yet. Balancers open such in advance, and a server's shutdown would wait seconds for them.
type silentConns struct {
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

func (s *silentConns) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.conns, c)
	case s.closed:
		_ = c.Close()
	case s.conns == nil:
		s.conns = map[net.Conn]bool{c: true}
	default:
		s.conns[c] = true
	}
}

func (s *silentConns) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for c := range s.conns {
		_ = c.Close()
	}
}

// observers tells the docket, the recount, the metrics and, in the demo, the audience of transitions. What was there before is counted by
// nobody again.
type observers struct {
	docket  *docket.Docket
	recount *recount.Recount
	legs    *ops.Legs
	watch   func(*schemas.Transition)
}

func (o observers) Wants(h *schemas.Head) bool               { return o.docket.Wants(h) }
func (o observers) Past(t *schemas.Transition)               { o.docket.Past(t) }
func (o observers) Save(partition int32) ([]byte, error)     { return o.docket.Save(partition) }
func (o observers) Load(partition int32, saved []byte) error { return o.docket.Load(partition, saved) }
func (o observers) Restore(t *schemas.Transition)            { o.docket.Restore(t); o.recount.Restore(t) }
func (o observers) Restored(partition int32, resume int64)   { o.docket.Restored(partition, resume) }
func (o observers) Forget(partition int32)                   { o.docket.Forget(partition); o.recount.Forget(partition) }
func (o observers) Observe(t *schemas.Transition) {
	o.recount.Observe(t)
	if o.docket.Observe(t) {
		o.legs.Observe(t)
	}
	if o.watch != nil {
		o.watch(t)
	}
}

// guarded calls a foreign system through its breaker.
func (h *hub) guarded(system string, call func(context.Context, schemas.Order) (schemas.EffectResult, error)) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	guard := h.guards[system]
	return func(ctx context.Context, o schemas.Order) (r schemas.EffectResult, err error) {
		err = guard.Do(ctx, func() (err error) {
			r, err = call(ctx, o)
			return err
		})
		return r, err
	}
}

// effects adds a step that carries out one kind of effect at one foreign system.
func (h *hub) effects(s *step, system string, workers ...effect.Worker) error {
	for i := range workers {
		w := &workers[i]
		w.Step, w.Call, w.Publish, w.Now = s.name, h.guarded(system, w.Call), h.out.Produce, h.now
	}
	h.lanes(s, func(ctx context.Context, rec bus.Record) error {
		for i := range workers {
			if err := workers[i].Handle(ctx, rec); err != nil {
				return err
			}
		}
		return nil
	}, func(ctx context.Context, rec bus.Record, code string) error {
		for i := range workers {
			if err := workers[i].Parked(ctx, rec, code); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// lanes adds a step that reads the case log record by record; what it cannot do in the end is reported to the case.
func (h *hub) lanes(s *step, handle func(context.Context, bus.Record) error, parked func(context.Context, bus.Record, string) error) {
	h.runner.Lanes(bus.Step{
		Name: s.name, Topics: s.reads, Stamped: true,
		OnDeadLetter: func(ctx context.Context, rec bus.Record, err error) error { return parked(ctx, rec, fault.CodeOf(err)) },
	}, handle)
}

// openIndex opens Redis as the configuration says, without calling it.
func openIndex(c *config.Config, now func() time.Time) (*deadline.Store, error) {
	r := &c.Redis
	encrypt, err := r.TLS.Client()
	if err != nil {
		return nil, fmt.Errorf("redis.tls: %w", err)
	}
	partitions := c.Kafka.Partitions
	return deadline.Open(deadline.Config{
		Addrs: r.Addresses, Username: r.Username, Password: r.Password.Value(), TLS: encrypt, DB: r.DB, Prefix: r.Prefix, Timeout: r.Timeout, Now: now,
		PartitionOf: func(key string) int32 { return bus.PartitionOf(key, partitions) },
	})
}

// openBus opens Kafka as the configuration says, without calling it.
func openBus(c *config.Config, log *slog.Logger, reg prometheus.Registerer) (*bus.Client, error) {
	k := &c.Kafka
	encrypt, err := k.TLS.Client()
	if err != nil {
		return nil, fmt.Errorf("kafka.tls: %w", err)
	}
	return bus.Open(bus.Config{
		Brokers: k.Brokers, Prefix: k.Prefix, ClientID: k.ClientID, SessionTimeout: k.SessionTimeout, ProduceTimeout: k.ProduceTimeout,
		Mechanism: k.SASL.Mechanism, Username: k.SASL.Username, Password: k.SASL.Password.Value(), TLS: encrypt,
	}, log, reg)
}

// noticesOf says where the installation's holiday notices are.
func noticesOf(c *config.Config) notices.Config {
	return notices.Config{BuiltIn: calendars.FS, Dir: c.Calendar.Dir}
}

func reasonCodes() []string {
	var codes []string
	for _, r := range casework.Reasons() {
		codes = append(codes, r.Code)
	}
	return codes
}
