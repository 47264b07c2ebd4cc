package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // the image has no zones of its own

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"tamas/agentui"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/router"
)

// app is one running hub: what `serve` runs, and what demo, bench and the tests run as well.
type app struct {
	cfg   *config
	log   *slog.Logger
	db    *record.DB
	redis *inbox.Redis
	hub   *inbox.Hub
	ui    *agentui.Server
	http  *http.Server
	ln    net.Listener

	unlock func()
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// start opens, wires and starts, in this order; stop undoes it in reverse. It returns when messages can be taken.
func start(ctx context.Context, cfg *config, log *slog.Logger) (_ *app, err error) {
	a := &app{cfg: cfg, log: log, done: make(chan struct{})}
	defer func() {
		if err != nil {
			a.close()
		}
	}()

	// Open.
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	key, err := cfg.installationKey()
	if err != nil {
		return nil, err
	}
	if a.ln, err = net.Listen("tcp", cfg.Addr); err != nil {
		return nil, err
	}
	database := cfg.database()
	if !strings.Contains(database, "://") {
		if a.unlock, err = record.LockFile(database); err != nil {
			return nil, err
		}
	}
	if a.db, err = record.Open(ctx, database, record.WithKey(key)); err != nil {
		return nil, err
	}
	if cfg.Redis == "" && a.db.Kind() == "postgres" {
		if a.unlock, err = a.db.LockAlone(ctx); err != nil {
			return nil, err
		}
	}
	if a.redis, err = inbox.OpenRedis(ctx, cfg.Redis); err != nil {
		return nil, err
	}
	if os.Getenv("GOGC") == "" {
		// The heap is small and what a message leaves behind is much: by default a tenth of the work is to collect it. In
		// process each script makes a Lua machine and throws it away, and it is a quarter.
		debug.SetGCPercent(map[bool]int{false: 250, true: 400}[a.redis.InProcess])
	}

	blobs, err := inbox.OpenBlobs(filepath.Join(cfg.Data, "blobs"))
	if err != nil {
		return nil, err
	}

	// Wire.
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	publicURL := cfg.PublicURL
	if publicURL == "" && cfg.trial {
		publicURL = a.url()
	}
	a.hub, err = inbox.New(inbox.Options{Redis: a.redis, DB: a.db, Blobs: blobs, Kinds: kinds(), Key: key, Ledger: cfg.ledger(), PublicURL: publicURL, LocalURL: a.url(),
		Workspace: cfg.Workspace, Log: log, Metrics: registry, Proxies: cfg.proxies, Lead: []func(context.Context, *inbox.Hub) error{a.route}})
	if err != nil {
		return nil, err
	}
	a.ui, err = agentui.New(agentui.Options{Hub: a.hub, Log: log, PublicURL: cfg.PublicURL, Kinds: kinds(), Version: versionText(), Metrics: registry, Proxies: cfg.proxies,
		MaxFile: int64(cfg.MaxFile) << 20, OnSetup: a.firstAccount})
	if err != nil {
		return nil, err
	}
	a.http = &http.Server{Handler: a.withDemoPage(a.ui.Handler()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}

	// Start.
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.cancel = cancel
	g, runCtx := errgroup.WithContext(runCtx)
	g.Go(func() error { return a.hub.Run(runCtx) })
	g.Go(func() error {
		if err := a.http.Serve(a.ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	go func() {
		a.err = g.Wait()
		close(a.done)
	}()
	ready := make(chan error, 1)
	go func() { ready <- a.hub.WaitReady(ctx) }()
	select {
	case err = <-ready:
	case <-a.done:
		err = a.err
	}
	if err != nil {
		return nil, err
	}
	return a, a.firstAdmin(ctx)
}

// route is the leader's router.
func (a *app) route(ctx context.Context, h *inbox.Hub) error {
	return router.Router{Log: a.log}.Run(ctx, h)
}

// url is where this process can be reached from this machine.
func (a *app) url() string {
	host, port, _ := net.SplitHostPort(a.ln.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// stopTime bounds a graceful stop.
const stopTime = 15 * time.Second

// stop ends what brings work in, then what is under way, then the stores.
func (a *app) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	a.hub.Drain()
	err := a.ui.Shutdown(ctx)
	if e := a.http.Shutdown(ctx); e != nil {
		err = errors.Join(err, e, a.http.Close())
	}
	a.cancel()
	<-a.done
	err = errors.Join(err, a.err)
	a.close()
	return err
}

func (a *app) close() {
	if a.cancel != nil {
		a.cancel()
		if a.http != nil {
			a.http.Close()
		}
		<-a.done
	}
	if a.ln != nil {
		a.ln.Close()
	}
	if a.redis != nil {
		a.redis.Close()
	}
	if a.db != nil {
		a.db.Close()
	}
	if a.unlock != nil {
		a.unlock()
	}
}

// database is the record's address.
func (c *config) database() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "tamas.db")
}

// ledger is the list of erasures.
func (c *config) ledger() string { return filepath.Join(c.Data, "erased.jsonl") }

// installationKey is the given key, or the one in the data folder, which is made once, readable by its owner only.
func (c *config) installationKey() ([]byte, error) {
	key, err := c.readKey()
	if !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh)
	f, err := os.OpenFile(filepath.Join(c.Data, "key"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.WriteString(hex.EncodeToString(fresh) + "\n")
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	return fresh, nil
}

// readKey is the given key, or the one in the data folder; os.ErrNotExist when there is none.
func (c *config) readKey() ([]byte, error) {
	if c.key != nil {
		return c.key, nil
	}
	name := filepath.Join(c.Data, "key")
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("the key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the key file %s can be read by others; chmod 600 it", name)
	}
	if key := decodeKey(strings.TrimSpace(string(b))); key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("the key file %s does not hold 32 bytes in hex or base64", name)
}
