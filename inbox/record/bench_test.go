package record

import (
	"fmt"
	"path/filepath"
	"testing"

	"tamas/internal/testenv"
)

// BenchmarkWrite writes inbound messages of 1,000 conversations, each acknowledged on disk, in batches of so many;
// ns/op is for one event.
func BenchmarkWrite(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, size := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/batch=%d", kind, size), func(b *testing.B) {
				address := filepath.Join(b.TempDir(), "record.db")
				if kind == "postgres" {
					address = testenv.PostgresServer(b).URL
				}
				db := open(b, address)
				f := newFirm(b, db)
				for i := range 1000 {
					f.receive(fmt.Sprint("c", i), fmt.Sprint("first", i), "hello, I have a question about my order")
				}
				f.write()
				b.ResetTimer()
				for i := 0; i < b.N; {
					b.StopTimer()
					for ; i < b.N && len(f.events) < size; i++ {
						f.receive(fmt.Sprint("c", i*7%1000), fmt.Sprint("k", i), "where is it now? it should have come on Tuesday, said the shop")
					}
					b.StartTimer()
					f.write()
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}
