package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// echo answers each line with itself.
func echo(t *testing.T, name string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewScanner(c)
				for in.Scan() {
					fmt.Fprintf(c, "%s %s\n", name, in.Text())
				}
			}()
		}
	}()
	return ln.Addr().String()
}

type client struct {
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &client{c, bufio.NewReader(c)}
}

// ask gives the answer to a line, "" when there is none in time, or the error.
func (c *client) ask(line string, most time.Duration) (string, error) {
	if line != "" {
		if _, err := fmt.Fprintln(c, line); err != nil {
			return "", err
		}
	}
	c.SetReadDeadline(time.Now().Add(most))
	text, err := c.in.ReadString('\n')
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return text[:len(text)-1], nil
}

func TestProxy(t *testing.T) {
	p, err := newProxy(echo(t, "a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	want := func(c *client, line, answer string) {
		t.Helper()
		if got, err := c.ask(line, 60*time.Second); got != answer || err != nil {
			t.Fatalf("%q was answered with %q, %v", line, got, err)
		}
	}
	c := dial(t, p.addr())
	want(c, "one", "a one")

	p.hold()
	if got, err := c.ask("two", 100*time.Millisecond); got != "" || err != nil {
		t.Fatalf("held: %q, %v", got, err)
	}
	p.release()
	want(c, "", "a two")

	p.down.hold() // the server hears, and its answer waits
	if got, err := c.ask("three", 100*time.Millisecond); got != "" || err != nil {
		t.Fatalf("answers held: %q, %v", got, err)
	}
	p.heal()
	want(c, "", "a three")

	p.cutOff()
	if _, err := c.ask("four", 60*time.Second); err == nil {
		t.Fatal("cut off, and still answered")
	}
	if n, err := net.Dial("tcp", p.addr()); err == nil {
		defer n.Close()
		if _, err := (&client{n, bufio.NewReader(n)}).ask("five", 60*time.Second); err == nil {
			t.Fatal("cut off, and a new connection is answered")
		}
	}
	p.join()
	c = dial(t, p.addr())
	want(c, "six", "a six")

	p.lead(echo(t, "b"))
	if _, err := c.ask("seven", 60*time.Second); err == nil {
		t.Fatal("the old connection lives on after the server changed")
	}
	want(dial(t, p.addr()), "eight", "b eight")
}

func TestIsCommit(t *testing.T) {
	prepared := map[string]bool{}
	steps := []struct {
		kind byte
		body string
		want bool
	}{
		{'Q', "commit\x00", true},
		{'Q', "COMMIT;\x00", true},
		{'Q', "select 'commit'\x00", false},
		{'P', "s1\x00COMMIT\x00\x00\x00", false}, // preparing commits nothing
		{'P', "s2\x00SELECT 1\x00\x00\x00", false},
		{'B', "\x00s1\x00\x00\x00", true},
		{'B', "\x00s2\x00\x00\x00", false},
		{'P', "s1\x00SELECT 2\x00\x00\x00", false}, // the name now means another statement
		{'B', "\x00s1\x00\x00\x00", false},
		{'E', "\x00\x00\x00\x00\x00", false},
		{'B', "", false},
	}
	for i, s := range steps {
		if got := isCommit(s.kind, []byte(s.body), prepared); got != s.want {
			t.Errorf("step %d: %c %q: %v", i, s.kind, s.body, got)
		}
	}
}

// A COMMIT whose reply is lost has run, and its caller hears an error: whether it was prepared or simple.
func TestLoseCommit(t *testing.T) {
	server := testenv.Postgres(t)
	direct, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	ctx := context.Background()
	if _, err := direct.ExecContext(ctx, "CREATE TABLE x (n BIGINT)"); err != nil {
		t.Fatal(err)
	}
	u := mustURL(t, server)
	p, err := newProxy(u.Host, pgWire)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	u.Host = p.addr()
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	lost := p.loseCommit()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO x VALUES ($1)", 1); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lost:
		t.Fatal("lost before there was a COMMIT")
	default:
	}
	if err := tx.Commit(); err == nil {
		t.Fatal("the reply came")
	}
	<-lost

	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stmt, err := conn.PrepareContext(ctx, "COMMIT")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // the first passes
		if i == 1 {
			lost = p.loseCommit()
		}
		for _, s := range []string{"BEGIN", "INSERT INTO x VALUES (2)"} {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := stmt.ExecContext(ctx); (err != nil) != (i == 1) {
			t.Fatalf("commit %d: %v", i, err)
		}
	}
	<-lost
	var n int
	if err := direct.QueryRowContext(ctx, "SELECT count(*) FROM x").Scan(&n); err != nil || n != 3 {
		t.Fatalf("%d rows, %v: a COMMIT without a reply did not run", n, err)
	}
	// Nothing is armed any more.
	if _, err := db.ExecContext(ctx, "INSERT INTO x VALUES (4)"); err != nil {
		t.Fatal(err)
	}
}

// The gate does not hold up a link that ends.
func TestGateEnds(t *testing.T) {
	g := newGate()
	g.hold()
	done := make(chan struct{})
	close(done)
	if g.pass(done) {
		t.Fatal("passed a closed gate")
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
