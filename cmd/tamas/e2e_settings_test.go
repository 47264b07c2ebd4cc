package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// fault waits until the field with this label shows an error of its own.
func (p *person) fault(label, text string) {
	p.t.Helper()
	p.sees("the error at "+label, fmt.Sprintf(`(e => e && e.closest('[data-slot=root], div')?.parentElement && [e.getAttribute('aria-describedby'), e.getAttribute('aria-errormessage')].join(' ').split(' ').some(id => document.getElementById(id)?.textContent.includes(%q)))(%s)`, text, field(label)))
}

// picks chooses from a field with a list.
func (p *person) picks(label, option string) {
	p.t.Helper()
	p.clicks(field(label))
	p.clicks(fmt.Sprintf(`by('[role=option]', %q)`, option))
	p.sees("chosen", fmt.Sprintf(`!$('[role=listbox]') && (%s).textContent.includes(%q)`, field(label), option))
}

// Everything a firm sets up: channels, canned answers, colleagues. What is wrong is said at its field, and a secret that
// went in never comes out.
func settings(t *testing.T, browser context.Context) {
	f := found(t, browser, "en")
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"1"}`))
	}))
	t.Cleanup(gateway.Close)
	admin := f.admin(`status of 422`)

	admin.opens("/settings/accounts")
	admin.presses("Connect")
	admin.clicks(`by('[role=menuitem]', 'Web chat')`)
	admin.fills(field("Name"), "Shop")
	admin.fills(field("Sites that may show the chat"), "shop.example/help")
	admin.presses("Create")
	admin.fault("Sites that may show the chat", "https")
	admin.shoot("en-account-wrong-light")
	admin.fills(field("Sites that may show the chat"), "https://shop.example")
	admin.presses("Create")
	admin.sees("the line for the site", `$('[role=dialog] code, [role=dialog] pre, [role=dialog] input[readonly]') && /widget\.js/.test(document.querySelector('[role=dialog]').innerHTML)`)
	admin.shoot("en-account-made-light")
	admin.presses("Save")
	admin.sees("it is in the list", `!$('[role=dialog]') && by('main li', 'Shop')`)

	const secret = "a-secret-of-the-gateway-7c1e"
	admin.presses("Connect")
	admin.clicks(`by('[role=menuitem]', 'SMS')`)
	admin.fills(field("Name"), "Texts")
	admin.picks("Provider", "generic")
	admin.fills(field("Own number"), "300050")
	admin.fills(field("Country"), "IR")
	admin.fills(field("Gateway's address"), gateway.URL+"/send")
	admin.fills(field("Shared secret"), "short")
	admin.presses("Create")
	admin.fault("Shared secret", "16 characters")
	admin.fills(field("Shared secret"), secret)
	admin.presses("Check login")
	admin.reads("It works")
	admin.presses("Create")
	admin.sees("created", `by('[role=dialog] button', 'Save')`)
	admin.presses("Save")
	admin.sees("in the list", `!$('[role=dialog]') && by('main li', 'Texts')`)
	admin.never(secret)
	admin.reloads()
	admin.presses("Texts")
	admin.sees("the secret is set", field("Shared secret")+`.placeholder.includes('Set')`)
	if v := value[string](admin, field("Shared secret")+".value"); v != "" {
		t.Errorf("the secret's field holds %q", v)
	}
	admin.never(secret)
	admin.shoot("en-account-sms-light")
	admin.presses("Cancel")
	var raw json.RawMessage
	f.api.must("GET", "/api/v1/accounts", nil, &raw)
	if strings.Contains(string(raw), secret) || !strings.Contains(string(raw), `"secret"`) {
		t.Errorf("the API gives %s", raw)
	}

	admin.opens("/settings/canned")
	admin.reads("No canned answers yet")
	admin.presses("New answer")
	admin.fills(field("Title"), "Delivery")
	admin.fills(field("Shortcut"), "delivery")
	admin.fills(field("Text"), "Hello {customer}, it takes two days. {agent}")
	admin.presses("Save")
	admin.sees("in the list", `!$('[role=dialog]') && by('main li', 'Delivery')`)

	admin.opens("/settings/agents")
	admin.presses("New agent")
	admin.fills(field("Name"), "Tom Baker")
	admin.fills(field("Email"), adminEmail)
	admin.fills(field("Password"), "another long one")
	admin.presses("Save")
	admin.sees("the error at the address", `$$('[role=dialog] [id$=error]').some(e => seen(e) && e.textContent.trim())`)
	admin.shoot("en-user-wrong-light")
	admin.fills(field("Email"), "tom@example.com")
	admin.presses("Save")
	admin.sees("in the list", `!$('[role=dialog]') && by('main li', 'Tom Baker')`)

	visitor := f.arrives("Emma", "en")
	visitor.chats("How long does it take?")
	admin.opens("/inbox?list=waiting")
	admin.clicks(`by('[data-list] li button', 'How long')`)
	admin.clicks(`$('footer textarea')`)
	admin.types("/del")
	admin.sees("the answer is offered", `by('[role=option]', 'Delivery')`)
	admin.shoot("en-canned-light")
	admin.key('\r')
	admin.sees("it is filled in", `/^Hello, it takes two days\. Nika Rad$/.test($('footer textarea').value)`)
	admin.key('\r')
	visitor.sees("the answer", `chats('.row .text').some(e => e.textContent.includes('it takes two days'))`)

	tom := f.seat("Tom")
	tom.signsIn("tom@example.com", "another long one")
	tom.sees("no way to what is not his", `!by('nav a', 'Supervisor') && by('nav a', 'Settings')`)
	tom.presses("Settings")
	tom.sees("his profile, nothing else", `by('h1', 'Profile') && $$('nav a').filter(seen).every(a => !/accounts|agents|queues|firm|tokens|canned/.test(a.href))`)
	tom.shoot("en-agent-profile-light")
	for _, path := range []string{"/settings/accounts", "/settings/agents", "/supervisor"} {
		tom.opens(path)
		tom.sees("sent back from "+path, `location.pathname === '/inbox' && by('[role=tab]', 'Mine')`)
	}
}
