package email

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/email/emailtest"
)

// take hands raw mails to the account as one batch and returns what the hub gets of them.
func takeMails(t *testing.T, b *box, raws ...[]byte) []channels.Inbound {
	t.Helper()
	var letters []*letter
	for i, raw := range raws {
		letters = append(letters, &letter{uid: 1, at: time.Now(), raw: raw, size: int64(len(raw)) + int64(i)})
	}
	batch, err := b.batch(context.Background(), letters)
	if err != nil {
		t.Fatal(err)
	}
	return batch.Messages
}

func offline(t *testing.T) *box {
	t.Helper()
	s := startServer(t)
	return openBox(t, s.Settings(emailtest.Password), nil)
}

func TestThreads(t *testing.T) {
	b := offline(t)
	sara, ali := "Sara <sara@example.org>", "Ali <ali@example.org>"
	first := takeMails(t, b, emailtest.Compose(sara, "m1@example.org", "Order", "first"))[0]
	b.desk.SetThread("recorded@example.org", first.Thread)
	own := b.sign.messageID("out1", first.Thread)
	plus := b.sign.plusAddress(first.Thread)
	if plus == "" || len(strings.Split(plus, "@")[0]) > 64 {
		t.Fatalf("plus-address %q", plus)
	}
	forged := strings.Replace(plus, first.Thread, "aaaaaaaaaaaaaaaa", 1)
	for name, c := range map[string]struct {
		raw  []byte
		same bool
	}{
		"plus-address":               {emailtest.Compose(ali, "m2@x", "hm", "x", "Delivered-To: "+plus), true},
		"plus-address, upper case":   {emailtest.Compose(ali, "m3@x", "hm", "x", "Cc: \"Support\" <"+strings.ToUpper(plus)+">"), true},
		"forged plus-address":        {emailtest.Compose(sara, "m4@x", "Order", "x", "Delivered-To: "+forged), false},
		"unsigned plus-address":      {emailtest.Compose(sara, "m5@x", "Order", "x", "Delivered-To: support+"+first.Thread+"@tamas.test"), false},
		"our message id":             {emailtest.Compose(sara, "m6@x", "Re: Order", "x", "In-Reply-To: <"+own+">"), true},
		"our message id, lower case": {emailtest.Compose(sara, "m7@x", "Re: Order", "x", "References: <a@b> <"+strings.ToLower(own)+"> <later@b>"), true},
		"forged message id":          {emailtest.Compose(sara, "m8@x", "Re: Order", "x", "In-Reply-To: <tms."+first.Thread+".aaaaaaaaaa.bbbbbbbbbbbb@tamas.test>"), false},
		"a recorded reference":       {emailtest.Compose(ali, "m9@x", "hm", "x", "References: <nobody@knows> <recorded@example.org>"), true},
		"the root of the same":       {emailtest.Compose(sara, "m10@x", "hm", "x", "References: <m1@example.org>"), true},
		"the root, another sender":   {emailtest.Compose(ali, "m11@x", "hm", "x", "References: <m1@example.org>"), false},
		"the same subject":           {emailtest.Compose(sara, "m12@x", "Order", "x"), false},
		"the same subject, answered": {emailtest.Compose(sara, "m13@x", "Re: Order", "x"), false},
	} {
		got := takeMails(t, b, c.raw)
		if len(got) != 1 {
			t.Fatalf("%s: %d messages", name, len(got))
		}
		if same := got[0].Thread == first.Thread; same != c.same {
			t.Errorf("%s: same thread %v, want %v", name, same, c.same)
		}
	}
}

// A thread whose key is not one of ours is carried by the record alone.
func TestForeignThread(t *testing.T) {
	b := offline(t)
	id := b.sign.messageID("out1", "a thread of another make")
	if _, own := b.sign.ofMessageID(id); !own || b.sign.plusAddress("a thread of another make") != "" {
		t.Errorf("id %q", id)
	}
	b.desk.SetThread(id, "a thread of another make")
	if got := takeMails(t, b, emailtest.Compose("sara@example.org", "a@x", "hm", "x", "In-Reply-To: <"+id+">")); got[0].Thread != "a thread of another make" {
		t.Errorf("thread %q", got[0].Thread)
	}
}

func TestThreadsWithinOneBatch(t *testing.T) {
	b := offline(t)
	got := takeMails(t, b,
		emailtest.Compose("sara@example.org", "a@x", "One", "1"),
		emailtest.Compose("colleague@example.org", "b@x", "Re: One", "2", "In-Reply-To: <a@x>"),
		emailtest.Compose("sara@example.org", "c@x", "Re: One", "3", "References: <a@x> <b@x>"),
		emailtest.Compose("sara@example.org", "d@x", "One", "4"))
	if got[0].Thread != got[1].Thread || got[1].Thread != got[2].Thread || got[3].Thread == got[0].Thread {
		t.Errorf("threads %q %q %q %q", got[0].Thread, got[1].Thread, got[2].Thread, got[3].Thread)
	}
}

