package main

import (
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	tests := map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"nothing":         {nil, nil, "usage: local up|down"},
		"unknown":         {[]string{"restart"}, nil, "usage: local up|down"},
		"two":             {[]string{"up", "down"}, nil, "usage: local up|down"},
		"two ports":       {[]string{"up"}, map[string]string{"PERMITHUB_LOCAL_KAFKA_PORTS": "1,2"}, `ports "1,2": want 3`},
		"same port twice": {[]string{"up"}, map[string]string{"PERMITHUB_LOCAL_KAFKA_PORTS": "1,2,2"}, `"2" is not a port or stands there twice`},
		"no redis port":   {[]string{"up"}, map[string]string{"PERMITHUB_LOCAL_REDIS_PORT": "x"}, `"x" is not a port`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PERMITHUB_LOCAL_DIR", t.TempDir())
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			var out strings.Builder
			err := run(t.Context(), test.args, &out)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("run: got error %v, want %q", err, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("run printed %q", &out)
			}
		})
	}
}
