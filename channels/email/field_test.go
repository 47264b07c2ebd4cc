package email

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
)

// What users of other systems complain about, of mailboxes.

// "A mailbox stops silently after a short outage": mail goes on after any number of them, and each is told of.
func TestMailGoesOnAfterShortOutages(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	b := openBox(t, d.settings(s, dovecotPassword, nil), nil).run()
	for i := range 3 {
		before := len(b.desk.Healths())
		d.stop()
		b.desk.Await(t, "a word about the outage", func() bool {
			return slices.ContainsFunc(b.desk.Healths()[before:], func(h channels.Health) bool { return h.State == "failing" && h.Detail != "" })
		})
		d.deliver(customerMail(0, fmt.Sprintf("during outage %d", i)))
		d.start()
		b.desk.AwaitMessages(t, 2*i+1)
		b.desk.AwaitHealth(t, "connected")
		d.deliver(customerMail(0, fmt.Sprintf("after outage %d", i)))
		b.desk.AwaitMessages(t, 2*i+2)
	}
	b.awaitTexts(t, "during outage 0", "after outage 0", "during outage 1", "after outage 1", "during outage 2", "after outage 2")
}

// "No backfill after downtime": what came in days comes in order, once, and counts as news.
func TestBackfillAfterDowntime(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings("open-sesame-4711"), nil).run()
	b.stop()
	var want []string
	for i := range 450 { // more than two batches
		want = append(want, fmt.Sprintf("mail %d", i))
		if err := s.DeliverAt(customerMail(i%7, want[i]), time.Now().Add(time.Duration(i-450)*10*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	c := openBox(t, s.Settings("open-sesame-4711"), b.desk).run()
	for _, m := range c.awaitTexts(t, want...) {
		if m.Imported {
			t.Fatalf("%q counts as imported", m.Text)
		}
	}
	if c.desk.Again() != 0 || s.Fetches() != len(want) {
		t.Errorf("%d mails were fetched %d times", len(want), s.Fetches())
	}
}

// "One malformed mail blocks the rest, or is fetched for ever and fills the disk."
func TestMalformedMailIsFetchedOnce(t *testing.T) {
	s := startServer(t)
	b := openBox(t, s.Settings("open-sesame-4711"), nil, func(a *Adapter) { a.timing.idle = 20 * time.Millisecond }).run()
	s.Deliver(customerMail(0, "before"))
	s.Deliver(garbage)
	s.Deliver([]byte("X-Damaged: yes\r\nFrom: a@b.test\r\n\r\nthe server cannot give it"))
	s.Refuse("X-Damaged")
	s.Deliver(customerMail(0, "after"))
	got := b.desk.AwaitMessages(t, 4)
	if got[0].Text != "before" || got[3].Text != "after" || got[1].Unreadable == "" || len(got[1].Raw) == 0 || got[2].Unreadable == "" || len(got[2].Raw) == 0 {
		t.Errorf("recorded %+v", got)
	}
	idles, fetches := s.Idles(), s.Fetches()
	b.desk.Await(t, "more rounds", func() bool { return s.Idles() > idles+5 })
	if s.Fetches() != fetches || len(b.desk.Messages()) != 4 {
		t.Errorf("%d fetches became %d, %d messages", fetches, s.Fetches(), len(b.desk.Messages()))
	}
}

// "Deleted mail comes back": what is recorded is not taken again when the folder's numbers change, nor what is from before the account,
// even when the new server got all of it "just now".
func TestNothingComesBack(t *testing.T) {
	s := startServer(t)
	ancient := []byte("From: old@b.test\r\nMessage-ID: <ancient@b.test>\r\nDate: " + time.Now().Add(-300*24*time.Hour).Format(time.RFC1123Z) + "\r\n\r\nfrom last year")
	s.Deliver(ancient)
	b := openBox(t, s.Settings("open-sesame-4711"), nil).run()
	raws := [][]byte{ancient}
	for i := range 5 {
		raws = append(raws, customerMail(i, fmt.Sprintf("mail %d", i)))
		s.Deliver(raws[i+1])
	}
	b.desk.AwaitMessages(t, 5)
	b.stop()
	fetched := s.Fetches()
	raws = append(raws, customerMail(6, "came in between"), []byte("From: a@b.test\r\nSubject: without an id\r\n\r\nx"))
	if err := s.Renumber(raws...); err != nil {
		t.Fatal(err)
	}
	c := openBox(t, s.Settings("open-sesame-4711"), b.desk).run()
	c.awaitTexts(t, "mail 0", "mail 1", "mail 2", "mail 3", "mail 4", "came in between", "x")
	if c.desk.Again() != 0 {
		t.Errorf("%d mails were handed over again", c.desk.Again())
	}
	if n := s.Fetches() - fetched; n > 3 { // the two new ones, and the beginning of the one without an id
		t.Errorf("%d mails were fetched for two new ones", n)
	}
}

// A first connection imports since the account's date, marks that as imported, and goes on with it after a renumbering in the middle.
func TestImportGoesOnAfterRenumbering(t *testing.T) {
	s := startServer(t)
	var raws [][]byte
	for i := range 300 {
		raws = append(raws, customerMail(i, fmt.Sprintf("old %d", i)))
	}
	deliver := func() {
		for _, raw := range raws {
			if err := s.DeliverAt(raw, time.Now().Add(-5*24*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
	deliver()
	since := func(a *Adapter) { a.cfg.Since = time.Now().Add(-10 * 24 * time.Hour) }
	b := openBox(t, s.Settings("open-sesame-4711"), nil, since)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	b.desk.AwaitMessages(t, 1)
	release := b.desk.Block()
	cancel()
	<-done
	release()
	first := len(b.desk.Messages())
	before, _ := b.desk.Cursor(context.Background())
	if err := s.Renumber(); err != nil {
		t.Fatal(err)
	}
	deliver()
	c := openBox(t, s.Settings("open-sesame-4711"), b.desk, since).run()
	c.desk.AwaitMessages(t, 300)
	c.desk.Await(t, "the second look", func() bool { now, _ := c.desk.Cursor(context.Background()); return now != before })
	s.Deliver(customerMail(0, "new"))
	got := c.desk.AwaitMessages(t, 301)
	for i, m := range got {
		if m.Imported != (i < 300) {
			t.Fatalf("%q: imported %v", m.Text, m.Imported)
		}
	}
	if c.desk.Again() != 0 {
		t.Errorf("%d mails came twice; %d were recorded before", c.desk.Again(), first)
	}
}

// A mail over all limits is fetched as far as its text goes; its attachments are named, and memory stays flat.
func TestHugeMail(t *testing.T) {
	onBoth(t, func(t *testing.T, s server) {
		b := openBox(t, s.settings(nil), nil).run()
		s.deliver(append(bytes.TrimSuffix(filmMail("huge", wholeMail+1<<20), []byte("--b--\r\n")),
			"--b\r\nContent-Type: application/pdf; name=bill.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n"...))
		s.deliver(customerMail(0, "after"))
		got := b.desk.AwaitMessages(t, 2)
		if !strings.HasPrefix(got[0].Text, "See the film.") || got[1].Text != "after" || len(got[0].Files) != 2 {
			t.Fatalf("took %q, %+v", b.texts(), got[0].Files)
		}
		for i, name := range []string{"film.mp4", "bill.pdf"} {
			if f := got[0].Files[i]; f.Name != name || f.Missing == "" || f.Blob != "" || f.Size == 0 {
				t.Errorf("file %+v", f)
			}
		}
	})
}

// sinkDesk stores files without keeping them.
type sinkDesk struct {
	*channeltest.Desk
	stored atomic.Int64
}

func (d *sinkDesk) Store(_ context.Context, f channels.File, content io.Reader) (channels.File, error) {
	n, err := io.Copy(io.Discard, content)
	d.stored.Add(n)
	f.Size, f.Blob, f.Type, f.Kind = n, "sunk", "video/mp4", "video"
	return f, err
}

// A mail with a large file is streamed from the server into the store: memory stays flat.
func TestLargeFileIsStreamed(t *testing.T) {
	d, s := startDovecot(t), startServer(t)
	const size = 24 << 20
	desk := &sinkDesk{Desk: channeltest.NewDesk()}
	b := openBox(t, d.settings(s, dovecotPassword, nil), desk.Desk, func(a *Adapter) { a.cfg.Desk = desk }).run()
	raw := filmMail("large", size)
	d.deliver(raw)
	raw = nil
	measured := peak()
	got := b.desk.AwaitMessages(t, 1)
	if most := measured(); most > 10<<20 {
		t.Errorf("the heap grew by %d MB", most>>20)
	}
	if len(got[0].Files) != 1 || got[0].Files[0].Missing != "" || desk.stored.Load() < size/4*3*76/78-1000 {
		t.Errorf("files %+v, %d bytes stored", got[0].Files, desk.stored.Load())
	}
}

func filmMail(id string, size int) []byte {
	head := "From: a@b.test\r\nMessage-ID: <" + id + "@b.test>\r\nSubject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain\r\n\r\nSee the film.\r\n--b\r\nContent-Type: video/mp4; name=film.mp4\r\nContent-Disposition: attachment; filename=film.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	line := strings.Repeat("QUJD", 19) + "\r\n"
	return []byte(head + strings.Repeat(line, size/len(line)) + "--b--\r\n")
}

// peak watches how large the heap gets until the function that it returns is called.
func peak() func() uint64 {
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-stop:
				done <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 {
		close(stop)
		most := <-done
		return most - min(most, before.HeapAlloc)
	}
}