// Two customers answer the same newsletter, whose id nobody recorded: they share no thread.
func TestNewsletterAnswers(t *testing.T) {
	b := offline(t)
	got := takeMails(t, b,
		emailtest.Compose("sara@example.org", "a@x", "Re: News", "1", "References: <news@shop.test>"),
		emailtest.Compose("ali@example.org", "b@x", "Re: News", "2", "References: <news@shop.test>"))
	if got[0].Thread == got[1].Thread {
		t.Error("two customers in one thread")
	}
}

func TestLoops(t *testing.T) {
	b := offline(t)
	own := b.sign.messageID("out1", short(threadLen, "x"))
	got := takeMails(t, b,
		emailtest.Compose("Support <support@tamas.test>", own, "Re: Order", "what we sent"),
		emailtest.Compose("List <list@example.org>", own, "Re: Order", "the same, back from a list"),
		emailtest.Compose("Support <support@tamas.test>", "new@outlook.test", "Re: Order", "the same, under another id", ownHeader+": <"+own+">"),
		emailtest.Compose("support@tamas.test", "other@tamas.test", "Order", "from our own address"),
		emailtest.Compose("support+x@tamas.test", "other2@tamas.test", "Order", "from our own plus-address"),
		emailtest.Compose("Sara <sara@example.org>", "s@x", "Order", "from a person"),
		emailtest.Compose("Support <support@tamas.test>", "s2@x", "Order", "x", "Auto-Submitted: no"),
		emailtest.Compose("no-reply@shop.test", "s3@x", "Order", "x"),
		emailtest.Compose("sara@example.org", "s4@x", "Order", "x", "Auto-Submitted: auto-generated (rejected)"))
	var auto []string
	for _, m := range got {
		auto = append(auto, fmt.Sprint(m.ProviderID, " ", m.AutoReply))
	}
	want := "other@tamas.test true, other2@tamas.test true, s@x false, s2@x true, s3@x true, s4@x true"
	if s := strings.Join(auto, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestWebForm(t *testing.T) {
	s := startServer(t)
	b := openBox(t, with(s.Settings(emailtest.Password), map[string]any{"form_senders": []string{"Forms@Shop.test", ""}}), nil)
	got := takeMails(t, b,
		emailtest.Compose("Shop <forms@shop.test>", "f1@x", "Contact", "x", "Reply-To: Sara <Sara@Example.org>"),
		emailtest.Compose("Sara <sara@example.org>", "f2@x", "Contact", "x", "Reply-To: Victim <victim@bank.test>"))
	if got[0].Address != "sara@example.org" || got[0].Name != "Sara" || got[1].Address != "sara@example.org" {
		t.Errorf("addresses %q %q", got[0].Address, got[1].Address)
	}
}

func TestSameMessageIDForDifferentMails(t *testing.T) {
	b := offline(t)
	got := takeMails(t, b,
		emailtest.Compose("scanner@example.org", "1@localhost", "Scan 1", "one"),
		emailtest.Compose("scanner@example.org", "1@localhost", "Scan 2", "two"))
	if got[0].Key == got[1].Key {
		t.Error("the second mail of a sender without imagination would be lost")
	}
}

func TestDeliveryReport(t *testing.T) {
	b := offline(t)
	thread := short(threadLen, "some thread")
	id := b.sign.messageID("out1", thread)
	raw := func(id, action string) []byte {
		return []byte("From: MAILER-DAEMON@mx.test\r\nTo: support@tamas.test\r\nMessage-ID: <d" + action + "@mx.test>\r\nSubject: Undelivered\r\n" +
			"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n" +
			"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; a@b.test\r\nAction: " + action + "\r\nStatus: 5.1.1\r\n" +
			"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <" + id + ">\r\nSubject: Order\r\n\r\nhello\r\n--b--\r\n")
	}
	got := takeMails(t, b, raw(id, "failed"))
	if len(got) != 1 || got[0].Thread != thread || !got[0].AutoReply {
		t.Fatalf("the report is %+v", got)
	}
	want := channeltest.Status{ProviderID: id, State: "failed", Reason: "a@b.test: there is no such mailbox: 550 5.1.1 User unknown"}
	if s := b.desk.Statuses(); len(s) != 1 || s[0] != want {
		t.Errorf("statuses %+v", s)
	}
	takeMails(t, b, raw(id, "delayed"))
	takeMails(t, b, raw("tms."+thread+".aaaaaaaaaa.bbbbbbbbbbbb@tamas.test", "failed")) // anybody can write such a thing
	if s := b.desk.Statuses(); len(s) != 1 {
		t.Errorf("statuses %+v", s)
	}
}
