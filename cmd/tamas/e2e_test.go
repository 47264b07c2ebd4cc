package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The journeys of people through the whole: a hub as a process of its own, real pages in a real browser, nothing
// between them that a test made. TAMAS_SCREENSHOTS names a folder for pictures.
func TestJourneys(t *testing.T) {
	browser := startBrowser(t)
	for _, journey := range []struct {
		name string
		walk func(*testing.T, context.Context)
	}{
		{"FirstDay", firstDay},
		{"LostConnection", lostConnection},
		{"Persian", persian},
		{"Phone", onAPhone},
		{"Supervisor", supervisorsPage},
		{"Settings", settings},
		{"Search", search},
		{"Much", much},
		{"Gallery", gallery},
	} {
		t.Run(journey.name, func(t *testing.T) {
			t.Parallel() // most of a journey is waiting for somebody
			journey.walk(t, browser)
		})
	}
}

const (
	adminEmail    = "nika@example.com"
	adminPassword = "a long password"
)

// firm is a hub with its first admin, and that admin's HTTP.
type firm struct {
	*process
	t       *testing.T
	browser context.Context
	args    []string
	api     *client
	queue   string
	doors   *doors
	chat    string // account of the first web chat
}

// found sets a hub up, as the set-up page does.
func found(t *testing.T, browser context.Context, locale string) *firm {
	t.Helper()
	f := open(t, browser)
	token := f.setupLink()
	f.api.must("POST", "/api/v1/setup", map[string]string{"token": token[strings.Index(token, "=")+1:], "name": "Nika Rad", "email": adminEmail,
		"password": adminPassword, "locale": locale, "firm": "Tea House"}, nil)
	f.look()
	return f
}

// open starts a hub that nobody has set up.
func open(t *testing.T, browser context.Context) *firm {
	t.Helper()
	data := t.TempDir()
	p := spawn(t, "--addr", "127.0.0.1:0", "--data", data)
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	f := &firm{process: p, t: t, browser: browser, args: []string{"--addr", net.JoinHostPort("127.0.0.1", u.Port()), "--data", data}, api: newClient(t, p.url)}
	return f
}

func (f *firm) setupLink() string {
	f.t.Helper()
	return regexp.MustCompile(`http://\S+/setup\?token=\S+`).FindString(f.until("/setup?token="))
}

// look learns the ids of what a new firm has.
func (f *firm) look() {
	f.t.Helper()
	var queues, accounts struct{ Items []struct{ ID, Kind string } }
	f.api.must("GET", "/api/v1/queues", nil, &queues)
	f.api.must("GET", "/api/v1/accounts", nil, &accounts)
	f.queue, f.chat = queues.Items[0].ID, accounts.Items[0].ID
	f.doors = &doors{hub: f.url, chat: f.url + "/hooks/" + f.chat + "/", talks: map[string]*talk{}}
}

// kill ends the hub as a power cut does.
func (f *firm) kill() {
	f.t.Helper()
	if err := f.cmd.Process.Kill(); err != nil {
		f.t.Fatal(err)
	}
	_ = f.cmd.Wait()
}

// restart starts the hub again where it was.
func (f *firm) restart() {
	f.t.Helper()
	f.process = spawn(f.t, f.args...)
}

// seat opens a page of this hub for somebody.
func (f *firm) seat(name string, bear ...string) *person {
	f.t.Helper()
	return seat(f.t, f.browser, name, f.url, bear...)
}

// signsIn goes through the sign-in page.
func (p *person) signsIn(email, password string) {
	p.t.Helper()
	p.expect(`status of 401`) // the first question is who one is
	p.opens("/")
	p.sees("the sign-in page", `by('input[type=email]', '')`)
	p.fills(`$('input[type=email]')`, email)
	p.fills(`$('input[type=password]')`, password)
	p.key('\r')
	p.sees("signed in", `location.pathname === '/inbox' && by('[role=tab], h1', '')`)
}

// admin is the first admin at the inbox.
func (f *firm) admin(bear ...string) *person {
	f.t.Helper()
	p := f.seat("Nika", bear...)
	p.signsIn(adminEmail, adminPassword)
	return p
}

// arrives opens the shop's page with the chat on it, and the chat.
func (f *firm) arrives(name, lang string) *person {
	f.t.Helper()
	p := f.seat(name)
	p.opens("/demo?lang=" + lang)
	p.clicks(`chat('.launcher')`)
	p.sees("the chat is live", `chat('.status').dataset.state === 'live'`)
	return p
}

// chats writes in the chat and waits until the hub has it.
func (p *person) chats(text string) {
	p.t.Helper()
	n := value[int](p, `chats('.row.mine[data-state=sent]').length`)
	p.writesInChat(text)
	p.sees("the tick", fmt.Sprintf(`chats('.row.mine[data-state=sent]').length === %d`, n+1))
}

func (p *person) writesInChat(text string) {
	p.t.Helper()
	p.clicks(`chat('textarea')`)
	p.types(text)
	if value[bool](p, `matchMedia('(pointer: coarse)').matches`) {
		p.clicks(`chat('.send')`) // on a touch screen Enter is a new line
	} else {
		p.key('\r')
	}
}

// gets waits until the chat shows this once.
func (p *person) gets(text string) {
	p.t.Helper()
	p.sees("the message "+text, fmt.Sprintf(`chats('.row .text').filter(e => e.textContent === %q).length === 1`, text))
}

// shows waits until the open conversation shows this once.
func (p *person) shows(text string) {
	p.t.Helper()
	p.sees("the message "+text, fmt.Sprintf(`$$('[role=log] article').filter(e => plain(e.innerText).includes(%q)).length === 1`, text))
}

