package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// hub is one `tamas serve` process, with what stands between it and the world: two proxies and the gateway by which it
// reaches the providers. A hub that ends by itself is started again, as a service manager would.
type hub struct {
	name   string
	addr   string // host:port; the same over restarts
	redis  *proxy
	sql    *proxy
	out    *gateway
	binary string
	env    []string
	dir    string
	keeper *keeper

	mu    sync.Mutex
	cmd   *exec.Cmd
	done  chan struct{}
	want  bool      // it should run
	ledAt time.Time // when it last began to lead; zero: it does not
	ended int       // times it ended by itself
	log   *os.File
}

// start runs the process; it does not wait until it serves.
func (h *hub) start() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.want = true
	return h.run()
}

func (h *hub) run() error {
	if h.cmd != nil {
		return nil
	}
	if h.log == nil {
		f, err := os.OpenFile(filepath.Join(h.dir, h.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		h.log = f
	}
	cmd := exec.Command(h.binary, "serve", "--addr", h.addr, "--redis", "redis://"+h.redis.addr()+"/0",
		"--database", "postgres://tamas@"+h.sql.addr()+"/postgres?sslmode=disable", "--data", filepath.Join(h.dir, h.name))
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + h.dir, "HTTP_PROXY=http://" + h.out.addr()}, h.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for us: we end the hubs in our own time
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return err
	}
	h.keeper.add(cmd.Process.Pid)
	done := make(chan struct{})
	h.cmd, h.done, h.ledAt = cmd, done, time.Time{}
	go h.read(cmd, r)
	go func() {
		_ = cmd.Wait()
		h.keeper.remove(cmd.Process.Pid)
		h.mu.Lock()
		h.cmd, h.ledAt = nil, time.Time{}
		again := h.want
		if again {
			h.ended++
		}
		h.mu.Unlock()
		close(done)
		if again {
			time.Sleep(300 * time.Millisecond)
			h.mu.Lock()
			if h.want {
				_ = h.run()
			}
			h.mu.Unlock()
		}
	}()
	return nil
}

// read keeps the log and notes who leads.
func (h *hub) read(cmd *exec.Cmd, r io.ReadCloser) {
	defer r.Close()
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			_, _ = io.WriteString(h.log, line)
			switch {
			case strings.Contains(line, " msg=leading "):
				h.led(cmd, time.Now())
			case strings.Contains(line, `msg="leads no more"`):
				h.led(cmd, time.Time{})
			}
		}
		if err != nil {
			return
		}
	}
}

func (h *hub) led(cmd *exec.Cmd, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd == cmd {
		h.ledAt = at
	}
}

func (h *hub) leads() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ledAt
}

// kill ends the process with SIGKILL and waits for it; it stays down until start.
func (h *hub) kill() { h.end(syscall.SIGKILL) }

// stop ends it in an orderly way.
func (h *hub) stop() { h.end(syscall.SIGTERM) }

func (h *hub) end(sig syscall.Signal) {
	h.mu.Lock()
	h.want = false
	cmd, done := h.cmd, h.done
	h.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(sig)
	_ = cmd.Process.Signal(syscall.SIGCONT)
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
}

// pause stops the process with SIGSTOP; resume lets it go on.
func (h *hub) pause()  { h.signal(syscall.SIGSTOP) }
func (h *hub) resume() { h.signal(syscall.SIGCONT) }

func (h *hub) signal(sig syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cmd != nil {
		_ = h.cmd.Process.Signal(sig)
	}
}

func (h *hub) url() string { return "http://" + h.addr }

// ready asks whether it serves.
func (h *hub) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url()+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: %s", h.name, resp.Status)
	}
	return nil
}

func (h *hub) close() {
	h.stop()
	for _, p := range []*proxy{h.redis, h.sql} {
		if p != nil {
			p.close()
		}
	}
	if h.out != nil {
		h.out.close()
	}
	if h.log != nil {
		h.log.Close()
	}
}

// keeper is a shell that kills the hubs when this process ends, however it ends: its input ends with us.
type keeper struct {
	mu  sync.Mutex
	in  io.WriteCloser
	cmd *exec.Cmd
}

const keeperScript = `list=
while read -r sign pid; do
	if [ "$sign" = + ]; then list="$list $pid"; else
		rest=; for p in $list; do [ "$p" = "$pid" ] || rest="$rest $p"; done; list=$rest
	fi
done
for p in $list; do kill -KILL "$p"; done`

func newKeeper() (*keeper, error) {
	cmd := exec.Command("/bin/sh", "-c", keeperScript)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &keeper{in: in, cmd: cmd}, cmd.Start()
}

func (k *keeper) add(pid int)    { k.say("+", pid) }
func (k *keeper) remove(pid int) { k.say("-", pid) }

func (k *keeper) say(sign string, pid int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fmt.Fprintln(k.in, sign, pid)
}

func (k *keeper) close() {
	k.in.Close()
	_ = k.cmd.Wait()
}
