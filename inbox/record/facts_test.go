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

// TestWhoLeavesGivesUp: who leaves while waiting has given up then, once, whatever becomes of the conversation; who is back waits again.
func TestWhoLeavesGivesUp(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00")
		answered, back, over, at := h.chat("q1"), h.chat("q1"), h.chat("q1"), h.chat("q1") // with a target of twenty minutes
		for _, c := range []*Conversation{answered, back, over, at} {
			h.says(c)
		}
		h.at("2026-03-02 09:31:00")
		h.leaves(answered, 60_000)
		h.leaves(back, 60_000)
		h.leaves(over, 60_000)
		h.at("2026-03-02 09:40:00").accept(answered, "ada") // and is answered nonetheless
		h.reply(answered, "ada")
		h.at("2026-03-02 10:00:00").leaves(back, 0)
		h.at("2026-03-02 10:05:00").accept(back, "ada")
		h.resolve(over, person("ada"))
		h.resolve(at, Actor{Kind: "system"})
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		if got, want := values(t, db, h, "offered", "answered", "abandoned", "asa", "frt"), "offered 5, answered 1, abandoned 4, asa 300000, frt 2.4e+06"; got != want {
			t.Errorf("%s, not %s", got, want)
		}
		waited := map[Millis]int{}
		for _, c := range must(db.Contacts(t.Context(), h.events[0].At, h.now+1, "", 100)) {
			if c.Left {
				waited[c.Waited]++
			}
		}
		if waited[30*60_000] != 3 || waited[65*60_000] != 1 {
			t.Errorf("they gave up after %v", waited)
		}
	})
}

// TestReopenedByAnAgent: what an agent adds to what was resolved is no reopening by the customer, and the customer's next message waits for a first response.
func TestReopenedByAnAgent(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00")
		c := h.chat("q2")
		h.says(c)
		h.at("2026-03-02 09:05:00").reply(c, "ada")
		h.at("2026-03-02 09:06:00").resolve(c, person("ada"))
		h.at("2026-03-02 10:00:00").reply(c, "ada") // "by the way"
		h.at("2026-03-02 10:30:00").says(c)
		h.at("2026-03-02 10:32:00").reply(c, "ada")
		h.at("2026-03-02 10:33:00").resolve(c, person("ada"))
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		if got := values(t, db, h, "reopen_rate"); got != "reopen_rate 0" {
			t.Error(got)
		}
		if first, next := fmt.Sprint(durationsOf(t, db, "frt", ClockWall, h)), fmt.Sprint(durationsOf(t, db, "next_response", ClockWall, h)); first != "[2m0s 5m0s]" || next != "[]" {
			t.Errorf("first responses %s, next ones %s", first, next)
		}
		h.at("2026-03-02 11:00:00").says(c)
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		if got := values(t, db, h, "reopen_rate"); got != "reopen_rate 0.5" {
			t.Error(got)
		}
	})
}

// TestHandlingIsAwake: nobody handles what sleeps, and an agent with two at once gives each half of the time.
func TestHandlingIsAwake(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00").is("ada", Available, "")
		a, b := h.chat("q2"), h.chat("q2")
		h.says(a)
		h.says(b)
		h.accept(a, "ada")
		h.accept(b, "ada")
		h.at("2026-03-02 09:10:00").reply(a, "ada")
		a.Status = Snoozed
		h.emit(Event{Kind: EvSnoozed, By: person("ada")}, a)
		h.agents["ada"].State = Busy // no wrap-up
		h.at("2026-03-02 09:20:00").resolve(b, person("ada"))
		h.at("2026-03-03 09:00:00").queue(a)
		h.emit(Event{Kind: EvWoken}, a)
		h.accept(a, "ada")
		h.at("2026-03-03 09:04:00").resolve(a, person("ada"))
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		if wall, share := fmt.Sprint(durationsOf(t, db, "aht", ClockWall, h)), fmt.Sprint(durationsOf(t, db, "aht", ClockAttention, h)); wall != "[14m0s 20m0s]" || share != "[9m0s 15m0s]" {
			t.Errorf("by the wall clock %s, as share of attention %s", wall, share)
		}
		list := must(db.Contacts(t.Context(), h.events[0].At, h.now, "", 9))
		if len(list) != 2 || list[0].Handled != 14*60_000 || list[0].Alone != 9*60_000 || list[1].Alone != 15*60_000 {
			t.Errorf("%+v", list)
		}
	})
}

// TestRatingsAreOfConversations: who rates again changes the rating, also when it was summed; who cannot be asked lowers no response rate.
func TestRatingsAreOfConversations(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00")
		c, mail := h.chat("q2"), h.chat("q2")
		mail.Account, mail.Channel = "acct-email", "email"
		for _, c := range []*Conversation{c, mail} {
			h.says(c)
			h.resolve(c, person("ada"))
		}
		rate := func(score int) {
			h.now += 60_000
			h.emit(Event{Kind: EvLogged, By: Actor{Kind: "customer"}, Identity: h.identity(c), Touch: &Touch{Kind: KindRating, Conversation: c.ID, Identity: c.Identity,
				Account: c.Account, Channel: c.Channel, Inbound: true, Author: Actor{Kind: "customer"}, State: StateReceived, Score: score, Body: &Body{}}}, nil)
		}
		rate(5)
		rate(4)
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		h.now += 24 * 3600_000
		rate(2)
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		if got := values(t, db, h, "csat", "csat_response"); got != "csat 0, csat_response 1" {
			t.Error(got)
		}
	})
}

// TestServiceLevelByWorkingTime: what comes in the evening and is answered in the morning is in time by the business clock.
func TestServiceLevelByWorkingTime(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 20:00:00") // q1 works from 8 to 16; its target is twenty minutes
		c := h.chat("q1")
		h.says(c)
		h.at("2026-03-03 08:05:00").accept(c, "ada")
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		for clock, want := range map[string]float64{ClockWall: 0, ClockBusiness: 1} {
			q := ReportQuery{Figure: "service_level", Clock: clock, From: h.events[0].At, To: h.now + 1, Now: h.now}
			r := must(db.Report(t.Context(), q))
			items, _, err := db.ReportItems(t.Context(), q, "", false, "", 9)
			if err != nil || *r.Total.Value != want || len(items) != 1 || items[0].OK != (want == 1) {
				t.Errorf("by the %s clock %v, of %+v; %v", clock, *r.Total.Value, items, err)
			}
		}
	})
}

// TestStatesOfARow: a row of time in state opens the parts that it counts, the state that goes on included.
func TestStatesOfARow(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 22:00:00").is("ada", Available, "")
		h.at("2026-03-03 01:00:00").is("ada", Break, "lunch")
		h.at("2026-03-03 01:30:00")
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		for key, want := range map[string]string{"2026-03-02": "[available 2h0m0s]", "2026-03-03": "[break/lunch 30m0s available 1h0m0s]"} {
			day := At(must(time.Parse("2006-01-02", key)))
			items, _, err := db.ReportItems(t.Context(), ReportQuery{Figure: "state_time", From: h.events[0].At, To: h.now, By: ByTime, Step: "day", Now: h.now}, fmt.Sprint(int64(day)), true, "", 10)
			var list []string
			for _, it := range items {
				list = append(list, fmt.Sprint(it.Reason, " ", time.Duration(it.Value)*time.Millisecond))
			}
			if got := fmt.Sprint(list); err != nil || got != want {
				t.Errorf("%s: %s, not %s; %v", key, got, want, err)
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
