package webchat

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"tamas/channels"
)

const maxWait = 25 * time.Second // below the 30 s after which many proxies give up

// getMessages is the feed for those whose network blocks sockets: it answers {"items":[…]} as soon as there is
// something after the given item, or the visitor stands elsewhere than stood=<the last answer's> says, and without items when the wait is
// over.
func (a *adapter) getMessages(w http.ResponseWriter, r *http.Request) {
	c, ok := a.caller(w, bearer(r))
	if !ok || !a.call(w, c.visitor) {
		return
	}
	visitor := c.visitor
	q := r.URL.Query()
	after := q.Get("after")
	if len(after) > maxID {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "after is not an item's id.", 0)
		return
	}
	seconds, err := strconv.Atoi(or(q.Get("wait"), "0"))
	if err != nil || seconds < 0 {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "wait is a number of seconds.", 0)
		return
	}
	if !a.enter(visitor, maxConns) {
		refuse(w, http.StatusTooManyRequests, "slow_down", "This visitor has too many connections.", time.Second)
		return
	}
	defer a.leave(visitor)

	// Watched before history is read: what is recorded in between is in one of the two.
	l := &listener{sign: a.sign, visitor: visitor, wake: make(chan struct{}, 1)}
	stop := a.cfg.Desk.Watch(visitor, l.hear)
	defer stop()

	items, err := a.page(r.Context(), visitor, after)
	var st *standing
	if err == nil {
		st, err = a.standing(r.Context(), visitor)
	}
	known := q.Get("stood")
	if !q.Has("stood") {
		known = st.digest()
	}
	if err == nil && len(items) == 0 && st.digest() == known {
		timer := time.NewTimer(min(time.Duration(seconds)*time.Second, maxWait))
		defer timer.Stop()
		select {
		case <-l.wake:
		case <-timer.C:
		case <-a.down:
		case <-r.Context().Done():
			return
		}
		var messages, stood bool
		items, messages, stood = l.take()
		if messages {
			// What Watch brings may be older than after: another node has shown it before this one heard of it. The
			// record knows what follows.
			var more []item
			more, err = a.page(r.Context(), visitor, after)
			items = append(more, items...)
		}
		if err == nil && stood {
			st, err = a.standing(r.Context(), visitor)
		}
	}
	if err != nil {
		a.cfg.Log.Warn("webchat: history", "account", a.cfg.ID, "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "The record does not answer. Try again.", time.Second)
		return
	}
	stood := st.digest()
	if stood == known {
		st = nil
	}
	answer(w, http.StatusOK, struct {
		Items    []item    `json:"items,omitempty"`
		Standing *standing `json:"standing,omitempty"`
		Stood    string    `json:"stood"`
	}{items, st, stood})
}

// listener collects what Watch brings while a poll waits: typing itself, of messages only that there are some.
type listener struct {
	sign    signer
	visitor string
	wake    chan struct{}

	mu       sync.Mutex
	other    []item // typing and states
	messages bool
	standing bool // has changed
}

func (l *listener) hear(i channels.Item) {
	it, ok := l.sign.toItem(i, l.visitor)
	standing := isStanding(i)
	if !ok && !standing {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case standing:
		l.standing = true
	case it.kept():
		l.messages = true
	case len(l.other) < 50:
		l.other = append(l.other, it)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take returns what was heard: typing and states, whether there are messages, whether the standing changed.
func (l *listener) take() (other []item, messages, standing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.other, l.messages, l.standing
}

// postMessage records one message: {"key":"…","text":"…"} → {"t":"ack","key":"…"}.
func (a *adapter) postMessage(w http.ResponseWriter, r *http.Request) { a.postFrame(w, r, "send") }

// postRate records how a conversation was: {"key":"…","score":5,"text":"…"} → {"t":"ack","key":"…"}.
func (a *adapter) postRate(w http.ResponseWriter, r *http.Request) { a.postFrame(w, r, "rate") }

func (a *adapter) postFrame(w http.ResponseWriter, r *http.Request, t string) {
	c, f, ok := a.post(w, r, t)
	if !ok {
		return
	}
	// Not the request's context: a visitor who leaves the page does not take the message back.
	ans := a.receive(contextOf(r), c, f)
	wait := time.Duration(ans.Wait) * time.Millisecond
	switch {
	case ans.T == "ack":
		answer(w, http.StatusOK, ans)
	case ans.Code == "slow_down":
		refuse(w, http.StatusTooManyRequests, ans.Code, ans.Message, wait)
	case ans.Code == "not_recorded":
		refuse(w, http.StatusServiceUnavailable, ans.Code, ans.Message, wait)
	case ans.Code == "too_long":
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", ans.Message, 0)
	default:
		refuse(w, http.StatusUnprocessableEntity, "invalid", ans.Message, 0)
	}
}

// postTyping: {"on":true} → 204.
func (a *adapter) postTyping(w http.ResponseWriter, r *http.Request) {
	if c, f, ok := a.post(w, r, "typing"); ok {
		a.cfg.Desk.Typing(c.visitor, f.On)
		w.WriteHeader(http.StatusNoContent)
	}
}

// postSeen: {"id":"…","state":"read"} → 204.
func (a *adapter) postSeen(w http.ResponseWriter, r *http.Request) {
	c, f, ok := a.post(w, r, "seen")
	if !ok {
		return
	}
	if err := a.seen(contextOf(r), c.visitor, f); err != nil {
		a.cfg.Log.Debug("webchat: seen", "account", a.cfg.ID, "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "Not recorded. Try again.", time.Second)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// post reads a frame of the given kind from a request; it has answered when !ok.
func (a *adapter) post(w http.ResponseWriter, r *http.Request, t string) (c caller, f clientFrame, ok bool) {
	if c, ok = a.caller(w, bearer(r)); !ok || !a.call(w, c.visitor) {
		return c, f, false
	}
	b, ok := readBody(w, r)
	if !ok {
		return c, f, false
	}
	f, err := parseBody(b, t)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, "invalid", err.Error()+".", 0)
		return c, f, false
	}
	return c, f, true
}

// call counts a request against its visitor; it has answered when false.
func (a *adapter) call(w http.ResponseWriter, visitor string) bool {
	if wait := a.calls.take(visitor, time.Now(), 1); wait > 0 {
		refuse(w, http.StatusTooManyRequests, "slow_down", "Too many requests.", wait)
		return false
	}
	return true
}
