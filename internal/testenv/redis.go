package testenv

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"tamas/internal/ports"
)

const installRedis = "Debian: apt-get install redis-server"

// StartRedis starts an empty Redis without snapshots or append-only file, maxmemory-policy noeviction;
// args (as in "--appendonly", "yes") come after these and win.
func StartRedis(args ...string) (*Server, error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("redis-server: %w", errMissing)
	}
	own, err := credential()
	if err != nil {
		return nil, err
	}
	s, err := newServer("redis", "KILL", own)
	if err != nil {
		return nil, err
	}
	// Another process may take the port between its choice and its use: then try another.
	for try := 0; ; try++ {
		port, err := ports.Free()
		if err != nil {
			s.Close()
			return nil, err
		}
		s.Addr = fmt.Sprintf("127.0.0.1:%d", port)
		s.grace = syscall.SIGTERM
		s.command = func() *exec.Cmd {
			c := exec.Command(bin, append([]string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1",
				"--dir", s.Dir, "--save", "", "--appendonly", "no", "--daemonize", "no"}, args...)...)
			c.Dir = s.Dir
			c.SysProcAttr = &syscall.SysProcAttr{Credential: own, Setsid: true}
			return c
		}
		s.ready = func() error { return redisPing(s.Addr) }
		if err = s.Start(); err == nil {
			return s, nil
		}
		if try == 3 {
			s.Close()
			return nil, err
		}
	}
}

// redisPing speaks the protocol by hand: any reply but "loading" will do (a password may be set).
func redisPing(addr string) error {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	b := make([]byte, 64)
	n, err := c.Read(b)
	if err != nil {
		return err
	}
	if r := string(b[:n]); strings.HasPrefix(r, "-LOADING") {
		return errors.New(r)
	}
	return nil
}

// RedisServer starts a Redis of the test's own; see StartRedis.
func RedisServer(t T, args ...string) *Server {
	t.Helper()
	s, err := StartRedis(args...)
	if errors.Is(err, errMissing) {
		missing(t, "redis-server", installRedis)
	}
	if err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Redis gives the address of a fresh, empty Redis (it takes 20 ms to start); it ends with the test.
func Redis(t T, args ...string) string {
	t.Helper()
	return RedisServer(t, args...).Addr
}
