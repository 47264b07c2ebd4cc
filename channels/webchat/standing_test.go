package webchat

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tamas/channels"
)

func jsonInto(b []byte, v any) error { return json.Unmarshal(b, v) }

func httpRequest(method, path, token string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestStanding(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, onlySite)
	v := newVisitorAt(t, base)
	w := v.dial("")
	w.say(`{"t":"send","key":"key-0001","text":"hello"}`)
	w.until("ack")
	d.stand(v.Visitor, channels.Standing{Status: "waiting", Position: 3, Wait: 4 * time.Minute, Staffed: true})
	if got := w.until("standing").Standing; *got != (standing{Status: "waiting", Position: 3, Wait: 240, Staffed: true, Open: true}) {
		t.Errorf("%+v", got)
	}
	// Somebody who comes back is told, and who asks.
	last := d.lastID(v.Visitor)
	back := v.dial(last)
	if got := back.until("standing").Standing; got.Position != 3 {
		t.Errorf("%+v", got)
	}
	d.mu.Lock()
	d.stands[v.Visitor] = channels.Standing{Status: "active", Position: 3, Wait: time.Minute, Agent: "Ali", Staffed: true}
	d.mu.Unlock()
	back.say(`{"t":"standing"}`)
	if got := back.until("standing").Standing; got.Agent != "Ali" || got.Position != 0 || got.Wait != 0 || got.Over {
		t.Errorf("one who is served is told a place: %+v", got)
	}

	// By polling as well.
	var feed struct {
		Items    []item
		Standing *standing
		Stood    string
	}
	if v.do("GET", "messages?wait=0&stood=&after="+last, "", &feed); feed.Standing == nil || feed.Standing.Agent != "Ali" {
		t.Errorf("%+v", feed)
	}
	feed.Standing = nil
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.do("GET", "messages?wait=20&stood="+feed.Stood+"&after="+last, "", &feed)
	}()
	d.wait(t, "the poll watches", func() bool { return len(d.watchers[v.Visitor]) == 3 })
	d.stand(v.Visitor, channels.Standing{Status: "resolved"})
	<-done
	if feed.Standing == nil || !feed.Standing.Over {
		t.Errorf("%+v", feed.Standing)
	}
	// What changed while no poll waited is told by the next one, at once.
	d.mu.Lock()
	d.stands[v.Visitor] = channels.Standing{Status: "waiting", Position: 9, Staffed: true}
	d.mu.Unlock()
	v.do("GET", "messages?wait=20&stood="+feed.Stood+"&after="+last, "", &feed)
	if feed.Standing == nil || feed.Standing.Position != 9 {
		t.Errorf("%+v", feed.Standing)
	}
}

func TestChangesAndStates(t *testing.T) {
	sign := signer{"acc1", []byte("k")}
	d := newDesk()
	_, _, base := account(t, d, onlySite)
	v := newVisitorAt(t, base)
	said := d.say(v.Visitor, "Ali", "tow")
	w := v.dial("")
	w.items(1)
	d.mu.Lock()
	d.add(v.Visitor, channels.Item{Kind: "edit", From: "agent", Of: said.ID, Text: "two"})
	d.add(v.Visitor, channels.Item{Kind: "deletion", From: "agent", Of: said.ID})
	d.mu.Unlock()
	d.show(v.Visitor, channels.Item{Kind: "state", From: "agent", Of: said.ID, State: "read"})
	var got []item
	for len(got) < 3 {
		got = append(got, w.until("items").Items...)
	}
	if got[0].Kind != "edit" || got[0].Of != said.ID || got[0].Text != "two" || got[1].Kind != "deletion" || got[2].State != "read" || got[2].Of != said.ID {
		t.Errorf("%+v", got)
	}
	var feed struct{ Items []item }
	if v.do("GET", "messages?wait=0", "", &feed); len(feed.Items) != 3 {
		t.Errorf("by polling: %+v", feed.Items)
	}
	for _, i := range []channels.Item{{Kind: "edit", Text: "of nothing"}, {Kind: "state", State: "failed", Of: "x"}, {Kind: "state", State: "read"}} {
		if _, ok := sign.toItem(i, v.Visitor); ok {
			t.Errorf("%+v is nothing for visitors", i)
		}
	}
}

func TestRating(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, onlySite)
	v := newVisitorAt(t, base)
	w := v.dial("")
	w.say(`{"t":"rate","key":"rate-12-7","score":4,"text":"quick"}`)
	w.until("ack")
	if got := v.do("POST", "rate", `{"key":"rate-12-7","score":4,"text":"quick"}`, nil); got != 200 {
		t.Errorf("the same by polling: %d", got)
	}
	got := d.received(channels.Rating)
	if len(got) != 1 || got[0].Score != 4 || got[0].Text != "quick" || got[0].Thread != v.Visitor || got[0].Key != v.Visitor+"/rate-12-7" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{`{"key":"rate-12-8","score":0}`, `{"key":"rate-12-8","score":6}`, `{"key":"rate-12-8"}`, `{"score":3}`} {
		if got := v.do("POST", "rate", bad, nil); got != 422 {
			t.Errorf("%s: %d", bad, got)
		}
	}
}

