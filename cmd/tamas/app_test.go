package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// TestMain lets a test run this very program as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("TAMAS_TEST_RUN_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a hub that runs by itself.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	out chan string // lines
	url string
}

// spawn runs `tamas` with these arguments and waits until it says where it can be reached.
func spawn(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Env = []string{"TAMAS_TEST_RUN_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("%v:\n%s", args, stderr.String())
		}
	})
	p.out = make(chan string, 1000)
	go func() {
		s := bufio.NewScanner(stdout)
		for s.Scan() {
			p.out <- s.Text()
		}
		close(p.out)
	}()
	p.url = strings.Fields(p.until("Agents' app"))[2]
	return p
}

// until reads the output up to a line with this text.
func (p *process) until(text string) string {
	p.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line, ok := <-p.out:
			if !ok {
				p.t.Fatalf("it ended before it said %q", text)
			}
			if strings.Contains(line, text) {
				return line
			}
		case <-timeout:
			p.t.Fatalf("it never said %q", text)
		}
	}
}

// client is a browser's worth of HTTP.
type client struct {
	t   *testing.T
	url string
	*http.Client
}

func newClient(t *testing.T, url string) *client {
	jar, _ := cookiejar.New(nil)
	return &client{t, url, &http.Client{Jar: jar, Timeout: patience}}
}

// call sends JSON and reads JSON; a status of 400 or more is an error with the answer.
func (c *client) call(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tamas-CSRF", "1")
	req.Header.Set("Origin", c.url)
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 400 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	if out != nil {
		return json.Unmarshal(answer, out)
	}
	return nil
}

