//go:build !linux

package inbox

import "os"

func flushSoon(*os.File, int64, int64) {}
