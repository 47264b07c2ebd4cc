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
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Blobs holds what is too large for a row, in files named by the hash of their content: the same content stands once,
// and a name that is in the record never changes its meaning. Nodes of one installation share the folder.
type Blobs struct {
	dir    string
	thumbs thumbs
}

const (
	newBlob   = ".new-"   // begins the names of files that are being written
	staleBlob = time.Hour // after which nobody writes them any more
)

// OpenBlobs uses a folder, which is made when it is not there, and clears what writers that died have left in it.
func OpenBlobs(dir string) (*Blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the blobs' folder: %w", err)
	}
	b := &Blobs{dir: dir, thumbs: thumbs{memory: semaphore.NewWeighted(thumbMemory)}}
	if err := b.sweep(time.Now()); err != nil {
		return nil, fmt.Errorf("the blobs' folder: %w", err)
	}
	return b, nil
}

// sweep removes files that nobody has written to for staleBlob; other nodes may be writing theirs.
func (b *Blobs) sweep(now time.Time) error {
	list, err := os.ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), newBlob) {
			continue
		}
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > staleBlob {
			_ = os.Remove(filepath.Join(b.dir, e.Name())) // gone already: another node sweeps too
		}
	}
	return nil
}

func (b *Blobs) path(name string) string { return filepath.Join(b.dir, name[:2], name) }

// Put stores content durably and gives its name.
func (b *Blobs) Put(content []byte) (name string, err error) {
	name, _, err = b.Write(bytes.NewReader(content), int64(len(content)))
	return name, err
}

// errTooLarge says that content goes on beyond the limit. Nothing of it is kept.
var errTooLarge = errors.New("larger than the limit")

// buffers are what content is copied through.
var buffers = sync.Pool{New: func() any { return new([blobChunk]byte) }}

const (
	blobChunk  = 256 << 10 // bytes
	flushEvery = 8 << 20   // bytes
)

// Write streams content durably into the store and gives its name and size; the memory it takes does not depend on the size.
// errTooLarge when there is more than most bytes.
func (b *Blobs) Write(content io.Reader, most int64) (name string, size int64, err error) {
	f, err := os.CreateTemp(b.dir, newBlob)
	if err != nil {
		return "", 0, fmt.Errorf("store a blob: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	sum, size, err := copyHashed(f, io.LimitReader(content, most+1))
	switch {
	case err != nil:
		f.Close()
		return "", 0, fmt.Errorf("store a blob: %w", err)
	case size > most:
		f.Close()
		return "", 0, errTooLarge
	}
	name = hex.EncodeToString(sum)
	if info, err := os.Stat(b.path(name)); err == nil && info.Size() == size && b.used(name) == nil {
		f.Close()
		// Whoever wrote it may not have come so far as to make its name durable.
		if err := syncDir(filepath.Dir(b.path(name))); err != nil {
			return "", 0, fmt.Errorf("store a blob: %w", err)
		}
		return name, size, nil
	}
	if err = errors.Join(f.Sync(), f.Close()); err == nil {
		err = b.place(f.Name(), b.path(name))
	}
	if err != nil {
		return "", 0, fmt.Errorf("store a blob: %w", err)
	}
	return name, size, nil
}

// used says that somebody is about to name a blob that is there: see Remove.
func (b *Blobs) used(name string) error {
	now := time.Now()
	return os.Chtimes(b.path(name), now, now)
}

// errInUse: somebody has stored the same content of late, and may be about to name it.
var errInUse = errors.New("the blob is in use")

// Remove takes a blob away that nothing names, unless its content was stored, or stored again, after a moment: errInUse. Whoever stores it at
// the same time either finds it gone and writes it anew, or is seen here. os.ErrNotExist.
func (b *Blobs) Remove(name string, before time.Time) error {
	if !named(name) {
		return os.ErrNotExist
	}
	aside := filepath.Join(b.dir, newBlob+name)
	if info, err := os.Stat(b.path(name)); err != nil {
		return err
	} else if info.ModTime().After(before) {
		return errInUse
	}
	if err := os.Rename(b.path(name), aside); err != nil {
		return err
	}
	info, err := os.Stat(aside)
	if err == nil && info.ModTime().After(before) {
		return errors.Join(errInUse, os.Rename(aside, b.path(name)))
	}
	return errors.Join(err, os.Remove(aside), syncDir(filepath.Dir(b.path(name))))
}

// copyHashed is io.Copy and the content's SHA-256. What has been read is hashed beside being written: one after the other, hashing
// would take a third of the time.
func copyHashed(to *os.File, from io.Reader) (sum []byte, size int64, err error) {
	full, free := make(chan []byte), make(chan *[blobChunk]byte, 2)
	done := make(chan []byte)
	go func() {
		hash := sha256.New()
		for part := range full {
			hash.Write(part)
			free <- (*[blobChunk]byte)(part[:blobChunk:blobChunk])
		}
		done <- hash.Sum(nil)
	}()
	bufs := [2]*[blobChunk]byte{buffers.Get().(*[blobChunk]byte), buffers.Get().(*[blobChunk]byte)}
	defer func() {
		buffers.Put(bufs[0])
		buffers.Put(bufs[1])
	}()
	free <- bufs[0]
	free <- bufs[1]
	flushed := int64(0)
	for err == nil {
		buf := <-free
		var n int
		if n, err = fill(from, buf[:]); n > 0 {
			full <- buf[:n]
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = werr
			}
			size += int64(n)
			if size-flushed >= flushEvery {
				flushSoon(to, flushed, size-flushed)
				flushed = size
			}
		}
	}
	close(full)
	sum = <-done
	if err == io.EOF {
		err = nil
	}
	return sum, size, err
}

// fill is io.ReadFull that tells the end of the content from content that breaks off: both are io.ErrUnexpectedEOF there.
func fill(from io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = from.Read(buf[n:])
		n += m
	}
	return n, err
}

// place gives a file its name for good: a crash from now on cannot take it away.
func (b *Blobs) place(from, to string) error {
	dir := filepath.Dir(to)
	switch err := os.Mkdir(dir, 0o700); {
	case err == nil:
		if err := syncDir(b.dir); err != nil {
			return err
		}
	case !errors.Is(err, os.ErrExist):
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// named tells whether name could be a blob's.
func named(name string) bool {
	raw, err := hex.DecodeString(name)
	return err == nil && len(raw) == sha256.Size && strings.ToLower(name) == name
}

// Has tells whether there is a blob of that name. An error: the store does not answer, so that nobody knows.
func (b *Blobs) Has(name string) (bool, error) {
	if !named(name) {
		return false, nil
	}
	_, err := os.Stat(b.path(name))
	if errors.Is(err, os.ErrNotExist) {
		_, err = os.Stat(b.dir)
		return false, err
	}
	return err == nil, err
}

// Open reads a blob, which can be sought in; os.ErrNotExist when there is none of that name.
func (b *Blobs) Open(name string) (*os.File, error) {
	if !named(name) {
		return nil, os.ErrNotExist
	}
	return os.Open(b.path(name))
}
