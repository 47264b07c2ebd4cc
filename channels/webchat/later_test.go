package webchat

import (
	"testing"

	"tamas/channels"
)

// Who waits is offered to be answered elsewhere, gets the link where one is needed, and is told what was chosen; the account may forbid it.
func TestLater(t *testing.T) {
	d := newDesk()
	_, _, base := account(t, d, onlySite)
	v := newVisitorAt(t, base)
	later := func(body string, into any) int { t.Helper(); return v.do("POST", "later", body, into) }
	if got := later(`{"to":"a@b.example"}`, nil); got != 404 {
		t.Errorf("nobody waits: %d", got)
	}
	d.SetStanding(v.Visitor, channels.Standing{Status: "waiting", Position: 3, Later: "email,telegram"})
	d.stand(v.Visitor, channels.Standing{Status: "waiting", Position: 3, Later: "email,telegram"})
	var feed struct{ Standing *standing }
	if v.do("GET", "messages?wait=0&stood=", "", &feed); feed.Standing == nil || feed.Standing.Later != "email,telegram" || feed.Standing.Position != 3 {
		t.Fatalf("%+v", feed.Standing)
	}
	var a struct{ Link *string }
	if got := later(`{"to":"a@b.example"}`, &a); got != 200 || a.Link == nil || *a.Link != "" {
		t.Errorf("%d %+v", got, a)
	}
	if got := later(`{"to":"telegram"}`, &a); got != 200 || *a.Link != "https://later.example/telegram" {
		t.Errorf("%d %v", got, *a.Link)
	}
	for _, bad := range []string{`{"to":"nowhere"}`, `[]`} {
		if got := later(bad, nil); got != 422 {
			t.Errorf("%s: %d", bad, got)
		}
	}
	if got := later(`{"to":""}`, nil); got != 200 {
		t.Errorf("taken back: %d", got)
	}
	if got := later(`{"to":""}`, nil); got != 429 {
		t.Errorf("again and again: %d", got)
	}
	other := newDesk()
	_, _, closed := account(t, other, `{"allowed_origins":["https://shop.example"],"later":false}`)
	w := newVisitorAt(t, closed)
	other.stand(w.Visitor, channels.Standing{Status: "waiting", Later: "email"})
	feed.Standing = nil
	if w.do("GET", "messages?wait=0&stood=", "", &feed); feed.Standing == nil || feed.Standing.Later != "" {
		t.Errorf("%+v", feed.Standing)
	}
	if got := w.do("POST", "later", `{"to":"a@b.example"}`, nil); got != 422 {
		t.Errorf("where the account forbids it: %d", got)
	}
}
