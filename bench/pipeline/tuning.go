package pipeline

import "time"

// What all contenders have alike, as far as their libraries let them: the hub's own settings.
const (
	commitInterval = 200 * time.Millisecond
	fetchWait      = 250 * time.Millisecond
	batchRecords   = 2_000
	clockChunk     = 500
)
