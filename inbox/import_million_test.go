package inbox

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// TestImportMillion measures an import while the hub serves: TAMAS_IMPORT=1000000 go test ./inbox -run TestImportMillion -v -timeout 60m. With
// TAMAS_IMPORT_LIVE=20 so many messages a second come in meanwhile.
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
	for _, s := range []store{{"redis-server", "sqlite"}, {"redis-server", "postgres"}} {
		t.Run(s.String(), func(t *testing.T) {
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
			var before, after syscall.Rusage
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			begun := time.Now()
			ask(t, h, i.ID, "run")
			heap := uint64(0)
			for i.State != record.ImportDone && i.State != record.ImportFailed {
				time.Sleep(200 * time.Millisecond)
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				heap = max(heap, m.HeapAlloc)
				if i, err = h.Import(t.Context(), i.ID); err != nil {
					t.Fatal(err)
				}
			}
			all := time.Since(begun)
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			close(stop)
			<-stopped
			if i.Made != int64(rows) {
				t.Fatalf("%+v", i)
			}
			cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
			t.Logf("%d touches in %v (%.0f/s), %v of CPU here, heap at most %d MB", rows, all.Round(time.Millisecond), float64(rows)/all.Seconds(), cpu.Round(time.Millisecond), heap>>20)
			if n := len(took); n > 0 {
				slices.Sort(took)
				t.Logf("%d messages meanwhile: p50 %v p99 %v", n, took[n/2], took[n*99/100])
			}
		})
	}
}
