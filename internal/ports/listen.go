// Package ports gives servers of tests addresses that they can come back to.
package ports

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// Ports that the system gives to nobody by itself: it takes those of connections from 32768 on (Linux) or 49152 on.
const firstPort, lastPort = 10000, 32767

// Listen is net.Listen("tcp", addr), and for port 0 on a port that no connection is ever given. So a server that stops can be
// started again on its port, however many connections the machine makes meanwhile.
func Listen(addr string) (net.Listener, error) {
	host, ok := strings.CutSuffix(addr, ":0")
	if !ok {
		return net.Listen("tcp", addr)
	}
	for try := 0; ; try++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort+1))))
		if err == nil || try == 100 || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
	}
}

// Free names a port of 127.0.0.1 that was free a moment ago, for a program that is to listen there.
func Free() (int, error) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
