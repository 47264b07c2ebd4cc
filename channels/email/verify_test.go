package email

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
)

// audited is what a run of Verify told.
type audited struct {
	found       []channels.Found
	notes, gaps []string
}

func (b *box) audit(t *testing.T, since time.Time) audited {
	t.Helper()
	var out audited
	ctx, cancel := context.WithTimeout(context.Background(), channeltest.Patience)
	defer cancel()
	err := b.Verify(ctx, &channels.Audit{
		Since: since,
		Found: func(f channels.Found) error { out.found = append(out.found, f); return nil },
		Known: func(func(string) bool) error { return nil },
		Note:  func(format string, args ...any) { out.notes = append(out.notes, fmt.Sprintf(format, args...)) },
		Gap:   func(format string, args ...any) { out.gaps = append(out.gaps, fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// missing lists what was found and is not in the record.
func (a audited) missing(b *box) (what []string) {
	keys := map[string]bool{}
	for _, m := range b.desk.Messages() {
		keys[m.Key] = true
	}
	for _, f := range a.found {
		if !f.Outbound && !keys[f.Key] {
			what = append(what, f.What)
		}
	}
	return what
}

// The whole corpus: each mail is found under the very key under which it was recorded, and nothing is marked.
func TestVerifyFindsEveryKey(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil).run()
		files, _ := filepath.Glob("testdata/corpus/*.eml")
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s.deliver(raw)
		}
		s.deliver(garbage)
		s.deliver(filmMail("large", 1<<20))
		s.deliver(customerMail(0, "the last"))
		b.desk.Await(t, "all of it", func() bool { m := b.desk.Messages(); return len(m) > 0 && m[len(m)-1].Text == "the last" })
		b.stop()
		a := b.audit(t, time.Now().Add(-time.Hour))
		if len(a.found) != len(b.desk.Messages()) || len(a.missing(b)) != 0 || len(a.gaps) != 0 {
			t.Errorf("%d found of %d, missing %q, gaps %q", len(a.found), len(b.desk.Messages()), a.missing(b), a.gaps)
		}
		if _, flags := s.marked(); flags != "" {
			t.Errorf("marked %q", flags)
		}
	})
}

func TestVerify(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	d.make("Orders")
	set := map[string]any{"folders": []string{"INBOX", "Orders", "Gone"}, "afterwards": "move", "move_to": "Done", "copy_to_sent": true}
	b := openBox(t, d.settings(s, dovecotPassword, set), nil, brisk)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	b.desk.AwaitHealth(t, "failing") // one folder is gone
	d.deliver(customerMail(0, "one"))
	d.deliverTo("Orders", customerMail(0, "two"))
	b.desk.AwaitMessages(t, 2)
	r, err := b.Send(context.Background(), channels.Outbound{ID: "m1", Thread: short(threadLen, "t"), Address: "sara@example.org", Text: "x", Subject: "پاسخ"})
	if err != nil {
		t.Fatal(err)
	}
	b.desk.Await(t, "moved and copied", func() bool { n, _ := d.flagsOf("Done"); m, _ := d.flagsOf("Sent"); return n == 2 && m == 1 })
	cancel()
	<-done
	// What never came through the hub: an old one that was overlooked, one of just now, one of another program's.
	cur, _ := b.load(context.Background())
	cur.Folders["INBOX"].UID += 1
	b.desk.SetCursor(cur.String())
	d.deliver([]byte("From: Lost <lost@b.test>\r\nMessage-ID: <lost@b.test>\r\nSubject: =?utf-8?b?2LPZhNin2YU=?=\r\n\r\nx"))
	d.deliver(customerMail(0, "just now"))
	d.deliverTo("Sent", []byte("From: support@tamas.test\r\nMessage-ID: <by-hand@tamas.test>\r\n\r\nx"))
	a := b.audit(t, time.Now().Add(-24*time.Hour))
	if missing := a.missing(b); len(missing) != 1 || missing[0] != "lost@b.test: سلام" {
		t.Errorf("missing %q", missing)
	}
	var sent []channels.Found
	known := 0
	for _, f := range a.found {
		if f.Outbound {
			sent = append(sent, f)
		} else {
			known++
		}
	}
	if known != 3 || len(sent) != 1 || sent[0].ProviderID != r.ProviderID || sent[0].What != "support@tamas.test: پاسخ" || sent[0].At.IsZero() {
		t.Errorf("found %+v", a.found)
	}
	if len(a.gaps) != 1 || !strings.Contains(a.gaps[0], "Gone") {
		t.Errorf("gaps %q", a.gaps)
	}
	if notes := strings.Join(a.notes, "\n"); !strings.Contains(notes, "1 mails in INBOX have just come") || !strings.Contains(notes, "1 mails in Sent were sent by other programs") ||
		!strings.Contains(notes, "was never to be taken in") {
		t.Errorf("notes %q", a.notes)
	}
}
