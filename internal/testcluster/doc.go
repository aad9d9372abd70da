// Package testcluster gives tests real servers: three Apache Kafka brokers and redis-server.
//
// # Use
//
// Files with such tests carry the build tag kafka, and their package has one TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(testcluster.Main(m).Run()) }
//
//	func TestPublish(t *testing.T) {
//		brokers := testcluster.Kafka(t).Brokers()
//		...
//	}
//
// `go test -tags kafka ./internal/bus` starts a cluster for that package. `make test` starts one for the whole suite.
// With PERMITHUB_TEST_KAFKA=127.0.0.1:19092,127.0.0.1:19093,127.0.0.1:19094 the cluster of `make up` is used, which
// saves the start. A test that wants to kill brokers gets a cluster of its own then.
//
// # Sharing
//
// Many tests, of several packages at once, share the cluster: name topics and groups after the test, and keep off what
// concerns the whole cluster. A test that kills brokers calls [KafkaAlone]: it waits until no other test uses the
// cluster and keeps it for itself. Afterwards every broker is back.
//
// # Missing tools
//
// A test whose servers cannot be started fails with a line that says what to install. It is never skipped.
package testcluster
