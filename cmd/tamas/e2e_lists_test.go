package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// A Persian name is found however its letters were typed: an Arabic keyboard has another ya and another kaf.
func search(t *testing.T, browser context.Context) {
	f := found(t, browser, "fa")
	for _, s := range []story{{lang: "fa", name: "علی یوسفی"}, {lang: "fa", name: "شیرین کاظمی"}, {lang: "en", name: "Emma Brown"}} {
		visitor, err := f.doors.visit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(visitor.end)
		if err := visitor.say("زعفران قائنات دارید؟ " + s.name); err != nil {
			t.Fatal(err)
		}
	}
	admin := f.admin()
	find := func(text, want string) {
		t.Helper()
		admin.key('/')
		admin.sees("the palette", `$('[role=dialog] input') === document.activeElement`)
		admin.types(text)
		// The index follows the record; nobody is told when it has caught up.
		admin.sees(text+" finds "+want, fmt.Sprintf(`by('[role=option]', %q)`, want))
	}
	find("علي يوسفي", "علی یوسفی")
	admin.shoot("fa-search-light")
	admin.clicks(`by('[role=option]', 'علی یوسفی')`)
	admin.sees("his record opens", `/^\/customers\/.+/.test(location.pathname) && by('h1', 'علی یوسفی')`)
	find("كاظمي", "شیرین کاظمی")
	admin.key('\x1b')
	admin.sees("closed", `!$('[role=dialog]')`)
	find("زعفران", "Emma Brown")
	admin.key('\x1b')
	admin.sees("closed", `!$('[role=dialog]')`)
	admin.key('/')
	admin.types("هیچکس‌نیست")
	admin.sees("nothing is said so", `$('[role=dialog]').innerText.includes('هیچکس') && !by('[role=option]', 'یوسفی')`)
	admin.shoot("fa-search-none-light")
}

// texts delivers one text message each of so many customers to an SMS account's door, as a gateway does.
func (f *firm) texts(customers int) {
	f.t.Helper()
	const secret = "the secret of the gateway"
	var account struct{ ID string }
	f.api.must("POST", "/api/v1/accounts", map[string]any{"kind": "sms", "name": "300050", "queue": f.queue, "reopen_hours": 24, "enabled": true,
		"settings": map[string]any{"provider": "generic", "number": "300050", "region": "IR", "send_url": "http://127.0.0.1:1/send", "secret": secret}}, &account)
	type message struct {
		ID   string `json:"id"`
		From string `json:"from"`
		Text string `json:"text"`
		At   int64  `json:"at"`
	}
	words := []string{"سلام، سفارش من کی می‌رسد؟", "Do you have pistachios?", "لطفاً با من تماس بگیرید.", "Parcel 4411 is broken.", "قیمت زعفران چند است؟"}
	for from := 0; from < customers; from += 200 {
		var batch struct {
			Messages []message `json:"messages"`
		}
		for n := from; n < min(from+200, customers); n++ {
			batch.Messages = append(batch.Messages, message{fmt.Sprint("m", n), fmt.Sprintf("0912%07d", 1_000_000+n), words[n%len(words)],
				time.Now().Add(-time.Duration(customers-n) * time.Minute).Unix()})
		}
		body, err := json.Marshal(batch)
		if err != nil {
			f.t.Fatal(err)
		}
		for try := 0; ; try++ {
			stamp := fmt.Sprint(time.Now().Unix())
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(stamp + "."))
			mac.Write(body)
			req, err := http.NewRequest(http.MethodPost, f.url+"/hooks/"+account.ID+"/", bytes.NewReader(body))
			if err != nil {
				f.t.Fatal(err)
			}
			req.Header.Set("X-Tamas-Signature", "t="+stamp+",v1="+hex.EncodeToString(mac.Sum(nil)))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				f.t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusServiceUnavailable && try < 12 { // not recorded in time: a gateway sends it again
				continue
			}
			if resp.StatusCode != http.StatusOK {
				f.t.Fatalf("the door answers %s", resp.Status)
			}
			break
		}
	}
}

// Two thousand customers wait: the list stays light however far one goes down, and a new one shows at once.
func much(t *testing.T, browser context.Context) {
	const customers, deep = 2000, 800 // rows
	f := found(t, browser, "en")
	f.texts(customers)
	admin := f.admin()
	admin.opens("/inbox?list=waiting")
	admin.sees("the count", `by('[role=tab]', 'Waiting').innerText.includes('999+') && by('[role=tab]', 'Waiting').querySelector('[title]')?.title === '2,000'`)
	admin.shoot("en-much-light")
	admin.look("dark")
	admin.shoot("en-much-dark")
	admin.look("light")

	most, last := 0, 0
	for range customers {
		// A screen further; what is in sight must be there, at the latest when its page has come.
		admin.sees("rows in sight", `(b => {
			if (!b) return false
			const r = b.getBoundingClientRect()
			return [0.1, 0.5, 0.9].every(y => document.elementFromPoint(r.x + 100, r.y + r.height * y)?.closest('[data-list] li, [data-list] p'))
		})($('[data-list] ul')?.parentElement)`)
		now := value[struct{ Rows, Last int }](admin, `(b => {
			const rows = $$('[data-list] li'), Last = Math.max(...rows.map(e => Number(e.getAttribute('aria-posinset'))))
			b.scrollTop += 2.5 * b.clientHeight
			return { Rows: rows.length, Last }
		})($('[data-list] ul').parentElement)`)
		most, last = max(most, now.Rows), max(last, now.Last)
		if last >= deep {
			break
		}
	}
	if last < deep {
		t.Errorf("the way down ends at row %d of %d", last, customers)
	}
	if most > 60 {
		t.Errorf("%d rows stood in the page at once", most)
	}
	admin.shoot("en-much-deep-light")

	admin.clicks(`$$('[data-list] li button').filter(seen).at(-1)`)
	admin.sees("a conversation from far down opens", `$$('[role=log] article').length === 1`)
	admin.opens("/inbox?list=all")
	admin.sees("the list", `$$('[data-list] li').length > 5`)
	visitor := f.arrives("Emma", "en")
	visitor.chats("I am the newest")
	admin.sees("on top at once", `(e => e && e.closest('li').getAttribute('aria-posinset') === '1')(by('[data-list] li button', 'I am the newest'))`)
}
