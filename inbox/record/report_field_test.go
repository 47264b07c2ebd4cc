package record

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What users of other systems complain about (FIELD.md, 8): response times are wrong, holidays and split shifts do not count, breaks cannot be reported.

// at sets a history's clock.
func (h *history) at(clock string) *history {
	h.now = At(must(time.Parse("2006-01-02 15:04:05", clock)))
	return h
}

func (h *history) chat(queue string) *Conversation {
	c := &Conversation{ID: fmt.Sprintf("c%03d", len(h.convs)), Number: int64(len(h.convs) + 1), Account: "acct-sms", Channel: "sms",
		Identity: fmt.Sprintf("%03d-sms", len(h.convs)), Thread: fmt.Sprint("t", len(h.convs)), Queue: queue, Status: Resolved, CreatedAt: h.now}
	h.convs = append(h.convs, c)
	return c
}

// says lets the customer write.
func (h *history) says(c *Conversation) {
	switch c.Status {
	case Resolved, Snoozed:
		if c.Status == Resolved {
			c.FirstResponseAt = 0
		}
		c.Owner, c.Status, c.WaitingSince, c.ResolvedAt = "", Waiting, h.now, 0
	}
	if c.Unanswered == 0 {
		c.Unanswered = h.now
	}
	t := &Touch{Kind: KindMessage, Conversation: c.ID, Identity: c.Identity, Account: c.Account, Channel: c.Channel, Inbound: true,
		Author: Actor{Kind: "customer"}, State: StateReceived, Key: fmt.Sprint("k", h.n), Body: &Body{Text: "words"}}
	h.emit(Event{Kind: EvReceived, By: Actor{Kind: "customer"}, Identity: h.identity(c), Touch: t}, c)
}

// bot answers by itself.
func (h *history) bot(c *Conversation) {
	h.emit(Event{Kind: EvQueued, By: Actor{Kind: "system", ID: "channel"}, Touch: h.out(c, Actor{Kind: "system", ID: "channel"})}, c)
}

func (h *history) is(agent string, state AgentState, reason string) {
	a := h.agents[agent]
	a.State, a.Reason, a.WrapUp = state, reason, ""
	h.emit(Event{Kind: EvAgent, By: person(agent)}, nil, agent)
}

// durations lists what a figure was made of, latest first.
func durationsOf(t *testing.T, db *DB, figure, clock string, h *history) (list []time.Duration) {
	t.Helper()
	items, _, err := db.ReportItems(t.Context(), ReportQuery{Figure: figure, Clock: clock, From: h.events[0].At, To: h.now + 1, Now: h.now}, "", false, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		list = append(list, time.Duration(it.Value)*time.Millisecond)
	}
	return list
}

// TestField8ResponseTimes: the time of a first response counts from the oldest unanswered message, bots do not stop it, a reopening starts it
// again (a conversation resolved for a week has no response time of a week), notes and what an agent begins are none.
func TestField8ResponseTimes(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 09:00:00")
		c := h.chat("q2")
		h.says(c)
		h.at("2026-03-02 09:00:05").bot(c)
		h.at("2026-03-02 09:02:00").says(c) // it is still the first message that waits
		h.at("2026-03-02 09:05:00").reply(c, "ada")
		h.at("2026-03-02 09:06:00").reply(c, "ada") // answers nothing
		h.at("2026-03-02 09:10:00").says(c)
		h.at("2026-03-02 09:12:30").reply(c, "ben") // a colleague beside
		h.at("2026-03-02 09:13:00").resolve(c, person("ben"))
		h.at("2026-03-09 10:00:00").says(c)
		h.at("2026-03-09 10:01:00").reply(c, "ada")
		h.at("2026-03-09 10:02:00").resolve(c, person("ada"))
		ours := h.chat("q2") // begun by an agent: nobody waits
		h.at("2026-03-09 11:00:00").reply(ours, "ada")
		h.at("2026-03-09 11:30:00").says(ours)
		h.at("2026-03-09 11:31:00").reply(ours, "ada")
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		for figure, want := range map[string]string{"frt": "[1m0s 5m0s]", "next_response": "[1m0s 2m30s]", "resolution_time": "[2m0s 13m0s]"} {
			if got := fmt.Sprint(durationsOf(t, db, figure, ClockWall, h)); got != want {
				t.Errorf("%s: %s, not %s", figure, got, want)
			}
		}
	})
}

