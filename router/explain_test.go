package router

import (
	"reflect"
	"slices"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
)

// stillHub is a hub of whose state a copy was made.
type stillHub struct {
	Hub
	conversations []record.Conversation
	agents        []record.Agent
	settings      *inbox.Settings
	looked        *int // how often
}

func newStillHub(convs []record.Conversation, agents []record.Agent, r Rules) stillHub {
	h := stillHub{conversations: convs, agents: agents, looked: new(int),
		settings: &inbox.Settings{Queues: map[string]record.Queue{}, Users: map[string]record.User{}, Calendars: map[string]record.Calendar{}}}
	for _, q := range r.Queues {
		h.settings.Queues[q.ID] = q
	}
	for _, u := range r.Users {
		h.settings.Users[u.ID] = u
	}
	for _, c := range r.Calendars {
		h.settings.Calendars[c.ID] = c
	}
	return h
}

func (h stillHub) LiveUpTo() ([]record.Conversation, []record.Agent, uint64, bool) {
	*h.looked++
	return slices.Clone(h.conversations), slices.Clone(h.agents), 0, true
}

func (h stillHub) Settings() *inbox.Settings { return h.settings }

// checkExplainer: whoever asks after whatever was asked before, it is what an engine says that was asked nothing else.
func (h *history) checkExplainer() {
	convs, agents := h.w.headers()
	hub := newStillHub(convs, agents, h.w.settings())
	var x Explainer
	for range 2 {
		for _, c := range convs {
			if got, want := x.Explain(hub, c, h.w.now), h.rebuilt().Explain(c.ID, h.w.now); !reflect.DeepEqual(got, want) {
				h.fail("%s is explained by\n%+v\nand by an engine that was asked nothing else:\n%+v", c.ID, got, want)
			}
		}
	}
	if *hub.looked > 1 {
		h.fail("looked %d times at one moment", *hub.looked)
	}
}

// TestExplainerLooksOnceASecond, unless what is asked about has changed, or the settings.
func TestExplainerLooksOnceASecond(t *testing.T) {
	q := line("q", ModeOffer, "a")
	one, two := waiting("1", t0), waiting("2", t0+1)
	hub := newStillHub([]record.Conversation{one, two}, []record.Agent{free("a")}, Rules{Queues: []record.Queue{q}, Users: []record.User{user("a", 0)}})
	var x Explainer
	ask := func(c record.Conversation, at record.Millis, reason Reason, looked int) {
		t.Helper()
		why := x.Explain(hub, c, at)
		if why == nil || why.Now != at || !slices.ContainsFunc(why.Reasons, func(x Exclusion) bool { return x.Reason == reason }) || *hub.looked != looked {
			t.Fatalf("looked %d times, %+v", *hub.looked, why)
		}
	}
	ask(one, t0, Full, 1)
	ask(two, t0+999, Full, 1)
	ask(two, t0+1000, Full, 2)
	two.Version, two.Declined = 2, []string{"a"}
	hub.conversations[1] = two
	ask(two, t0+1001, Declined, 3)
	ask(one, t0+1002, Full, 3)
	q.Mode = ModePull
	hub.settings = newStillHub(nil, nil, Rules{Queues: []record.Queue{q}}).settings
	ask(one, t0+1003, Pull, 4)
	ask(one, t0, Pull, 5) // the clock went back
	two.Status = record.Offered
	if why := x.Explain(hub, two, t0+9000); why != nil || *hub.looked != 5 {
		t.Errorf("looked %d times at one that does not wait: %+v", *hub.looked, why)
	}
}
