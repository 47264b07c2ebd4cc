package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Every page of the demonstration's firm, in both languages, light or dark, on a desk and on a phone: nothing is wider than
// its window, nothing is asked of another origin, no policy is broken, and there are pictures for people to look at.
func gallery(t *testing.T, browser context.Context) {
	p := spawn(t, "demo", "--addr", "127.0.0.1:0", "--seed", "7", "--pace", "15")
	api := newClient(t, p.url)
	api.must("POST", "/api/v1/session", map[string]string{"email": demoEmail, "password": demoPassword}, nil)
	resp, err := api.Get(p.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if csp := resp.Header.Get("Content-Security-Policy"); resp.StatusCode != http.StatusOK || !strings.Contains(csp, "default-src 'none'") && !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("%s with the policy %q", resp.Status, csp)
	}

	var list listed
	channels := map[string]string{}
	eventually(t, "conversations on all four channels", func() bool {
		for _, kind := range []string{"webchat", "telegram", "email", "sms"} {
			api.must("GET", "/api/v1/conversations?list=all&channel="+kind, nil, &list)
			if len(list.Items) > 0 && channels[kind] == "" {
				channels[kind] = list.Items[0].ID
			}
		}
		api.must("GET", "/api/v1/conversations?list=all", nil, &list)
		return len(channels) == 4 && len(list.Items) >= 8
	})

	agent := seat(t, browser, "Nika", p.url)
	agent.signsIn(demoEmail, demoPassword)
	type view struct {
		lang, scheme  string
		width, height int64
		name          string
	}
	views := []view{{"en", "light", 1440, 900, "desk"}, {"fa", "dark", 390, 844, "phone"}}
	if os.Getenv("TAMAS_SCREENSHOTS") != "" { // somebody wants to look
		views = append(views, view{"fa", "dark", 1440, 900, "desk"}, view{"fa", "light", 390, 844, "phone"}, view{"en", "dark", 390, 844, "phone"})
	}
	for _, view := range views {
		api.must("PATCH", "/api/v1/me", map[string]string{"locale": view.lang}, nil)
		agent.size(view.width, view.height)
		agent.look(view.scheme)
		picture := func(name string) {
			t.Helper()
			agent.fits()
			agent.shoot(strings.Join([]string{"gallery", name, view.lang, view.scheme, view.name}, "-"))
		}
		for _, page := range []struct{ name, path, ready string }{
			{"list", "/inbox?list=all", `$$('[data-list] li').filter(seen).length >= 3`},
			{"chat", "/inbox/" + channels["webchat"] + "?list=all", `$$('[role=log] article').length > 0`},
			{"mail", "/inbox/" + channels["email"] + "?list=all", `$$('[role=log] article').length > 0`},
			{"sms", "/inbox/" + channels["sms"] + "?list=all", `$$('[role=log] article').length > 0`},
			{"supervisor", "/supervisor", `$$('tbody tr, main li').length >= 3`},
			{"accounts", "/settings/accounts", `$$('main li').length === 4`},
			{"queues", "/settings/queues", `$$('main li').length === 2`},
			{"agents", "/settings/agents", `$$('main li').length === 3`},
			{"canned", "/settings/canned", `$$('main li').length > 1`},
			{"firm", "/settings/firm", `$('main form')`},
			{"tokens", "/settings/tokens", `$('main h1')`},
			{"profile", "/settings/profile", `$$('main li').length >= 1`},
		} {
			agent.opens(page.path)
			agent.sees(page.name, fmt.Sprintf(`document.documentElement.lang === %q && document.documentElement.classList.contains('dark') === %v && (%s)`, view.lang, view.scheme == "dark", page.ready))
			picture(page.name)
		}
		agent.opens("/inbox/" + channels["telegram"] + "?list=all")
		agent.sees("telegram", `$$('[role=log] article').length > 0`)
		if view.name == "desk" {
			agent.key('?')
			agent.sees("help", `$$('[role=dialog] dl').length > 2`)
			picture("help")
			agent.key('\x1b')
			agent.sees("closed", `!$('[role=dialog]')`)
			agent.key('/')
			agent.sees("palette", `$$('[role=dialog] [role=option]').length > 5`)
			picture("palette")
			agent.key('\x1b')
			agent.sees("closed", `!$('[role=dialog]')`)
		}
	}
}
