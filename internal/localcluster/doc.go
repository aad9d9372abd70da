// Package localcluster runs real servers on this machine: three Apache Kafka brokers and redis-server.
//
// # Use
//
// `make up` and the tests that need real servers share this code. Nothing here is part of the hub's binary.
//
// # What it needs
//
// Java 17 or newer, Maven (the first time, to bring Kafka's jars into a cache) and redis-server. What is missing is said
// in one line that names what to install.
//
// # Lifetime
//
// A server that is not detached dies with the process that started it, even when that is killed: on Linux the kernel
// sees to it. A detached server outlives its starter and is found again by the file `pid` in its folder.
//
// # Limits
//
// Loopback only, no encryption, no authentication for Kafka. Not for production.
package localcluster
