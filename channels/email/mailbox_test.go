package email

import (
	"context"
	"testing"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/email/emailtest"
)

// Two accounts of one firm get the same mail: together it is one thread, else two.
func TestOneMailInTwoAccounts(t *testing.T) {
	for _, together := range []bool{true, false} {
		a, desk := corpusAdapter(t)
		b, _ := corpusAdapter(t)
		b.cfg.Desk, b.sign.secret, b.sign.local, b.set.Address = channeltest.NewDesk(), []byte("another secret of 32 bytes ......"), "sales", "sales@tamas.test"
		a.set.Together, b.set.Together = together, together
		raw := emailtest.Compose("Sara <sara@example.org>", "m1@example.org", "Order", "x", "Cc: sales@tamas.test")
		get := func(a *Adapter, raw []byte) channels.Inbound {
			batch, err := a.batch(context.Background(), []*letter{{raw: raw}})
			if err != nil || len(batch.Messages) != 1 {
				t.Fatal(batch, err)
			}
			return batch.Messages[0]
		}
		inA, inB := get(a, raw), get(b, raw)
		if shared := inA.Thread[0] == '*'; shared != together || inA.Thread != inB.Thread || inA.Key != inB.Key {
			t.Errorf("together %v: threads %q and %q", together, inA.Thread, inB.Thread)
		}
		// A token proves a thread, and whether it is a shared one.
		plus, id := a.sign.plusAddress(inA.Thread), a.sign.messageID("out1", inA.Thread)
		if got := a.sign.ofAddress(plus); got != inA.Thread {
			t.Errorf("%s proves %q", plus, got)
		}
		if got, own := a.sign.ofMessageID(id); got != inA.Thread || !own {
			t.Errorf("%s proves %q", id, got)
		}
		if b.sign.ofAddress(plus) != "" {
			t.Error("an account believes another's token")
		}
		// An answer of the customer's to both: the other account asks the record, which knows shared threads of all accounts.
		answer := emailtest.Compose("Sara <sara@private.test>", "m2@private.test", "Re: Order", "y", "In-Reply-To: <"+id+">", "Delivered-To: "+plus)
		desk.SetThread(id, inA.Thread)
		b.cfg.Desk.(*channeltest.Desk).SetThread(id, inA.Thread)
		if got := get(a, answer); got.Thread != inA.Thread || got.Address != "sara@private.test" {
			t.Errorf("answer in %q of %q", got.Thread, got.Address)
		}
		if got := get(b, answer); got.Thread != inA.Thread {
			t.Errorf("answer in %q", got.Thread)
		}
	}
}

// A token of a thread that is not shared does not open the shared one of the same letters, nor the other way round.
func TestTokensKeepKindsApart(t *testing.T) {
	a, _ := corpusAdapter(t)
	thread := short(threadLen, "x")
	for _, kind := range []string{thread, "*" + thread} {
		if got := a.sign.ofAddress(a.sign.plusAddress(kind)); got != kind {
			t.Errorf("%q becomes %q", kind, got)
		}
		if got, _ := a.sign.ofMessageID(a.sign.messageID("m", kind)); got != kind {
			t.Errorf("%q becomes %q", kind, got)
		}
	}
	if a.sign.plusAddress(thread) == a.sign.plusAddress("*"+thread) {
		t.Error("one token for two threads")
	}
}

