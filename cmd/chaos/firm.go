package main

import (
	"context"
	"fmt"
	"time"

	"tamas/channels/sms/smstest"
	"tamas/channels/telegram/telegramtest"
)

// firm is what is configured through the API before the load begins: an account for each door, a queue for each way of
// handing out, and agents who together can hold fewer conversations than there are customers.
type firm struct {
	accounts map[string]string // door → account
	doors    map[string]string // account → door
	capacity map[string]int    // agent → units
	agents   []*agent
	clerks   []*clerk
	pull     string // the queue that agents take from by themselves
}

const (
	origin        = "https://shop.example"
	agentCapacity = 8
)

// found sets the firm up.
func found(ctx context.Context, c *cluster, h *history, agents int) (*firm, error) {
	admin := newAPI(c.hubs[:1], nil) // the others hear of each change a moment later
	if err := admin.signIn(ctx, c.adminEmail, c.adminPassword); err != nil {
		return nil, err
	}
	f := &firm{accounts: map[string]string{}, doors: map[string]string{}, capacity: map[string]int{}}
	var members []string
	for i := range agents {
		name := fmt.Sprintf("agent%d", i+1)
		password := "chaos-" + random()
		var u struct{ ID string }
		if err := admin.call(ctx, "POST", "/users", "", map[string]any{"email": name + "@chaos.example", "name": name, "role": "agent",
			"password": password, "capacity": agentCapacity}, &u); err != nil {
			return nil, fmt.Errorf("make %s: %w", name, err)
		}
		f.capacity[u.ID] = agentCapacity
		members = append(members, u.ID)
		a := newAgent(name, newAPI(c.hubs, h), h)
		if err := a.api.signIn(ctx, name+"@chaos.example", password); err != nil {
			return nil, err
		}
		f.agents = append(f.agents, a)
	}
	queues := map[string]string{}
	for _, mode := range []string{"offer", "push", "pull", "none"} {
		in := map[string]any{"name": mode, "mode": mode, "offer_seconds": 5, "members": members}
		if mode == "none" {
			in["mode"], in["members"] = "pull", []string{}
		}
		var q struct{ ID string }
		if err := admin.call(ctx, "POST", "/queues", "", in, &q); err != nil {
			return nil, fmt.Errorf("make the queue %s: %w", mode, err)
		}
		queues[mode] = q.ID
	}
	f.pull = queues["pull"]
	sms := map[string]any{"provider": "generic", "number": smstest.ShortCode, "send_url": "http://" + hostSMS + smstest.SendPath, "secret": smstest.Secret}
	for _, x := range []struct {
		door, kind, queue string
		reopenHours       int
		settings          map[string]any
	}{
		{doorSMS, "sms", "offer", 0, sms}, // a conversation that is resolved is over: the next message begins another
		{doorTelegram, "telegram", "push", 72, map[string]any{"token": telegramtest.Token, "api_url": "http://" + hostTelegram}},
		{doorChat, "webchat", "pull", 72, map[string]any{"allowed_origins": []string{origin}, "messages_per_minute": 1_000_000, "sessions_per_minute": 1_000_000}},
		{doorProbe, "sms", "none", 72, sms},
	} {
		var a struct{ ID string }
		if err := admin.call(ctx, "POST", "/accounts", "", map[string]any{"kind": x.kind, "name": x.door, "queue": queues[x.queue],
			"reopen_hours": x.reopenHours, "settings": x.settings}, &a); err != nil {
			return nil, fmt.Errorf("make the account %s: %w", x.door, err)
		}
		f.accounts[x.door], f.doors[a.ID] = a.ID, x.door
	}
	for _, a := range f.agents {
		a.pull = f.pull
	}
	for i := range 2 {
		k := newClerk(c, fmt.Sprint(10+i))
		if err := k.api.signIn(ctx, c.adminEmail, c.adminPassword); err != nil {
			return nil, err
		}
		f.clerks = append(f.clerks, k)
	}
	// Every hub has to have opened the accounts.
	probe := &smsSender{hubs: c.hubs, account: f.accounts[doorProbe], door: doorProbe, h: h}
	for i, hub := range c.hubs {
		deadline := time.Now().Add(20 * time.Second)
		m := h.say(&message{Door: doorProbe, Thread: phone(probeThreads + i), Text: "begin " + hub.name})
		for {
			err := probe.once(ctx, hub, m, "begin-"+hub.name, 5*time.Second)
			if err == nil {
				break
			}
			if time.Now().After(deadline) || pause(ctx, 50*time.Millisecond) != nil {
				return nil, fmt.Errorf("%s does not take messages: %w", hub.name, err)
			}
		}
	}
	return f, nil
}
