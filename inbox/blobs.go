package inbox

import (
	"bytes"
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
	name, _, err = b.Write(bytes.NewReader(content), int64(len(content)))
	return name, err
}

// errTooLarge says that content goes on beyond the limit. Nothing of it is kept.
var errTooLarge = errors.New("larger than the limit")

// Write streams content durably into the store and gives its name and size; the memory it takes does not depend on the size.
// errTooLarge when there is more than most bytes.
func (b *Blobs) Write(content io.Reader, most int64) (name string, size int64, err error) {
	f, err := os.CreateTemp(b.dir, ".new-")
	if err != nil {
		return "", 0, fmt.Errorf("store a blob: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, hash), io.LimitReader(content, most+1))
	switch {
	case err != nil:
		f.Close()
		return "", 0, fmt.Errorf("store a blob: %w", err)
	case size > most:
		f.Close()
		return "", 0, errTooLarge
	}
	name = hex.EncodeToString(hash.Sum(nil))
	path := b.path(name)
	if info, err := os.Stat(path); err == nil && info.Size() == size {
		f.Close()
		return name, size, nil
	}
	if err = errors.Join(f.Sync(), f.Close()); err == nil {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.Rename(f.Name(), path)
		}
	}
	if err != nil {
		return "", 0, fmt.Errorf("store a blob: %w", err)
	}
	return name, size, nil
}

// Open reads a blob; os.ErrNotExist when there is none of that name.
func (b *Blobs) Open(name string) (io.ReadCloser, error) {
	if raw, err := hex.DecodeString(name); err != nil || len(raw) != sha256.Size {
		return nil, os.ErrNotExist
	}
	return os.Open(b.path(name))
}
