package testenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// T is the part of testing.TB that testenv needs.
type T interface {
	Helper()
	Name() string
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// missing ends the test because a program is not installed.
func missing(t T, what, install string) {
	t.Helper()
	if os.Getenv("TAMAS_TEST_REQUIRE") == "1" {
		t.Fatalf("%s is not installed and TAMAS_TEST_REQUIRE=1 (%s)", what, install)
	}
	fmt.Fprintf(os.Stderr, "SKIPPED %s: %s is not installed (%s)\n", t.Name(), what, install)
	t.Skipf("%s is not installed (%s)", what, install)
}

// errMissing tells that the program is not installed.
var errMissing = errors.New("not installed")

// Server is one running (or stopped) private server.
type Server struct {
	Addr string // "127.0.0.1:port"; stays the same over Stop and Start
	URL  string // PostgreSQL: of its default database
	Dir  string // its files; log is Dir/log

	command func() *exec.Cmd // a new one for each start
	ready   func() error     // nil when it answers
	grace   syscall.Signal   // asks for an orderly end

	mu     sync.Mutex
	cmd    *exec.Cmd
	killed bool
	done   chan struct{}  // closed when cmd has ended
	keeper io.WriteCloser // its standard input
	wait   func()
}

// keeperScript reads the server's process id, "0" when there is none, line by line. Its input ends with
// this process.
const keeperScript = `pid=0
while read -r p; do pid=$p; done
if [ "$pid" != 0 ]; then
	kill -CONT "$pid"; kill "-$1" "$pid"
	for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" || break; sleep 0.1; done
	kill -KILL "$pid"
fi
rm -rf "$2"`

// newServer makes the directory and its keeper; end is the signal that the keeper kills with.
func newServer(name, end string, own *syscall.Credential) (*Server, error) {
	dir, err := os.MkdirTemp("", "tamas-"+name+"-")
	if err != nil {
		return nil, err
	}
	if own != nil {
		if err := os.Chown(dir, int(own.Uid), int(own.Gid)); err != nil {
			return nil, err
		}
	}
	k := exec.Command("/bin/sh", "-c", keeperScript, "keeper", end, dir)
	k.Dir = "/"
	k.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a Ctrl-C is for the tests, not for their keeper
	in, err := k.StdinPipe()
	if err == nil {
		err = k.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &Server{Dir: dir, keeper: in, wait: func() { k.Wait() }}, nil
}

// Start runs the server (again) and returns when it answers.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return errors.New("already running")
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := s.start()
		// Children of a killed server may outlive it for a moment, and hold its memory against the next one.
		if err == nil || s.cmd != nil || !s.killed || time.Now().After(deadline) {
			return err
		}
	}
}

func (s *Server) start() error {
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	s.cmd, s.done = cmd, done
	fmt.Fprintln(s.keeper, cmd.Process.Pid)
	deadline := time.Now().Add(2 * time.Minute)
	for {
		if err = s.ready(); err == nil {
			return nil
		}
		select {
		case <-done:
			s.cmd = nil
			fmt.Fprintln(s.keeper, 0)
			return fmt.Errorf("%s ended: %s", cmd.Path, s.tail())
		case <-time.After(10 * time.Millisecond):
			if time.Now().After(deadline) {
				return fmt.Errorf("%s does not answer: %w: %s", cmd.Path, err, s.tail())
			}
		}
	}
}

func (s *Server) tail() string {
	b, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(b[max(0, len(b)-2000):])
}

// Stop ends the server in an orderly way and waits for it; its data stay for Start.
func (s *Server) Stop() { s.end(s.grace) }

// Kill ends the server with SIGKILL and waits for it; what it had on disk stays for Start.
func (s *Server) Kill() {
	s.end(syscall.SIGKILL)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed = true
}

func (s *Server) end(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGCONT)
	s.cmd.Process.Signal(sig)
	select {
	case <-s.done:
	case <-time.After(60 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
	}
	s.cmd = nil
	fmt.Fprintln(s.keeper, 0)
}

// Pause stops the server's main process with SIGSTOP; Resume lets it go on. (A PostgreSQL's sessions are
// processes of their own and go on: Pause keeps new ones away.)
func (s *Server) Pause()  { s.signal(syscall.SIGSTOP) }
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		s.cmd.Process.Signal(sig)
	}
}

// Pid is the server's process id, 0 when it is stopped.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return 0
	}
	return s.cmd.Process.Pid
}

// Close kills the server and removes its files.
func (s *Server) Close() {
	s.Kill()
	s.keeper.Close()
	s.wait()
}

// credential is the user that a server runs as: nil (the caller's own) unless that is root.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
			gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
			if err := errors.Join(err1, err2); err != nil {
				return nil, err
			}
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("no user postgres or nobody to run a server as")
}
