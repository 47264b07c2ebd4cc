package inbox

import (
	"testing"

	"tamas/inbox/record"
)

// Whoever reopens a conversation, its customer's next message waits for a first response again: what an agent adds of their own accord is none.
func TestFirstResponseStartsAgain(t *testing.T) {
	add := Command{Action: Reply, By: agentActor("u1"), Text: "by the way"}
	for name, steps := range map[string][]Command{
		"with a message": {add, add},
		"by hand":        {{Action: Reopen, By: agentActor("u1")}, add},
		"by taking it":   {{Action: Claim, By: agentActor("u1")}, add},
	} {
		w := newWorld(3, 5)
		id := w.receive(t, "")
		for _, cmd := range append([]Command{{Action: Reply, By: agentActor("u1"), Text: "x"}, {Action: Resolve, By: agentActor("u1")}}, steps...) {
			w.now += 1000
			cmd.Conversation = id
			if err := w.do(t, cmd); err != nil {
				t.Fatal(name, err)
			}
		}
		if c := w.convs[id]; c.Status != record.Active || c.FirstResponseAt != 0 {
			t.Errorf("%s: %+v", name, c)
		}
		w.receive(t, id)
		w.now += 1000
		add.Conversation = id
		if err := w.do(t, add); err != nil {
			t.Fatal(name, err)
		}
		if c := w.convs[id]; c.FirstResponseAt != w.now {
			t.Errorf("%s: first response at %d, not %d", name, c.FirstResponseAt, w.now)
		}
	}
}

func TestWhoCanBeAskedForARating(t *testing.T) {
	for settings, want := range map[string]bool{``: true, `{}`: true, `{"rating":true}`: true, `{"rating":false}`: false} {
		if asks(record.Account{Kind: "webchat", Settings: []byte(settings)}) != want {
			t.Errorf("web chat with %s: not %v", settings, want)
		}
	}
	if !asks(record.Account{Kind: "api"}) || asks(record.Account{Kind: "sms"}) {
		t.Error("of the API and of SMS")
	}
}
