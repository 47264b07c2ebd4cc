package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tamas/channels/email/emailtest"
	"tamas/channels/sms/smstest"
	"tamas/channels/telegram/telegramtest"
	"tamas/inbox"
	"tamas/inbox/record"
)

// verified runs `tamas verify` as a shell would and gives its exit status and output.
func verified(t *testing.T, data string, args ...string) (int, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	err := run(t.Context(), append([]string{"verify", "--data", data}, args...), nil, &out, &errOut)
	var e *exit
	if errors.As(err, &e) {
		return e.status, out.String() + e.why
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out.String()
}

// An operator proves that nothing was missed, beside the hub and without it, with what each provider can tell.
func TestVerifyCommand(t *testing.T) {
	tg, err := telegramtest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tg.Close()
	sms, err := smstest.StartTwilio("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer sms.Close()
	mail, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer mail.Close()

	// All are there before anybody looks: a list that has been read is read again a minute later only.
	tg.Say(telegramtest.User{ID: 1, FirstName: "Sara"}, "hello")
	hourAgo := time.Now().Add(-time.Hour)
	sms.Old("+989120000001", "an hour ago", hourAgo)
	if err := mail.DeliverAt(emailtest.Compose("sara@example.com", "one@example.com", "Order", "hello"), hourAgo); err != nil {
		t.Fatal(err)
	}

	data := t.TempDir()
	open := func() *app {
		cfg, _, err := parse("tamas", []string{"--data", data, "--addr", "127.0.0.1:0"}, nil, &bytes.Buffer{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := start(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := open()
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			if err := a.stop(); err != nil {
				t.Error(err)
			}
		}
	}
	defer stop()
	ctx := t.Context()
	queue, err := a.db.AddQueue(ctx, record.Queue{ID: "q1", Name: "General", Mode: "pull", Members: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, x := range []struct {
		kind, name string
		settings   any
	}{
		{"telegram", "Bot", map[string]any{"token": telegramtest.Token, "api_url": tg.URL()}},
		{"sms", "Number", map[string]any{"provider": "twilio", "number": smstest.Number, "region": "IR", "account_sid": smstest.AccountSID,
			"auth_token": smstest.AuthToken, "api_url": sms.URL()}},
		{"email", "Support", mail.Settings(emailtest.Password)},
		{"webchat", "Site", map[string]any{"allowed_origins": []string{"https://example.com"}}},
	} {
		raw, err := json.Marshal(x.settings)
		if err != nil {
			t.Fatal(err)
		}
		row, err := a.hub.SaveAccount(ctx, record.Account{Kind: x.kind, Name: x.name, Queue: queue.ID, Enabled: true, Settings: raw,
			ImportSince: record.At(time.Now().Add(-72 * time.Hour))}, nil)
		if err != nil {
			t.Fatal(x.kind, err)
		}
		ids[x.kind] = row.ID
	}
	await(t, "all three are in the record", func() bool {
		for _, kind := range []string{"telegram", "sms", "email"} {
			n := 0
			_ = a.db.ReceivedKeys(ctx, ids[kind], 0, func(string) bool { n++; return true })
			if n != 1 {
				return false
			}
		}
		return true
	})
	for _, name := range []string{"Bot", "number", ids["email"]} {
		if status, out := verified(t, data, "--account", name); status != 0 || !strings.Contains(out, "All that the provider has") {
			t.Errorf("%s: %d\n%s", name, status, out)
		}
	}
	if status, out := verified(t, data, "--account", "Site"); status != verifyCant || !strings.Contains(out, inbox.ErrNoVerifier.Error()) {
		t.Errorf("web chat: %d\n%s", status, out)
	}

	// The hub is down; what comes then is missing until it is back.
	stop()
	sms.Old("+989120000002", "while it was down", hourAgo.Add(time.Minute))
	if err := mail.DeliverAt(emailtest.Compose("reza@example.com", "two@example.com", "Late", "hello"), hourAgo.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	status, out := verified(t, data, "--account", "Number", "--json")
	var v inbox.Verification
	if err := json.Unmarshal([]byte(out), &v); err != nil || status != verifyLacks || len(v.Missing) != 1 || v.Received != 2 || !strings.Contains(v.Missing[0].What, "+989120000002") {
		t.Errorf("sms: %d, %v\n%s", status, err, out)
	}
	if status, out := verified(t, data, "--account", "Support"); status != verifyLacks || !strings.Contains(out, "NOT WHOLE") || !strings.Contains(out, "two@example.com") {
		t.Errorf("email: %d\n%s", status, out)
	}
	for _, args := range [][]string{{"--account", "Nobody"}, {}, {"--account", "Bot", "--since", "tomorrow"}, {"--account", "Bot", "more"}} {
		if status, out := verified(t, data, args...); status != verifyCant || out == "" {
			t.Errorf("%v: %d %q", args, status, out)
		}
	}
	mail.Close()
	if status, out := verified(t, data, "--account", "Support"); status != verifyCant || strings.Contains(out, emailtest.Password) {
		t.Errorf("a mail server that is away: %d\n%s", status, out)
	}
	if status, out := verified(t, t.TempDir(), "--account", "Bot"); status != verifyCant {
		t.Errorf("no record at all: %d\n%s", status, out)
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 21, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{"72h": now.Add(-72 * time.Hour), "30d": now.Add(-30 * 24 * time.Hour), "90m": now.Add(-90 * time.Minute),
		"2026-03-20": time.Date(2026, 3, 20, 0, 0, 0, 0, time.Local), "2026-03-20T08:00:00Z": time.Date(2026, 3, 20, 8, 0, 0, 0, time.UTC)} {
		if got, err := moment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "-5h", "0h", "-3d", "2027-01-01", "yesterday", "72"} {
		if got, err := moment(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// await waits for a condition.
func await(t *testing.T, what string, f func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !f() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
