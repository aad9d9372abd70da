package testcluster

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Where a test process finds a cluster that something else started.
const (
	// EnvBrokers names the brokers, separated by commas. Alone it names a cluster that tests may use but not kill.
	EnvBrokers = "PERMITHUB_TEST_KAFKA"
	// EnvControl is where brokers are killed and started.
	EnvControl = "PERMITHUB_TEST_KAFKA_CONTROL"
	// EnvLock is the path that the lock files start with.
	EnvLock = "PERMITHUB_TEST_KAFKA_LOCK"
	// EnvSecure names the brokers' listeners with TLS and a login, separated by commas.
	EnvSecure = "PERMITHUB_TEST_KAFKA_SECURE"
	// EnvCA is the file with the certificate that signed theirs.
	EnvCA = "PERMITHUB_TEST_KAFKA_CA"
)

// place says where a cluster is.
type place struct {
	Brokers []string `json:"brokers"`
	Control string   `json:"control"`
	Lock    string   `json:"lock"`
	Secure  []string `json:"secure"`
	CA      string   `json:"ca"`
}

func (p place) environ() []string {
	return []string{EnvBrokers + "=" + strings.Join(p.Brokers, ","), EnvControl + "=" + p.Control, EnvLock + "=" + p.Lock,
		EnvSecure + "=" + strings.Join(p.Secure, ","), EnvCA + "=" + p.CA}
}

// placeFromEnviron returns false where the environment names no cluster.
func placeFromEnviron() (place, bool) {
	brokers := os.Getenv(EnvBrokers)
	if brokers == "" {
		return place{}, false
	}
	return place{Brokers: strings.Split(brokers, ","), Control: os.Getenv(EnvControl), Lock: os.Getenv(EnvLock),
		Secure: split(os.Getenv(EnvSecure)), CA: os.Getenv(EnvCA)}, true
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// ask has the server do something and waits for it. No connection is kept, so no goroutine stays behind.
func (p place) ask(path string) error {
	client := http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}, // never through a proxy: it is this machine
		Timeout:   startLimit + time.Minute,
	}
	response, err := client.Post(p.Control+path, "", nil)
	if err != nil {
		return fmt.Errorf("ask the cluster's server: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end below
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the answer of the cluster's server: %w", err)
	}
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("cluster: %s", strings.TrimSpace(string(text)))
	}
	return nil
}
