package main

import (
	"context"
	"fmt"
	"testing"
)

// The hub is killed under open pages, twice: once with words typed and written while it is away, once in the middle of
// a message. Nothing is lost, nothing comes twice, nobody has to reload.
func lostConnection(t *testing.T, browser context.Context) {
	f := found(t, browser, "en")
	agent := f.admin(hubDown)
	agent.available()
	visitor := f.arrives("Emma", "en")
	visitor.expect(hubDown)
	visitor.chats("Hello?")
	agent.sees("the offer", `by('[role=alertdialog]', 'Hello?')`)
	agent.key('a')
	agent.shows("Hello?")
	agent.clicks(`$('footer textarea')`)
	agent.types("Half an answer")

	f.kill()
	agent.reads("Connection lost.")
	agent.sees("what was typed is there", `$('footer textarea').value === 'Half an answer'`)
	visitor.writesInChat("Are you there?")
	visitor.sees("it is on its way", `chats('.row.mine').length === 2 && chats('.row.mine[data-state=sent]').length === 1`)
	agent.clicks(`$('footer textarea')`)
	agent.key('\r')
	agent.reads("kept; goes out as soon as the hub answers")
	agent.reads("One message is kept.")
	agent.types("A draft")
	agent.shoot("en-lost-light")
	visitor.shoot("en-chat-lost-light")

	f.restart()
	agent.sees("it is healed", `!page().includes('Connection lost.') && !page().includes('kept') && !page().includes('Reconnecting')`)
	visitor.gets("Half an answer")
	visitor.sees("all is sent", `chats('.row.mine[data-state=sent]').length === 2`)
	agent.shows("Half an answer")
	agent.shows("Are you there?")
	agent.sees("the draft is there", `$('footer textarea').value === 'A draft'`)
	agent.isNow("Active")

	// In the middle of a message of each.
	agent.clicks(`$('footer textarea')`)
	visitor.clicks(`chat('textarea')`)
	visitor.types("A question in the dark")
	visitor.key('\r')
	agent.key('\r')
	f.kill()
	f.restart()
	visitor.gets("A draft")
	agent.shows("A question in the dark")
	agent.shows("A draft")
	visitor.sees("all is sent", `chats('.row.mine[data-state=sent]').length === 3`)
	agent.sees("it is healed", `!page().includes('Connection lost.') && !page().includes('Reconnecting') && !$('footer textarea').value`)

	agent.reloads()
	agent.shows("Hello?")
	texts := []string{"Hello?", "Are you there?", "Half an answer", "A draft", "A question in the dark"}
	for _, text := range texts {
		agent.shows(text)
		visitor.gets(text)
	}
	if n := value[int](agent, `$$('[role=log] article').length`); n != len(texts) {
		t.Errorf("the agent sees %d messages, want %d", n, len(texts))
	}
	if n := value[int](visitor, `chats('.row:not([data-id=welcome])').length`); n != len(texts) {
		t.Errorf("the visitor sees %d messages, want %d", n, len(texts))
	}
	var list listed
	f.api.must("POST", "/api/v1/session", map[string]string{"email": adminEmail, "password": adminPassword}, nil)
	f.api.must("GET", "/api/v1/conversations?list=all", nil, &list)
	var detail struct {
		Touches []struct{ Body struct{ Text string } }
	}
	f.api.must("GET", "/api/v1/conversations/"+list.Items[0].ID, nil, &detail)
	if len(list.Items) != 1 || len(detail.Touches) != len(texts) {
		t.Errorf("the record has %d conversations, %d touches in the first: %s", len(list.Items), len(detail.Touches), fmt.Sprint(detail.Touches))
	}
}
