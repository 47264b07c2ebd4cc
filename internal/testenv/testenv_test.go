package testenv_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

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
