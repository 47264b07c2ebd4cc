package email

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"tamas/channels"
)

func brisk(a *Adapter) { a.timing.poll = 30 * time.Millisecond }

func (b *box) awaitTexts(t *testing.T, want ...string) []channels.Inbound {
	t.Helper()
	got := b.desk.AwaitMessages(t, len(want))
	if !slices.Equal(b.texts(), want) {
		t.Fatalf("recorded %q, want %q", b.texts(), want)
	}
	return got
}

// Each folder has its own position; one that is missing is told of and holds up none; mail of the downtime comes from each.
func TestSeveralFolders(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	d.make("Orders")
	d.make("Orders.Returns")
	d.deliverTo("Orders", customerMail(0, "from before"))
	set := map[string]any{"folders": []string{"inbox", "Orders/Returns", "orders", "No/Such"}}
	b := openBox(t, d.settings(s, dovecotPassword, set), nil, brisk)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	b.desk.AwaitHealth(t, "failing")
	h := b.desk.Healths()
	if last := h[len(h)-1]; !strings.Contains(last.Detail, "No/Such") || last.Do == "" {
		t.Errorf("health %+v", last)
	}
	d.deliverTo("Orders.Returns", customerMail(0, "returned"))
	b.awaitTexts(t, "returned")
	d.deliver(customerMail(0, "to the inbox"))
	b.awaitTexts(t, "returned", "to the inbox")
	d.deliverTo("Orders", customerMail(0, "ordered"))
	b.awaitTexts(t, "returned", "to the inbox", "ordered")
	cancel()
	<-done
	d.deliverTo("Orders", customerMail(0, "ordered meanwhile"))
	d.deliverTo("Orders.Returns", customerMail(0, "returned meanwhile"))
	d.make("No.Such")
	c := openBox(t, d.settings(s, dovecotPassword, set), b.desk, brisk).run()
	c.awaitTexts(t, "returned", "to the inbox", "ordered", "returned meanwhile", "ordered meanwhile")
	if c.desk.Again() != 0 {
		t.Errorf("%d mails came twice", c.desk.Again())
	}
	c.desk.Await(t, "a position in each folder", func() bool {
		text, _ := c.desk.Cursor(context.Background())
		return strings.Contains(text, "No/Such")
	})
	text, _ := c.desk.Cursor(context.Background())
	for _, f := range []string{`"INBOX"`, `"Orders/Returns"`, `"orders"`, `"No/Such"`} {
		if !strings.Contains(text, f) {
			t.Errorf("cursor %s lacks %s", text, f)
		}
	}
}

func TestAfterwards(t *testing.T) {
	const caps = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ NAMESPACE"
	for name, c := range map[string]struct {
		config string
		set    map[string]any
		inbox  string // flags of what is left in the inbox
		left   int
	}{
		"leave":                          {"", map[string]any{}, "", 3},
		"seen":                           {"", map[string]any{"afterwards": "seen"}, "SS", 3},
		"move":                           {"", map[string]any{"afterwards": "move", "move_to": "Done/Mail"}, "", 1},
		"move without MOVE":              {"imap_capability = " + caps + " UIDPLUS", map[string]any{"afterwards": "move", "move_to": "Done/Mail"}, "", 1},
		"move without MOVE and UIDPLUS":  {"imap_capability = " + caps, map[string]any{"afterwards": "move", "move_to": "Done/Mail"}, "TT", 3},
		"a folder that cannot be a name": {"", map[string]any{"afterwards": "move", "move_to": "a/../b"}, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := startDovecot(t, c.config), startServer(t)
			d.deliver(customerMail(0, "from before"))
			b := openBox(t, d.settings(s, dovecotPassword, c.set), nil).run()
			release := b.desk.Block()
			d.deliver(customerMail(0, "one"))
			d.deliver(customerMail(0, "two"))
			b.desk.Await(t, "a mail that waits for the record", func() bool { return b.desk.Blocked() > 0 })
			if n, flags := d.flags(); n != 3 || flags != "" {
				t.Errorf("before it is recorded %d mails are left, marked %q", n, flags)
			}
			release()
			b.awaitTexts(t, "one", "two")
			b.desk.Await(t, "the mails to be dealt with", func() bool {
				n, flags := d.flags()
				return n == c.left && flags == c.inbox
			})
			if c.set["afterwards"] == "move" && c.left == 1 || c.inbox == "TT" {
				if n, flags := d.flagsOf("Done.Mail"); n != 2 || strings.Contains(flags, "T") {
					t.Errorf("%d mails were moved, marked %q", n, flags)
				}
			}
			if strings.Contains(name, "cannot") {
				b.desk.AwaitHealth(t, "failing")
			}
			d.deliver(customerMail(0, "three")) // whatever became of the others
			b.awaitTexts(t, "one", "two", "three")
		})
	}
}

