package main

import (
	"context"
	"testing"
)

// colleague adds a user who serves the firm's queue.
func (f *firm) colleague(name, email, role string) {
	f.t.Helper()
	var user struct{ ID string }
	f.api.must("POST", "/api/v1/users", map[string]any{"name": name, "email": email, "password": adminPassword, "role": role, "capacity": 4, "locale": "en"}, &user)
	var queue struct {
		Members []string
		Version int64
	}
	f.api.must("GET", "/api/v1/queues/"+f.queue, nil, &queue)
	f.api.must("PATCH", "/api/v1/queues/"+f.queue, map[string]any{"members": append(queue.Members, user.ID), "version": queue.Version}, nil)
}

// The supervisor looks on while customers come and colleagues work, and hands a conversation on.
func supervisorsPage(t *testing.T, browser context.Context) {
	f := found(t, browser, "en")
	f.colleague("Tom Baker", "tom@example.com", "agent")
	chief := f.admin()
	chief.presses("Supervisor")
	chief.reads("Longest wait")
	figure := func(name, want string) {
		t.Helper()
		chief.sees(name+" "+want, `plain($$('dl > div').find(d => d.querySelector('dt').textContent === '`+name+`').querySelector('dd').textContent) === '`+want+`'`)
	}
	figure("Waiting", "0")
	figure("Agents available", "0 of 2")
	chief.shoot("en-supervisor-none-light")

	visitor := f.arrives("Emma", "en")
	visitor.chats("Where is my parcel?")
	figure("Waiting", "1")
	chief.sees("the clock of the longest wait runs", `/^0:0[2-9]$/.test($$('dl > div').find(d => d.querySelector('dt').textContent === 'Longest wait').querySelector('dd').textContent)`)
	tom := f.seat("Tom")
	tom.signsIn("tom@example.com", adminPassword)
	tom.available()
	figure("Agents available", "1 of 2")
	tom.sees("the offer", `by('[role=alertdialog]', 'Where is my parcel?')`)
	tom.presses("Accept")
	tom.shows("Where is my parcel?")
	tom.replies("I will look.")
	figure("Waiting", "0")
	figure("In progress", "1")
	chief.sees("Tom's load", `by('[data-agent]', 'Tom Baker').innerText.includes('1/4')`)
	chief.sees("answered today", `$('tbody tr').innerText.includes('100%')`)
	chief.shoot("en-supervisor-light")

	chief.clicks(`by('[data-agent]', 'Tom Baker').querySelector('button[aria-label^="Conversations"]')`)
	chief.reads("Hand over to")
	chief.shoot("en-reassign-light")
	chief.clicks(`by('[role=dialog] button.row', 'Nika Rad')`)
	chief.sees("Nika's load", `by('[data-agent]', 'Nika Rad').innerText.includes('1/6') && by('[data-agent]', 'Tom Baker').innerText.includes('0/4')`)
	tom.reads("Nika Rad is on it.")
	visitor.chats("Thank you!")
	chief.presses("Inbox")
	chief.clicks(`by('[data-list] li button', 'Thank you!')`)
	chief.shows("Thank you!")
	chief.shows("I will look.")
}
