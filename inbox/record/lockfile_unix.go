//go:build unix

package record

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// LockFile keeps other processes away from the SQLite file at path, by a lock on path + ".lock" that ends with
// release or with the process. It fails at once when another process holds it, and says which.
func LockFile(path string) (release func(), err error) {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the record: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			b := make([]byte, 20)
			n, _ := f.ReadAt(b, 0)
			return nil, fmt.Errorf("the record %s is in use by another process (%s): stop it, or give this one its own --data, or use PostgreSQL and Redis to run several",
				path, strings.TrimSpace("pid "+string(b[:n])))
		}
		return nil, fmt.Errorf("lock the record %s: %w", name, err)
	}
	// For people; the lock is what counts.
	if err := f.Truncate(0); err == nil {
		f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	return func() { f.Close() }, nil
}
