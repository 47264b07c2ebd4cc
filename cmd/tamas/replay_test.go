package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"tamas/router"
)

// TestReplayCommand: beside a hub that runs, an operator sees that the router's decisions follow from the record, and what does not.
func TestReplayCommand(t *testing.T) {
	data := t.TempDir()
	p := spawn(t, "--addr", "127.0.0.1:0", "--data", data, "--admin-email", "a@example.com", "--admin-password", "a long password")
	c := newClient(t, p.url)
	c.must("POST", "/api/v1/session", map[string]string{"email": "a@example.com", "password": "a long password"}, nil)
	replayed := func(args ...string) (int, string) {
		t.Helper()
		var out, errOut bytes.Buffer
		err := run(t.Context(), append([]string{"replay", "--data", data}, args...), nil, &out, &errOut)
		var e *exit
		if errors.As(err, &e) {
			return e.status, out.String() + e.why
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0, out.String()
	}
	if status, out := replayed(); status != 0 || !strings.Contains(out, "No decision") {
		t.Errorf("of nothing: %d %s", status, out)
	}

	var queues struct{ Items []struct{ ID string } }
	c.must("GET", "/api/v1/queues", nil, &queues)
	var account struct{ ID string }
	c.must("POST", "/api/v1/accounts", map[string]any{"kind": "webchat", "name": "Site", "queue": queues.Items[0].ID, "reopen_hours": 24, "enabled": true,
		"settings": map[string]any{"allowed_origins": []string{p.url}}}, &account)
	socket := dialLive(t, c)
	defer socket.Close()
	c.must("PUT", "/api/v1/me/state", map[string]string{"state": "available"}, nil)
	d := &doors{hub: p.url, chat: p.url + "/hooks/" + account.ID + "/", talks: map[string]*talk{}}
	visitor, err := d.visit(t.Context(), story{name: "Emma"})
	if err != nil {
		t.Fatal(err)
	}
	defer visitor.end()
	if err := visitor.say("hello"); err != nil {
		t.Fatal(err)
	}
	var list listed
	eventually(t, "offered", func() bool {
		c.must("GET", "/api/v1/conversations?list=all&status=offered", nil, &list)
		return len(list.Items) > 0
	})

	if status, out := replayed(); status != 0 || !strings.Contains(out, "1 decisions, and all of them follow") {
		t.Errorf("%d %s", status, out)
	}
	for _, name := range []string{"#1", "1", list.Items[0].ID} {
		if status, out := replayed("--conversation", name); status != 0 || !strings.Contains(out, "agrees") || !strings.Contains(out, "conversation.offered") {
			t.Errorf("%s: %d %s", name, status, out)
		}
	}
	for _, args := range [][]string{{"--conversation", "#7"}, {"--conversation", "nobody"}, {"--last", "-1"}, {"--since", "tomorrow"}, {"more"}, {"--data", t.TempDir()}} {
		if status, out := replayed(args...); status != replayCant || out == "" {
			t.Errorf("%v: %d %s", args, status, out)
		}
	}

	db, err := sql.Open("sqlite", filepath.Join(data, "tamas.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(query string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	exec("UPDATE events SET json = json_set(json, '$.reason.waited', 999999) WHERE decided = 1")
	if status, out := replayed("--since", "1h"); status != replayDiffers || !strings.Contains(out, "waited: recorded 999999") || !strings.Contains(out, "1 of 1 decisions DIFFER") {
		t.Errorf("changed: %d %s", status, out)
	}
	var all []router.Replayed
	if status, out := replayed("--json"); status != replayDiffers || json.Unmarshal([]byte(out), &all) != nil || len(all) != 1 || all[0].Verdict != router.Differs {
		t.Errorf("as JSON: %d %s", status, out)
	}
	exec("DELETE FROM policies")
	if status, out := replayed(); status != replayCant || !strings.Contains(out, "1 could not be checked") {
		t.Errorf("without its policy: %d %s", status, out)
	}
}
