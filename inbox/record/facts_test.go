package record

import (
	"fmt"
	"testing"
	"time"
)

// values are figures' totals over all of a history, as "figure value".
func values(t *testing.T, db *DB, h *history, figures ...string) string {
	t.Helper()
	text := ""
	for _, id := range figures {
		r, err := db.Report(t.Context(), ReportQuery{Figure: id, From: h.events[0].At, To: h.now + 1, Now: h.now})
		if err != nil {
			t.Fatal(err)
		}
		v := "-"
		if r.Total.Value != nil {
			v = fmt.Sprint(*r.Total.Value)
		}
		text += fmt.Sprintf("%s %s, ", id, v)
	}
	return text[:len(text)-2]
}

func (h *history) accept(c *Conversation, agent string) {
	h.own(c, agent)
	h.emit(Event{Kind: EvAccepted, By: person(agent)}, c, agent)
}

// sleeps snoozes a conversation for a while; it comes back to its queue.
func (h *history) sleeps(c *Conversation, d time.Duration) {
	c.Status = Snoozed
	h.emit(Event{Kind: EvSnoozed, By: person(c.Owner)}, c)
	h.now += Millis(d.Milliseconds())
	c.Prefer = c.Owner
	h.queue(c)
	h.emit(Event{Kind: EvWoken}, c)
}

// TestAWaitIsTheCustomers: what comes back into its queue while its customer waits for no answer, or after an agent took it for that message, is no
// other contact; a new message, another queue and an agent who was lost begin another wait.
func TestAWaitIsTheCustomers(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		rules := testRules(time.UTC)
		for _, c := range []struct {
			name, want string
			then       func(h *history, c *Conversation)
			contacts   int
		}{
			{"snoozed and woken after an answer", "offered 1, answered 1, asa 2.4e+06, service_level 0", func(h *history, c *Conversation) {
				h.reply(c, "ada")
				for range 3 {
					h.sleeps(c, time.Hour)
					h.accept(c, "ada")
				}
			}, 1},
			{"snoozed and woken unanswered", "offered 1, answered 1, asa 2.4e+06, service_level 0", func(h *history, c *Conversation) {
				for range 3 {
					h.sleeps(c, time.Hour)
					h.accept(c, "ada")
				}
			}, 1},
			{"given to a colleague of the queue", "offered 1, answered 1, asa 2.4e+06, service_level 0", func(h *history, c *Conversation) {
				h.queue(c)
				h.emit(Event{Kind: EvTransfer, By: person("ada")}, c)
				h.accept(c, "ben")
			}, 1},
			{"given to another queue unanswered", "offered 2, answered 2, asa 1.2e+06, service_level 0.5", func(h *history, c *Conversation) {
				h.queue(c)
				c.Queue = "q3"
				h.emit(Event{Kind: EvTransfer, By: person("ada")}, c)
				h.accept(c, "ben")
			}, 2},
			{"taken from an agent who was lost", "offered 2, answered 1, asa 2.4e+06, service_level 0", func(h *history, c *Conversation) {
				h.queue(c)
				h.emit(Event{Kind: EvRequeued}, c)
			}, 2},
			{"another message wakes it", "offered 2, answered 2, asa 1.2e+06, service_level 0.5", func(h *history, c *Conversation) {
				h.reply(c, "ada")
				c.Status = Snoozed
				h.emit(Event{Kind: EvSnoozed, By: person("ada")}, c)
				h.says(c)
				h.accept(c, "ada")
			}, 2},
			{"a message comes while it stands there answered", "offered 2, answered 2, asa 1.5e+06, service_level 0.5", func(h *history, c *Conversation) {
				h.reply(c, "ada")
				h.sleeps(c, time.Hour)
				h.now += 1000_000
				h.says(c)
				h.now += 600_000
				h.accept(c, "ada")
			}, 2},
		} {
			if err := db.MeasureAgain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.write(t.Context(), func(q querier) error { _, err := q.ExecContext(t.Context(), "DELETE FROM events"); return err }); err != nil {
				t.Fatal(err)
			}
			h := newHistory(t, 1, time.Unix(0, 0))
			h.at("2026-03-02 09:00:00")
			h.n, h.written = uint64(must(db.Cursor(t.Context())).N), must(db.Cursor(t.Context()))
			conv := h.chat("q1") // with a target of twenty minutes
			conv.ID = fmt.Sprintf("c-%x", c.name)
			h.says(conv)
			h.now += 2400_000
			h.accept(conv, "ada")
			c.then(h, conv)
			h.flush(db)
			catchUp(t, db, rules, h.now, h.rng)
			if got := values(t, db, h, "offered", "answered", "asa", "service_level"); got != c.want {
				t.Errorf("%s: %s, not %s", c.name, got, c.want)
			}
			if list := must(db.Contacts(t.Context(), h.events[0].At, h.now+1, "", 100)); len(list) != c.contacts {
				t.Errorf("%s: planned for as %d contacts", c.name, len(list))
			}
		}
	})
}

// TestFactsOfBefore: an installation whose facts were measured by the rules of before measures them anew.
func TestFactsOfBefore(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		rules := testRules(time.UTC)
		h := newHistory(t, 3, time.Date(2026, 2, 3, 5, 0, 0, 0, time.UTC))
		for range 600 {
			h.step()
		}
		h.flush(db)
		catchUp(t, db, rules, h.now, h.rng)
		o := measureAnew(h, rules)
		text := must(migrations.ReadFile("migrations/00009_measure_again.sql"))
		if err := db.write(t.Context(), func(q querier) error {
			_, err := q.ExecContext(t.Context(), `INSERT INTO facts (n, kind, agent, happened_at, conversation, queue, account, channel, reason, value, second, ok)
				VALUES (7, 'offered', 'of before', 5, 'c', 'q1', '', '', '', 0, 0, 0)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.write(t.Context(), func(q querier) error {
			_, err := q.ExecContext(t.Context(), db.d.words.Replace(string(text)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		catchUp(t, db, rules, h.now, h.rng)
		sameFacts(t, db, o)
		now := h.now
		want := must(db.Report(t.Context(), ReportQuery{Figure: "offered", From: h.events[0].At, To: now + 1, Now: now})).Total.Count
		if n := int64(count(t, db, "SELECT count(*) FROM facts WHERE kind = 'offered'")); n != want {
			t.Errorf("%d in the report, %d measured", want, n)
		}
	})
}
