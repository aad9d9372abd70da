// Command local runs Apache Kafka (three brokers) and redis-server on this machine, for trying the hub by hand.
//
//	go run ./deploy/local up      start what does not run, wait until it answers, print the addresses
//	go run ./deploy/local down    stop everything; the data stays
//
// Both may be repeated. Data and logs lie under deploy/local/run; delete that folder to begin empty.
//
// # Settings
//
// PERMITHUB_LOCAL_KAFKA_PORTS (19092,19093,19094), PERMITHUB_LOCAL_REDIS_PORT (16379), PERMITHUB_LOCAL_DIR
// (deploy/local/run). The controllers of Kafka use the brokers' ports plus 1000.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"permithub/internal/localcluster"
)

const (
	startLimit = 5 * time.Minute
	stopGrace  = 15 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 || (args[0] != "up" && args[0] != "down") {
		return errors.New("usage: local up|down")
	}
	s, err := find(ctx)
	if err != nil {
		return err
	}
	if args[0] == "up" {
		return s.up(ctx, out)
	}
	return s.down(ctx, out)
}

// servers are what runs here.
type servers struct {
	kafka *localcluster.Kafka
	redis *localcluster.Redis
	dir   string
}

// find reads the settings and finds the servers that an earlier run left.
func find(ctx context.Context) (*servers, error) {
	dir := cmp.Or(os.Getenv("PERMITHUB_LOCAL_DIR"), filepath.Join("deploy", "local", "run"))
	ports, portsErr := localcluster.ParsePorts(cmp.Or(os.Getenv("PERMITHUB_LOCAL_KAFKA_PORTS"), "19092,19093,19094"), localcluster.Nodes)
	redisPort, redisErr := localcluster.ParsePorts(cmp.Or(os.Getenv("PERMITHUB_LOCAL_REDIS_PORT"), "16379"), 1)
	if err := errors.Join(portsErr, redisErr); err != nil {
		return nil, err
	}
	controllers := make([]int, 0, len(ports))
	for _, port := range ports {
		controllers = append(controllers, port+1000)
	}
	kafka, kafkaErr := localcluster.NewKafka(ctx, localcluster.KafkaConfig{
		Dir: filepath.Join(dir, "kafka"), Ports: ports, ControllerPorts: controllers, Detached: true,
	})
	redis, redisErr := localcluster.NewRedis(localcluster.RedisConfig{
		Dir: filepath.Join(dir, "redis"), Port: redisPort[0], AppendOnly: true, Detached: true,
	})
	return &servers{kafka, redis, dir}, errors.Join(kafkaErr, redisErr)
}

func (s *servers) up(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := s.redis.Start(ctx); err != nil {
		return err
	}
	if err := s.kafka.Start(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "kafka  %s\nredis  %s\ndata   %s\n", strings.Join(s.kafka.Brokers(), ","), s.redis.Addr(), s.dir)
	return err
}

func (s *servers) down(ctx context.Context, out io.Writer) error {
	if err := errors.Join(s.kafka.Stop(ctx, stopGrace), s.redis.Stop(ctx, stopGrace)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "stopped; the data stays in %s\n", s.dir)
	return err
}
