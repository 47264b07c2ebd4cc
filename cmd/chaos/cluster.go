package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/channels/sms/smstest"
	"tamas/channels/telegram/telegramtest"
	"tamas/internal/ports"
	"tamas/internal/testenv"
)

// cluster is everything that runs: hubs, their stores, the providers' doubles.
type cluster struct {
	dir    string
	hubs   []*hub
	keeper *keeper
	sql    *testenv.Server
	db     *sql.DB // past all proxies
	pool   [2]*testenv.Server
	live   int // which of pool is the hubs' Redis; the other one replicates it

	telegram *telegramtest.Server
	sms      *smstest.Gateway

	adminEmail, adminPassword string
}

const redisConf = "redis.conf"

// persist says what Redis does at its next start: "aof" keeps every write (fsync every second), "dump" loads dump.rdb.
func (c *cluster) persist(how string) error {
	text := "appendonly yes\nappendfsync everysec\nauto-aof-rewrite-percentage 0\n"
	if how == "dump" {
		text = "appendonly no\n"
	}
	return os.WriteFile(filepath.Join(c.dir, redisConf), []byte(text), 0o644)
}

// build compiles the hub.
func build(ctx context.Context, dir string, planted bool) (string, error) {
	binary := filepath.Join(dir, "tamas")
	args := []string{"build", "-o", binary}
	if planted {
		args = append(args, "-tags", "plantedbug")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "tamas/cmd/tamas")...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the hub: %w\n%s", err, out.Bytes())
	}
	return binary, nil
}

// newCluster starts all of it in dir. Whatever it returns has to be closed.
func newCluster(ctx context.Context, dir, binary string, hubs int) (c *cluster, err error) {
	c = &cluster{dir: dir, adminEmail: "admin@chaos.example", adminPassword: "chaos-" + random()}
	if err := os.Chmod(dir, 0o755); err != nil { // Redis runs as another user and reads its settings here
		return c, err
	}
	if c.keeper, err = newKeeper(); err != nil {
		return c, err
	}
	if err = c.persist("aof"); err != nil {
		return c, err
	}
	for i := range c.pool {
		if c.pool[i], err = testenv.StartRedis("--include", filepath.Join(dir, redisConf), "--repl-diskless-sync-delay", "0",
			"--repl-backlog-size", "16mb"); err != nil {
			return c, err
		}
	}
	if err = c.replicate(ctx); err != nil {
		return c, err
	}
	if c.sql, err = testenv.StartPostgres("log_min_messages=fatal"); err != nil {
		return c, err
	}
	if c.db, err = sql.Open("pgx", c.sql.URL); err != nil {
		return c, err
	}
	c.db.SetMaxOpenConns(4)
	if c.telegram, err = telegramtest.Start("127.0.0.1:0"); err != nil {
		return c, err
	}
	if c.sms, err = smstest.StartGateway("127.0.0.1:0"); err != nil {
		return c, err
	}
	doubles := map[string]string{hostTelegram: c.telegram.URL(), hostSMS: c.sms.URL()}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	for i := range hubs {
		h := &hub{name: fmt.Sprintf("hub%d", i+1), binary: binary, dir: dir, keeper: c.keeper}
		c.hubs = append(c.hubs, h)
		if h.redis, err = newProxy(c.pool[c.live].Addr, nil); err != nil {
			return c, err
		}
		if h.sql, err = newProxy(c.sql.Addr, pgWire); err != nil {
			return c, err
		}
		if h.out, err = newGateway(doubles); err != nil {
			return c, err
		}
		if h.addr, err = freeAddr(); err != nil {
			return c, err
		}
		h.env = []string{"TAMAS_KEY=" + hex.EncodeToString(key), "TAMAS_PUBLIC_URL=" + h.url(), "TAMAS_LOG_LEVEL=info",
			"TAMAS_ADMIN_EMAIL=" + c.adminEmail, "TAMAS_ADMIN_PASSWORD=" + c.adminPassword, "TAMAS_ADMIN_NAME=Admin"}
	}
	// The first one makes the tables and the admin.
	for _, h := range c.hubs {
		if err = h.start(); err != nil {
			return c, err
		}
		if err = c.waitReady(ctx, h, 60*time.Second); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *cluster) waitReady(ctx context.Context, h *hub, most time.Duration) error {
	deadline := time.Now().Add(most)
	for {
		err := h.ready(ctx)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not get ready: %w", h.name, err)
		}
		pause(ctx, 30*time.Millisecond)
	}
}

