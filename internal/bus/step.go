package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"
)

// Step says what one step of the work reads and what becomes of its failures.
type Step struct {
	// Name stands in logs, metrics, retry tiers and dead letters.
	Name string
	// Topics are the short names of what it reads.
	Topics []string
	// Group is the short name of its consumer group; empty means Name.
	Group string
	// Stamped says that the topics are stamped logs: void records are dropped before the step sees them.
	Stamped bool
	// Retry says how a record whose error has no class is tried again.
	Retry RetryPolicy
	// Concurrency bounds the handler calls under way in one process; zero means 128, or twice the processors for batches.
	Concurrency int
	// MaxBatchRecords and MaxBatchBytes bound a batch; zero means 2000 and 4 MiB.
	MaxBatchRecords, MaxBatchBytes int
	// Gather is how long the next fetch waits after one that brought little: a step that nobody waits for works on larger batches,
	// and leaves the machine to those that somebody waits for. A record that comes after a rest is not held up. Zero fetches at once.
	Gather time.Duration
	// Assigned is asked, before the first record of a partition, for the offset to go on from; negative means the group's
	// committed offset. Here a step restores what it holds for the partition. ctx ends when the partition is revoked. It is
	// asked again after an error, except a permanent one, which stops the partition. Only for steps with one topic.
	Assigned func(ctx context.Context, partition int32) (resume int64, err error)
	// Revoked is told when a partition that was assigned is no longer owned and no handler works on it any more.
	Revoked func(partition int32)
	// OnDeadLetter is told of each record that went to the dead letters, after it is durable there. After an error the
	// record is handed over again.
	OnDeadLetter func(ctx context.Context, rec Record, err error) error
}

// RetryPolicy says how a record whose error has no class is tried again. Batches are handed over again without end, under
// growing pauses.
type RetryPolicy struct {
	// Tries is how often a record is handed over before it moves on, in the topic and in each tier; zero means 3.
	Tries int
	// Pause is the first pause between tries, it doubles up to 5 s; zero means 100 ms.
	Pause time.Duration
	// Tiers are where it waits then, one after the other, before it goes to the dead letters. Nil means 30 s, 5 min and 1 h;
	// empty means none. While a record waits, later ones of its key go on.
	Tiers []Tier
}

// Tier is a topic in which records of all steps wait for the same time.
type Tier struct {
	// Topic is the short name.
	Topic string
	// Delay is how long a record waits.
	Delay time.Duration
}

// retryTiers are the tiers of a step that names none.
var retryTiers = []Tier{
	{schemas.TopicRetry30s, 30 * time.Second},
	{schemas.TopicRetry5m, 5 * time.Minute},
	{schemas.TopicRetry1h, time.Hour},
}

// deadLetterClasses are the classes of errors that end there.
var deadLetterClasses = []fault.Class{fault.Unmarked, fault.Permanent, fault.Uncertain}

func (s Step) withDefaults() Step {
	if s.Group == "" {
		s.Group = s.Name
	}
	if s.Retry.Tries == 0 {
		s.Retry.Tries = 3
	}
	if s.Retry.Pause == 0 {
		s.Retry.Pause = redelivery.min
	}
	if s.Retry.Tiers == nil {
		s.Retry.Tiers = retryTiers
	}
	return s
}

func (s Step) validate() error {
	var faults []error
	for what, name := range map[string]string{"name": s.Name, "group": s.Group} {
		if !namePattern.MatchString(name) {
			faults = append(faults, fmt.Errorf("%s %q: only letters, digits, dot, dash and underscore", what, name))
		}
	}
	if len(s.Topics) == 0 {
		faults = append(faults, errors.New("topics: at least one is needed"))
	}
	for _, t := range s.Topics {
		if !namePattern.MatchString(t) {
			faults = append(faults, fmt.Errorf("topic %q: only letters, digits, dot, dash and underscore", t))
		}
	}
	if s.Assigned != nil && len(s.Topics) != 1 {
		faults = append(faults, errors.New("assigned: only for a step with one topic"))
	}
	if s.Retry.Tries < 0 || s.Retry.Pause < 0 || s.Concurrency < 0 || s.MaxBatchRecords < 0 || s.MaxBatchBytes < 0 || s.Gather < 0 {
		faults = append(faults, errors.New("tries, pause, concurrency, batch bounds and gather: must not be negative"))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("step %q: %w", s.Name, err)
	}
	return nil
}
