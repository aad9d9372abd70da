package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"permithub/internal/deadline"
	"permithub/schemas"

	"permithub/bench/work"
)

const (
	// rungsEach is how many deadlines a case has.
	rungsEach = 5
	// indexPartitions are written side by side, as a process that owns several partitions does it.
	indexPartitions = 4
	// indexBatch is how many cases are written at once: the hub's clock projects so many transitions at a time.
	indexBatch = 500
	// asynqCallers enqueue side by side: asynq has no call for many tasks.
	asynqCallers = 64
)

// deadlines schedules the same deadlines with the hub's store, cards of the cases included, and as asynq's scheduled tasks, on one redis-server.
func (r *runner) deadlines(ctx context.Context) error {
	if r.kind != r.Brokers[0] { // no broker takes part: once is enough
		return nil
	}
	cases := r.Deadlines / rungsEach
	numbers := make([]string, cases)
	for i := range numbers {
		token := schemas.PersonToken([]byte("deadlines"), strconv.Itoa(i))
		numbers[i] = schemas.ApplicationNo(schemas.DossierID(token), "province", strconv.Itoa(i))
	}
	r.results.Note = fmt.Sprintf("%d deadlines of %d cases; the hub writes the case's card too", cases*rungsEach, cases)
	schedule := map[string]func(context.Context, []string) error{"hub": r.scheduleHub, "asynq": r.scheduleAsynq}
	return r.rounds(ctx, []string{"hub", "asynq"}, func(ctx context.Context, name string, round int) error {
		if err := r.redis.Flush(ctx); err != nil {
			return err
		}
		before, err := r.redisMemory(ctx)
		if err != nil {
			return err
		}
		start, cpu := time.Now(), serverCPU(0)
		if err := schedule[name](ctx, numbers); err != nil {
			return err
		}
		took, cpu := time.Since(start), serverCPU(0)-cpu
		after, err := r.redisMemory(ctx)
		if err != nil {
			return err
		}
		n := float64(cases * rungsEach)
		r.keep(sample{Contender: name, Round: round, N: cases * rungsEach, PerSecond: n / took.Seconds(), Seconds: took.Seconds(),
			ServerMicros: float64(cpu.Microseconds()) / n, Bytes: float64(after-before) / n})
		return errors.Join(r.redis.Flush(ctx))
	})
}

// dueAt spreads the deadlines over weeks.
func dueAt(application, rung int) time.Time {
	return work.Now().Add(time.Duration(application)*time.Second + time.Duration(rung)*time.Hour)
}

func (r *runner) scheduleHub(ctx context.Context, numbers []string) error {
	// The part of the list decides the partition here, not the key: what is measured is Redis.
	partitionOf := make(map[string]int32, len(numbers))
	for i, no := range numbers {
		dossier, err := schemas.DossierOf(no)
		if err != nil {
			return err
		}
		partitionOf[dossier] = int32(i % indexPartitions)
	}
	store, err := deadline.Open(deadline.Config{Addrs: []string{r.redis.Addr()}, Timeout: time.Minute, Now: work.Now,
		PartitionOf: func(key string) int32 { return partitionOf[key] }})
	if err != nil {
		return err
	}
	defer store.Close()
	var writers sync.WaitGroup
	errs := make([]error, indexPartitions)
	for p := range indexPartitions {
		writers.Go(func() { errs[p] = fillIndex(ctx, store, p, numbers) })
	}
	writers.Wait()
	return errors.Join(errs...)
}

func fillIndex(ctx context.Context, store *deadline.Store, partition int, numbers []string) error {
	projection := deadline.Projection{Partition: int32(partition)}
	apply := func() error {
		if len(projection.Cases) == 0 {
			return nil
		}
		projection.Next = projection.From + int64(len(projection.Cases))
		verdict, _, err := store.Apply(ctx, projection)
		if err == nil && verdict != deadline.Applied {
			err = fmt.Errorf("partition %d: %s", partition, verdict)
		}
		projection.From, projection.Cases = projection.Next, projection.Cases[:0]
		return err
	}
	for i := partition; i < len(numbers); i += indexPartitions {
		s := deadline.Standing{ApplicationNo: numbers[i], Card: schemas.Card{ApplicationNo: numbers[i], Source: "province", Version: 1, Stage: schemas.StageAccepted}}
		for rung := range rungsEach {
			s.Deadlines = append(s.Deadlines, deadline.Entry{ApplicationNo: numbers[i], Clock: "T1", Rung: 20 * (rung + 1), Due: dueAt(i, rung)})
		}
		if projection.Cases = append(projection.Cases, s); len(projection.Cases) == indexBatch {
			if err := apply(); err != nil {
				return err
			}
		}
	}
	return apply()
}

func (r *runner) scheduleAsynq(ctx context.Context, numbers []string) error {
	client := asynq.NewClient(asynq.RedisClientOpt{Addr: r.redis.Addr(), PoolSize: asynqCallers})
	defer client.Close()
	var callers sync.WaitGroup
	errs := make([]error, asynqCallers)
	shift := time.Since(work.Now()) + time.Hour // asynq runs at once what lies in the past
	for c := range asynqCallers {
		callers.Go(func() {
			for i := c; i < len(numbers); i += asynqCallers {
				for rung := range rungsEach {
					id := numbers[i] + "|T1|" + strconv.Itoa(20*(rung+1)) // the same deadline is the same task
					if _, err := client.EnqueueContext(ctx, asynq.NewTask("deadline", nil), asynq.TaskID(id), asynq.ProcessAt(dueAt(i, rung).Add(shift))); err != nil {
						errs[c] = err
						return
					}
				}
			}
		})
	}
	callers.Wait()
	return errors.Join(errs...)
}

func (r *runner) redisMemory(ctx context.Context) (int64, error) {
	client := redis.NewClient(&redis.Options{Addr: r.redis.Addr()})
	defer client.Close()
	info, err := client.Info(ctx, "memory").Result()
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(info, "\r\n") {
		if n, ok := strings.CutPrefix(line, "used_memory:"); ok {
			return strconv.ParseInt(n, 10, 64)
		}
	}
	return 0, errors.New("redis does not tell its memory")
}