// Who the customer is.
func TestCustomer(t *testing.T) {
	a, _ := corpusAdapter(t)
	for name, c := range map[string]struct {
		header string
		addr   string
		auto   bool
	}{
		"a person":                          {"From: sara@example.org", "sara@example.org", false},
		"another answer address":            {"From: sara@example.org\r\nReply-To: sara@work.test", "sara@example.org", false},
		"a form of our own site":            {"From: support@tamas.test\r\nReply-To: Sara <sara@example.org>", "sara@example.org", false},
		"a form that we named":              {"From: forms@shop.test\r\nReply-To: sara@example.org\r\nAuto-Submitted: auto-generated", "sara@example.org", false},
		"a form that we named, alone":       {"From: forms@shop.test", "forms@shop.test", false},
		"WordPress":                         {"From: WordPress <wordpress@site.test>\r\nReply-To: sara@example.org", "sara@example.org", false},
		"WordPress, of nobody":              {"From: WordPress <wordpress@site.test>", "wordpress@site.test", false},
		"no-reply that means itself":        {"From: no-reply@shop.test\r\nReply-To: help@mail.shop.test", "no-reply@shop.test", true},
		"no-reply of two":                   {"From: no-reply@shop.test\r\nReply-To: a@x.test, b@y.test", "no-reply@shop.test", true},
		"no-reply that answers by itself":   {"From: no-reply@shop.test\r\nReply-To: a@x.test\r\nAuto-Submitted: auto-replied", "no-reply@shop.test", true},
		"no-reply to no-reply":              {"From: no-reply@shop.test\r\nReply-To: no-reply@x.test", "no-reply@shop.test", true},
		"a newsletter":                      {"From: no-reply@shop.test\r\nReply-To: sales@x.test\r\nList-Unsubscribe: <https://x.test>", "no-reply@shop.test", true},
		"our address, and it again":         {"From: support@tamas.test\r\nReply-To: support+x@tamas.test", "support@tamas.test", true},
		"a list in the writer's place":      {"From: \"Sara via Help\" <help@group.test>\r\nReply-To: sara@example.org\r\nList-Id: <help.group.test>", "sara@example.org", false},
		"an auto-reply by that list":        {"From: \"Sara via Help\" <help@group.test>\r\nReply-To: sara@example.org\r\nList-Id: <help.group.test>\r\nAuto-Submitted: auto-replied", "help@group.test", true},
		"a list that names somebody":        {"From: \"Help\" <help@group.test>\r\nReply-To: sara@example.org\r\nList-Id: <help.group.test>", "help@group.test", true},
		"somebody whose name says via":      {"From: \"Sara via Help\" <evil@x.test>\r\nReply-To: sara@example.org", "evil@x.test", false},
		"a null sender that names somebody": {"From: no-reply@shop.test\r\nReply-To: sara@example.org\r\nReturn-Path: <>", "no-reply@shop.test", true},
	} {
		batch, err := a.batch(context.Background(), []*letter{{raw: []byte(c.header + "\r\nMessage-ID: <m@x.test>\r\nTo: support@tamas.test\r\n\r\nx\r\n")}})
		if err != nil || len(batch.Messages) != 1 {
			t.Fatal(name, err)
		}
		if in := batch.Messages[0]; in.Address != c.addr || in.AutoReply != c.auto {
			t.Errorf("%s: %s, auto %v", name, in.Address, in.AutoReply)
		}
	}
}

// What a sender writes about himself never speaks for him.
func TestNobodySpeaksForHimself(t *testing.T) {
	for header, want := range map[string]bool{
		"X-Spam-Flag: NO\r\nX-Spam-Flag: YES":                                                                                     true,
		"X-Spam-Status: No\r\nX-Spam-Status: Yes, 9":                                                                              true,
		"X-MS-Exchange-Organization-SCL: -1\r\nX-Forefront-Antispam-Report: SCL:9;":                                               true,
		"Authentication-Results: mx.tamas.test; dmarc=pass\r\nAuthentication-Results: mx.tamas.test 1; dmarc=fail (p=quarantine)": true,
		"Authentication-Results: MX.tamas.test; dmarc=fail":                                                                       true,
		"Authentication-Results: mx.tamas.test.evil.test; dmarc=fail":                                                             false,
		"X-MS-Exchange-Organization-SCL: 1":                                                                                       false,
		"X-Spam-Flag: maybe":                                                                                                      false,
		"Subject: dmarc=fail":                                                                                                     false,
		"Authentication-Results: mx.tamas.test; dkim=fail; dmarc=pass header.from=x; arc=fail\r\nX-Other: Authentication-Results: fail": false,
	} {
		m := Parse([]byte("From: a@b.test\r\n"+header+"\r\n\r\nx"), false)
		if got := spam(m.header, "mx.tamas.test"); (got != "") != want {
			t.Errorf("%q: %q", header, got)
		}
		if got := spam(m.header, ""); got != "" && header[0] == 'A' {
			t.Errorf("%q is believed without a server of ours: %q", header, got)
		}
	}
	if _, bad := blockList([]string{"a@b.test", " @Spam.test ", "", "@bücher.example"}); bad != "" {
		t.Errorf("%q is refused", bad)
	}
	for _, line := range []string{"nobody", "@", "a b@c.test", "@a@b"} {
		if _, bad := blockList([]string{line}); bad == "" {
			t.Errorf("%q passes", line)
		}
	}
	if _, err := Kind().Open(channels.Config{Secret: testSecret, Settings: []byte(`{"address":"a@b.test","imap_host":"x","smtp_host":"x","password":"x","blocked_senders":["nobody"]}`)}); err == nil {
		t.Error("a list that cannot be read is taken")
	}
	if blocked([]string{"@b.test"}, "x@ab.test") != "" || blocked([]string{"@b.test"}, "x@a.b.test") == "" || blocked([]string{"x@b.test"}, "y@b.test", "x@b.test") == "" {
		t.Error("a wrong sender is blocked")
	}
}
