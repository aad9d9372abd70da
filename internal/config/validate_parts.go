package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
)

const (
	// keyMin keeps the keys of hashes and signatures as long as the hash (32 bytes).
	keyMin = 32
	// tokenMin is for texts that are shown at a door as they are.
	tokenMin = 16
)

func (c *Config) checkRouteKey(f *faults) {
	f.secret("route_key", c.RouteKey)
	f.atLeast("route_key", c.RouteKey, keyMin)
}

// topicPart is what Kafka allows in a name, short enough to leave room for what follows.
var topicPart = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,100}$`)

func (c *Config) checkKafka(f *faults) {
	k := &c.Kafka
	f.addresses("kafka.brokers", k.Brokers)
	if !topicPart.MatchString(k.Prefix) {
		f.add("kafka.prefix", "%q: only letters, digits, dot, dash and underscore, at most 100", k.Prefix)
	}
	f.between("kafka.partitions", k.Partitions, 1, 1000)
	f.between("kafka.replication", k.Replication, 1, 9)
	if f.production && k.Replication < 3 {
		f.add("kafka.replication", "%d is under 3, which profile production refuses", k.Replication)
	}
	if k.SessionTimeout < 0 || k.ProduceTimeout < 0 {
		f.add("kafka", "session_timeout and produce_timeout are not negative")
	}
	c.checkSASL(f)
	checkTLS(f, "kafka.tls", k.TLS)
}

func (c *Config) checkSASL(f *faults) {
	s := &c.Kafka.SASL
	f.oneOf("kafka.sasl.mechanism", s.Mechanism, "", "plain", "scram-sha-256", "scram-sha-512")
	if s.Mechanism == "" {
		if s.Username != "" || s.Password.IsSet() {
			f.add("kafka.sasl", "username or password without a mechanism")
		}
		return
	}
	f.required("kafka.sasl.username", s.Username)
	f.secret("kafka.sasl.password", s.Password)
	if f.production && !c.Kafka.TLS.Enabled && s.Mechanism == "plain" {
		f.add("kafka.sasl.mechanism", "plain without TLS shows the password on the line")
	}
}

func checkTLS(f *faults, path string, t TLS) {
	if !t.Enabled && t != (TLS{}) {
		f.add(path, "files or server_name are set but enabled is false")
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		f.add(path, "cert_file and key_file: both or none")
	}
}

func (c *Config) checkRedis(f *faults) {
	r := &c.Redis
	f.addresses("redis.addresses", r.Addresses)
	f.optionalSecret("redis.password", r.Password)
	f.between("redis.db", r.DB, 0, 1<<20)
	if len(r.Addresses) > 1 && r.DB != 0 {
		f.add("redis.db", "%d: a cluster has only database 0", r.DB)
	}
	f.positive("redis.timeout", r.Timeout)
	checkTLS(f, "redis.tls", r.TLS)
}

// sourceName stands in record headers and metrics.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

func (c *Config) checkIntake(f *faults) {
	f.address("intake.listen", c.Intake.Listen)
	f.secret("intake.receipt_key", c.Intake.ReceiptKey)
	f.atLeast("intake.receipt_key", c.Intake.ReceiptKey, keyMin)
	if c.Intake.MaxBody < 1 {
		f.add("intake.max_body", "%d is not above zero", c.Intake.MaxBody)
	}
	f.positive("intake.clock_skew", c.Intake.ClockSkew)
	if len(c.Intake.Sources) == 0 {
		f.add("intake.sources", "is empty: nobody could send")
	}
	names, keys := map[string]string{}, map[string]string{}
	for i, s := range c.Intake.Sources {
		at := fmt.Sprintf("intake.sources[%d]", i)
		if !sourceName.MatchString(s.Name) {
			f.add(at+".name", "%q: want lower-case letters, digits, dash, underscore, at most 32", s.Name)
		}
		f.unique(at+".name", names, s.Name)
		f.required(at+".access_key", s.AccessKey)
		f.unique(at+".access_key", keys, s.AccessKey)
		f.secret(at+".secret", s.Secret)
		f.optionalSecret(at+".other_secret", s.OtherSecret)
		f.oneOf(at+".channel", s.Channel, "online", "window")
		checkStages(f, at+".stages", s.Stages)
	}
}

func checkStages(f *faults, path string, s Stages) {
	f.oneOf(path+".acceptance", s.Acceptance, auto, manual)
	f.oneOf(path+".review", s.Review, auto, manual)
	f.oneOf(path+".approval", s.Approval, auto, manual)
}

// township is a division of Haiyan: the county 330424 and three digits.
var township = regexp.MustCompile(`^330424[0-9]{3}$`)

var officerID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)

func (c *Config) checkDesk(f *faults) {
	f.address("desk.listen", c.Desk.Listen)
	if len(c.Desk.Officers) == 0 {
		f.add("desk.officers", "is empty: nobody could work")
	}
	if c.Desk.UsersFile != "" {
		f.required("desk.audit_file", c.Desk.AuditFile)
	}
	if c.Desk.Idle < 0 {
		f.add("desk.idle", "%s is below zero", c.Desk.Idle)
	}
	c.checkWays(f)
	ids, tokens := map[string]string{}, map[string]string{}
	for i, o := range c.Desk.Officers {
		at := fmt.Sprintf("desk.officers[%d]", i)
		if !officerID.MatchString(o.ID) {
			f.add(at+".id", "%q: want 1 to 32 letters, digits, dash and underscore", o.ID)
		}
		f.unique(at+".id", ids, o.ID)
		f.required(at+".name", o.Name)
		f.secret(at+".token", o.Token)
		f.atLeast(at+".token", o.Token, tokenMin)
		f.unique(at+".token", tokens, o.Token.Value())
		if len(o.Roles) == 0 {
			f.add(at+".roles", "is empty")
		}
		for j, r := range o.Roles {
			f.oneOf(fmt.Sprintf("%s.roles[%d]", at, j), r, RoleAcceptance, RoleReview, RoleApproval, RoleSupervisor)
		}
		for j, t := range o.Townships {
			if !township.MatchString(t) {
				f.add(fmt.Sprintf("%s.townships[%d]", at, j), "%q: want 330424 and three digits", t)
			}
		}
	}
}

func (c *Config) checkMetrics(f *faults) { f.address("metrics.listen", c.Metrics.Listen) }

func (c *Config) checkApproval(f *faults) {
	a := &c.Approval
	checkStages(f, "approval.stages", a.Stages)
	f.oneOf("approval.registered.mode", a.Registered.Mode, CountDays, CountMonths)
	f.between("approval.registered.days", a.Registered.Days, 1, 3660)
	f.between("approval.registered.max_gap_days", a.Registered.MaxGapDays, 0, 3660)
	f.oneOf("approval.suspended", a.Suspended, SuspendedManual, SuspendedAccept, SuspendedRefuse)
	f.positive("snapshots.every", c.Snapshots.Every)
	f.between("snapshots.after", c.Snapshots.After, 1, 1_000_000)
	checkLimit(f, "approval.limits.t1", a.Limits.T1)
	checkLimit(f, "approval.limits.t4", a.Limits.T4)
	checkLimit(f, "approval.limits.t5", a.Limits.T5)
	f.positive("approval.limits.push_within", a.Limits.PushWithin)
	f.positive("approval.limits.notify_within", a.Limits.NotifyWithin)
	f.positive("approval.limits.cancel_within", a.Limits.CancelWithin)
	for i, n := range a.NoticesOff {
		f.oneOf(fmt.Sprintf("approval.notices_off[%d]", i), n, "N3", "N4")
	}
	if w := a.Limits.Warnings; len(w) == 0 || !slices.IsSorted(w) || len(slices.Compact(slices.Clone(w))) != len(w) || w[0] < 1 || w[len(w)-1] > 99 {
		f.add("approval.limits.warnings", "want rising percents from 1 to 99")
	}
}

func checkLimit(f *faults, path string, l Limit) {
	f.between(path+".days", l.Days, 1, 3660)
	f.oneOf(path+".unit", l.Unit, WorkingDays, CalendarDays)
	f.oneOf(path+".end", l.End, EndOfDay, CloseOfBusiness)
}

var (
	licenceType   = regexp.MustCompile(`^[0-9A-Z]{21}$`)
	licenceIssuer = regexp.MustCompile(`^[0-9A-Z]{18}$`)
)

func (c *Config) checkEpermit(f *faults) {
	e := &c.Systems.Epermit
	checkGateway(f, "systems.epermit", Gateway{e.BaseURL, e.AccessKey, e.Secret, e.Timeout})
	f.required("authority.code", c.Authority.Code)
	if e.LicenceType != "" && !licenceType.MatchString(e.LicenceType) {
		f.add("systems.epermit.licence_type", "%q: want 21 digits or capital letters", e.LicenceType)
	}
	if e.LicenceIssuer != "" && !licenceIssuer.MatchString(e.LicenceIssuer) {
		f.add("systems.epermit.licence_issuer", "%q: want 18 digits or capital letters", e.LicenceIssuer)
	}
}

func (c *Config) checkRegistration(f *faults) {
	checkGateway(f, "systems.registration", c.Systems.Registration)
}

func (c *Config) checkDataPlatform(f *faults) {
	d := &c.Systems.DataPlatform
	checkGateway(f, "systems.dataplatform", Gateway{d.BaseURL, d.AccessKey, d.Secret, d.Timeout})
	f.required("authority.code", c.Authority.Code)
	f.required("authority.name", c.Authority.Name)
	f.required("authority.task_code", c.Authority.TaskCode)
	f.required("authority.task_name", c.Authority.TaskName)
}

func checkGateway(f *faults, path string, g Gateway) {
	f.baseURL(path+".base_url", g.BaseURL)
	f.required(path+".access_key", g.AccessKey)
	f.secret(path+".secret", g.Secret)
	f.positive(path+".timeout", g.Timeout)
}

func (c *Config) checkSMS(f *faults) {
	s := &c.Systems.SMS
	if u := f.baseURL("systems.sms.base_url", s.BaseURL); u != nil && u.Scheme == "http" && !loopback(u) && !s.PrivateLine {
		f.add("systems.sms.base_url", "http carries the secret in clear: want https, or private_line")
	}
	f.required("systems.sms.ec_name", s.ECName)
	f.required("systems.sms.ap_id", s.APID)
	f.required("systems.sms.sign_code", s.SignCode)
	f.secret("systems.sms.secret", s.Secret)
	f.oneOf("systems.sms.mode", s.Mode, SMSFree, SMSTemplate)
	if s.Mode == SMSTemplate && len(s.Templates) == 0 {
		f.add("systems.sms.templates", "is empty: mode template needs the gateway's template ids")
	}
	f.between("systems.sms.max_segments", s.MaxSegments, 1, 100)
	f.positive("systems.sms.timeout", s.Timeout)
	f.address("systems.sms.receipt_listen", s.ReceiptListen)
	checkReceipts(f, s)
}

// checkReceipts: the protocol proves nothing, so receipts need a token in their path or a network they come from.
func checkReceipts(f *faults, s *SMS) {
	if len(s.ReceiptFrom) == 0 {
		f.secret("systems.sms.receipt_token", s.ReceiptToken)
	} else {
		f.optionalSecret("systems.sms.receipt_token", s.ReceiptToken)
	}
	f.atLeast("systems.sms.receipt_token", s.ReceiptToken, tokenMin)
	if token := s.ReceiptToken.Value(); url.PathEscape(token) != token {
		f.add("systems.sms.receipt_token", "has characters that a URL path does not carry plainly")
	}
	for i, network := range s.ReceiptFrom {
		if _, err := netip.ParsePrefix(network); err != nil {
			f.add(fmt.Sprintf("systems.sms.receipt_from[%d]", i), "%q: want a network such as 10.1.0.0/16", network)
		}
	}
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Config) checkArchive(f *faults) { f.required("systems.archive.dir", c.Systems.Archive.Dir) }

func (c *Config) checkSimulate(f *faults) {
	s := &c.Simulate
	f.address("simulate.epermit", s.Epermit)
	f.address("simulate.dataplatform", s.DataPlatform)
	f.address("simulate.registration", s.Registration)
	f.address("simulate.sms", s.SMS)
	f.baseURL("simulate.receipt_url", s.ReceiptURL)
}

// checkListeners keeps the listeners of one process apart; port 0 is a free port each time.
func (c *Config) checkListeners(f *faults, parts []Part) {
	seen := map[string]string{}
	for _, l := range []struct {
		part          Part
		path, address string
	}{
		{PartIntake, "intake.listen", c.Intake.Listen}, {PartDesk, "desk.listen", c.Desk.Listen},
		{PartSMS, "systems.sms.receipt_listen", c.Systems.SMS.ReceiptListen}, {PartMetrics, "metrics.listen", c.Metrics.Listen},
	} {
		if _, port, _ := net.SplitHostPort(l.address); port != "0" && (len(parts) == 0 || slices.Contains(parts, l.part)) {
			f.unique(l.path, seen, l.address)
		}
	}
}
