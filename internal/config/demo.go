package config

import (
	"cmp"
	"slices"
	"strings"
)

// Every secret of the demo begins like this, so that none can slip into production under a new name.
const demoPrefix = "permithub-demo-only-"

const manual = "manual"
const auto = "auto"

// DemoSecret returns the public secret of that name: whoever reads this can sign as the demo, which is why production refuses it.
func DemoSecret(name string) string { return demoPrefix + name + "-known-to-all" }

// demoNames name the secrets that profile local fills in.
var demoNames = []string{
	"route-key", "intake-receipts", "epermit", "registration", "dataplatform", "sms", "sms-receipts",
	"source-province", "source-window", "officer-1001", "officer-1002", "officer-1003", "officer-1004",
}

// DemoSecrets lists the secrets that profile local fills in; they are public, and production refuses them.
func DemoSecrets() []string {
	all := make([]string, len(demoNames))
	for i, name := range demoNames {
		all[i] = DemoSecret(name)
	}
	return all
}

// commonSecrets are what manuals and samples put where a secret belongs.
var commonSecrets = []string{"secret", "password", "passwd", "changeme", "change-me", "admin", "default", "test", "demo", "example", "123456", "12345678", "permithub"}

// guessable reports whether the text is the demo's or everybody's.
func guessable(text string) bool {
	return strings.HasPrefix(text, demoPrefix) || slices.Contains(commonSecrets, strings.ToLower(text))
}

// LocalDefaults is the configuration of an empty file under profile local: what the demo starts from.
func LocalDefaults() *Config {
	c := &Config{Profile: Local}
	c.fill("")
	return c
}

// fillDemo gives every required secret that is unset the demo's own, and sources and officers where none are listed.
func (c *Config) fillDemo() {
	set := func(s *Secret, name string) {
		if !s.IsSet() {
			*s = SecretOf(DemoSecret(name))
		}
	}
	set(&c.RouteKey, "route-key")
	set(&c.Intake.ReceiptKey, "intake-receipts")
	sys := &c.Systems
	set(&sys.Epermit.Secret, "epermit")
	set(&sys.Registration.Secret, "registration")
	set(&sys.DataPlatform.Secret, "dataplatform")
	set(&sys.SMS.Secret, "sms")
	set(&sys.SMS.ReceiptToken, "sms-receipts")
	for _, name := range []*string{&sys.Epermit.AccessKey, &sys.Registration.AccessKey, &sys.DataPlatform.AccessKey, &sys.SMS.ECName, &sys.SMS.APID, &sys.SMS.SignCode} {
		*name = cmp.Or(*name, "demo")
	}
	sys.Archive.Create = true
	c.Authority.Code = cmp.Or(c.Authority.Code, "demo-330424")
	c.Authority.Name = cmp.Or(c.Authority.Name, "海盐县公安局（演示）")
	c.Authority.TaskCode = cmp.Or(c.Authority.TaskCode, "demo-task")
	c.Authority.TaskName = cmp.Or(c.Authority.TaskName, "浙江省居住证互认（演示）")
	if len(c.Intake.Sources) == 0 {
		c.Intake.Sources = demoSources()
	}
	if len(c.Desk.Officers) == 0 {
		c.Desk.Officers = demoOfficers()
	}
}

func demoSources() []Source {
	return []Source{
		{Name: "province", AccessKey: "demo-province", Secret: SecretOf(DemoSecret("source-province")), Channel: "online", Stages: Stages{auto, auto, auto}},
		{Name: "window", AccessKey: "demo-window", Secret: SecretOf(DemoSecret("source-window")), Channel: "window"},
	}
}

func demoOfficers() []Officer {
	return []Officer{
		{ID: "1001", Name: "受理演示", Token: SecretOf(DemoSecret("officer-1001")), Roles: []string{RoleAcceptance}},
		{ID: "1002", Name: "审核演示", Token: SecretOf(DemoSecret("officer-1002")), Roles: []string{RoleReview}},
		{ID: "1003", Name: "审批演示", Token: SecretOf(DemoSecret("officer-1003")), Roles: []string{RoleApproval}},
		{ID: "1004", Name: "督办演示", Token: SecretOf(DemoSecret("officer-1004")), Roles: []string{RoleSupervisor}},
	}
}
