package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// TestRestoreErased: whoever was erased after a backup was made is known from a newer backup or from the list in another folder, and a hub that is made of
// the older one erases them again.
func TestRestoreErased(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	admin := []string{"--addr", "127.0.0.1:0", "--data", data, "--admin-email", "a@example.com", "--admin-password", "a long password"}
	p := spawn(t, admin...)
	c := newClient(t, p.url)
	signIn := func(c *client) {
		c.must("POST", "/api/v1/session", map[string]string{"email": "a@example.com", "password": "a long password"}, nil)
	}
	signIn(c)
	command := func(args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		if err := run(t.Context(), args, nil, &out, &errOut); err != nil {
			t.Fatal(args, out.String(), errOut.String(), err)
		}
		return out.String()
	}
	log := func(id, phone, text string) {
		c.must("POST", "/api/v1/touches", map[string]any{"id": id, "source": "test", "kind": "call", "text": text, "customer": map[string]string{"phone": phone}}, nil)
	}
	type found struct{ Items []struct{ ID string } }
	customers := func(c *client) (ids []string) {
		var l found
		c.must("GET", "/api/v1/customers", nil, &l)
		for _, i := range l.Items {
			ids = append(ids, i.ID)
		}
		return ids
	}
	log("1", "+989121234567", "goes")
	gone := customers(c)
	log("2", "+989121234568", "stays")
	old, newer := filepath.Join(dir, "old.zip"), filepath.Join(dir, "new.zip")
	command("backup", "--data", data, "--to", old)
	if len(gone) != 1 || len(customers(c)) != 2 {
		t.Fatal(gone, customers(c))
	}
	c.must("POST", "/api/v1/customers/"+gone[0]+"/erase", map[string]string{"reason": "asked"}, nil)
	command("backup", "--data", data, "--to", newer)
	list := filepath.Join(data, "erased.jsonl")
	eventually(t, "the list of erasures is kept", func() bool { b, err := os.ReadFile(list); return err == nil && bytes.Contains(b, []byte(gone[0])) })

	for name, from := range map[string]string{"a newer backup": newer, "a list": list} {
		t.Run(name, func(t *testing.T) {
			into := filepath.Join(t.TempDir(), "again")
			if out := command("restore", "--from", old, "--data", into, "--erased", from); !strings.Contains(out, "Erased since that backup was made: 1 (") {
				t.Error(out)
			}
			again := spawn(t, "--addr", "127.0.0.1:0", "--data", into)
			c := newClient(t, again.url)
			signIn(c)
			var certificates found
			eventually(t, "erased again", func() bool {
				c.must("GET", "/api/v1/erasures", nil, &certificates)
				return len(certificates.Items) == 2 && !slices.Contains(customers(c), gone[0]) // the one of then, and of now
			})
			if left := customers(c); len(left) != 2 { // the other, and who stands for the one who is gone
				t.Error(left)
			}
		})
	}
	if out := command("restore", "--from", old, "--data", filepath.Join(dir, "unknown")); !strings.Contains(out, "Nothing tells who was erased since") {
		t.Error(out)
	}
	if out := command("restore", "--from", newer, "--data", filepath.Join(dir, "newest"), "--erased", list); !strings.Contains(out, "Nobody was erased since") {
		t.Error(out)
	}
	// What is no list is refused before anything is made.
	var out, errOut bytes.Buffer
	none := filepath.Join(dir, "none")
	if err := run(t.Context(), []string{"restore", "--from", old, "--data", none, "--erased", filepath.Join(data, "key")}, nil, &out, &errOut); err == nil || !strings.Contains(err.Error(), "it is no list of erasures") {
		t.Error(out.String(), err)
	}
	if _, err := os.Stat(filepath.Join(none, "tamas.db")); err == nil {
		t.Error("something is there")
	}
}

