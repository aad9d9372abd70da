// Package config reads the hub's configuration into one typed struct.
//
// # Layers
//
// Later layers win: the YAML file, the environment (PERMITHUB_KAFKA_PREFIX sets kafka.prefix), the flags. What no layer sets
// takes the default that its field documents. Lists are replaced as a whole, never merged. Relative paths count from the
// folder of the file.
//
// # Secrets
//
// A [Secret] names a file or an environment variable and never holds its text in the file itself; nothing prints it. Under
// profile local an unset secret is the demo's own ([DemoSecrets]); under profile production those are refused.
//
// # Errors
//
// [Load] and [Config.Validate] return every fault at once, each beginning with its key path. An unknown key is a fault that
// names the nearest known one. No error repeats the text of a secret.
package config