// TestField8WorkingTime: over night and in the pause of a split shift the business clock stands still, and both clocks are reported.
func TestField8WorkingTime(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 15:50:00") // q1 works from 8 to 16
		c := h.chat("q1")
		h.says(c)
		h.at("2026-03-03 08:20:00").reply(c, "ada")
		h.at("2026-03-03 10:30:00") // q3 every other hour
		d := h.chat("q3")
		h.says(d)
		h.at("2026-03-03 13:15:00").reply(d, "ada")
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		if got := fmt.Sprint(durationsOf(t, db, "frt", ClockWall, h)); got != "[2h45m0s 16h30m0s]" {
			t.Errorf("by the wall clock %s", got)
		}
		if got := fmt.Sprint(durationsOf(t, db, "frt", ClockBusiness, h)); got != "[1h30m0s 30m0s]" {
			t.Errorf("by the business clock %s", got)
		}
	})
}

// TestField8BreakReport: how long each agent was on what kind of break, cut at midnight, the break that goes on included.
func TestField8BreakReport(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		h.at("2026-03-02 20:00:00").is("ada", Available, "")
		h.at("2026-03-02 21:00:00").is("ada", Break, "lunch")
		h.at("2026-03-02 21:40:00").is("ada", Available, "")
		h.at("2026-03-02 23:30:00").is("ada", Break, "training")
		h.at("2026-03-03 01:00:00").is("ada", Offline, "")
		h.at("2026-03-03 08:00:00").is("ben", Break, "lunch")
		h.at("2026-03-03 08:20:00")
		h.flush(db)
		catchUp(t, db, testRules(time.UTC), h.now, h.rng)
		show := func(q ReportQuery) string {
			q.Figure, q.To, q.Now = "state_time", h.now+1, h.now
			if q.From == 0 {
				q.From = h.events[0].At
			}
			r, err := db.Report(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, row := range r.Rows {
				key := row.Key
				if q.By == ByTime {
					key = "day"
				}
				out = append(out, fmt.Sprintf("%s %v", key, time.Duration(*row.Value)*time.Millisecond))
			}
			return strings.Join(out, ", ")
		}
		for want, q := range map[string]ReportQuery{
			"available 2h50m0s, break/lunch 40m0s, break/training 1h30m0s": {By: ByReason, Agent: "ada"},
			"day 4h0m0s, day 1h20m0s":                                      {By: ByTime, Step: "day"},
			"break/lunch 20m0s":                                            {By: ByReason, Agent: "ben"},
			"break/lunch 20m0s, break/training 1h0m0s":                     {By: ByReason, From: h.now},
		} {
			got := strings.Split(show(q), ", ")
			if w := strings.Split(want, ", "); q.By == ByReason {
				for _, x := range w {
					if !strings.Contains(strings.Join(got, ", "), x) || len(got) != len(w) {
						t.Errorf("%v, not %s", got, want)
					}
				}
			} else if strings.Join(got, ", ") != want {
				t.Errorf("%v, not %s", got, want)
			}
		}
	})
}

// TestMonthsOfTheReader: steps of a month are those of the reader's calendar, also where months are summed, and each row opens what it counts.
func TestMonthsOfTheReader(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		h := newHistory(t, 1, time.Unix(0, 0))
		for _, day := range []string{"2025-12-05", "2025-12-20", "2025-12-25", "2026-01-15", "2026-01-25"} {
			h.at(day + " 12:00:00").says(h.chat("q2"))
		}
		h.at("2026-06-01 00:00:00").flush(db)
		zone := must(time.LoadLocation("Asia/Tehran"))
		catchUp(t, db, testRules(zone), h.now, h.rng)
		from21 := func(y int, m time.Month, d int) (int, time.Month, int) { // roughly the Persian months
			if d < 21 {
				m--
			}
			return y, m, 21
		}
		q := ReportQuery{Figure: "offered", From: h.events[0].At, To: At(must(time.Parse(time.DateOnly, "2026-02-01"))), By: ByTime, Step: "month", Zone: zone, Now: h.now, Month: from21}
		r := must(db.Report(t.Context(), q))
		got := ""
		for _, row := range r.Rows {
			at := must(strconv.ParseInt(row.Key, 10, 64))
			items, _, err := db.ReportItems(t.Context(), q, row.Key, true, "", 9)
			if err != nil || int64(len(items)) != row.Count {
				t.Errorf("%d things of %+v; %v", len(items), row, err)
			}
			got += fmt.Sprintf("%s: %d, ", Millis(at).Time().In(zone).Format(time.DateOnly), row.Count)
		}
		if want := "2025-11-21: 2, 2025-12-21: 2, 2026-01-21: 1, "; got != want {
			t.Errorf("%s, not %s", got, want)
		}
	})
}
