package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Blobs holds what is too large for a row, in files named by the hash of their content: the same content stands once,
// and a name that is in the record never changes its meaning. Nodes of one installation share the folder.
type Blobs struct{ dir string }

// OpenBlobs uses a folder, which is made when it is not there.
func OpenBlobs(dir string) (*Blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the blobs' folder: %w", err)
	}
	return &Blobs{dir}, nil
}

func (b *Blobs) path(name string) string { return filepath.Join(b.dir, name[:2], name) }

// Put stores content durably and gives its name.
func (b *Blobs) Put(content []byte) (name string, err error) {
	sum := sha256.Sum256(content)
	name = hex.EncodeToString(sum[:])
	path := b.path(name)
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(content)) {
		return name, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("store a blob: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return "", fmt.Errorf("store a blob: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("store a blob: %w", err)
	}
	return name, nil
}

// Open reads a blob; os.ErrNotExist when there is none of that name.
func (b *Blobs) Open(name string) (io.ReadCloser, error) {
	if raw, err := hex.DecodeString(name); err != nil || len(raw) != sha256.Size {
		return nil, os.ErrNotExist
	}
	return os.Open(b.path(name))
}
