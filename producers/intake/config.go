package intake

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"time"

	"permithub/internal/gateway"
	"permithub/internal/reception"
	"permithub/schemas"
)

// Config says who may send and how much.
type Config struct {
	// RouteKey is the key of the person tokens (schemas.PersonToken), at least 16 bytes; the same for the life of the topics.
	RouteKey []byte
	// Sources are those who may send; at least one.
	Sources []Source
	// ReceiptKey signs the receipts.
	ReceiptKey ReceiptKey
	// Limits of a request; a body has 256 KiB and 512 requests are at work where it does not say. The card store is one that the intake can do
	// without: a look that fails is the last of its request.
	reception.Limits
	// ClockSkew is how far the date of a signature may be off. 0 is 90 s.
	ClockSkew time.Duration
	// MaterialSchemes are the accepted schemes of material URIs. Empty is https and s3.
	MaterialSchemes []string
}

// Source is one sender.
type Source struct {
	// Name stands in every input and metric: lower-case letters, digits, - and _.
	Name string
	// AccessKey names the source in a signature.
	AccessKey string
	// Secrets are its live keys, one or two: two while a key is being changed.
	Secrets []string
	// Channel of everything that it sends.
	Channel schemas.Channel
	// Stages says how each opinion of its applications is given.
	Stages schemas.Stages
}

var sourceForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Validate returns every fault at once.
func (c *Config) Validate() error {
	var errs []error
	if len(c.RouteKey) < 16 {
		errs = append(errs, errors.New("route key: want at least 16 bytes"))
	}
	if err := c.ReceiptKey.validate(); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.Limits.Validate())
	if c.ClockSkew < 0 {
		errs = append(errs, errors.New("clock skew: want none below zero"))
	}
	if len(c.Sources) == 0 {
		errs = append(errs, errors.New("sources: want at least one"))
	}
	names, keys := map[string]bool{}, map[string]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		if names[s.Name] || keys[s.AccessKey] {
			errs = append(errs, fmt.Errorf("source %d: its name or access key stands twice", i))
		}
		names[s.Name], keys[s.AccessKey] = true, true
		errs = append(errs, s.validate(i))
	}
	return errors.Join(errs...)
}

func (s *Source) validate(i int) error {
	var errs []error
	if !sourceForm.MatchString(s.Name) {
		errs = append(errs, fmt.Errorf("source %d: name: want lower-case letters, digits, - and _", i))
	}
	if s.AccessKey == "" {
		errs = append(errs, fmt.Errorf("source %d: access key: want one", i))
	}
	if len(s.Secrets) < 1 || len(s.Secrets) > 2 {
		errs = append(errs, fmt.Errorf("source %d: secrets: want one or two", i))
	}
	for _, secret := range s.Secrets {
		if secret == "" {
			errs = append(errs, fmt.Errorf("source %d: secrets: one is empty", i))
		}
	}
	if s.Channel != schemas.Online && s.Channel != schemas.Window {
		errs = append(errs, fmt.Errorf("source %d: channel: want online or window", i))
	}
	for _, h := range []schemas.Handling{s.Stages.Acceptance, s.Stages.Review, s.Stages.Approval} {
		if h != schemas.Auto && h != schemas.Manual {
			errs = append(errs, fmt.Errorf("source %d: stages: want auto or manual for each", i))
			break
		}
	}
	return errors.Join(errs...)
}

func (c *Config) filled() Config {
	f := *c
	f.Limits = c.Or(256<<10, 512)
	f.ClockSkew = cmp.Or(c.ClockSkew, gateway.DefaultWindow)
	if len(f.MaterialSchemes) == 0 {
		f.MaterialSchemes = []string{"https", "s3"}
	}
	return f
}

func (c *Config) keyring() (gateway.Keyring, error) {
	var keys []gateway.Key
	for _, s := range c.Sources {
		for _, secret := range s.Secrets {
			keys = append(keys, gateway.Key{AccessKey: s.AccessKey, Secret: secret, Source: s.Name})
		}
	}
	ring, err := gateway.NewKeyring(keys)
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	return ring, nil
}
