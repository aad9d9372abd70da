// Package adapters is the list of foreign systems: what the hub calls, and what plays them for the demo and for tests.
//
// Adding a system is a folder here and its line in [Open] and in [Simulators].
package adapters

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"permithub/adapters/archive"
	"permithub/adapters/dataplatform"
	"permithub/adapters/dataplatform/dataplatformsim"
	"permithub/adapters/epermit"
	"permithub/adapters/epermit/epermitsim"
	"permithub/adapters/registration"
	"permithub/adapters/registration/registrationsim"
	"permithub/adapters/sms"
	"permithub/adapters/sms/smssim"
	"permithub/internal/config"
	"permithub/internal/gateway"
	"permithub/internal/simulator"
	"permithub/schemas"
)

// Systems are the foreign systems as the hub calls them.
type Systems struct {
	Epermit      *epermit.Client
	Registration *registration.System
	SMS          *sms.Gateway
	DataPlatform *dataplatform.Client
	Archive      *archive.Archive
}

// Open prepares every system without calling any; it names every fault of their configuration at once. Close lets go of the connections.
func Open(c *config.Config, now func() time.Time, log *slog.Logger) (*Systems, error) {
	var s Systems
	var errs [5]error
	sys := &c.Systems
	skew := func(system string) func(time.Duration) {
		return func(ahead time.Duration) {
			log.Warn("clock of a foreign system is off", "system", system, "ahead", ahead)
		}
	}
	s.Epermit, errs[0] = epermit.New(epermitConfig(&sys.Epermit, &c.Authority, skew("epermit")), now)
	s.Registration, errs[1] = registration.New(registration.Config{Gateway: gatewayConfig(&sys.Registration, skew("registration"))}, now)
	s.SMS, errs[2] = sms.New(smsConfig(&sys.SMS))
	s.DataPlatform, errs[3] = dataplatform.New(dataPlatformConfig(&sys.DataPlatform, &c.Authority, skew("dataplatform")), now)
	s.Archive, errs[4] = archive.New(archive.Config{Dir: sys.Archive.Dir, Create: sys.Archive.Create})
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return &s, nil
}

// Close lets go of idle connections; calls have ended.
func (s *Systems) Close() {
	s.Epermit.Close()
	s.Registration.Close()
	s.SMS.Close()
	s.DataPlatform.Close()
}

func gatewayConfig(g *config.Gateway, onSkew func(time.Duration)) gateway.Config {
	return gateway.Config{BaseURL: g.BaseURL, AccessKey: g.AccessKey, Secret: g.Secret.Value(), Timeout: g.Timeout, OnSkew: onSkew}
}

func dataPlatformConfig(g *config.DataPlatform, a *config.Authority, onSkew func(time.Duration)) dataplatform.Config {
	return dataplatform.Config{
		BaseURL: g.BaseURL, AccessKey: g.AccessKey, Secret: g.Secret.Value(), Timeout: g.Timeout, MappingFile: g.MappingFile,
		OrgCode: a.Code, OrgName: a.Name, TaskCode: a.TaskCode, TaskName: a.TaskName, OnSkew: onSkew,
	}
}

func epermitConfig(e *config.Epermit, a *config.Authority, onSkew func(time.Duration)) epermit.Config {
	return epermit.Config{
		BaseURL: e.BaseURL, AccessKey: e.AccessKey, Secret: e.Secret.Value(), Timeout: e.Timeout, OrgCode: a.Code,
		LicenceType: e.LicenceType, LicenceIssuer: e.LicenceIssuer, BusyCodes: e.BusyCodes, OnSkew: onSkew,
	}
}

func smsConfig(s *config.SMS) sms.Config {
	return sms.Config{
		BaseURL: s.BaseURL, PrivateLine: s.PrivateLine, Mode: s.Mode, ECName: s.ECName, APID: s.APID, SecretKey: s.Secret.Value(), SignCode: s.SignCode,
		AddSerial: s.AddSerial, Signature: s.Signature, Templates: s.Templates, MaxSegments: s.MaxSegments, Timeout: s.Timeout,
		ReceiptToken: s.ReceiptToken.Value(), ReceiptFrom: s.ReceiptFrom,
	}
}

