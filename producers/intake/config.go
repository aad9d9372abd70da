package intake

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"time"

	"permithub/internal/gateway"
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
	// MaxBytes bounds a body. 0 is 256 KiB.
	MaxBytes int64
	// ClockSkew is how far the date of a signature may be off. 0 is 90 s.
	ClockSkew time.Duration
	// BodyTimeout bounds the reading of a body. 0 is 10 s.
	BodyTimeout time.Duration
	// PublishTimeout bounds the wait for Kafka's acknowledgement; after it the answer is 503. 0 is 5 s.
	PublishTimeout time.Duration
	// CardTimeout bounds each look into the card store and each write to it, which intake can do without: one that fails is the last of its request. 0 is 1 s.
	CardTimeout time.Duration
	// MaxConcurrent bounds the requests at work; one more is answered 503. 0 is 512.
	MaxConcurrent int
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
	if c.MaxBytes < 0 || c.ClockSkew < 0 || c.BodyTimeout < 0 || c.PublishTimeout < 0 || c.CardTimeout < 0 || c.MaxConcurrent < 0 {
		errs = append(errs, errors.New("limits: want none below zero"))
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
	f.MaxBytes = cmp.Or(c.MaxBytes, 256<<10)
	f.ClockSkew = cmp.Or(c.ClockSkew, gateway.DefaultWindow)
	f.BodyTimeout = cmp.Or(c.BodyTimeout, 10*time.Second)
	f.PublishTimeout = cmp.Or(c.PublishTimeout, 5*time.Second)
	f.CardTimeout = cmp.Or(c.CardTimeout, time.Second)
	f.MaxConcurrent = cmp.Or(c.MaxConcurrent, 512)
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
