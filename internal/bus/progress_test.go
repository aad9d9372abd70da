package bus

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever the order in which work is finished, the position is the end of the finished front.
func TestPositionNeverPassesUnfinishedWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "n")
		p := newProgress(n)
		p.start(0)
		works := make([]*work, n)
		for i := range works {
			works[i] = p.begin(context.Background(), int64(i+1), time.Time{})
		}
		finished := make([]bool, n)
		for _, i := range rapid.Permutation(indexes(n)).Draw(t, "order") {
			if rapid.IntRange(0, 9).Draw(t, "drop") == 0 {
				works[i].drop()
				continue
			}
			works[i].finish()
			finished[i] = true
			want := 0
			for want < n && finished[want] {
				want++
			}
			if got, _ := p.uncommitted(); got != int64(want) {
				t.Fatalf("position: got %d, want %d", got, want)
			}
		}
		p.drain()
	})
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestBeginWaitsForRoom(t *testing.T) {
	p := newProgress(1)
	p.start(0)
	first := p.begin(context.Background(), 1, time.Time{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if w := p.begin(ctx, 2, time.Time{}); w != nil {
		t.Error("began beyond the limit")
	}
	begun := make(chan *work)
	go func() { begun <- p.begin(context.Background(), 2, time.Time{}) }()
	first.finish()
	receive(t, begun).finish()
	if got, news := p.uncommitted(); got != 2 || !news {
		t.Errorf("position: got %d, news %v", got, news)
	}
}
