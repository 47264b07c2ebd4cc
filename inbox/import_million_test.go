package inbox

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/internal/testenv"
)

// TestImportMillion measures an import while the hub serves: TAMAS_IMPORT=1000000 go test ./inbox -run TestImportMillion -v -timeout 60m. With
// TAMAS_IMPORT_LIVE=20 so many messages a second come in meanwhile. -run TestImportMillion/postgres takes one database. PostgreSQL waits for the
// disk, unlike that of other tests.
func TestImportMillion(t *testing.T) {
	rows, _ := strconv.Atoi(os.Getenv("TAMAS_IMPORT"))
	if rows == 0 {
		t.Skip("TAMAS_IMPORT says how many touches")
	}
	live, _ := strconv.Atoi(os.Getenv("TAMAS_IMPORT_LIVE"))
	name := filepath.Join(t.TempDir(), "touches.csv")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "id,kind,date,phone,name,amount,currency,text")
	for i := range rows {
		c := i * 7919 % max(rows/10, 1)
		fmt.Fprintf(w, "%d,purchase,1404/%02d/%02d %02d:%02d,0912%07d,علی رضایی %d,\"%d,000\",IRT,خرید شمارهٔ %d از فروشگاه مرکزی\n", i, i%12+1, i%29+1, i%24, i%60, c, c, i%900+100, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, s := range []store{{"redis-server", "sqlite"}, {"redis-server", "postgres"}, {"in-process", "sqlite"}} {
		t.Run(s.String(), func(t *testing.T) {
			var pg *testenv.Server
			if s.database == "postgres" {
				pg = testenv.PostgresServer(t, "shared_buffers=256MB", "max_wal_size=4GB")
				s.database = pg.URL
			}
			r := newRig(t, s)
			h, _ := r.hub()
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			i, err := h.NewImport(t.Context(), "touches.csv", record.ImportTouches, "u1", f, nil)
			if err != nil {
				t.Fatal(err)
			}
			var took []time.Duration
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				if live == 0 {
					return
				}
				tick := time.NewTicker(time.Second / time.Duration(live))
				defer tick.Stop()
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					case <-tick.C:
					}
					begun := time.Now()
					thread := fmt.Sprint("live", n%50)
					err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{{Key: fmt.Sprint("k", n), Thread: thread, Address: thread, Text: "hello"}}})
					if err != nil {
						t.Error(err)
					}
					took = append(took, time.Since(begun))
				}
			}()
			runtime.GC()
			before, had, most := spent(pg), held(), held()
			begun := time.Now()
			ask(t, h, i.ID, "run")
			for i.State != record.ImportDone && i.State != record.ImportFailed {
				time.Sleep(200 * time.Millisecond)
				now := held()
				most.heap, most.resident, most.anonymous = max(most.heap, now.heap), max(most.resident, now.resident), max(most.anonymous, now.anonymous)
				if i, err = h.Import(t.Context(), i.ID); err != nil {
					t.Fatal(err)
				}
			}
			all := time.Since(begun)
			after := spent(pg)
			close(stop)
			<-stopped
			if i.Made != int64(rows) {
				t.Fatalf("%+v", i)
			}
			t.Logf("%d touches in %v (%.0f/s); CPU here %.1f s, PostgreSQL's %.1f s; heap at most %d MB; resident %d MB before, at most +%d MB, of that +%d MB not of files",
				rows, all.Round(time.Millisecond), float64(rows)/all.Seconds(), after.own-before.own, after.database-before.database,
				most.heap>>20, had.resident>>20, (most.resident-had.resident)>>20, (most.anonymous-had.anonymous)>>20)
			if n := len(took); n > 0 {
				slices.Sort(took)
				t.Logf("%d messages meanwhile: p50 %v p99 %v", n, took[n/2], took[n*99/100])
			}
			// What follows: all can be found, and stands in the reports.
			driver := "sqlite"
			if pg != nil {
				driver = "pgx"
			}
			db, err := sql.Open(driver, r.dbURL)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			for {
				var at, last int64
				if err := db.QueryRowContext(t.Context(), "SELECT s.n, (SELECT MAX(n) FROM touches) FROM search_cursor s").Scan(&at, &last); err != nil {
					t.Fatal(err)
				}
				if at >= last {
					break
				}
				time.Sleep(time.Second)
			}
			last := spent(pg)
			t.Logf("all can be found %v later, after %.1f s of CPU here and %.1f s of PostgreSQL's", (time.Since(begun) - all).Round(time.Second), last.own-after.own, last.database-after.database)
		})
	}
}

// memory is what this process holds, in bytes; what is resident is of files too, SQLite's.
type memory struct{ heap, resident, anonymous int64 }

func held() (m memory) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.heap = int64(stats.HeapAlloc)
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			m.resident = kb << 10
		case "RssAnon":
			m.anonymous = kb << 10
		}
	}
	return m
}

// cpu is what this process has used, and PostgreSQL, in seconds.
type cpu struct{ own, database float64 }

func spent(pg *testenv.Server) (c cpu) {
	own, _ := os.ReadFile("/proc/self/stat")
	c.own = cpuOf(own, 14, 15)
	if pg == nil {
		return c
	}
	pid, _ := os.ReadFile(filepath.Join(pg.Dir, "data", "postmaster.pid"))
	pid, _, _ = bytes.Cut(pid, []byte("\n"))
	list, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range list {
		if stat, err := os.ReadFile(name); err == nil && statFields(stat)[0] == string(pid) {
			c.database += cpuOf(stat, 14, 15)
		}
	}
	postmaster, _ := os.ReadFile("/proc/" + string(pid) + "/stat")
	c.database += cpuOf(postmaster, 14, 15, 16, 17) // of those that have ended too
	return c
}

// statFields are those of /proc/…/stat from the fourth on, the parent.
func statFields(stat []byte) []string {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return []string{""}
	}
	return fields[1:]
}

// cpuOf sums fields of /proc/…/stat, numbered from 1, which count hundredths of a second.
func cpuOf(stat []byte, numbers ...int) (seconds float64) {
	fields := statFields(stat)
	for _, n := range numbers {
		if n-4 < len(fields) {
			v, _ := strconv.ParseFloat(fields[n-4], 64)
			seconds += v / 100
		}
	}
	return seconds
}
