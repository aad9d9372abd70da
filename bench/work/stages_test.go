package work

import (
	"testing"

	"permithub/consumers/clock"
	"permithub/consumers/feed"
	"permithub/schemas"
)

// BenchmarkStages tells what each part of the work on one application costs: every fourth is a person's first, the others are refused because
// the first one is open.
func BenchmarkStages(b *testing.B) {
	const n = 400
	policy, err := Policy()
	if err != nil {
		b.Fatal(err)
	}
	var inputs, log [][]byte
	office := NewOffice(policy)
	for i := range n {
		rec, err := Application(i, n/4)
		if err != nil {
			b.Fatal(err)
		}
		out, ok, err := office.Decide(rec.Value, 0, int64(i))
		if err != nil || !ok {
			b.Fatal(ok, err)
		}
		inputs, log = append(inputs, rec.Value), append(log, out.Value)
	}
	last, err := schemas.DecodeTransition(log[n-1])
	if err != nil {
		b.Fatal(err)
	}
	for _, stage := range []struct {
		name string
		run  func(i int) error
	}{
		{"admit", func(i int) error { _, err := schemas.AdmitInput(inputs[i%n]); return err }},
		{"admit, decide and encode", func(i int) error {
			if i%n == 0 {
				office = NewOffice(policy)
			}
			_, _, err := office.Decide(inputs[i%n], 0, int64(i))
			return err
		}},
		{"encode", func(int) error { _, err := last.Record(); return err }},
		{"decode", func(i int) error { _, err := schemas.DecodeTransition(log[i%n]); return err }},
		{"outline", func(i int) error { _, err := schemas.DecodeOutline(log[i%n]); return err }},
		{"derive", func(int) error { _, err := feed.Derive(last); return err }},
		{"project", func(int) error { clock.Project(0, 0, 1, []*schemas.Transition{last}); return nil }},
	} {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := stage.run(i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
