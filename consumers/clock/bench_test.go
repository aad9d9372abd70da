package clock

import (
	"context"
	"log/slog"
	"testing"

	"permithub/internal/testcluster"
)

// BenchmarkReplay rebuilds 100,000 deadlines of 25,000 cases from their transitions, in an empty redis-server. What Kafka
// takes to hand the log over is not in it.
func BenchmarkReplay(b *testing.B) {
	addr := testcluster.Redis(b)
	index := open(b, addr)
	log := &memory{}
	for _, p := range personsOf(b, 0, 25_000) {
		log.append(p.submit(), p.accept("T1", 100, 200, 300, 400))
	}
	for b.Loop() {
		b.StopTimer()
		if err := index.Reset(context.Background(), 0); err != nil {
			b.Fatal(err)
		}
		s, err := New(Config{Partitions: 1}, index, log, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := s.Assigned(context.Background(), 0); err != nil {
			b.Fatal(err)
		}
	}
}
