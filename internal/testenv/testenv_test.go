package testenv_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"tamas/internal/testenv"
)

func TestPostgresGivesFreshDatabases(t *testing.T) {
	a, b := testenv.Postgres(t), testenv.Postgres(t)
	if a == b {
		t.Fatal("the same database twice")
	}
	for _, url := range []string{a, b} {
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("CREATE TABLE x (i INT)"); err != nil {
			t.Fatal(err)
		}
	}
}

// A template is filled once; each copy has what it held, and what is written to one is in no other.
func TestTemplatesAreCopied(t *testing.T) {
	filled := 0
	x := testenv.NewTemplate(func(address string) error {
		filled++
		driver := "pgx"
		if !strings.Contains(address, "://") {
			driver = "sqlite"
		}
		db, err := sql.Open(driver, address)
		if err != nil {
			return err
		}
		_, err = db.Exec("CREATE TABLE x (i INT)")
		return errors.Join(err, db.Close())
	})
	for driver, copied := range map[string]func() string{"pgx": func() string { return x.Postgres(t) },
		"sqlite": func() string { return x.SQLite(t, filepath.Join(t.TempDir(), "a", "b.db")) }} {
		for range 2 {
			db, err := sql.Open(driver, copied())
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var n int
			if err := db.QueryRow("SELECT count(*) FROM x").Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d rows, %v", driver, n, err)
			}
			if _, err := db.Exec("INSERT INTO x VALUES (1)"); err != nil {
				t.Error(err)
			}
		}
	}
	if filled != 2 {
		t.Errorf("filled %d times", filled)
	}
}

func TestRedisRestartsOnItsAddress(t *testing.T) {
	s := testenv.RedisServer(t)
	dial := func() error {
		c, err := net.Dial("tcp", s.Addr)
		if err == nil {
			c.Close()
		}
		return err
	}
	if err := dial(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := dial(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("after Kill: %v", err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err := dial(); err != nil {
		t.Fatal(err)
	}
}

// The keeper ends a server whose owner was killed without a chance to clean up.
func TestKeeper(t *testing.T) {
	if os.Getenv("TESTENV_CHILD") == "1" {
		s, err := testenv.StartRedis()
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("\n@" + s.Addr + " " + s.Dir + "\n")
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	testenv.Redis(t) // skips when not installed
	c := exec.Command(os.Args[0], "-test.run=^TestKeeper$")
	c.Env = append(os.Environ(), "TESTENV_CHILD=1")
	out, _ := c.Output()
	_, line, ok := strings.Cut(string(out), "@")
	if !ok {
		t.Fatalf("child said %q", out)
	}
	f := strings.Fields(line)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, dialed := net.Dial("tcp", f[0])
		_, stat := os.Stat(f[1])
		if dialed != nil && errors.Is(stat, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: dial %v, stat %v", dialed, stat)
		}
	}
}
