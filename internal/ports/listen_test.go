package ports

import (
	"net"
	"testing"
)

// A server's port is none that a connection could be given while the server is stopped.
func TestListen(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		l, err := Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if p := l.Addr().(*net.TCPAddr).Port; p < firstPort || p > lastPort || seen[l.Addr().String()] {
			t.Errorf("port %d", p)
		}
		seen[l.Addr().String()] = true
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if twice, err := Listen(addr); err == nil {
		twice.Close()
		t.Error("two servers on one port")
	}
	l.Close()
	if l, err = Listen(addr); err != nil {
		t.Fatalf("again: %v", err)
	}
	l.Close()
}
