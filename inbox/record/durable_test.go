package record

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"tamas/internal/testenv"
)

// Law 1 rests on these settings, whatever the server's or the driver's defaults are.
func TestCommitsWaitForTheDisk(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		ctx := t.Context()
		asked := map[string]string{"PRAGMA synchronous": "2", "PRAGMA journal_mode": "wal"}
		if db.d.name == "postgres" {
			asked = map[string]string{"SHOW synchronous_commit": "on"}
			u := must(url.Parse(address))
			if _, err := db.pool.ExecContext(ctx, "ALTER DATABASE "+u.Path[1:]+" SET synchronous_commit = off"); err != nil {
				t.Fatal(err)
			}
			db = open(t, address)
		}
		if err := db.wr.tx(ctx, func() error {
			for q, want := range asked {
				var got string
				if err := db.wr.conn.QueryRowContext(ctx, q).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %q %v, want %q", q, got, err, want)
				}
			}
			_, err := db.wr.run(ctx, nil)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// A COMMIT that was done and whose reply was lost: Write says unavailable, Cursor tells that all is written, and
// writing again is refused.
func TestLostReplyToCommit(t *testing.T) {
	u := must(url.Parse(testenv.Postgres(t)))
	var lose atomic.Bool
	u.Host = proxy(t, u.Host, func(reply []byte) bool { return lose.Load() && bytes.Contains(reply, []byte("COMMIT\x00")) })
	db := open(t, u.String())
	f := newFirm(t, db)
	f.receive("x", "k1", "one")
	f.write()
	f.receive("x", "k2", "two")
	lose.Store(true)
	if err := db.Write(t.Context(), f.at, f.events); !Unavailable(err) {
		t.Fatalf("write whose reply is lost: %v", err)
	}
	lose.Store(false)
	if at := must(db.Cursor(t.Context())); at != f.events[0].ID {
		t.Fatalf("cursor %s, want %s", at, f.events[0].ID)
	}
	if err := db.Write(t.Context(), f.at, f.events); !errors.Is(err, ErrMoved) {
		t.Errorf("write again: %v", err)
	}
	if n := count(t, db, "SELECT count(*) FROM touches"); n != 2 {
		t.Errorf("%d touches, want 2", n)
	}
}

// proxy stands before a server and cuts a connection instead of passing on a reply that cut is true for.
func proxy(t *testing.T, server string, cut func(reply []byte) bool) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", server)
			if err != nil {
				c.Close()
				continue
			}
			go func() {
				io.Copy(s, c)
				s.Close()
			}()
			go func() {
				defer c.Close()
				defer s.Close()
				b := make([]byte, 64<<10)
				for {
					n, err := s.Read(b)
					if err != nil || cut(b[:n]) {
						return
					}
					if _, err := c.Write(b[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}
