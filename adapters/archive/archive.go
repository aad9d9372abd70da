package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"permithub/internal/fault"
	"permithub/schemas"
)

const (
	system       = "archive"
	codeConflict = "archive_conflict"
	codeBadID    = "archive_bad_id"

	folderMode = 0o750
	fileMode   = 0o640
)

// Config says where manifests go.
type Config struct {
	// Dir is the archive's folder. Required.
	Dir string
	// Create makes Dir where it is missing. Leave it false where Dir is a mount: a mount that is away must be an outage, not a new and
	// empty archive beside it.
	Create bool
}

// Validate returns every fault at once.
func (c Config) Validate() error {
	if c.Dir == "" {
		return errors.New("archive: dir: required")
	}
	return nil
}

// Archive files dossiers in a folder. It is safe for concurrent use, of several processes too.
type Archive struct{ cfg Config }

// New returns the archive of a valid configuration. It does not touch the disk.
func New(cfg Config) (*Archive, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Archive{cfg: cfg}, nil
}

// File writes the manifest of the order's case and returns the hex SHA-256 of its bytes. It is safe to repeat under the same effect id.
func (a *Archive) File(ctx context.Context, o schemas.Order) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("file %s: %w", o.Effect.EffectID, err)
	}
	if !plainID(o.DossierID) || !plainID(o.Effect.EffectID) {
		return "", fmt.Errorf("file effect: %w", fault.Reject(codeBadID, nil))
	}
	content, err := encodeManifest(&o)
	if err != nil {
		return "", fmt.Errorf("file %s: %w", o.Effect.EffectID, err)
	}
	if err := a.store(folderOf(o.DossierID), o.Effect.EffectID, content); err != nil {
		return "", fmt.Errorf("file %s: %w", o.Effect.EffectID, err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// folderOf spreads the people over at most 1,024 folders.
func folderOf(dossierID string) string { return path.Join(dossierID[:2], dossierID) }

// plainID accepts what ids are made of, so that none can leave the folder or hide in it.
func plainID(id string) bool {
	if len(id) < 2 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// store works inside an os.Root: a link in the archive cannot lead a write out of it.
func (a *Archive) store(folder, name string, content []byte) error {
	if a.cfg.Create {
		if err := os.MkdirAll(a.cfg.Dir, folderMode); err != nil {
			return outage(err)
		}
	}
	root, err := os.OpenRoot(a.cfg.Dir)
	if err != nil {
		return outage(err)
	}
	defer func() { _ = root.Close() }() // a folder handle: nothing is written through it
	switch err := place(root, folder, name, content); {
	case errors.Is(err, errConflict):
		return fault.Reject(codeConflict, err)
	case err != nil:
		return outage(err)
	}
	return nil
}

// outage keeps the operation and the system's word and drops the path, which is the operator's and not the record's.
func outage(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fault.Outage(system, fmt.Errorf("%s: %w", p.Op, p.Err))
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return fault.Outage(system, fmt.Errorf("%s: %w", l.Op, l.Err))
	}
	return fault.Outage(system, err)
}

var errConflict = errors.New("filed before with other content")

func place(root *os.Root, folder, name string, content []byte) error {
	file := path.Join(folder, name+".json")
	switch there, err := root.ReadFile(file); {
	case err == nil && !bytes.Equal(there, content):
		return errConflict
	case err == nil:
		// A crash may have come between the rename and the sync of the folder.
		return syncFolders(root, folder)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := root.MkdirAll(folder, folderMode); err != nil {
		return err
	}
	removeLeftovers(root, folder, name)
	temp := path.Join(folder, "."+name+"."+rand.Text())
	if err := write(root, temp, content); err != nil {
		_ = root.Remove(temp) // best effort: the name says what it is
		return err
	}
	if err := root.Rename(temp, file); err != nil {
		_ = root.Remove(temp)
		return err
	}
	return syncFolders(root, folder)
}

func write(root *os.Root, name string, content []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// removeLeftovers takes away what a crash left of the same effect. Should another process be writing it at this moment, its rename fails
// and its next try finds the manifest.
func removeLeftovers(root *os.Root, folder, name string) {
	d, err := root.Open(folder)
	if err != nil {
		return
	}
	defer func() { _ = d.Close() }()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return
	}
	for _, n := range names {
		if strings.HasPrefix(n, "."+name+".") {
			_ = root.Remove(path.Join(folder, n))
		}
	}
}

// syncFolders makes the name durable, and the names of the folders above it: any of them may be new.
func syncFolders(root *os.Root, folder string) error {
	for dir := folder; ; dir = path.Dir(dir) {
		if err := syncFolder(root, dir); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}

func syncFolder(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	// Some network file systems have no sync of folders; there the rename itself is what they promise.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
