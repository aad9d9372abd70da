package ops

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestStackStopsInTheOppositeOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		s := NewStack(quiet())
		s.Push("kafka", func(context.Context) error { order = append(order, "kafka"); return nil })
		s.Start("approval", func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, "approval")
			return ctx.Err()
		})
		s.Push("intake", func(context.Context) error { order = append(order, "intake"); return errors.New("in use") })
		err := s.Close(t.Context())
		if diff := cmp.Diff([]string{"intake", "approval", "kafka"}, order); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err == nil || err.Error() != "stop intake: in use" {
			t.Errorf("got %v", err)
		}
	})
}

func TestStackNamesWhatHangsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		s := NewStack(slog.New(slog.NewTextHandler(&b, nil)))
		forever := make(chan struct{})
		var left time.Duration
		s.Push("producer", func(ctx context.Context) error {
			d, _ := ctx.Deadline()
			left = time.Until(d)
			return nil
		})
		s.Push("consumer", func(context.Context) error { <-forever; return nil })
		s.Start("deaf", func(context.Context) error { <-forever; return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begun := time.Now()
		err := s.Close(ctx)
		if took := time.Since(begun); took > 16*time.Second {
			t.Errorf("took %s of 20 s", took)
		}
		if left < 4*time.Second {
			t.Errorf("the last part had %s left", left)
		}
		for _, want := range []string{"stop deaf: ", "stop consumer: hangs"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want %q in %v", want, err)
			}
		}
		if !strings.Contains(b.String(), `msg="part is still stopping" part=consumer`) {
			t.Errorf("log:\n%s", &b)
		}
		close(forever)
		synctest.Wait()
	})
}

func TestStackSaysWhoEndedFirst(t *testing.T) {
	for _, row := range []struct {
		name string
		err  error
		want string
	}{{"with an error", errors.New("lost the group"), "clock: lost the group"}, {"without", nil, "clock: ended by itself"}} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewStack(quiet())
				s.Start("feed", func(ctx context.Context) error { <-ctx.Done(); return nil })
				if s.Reason() != nil {
					t.Error("a reason before the end")
				}
				s.Start("clock", func(context.Context) error { return row.err })
				<-s.Ended()
				if got := s.Reason(); got == nil || got.Error() != row.want {
					t.Errorf("got %v, want %s", got, row.want)
				}
				_ = s.Close(t.Context())
				if got := s.Reason(); got.Error() != row.want {
					t.Errorf("after Close: %v", got)
				}
			})
		})
	}
}
