package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// registries are the hosts of package registries. A tree that names one builds only where that host is reached; the
// clients know theirs by configuration. Written in parts, so that this file does not name them.
var registries = []string{
	host("proxy", "golang", "org"),
	host("sum", "golang", "org"),
	host("registry", "npmjs", "org"),
	host("registry", "yarnpkg", "com"),
	host("repo", "maven", "apache", "org"),
	host("repo1", "maven", "org"),
	host("deb", "debian", "org"),
	host("security", "debian", "org"),
	host("pypi", "org"),
	host("pythonhosted", "org"),
	host("crates", "io"),
	host("index", "docker", "io"),
}

func host(parts ...string) string { return strings.Join(parts, ".") }

func TestNoFileNamesARegistry(t *testing.T) {
	// Untracked files too: they are what the next commit may hold.
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("list files with git: %v", err)
	}
	files := strings.FieldsFunc(string(names), func(r rune) bool { return r == 0 })
	if len(files) < 20 {
		t.Fatalf("git lists %d files: the tree is elsewhere", len(files))
	}
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted, or a link to nowhere
		}
		for _, r := range registriesIn(content) {
			t.Errorf("%s names the package registry %s", name, r)
		}
	}
}

func TestRegistriesIn(t *testing.T) {
	tests := map[string]struct {
		text string
		want int
	}{
		"none":        {"see golang.org/x/time and the namespace maven.apache.org/POM", 0},
		"url":         {"GOPROXY=https://" + host("proxy", "golang", "org") + ",direct", 1},
		"upper case":  {strings.ToUpper(host("pypi", "org")), 1},
		"two of them": {host("deb", "debian", "org") + " " + host("crates", "io"), 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := len(registriesIn([]byte(test.text))); got != test.want {
				t.Errorf("registries in %q: got %d, want %d", test.text, got, test.want)
			}
		})
	}
}

func registriesIn(content []byte) []string {
	var found []string
	lower := bytes.ToLower(content)
	for _, r := range registries {
		if bytes.Contains(lower, []byte(r)) {
			found = append(found, r)
		}
	}
	return found
}
