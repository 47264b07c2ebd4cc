package webchat

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tamas/channels"
)

// Bounds of a visit, in bytes.
const (
	maxPage  = 2000
	maxLabel = 300 // the page's title
)

// postVisit logs a page that the visitor looks at: {"key":"…","page":"https://…","title":"…"} → 204. The widget asks for consent before
// where the account wants it; here only what the account allows is kept.
func (a *adapter) postVisit(w http.ResponseWriter, r *http.Request) {
	c, ok := a.caller(w, bearer(r))
	if !ok || !a.call(w, c.visitor) {
		return
	}
	b, ok := readBody(w, r)
	if !ok {
		return
	}
	if a.set.Visits == "off" {
		refuse(w, http.StatusForbidden, "forbidden", "Visits are not logged here.", 0)
		return
	}
	var v struct{ Key, Page, Title string }
	if err := json.Unmarshal(b, &v); err != nil || !isID(v.Key) {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "The body is a JSON object with key, page and title.", 0)
		return
	}
	page, ok := a.visited(v.Page, originOf(r))
	if !ok {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "page is not an address of the site that asks.", 0)
		return
	}
	if wait := a.visits.take(c.visitor, time.Now(), 1); wait > 0 {
		refuse(w, http.StatusTooManyRequests, "slow_down", "Too many pages at once.", wait)
		return
	}
	m := channels.Inbound{Kind: channels.Visit, Page: page, Text: cut(oneLine(v.Title), maxLabel)}
	if a.record(contextOf(r), c, v.Key, m) != nil {
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "Not recorded. Try again.", time.Second)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// postTranscript mails the conversation to its visitor, at an address that the hub knows: {} → 204.
func (a *adapter) postTranscript(w http.ResponseWriter, r *http.Request) {
	c, ok := a.caller(w, bearer(r))
	if !ok || !a.call(w, c.visitor) {
		return
	}
	switch err := a.cfg.Desk.Transcript(contextOf(r), c.visitor); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, errors.ErrUnsupported):
		refuse(w, http.StatusNotFound, "not_found", "This conversation cannot be mailed.", 0)
	case errors.Is(err, channels.ErrTooOften):
		refuse(w, http.StatusTooManyRequests, "slow_down", "It was mailed a moment ago.", time.Minute)
	default:
		a.cfg.Log.Warn("webchat: transcript", "account", a.cfg.ID, "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "Not now. Try again.", time.Second)
	}
}

// visited is a page's address as it is kept: of the site that asks, without what follows # and, unless the account allows
// it, what follows ?: searches and tokens stand there.
func (a *adapter) visited(page, origin string) (string, bool) {
	u, err := url.Parse(page)
	if err != nil || len(page) > 4*maxPage || u.Scheme+"://"+u.Host != origin {
		return "", false
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if !a.set.VisitsQuery {
		u.RawQuery, u.ForceQuery = "", false
	}
	return cut(strings.ToValidUTF8(u.String(), ""), maxPage), true
}
