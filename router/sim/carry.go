package sim

import (
	"tamas/inbox/record"
	"tamas/router"
)

// carry does what the engine decided; false: it cannot be (any more).
func (h *hub) carry(d router.Decision) bool {
	if d.Action == router.ActState {
		a := h.agents[d.Agent]
		if a == nil || a.Version != d.Version {
			return false
		}
		h.state(d.Agent, d.State)
		return true
	}
	w := h.convs[d.Conversation]
	if w == nil || w.h.Version != d.Version {
		return false
	}
	switch d.Action {
	case router.ActPush:
		return h.take(w, d.Agent)
	case router.ActOffer:
		return h.offer(w, d)
	case router.ActTimeout, router.ActRequeue:
		return h.requeue(w, d)
	case router.ActOverflow:
		return h.overflow(w, d)
	case router.ActTell: // a text changes nothing about who gets what
		w.h.ToldText = append(w.h.ToldText, d.Reason)
		h.tell(record.EvTold, &w.h)
		return true
	}
	return false
}

// give puts the units on an agent who has room for them.
func (h *hub) give(w *work, id string) *record.Agent {
	a, u := h.agents[id], h.users[id]
	if a == nil || u == nil || a.State != record.Available {
		return nil
	}
	units := w.h.Units
	if units == record.AllUnits {
		units = u.Capacity
	}
	if _, held := a.Held[w.h.ID]; !held && (units < 1 || a.Used()+units > u.Capacity) {
		return nil
	}
	a.Held[w.h.ID] = units
	return a
}

func (h *hub) offer(w *work, d router.Decision) bool {
	a := h.give(w, d.Agent)
	if a == nil || w.h.Status != record.Waiting {
		return false
	}
	w.h.Status, w.h.OfferedTo, w.h.OfferUntil = record.Offered, d.Agent, d.Until
	h.tell(record.EvOffered, &w.h, a)
	version, id := w.h.Version, w.h.ID
	mood := h.mood.Float64()
	if mood < h.s.Ignored {
		return true
	}
	if answer := h.now + h.s.Accept; answer < d.Until {
		h.at(answer, func() {
			switch w := h.convs[id]; {
			case w == nil || w.h.Version != version:
			case mood < h.s.Ignored+h.s.Declined:
				h.back(w, record.EvDeclined, true)
			default:
				h.take(w, d.Agent)
			}
		})
	}
	return true
}

// back puts what is offered back in line; refused: its agent is not asked again in this round.
func (h *hub) back(w *work, kind string, refused bool) {
	a := h.agents[w.h.OfferedTo]
	delete(a.Held, w.h.ID)
	if refused {
		w.h.Declined, w.h.DeclinedAt = append(w.h.Declined, a.ID), h.now
	}
	w.h.Status, w.h.OfferedTo, w.h.OfferUntil = record.Waiting, "", 0
	h.tell(kind, &w.h, a)
}

// take begins the work.
func (h *hub) take(w *work, id string) bool {
	a := h.give(w, id)
	if a == nil && w.h.OfferedTo == id && h.agents[id] != nil { // it was held for this agent since the offer
		a = h.agents[id]
	}
	if a == nil {
		return false
	}
	w.agent, w.taken = id, h.now
	h.tally.answered(w)
	w.h.Status, w.h.Owner, w.h.OfferedTo, w.h.OfferUntil = record.Active, id, "", 0
	w.h.Declined, w.h.DeclinedAt, w.h.Hops, w.h.Prefer = nil, 0, nil, ""
	w.h.AssignedAt, w.h.WaitingSince, w.h.QueuedAt = h.now, 0, 0
	a.IdleSince, a.TurnAt = h.now, h.now
	h.tell(record.EvAccepted, &w.h, a)
	conversation := w.h.ID
	h.at(h.now+max(1, w.Handle), func() { h.finish(conversation) })
	return true
}

func (h *hub) finish(id string) {
	w := h.convs[id]
	if w == nil {
		return
	}
	a := h.agents[w.agent]
	delete(a.Held, id)
	a.IdleSince = h.now
	if secs := h.queues[w.h.Queue].WrapUpSecs; secs > 0 && a.State == record.Available {
		a.State, a.Since, a.WrapUpUntil = record.WrapUp, h.now, h.now+record.Millis(secs)*1000
	}
	h.close(w, a)
}

func (h *hub) requeue(w *work, d router.Decision) bool {
	switch id := w.h.OfferedTo; {
	case id != "" && d.Action == router.ActTimeout:
		if a := h.agents[id]; a.State == record.Available { // back at work after a minute, as people are
			a.State, a.Since = record.NotResponding, h.now
			since := h.now
			h.at(h.now+60_000, func() {
				if a.State == record.NotResponding && a.Since == since {
					h.state(id, record.Available)
				}
			})
		}
		h.back(w, record.EvTimedOut, true)
	case id != "":
		h.back(w, record.EvRequeued, false)
	case w.agent != "": // of an agent whose shift is over: what is begun is finished
		return false
	default:
		w.h.Declined, w.h.DeclinedAt = nil, 0
		h.tell(record.EvRequeued, &w.h)
	}
	return true
}

func (h *hub) overflow(w *work, d router.Decision) bool {
	if h.queues[d.Queue] == nil || w.h.Status != record.Waiting {
		return false
	}
	h.tally.r.Overflows++
	w.h.Hops = append(w.h.Hops, w.h.Queue)
	w.h.Queue, w.h.QueuedAt = d.Queue, h.now
	w.h.Declined, w.h.DeclinedAt, w.h.ToldText = nil, 0, nil
	h.tell(record.EvOverflowed, &w.h)
	return true
}
