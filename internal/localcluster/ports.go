package localcluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
)

// host is the only address that the servers listen on.
const host = "127.0.0.1"

// Free ports are looked for below the range that kernels take the ports of outgoing connections from (32768 and up on
// Linux), so that nobody takes a broker's port while the broker is down.
const lowestPort, highestPort = 20000, 32000

// freePorts returns n different ports that were free a moment ago.
func freePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range 100 * n {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			continue
		}
		// Closed only on return: so the same port is not chosen twice.
		defer func() { _ = l.Close() }()
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports on %s between %d and %d", n, host, lowestPort, highestPort)
}

// ParsePorts reads a comma-separated list of n different ports.
func ParsePorts(list string, n int) ([]int, error) {
	fields := strings.Split(list, ",")
	if len(fields) != n {
		return nil, fmt.Errorf("ports %q: want %d, separated by commas", list, n)
	}
	ports := make([]int, 0, n)
	seen := map[int]bool{}
	for _, field := range fields {
		port, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || port < 1 || port > 65535 || seen[port] {
			return nil, fmt.Errorf("ports %q: %q is not a port or stands there twice", list, field)
		}
		seen[port] = true
		ports = append(ports, port)
	}
	return ports, nil
}

// mustBeFree returns an error that names every port that something else listens on.
func mustBeFree(ports ...int) error {
	var errs []error
	for _, port := range ports {
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			errs = append(errs, fmt.Errorf("port %d is taken: %w", port, err))
			continue
		}
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
