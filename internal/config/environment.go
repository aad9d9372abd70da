package config

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/v2"
)

const envPrefix = "PERMITHUB_"

// testPrefix is left to tests, which start the program inside their own environment.
const testPrefix = envPrefix + "TEST_"

// serviceLink matches what Kubernetes sets in every pod for a service named permithub (PERMITHUB_SERVICE_HOST,
// PERMITHUB_PORT_8080_TCP …): nobody's mistake.
var serviceLink = regexp.MustCompile(`^PERMITHUB_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// environment is the layer of PERMITHUB_ variables.
type environment map[string]string

func newEnvironment(environ []string) environment {
	e := environment{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		e[name] = value
	}
	return e
}

func (e environment) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

// apply sets each key whose variable is there. PERMITHUB_ROUTE_KEY holds the secret itself, PERMITHUB_ROUTE_KEY_FILE the path
// of its file.
func (e environment) apply(k *koanf.Koanf) []error {
	var faults []error
	for _, l := range leaves(reflect.TypeFor[Config](), "") {
		name := variable(l.path)
		if l.typ == secretType {
			e.applySecret(k, l.path, name)
			continue
		}
		if text, ok := e[name]; ok {
			if err := set(k, l, text); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return faults
}

func (e environment) applySecret(k *koanf.Koanf, path, name string) {
	if _, ok := e[name]; ok {
		replaceSecret(k, path, "env", name)
	}
	if file, ok := e[name+"_FILE"]; ok {
		replaceSecret(k, path, "file", file)
	}
	if other, ok := e[name+"_ENV"]; ok {
		replaceSecret(k, path, "env", other)
	}
}

// replaceSecret drops what a lower layer said: its file would stand beside this layer's variable.
func replaceSecret(k *koanf.Koanf, path, key, value string) {
	k.Delete(path)
	_ = k.Set(path+"."+key, value) // fails only for a nil map
}

// strangers returns a fault for each PERMITHUB_ variable that nothing reads.
func (e environment) strangers(c *Config) []error {
	var known []string
	for _, l := range leaves(reflect.TypeFor[Config](), "") {
		known = append(known, variable(l.path))
		if l.typ == secretType {
			known = append(known, variable(l.path)+"_FILE", variable(l.path)+"_ENV")
		}
	}
	used := slices.Clone(known)
	for _, s := range c.secrets() {
		used = append(used, s.env)
	}
	var faults []error
	for name := range e {
		if !strings.HasPrefix(name, envPrefix) || strings.HasPrefix(name, testPrefix) || slices.Contains(used, name) || serviceLink.MatchString(name) {
			continue
		}
		faults = append(faults, fmt.Errorf("%s: unknown variable; the nearest known one is %s", name, nearest(name, known)))
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}

func applyFlags(k *koanf.Koanf, flags map[string]string) []error {
	known := map[string]leaf{}
	var paths []string
	for _, l := range leaves(reflect.TypeFor[Config](), "") {
		if l.typ == secretType {
			for _, key := range []string{".file", ".env"} {
				known[l.path+key] = leaf{l.path, secretType}
				paths = append(paths, l.path+key)
			}
			continue
		}
		known[l.path] = l
		paths = append(paths, l.path)
	}
	var faults []error
	for path, text := range flags {
		l, ok := known[path]
		switch {
		case !ok:
			faults = append(faults, fmt.Errorf("flag %s: unknown key; the nearest known one is %s", path, nearest(path, paths)))
		case l.typ == secretType:
			replaceSecret(k, l.path, path[strings.LastIndexByte(path, '.')+1:], text)
		default:
			if err := set(k, l, text); err != nil {
				faults = append(faults, fmt.Errorf("flag %s: %w", path, err))
			}
		}
	}
	return faults
}

// set reads text as the key's type: variables and flags have texts only.
func set(k *koanf.Koanf, l leaf, text string) error {
	var (
		v   any = text
		err error
	)
	switch {
	case l.typ == durationType:
		_, err = parseDuration(text)
	case l.typ.Kind() == reflect.Slice && l.typ.Elem().Kind() == reflect.Struct, l.typ.Kind() == reflect.Map:
		err = errors.New("has parts: set it in the file")
	case l.typ.Kind() == reflect.Slice:
		v, err = parseList(text, l.typ.Elem().Kind())
	case l.typ.Kind() == reflect.Bool:
		if v, err = strconv.ParseBool(text); err != nil {
			err = errors.New("want true or false")
		}
	case l.typ.Kind() != reflect.String:
		if v, err = strconv.ParseInt(text, 10, 64); err != nil {
			err = errors.New("want a whole number")
		}
	}
	if err != nil {
		return err
	}
	return k.Set(l.path, v)
}

func parseList(text string, elem reflect.Kind) ([]any, error) {
	var list []any
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		switch {
		case part == "":
		case elem == reflect.String:
			list = append(list, part)
		default:
			n, err := strconv.Atoi(part)
			if err != nil {
				return nil, errors.New("want whole numbers with commas")
			}
			list = append(list, n)
		}
	}
	return list, nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("want a duration such as 30s")
	}
	return d, nil
}
