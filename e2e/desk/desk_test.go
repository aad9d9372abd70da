// Package desk plays the console in a real Chromium, against the demonstration in a process of its own.
package desk

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/internal/config"
	"permithub/schemas"
)

// patience bounds the whole: a build, a demonstration, a browser.
const patience = 8 * time.Minute

func TestConsoleInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	browserIsHere(ctx, t)
	d := startDemo(ctx, t)
	park(ctx, t, d.config)
	passwords, err := json.Marshal(d.users)
	if err != nil {
		t.Fatal(err)
	}
	const source = "window-mmm" // whose applications wait for people: it speaks for their applicants
	play := exec.CommandContext(ctx, "node", "play.mjs")
	play.Env = append(os.Environ(), "DESK="+d.link, "DESK_USERS="+string(passwords), "DESK_SCREENS="+screens(t),
		"INTAKE="+d.intake, "SOURCE_KEY=demo-"+source, "SOURCE_SECRET="+config.DemoSecret(source))
	run(ctx, t, play)
}

// browserIsHere installs what drives the browser where it is not installed yet.
func browserIsHere(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, command := range []string{"node", "npm", "chromium"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Fatalf("%s is missing: make deps installs it", command)
		}
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		run(ctx, t, exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"))
	}
}

// screens is where pictures of the pages go: docs/screens where they are to be renewed, else nowhere that stays.
func screens(t *testing.T) string {
	if dir := os.Getenv("DESK_SCREENS"); dir != "" {
		return dir
	}
	return t.TempDir()
}

func run(_ context.Context, t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
}

var (
	linkLine   = regexp.MustCompile(`经办台\s+(http://\S+)`)
	intakeLine = regexp.MustCompile(`受理接口\s+(http://[^/]+)/`)
	configLine = regexp.MustCompile(`配置文件\s+(\S+)`)
	userLine   = regexp.MustCompile(`工号 (\d+)\s+密码 (\S+)`)
)

// demonstration is a demo that runs: the binary, the addresses of console and intake, the configuration and the passwords that it prints.
type demonstration struct {
	binary, link, intake, config string
	users                        map[string]string
}

// startDemo runs `permithub demo` until the test ends.
func startDemo(ctx context.Context, t *testing.T) demonstration {
	t.Helper()
	var link, intake, file string
	binary := filepath.Join(t.TempDir(), "permithub")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "permithub")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	run(ctx, t, build)
	demo := exec.CommandContext(ctx, binary, "demo")
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGTERM) }
	demo.WaitDelay = 20 * time.Second
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		_ = demo.Wait()
	})
	users := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if m := linkLine.FindStringSubmatch(line); m != nil {
			link = m[1]
		}
		if m := intakeLine.FindStringSubmatch(line); m != nil {
			intake = m[1]
		}
		if m := userLine.FindStringSubmatch(line); m != nil {
			users[m[1]] = m[2]
		}
		if m := configLine.FindStringSubmatch(line); m != nil {
			file = m[1]
			break
		}
	}
	if link == "" || intake == "" || len(users) < 3 {
		t.Fatalf("the demonstration names no console: link %q, intake %q, %d users (%v)", link, intake, len(users), lines.Err())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // it goes on to print; ends with the process
	return demonstration{binary, link, intake, file, users}
}

// park has somebody send three withdrawals under numbers whose check character is wrong: dead letters of another reason than the demonstration's
// own, and none of them to be repaired.
func park(ctx context.Context, t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Kafka struct {
			Brokers []string `yaml:"brokers"`
			Prefix  string   `yaml:"prefix"`
		} `yaml:"kafka"`
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Kafka.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for i := range 3 {
		dossier := schemas.DossierID(schemas.PersonToken([]byte("nobody"), strconv.Itoa(i)))
		no := []byte(schemas.ApplicationNo(dossier, "window", "1"))
		no[len(no)-1] = map[bool]byte{true: 'A', false: 'B'}[no[len(no)-1] == 'B']
		in := schemas.Input{InputID: schemas.InputID("window", string(no), schemas.InputWithdrawal), Kind: schemas.InputWithdrawal, DossierID: dossier, ApplicationNo: string(no), Source: "window",
			ReceivedAt: schemas.At(time.Now()), BodyHash: schemas.BodyHash(no), Withdrawal: &schemas.Withdrawal{}}
		rec, err := in.Record()
		if err != nil {
			t.Fatal(err)
		}
		r := &kgo.Record{Topic: cmp.Or(c.Kafka.Prefix, "permithub") + "." + rec.Topic, Key: []byte(rec.Key), Value: rec.Value}
		for _, h := range rec.Headers {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)})
		}
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}
