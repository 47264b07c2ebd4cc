package agentui

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// BenchmarkFanOut writes bursts of ten events to a thousand agents' sockets over loopback TCP; the readers only
// count bytes. It reports deliveries (one event to one socket) a second, and the memory of an idle socket together with its reader.
func BenchmarkFanOut(b *testing.B) {
	for _, sockets := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%d", sockets), func(b *testing.B) { fanOut(b, sockets, 10) })
	}
}

func fanOut(b *testing.B, sockets, burst int) {
	r := boot(b)
	cookie := r.cookie("leyla")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var got atomic.Int64
	for range sockets {
		conn, err := net.Dial("tcp", r.http.Listener.Addr().String())
		must(b, err)
		b.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "GET /api/v1/live HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", r.http.Listener.Addr(), cookie)
		br := bufio.NewReaderSize(conn, 512)
		res, err := http.ReadResponse(br, nil)
		must(b, err)
		if res.StatusCode != http.StatusSwitchingProtocols {
			b.Fatalf("the door answers %d", res.StatusCode)
		}
		go func() {
			buf := make([]byte, 16<<10)
			for {
				n, err := br.Read(buf)
				got.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
	}
	r.until("all sockets are open", func() bool {
		r.server.live.mu.Lock()
		defer r.server.live.mu.Unlock()
		return len(r.server.live.sockets) == sockets
	})
	runtime.GC()
	runtime.ReadMemStats(&after)

	// An event as the hub makes it, of about 900 bytes.
	s := newStory()
	customer := record.Actor{Kind: "customer", ID: "i1"}
	frames := make([]inbox.Frame, burst)
	for i := range frames {
		frames[i].JSON = s.changes(record.EvReceived, customer, func(e *record.Event, _ *record.Conversation) {
			e.Identity, e.Touch = &s.who, s.touch(fmt.Sprintf("t%d", i), true, customer, strings.Repeat("سلام ", 10))
		})
		frames[i].ID = r.server.live.at
	}
	var size int64
	for _, f := range frames {
		size += int64(len(f.JSON)) + 1
	}
	size = (size + 1) * int64(sockets)
	start, sent := got.Load(), int64(0)
	b.ResetTimer()
	began := time.Now()
	for range b.N {
		r.server.live.deliver(frames, record.ID{})
		sent += size
		for got.Load()-start < sent-32*size { // no further ahead than the queues allow
			time.Sleep(100 * time.Microsecond)
		}
	}
	for got.Load()-start < sent {
		time.Sleep(100 * time.Microsecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N*burst*sockets)/time.Since(began).Seconds(), "deliveries/s")
	b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/float64(sockets), "B/socket+reader")
	b.ReportMetric(0, "ns/op")
	r.server.live.mu.Lock()
	left := len(r.server.live.sockets)
	r.server.live.mu.Unlock()
	if left != sockets {
		b.Errorf("%d of %d sockets are left", left, sockets)
	}
}

// cookie signs in and gives the header.
func (r *rig) cookie(name string) string {
	r.t.Helper()
	req, err := http.NewRequest("POST", r.http.URL+"/api/v1/session", strings.NewReader(`{"email":"`+name+`@example.com","password":"`+password+`"}`))
	must(r.t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultTransport.RoundTrip(req)
	must(r.t, err)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return strings.Split(res.Header.Get("Set-Cookie"), ";")[0]
}