// Simulator plays one foreign system on one listener, its control routes under [simulator.ControlPrefix].
type Simulator struct {
	Name    string
	Listen  string
	Kit     *simulator.Kit
	Handler http.Handler
	stop    func(context.Context) error // ends what the simulator does by itself; nil where it does nothing
}

// Close ends what the simulator does by itself and closes its ledger. Its server has stopped.
func (s *Simulator) Close() error {
	var err error
	if s.stop != nil {
		err = closeWithin(s.stop)
	}
	return errors.Join(err, s.Kit.CloseFile())
}

// haiyan is the county of the permits that the hub has issued.
const haiyan = "330424"

// receiptDelay is how long the simulated network takes to deliver a message.
const receiptDelay = 50 * time.Millisecond

// Simulators lists every foreign system as the simulators play it, under the keys with which the hub calls it. With a ledger folder each goes on
// where an earlier process ended.
func Simulators(c *config.Config, now func() time.Time) ([]Simulator, error) {
	sys, sim := &c.Systems, &c.Simulate
	kits, err := kits(sim.LedgerDir, now, "epermit", "registration", "sms", "dataplatform")
	if err != nil {
		return nil, err
	}
	r := Simulator{Name: "registration", Listen: sim.Registration, Kit: kits["registration"]}
	registered := registrationsim.New(registrationsim.Config{Secrets: map[string]string{sys.Registration.AccessKey: sys.Registration.Secret.Value()}}, r.Kit)
	r.Handler = registered

	e := Simulator{Name: "epermit", Listen: sim.Epermit, Kit: kits["epermit"]}
	e.Handler = epermitsim.New(epermitsim.Config{
		AccessKey: sys.Epermit.AccessKey, Secret: sys.Epermit.Secret.Value(), LicenceType: sys.Epermit.LicenceType, LicenceIssuer: sys.Epermit.LicenceIssuer,
		// The province tells the county of every permit; a number of the platform's own cannot be another person's already.
		Issued: func(idNumber string, p epermitsim.Permit) {
			_ = registered.AddPermit(idNumber, registrationsim.Permit{PermitNo: p.PermitNo, Division: haiyan, IssuedOn: string(schemas.Day(now()))})
		},
		Revoked: registered.Retire,
	}, e.Kit)

	d := Simulator{Name: "dataplatform", Listen: sim.DataPlatform, Kit: kits["dataplatform"]}
	d.Handler = dataplatformsim.New(dataplatformsim.Config{AccessKey: sys.DataPlatform.AccessKey, Secret: sys.DataPlatform.Secret.Value()}, d.Kit)

	m := Simulator{Name: "sms", Listen: sim.SMS, Kit: kits["sms"]}
	g := smssim.New(smssim.Config{
		ECName: sys.SMS.ECName, APID: sys.SMS.APID, SecretKey: sys.SMS.Secret.Value(), SignCodes: []string{sys.SMS.SignCode},
		CallbackURL: ReceiptURL(c), ReceiptDelay: receiptDelay,
	}, m.Kit)
	m.Handler, m.stop = g, g.Close

	return []Simulator{e, r, m, d}, nil
}

// kits makes the ledgers of the systems named: in files of a folder where there is one, else in memory.
func kits(dir string, now func() time.Time, names ...string) (map[string]*simulator.Kit, error) {
	all := map[string]*simulator.Kit{}
	for _, name := range names {
		if dir == "" {
			all[name] = simulator.New(name, now)
			continue
		}
		kit, err := simulator.Open(name, filepath.Join(dir, name+".jsonl"), now)
		if err != nil {
			return nil, err
		}
		all[name] = kit
	}
	return all, nil
}

// ReceiptPath is where receipts are pushed to; the token follows.
const ReceiptPath = "/v1/receipts/"

// ReceiptURL is where the gateway pushes its receipts, the token being the path's last element.
func ReceiptURL(c *config.Config) string {
	base := cmp.Or(c.Simulate.ReceiptURL, "http://"+c.Systems.SMS.ReceiptListen)
	return strings.TrimSuffix(base, "/") + ReceiptPath + c.Systems.SMS.ReceiptToken.Value()
}

// closeTimeout bounds how long a simulator may take to end.
const closeTimeout = 2 * time.Second

func closeWithin(stop func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return stop(ctx)
}
