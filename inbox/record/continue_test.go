package record

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tamas/channels"
)

func TestWhatAVisitorHasNotSeen(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		known := func(conv string) *Event { // a visitor whose email is known
			e := f.receive(conv, "k-"+conv, "hello")
			e.Marks = []Mark{{Kind: MarkLink, Link: &channels.Link{Channel: "external", Address: conv, Email: conv + "@example.com"}}}
			f.write()
			return e
		}
		answer := func(conv, text, state string) *Touch {
			r := f.reply(conv, "u1", text).Touch
			f.state(r, state, nil)
			return r
		}
		find := func(u Unseen) (list []string) {
			t.Helper()
			if len(f.events) > 0 {
				f.write()
			}
			u.Account, u.AtMost = "a1", 100
			if u.Channel == "" {
				u.Channel = "email"
			}
			if u.To == 0 {
				u.To = f.now
			}
			for _, c := range must(db.Unseen(t.Context(), u)) {
				list = append(list, c.Conversation)
			}
			slices.Sort(list)
			return list
		}
		for _, x := range []struct{ conv, state string }{{"sent", StateSent}, {"delivered", StateDelivered}, {"read", StateRead}, {"queued", StateQueued}, {"failed", StateFailed}, {"stop", StateSent}, {"again", StateSent}, {"gone", StateSent}} {
			known(x.conv)
			answer(x.conv, "yes", x.state)
		}
		f.receive("nobody", "k-nobody", "hello")
		answer("nobody", "yes", StateSent)
		address := func(conv string) *Identity {
			i := db.IdentityOf("email", conv+"@example.com", "")
			return &i
		}
		f.mark(address("stop"), Mark{Kind: MarkConsent, Value: "stop"})
		f.mark(address("gone"), Mark{Kind: MarkUnreachable, Value: "no such mailbox"})
		known("later") // who has read a later one has seen it
		answer("later", "yes", StateSent)
		answer("later", "and", StateRead)
		blocked := known("blocked")
		answer("blocked", "yes", StateSent)
		f.mark(blocked.Identity, Mark{Kind: MarkBlocked, Value: "yes"})
		f.receive("again", "k2-again", "are you there?")

		if got := find(Unseen{}); fmt.Sprint(got) != "[delivered sent]" {
			t.Errorf("unseen: %v", got)
		}
		if got := find(Unseen{To: 1}); got != nil {
			t.Errorf("before all: %v", got)
		}
		if got := find(Unseen{From: f.now + 1, To: f.now + 2}); got != nil {
			t.Errorf("after all: %v", got)
		}
		if got := find(Unseen{Channel: "telegram"}); got != nil {
			t.Errorf("on a channel where nobody is known: %v", got)
		}
		if got := find(Unseen{Spoken: "mail"}); got != nil {
			t.Errorf("who never spoke with the account: %v", got)
		}

		// What went on does not again; what is newer does.
		last := answer("sent", "and this", StateSent)
		i := address("sent")
		f.append(Event{Kind: EvQueued, By: Continuer, Identity: i, Touch: &Touch{Kind: KindMessage, Conversation: "mail-1", Identity: i.ID, Account: "mail", Channel: "email",
			Author: Continuer, At: f.now, State: StateQueued, Rev: 1, ReplyTo: last.ID, Body: &Body{Text: "both"}}})
		if got := find(Unseen{}); fmt.Sprint(got) != "[delivered]" {
			t.Errorf("after it went on: %v", got)
		}
		if n, want := must(db.Carried(t.Context(), "sent")), must(db.Touch(t.Context(), last.ID)).N; n != want {
			t.Errorf("carried up to %d, not %d", n, want)
		}
		if list := must(db.Continued(t.Context(), f.now)); len(list) != 1 || list[0].Body.Text != "both" || list[0].ReplyTo != last.ID {
			t.Errorf("continued: %+v", list)
		}
		if n := must(db.SentBy(t.Context(), Continuer, i.ID, f.now)); n != 1 {
			t.Errorf("%d sent", n)
		}
		answer("sent", "one more", StateSent)
		if got := find(Unseen{}); fmt.Sprint(got) != "[delivered sent]" {
			t.Errorf("what is newer: %v", got)
		}

		if list := must(db.Reachable(t.Context(), "i-sent", "email", "")); len(list) != 1 || list[0].Address != "sent@example.com" {
			t.Errorf("reachable: %+v", list)
		}
		if list := must(db.Reachable(t.Context(), "i-stop", "email", "")); len(list) != 0 {
			t.Errorf("reachable in spite of STOP: %+v", list)
		}
		if db.Kind() == "sqlite" { // PostgreSQL reads a table this small whole
			plan := strings.Join(must(collect(t.Context(), db.pool, func(rows *sql.Rows, s *string) error {
				var a, b, c int
				return rows.Scan(&a, &b, &c, s)
			}, "EXPLAIN QUERY PLAN "+unseenQuery, "email", "", "a1", 0, int64(f.now), 0, 10)), "\n")
			for _, want := range []string{"touches_unseen", "touches_continued", "identities_customer"} {
				if !strings.Contains(plan, want) {
					t.Errorf("the query does not use %s:\n%s", want, plan)
				}
			}
		}
	})
}
