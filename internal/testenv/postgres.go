package testenv

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"tamas/internal/ports"
)

const installPostgres = "Debian: apt-get install postgresql"

// pgBin finds PostgreSQL's programs, the newest version first.
func pgBin() (string, error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	more, _ := filepath.Glob("/opt/homebrew/opt/postgresql*/bin")
	dirs = append(dirs, more...)
	if p, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	version := func(dir string) float64 { // of ".../16/bin"; 0 for other places
		v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return v
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	for _, d := range dirs {
		if _, err := exec.LookPath(filepath.Join(d, "initdb")); err == nil {
			return d, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL: %w", errMissing)
}

// StartPostgres makes and starts an empty server; set are settings such as "fsync=off". Connections come
// from 127.0.0.1 as user tamas without a password.
func StartPostgres(set ...string) (*Server, error) {
	bin, err := pgBin()
	if err != nil {
		return nil, err
	}
	own, err := credential()
	if err != nil {
		return nil, err
	}
	s, err := newServer("postgres", "QUIT", own)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.Dir, "data")
	as := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.Dir = s.Dir
		c.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin"}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: own, Setsid: true}
		return c
	}
	if out, err := as("initdb", "-D", data, "-U", "tamas", "-A", "trust", "-E", "UTF8", "--locale=C", "-N").CombinedOutput(); err != nil {
		s.Close()
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.grace = syscall.SIGINT // fast shutdown: roll back what is open, keep what is committed
	port := 0
	s.command = func() *exec.Cmd {
		args := []string{"-D", data, "-h", "127.0.0.1", "-p", fmt.Sprint(port), "-k", "",
			"-c", "max_connections=200", "-c", "shared_buffers=64MB"}
		for _, o := range set {
			args = append(args, "-c", o)
		}
		return as("postgres", args...)
	}
	s.ready = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return pgExec(ctx, s.URL, "SELECT 1")
	}
	// Another process may take the port between its choice and its use: then try another.
	for try := 0; ; try++ {
		if port, err = ports.Free(); err == nil {
			s.Addr = fmt.Sprintf("127.0.0.1:%d", port)
			s.URL = "postgres://tamas@" + s.Addr + "/postgres?sslmode=disable"
			if err = s.Start(); err == nil {
				return s, nil
			}
		}
		if try == 3 {
			s.Close()
			return nil, err
		}
	}
}

func pgExec(ctx context.Context, url, stmt string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, stmt)
	return err
}

// PostgresServer starts a server of the test's own; see StartPostgres.
func PostgresServer(t T, set ...string) *Server {
	t.Helper()
	s, err := StartPostgres(set...)
	if errors.Is(err, errMissing) {
		missing(t, "PostgreSQL", installPostgres)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// shared is the test binary's one server. It does not wait for the disk: a test that kills a server
// takes its own. Its keeper ends it with the binary.
var shared = sync.OnceValues(func() (*Server, error) {
	return StartPostgres("fsync=off", "full_page_writes=off", "autovacuum=off")
})

// Postgres gives a fresh, empty database as a URL; it is dropped with the test.
func Postgres(t T) string {
	t.Helper()
	return postgres(t, "template0")
}

func postgres(t T, template string) string {
	t.Helper()
	s, err := shared()
	if errors.Is(err, errMissing) {
		missing(t, "PostgreSQL", installPostgres)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name, err := createDatabase(s, template)
	if err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		pgExec(context.Background(), s.URL, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	})
	return databaseURL(s, name)
}

// createDatabase copies a database of the server and gives the copy's name.
func createDatabase(s *Server, template string) (string, error) {
	name := "t" + strings.ToLower(rand.Text())
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err := pgExec(context.Background(), s.URL, "CREATE DATABASE "+name+" TEMPLATE "+template); !inUse(err) || time.Now().After(end) {
			return name, err
		}
	}
}

// inUse tells that somebody is still connected to the database that is to be copied: connections that were closed a moment ago.
func inUse(err error) bool { return err != nil && strings.Contains(err.Error(), "SQLSTATE 55006") }

func databaseURL(s *Server, name string) string {
	return strings.Replace(s.URL, "/postgres?", "/"+name+"?", 1)
}