func (c *client) must(method, path string, in, out any) {
	c.t.Helper()
	if err := c.call(method, path, in, out); err != nil {
		c.t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

type listed struct {
	Items []struct {
		ID, Status, Owner string
		OfferedTo         string `json:"offered_to"`
		Number            int64
		Customer          struct{ ID, Name string }
		Preview           struct{ Text string }
	}
}

// The README's first minute: one command, the link, a web chat, an answer; then a restart that forgets nothing.
func TestFirstMinute(t *testing.T) {
	data := t.TempDir()
	p := spawn(t, "--addr", "127.0.0.1:0", "--data", data)
	link := regexp.MustCompile(`http://\S+/setup\?token=\S+`).FindString(p.until("/setup?token="))
	token := link[strings.Index(link, "=")+1:]
	c := newClient(t, p.url)
	admin := map[string]string{"token": token, "name": "Nika", "email": "nika@example.com", "password": "a long password", "locale": "en", "firm": "Tea"}
	c.must("POST", "/api/v1/setup", admin, nil)
	if err := newClient(t, p.url).call("POST", "/api/v1/setup", admin, nil); err == nil {
		t.Fatal("the link worked twice")
	}

	// The web-chat demo works at once.
	var accounts struct {
		Items []struct{ ID, Kind string }
	}
	c.must("GET", "/api/v1/accounts", nil, &accounts)
	if len(accounts.Items) != 1 || accounts.Items[0].Kind != "webchat" {
		t.Fatalf("a new firm has the accounts %+v", accounts.Items)
	}
	page, err := c.Get(p.url + "/demo")
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("/demo: %v, %v", page, err)
	}
	page.Body.Close()

	d := &doors{hub: p.url, chat: p.url + "/hooks/" + accounts.Items[0].ID + "/", talks: map[string]*talk{}}
	visitor, err := d.visit(t.Context(), story{lang: "en", name: "Emma"})
	if err != nil {
		t.Fatal(err)
	}
	if err := visitor.say("Is anybody there?"); err != nil {
		t.Fatal(err)
	}
	var list listed
	c.must("GET", "/api/v1/conversations?list=waiting", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Preview.Text != "Is anybody there?" || list.Items[0].Number != 1 || list.Items[0].Customer.Name != "Emma" {
		t.Fatalf("waiting: %+v", list.Items)
	}
	c.must("POST", "/api/v1/conversations/"+list.Items[0].ID+"/reply", map[string]string{"text": "Yes, I am!"}, nil)
	select {
	case got := <-visitor.answers:
		if got != "Yes, I am!" {
			t.Fatalf("the visitor reads %q", got)
		}
	case <-time.After(patience):
		t.Fatal("the visitor reads nothing")
	}
	visitor.end()

	// A second hub on the same folder is refused, clearly.
	second := exec.Command(os.Args[0], "--addr", "127.0.0.1:0", "--data", data)
	second.Env = []string{"TAMAS_TEST_RUN_MAIN=1"}
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "in use") {
		t.Fatalf("a second hub: %v, %s", err, out)
	}
	// Secrets of the installation are readable by their owner only.
	if info, err := os.Stat(filepath.Join(data, "key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v", info, err)
	}

	// A graceful stop, and everything is there again.
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("it did not stop gracefully: %v", err)
	}
	p = spawn(t, "--addr", "127.0.0.1:0", "--data", data)
	c.url = p.url
	c.must("POST", "/api/v1/session", map[string]string{"email": "nika@example.com", "password": "a long password"}, nil)
	c.must("GET", "/api/v1/conversations?list=mine", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Status != "active" {
		t.Fatalf("after the restart: %+v", list.Items)
	}
}

// Law 6: a waiting conversation with a free agent is offered while a leader lives, and when it dies. How soon is what
// tamas bench measures.
func TestOfferedThoughTheLeaderDies(t *testing.T) {
	redis, database := "redis://"+testenv.Redis(t), testenv.Postgres(t)
	key := strings.Repeat("07", 32)
	start := func() *process {
		return spawn(t, "--addr", "127.0.0.1:0", "--data", t.TempDir(), "--redis", redis, "--database", database, "--key", key,
			"--workspace", "law6", "--admin-email", "a@example.com", "--admin-password", "a long password")
	}
	leader := start()
	other := start()
	c := newClient(t, other.url)
	c.must("POST", "/api/v1/session", map[string]string{"email": "a@example.com", "password": "a long password"}, nil)
	var queues struct{ Items []struct{ ID string } }
	c.must("GET", "/api/v1/queues", nil, &queues)
	var account struct{ ID string }
	c.must("POST", "/api/v1/accounts", map[string]any{"kind": "webchat", "name": "Site", "queue": queues.Items[0].ID, "reopen_hours": 24, "enabled": true,
		"settings": map[string]any{"allowed_origins": []string{other.url}}}, &account)
	socket := dialLive(t, c)
	defer socket.Close()
	c.must("PUT", "/api/v1/me/state", map[string]string{"state": "available"}, nil)

	d := &doors{hub: other.url, chat: other.url + "/hooks/" + account.ID + "/", talks: map[string]*talk{}}
	write := func(before func()) {
		t.Helper()
		visitor, err := d.visit(t.Context(), story{name: "Emma"})
		if err != nil {
			t.Fatal(err)
		}
		defer visitor.end()
		begun := time.Now()
		before()
		if err := visitor.say("hello"); err != nil { // which a leader has to record
			t.Fatal(err)
		}
		var list listed
		eventually(t, "offered", func() bool {
			c.must("GET", "/api/v1/conversations?list=all&status=offered", nil, &list)
			return len(list.Items) > 0 && list.Items[0].OfferedTo != ""
		})
		t.Logf("offered after %v", time.Since(begun).Round(time.Millisecond))
		c.must("POST", "/api/v1/conversations/"+list.Items[0].ID+"/accept", nil, nil)
	}
	write(func() {})
	write(func() {
		if err := leader.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = leader.cmd.Wait()
	})
}

func TestUserAdd(t *testing.T) {
	data := t.TempDir()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("a long password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	add := func(args ...string) error {
		return run(context.Background(), append([]string{"user", "add", "--data", data, "--password-file", file}, args...), nil, &out, io.Discard)
	}
	if err := add("--email", "ann@example.com", "--name", "Ann", "--role", "supervisor"); err != nil {
		t.Fatal(err)
	}
	if err := add("--email", "Ann@example.com", "--name", "Ann"); err == nil || !strings.Contains(err.Error(), "already") {
		t.Fatalf("twice: %v", err)
	}
	for _, args := range [][]string{{"--name", "Ann"}, {"--email", "b@example.com"}, {"--email", "b@example.com", "--name", "B", "--role", "king"}} {
		if err := add(args...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	p := spawn(t, "--addr", "127.0.0.1:0", "--data", data)
	newClient(t, p.url).must("POST", "/api/v1/session", map[string]string{"email": "ann@example.com", "password": "a long password"}, nil)
}
