package clock

import (
	"context"
	"log/slog"
	"testing"

	"permithub/internal/testcluster"
)

// BenchmarkReplay rebuilds the index of 100,000 open cases, with four deadlines each, from their transitions, in an empty redis-server. What
// Kafka takes to hand the log over is not in it.
func BenchmarkReplay(b *testing.B) {
	log := &memory{}
	for _, p := range personsOf(b, 0, 100_000) {
		log.append(p.submit(), p.accept("T1", 100, 200, 300, 400))
	}
	for b.Loop() {
		b.StopTimer()
		index := open(b, testcluster.Redis(b))
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
