package localcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RedisConfig describes one redis-server.
type RedisConfig struct {
	// Dir holds its data, log and pid. Required.
	Dir string
	// Port is where it listens. Zero: a free one.
	Port int
	// Password is what clients must give. Empty: none.
	Password string
	// AppendOnly keeps every write over a kill, and fsyncs each. False: a restart begins empty.
	AppendOnly bool
	// Settings are further ones, as redis-server takes them: "--replicaof", "127.0.0.1 7000".
	Settings []string
	// Detached lets the server outlive this process.
	Detached bool
}

// Redis is one redis-server. Safe for concurrent use.
type Redis struct {
	cfg    RedisConfig
	server string
	cli    string
	ours   bool       // the port was chosen here, and nobody has been told it yet
	mu     sync.Mutex // guards proc, and cfg.Port until the first start
	proc   *process
}

// NewRedis finds what the server needs, but starts nothing. It adopts a detached server that already runs in the same
// folder.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	server, err := need("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	cli, err := need("redis-cli", "redis-tools")
	if err != nil {
		return nil, err
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("resolve folder: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make redis folder: %w", err)
	}
	r := &Redis{cfg: cfg, server: server, cli: cli, ours: cfg.Port == 0, proc: running(cfg.Dir)}
	return r, r.choosePort()
}

// choosePort takes a free port where that is up to us.
func (r *Redis) choosePort() error {
	if !r.ours {
		return nil
	}
	ports, err := freePorts(1)
	if err == nil {
		r.cfg.Port = ports[0]
	}
	return err
}

// Addr returns host and port. Ask after the first start: a port that was chosen here may be taken before it.
func (r *Redis) Addr() string { return address(r.cfg.Port) }

// portTries is how often another port is chosen where others of this machine are faster.
const portTries = 10

// Start starts the server if it does not run and waits until it answers.
func (r *Redis) Start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.start(ctx)
	for tries := 1; err != nil && r.ours && tries < portTries && ctx.Err() == nil; tries++ {
		if err := r.choosePort(); err != nil {
			return err
		}
		err = r.start(ctx)
	}
	r.ours = r.ours && err != nil // from here on the address is known
	return err
}

func (r *Redis) start(ctx context.Context) error {
	if r.proc == nil || !r.proc.alive() {
		if err := mustBeFree(r.cfg.Port); err != nil {
			return fmt.Errorf("start redis: %w", err)
		}
		proc, err := start(command{name: r.server, args: r.args(), dir: r.cfg.Dir, detached: r.cfg.Detached})
		if err != nil {
			return err
		}
		r.proc = proc
	}
	return poll(ctx, 5*time.Millisecond, func() (bool, error) {
		if !r.proc.alive() {
			return true, fmt.Errorf("redis-server ended; its log ends:\n%s", r.proc.lastWords())
		}
		err := r.command(ctx, "PING", "PONG")
		return err == nil, err
	})
}

// Kill ends the server as a power cut would and waits until it is gone.
func (r *Redis) Kill(ctx context.Context) error { return r.Stop(ctx, 0) }

// Stop lets the server save and end within grace, then kills it.
func (r *Redis) Stop(ctx context.Context, grace time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proc == nil {
		return nil
	}
	return r.proc.stop(ctx, grace)
}

// Flush deletes everything that the server holds, as an operator's mistake would.
func (r *Redis) Flush(ctx context.Context) error { return r.command(ctx, "FLUSHALL", "OK") }

// args is the whole configuration. The data folder stands in it: running finds the process by that.
func (r *Redis) args() []string {
	args := []string{
		"--bind", host, "--port", strconv.Itoa(r.cfg.Port), "--dir", r.cfg.Dir,
		"--save", "", // no snapshots: either every write is kept or none
		"--daemonize", "no", "--databases", "1",
		"--set-proc-title", "no", // else the command line names no folder
	}
	if r.cfg.AppendOnly {
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	}
	if r.cfg.Password != "" {
		args = append(args, "--requirepass", r.cfg.Password)
	}
	return append(args, r.cfg.Settings...)
}

// command runs one command through redis-cli and compares the answer.
func (r *Redis) command(ctx context.Context, name, want string) error {
	cmd := exec.CommandContext(ctx, r.cli, "-h", host, "-p", strconv.Itoa(r.cfg.Port), name)
	if r.cfg.Password != "" {
		cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+r.cfg.Password)
	}
	out, err := cmd.CombinedOutput()
	got := strings.TrimSpace(string(out))
	if err != nil {
		return fmt.Errorf("redis %s: %w: %s", name, err, got)
	}
	if got != want {
		return fmt.Errorf("redis %s: answer %q, want %q", name, got, want)
	}
	return nil
}
