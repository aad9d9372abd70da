package overdue

import (
	"errors"
	"time"
)

// Config says how the poller works.
type Config struct {
	// Partitions are those of case-log whose deadlines this process looks for; usually all of them, in every process.
	// Required.
	Partitions []int32
	// MaxWait is the longest sleep between two looks; zero means 1 second. It bounds how late a deadline is found that was
	// armed after the last look.
	MaxWait time.Duration
	// Limit is how many deadlines of a partition are claimed at once; zero means 2500, 5000 is the most: Redis serves nobody else
	// meanwhile, some 5 ms.
	Limit int
	// Lease is how long a claim lasts until its deadlines are produced; zero means 10 seconds. A breach is to be recorded
	// within 60 seconds, so a poller that dies with claims must not cost more than a part of that.
	Lease time.Duration
	// Produced is how long a deadline that was produced is left to the log; zero means 10 minutes. It is produced again
	// after that, which happens only while the approval stands still.
	Produced time.Duration
	// MaxSkew is how far this machine's clock may run ahead of Redis's or Kafka's before theirs counts; zero switches that off, as a
	// virtual clock needs.
	MaxSkew time.Duration
	// Ahead returns how far this machine's clock is ahead of Kafka's, and whether that is known; nil means never.
	Ahead func() (ahead time.Duration, known bool)
	// MeasureEvery is the time between two measurements of skew and counts; zero means 10 seconds.
	MeasureEvery time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// After returns a channel that fires when d of Now's time has passed, and a function that gives the timer up; nil means
	// a time.Timer.
	After func(d time.Duration) (<-chan time.Time, func())
}

const (
	defaultMaxWait  = time.Second
	defaultLimit    = 2500
	defaultLease    = 10 * time.Second
	defaultProduced = 10 * time.Minute
	defaultMeasure  = 10 * time.Second
	mostLimit       = 5000
)

// Validate reports every fault at once.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Partitions) == 0 {
		errs = append(errs, errors.New("overdue: no partitions"))
	}
	if c.Limit < 0 || c.Limit > mostLimit {
		errs = append(errs, errors.New("overdue: limit not within 1 and 5000"))
	}
	if c.MaxWait < 0 || c.Lease < 0 || c.Produced < 0 || c.MaxSkew < 0 || c.MeasureEvery < 0 {
		errs = append(errs, errors.New("overdue: a negative duration"))
	}
	if (c.Now == nil) != (c.After == nil) {
		errs = append(errs, errors.New("overdue: a clock without its timer, or a timer without its clock"))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, zero time.Duration) {
		if *d == 0 {
			*d = zero
		}
	}
	or(&c.MaxWait, defaultMaxWait)
	or(&c.Lease, defaultLease)
	or(&c.Produced, defaultProduced)
	or(&c.MeasureEvery, defaultMeasure)
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	if c.Ahead == nil {
		c.Ahead = func() (time.Duration, bool) { return 0, false }
	}
	if c.Now == nil {
		c.Now, c.After = time.Now, after
	}
	return c
}

func after(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
