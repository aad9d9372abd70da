package registration

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"permithub/adapters/registration/registrationsim"
	"permithub/internal/fault"
	"permithub/internal/gateway"
	"permithub/internal/simulator"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The ports of the steps that use this adapter.
var _ interface {
	Lookup(ctx context.Context, o schemas.Order) (schemas.Facts, error)
	Cancel(ctx context.Context, o schemas.Order) (string, error)
} = (*System)(nil)

const (
	citizen = "11010519491231002X" // the published sample of GB 11643
	name    = "欧阳某某"
	oldNo   = "ZJ330411000001"
	newNo   = "HY330424000009"
	hidden  = "s3cret-9f2"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, schemas.Shanghai)

func clock() time.Time { return noon }

func order() schemas.Order {
	return schemas.Order{
		Effect: schemas.Effect{EffectID: "K3JQABCDEFGHWXYZ7-cancel-1", Kind: schemas.EffectCancel, PermitNo: oldNo, NewNo: newNo},
		Person: schemas.Person{CitizenID: strings.ToLower(citizen), FullName: name},
	}
}

type far struct {
	*System
	sim *registrationsim.System
	kit *simulator.Kit
}

func newFar(t *testing.T, client func(*Config), server func(*registrationsim.Config)) *far {
	t.Helper()
	simCfg := registrationsim.Config{Secrets: map[string]string{"permithub": hidden}}
	if server != nil {
		server(&simCfg)
	}
	f := &far{kit: simulator.New("registration", clock)}
	f.sim = registrationsim.New(simCfg, f.kit)
	srv := httptest.NewServer(f.sim)
	t.Cleanup(func() { f.kit.Close(); srv.Close() })
	cfg := config(srv.URL)
	if client != nil {
		client(&cfg)
	}
	f.System = newSystem(t, cfg)
	return f
}

func config(url string) Config {
	return Config{Gateway: gateway.Config{BaseURL: url, AccessKey: "permithub", Secret: hidden}}
}

func newSystem(t *testing.T, cfg Config) *System {
	t.Helper()
	s, err := New(cfg, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func (f *far) put(t *testing.T, citizenID, fullName string, r registrationsim.Record) {
	t.Helper()
	if err := f.sim.Put(registrationsim.Person{CitizenID: citizenID, FullName: fullName, Record: r}); err != nil {
		t.Fatal(err)
	}
}

func holder(status string) registrationsim.Record {
	return registrationsim.Record{Permits: []registrationsim.Permit{{PermitNo: oldNo, Status: status, Division: "330411", IssuedOn: "2025-03-01"}}}
}

// checkErr also looks for what no error may carry.
func checkErr(t *testing.T, err error, class fault.Class, code string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if fault.ClassOf(err) != class || fault.CodeOf(err) != code {
		t.Errorf("got %v (%v, %s), want %v, %s", err, fault.ClassOf(err), fault.CodeOf(err), class, code)
	}
	if err == nil {
		return
	}
	for _, s := range []string{citizen, strings.ToLower(citizen), name, hidden, "http://"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("error %q carries %q", err, s)
		}
	}
}
