package e2e

import "testing"

// servers are a broker and a Redis of one test, and what can be done to them.
type servers struct {
	name        string
	brokers     []string
	redis       string
	replication int
	// session is the shortest session timeout that the brokers take.
	session string
	flush   func(t *testing.T)
	// killRedis and startRedis are nil where Redis lives in the test's own process.
	killRedis, startRedis func(t *testing.T)
}
