package router

import (
	"cmp"
	"encoding/json"
	"slices"

	"tamas/inbox/record"
)

// checkHanded checks what is given to an agent against the test's own idea of eligibility, on what the engine has been told.
func (h *history) checkHanded(d Decision) {
	v := h.engineView()
	c, a := h.e.convs[d.Conversation], h.e.agents[d.Agent]
	if u := c.pend.units; c.h.Units == record.AllUnits && u != a.user.Capacity || c.h.Units >= 0 && u != max(1, c.h.Units) {
		h.fail("reserves %d for %+v", u, c.h)
	}
	v.used[d.Agent] -= c.pend.units // its own
	if v.heavyHeld[d.Agent] == c.h.ID {
		v.heavyHeld[d.Agent] = ""
	}
	if why := v.against(&c.h, d.Agent); why != "" {
		h.fail("handed to somebody who cannot take it (%s): %+v\n%+v\n%+v", why, d, c.h, a.h)
	}
	if h.prompt && h.w.keep {
		if at, ok := h.w.asked[[2]string{d.Conversation, d.Agent}]; ok {
			h.fail("asked again in the same round, refused at %d: %+v", at, d)
		}
	}
}

func (h *history) checkNobodyForgotten(now record.Millis) {
	v := h.engineView()
	keepers := 0
	for _, a := range h.e.agents {
		if a.kept == nil {
			continue
		}
		keepers++
		if k := a.kept; k.pend != nil && !k.pend.aside || k.h.Status != record.Waiting || weight(&k.h) < 2 || k.h.WaitingSince+v.heavyAfter(&k.h) > now ||
			a.user.Capacity < k.h.Units || slices.Contains(v.queues[k.h.Queue].Members, a.h.ID) && v.able(&k.h, a.h.ID) != "" {
			h.fail("%s is kept for %+v, %v, %+v", a.h.ID, k.h, v.able(&k.h, a.h.ID), a.user)
		}
	}
	if keepers > len(h.e.queues) {
		h.fail("%d agents are kept for %d queues", keepers, len(h.e.queues))
	}
	for id, c := range h.e.convs {
		if c.h.Status != record.Waiting {
			continue
		}
		x := h.e.Explain(id, now)
		h.checkReasons(v, c, x.Reasons)
		ahead := 1
		for _, o := range h.e.convs {
			if o.h.Status == record.Waiting && o.h.Queue == c.h.Queue && v.earlier(&o.h, &c.h) {
				ahead++
			}
		}
		if x.Position != ahead {
			h.fail("%s is explained as number %d and is number %d", id, x.Position, ahead)
		}
		if c.held() {
			continue
		}
		for _, a := range h.e.agents {
			if a.kept != nil && weight(&c.h) < weight(&a.kept.h) {
				continue
			}
			if v.against(&c.h, a.h.ID) == "" {
				h.fail("%s waits although %s could take it: %+v", id, a.h.ID, c.h)
			}
			if c.pend != nil {
				continue
			}
			again := c.h
			again.Declined = nil
			if len(c.h.Declined) > 0 && c.h.DeclinedAt+v.round <= now && slices.Contains(c.h.Declined, a.h.ID) && v.against(&again, a.h.ID) == "" &&
				v.queues[c.h.Queue].Mode != ModePull && !v.sticky(&c.h) {
				h.fail("%s waits for a new round although %s could take it", id, a.h.ID)
			}
		}
		if o := v.overflows(&c.h); o != "" && c.pend == nil && c.tries == 0 {
			h.fail("%s should %s: %+v, %+v", id, o, c.h, c.queue.h.Routing.Overflow)
		}
	}
	for id, c := range h.e.convs {
		if c.pend != nil || c.h.SLA == nil {
			continue
		}
		for _, k := range c.h.SLA.Clocks {
			if k.MetAt == 0 && k.Due > 0 && !k.Broken && (k.Due <= now || k.WarnAt > 0 && !k.Warned && k.WarnAt <= now) {
				h.fail("nobody says of %s that a clock runs out: %+v", id, k)
			}
		}
	}
}

// said is the view's word for a reason; for those that are not here: away.
var said = map[Reason]string{NotMember: "not asked", Sticky: "not asked", Later: "not asked", Declined: "declined", Channel: "channel", NoSkill: "skills", LowLevel: "skills",
	Full: "room", Heavy: "kept"}

// checkReasons: whoever waits has a reason, and whoever serves the queue or is preferred and cannot take it has the right one.
func (h *history) checkReasons(v *view, c *conv, why []Exclusion) {
	id := c.h.ID
	if len(why) == 0 {
		h.fail("%s waits without a reason", id)
	}
	deciding := c.pend != nil && !c.pend.refused
	got := map[string]string{}
	for _, x := range why {
		switch {
		case deciding != (x.Reason == Deciding):
			h.fail("%s, pending %+v, is explained by %v", id, c.pend, why)
		case x.Agent != "":
			got[x.Agent] = cmp.Or(said[x.Reason], "away")
		}
	}
	if deciding {
		return
	}
	q, reason := v.queue(&c.h), Reason("")
	switch {
	case q.ID == "":
		reason = NoQueue
	case v.shut(q):
		reason = Closed
	case q.Mode == ModePull:
		reason = Pull
	}
	if reason != "" {
		if !slices.ContainsFunc(why, func(x Exclusion) bool { return x.Reason == reason && x.Agent == "" }) {
			h.fail("%s is not explained by %s: %v", id, reason, why)
		}
		return
	}
	for _, a := range h.e.agents {
		want := ""
		if a.h.ID == c.h.Prefer || v.serves(q, a.h.ID) {
			if want = v.against(&c.h, a.h.ID); want == "" && a.kept != nil && weight(&c.h) < weight(&a.kept.h) {
				want = "kept"
			}
		}
		if got[a.h.ID] != want {
			h.fail("%s against %s taking %s, explained by %v", want, a.h.ID, id, why)
		}
	}
}

// checkTakeOver: an engine that is given the headers, the rules and what is pending decides what the one that lived through it all does.
func (h *history) checkTakeOver() {
	var convs []record.Conversation
	for _, c := range h.e.convs {
		convs = append(convs, c.h)
	}
	var agents []record.Agent
	for _, a := range h.e.agents {
		agents = append(agents, a.h)
	}
	var pending []Pending
	text, err := json.Marshal(h.e.Pending())
	if err == nil {
		err = json.Unmarshal(text, &pending)
	}
	if err != nil {
		h.fail("%v", err)
	}
	fresh := New(DefaultPolicy())
	if h.rnd.Intn(2) == 0 {
		fresh.Settings(h.e.rules.Cut())
	} else {
		fresh.Settings(h.e.rules)
	}
	fresh.Load(h.e.last, convs, agents)
	fresh.Pend(pending)
	h.fresh = fresh
}

// checkWorld checks the laws on the hub's side.
func (h *history) checkWorld() {
	holders := map[string]int{}
	for id, a := range h.w.agents {
		for conv := range a.Held {
			holders[conv]++
			c := h.w.convs[conv]
			if c == nil || c.OfferedTo != id && c.Owner != id {
				h.fail("%s holds %s, which is another's: %+v", id, conv, c)
			}
		}
	}
	for id, c := range h.w.convs {
		want := b2i(c.Status == record.Offered || c.Status == record.Active && !c.Released)
		if holders[id] != want {
			h.fail("%s (%s) is held by %d", id, c.Status, holders[id])
		}
		if c.Status == record.Waiting && c.WaitingSince == 0 {
			h.fail("%s lost its age", id)
		}
	}
}
