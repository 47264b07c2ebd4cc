package webchat

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/channels"
)

// benchSockets is how many visitors BenchmarkIdleSockets has.
const benchSockets = 10_000

var benchSecret = []byte(strings.Repeat("k", 32))

// BenchmarkIdleSockets opens 10,000 visitors' sockets from another process and prints what one idle socket
// costs this one: heap and stacks as they stand, the same after a collection, and resident memory.
//
//	go test -run xxx -bench IdleSockets -benchtime 1x ./channels/webchat
func BenchmarkIdleSockets(b *testing.B) {
	for b.Loop() {
		d := newDesk()
		ad, err := Kind().Open(channels.Config{ID: "acc1", Secret: benchSecret, Desk: d, Log: slog.New(slog.DiscardHandler),
			Settings: []byte(`{"allowed_origins":["` + site + `"],"messages_per_minute":6000,"sessions_per_minute":1000000}`)})
		if err != nil {
			b.Fatal(err)
		}
		a := ad.(*adapter)
		e := echo.New() // as the hub does
		e.Any("/hooks/acc1/*", echo.WrapHandler(http.StripPrefix("/hooks/acc1", a)))
		srv := httptest.NewServer(e)
		before, resident := inUse(), rss()

		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "WEBCHAT_BENCH_ADDR="+srv.Listener.Addr().String())
		child.Stderr = os.Stderr
		hold, err := child.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := child.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := child.Start(); err != nil {
			b.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			b.Fatalf("the visitors' process: %q %v", line, err)
		}
		const n = benchSockets
		b.ReportMetric(float64(inUse()-before)/n, "B/socket")
		b.ReportMetric(float64(rss()-resident)/n, "RSS-B/socket")
		runtime.GC()
		runtime.GC()
		b.ReportMetric(float64(inUse()-before)/n, "B/socket-after-GC")
		b.ReportMetric(float64(runtime.NumGoroutine())/n, "goroutines/socket")

		hold.Close()
		child.Wait()
		d.wait(b, "all sockets are gone", func() bool { return len(d.watchers) == 0 })
		a.Close()
		srv.Close()
	}
}

// inUse counts live and dead heap objects and all stacks, in bytes.
func inUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// rss is the process's resident memory in bytes; 0 where /proc does not tell.
func rss() int64 {
	b, _ := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func TestMain(m *testing.M) {
	if addr := os.Getenv("WEBCHAT_BENCH_ADDR"); addr != "" {
		if err := idleVisitors(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// idleVisitors opens the sockets, says so, and holds them until its standard input ends.
func idleVisitors(addr string) error {
	sign := signer{"acc1", benchSecret}
	var conns []net.Conn
	for i := range benchSockets {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return fmt.Errorf("visitor %d: %w", i, err)
		}
		conns = append(conns, c)
		fmt.Fprintf(c, "GET /hooks/acc1/socket?after= HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept-Language: fa,en;q=0.9\r\n"+
			"Sec-WebSocket-Protocol: %s, %s\r\n\r\n", addr, site, subprotocol, sign.sign(pass{visitor: newVisitor(), issued: time.Now()}))
		r := bufio.NewReader(c)
		for line := ""; line != "\r\n"; {
			if line, err = r.ReadString('\n'); err != nil {
				return fmt.Errorf("visitor %d: %w", i, err)
			}
		}
		if _, err := r.Peek(2 + len(`{"t":"hello"`)); err != nil {
			return fmt.Errorf("visitor %d: %w", i, err)
		}
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(conns)
	return nil
}
