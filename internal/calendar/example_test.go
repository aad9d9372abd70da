package calendar_test

import (
	"fmt"
	"log"
	"time"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
)

func ExampleLoad() {
	c, err := calendar.Load(calendars.FS)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("notices reach to", c.Horizon())
	working, why, known := c.Working(calendar.On(2026, time.February, 14))
	fmt.Println(working, why, known)
	// Output:
	// notices reach to 2026-12-31
	// true 春节（调休上班） true
}

func ExampleCalendar_Count() {
	c, err := calendar.Load(calendars.FS)
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := calendar.ParseInstant("2025-01-24 16:45")
	if err != nil {
		log.Fatal(err)
	}
	d := c.Count(accepted, calendar.Limit{Days: 2})
	fmt.Println("last day", d.LastDay, "too late from", d.Due.Format(time.RFC3339))
	for _, day := range d.Ledger {
		fmt.Println(day.Date, day.Counted, day.Why)
	}
	// Output:
	// last day 2025-01-27 too late from 2025-01-28T00:00:00+08:00
	// 2025-01-24 0 工作日
	// 2025-01-25 0 周末
	// 2025-01-26 1 春节（调休上班）
	// 2025-01-27 2 工作日
}

func ExampleCalendar_Share() {
	c, err := calendar.Load(calendars.FS)
	if err != nil {
		log.Fatal(err)
	}
	accepted, err := calendar.ParseInstant("2026-02-13 10:00")
	if err != nil {
		log.Fatal(err)
	}
	due, _ := c.Due(accepted, calendar.Limit{Days: 2})
	for _, percent := range []int{50, 75, 90, 100} {
		fmt.Println(percent, c.Share(accepted, due, percent).Format(time.DateTime))
	}
	// Output:
	// 50 2026-02-14 14:15:00
	// 75 2026-02-24 10:37:30
	// 90 2026-02-24 15:03:00
	// 100 2026-02-25 00:00:00
}

func ExampleParseInstant() {
	for _, s := range []string{"2026-01-05", "2026-01-05 09:30", "2026-01-05T01:30:00Z", "2026-02-30"} {
		at, err := calendar.ParseInstant(s)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(at.Format(time.RFC3339))
	}
	// Output:
	// 2026-01-05T00:00:00+08:00
	// 2026-01-05T09:30:00+08:00
	// 2026-01-05T09:30:00+08:00
	// instant "2026-02-30": day out of range
}
