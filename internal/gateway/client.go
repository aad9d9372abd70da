package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"permithub/internal/fault"
)

const (
	defaultTimeout   = 10 * time.Second
	defaultMaxAnswer = 1 << 20
	dialTimeout      = 5 * time.Second
	idleTimeout      = 60 * time.Second
	idlePerHost      = 128 // as many as a step has calls in flight; the default of 2 would open a connection for nearly every call
)

// Config says how one system behind the gateway is reached.
type Config struct {
	// BaseURL is where the interfaces live, e.g. "https://host/restapi/prod"; the interface's path is put behind it. Required.
	BaseURL string
	// AccessKey and Secret are the gateway's key for this system. Required.
	AccessKey string
	Secret    string
	// Timeout bounds one call from the first byte out to the last byte in. 0 is 10 s.
	Timeout time.Duration
	// MaxAnswer bounds how many bytes of an answer are read. 0 is 1 MiB.
	MaxAnswer int64
	// OnSkew hears how far the far side's clock is ahead of ours each time it complained. Nil is silence.
	OnSkew func(ahead time.Duration)
}

// Validate returns every fault of the configuration at once; the secret is in none of them.
func (c *Config) Validate() error {
	var errs []error
	if err := validBase(c.BaseURL); err != nil {
		errs = append(errs, err)
	}
	if c.AccessKey == "" {
		errs = append(errs, errors.New("access key: needed"))
	}
	if c.Secret == "" {
		errs = append(errs, errors.New("secret: needed"))
	}
	if c.Timeout < 0 {
		errs = append(errs, errors.New("timeout: want 0 or more"))
	}
	if c.MaxAnswer < 0 {
		errs = append(errs, errors.New("max answer: want 0 or more"))
	}
	return errors.Join(errs...)
}

func validBase(base string) error {
	u, err := url.Parse(base)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return errors.New("base url: want http:// or https:// and a host")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("base url: want no user, query or fragment")
	case u.RawPath != "", !only(u.Path, "/-_.~"):
		return errors.New("base url: the path has characters that clients encode differently")
	}
	return nil
}

// Client posts JSON to the interfaces of one system behind the gateway. It is safe for concurrent use and repeats nothing but a call that
// the gateway turned away because of the clock.
type Client struct {
	system    string
	base      string
	timeout   time.Duration
	maxAnswer int64
	http      *http.Client
	transport *http.Transport
}

// NewClient returns a client for a system; its name is the code of the errors. cfg must validate.
func NewClient(system string, cfg Config, now func() time.Time) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", system, err)
	}
	c := &Client{system: system, base: strings.TrimSuffix(cfg.BaseURL, "/"), timeout: cfg.Timeout, maxAnswer: cfg.MaxAnswer}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	if c.maxAnswer == 0 {
		c.maxAnswer = defaultMaxAnswer
	}
	c.transport = &http.Transport{
		Proxy:                 nil, // personal data travels on this line: no proxy by way of the environment
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: idleTimeout / 2}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: c.timeout,
		MaxIdleConns:          2 * idlePerHost,
		MaxIdleConnsPerHost:   idlePerHost,
		IdleConnTimeout:       idleTimeout,
		ForceAttemptHTTP2:     true,
	}
	c.http = &http.Client{
		Transport: &Signer{AccessKey: cfg.AccessKey, Secret: cfg.Secret, Now: now, Base: c.transport, OnSkew: cfg.OnSkew},
		// A redirect is an answer of the wrong kind: neither the record nor the signature may follow it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close lets go of the idle connections. Calls under way are not ended.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Post sends in as JSON and decodes the answer into out. It returns the HTTP status: 200 to 299, or one that speaks of the record (400,
// 409, 422 …), where out holds the interface's own refusal if there was one. Everything else is an error with a class, see the package
// comment; after an unavailable error the call may or may not have happened. Cancellation of ctx is returned as it is.
func (c *Client) Post(ctx context.Context, path string, in, out any) (int, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, fmt.Errorf("post %s: encode: %w", path, err)
	}
	call, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(call, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("post %s: base url or path is wrong", path)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Accept", "application/json")
	status, answer, err := c.exchange(req)
	if err != nil {
		return 0, c.broken(ctx, path, err)
	}
	return status, c.decode(path, status, answer, out)
}

var errTooLong = errors.New("the answer is too long")

func (c *Client) exchange(req *http.Request) (int, []byte, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, c.maxAnswer+1))
	if err == nil && int64(len(answer)) > c.maxAnswer {
		err = errTooLong
	}
	return resp.StatusCode, answer, err
}

// broken classes a call that got no whole answer. net/http's own error is taken apart because it quotes the URL.
func (c *Client) broken(ctx context.Context, path string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("post %s: %w", path, context.Canceled)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, errPath) || errors.Is(err, errQuery) {
		return fault.Outage(c.system+"_route", fmt.Errorf("post %s: %w", path, err))
	}
	return fault.Outage(c.system, fmt.Errorf("post %s: %w", path, err))
}
