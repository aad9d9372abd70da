package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"permithub/internal/localcluster"
)

// Kinds of broker.
const (
	embeddedBroker = "embedded"
	apacheKafka    = "kafka"
)

// servers are what all contenders of a run work against.
type servers struct {
	kind        string
	brokers     []string
	replication int16
	redis       *localcluster.Redis
	dir         string
	stops       []func() error
}

// startServers starts a broker of that kind and a Redis, with their data in a temporary folder.
func startServers(ctx context.Context, kind string) (*servers, error) {
	dir, err := os.MkdirTemp("", "permithub-bench-")
	if err != nil {
		return nil, err
	}
	s := &servers{kind: kind, dir: dir, stops: []func() error{func() error { return os.RemoveAll(dir) }}}
	if err := errors.Join(s.startRedis(ctx), s.startBroker(ctx)); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *servers) startRedis(ctx context.Context) error {
	redis, err := localcluster.NewRedis(localcluster.RedisConfig{Dir: filepath.Join(s.dir, "redis")})
	if err != nil {
		return err
	}
	s.redis = redis
	s.stops = append(s.stops, func() error { return redis.Stop(context.Background(), 0) })
	return redis.Start(ctx)
}

func (s *servers) startBroker(ctx context.Context) error {
	if s.kind == embeddedBroker {
		return s.startEmbedded(ctx)
	}
	kafka, err := localcluster.NewKafka(ctx, localcluster.KafkaConfig{Dir: filepath.Join(s.dir, "kafka"), FullCompiler: true})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() error { return kafka.Stop(context.Background(), 0) })
	s.brokers, s.replication = kafka.Brokers(), 3
	return kafka.Start(ctx)
}

// startEmbedded runs this program again as broker; it ends when its standard input does.
func (s *servers) startEmbedded(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "broker", "--dir", filepath.Join(s.dir, "broker"))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.stops = append(s.stops, func() error { return errors.Join(stdin.Close(), cmd.Wait()) })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("embedded broker ended: %w", err)
	}
	s.brokers, s.replication = strings.Split(strings.TrimSpace(line), ","), 1
	return nil
}

func (s *servers) stop() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(errs...)
}

// brokerCmd is the embedded broker as a process of its own, as the demo has it in its.
type brokerCmd struct {
	Dir string `required:"" help:"Folder of the log."`
}

// Run serves until the standard input ends.
func (c *brokerCmd) Run() error {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(c.Dir), kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		return err
	}
	defer cluster.Close()
	fmt.Println(strings.Join(cluster.ListenAddrs(), ","))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// serverCPU is what the children of this process but one have used so far: broker and Redis.
func serverCPU(except int) time.Duration {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, name := range stats {
		raw, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		text := string(raw)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if len(fields) < 13 || fields[1] != strconv.Itoa(os.Getpid()) || pid == except {
			continue
		}
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		sum += time.Duration(user+system) * (time.Second / clockTicks)
	}
	return sum
}

// clockTicks is USER_HZ, which Linux fixes at 100 for /proc.
const clockTicks = 100
