package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/go-viper/mapstructure/v2"
	"github.com/goccy/go-yaml"
	"github.com/knadh/koanf/v2"
)

// Options say where the layers come from.
type Options struct {
	// File is the path of the YAML file; empty means none.
	File string
	// Environ is the environment as os.Environ gives it; nil means an empty one.
	Environ []string
	// Flags set key paths ("kafka.prefix"), lists with commas. A secret is set by its .file or .env only: arguments are public.
	Flags map[string]string
}

// Load reads the layers, fills in the defaults and reads the secrets. It returns every fault of the form at once; what the
// values say, and secrets that could not be read, are for [Config.Validate].
func Load(o Options) (*Config, error) {
	k := koanf.New(".")
	env := newEnvironment(o.Environ)
	faults := []error{loadFile(k, o.File)}
	faults = append(faults, env.apply(k)...)
	faults = append(faults, applyFlags(k, o.Flags)...)
	c := &Config{}
	faults = append(faults, unknown(reflect.TypeFor[Config](), k.Raw(), "")...)
	faults = append(faults, decode(k, c)...)
	c.anchor(filepath.Dir(o.File))
	c.resolve(env.lookup)
	c.fill(filepath.Dir(o.File))
	faults = append(faults, env.strangers(c)...)
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("configuration %s:\n%w", o.File, err)
	}
	return c, nil
}

func loadFile(k *koanf.Koanf, path string) error {
	if path == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return k.Load(document(b), format{})
}

// document is a file that was read.
type document []byte

func (d document) ReadBytes() ([]byte, error) { return d, nil }

func (d document) Read() (map[string]any, error) { return nil, errors.New("a document has bytes only") }

// format is YAML for koanf.
type format struct{}

// Unmarshal leaves the source out of the error: what stands there may be a secret at the wrong place.
func (format) Unmarshal(b []byte) (map[string]any, error) {
	m := map[string]any{}
	if err := yaml.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("yaml: %s", yaml.FormatError(err, false, false))
	}
	return m, nil
}

func (format) Marshal(m map[string]any) ([]byte, error) { return yaml.Marshal(m) }

// decode takes the merged layers into c, without guessing between types.
func decode(k *koanf.Koanf, c *Config) []error {
	err := k.UnmarshalWithConf("", c, koanf.UnmarshalConf{Tag: "yaml", DecoderConfig: &mapstructure.DecoderConfig{
		Result: c,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			secretHook, durationHook,
		),
	}})
	return flatten(err)
}

// flatten takes the decoder's tree of errors apart, one line for each key.
func flatten(err error) []error {
	var (
		one  *mapstructure.DecodeError
		many interface{ Unwrap() []error }
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var all []error
		for _, e := range many.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	case errors.As(err, &one):
		return []error{fmt.Errorf("%s: %w", one.Name(), one.Unwrap())}
	}
	return []error{err}
}

func secretHook(_, to reflect.Type, data any) (any, error) {
	if to != secretType {
		return data, nil
	}
	m, ok := data.(map[string]any)
	if !ok {
		return nil, errors.New("a secret is never written here: give file or env")
	}
	s := Secret{}
	for key, place := range map[string]*string{"file": &s.file, "env": &s.env} {
		if v, ok := m[key]; ok {
			if *place, ok = v.(string); !ok || *place == "" {
				return nil, fmt.Errorf("%s: want a text", key)
			}
		}
	}
	return s, nil
}

func durationHook(_, to reflect.Type, data any) (any, error) {
	if to != durationType {
		return data, nil
	}
	text, ok := data.(string)
	if !ok {
		return nil, errors.New("want a duration such as 30s")
	}
	return parseDuration(text)
}

// anchor makes relative paths count from dir.
func (c *Config) anchor(dir string) {
	rooted := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	visit(reflect.ValueOf(c).Elem(), "", func(_ string, v reflect.Value, tag reflect.StructTag) {
		if s, ok := v.Addr().Interface().(*Secret); ok {
			s.file = rooted(s.file)
		} else if tag.Get("path") != "" {
			v.SetString(rooted(v.String()))
		}
	})
}

func (c *Config) resolve(getenv func(string) (string, bool)) {
	for _, s := range c.secrets() {
		s.resolve(getenv)
	}
}

// secrets lists every secret by key path.
func (c *Config) secrets() []namedSecret {
	var all []namedSecret
	visit(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value, _ reflect.StructTag) {
		if s, ok := v.Addr().Interface().(*Secret); ok {
			all = append(all, namedSecret{path, s})
		}
	})
	return slices.Clip(all)
}

type namedSecret struct {
	path string
	*Secret
}
