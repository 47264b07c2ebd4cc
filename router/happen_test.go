package router

import (
	"fmt"
	"math/rand"
	"slices"

	"tamas/inbox/record"
)

// happen lets something random happen that is not the router's doing, and says what.
func (w *world) happen(rnd *rand.Rand) string {
	some := func(status ...record.Status) string {
		var ids []string
		for _, id := range sorted(w.convs) {
			if slices.Contains(status, w.convs[id].Status) {
				ids = append(ids, id)
			}
		}
		return pick(rnd, ids)
	}
	agent := pick(rnd, sorted(w.users))
	switch what := rnd.Intn(20); what {
	case 0, 1, 2, 3: // a new customer
		if len(w.convs) > 40 {
			return "full"
		}
		id := fmt.Sprintf("c%05d", w.n)
		c := record.Conversation{ID: id, Version: 0, Queue: pick(rnd, append(sorted(w.queues), "q0", "gone")), Status: record.Waiting,
			Units: []int{1, 1, 1, 1, 1, 2, 2, 3, record.AllUnits}[rnd.Intn(9)], Channel: []string{"mail", "chat"}[rnd.Intn(2)], Needs: someNeeds(rnd),
			SLA: w.someSLA(rnd), Priority: rnd.Intn(4) / 3 * 2, WaitingSince: w.now, QueuedAt: w.now, Unanswered: w.now, CreatedAt: w.now, LastMessageAt: w.now}
		w.convs[id] = &c
		w.change(id).commit(record.EvReceived)
		return "arrival " + id + " in " + c.Queue
	case 4: // the customer writes again
		id := some(record.Active, record.Snoozed, record.Resolved)
		if id == "" {
			return "nobody"
		}
		t := w.change(id)
		if t.conv.Unanswered == 0 {
			t.conv.Unanswered = w.now
		}
		t.conv.LastMessageAt = w.now
		if t.conv.Released { // it wakes, also into a full load
			t.conv.Released = false
			units := t.conv.Units
			if units == record.AllUnits {
				units = w.users[t.conv.Owner].Capacity
			}
			t.of(t.conv.Owner).Held[t.conv.ID] = units
		}
		if t.conv.Status != record.Active {
			t.conv.Prefer, t.conv.WaitingSince = t.conv.Owner, 0
			t.queue(w.now)
		}
		t.commit(record.EvReceived)
		return "message in " + id
	case 5, 6, 7:
		id := some(record.Offered)
		if id == "" {
			return "no offer"
		}
		t := w.change(id)
		if t.own(t.conv.OfferedTo) == nil {
			t.commit(record.EvAccepted)
		}
		return "accept " + id
	case 8:
		id := some(record.Offered)
		if id == "" {
			return "no offer"
		}
		t := w.change(id)
		by := t.conv.OfferedTo
		t.queue(w.now)
		t.refused(by)
		t.commit(record.EvDeclined)
		return "decline " + id + " by " + by
	case 9, 10:
		id := some(record.Active)
		if id == "" {
			return "nothing active"
		}
		t := w.change(id)
		owner := t.conv.Owner
		t.letGo()
		if secs := w.secs(t.conv.Queue); secs > 0 && w.agents[owner].State == record.Available {
			a := t.of(owner)
			a.State, a.Since, a.WrapUpUntil = record.WrapUp, w.now, w.now+record.Millis(secs)*1000
		}
		t.conv.Status, t.conv.Unanswered, t.conv.WaitingSince, t.conv.ReopenUntil = record.Resolved, 0, 0, w.now+record.Millis(rnd.Intn(200_000))
		t.commit(record.EvResolved)
		return "resolve " + id
	case 11:
		id := some(record.Active)
		if id == "" {
			return "nothing active"
		}
		t := w.change(id)
		t.conv.Unanswered, t.conv.WaitingSince, t.conv.LastMessageAt = 0, 0, w.now
		t.commit(record.EvQueued)
		return "reply " + id
	case 12:
		id := some(record.Active, record.Waiting, record.Offered)
		if id == "" {
			return "nothing to transfer"
		}
		t := w.change(id)
		since := t.conv.WaitingSince
		if since == 0 {
			since = max(t.conv.Unanswered, w.now)
		}
		t.newRound()
		t.conv.Prefer, t.conv.StickyUntil, t.conv.QueuedAt = "", 0, w.now
		if rnd.Intn(2) == 0 {
			t.conv.Queue = pick(rnd, sorted(w.queues))
		} else {
			t.conv.Prefer = agent
		}
		t.conv.WaitingSince = 0
		t.queue(since)
		t.commit(record.EvTransfer)
		return "transfer " + id + " to " + t.conv.Queue + " " + t.conv.Prefer
	case 13:
		id := some(record.Active, record.Waiting)
		if id == "" {
			return "nothing to snooze"
		}
		t := w.change(id)
		t.letGo()
		if t.conv.Owner == "" {
			t.conv.Owner = agent
		}
		t.conv.Status, t.conv.SnoozedUntil, t.conv.WaitingSince = record.Snoozed, w.now+record.Millis(rnd.Intn(100_000)), 0
		t.commit(record.EvSnoozed)
		return "snooze " + id
	case 14, 15:
		t := w.change("")
		a := t.of(agent)
		a.State = []record.AgentState{record.Offline, record.Available, record.Available, record.Available, record.Busy, record.Break, record.WrapUp}[rnd.Intn(7)]
		a.WrapUpUntil = 0
		if a.State == record.WrapUp && rnd.Intn(2) == 0 {
			a.WrapUpUntil = w.now + 20_000
		}
		a.Since, a.Channels = w.now, [][]string{nil, nil, {"mail"}, {"chat", "mail"}}[rnd.Intn(4)]
		t.commit(record.EvAgent)
		return "state of " + agent + ": " + string(a.State)
	case 16:
		t := w.change("")
		a := t.of(agent)
		if a.LostAt == 0 {
			a.LostAt = w.now
		} else {
			a.LostAt = 0
		}
		t.commit(record.EvAgent)
		return fmt.Sprintf("socket of %s lost: %v", agent, a.LostAt > 0)
	case 17: // a supervisor assigns, or somebody claims
		id := some(record.Active, record.Waiting, record.Offered)
		if id == "" {
			return "nothing to assign"
		}
		t := w.change(id)
		if t.own(agent) == nil {
			t.commit(record.EvAssigned)
		}
		return "assign " + id + " to " + agent
	case 18:
		id := some(record.Waiting, record.Offered)
		if id == "" {
			return "nothing waits"
		}
		t := w.change(id)
		switch rnd.Intn(3) {
		case 0:
			t.conv.Needs = someNeeds(rnd)
		case 1:
			t.conv.SLA = w.someSLA(rnd)
		default:
			t.conv.Priority = rnd.Intn(3)
		}
		t.commit(record.EvChanged)
		return "priority " + id
	default:
		if rnd.Intn(4) > 0 {
			return "settings stay"
		}
		if rnd.Intn(2) == 0 {
			w.shuffleQueue(pick(rnd, sorted(w.queues)), rnd)
		} else {
			u := *w.users[agent]
			u.Capacity, u.Disabled, u.Skills = rnd.Intn(6), rnd.Intn(6) == 0, someSkills(rnd)
			w.users[agent] = &u
		}
		return "settings"
	}
}