// redisOf is a client of one of the two servers, past all proxies.
func (c *cluster) redisOf(i int) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: c.pool[i].Addr, MaxRetries: -1})
}

// replicate makes the other Redis a replica of the hubs' one, and waits until it holds the same.
func (c *cluster) replicate(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.pool[c.live].Addr)
	if err != nil {
		return err
	}
	master, replica := c.redisOf(c.live), c.redisOf(1-c.live)
	defer master.Close()
	defer replica.Close()
	if err := master.ReplicaOf(ctx, "NO", "ONE").Err(); err != nil {
		return err
	}
	if err := replica.ReplicaOf(ctx, host, port).Err(); err != nil {
		return err
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		info, err := replica.Info(ctx, "replication").Result()
		if err == nil && bytes.Contains([]byte(info), []byte("master_link_status:up")) {
			return nil
		}
		if time.Now().After(deadline) || pause(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("the replica does not follow: %v", err)
		}
	}
}

// leader is the hub that said last that it leads; any running one when nobody did.
func (c *cluster) leader() *hub {
	best := c.hubs[0]
	for _, h := range c.hubs[1:] {
		if h.leads().After(best.leads()) {
			best = h
		}
	}
	return best
}

// other is a hub that is not h.
func (c *cluster) other(r *mathrand.Rand, h *hub) *hub {
	var list []*hub
	for _, x := range c.hubs {
		if x != h {
			list = append(list, x)
		}
	}
	return list[r.IntN(len(list))]
}

// sender is the hub that called a provider last: it holds the account.
func (c *cluster) sender(host string) *hub {
	best := c.hubs[0]
	for _, h := range c.hubs[1:] {
		if h.out.called(host).After(best.out.called(host)) {
			best = h
		}
	}
	return best
}

// heal undoes all faults that may still be in force.
func (c *cluster) heal(ctx context.Context) error {
	var errs []error
	for i := range c.pool {
		c.pool[i].Resume()
		if c.pool[i].Pid() == 0 {
			errs = append(errs, c.pool[i].Start())
		}
	}
	c.sql.Resume()
	if c.sql.Pid() == 0 {
		errs = append(errs, c.startSQL(ctx))
	}
	for _, h := range c.hubs {
		h.out.afterSend(nil)
		h.redis.heal()
		h.sql.heal()
		if h.redis.targetOf() != c.pool[c.live].Addr {
			h.redis.lead(c.pool[c.live].Addr)
		}
		h.resume()
		errs = append(errs, h.start())
	}
	return errors.Join(errs...)
}

// startSQL starts PostgreSQL again; after a SIGKILL its sessions need a moment to notice.
func (c *cluster) startSQL(ctx context.Context) error {
	for try := 0; ; try++ {
		err := c.sql.Start()
		if err == nil || try == 100 || ctx.Err() != nil {
			return err
		}
		pause(ctx, 100*time.Millisecond)
	}
}

func (c *cluster) close() {
	for _, h := range c.hubs {
		for _, p := range []*proxy{h.redis, h.sql} {
			if p != nil {
				p.heal()
			}
		}
	}
	done := make(chan struct{}, len(c.hubs))
	for _, h := range c.hubs {
		go func() { h.close(); done <- struct{}{} }()
	}
	for range c.hubs {
		<-done
	}
	if c.telegram != nil {
		c.telegram.Close()
	}
	if c.sms != nil {
		c.sms.Close()
	}
	if c.db != nil {
		c.db.Close()
	}
	for _, s := range []*testenv.Server{c.pool[0], c.pool[1], c.sql} {
		if s != nil {
			s.Close()
		}
	}
	if c.keeper != nil {
		c.keeper.close()
	}
}

func freeAddr() (string, error) {
	port, err := ports.Free()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

func random() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// pause waits for d or until ctx ends, which it returns as an error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
