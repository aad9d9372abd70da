// Package e2e proves the hub on real processes: the built binary, started, killed and restarted beside brokers, Redis and simulated foreign systems.
//
// # What runs
//
// Without a tag the scenarios run on the embedded broker and Redis, served by the test's process to the hub's; with -tags kafka the same ones
// run on three Apache Kafka brokers and redis-server. The binary is built once. Each scenario has an installation of its own: a prefix, a
// configuration, `permithub simulate` for the foreign systems and one or more `permithub serve`, and ends in an audit from the outside
// (package audit) of the log and the foreign systems' ledgers.
//
// # One scenario
//
//	go test -v -run 'TestFaults/hub_killed' ./e2e
//	go test -v -tags kafka -run 'TestFaults/broker_killed' ./e2e
//	go test -v -run 'TestCommands/demo' ./e2e
//	go test -v -run 'TestCrashPoints/P3' ./e2e
//	go test -v -run TestTorture ./e2e -torture.duration=1m -torture.seed=7     # make torture: ten minutes, on Apache Kafka
//
// With -keep the folder of a scenario stays (configuration, archive, ledgers, every process's log), and its path is printed.
//
// # How it waits
//
// Nothing sleeps: a scenario waits for what it needs to see, under a deadline, and a process that ends by itself fails it at once.
package e2e
