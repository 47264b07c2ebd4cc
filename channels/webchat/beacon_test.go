package webchat

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/golang-jwt/jwt/v5"

	"tamas/channels"
)

// onPage waits for an expression on the page; $ searches the beacon's question.
func onPage(js string) step {
	js = `(() => { const $ = s => document.querySelector('tamas-beacon')?.shadowRoot.querySelector(s); return ` + js + ` })()`
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := chromedp.Poll[chromedp.Void](js, chromedp.WithPollingInterval(20*time.Millisecond))(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", js, err)
		}
		return nil
	})
}

func (d *desk) pages() (list []string) {
	for _, m := range d.received(channels.Visit) {
		list = append(list, m.Page)
	}
	return list
}

// Nothing is logged before the visitor agrees, nothing of who wants not to be followed, and who signs in is joined to what was.
func TestBrowserBeacon(t *testing.T) {
	b := browser(t)
	var hub string
	d := newDesk()
	before, more := "", `data-lang="fa"`
	shop := sitePage(t, &hub, func(hub string) string {
		return `<h1>Tea</h1><script nonce="x">` + before + `</script><script src="` + hub + `beacon.js" ` + more + `></script>`
	})
	_, hub, _, sockets := hubFor(t, d, shop.URL, `,"visits":"ask","identity_secret":"`+siteSecret+`"`)
	visited := func(what string, pages ...string) {
		t.Helper()
		for i := range pages {
			pages[i] = shop.URL + pages[i]
		}
		d.wait(t, what, func() bool {
			var list []string
			for _, m := range d.inbound {
				if m.Kind == channels.Visit {
					list = append(list, m.Page)
				}
			}
			return slices.Equal(list, pages)
		})
	}

	before = `Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})`
	w, _ := tab(t, b)
	run(t, w, "who wants not to be followed is not, not even asked", chromedp.Navigate(shop.URL+"/never"), onPage(`!!window.tamasBeacon`), onPage(`(tamasBeacon.consent(true), true)`), onPage(`localStorage.length === 1 && !$('button')`))
	run(t, w, "and forgets the answer", onPage(`(localStorage.clear(), true)`))
	before = ""

	w, _ = tab(t, b)
	run(t, w, "the question, in the account's language", chromedp.Navigate(shop.URL+"/tea?token=1#x"), onPage(`$('span')?.textContent.includes('صفحه') && document.querySelector('tamas-beacon').dir === 'rtl'`),
		onPage(`localStorage.length === 0`))
	if n := len(d.pages()); n != 0 {
		t.Errorf("%d pages were logged before anybody agreed", n)
	}
	run(t, w, "yes", onPage(`($('button').click(), true)`), onPage(`!document.querySelector('tamas-beacon')`))
	visited("the page is logged, without what follows ?", "/tea")
	run(t, w, "another page without a load", onPage(`(history.pushState({}, '', '/saffron'), true)`))
	visited("it is logged too", "/tea", "/saffron")
	run(t, w, "another with one: nobody is asked again", chromedp.Navigate(shop.URL+"/rice"), onPage(`!!window.tamasBeacon`))
	visited("it is logged", "/tea", "/saffron", "/rice")

	run(t, w, "the visitor signs in", onPage(`(tamasBeacon.identify('`+proven(t, siteSecret, jwt.MapClaims{"sub": "7", "name": "Sara"})+`'), true)`))
	visited("what is looked at then is of the customer", "/tea", "/saffron", "/rice", "/rice")
	list := d.received(channels.Visit)
	if last := list[3]; last.Link == nil || last.Link.Address != "7" || last.Thread != list[0].Thread || list[2].Link != nil {
		t.Errorf("what was logged before is not joined to the customer: %+v", list)
	}
	run(t, w, "somebody else comes to the machine", chromedp.Navigate(shop.URL+"/salt"), onPage(`!!window.tamasBeacon`))
	visited("the page is logged", "/tea", "/saffron", "/rice", "/rice", "/salt")
	if list = d.received(channels.Visit); list[4].Thread == list[0].Thread || list[4].Link != nil {
		t.Errorf("somebody else is taken for the customer: %+v", list[4])
	}

	// A page that asks by itself.
	d2 := newDesk()
	more = `data-ask="no"`
	_, hub, _, _ = hubFor(t, d2, shop.URL, `,"visits":"ask"`)
	quiet, _ := tab(t, browser(t))
	run(t, quiet, "the page asks", chromedp.Navigate(shop.URL+"/one"), onPage(`performance.getEntriesByType('resource').some(e => e.name.includes('/config'))`),
		onPage(`(tamasBeacon.consent(false), !$('button'))`), onPage(`(history.pushState({}, '', '/two'), true)`), onPage(`(tamasBeacon.consent(true), true)`))
	d2.wait(t, "only what was agreed to", func() bool {
		return len(d2.inbound) == 1 && d2.inbound[0].Page == shop.URL+"/two"
	})
	if n := sockets.Load(); n != 0 {
		t.Errorf("%d sockets of a beacon", n)
	}
}

// Who joins stays the visitor that they were, for good; without it a proof makes the customer's own visitor. Nobody joins another's.
func TestJoin(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, `{"allowed_origins":["`+site+`"],"visits":"on","identity_secret":"`+siteSecret+`"}`)
	join := func(v *visitor, who string) session {
		t.Helper()
		var out session
		body := mustJSON(map[string]any{"token": v.Token, "join": true, "identity": proven(t, siteSecret, jwt.MapClaims{"sub": who})})
		if status := v.do("POST", "session", body, &out); status != 200 {
			t.Fatalf("%d", status)
		}
		return out
	}
	v := newVisitorAt(t, base)
	guest := v.Visitor
	if v.session = join(v, "7"); v.Visitor != guest || v.User != "7" {
		t.Errorf("%+v, was %s", v.session, guest)
	}
	if v.do("POST", "visits", mustJSON(map[string]string{"key": "key-0001", "page": site + "/tea", "title": "Tea"}), nil) != 204 {
		t.Error("not logged")
	}
	if got := d.received(channels.Visit); len(got) != 1 || got[0].Thread != guest || got[0].Link == nil || got[0].Link.Address != "7" {
		t.Errorf("%+v", got)
	}
	if again := join(v, "7"); again.Visitor != guest {
		t.Errorf("%+v", again)
	}
	if other := join(v, "8"); other.Visitor == guest || other.User != "8" {
		t.Errorf("somebody else joined: %+v", other)
	}
	if own := join(&visitor{t: t, base: base, origin: site}, "7"); own.Visitor == guest {
		t.Errorf("who brings no visitor became %+v", own)
	}
}