// TestBackup: a hub is backed up while customers write, and a new one made of that has all that was acknowledged before.
func TestBackup(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	p := spawn(t, "--addr", "127.0.0.1:0", "--data", data, "--admin-email", "a@example.com", "--admin-password", "a long password")
	c := newClient(t, p.url)
	signIn := func(c *client) {
		c.must("POST", "/api/v1/session", map[string]string{"email": "a@example.com", "password": "a long password"}, nil)
	}
	signIn(c)
	var queues struct{ Items []struct{ ID string } }
	c.must("GET", "/api/v1/queues", nil, &queues)
	var account struct{ ID string }
	c.must("POST", "/api/v1/accounts", map[string]any{"kind": "webchat", "name": "Site", "queue": queues.Items[0].ID, "reopen_hours": 24, "enabled": true,
		"settings": map[string]any{"allowed_origins": []string{p.url}}}, &account)
	d := &doors{hub: p.url, chat: p.url + "/hooks/" + account.ID + "/", talks: map[string]*talk{}}
	visitor, err := d.visit(t.Context(), story{name: "زهرا"})
	if err != nil {
		t.Fatal(err)
	}
	defer visitor.end()
	if err := visitor.say("before a long text"); err != nil {
		t.Fatal(err)
	}
	var list listed
	eventually(t, "recorded", func() bool {
		c.must("GET", "/api/v1/conversations?list=all", nil, &list)
		return len(list.Items) > 0
	})
	upload, err := http.NewRequest("POST", p.url+"/api/v1/files?name=a.txt", strings.NewReader("a file"))
	if err != nil {
		t.Fatal(err)
	}
	upload.Header.Set("X-Tamas-CSRF", "1")
	upload.Header.Set("Origin", p.url)
	if resp, err := c.Do(upload); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatal(resp, err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // while it is backed up
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				if err := visitor.say(fmt.Sprint("meanwhile ", i)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	command := func(args ...string) (string, error) {
		var out, errOut bytes.Buffer
		err := run(t.Context(), args, nil, &out, &errOut)
		return out.String() + errOut.String(), err
	}
	file := filepath.Join(dir, "b.zip")
	out, err := command("backup", "--data", data, "--to", file, "--with-key")
	close(stop)
	<-stopped
	if err != nil || !strings.Contains(out, "touches") {
		t.Fatal(out, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error("others may read it:", info.Mode(), err)
	}
	if out, err := command("backup", "--data", data, "--to", file); err == nil {
		t.Error("written over one that is there:", out)
	}
	if out, err := command("restore", "--from", file, "--check"); err != nil || !strings.Contains(out, "is whole") {
		t.Error(out, err)
	}
	if out, err := command("restore", "--from", file, "--data", data); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error("restored below a hub that runs:", out, err)
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
	if out, err := command("restore", "--from", file, "--data", data); err == nil || !strings.Contains(err.Error(), "a record already") {
		t.Error("restored over a record:", out, err)
	}

	for _, what := range []struct {
		name   string
		change func(name string, b []byte) []byte // nil: left out
	}{
		{"a row less", func(name string, b []byte) []byte {
			if name == "record/events.jsonl" {
				return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1]
			}
			return b
		}},
		{"another text", func(name string, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("before a long"), []byte("before a lomg"))
		}},
		{"no blob", func(name string, b []byte) []byte {
			if strings.HasPrefix(name, "blobs/") {
				return nil
			}
			return b
		}},
		{"something else", func(name string, b []byte) []byte {
			if name == "record/events.jsonl" {
				return []byte("hello")
			}
			return b
		}},
	} {
		bad := filepath.Join(t.TempDir(), "bad.zip")
		spoil(t, file, bad, what.change)
		if out, err := command("restore", "--from", bad, "--check"); err == nil {
			t.Errorf("%s: said to be whole: %s", what.name, out)
		}
		into := t.TempDir()
		if out, err := command("restore", "--from", bad, "--data", into); err == nil {
			t.Errorf("%s: restored: %s", what.name, out)
		}
		if _, err := os.Stat(filepath.Join(into, "tamas.db")); err == nil {
			t.Errorf("%s: something is there", what.name)
		}
	}

	postgres := testenv.Postgres(t)
	for name, args := range map[string][]string{"a file": nil, "PostgreSQL": {"--database", postgres}} {
		t.Run(name, func(t *testing.T) {
			into := filepath.Join(t.TempDir(), "new")
			if out, err := command(append([]string{"restore", "--from", file, "--data", into}, args...)...); err != nil {
				t.Fatal(out, err)
			}
			again := spawn(t, append([]string{"--addr", "127.0.0.1:0", "--data", into}, args...)...)
			c := newClient(t, again.url)
			signIn(c)
			var touches struct {
				Items []struct{ Body struct{ Text string } }
			}
			c.must("GET", "/api/v1/conversations/"+list.Items[0].ID+"/touches", nil, &touches)
			if len(touches.Items) == 0 || !strings.HasPrefix(touches.Items[0].Body.Text, "before a long text") {
				t.Errorf("%+v", touches)
			}
			if kept, err := filepath.Glob(filepath.Join(into, "blobs", "*", "*")); err != nil || len(kept) == 0 {
				t.Error("no blob", kept, err)
			}
			eventually(t, "found", func() bool {
				var found struct {
					Customers []struct{ Name string }
				}
				c.must("GET", "/api/v1/search?q=%D8%B2%D9%87%D8%B1%D8%A7", nil, &found)
				return len(found.Customers) == 1
			})
		})
	}

	t.Run("migrate", func(t *testing.T) {
		address := testenv.Postgres(t)
		out, err := command("migrate", "--data", data, "--from", "sqlite", "--to", address)
		if err != nil || !strings.Contains(out, "All tables are the same") {
			t.Fatal(out, err)
		}
		if out, err := command("migrate", "--data", data, "--from", "sqlite", "--to", address); err == nil {
			t.Error("migrated twice", out)
		}
		again := spawn(t, "--addr", "127.0.0.1:0", "--data", data, "--database", address)
		if out, err := command("migrate", "--data", data, "--from", address, "--to", filepath.Join(dir, "x.db")); err == nil || !strings.Contains(err.Error(), "stop it first") {
			t.Error("from below a hub", out, err)
		}
		c := newClient(t, again.url)
		signIn(c)
		_ = again.cmd.Process.Signal(os.Interrupt)
		_ = again.cmd.Wait()
		if out, err := command("migrate", "--data", data, "--from", address, "--to", filepath.Join(dir, "back.db")); err != nil {
			t.Error(out, err)
		}
	})
	for _, args := range [][]string{{"backup", "--data", t.TempDir()}, {"backup", "--data", data, "more"}, {"restore"}, {"restore", "--from", data}, {"restore", "--from", filepath.Join(data, "key")},
		{"migrate"}, {"migrate", "--to", "sqlite", "--data", data}, {"migrate", "--from", "postgres", "--to", "sqlite", "--data", data}} {
		if out, err := command(args...); err == nil {
			t.Errorf("%v: %s", args, out)
		} else if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "panic") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// spoil copies a zip file with changed parts.
func spoil(t *testing.T, from, to string, change func(name string, b []byte) []byte) {
	t.Helper()
	z, err := zip.OpenReader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := zip.NewWriter(f)
	for _, part := range z.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		if b = change(part.Name, b); b == nil {
			continue
		}
		x, err := w.Create(part.Name)
		if err == nil {
			_, err = x.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
