package main

import (
	"fmt"

	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/internal/notices"
	"permithub/internal/timeline"
	"permithub/schemas"
)

type caseCommand struct {
	configured
	ApplicationNo string `arg:"" help:"The application number (申请编号)."`
	JSON          bool   `name:"json" help:"As JSON."`
	Words         bool   `name:"words" help:"Show what officers wrote, too: free text that may name people."`
}

func (c *caseCommand) Run(p *process) error {
	cfg, err := c.load(p, config.PartKafka)
	if err != nil {
		return err
	}
	dossier, err := schemas.DossierOf(c.ApplicationNo)
	if err != nil {
		return err
	}
	var values [][]byte
	err = withBus(p, cfg, func(b *bus.Client) error {
		partition := bus.PartitionOf(dossier, cfg.Kafka.Partitions)
		_, err := b.Log(schemas.TopicCaseLog).Read(p.ctx, partition, 0, func(rec bus.Record) error {
			if rec.Key == dossier {
				values = append(values, rec.Value)
			}
			return nil
		})
		return err
	})
	switch {
	case err != nil:
		return err
	case len(values) == 0:
		return fmt.Errorf("application %s is not in the case log", c.ApplicationNo)
	}
	file, err := timeline.Read(values)
	if err != nil {
		return err
	}
	return c.print(p, cfg, file)
}

func (c *caseCommand) print(p *process, cfg *config.Config, f *timeline.File) error {
	texts := timeline.Texts{Words: c.Words, Reason: casework.ReasonText, Item: casework.ItemText, Officer: officerName(cfg)}
	sheet := timeline.NewSheet(f, c.ApplicationNo, texts)
	if len(sheet.Cases) == 0 {
		return fmt.Errorf("application %s is not in its file", c.ApplicationNo)
	}
	cal, err := notices.Load(noticesOf(cfg))
	if err != nil {
		return err
	}
	sheet.Count(cal)
	if c.JSON {
		return sheet.WriteJSON(p.stdout)
	}
	return sheet.WriteText(p.stdout, texts)
}

// officerName shows who is behind a staff number, as far as the configuration knows.
func officerName(cfg *config.Config) func(string) string {
	return func(id string) string {
		for i := range cfg.Desk.Officers {
			if o := &cfg.Desk.Officers[i]; o.ID == id && o.Name != "" && o.Name != id {
				return o.Name + "（" + id + "）"
			}
		}
		return id
	}
}
