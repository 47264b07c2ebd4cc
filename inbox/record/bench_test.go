package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// BenchmarkWrite writes inbound messages of 1,000 conversations, each acknowledged on disk, in batches of so many;
// ns/op is for one event. On a busy machine only the CPU time says something.
func BenchmarkWrite(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, size := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/batch=%d", kind, size), func(b *testing.B) {
				address, server := filepath.Join(b.TempDir(), "record.db"), 0
				if kind == "postgres" {
					s := testenv.PostgresServer(b)
					address, server = s.URL, s.Pid()
				}
				db := open(b, address)
				f := newFirm(b, db)
				for i := range 1000 {
					f.receive(fmt.Sprint("c", i), fmt.Sprint("first", i), "hello, I have a question about my order")
				}
				f.write()
				for i := range b.N {
					f.receive(fmt.Sprint("c", i*7%1000), fmt.Sprint("k", i), "where is it now? it should have come on Tuesday, said the shop")
				}
				events := f.events
				cpu := cpuTime(server)
				b.ResetTimer()
				for part := range slices.Chunk(events, size) {
					f.events = part
					f.write()
				}
				b.StopTimer()
				cpu = cpuTime(server) - cpu
				b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/event") // of both sides
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// cpuTime is what this process and a server's children have used; the latter on Linux only.
func cpuTime(server int) time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	sum := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if server == 0 {
		return sum
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, _ := os.ReadFile(name)
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 12 && f[1] == strconv.Itoa(server) {
			for _, ticks := range f[11:13] {
				n, _ := strconv.Atoi(ticks)
				sum += time.Duration(n) * 10 * time.Millisecond
			}
		}
	}
	return sum
}
