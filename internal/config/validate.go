package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Part is what a command uses of the configuration: a command that only lists topics needs no SMS secret.
type Part string

// Parts.
const (
	PartKafka        Part = "kafka"
	PartRedis        Part = "redis"
	PartRouteKey     Part = "route_key"
	PartIntake       Part = "intake"
	PartDesk         Part = "desk"
	PartMetrics      Part = "metrics"
	PartApproval     Part = "approval"
	PartEpermit      Part = "epermit"
	PartRegistration Part = "registration"
	PartDataPlatform Part = "dataplatform"
	PartSMS          Part = "sms"
	PartArchive      Part = "archive"
	PartSimulate     Part = "simulate"
)

// checks gives each part its check, in the order of the file.
func (c *Config) checks() []struct {
	part  Part
	check func(*faults)
} {
	return []struct {
		part  Part
		check func(*faults)
	}{
		{PartRouteKey, c.checkRouteKey}, {PartKafka, c.checkKafka}, {PartRedis, c.checkRedis}, {PartIntake, c.checkIntake}, {PartDesk, c.checkDesk},
		{PartMetrics, c.checkMetrics}, {PartApproval, c.checkApproval}, {PartEpermit, c.checkEpermit}, {PartRegistration, c.checkRegistration},
		{PartDataPlatform, c.checkDataPlatform}, {PartSMS, c.checkSMS}, {PartArchive, c.checkArchive}, {PartSimulate, c.checkSimulate},
	}
}

// Validate returns every fault of the named parts at once, each beginning with its key path; without parts it checks all.
// The profile, the log and the shutdown are always checked.
func (c *Config) Validate(parts ...Part) error {
	f := &faults{production: c.Profile != Local}
	f.oneOf("profile", c.Profile, Local, Production)
	f.positive("shutdown_timeout", c.ShutdownTimeout)
	f.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	f.oneOf("log.format", c.Log.Format, "auto", "text", "json")
	for _, p := range c.checks() {
		if len(parts) == 0 || slices.Contains(parts, p.part) {
			p.check(f)
		}
	}
	c.checkListeners(f, parts)
	return errors.Join(f.list...)
}

// faults collects what is wrong.
type faults struct {
	production bool
	list       []error
}

func (f *faults) add(path, format string, args ...any) {
	f.list = append(f.list, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
}

func (f *faults) oneOf(path, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		f.add(path, "%q is none of %s", v, strings.Join(allowed, ", "))
	}
}

func (f *faults) required(path, v string) {
	if v == "" {
		f.add(path, "is missing")
	}
}

func (f *faults) positive(path string, d time.Duration) {
	if d <= 0 {
		f.add(path, "%s is not above zero", d)
	}
}

func (f *faults) between(path string, v, low, high int) {
	if v < low || v > high {
		f.add(path, "%d is outside %d to %d", v, low, high)
	}
}

// secret checks one that must be there.
func (f *faults) secret(path string, s Secret) {
	if !s.IsSet() {
		f.add(path, "is missing: give file or env")
		return
	}
	f.optionalSecret(path, s)
}

// optionalSecret checks one that may be unset.
func (f *faults) optionalSecret(path string, s Secret) {
	switch {
	case s.err != nil:
		f.add(path, "%w", s.err)
	case f.production && guessable(s.Value()):
		f.add(path, "is a known default, which profile production refuses")
	}
}

// address checks host:port of something to dial or to listen on; one string with commas panics inside a Kafka client.
func (f *faults) address(path, v string) {
	host, port, err := net.SplitHostPort(v)
	if err != nil || strings.ContainsAny(host, ", \t/@") {
		f.add(path, "%q: want host:port", v)
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		f.add(path, "%q: port %q is no number up to 65535", v, port)
	} else if host == "" && n == 0 {
		f.add(path, "%q: want host:port", v)
	}
}

// addresses checks a list of servers, which needs hosts and ports.
func (f *faults) addresses(path string, list []string) {
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		f.address(at, v)
		if host, port, err := net.SplitHostPort(v); err == nil && (host == "" || port == "0") {
			f.add(at, "%q: want host and port", v)
		}
	}
}

// baseURL refuses credentials and queries: a URL is printed and logged.
func (f *faults) baseURL(path, v string) *url.URL {
	u, err := url.Parse(v)
	switch {
	case err != nil:
		f.add(path, "is no URL") // the parser's error repeats the text, credentials and all
		return nil
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		f.add(path, "a base URL has no credentials, query or fragment")
		return nil
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		f.add(path, "want http://host or https://host")
		return nil
	}
	return u
}

// atLeast checks the length of a secret that is there.
func (f *faults) atLeast(path string, s Secret, n int) {
	if v := s.Value(); v != "" && len(v) < n {
		f.add(path, "has %d bytes, want at least %d", len(v), n)
	}
}

func (f *faults) unique(path string, seen map[string]string, v string) {
	if v == "" {
		return
	}
	if first, ok := seen[v]; ok {
		f.add(path, "is the same as %s", first)
		return
	}
	seen[v] = path
}
