package sms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"permithub/internal/fault"
)

const (
	dialTimeout     = 3 * time.Second
	idleConnTimeout = 30 * time.Second // shorter than a gateway's usual minute, so that it seldom closes under a call
	maxIdlePerHost  = 128              // as many calls as the step has lanes
	maxAnswerBytes  = 64 << 10
	maxHeaderBytes  = 16 << 10
)

// newClient speaks HTTP/1.1 only: its transport repeats a POST only where not a byte of it was written. It uses no proxy of the
// environment, which would see the secret, and follows no redirect, which would send the body again.
func newClient(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  timeout,
			IdleConnTimeout:        idleConnTimeout,
			MaxIdleConns:           2 * maxIdlePerHost,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			MaxResponseHeaderBytes: maxHeaderBytes,
			DisableCompression:     true,
		},
	}
}

// handover remembers whether a connection was given to the request. From then on bytes may be on their way, whatever is reported
// later: httptrace's WroteRequest fires in another goroutine, after the fact, so its silence proves nothing, while a request that
// was never given a connection certainly wrote nothing.
type handover struct{ given atomic.Bool }

func (h *handover) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// The transport asks for a second connection only where the first took no byte.
		GetConn: func(string) { h.given.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { h.given.Store(true) },
	})
}

// post returns the answer of a call that the gateway dealt with.
func (g *Gateway) post(ctx context.Context, path string, body []byte) ([]byte, error) {
	var h handover
	req, err := http.NewRequestWithContext(h.trace(ctx), http.MethodPost, g.cfg.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("build request")
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := g.client.Do(req)
	if err != nil {
		return nil, h.classify(ctx, err)
	}
	defer resp.Body.Close()
	if err := classifyStatus(resp.StatusCode); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return nil, fault.Unknown(codeUnknown, fmt.Errorf("read answer: %w", withoutURL(err)))
	case len(answer) > maxAnswerBytes:
		return nil, fault.Unknown(codeUnknown, fmt.Errorf("answer over %d bytes", maxAnswerBytes))
	}
	return answer, nil
}

func (h *handover) classify(ctx context.Context, err error) error {
	err = withoutURL(err)
	switch {
	case h.given.Load():
		return fault.Unknown(codeUnknown, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err() // our own shutdown, and nothing was sent
	}
	return fault.Outage(codeOutage, err)
}

// classifyStatus: 429 and 503 say by their definition that the request was not served (RFC 6585 section 4, RFC 9110 section
// 15.6.4), as do redirects and the rest of 4xx. Any other 5xx may come from behind the door.
func classifyStatus(status int) error {
	switch {
	case status == http.StatusOK:
		return nil
	case status == http.StatusServiceUnavailable, status >= 300 && status < 500:
		return fault.Outage(codeOutage, fmt.Errorf("status %d", status))
	}
	return fault.Unknown(codeUnknown, fmt.Errorf("status %d", status))
}

// withoutURL drops the address that net/http puts into its errors.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
