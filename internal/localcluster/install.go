package localcluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// KafkaVersion is the Apache Kafka release that is run.
const KafkaVersion = "4.3.1"

//go:embed pom.xml
var pom string

// need finds an executable or says what to install.
func need(name, debianPackage string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is not installed: run `make deps` (Debian: apt-get install %s)", name, debianPackage)
	}
	return path, nil
}

// jars returns the folder with Kafka's jars and lets Maven fill it the first time. Safe to call from several processes
// at once: the first one works, the others wait for it.
func jars(ctx context.Context) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "kafka-"+KafkaVersion)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("open cache lock: %w", err)
	}
	defer func() { _ = lock.Close() }() // closing unlocks
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock cache: %w", err)
	}
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, download(ctx, dir)
}

// download fills dir; it is there whole or not at all.
func download(ctx context.Context, dir string) error {
	mvn, err := need("mvn", "maven")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "download-")
	if err != nil {
		return fmt.Errorf("make download folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left there is only waste
	project := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(project, []byte(strings.ReplaceAll(pom, "KAFKA_VERSION", KafkaVersion)), 0o600); err != nil {
		return fmt.Errorf("write pom.xml: %w", err)
	}
	libs := filepath.Join(work, "libs")
	out, err := exec.CommandContext(ctx, mvn, "--batch-mode", "--quiet", "--file", project,
		"dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+libs).CombinedOutput()
	if err != nil {
		return fmt.Errorf("bring Kafka %s with Maven: %w\n%s", KafkaVersion, err, out)
	}
	if err := os.Rename(libs, dir); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("keep Kafka's jars: %w", err)
	}
	return nil
}

// cacheDir is where downloads are kept: $PERMITHUB_CACHE, or permithub in the user's cache folder.
func cacheDir() (string, error) {
	if dir := os.Getenv("PERMITHUB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder (set PERMITHUB_CACHE): %w", err)
	}
	return filepath.Join(dir, "permithub"), nil
}
