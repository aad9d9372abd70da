package notices

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"permithub/internal/calendar"
)

// Propose loads the calendar as it would be with one more file, and returns the name under which that file belongs into the folder: its year.
func Propose(cfg Config, file string) (*calendar.Calendar, string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	var head struct{ Year int }
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, "", fmt.Errorf("%s: %w", file, err)
	}
	name := fmt.Sprintf("%04d.json", head.Year)
	alone, err := os.MkdirTemp("", "permithub-notice-")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = os.RemoveAll(alone) }()
	if err := os.WriteFile(filepath.Join(alone, name), data, 0o600); err != nil {
		return nil, "", err
	}
	layers := []string{alone}
	if cfg.Dir != "" {
		layers = []string{cfg.Dir, alone}
	}
	fsys := []fs.FS{cfg.BuiltIn}
	for _, dir := range layers {
		fsys = append(fsys, os.DirFS(dir))
	}
	cal, err := calendar.Load(fsys...)
	return cal, name, err
}
