package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// benchHub is the hub that is measured: a process that bench started, or one that runs elsewhere.
type benchHub struct {
	o         *benchOptions
	base      string // its URL, no slash at the end
	addr      string // host:port
	token     string
	client    *http.Client
	workspace string
	dir       string // the record's; "" with a hub elsewhere
	database  string // its URL with a schema of its own; "": SQLite in dir
	schema    string
	gateway   *http.Server
	gatewayAt string
	redis     *inbox.Redis // the hub's, when it is not in-process

	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	took  time.Duration // from its start to its first readyz
	queue struct {
		ID      string
		Version int64
	}
	accounts []account
}

// account is one that bench made.
type account struct {
	ID      string
	Version int64
}

const (
	benchEmail  = "bench@example.com"
	benchOrigin = "http://bench.example"
	benchSecret = "a secret for the bench alone"
)

// openBenchHub prepares the places of a hub that is to be started, or the connection to one that runs.
func openBenchHub(ctx context.Context, o *benchOptions) (*benchHub, error) {
	h := &benchHub{o: o, workspace: "bench-" + strings.ToLower(rand.Text()[:10]), token: o.token, base: strings.TrimRight(o.url, "/")}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h.gatewayAt = "http://" + l.Addr().String() + "/"
	h.gateway = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"id":"1"}`) })}
	go h.gateway.Serve(l)
	if o.Redis != "" {
		if h.redis, err = inbox.OpenRedis(ctx, o.Redis); err != nil {
			return nil, errors.Join(err, h.close())
		}
	}
	if o.url != "" {
		u, err := url.Parse(h.base)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return nil, errors.Join(errors.New("--url is like http://hub.example:8080; bench does not speak TLS"), h.close())
		}
		if h.addr = u.Host; u.Port() == "" {
			h.addr += ":80"
		}
		h.workspace = o.Workspace
		return h, nil
	}
	if h.dir, err = os.MkdirTemp(o.Data, "tamas-bench-"); err != nil {
		return nil, errors.Join(err, h.close())
	}
	if o.Database != "" {
		h.schema = strings.ReplaceAll(h.workspace, "-", "_")
		if h.database, err = schemaURL(o.Database, h.schema); err == nil {
			err = h.sql(ctx, "CREATE SCHEMA "+h.schema)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("a schema for the bench: %w", err), h.close())
		}
	}
	return h, nil
}

// schemaURL is a PostgreSQL URL whose tables lie in a schema.
func schemaURL(database, schema string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", errors.New("--database is not a URL") // err would show the password
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (h *benchHub) sql(ctx context.Context, text string) error {
	db, err := sql.Open("pgx", h.o.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, text)
	return err
}

// up starts the hub, when it is bench's, and gets ready to drive it. admin: the first start makes an admin.
func (h *benchHub) up(ctx context.Context, admin bool) error {
	password := h.o.AdminPassword
	if h.o.url == "" {
		password = rand.Text()
		if err := h.start(ctx, admin, password); err != nil {
			return err
		}
	}
	if !admin {
		return nil
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	h.client = &http.Client{Jar: jar, Timeout: 30 * time.Second}
	email := h.o.AdminEmail
	if h.o.url == "" {
		email, h.token = benchEmail, ""
	}
	if h.token == "" {
		if email == "" {
			return errors.New("a hub at --url needs --token, or --admin-email and --admin-password")
		}
		if err := h.api(ctx, http.MethodPost, "session", map[string]string{"email": email, "password": password}, nil); err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		var t struct{ Secret string }
		if err := h.api(ctx, http.MethodPost, "tokens", map[string]string{"name": "bench"}, &t); err != nil {
			return fmt.Errorf("a token: %w", err)
		}
		h.token = t.Secret
	}
	// A queue without members: nobody is offered what bench says.
	if err := h.api(ctx, http.MethodPost, "queues", map[string]any{"name": "Bench", "mode": "pull", "members": []string{}}, &h.queue); err != nil {
		return fmt.Errorf("a queue: %w", err)
	}
	return nil
}

// start runs a hub in a process of its own and waits until it serves.
func (h *benchHub) start(ctx context.Context, admin bool, password string) error {
	cmd := exec.Command(h.o.program[0], h.o.program[1:]...)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "TAMAS_") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	set := func(name, value string) {
		if value != "" {
			cmd.Env = append(cmd.Env, "TAMAS_"+name+"="+value)
		}
	}
	// By the environment: addresses may hold passwords, and arguments are everybody's to read.
	set("ADDR", h.o.Addr)
	set("DATA", h.dir)
	set("REDIS", h.o.Redis)
	set("DATABASE", h.database)
	set("WORKSPACE", h.workspace)
	set("LOG_LEVEL", h.o.LogLevel)
	set("CPUPROFILE", h.o.profile)
	h.o.profile = "" // the hubs to come would write over it
	if admin {
		set("ADMIN_EMAIL", benchEmail)
		set("ADMIN_PASSWORD", password)
	}
	cmd.Stderr = h.o.log
	var err error
	if h.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a hub: %w", err)
	}
	h.cmd, h.out = cmd, bufio.NewReader(out)
	line, err := h.out.ReadString('\n')
	if err != nil {
		return errors.Join(errors.New("the hub did not start"), h.stop())
	}
	h.base = strings.TrimSpace(line)
	u, err := url.Parse(h.base)
	if err != nil {
		return err
	}
	h.addr = u.Host
	resp, err := http.Get(h.base + "/readyz")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if h.took = time.Since(begun); resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the hub is not ready: %s", resp.Status)
	}
	return ctx.Err()
}

// benchedHub is the other side of start: a hub as serve runs it, that ends with its standard input and collects
// its garbage when that says so.
func benchedHub(ctx context.Context, o *benchOptions, out io.Writer) error {
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a, err := start(ctx, o.config, o.logger(os.Stderr))
	if err != nil {
		return err
	}
	fmt.Fprintln(out, a.url())
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			runtime.GC()
			debug.FreeOSMemory()
			fmt.Fprintln(out, "collected")
		}
		cancel()
	}()
	return a.wait(ctx)
}

// collect makes the hub collect its garbage, when it is bench's.
func (h *benchHub) collect() error {
	if h.cmd == nil {
		return nil
	}
	if _, err := io.WriteString(h.in, "collect\n"); err != nil {
		return err
	}
	_, err := h.out.ReadString('\n')
	return err
}

// stop ends the hub that bench started.
func (h *benchHub) stop() error {
	if h.cmd == nil {
		return nil
	}
	h.in.Close()
	late := time.AfterFunc(2*stopTime, func() { h.cmd.Process.Signal(syscall.SIGKILL) })
	defer late.Stop()
	io.Copy(io.Discard, h.out)
	err := h.cmd.Wait()
	h.cmd, h.accounts = nil, nil
	if err != nil {
		return fmt.Errorf("the hub: %w", err)
	}
	return nil
}

// forget gives the hub to come an empty record and an empty workspace.
func (h *benchHub) forget(ctx context.Context) error {
	if err := h.forgetRedis(ctx); err != nil {
		return err
	}
	if h.schema != "" {
		if err := h.sql(ctx, "DROP SCHEMA "+h.schema+" CASCADE"); err != nil {
			return err
		}
		return h.sql(ctx, "CREATE SCHEMA "+h.schema)
	}
	if err := os.RemoveAll(h.dir); err != nil {
		return err
	}
	return os.Mkdir(h.dir, 0o700)
}

// forgetRedis removes the workspace's keys, as a Redis that lost everything would.
func (h *benchHub) forgetRedis(ctx context.Context) error {
	if h.redis == nil {
		return nil
	}
	keys, err := h.keys(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	return h.redis.Unlink(ctx, keys...).Err()
}

// keys are those of the workspace.
func (h *benchHub) keys(ctx context.Context) (keys []string, err error) {
	for cursor := uint64(0); ; {
		var page []string
		if page, cursor, err = h.redis.Scan(ctx, cursor, "{"+h.workspace+"}:*", 1000).Result(); err != nil {
			return nil, err
		}
		if keys = append(keys, page...); cursor == 0 {
			return keys, nil
		}
	}
}

// close ends the hub and removes what bench made.
func (h *benchHub) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if h.o.url != "" && h.client != nil {
		for _, a := range h.accounts {
			err = errors.Join(err, h.api(ctx, http.MethodDelete, fmt.Sprintf("accounts/%s?version=%d", a.ID, a.Version), nil, nil))
		}
	}
	err = errors.Join(err, h.stop())
	if h.gateway != nil {
		h.gateway.Close()
	}
	if h.redis != nil {
		if h.o.url == "" {
			err = errors.Join(err, h.forgetRedis(ctx))
		}
		h.redis.Close()
	}
	if h.schema != "" {
		err = errors.Join(err, h.sql(ctx, "DROP SCHEMA IF EXISTS "+h.schema+" CASCADE"))
	}
	if h.dir != "" {
		err = errors.Join(err, os.RemoveAll(h.dir))
	}
	return err
}

// probeRecord opens a record of the same kind in the same place, to measure a commit alone.
func (h *benchHub) probeRecord(ctx context.Context) (*record.DB, func() error, error) {
	if h.o.url != "" {
		return nil, nil, errors.New("the commit of a hub at --url cannot be measured alone")
	}
	if h.schema == "" {
		db, err := record.Open(ctx, filepath.Join(h.dir, "probe.db"))
		return db, func() error { return db.Close() }, err
	}
	schema := h.schema + "_probe"
	if err := h.sql(ctx, "CREATE SCHEMA "+schema); err != nil {
		return nil, nil, err
	}
	address, err := schemaURL(h.o.Database, schema)
	if err != nil {
		return nil, nil, err
	}
	db, err := record.Open(ctx, address)
	return db, func() error { return errors.Join(db.Close(), h.sql(ctx, "DROP SCHEMA "+schema+" CASCADE")) }, err
}
