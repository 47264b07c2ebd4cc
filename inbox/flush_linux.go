package inbox

import (
	"os"

	"golang.org/x/sys/unix"
)

// flushSoon begins to bring a part of a file to the disk, without waiting for it: the sync in the end finds less left to do.
func flushSoon(f *os.File, from, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, n, unix.SYNC_FILE_RANGE_WRITE) // the sync says what goes wrong
}
