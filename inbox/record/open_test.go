package record

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tamas/internal/testenv"
)

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{"", ":memory:", "mysql://host/db", "postgres://user:secret@host:port/db"} {
		db, err := Open(t.Context(), address)
		if err == nil {
			db.Close()
			t.Errorf("opened %q", address)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a dir", "re?cord#.db")
	f := newFirm(t, open(t, path))
	f.receive("x", "k1", "text")
	f.write()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files beside %s", path)
	}
	for _, name := range files {
		if info := must(os.Stat(name)); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestNodesOpenAtOnce(t *testing.T) {
	address := testenv.Postgres(t)
	done := make(chan error)
	for range 4 {
		go func() {
			db, err := Open(t.Context(), address)
			if err == nil {
				err = db.Close()
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestRecordOfANewerProgram(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		if err := db.write(t.Context(), func(q querier) error {
			_, err := q.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, $1)", true)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if newer, err := Open(t.Context(), address); err == nil {
			newer.Close()
			t.Error("opened a record of a newer program")
		} else if !strings.Contains(err.Error(), "newer") {
			t.Error(err)
		}
	})
}

// A list and the cursor that it comes with are of one snapshot, however fast the recorder writes.
func TestListIsOneSnapshot(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		f.receive("x", "k", "text") // version 1 by event 1, and so on
		f.write()
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				f.receive("x", fmt.Sprint("k", i), "text")
				if err := db.Write(t.Context(), f.at, f.events); err != nil {
					t.Error(err)
					return
				}
				f.at, f.events = f.events[0].ID, nil
			}
		}()
		for range 100 {
			page := must(db.Conversations(t.Context(), Filter{}))
			if v := page.Items[0].Version; uint64(v) != page.At.N {
				t.Errorf("version %d in a list true at %d", v, page.At.N)
				break
			}
			d := must(db.Conversation(t.Context(), "x", 5))
			if n := d.Touches[len(d.Touches)-1].N; n != d.At.N || uint64(d.Conversation.Version) != n {
				t.Errorf("touch %d and version %d in a conversation true at %d", n, d.Conversation.Version, d.At.N)
				break
			}
		}
		close(stop)
		<-stopped
	})
}

// SQLite held by another process for longer than the caller waits.
func TestLockedFileIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.db")
	db := open(t, path)
	f := newFirm(t, db)
	f.receive("x", "k1", "text")
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c := must(other.Conn(t.Context()))
	defer c.Close()
	if _, err := c.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := db.Write(ctx, f.at, f.events); !Unavailable(err) {
		t.Errorf("write to a locked file: %v", err)
	}
	if _, err := c.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	f.write()
}

func TestLockAlone(t *testing.T) {
	address := testenv.Postgres(t)
	one, two := open(t, address), open(t, address)
	release, err := one.LockAlone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.LockAlone(t.Context()); err == nil {
		t.Error("two hubs are alone")
	}
	release()
	if release, err = two.LockAlone(t.Context()); err != nil {
		t.Errorf("after release: %v", err)
	} else {
		release()
	}
}
