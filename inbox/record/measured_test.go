package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// sized opens the record of a test of speed, which runs when the variable names a number of rows; variable_DB is "postgres", an address, or a
// file that is filled when missing.
func sized(t *testing.T, variable string) (rows int, db *DB) {
	t.Helper()
	if fmt.Sscan(os.Getenv(variable), &rows); rows == 0 {
		t.Skip("set " + variable + "=1000000")
	}
	address := os.Getenv(variable + "_DB")
	switch address {
	case "":
		address = filepath.Join(t.TempDir(), "sized.db")
	case "postgres":
		address = testenv.Postgres(t)
	}
	return rows, open(t, address)
}

// taken is how long a question took, by the clock and by the processor of this process.
type taken struct {
	what      string
	wall, cpu time.Duration
}

func byWall(x taken) time.Duration { return x.wall }
func byCPU(x taken) time.Duration  { return x.cpu }

// take times a question.
func take(what string, do func() error) (taken, error) {
	begun, used := time.Now(), cpuTime(0)
	err := do()
	return taken{what, time.Since(begun), cpuTime(0) - used}, err
}

// quantile is what a part of all questions took at most. The slowest come last afterwards.
func quantile(list []taken, of func(taken) time.Duration, part float64) time.Duration {
	slices.SortFunc(list, func(a, b taken) int { return int(of(a) - of(b)) })
	return of(list[min(len(list)-1, int(part*float64(len(list))))])
}