func TestVisits(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, `{"allowed_origins":["`+site+`"],"visits":"on"}`)
	v := newVisitorAt(t, base)
	visit := func(page string) int {
		return v.do("POST", "visits", mustJSON(map[string]string{"key": "visit-0001", "page": page, "title": " Teas\nof spring "}), nil)
	}
	if got := visit(site + "/tea?token=secret&q=1#top"); got != 204 {
		t.Fatal(got)
	}
	got := d.received(channels.Visit)
	if len(got) != 1 || got[0].Page != site+"/tea" || got[0].Text != "Teas of spring" || got[0].Thread != v.Visitor || got[0].Address != v.Visitor {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"https://evil.example/", "javascript:alert(1)", "", "//" + site, site + ".evil.example/", "https://x@shop.example.evil/", site + "/" + strings.Repeat("x", 9000), "http://shop.example/"} {
		if got := visit(bad); got != 422 {
			t.Errorf("%.60q: %d", bad, got)
		}
	}
	status := 0
	for range visitsPerMinute + 1 {
		if status = visit(site + "/"); status == 429 {
			break
		}
	}
	if status != 429 {
		t.Error("visits are not limited")
	}
	_, _, base = account(t, newDesk(), onlySite)
	v = newVisitorAt(t, base)
	if got := visit(site + "/"); got != 403 {
		t.Errorf("visits are off: %d", got)
	}
	d = newDesk()
	_, _, base = account(t, d, `{"allowed_origins":["`+site+`"],"visits":"ask","visits_query":true}`)
	v = newVisitorAt(t, base)
	visit("https://me:pw@shop.example/tea?q=1#top")
	visit(site + "/tea?q=1#top")
	if got := d.received(channels.Visit); len(got) != 1 || got[0].Page != site+"/tea?q=1" {
		t.Errorf("%+v", got)
	}
}

// The settings arrive at the widget worked out.
func TestConfig(t *testing.T) {
	_, _, base := account(t, newDesk(), `{"allowed_origins":["`+site+`"],"ask_name":true,"ask_email":"required","color":"#ffd400","offset_x":8,"hours":["mon 00:00-00:01"],"hours_zone":"UTC","closed_days":["2020-01-01..2090-01-01"]}`)
	v := newVisitorAt(t, base)
	var p public
	v.do("GET", "config?lang=,fa-IR,en", "", &p)
	if p.Language != "fa" || p.Dir != "rtl" || p.Side != "left" || p.Style["on"] != "#000" || p.Style["x"] != "8px" || p.Open || p.Next != 0 || p.MaxFile == 0 || p.Texts["send"] != "فرستادن" {
		t.Errorf("%+v", p)
	}
	if len(p.Ask) != 2 || p.Ask[0].Props["required"] != false || p.Ask[1].Props["required"] != true || p.Ask[1].Props["type"] != "email" {
		t.Errorf("%+v", p.Ask)
	}
	v.do("GET", "config?lang=en,fa-IR,en-GB", "", &p)
	if p.Language != "en" || p.Locale != "en-GB" || p.Side != "right" {
		t.Errorf("%+v", p)
	}
	// A name that was asked for by an account of old.
	if s, err := read([]byte(`{"allowed_origins":["https://a.example"],"ask_name":false}`)); err != nil || s.AskName != "off" {
		t.Errorf("%v %v", s.AskName, err)
	}
	if s, err := read([]byte(`{"allowed_origins":["https://a.example"],"ask_name":true}`)); err != nil || s.AskName != "optional" || s.AskEmail != "optional" {
		t.Errorf("%v %v %v", s.AskName, s.AskEmail, err)
	}
	resp, b := v.call("GET", "config?lang="+strings.Repeat("x,", 5000), "")
	if resp.StatusCode != 200 || len(b) > 16<<10 {
		t.Errorf("%d, %d bytes", resp.StatusCode, len(b))
	}
}

func TestTranscript(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, onlySite)
	v := newVisitorAt(t, base)
	for _, c := range []struct {
		err  error
		want int
	}{{nil, 204}, {errors.ErrUnsupported, 404}, {channels.ErrTooOften, 429}, {channels.ErrUnrecorded, 503}} {
		d.mu.Lock()
		d.mail = func(thread string) error {
			if thread != v.Visitor {
				t.Errorf("the transcript of %q", thread)
			}
			return c.err
		}
		d.mu.Unlock()
		if got := v.do("POST", "transcript", "{}", nil); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
	d.stand(v.Visitor, channels.Standing{Status: "resolved", Transcript: true})
	var feed struct{ Standing *standing }
	if v.do("GET", "messages?wait=0&stood=", "", &feed); feed.Standing == nil || !feed.Standing.Mail {
		t.Errorf("%+v", feed.Standing)
	}
}
