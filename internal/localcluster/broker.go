package localcluster

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed server.properties.tmpl
var propertiesText string

// clusterID is the same for every local cluster: Kafka wants 16 bytes.
var clusterID = base64.RawURLEncoding.EncodeToString([]byte("permithub-local1"))

// writeProperties writes the configuration of one broker into its folder.
func (k *Kafka) writeProperties(id int) error {
	if err := os.MkdirAll(k.dir(id), 0o700); err != nil {
		return err
	}
	voters := make([]string, 0, Nodes)
	for i, port := range k.cfg.ControllerPorts {
		voters = append(voters, fmt.Sprintf("%d@%s", i+1, address(port)))
	}
	parsed, err := template.New("server.properties").Option("missingkey=error").Parse(propertiesText)
	if err != nil {
		return err
	}
	var text strings.Builder
	err = parsed.Execute(&text, map[string]any{
		"ID": id, "Voters": strings.Join(voters, ","), "Data": k.data(id),
		"Address": address(k.cfg.Ports[id-1]), "ControllerAddress": address(k.cfg.ControllerPorts[id-1]), "Secure": k.secureListener(id),
	})
	if err != nil {
		return err
	}
	return os.WriteFile(k.properties(id), []byte(text.String()), 0o600)
}

// format prepares an empty data folder; one that has data is left alone.
func (k *Kafka) format(ctx context.Context, id int) error {
	if _, err := os.Stat(filepath.Join(k.data(id), "meta.properties")); err == nil {
		return nil
	}
	args := append(k.jvm(), "kafka.tools.StorageTool", "format",
		"--cluster-id", clusterID, "--config", k.properties(id))
	if k.cfg.Secure {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, SecureUser, SecurePassword))
		}
	}
	if out, err := exec.CommandContext(ctx, k.java, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// jvm returns the arguments of java before the class to run.
func (k *Kafka) jvm() []string {
	args := []string{
		"-Xms64m", "-Xmx384m",
		"-XX:+UseSerialGC", // no collector threads beside the work on two cores
		"-XX:+ExitOnOutOfMemoryError",
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
	}
	if !k.cfg.FullCompiler {
		args = append(args, "-XX:TieredStopAtLevel=1")
	}
	return append(args, "-cp", filepath.Join(k.jars, "*"))
}

func (k *Kafka) properties(id int) string { return filepath.Join(k.dir(id), "server.properties") }

func (k *Kafka) data(id int) string { return filepath.Join(k.dir(id), "data") }