// isNow waits for the state of the open conversation.
func (p *person) isNow(status string) {
	p.t.Helper()
	p.sees(status, fmt.Sprintf(`$$('section header span').some(e => e.textContent.trim() === %q)`, status))
}

// available sets the agent's state by the menu.
func (p *person) available() {
	p.t.Helper()
	p.presses("Your state")
	p.clicks(`by('[role=group] button', 'Available')`)
	p.sees("available", `by('button', 'Your state: Available')`)
}

// replies writes an answer in the open conversation and sends it.
func (p *person) replies(text string) {
	p.t.Helper()
	p.clicks(`$('footer textarea')`)
	p.types(text)
	p.key('\r')
	p.sees("sent", `$('footer textarea').value === ''`)
}

// From the printed link to the first conversation's end, and what stays of it.
func firstDay(t *testing.T, browser context.Context) {
	f := open(t, browser)
	agent := f.seat("Nika", `status of 401`)
	agent.opens(f.setupLink())
	agent.sees("the form", field("Firm"))
	agent.shoot("en-setup-light")
	for _, x := range [][2]string{{"Firm", "Tea House"}, {"Your name", "Nika Rad"}, {"Email", adminEmail}, {"Password", "short"}} {
		agent.fills(field(x[0]), x[1])
	}
	agent.presses("Create and begin") // the browser itself holds back a password that is too short
	agent.sees("still the form", `location.pathname === '/setup' && !document.querySelector('form').checkValidity()`)
	agent.fills(field("Password"), adminPassword)
	agent.presses("Create and begin")
	agent.reads("Nothing is yours just now")
	agent.reads("Set yourself to Available")
	agent.shoot("en-inbox-none-light")

	visitor := f.arrives("Emma", "en")
	visitor.chats("Do you ship to Tabriz?")
	agent.reads("One conversation is waiting for somebody.")
	agent.available()
	agent.sees("the offer", `by('[role=alertdialog]', 'Do you ship to Tabriz?')`)
	left := value[int](agent, `Number($('[role=alertdialog] .tabular-nums').textContent)`)
	if left < 5 || left > 30 {
		t.Errorf("the offer stands %d s", left)
	}
	agent.shoot("en-offer-light")
	agent.sees("the time runs", fmt.Sprintf(`Number($('[role=alertdialog] .tabular-nums').textContent) < %d`, left))
	agent.key('a')
	agent.sees("the conversation opens", `/^\/inbox\/.+/.test(location.pathname) && !$('[role=alertdialog]')`)
	agent.shows("Do you ship to Tabriz?")
	agent.isNow("Active")

	visitor.clicks(`chat('textarea')`)
	visitor.types("And")
	agent.reads("is typing")
	agent.key('r')
	agent.sees("the reply box has the focus", `document.activeElement === $('footer textarea')`)
	agent.types("Yes, we")
	visitor.sees("the agent types", `!chat('.typing').hidden && true`)
	visitor.shoot("en-chat-typing-light")
	agent.shoot("en-conversation-typing-light")
	agent.types(" do!")
	agent.key('\r')
	visitor.gets("Yes, we do!")
	visitor.sees("nobody types", `chat('.typing').hidden`)
	agent.sees("the tick", `by('article [title]', '') && $$('article [data-state=sent], article [data-state=delivered], article [data-state=read]').length === 1`)

	// A note is for colleagues.
	agent.key('\x1b')
	agent.key('n')
	agent.sees("the note's box", `document.activeElement === $('footer textarea') && by('footer button', 'Add note')`)
	agent.types("pays on delivery, be careful")
	agent.shoot("en-note-light")
	agent.presses("Add note")
	agent.shows("pays on delivery, be careful")
	visitor.fills(`chat('textarea')`, "And to Shiraz?")
	visitor.key('\r')
	agent.shows("And to Shiraz?")
	agent.replies("To Shiraz too.")
	visitor.gets("To Shiraz too.")
	visitor.never("be careful")

	agent.key('\x1b')
	agent.key('e')
	agent.isNow("Resolved")
	agent.reads("This conversation is resolved.")
	agent.shoot("en-resolved-light")

	visitor.reloads()
	visitor.clicks(`chat('.launcher')`)
	for _, text := range []string{"Do you ship to Tabriz?", "Yes, we do!", "And to Shiraz?", "To Shiraz too."} {
		visitor.gets(text)
	}
	visitor.never("be careful")
	visitor.chats("One more thing")
	agent.shows("One more thing")
	agent.sees("it is open again", `!$$('section header span').some(e => e.textContent.trim() === 'Resolved')`)
	agent.clicks(`by('section header button, [role=alertdialog] button', 'Accept') ?? $('footer textarea')`)
	agent.isNow("Active")
	agent.replies("Ask away.")
	visitor.gets("Ask away.")

	agent.reloads()
	for _, text := range []string{"Do you ship to Tabriz?", "Yes, we do!", "be careful", "And to Shiraz?", "To Shiraz too.", "One more thing", "Ask away."} {
		agent.shows(text)
	}
	if n := value[int](agent, `$$('[role=log] article').length`); n != 7 {
		t.Errorf("%d touches after a reload, want 7", n)
	}
	agent.isNow("Active")
	agent.sees("the customer's record has it all", `$$('aside ol li.group').length === 7`)
	agent.shoot("en-conversation-light")
	agent.look("dark")
	agent.shoot("en-conversation-dark")

	var list listed
	f.api.must("POST", "/api/v1/session", map[string]string{"email": adminEmail, "password": adminPassword}, nil)
	f.api.must("GET", "/api/v1/conversations?list=all", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Number != 1 {
		t.Errorf("%d conversations, want the one", len(list.Items))
	}
}
