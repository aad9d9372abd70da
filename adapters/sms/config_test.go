package sms

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config)
		want   []string // parts of the faults; none is valid
	}{
		{name: "loopback", change: func(c *Config) {}},
		{name: "private line", change: func(c *Config) { c.BaseURL, c.PrivateLine = "http://10.0.0.1:8080/mas", true }},
		{name: "https", change: func(c *Config) { c.BaseURL = "https://mas.example" }},
		{name: "plain HTTP", change: func(c *Config) { c.BaseURL = "http://mas.example" }, want: []string{"private_line"}},
		{name: "password in the address", change: func(c *Config) { c.BaseURL = "https://u:hunter2@mas.example" }, want: []string{"base_url"}},
		{name: "template without ids", change: func(c *Config) { c.Mode = ModeTemplate }, want: []string{"templates"}},
		{name: "template without its version", change: func(c *Config) { templates("N1@", "t")(c) }, want: []string{`"N1@"`}},
		{name: "short token", change: func(c *Config) { c.ReceiptToken = "short" }, want: []string{"receipt_token"}},
		{name: "all at once", change: func(c *Config) {
			*c = Config{Mode: "x", MaxSegments: -1, Timeout: -time.Second, ReceiptFrom: []string{"here"}}
		}, want: []string{"base_url", "mode", "ec_name", "ap_id", "secret_key", "sign_code", "signature", "max_segments", "timeout", "receipt_from"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := config("http://127.0.0.1:1")
			tc.change(&cfg)
			err := cfg.Validate()
			if len(tc.want) == 0 && err != nil {
				t.Fatal(err)
			}
			for _, part := range tc.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %s named", err, part)
				}
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v carries the password", err)
			}
		})
	}
}

func TestConfigHidesTheSecret(t *testing.T) {
	cfg := config("http://127.0.0.1:1")
	pushable(&cfg)
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("start", "sms", cfg)
	fmt.Fprintf(&b, "%v %+v %#v %s", cfg, cfg, cfg, cfg)
	for _, s := range []string{secret, token} {
		if strings.Contains(b.String(), s) {
			t.Errorf("%q is shown in %s", s, &b)
		}
	}
}