// What was recorded, and not marked because the hub was killed in between, is marked later; other mail is not.
func TestAfterwardsIsMadeUpFor(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	b := openBox(t, d.settings(s, dovecotPassword, nil), nil).run()
	d.deliver(customerMail(0, "one"))
	b.awaitTexts(t, "one")
	b.stop()
	cur, err := b.load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	cur.Folders["INBOX"].Done = 0
	b.desk.SetCursor(cur.String())
	openBox(t, d.settings(s, dovecotPassword, map[string]any{"afterwards": "seen"}), b.desk).run()
	b.desk.Await(t, "the mail to be marked", func() bool { _, flags := d.flags(); return flags == "S" })
}

func TestServerWithoutIdle(t *testing.T) {
	d, s := startDovecot(t, "imap_capability = IMAP4rev1 SASL-IR LITERAL+"), startServer(t)
	b := openBox(t, d.settings(s, dovecotPassword, nil), nil, brisk).run()
	for _, text := range []string{"one", "two"} {
		d.deliver(customerMail(0, text))
		b.desk.Await(t, text, func() bool { return slices.Contains(b.texts(), text) })
	}
}

// A server, or a firewall before it, that breaks every connection in IDLE is polled instead.
func TestConnectionsDroppedInIdle(t *testing.T) {
	s := startServer(t)
	s.DropIdle(true)
	b := openBox(t, s.Settings("open-sesame-4711"), nil, brisk).run()
	b.desk.Await(t, "polling", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return time.Now().Before(b.pollUntil) })
	n := s.Idles()
	s.Deliver(customerMail(0, "polled"))
	b.awaitTexts(t, "polled")
	b.desk.AwaitHealth(t, "connected")
	if s.Idles() != n || n != mostDrops {
		t.Errorf("%d IDLE commands, %d before polling", s.Idles(), n)
	}
}

func TestFoldersAreFound(t *testing.T) {
	list := []*imap.ListData{
		{Mailbox: "INBOX", Delim: '.'}, {Mailbox: "INBOX.Orders.Returns", Delim: '.'}, {Mailbox: "INBOX.Parent", Delim: '.', Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}},
		{Mailbox: "Post/Gesendet", Delim: '/', Attrs: []imap.MailboxAttr{imap.MailboxAttrSent}}, {Mailbox: "flat", Delim: 0}, {Mailbox: "سفارش‌ها", Delim: '/'},
	}
	for want, name := range map[string]string{
		"inbox": "INBOX", "Orders/Returns": "INBOX.Orders.Returns", "INBOX/orders/returns": "INBOX.Orders.Returns", "Parent": "", `\Sent`: "Post/Gesendet",
		`\sent`: "Post/Gesendet", "FLAT": "flat", "سفارش‌ها": "سفارش‌ها", "none": "", `\Junk`: "",
	} {
		if got, found := findFolder(list, want); got != name || found != (name != "") {
			t.Errorf("%q is %q, want %q", want, got, name)
		}
	}
	if got := newFolder(list[:3], "Done/Mail"); got != "INBOX.Done.Mail" {
		t.Errorf("a new folder is called %q", got)
	}
	if got := newFolder(list, "Done/Mail"); got != "Done/Mail" {
		t.Errorf("a new folder is called %q", got)
	}
}
