package webchat

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// public is what the widget may know of the settings, worked out as far as it goes: each line here is one less in the bundle.
type public struct {
	Style    map[string]string `json:"style"` // the style sheet's variables
	Language string            `json:"language"`
	Locale   string            `json:"locale"` // for dates and numbers
	Dir      string            `json:"dir"`
	Side     string            `json:"side"`
	Texts    map[string]string `json:"texts"`
	Theme    string            `json:"theme"`
	Ask      []question        `json:"ask"`      // before the first message
	MaxText  int               `json:"max_text"` // bytes
	MaxFile  int64             `json:"max_file"` // bytes; 0: no files
	Sound    bool              `json:"sound"`
	Rating   bool              `json:"rating"`
	Visits   string            `json:"visits"`
	Open     bool              `json:"open"`
	Next     int64             `json:"next,omitempty"` // Unix milliseconds: when Open changes
}

// question is one field of the form before the first message.
type question struct {
	Tag   string         `json:"tag"`
	Label string         `json:"label"`
	Props map[string]any `json:"props"`
}

func (s *settings) questions(texts map[string]string) []question {
	list := []question{}
	for _, q := range []struct {
		name, tag, kind, complete string
		most                      int
		ask                       ask
	}{
		{"name", "input", "text", "name", maxPerson / 4, s.AskName}, // characters have up to four bytes
		{"email", "input", "email", "email", maxPerson / 2, s.AskEmail},
		{"phone", "input", "tel", "tel", maxPhone / 2, s.AskPhone},
		{"question", "textarea", "", "off", maxText / 4, s.AskQuestion},
	} {
		if q.ask == "off" {
			continue
		}
		props := map[string]any{"name": q.name, "maxLength": q.most, "autocomplete": q.complete, "dir": "auto", "required": q.ask == "required"}
		if q.kind != "" {
			props["type"] = q.kind
		}
		list = append(list, question{q.tag, texts[q.name], props})
	}
	return list
}

// configKey is what an answer to GET config depends on besides the settings.
type configKey struct {
	lang, locale string
	open         bool
	next         int64
}

// prepared is an answer as it stands and zipped.
type prepared struct{ plain, zipped []byte }

func (a *adapter) public(k configKey) prepared {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.configs[k]; ok {
		return p
	}
	s := &a.set
	colors := newPalette(s.Color)
	p := public{Language: k.lang, Locale: k.locale, Dir: "ltr", Side: s.Position, Texts: s.texts[k.lang], Theme: s.Theme,
		Style: map[string]string{"accent": colors.Accent, "on": colors.On, "ink": colors.Ink, "ink-dark": colors.InkDark,
			"x": strconv.Itoa(*s.OffsetX) + "px", "y": strconv.Itoa(*s.OffsetY) + "px"},
		Ask: s.questions(s.texts[k.lang]), MaxText: maxText, Sound: *s.Sound, Rating: *s.Rating, Visits: s.Visits, Open: k.open, Next: k.next}
	if k.lang == "fa" {
		p.Dir = "rtl"
	}
	if p.Side == "auto" {
		p.Side = map[string]string{"ltr": "right", "rtl": "left"}[p.Dir]
	}
	if *s.Files {
		p.MaxFile = a.cfg.Desk.MaxFile()
	}
	plain, _ := json.Marshal(p) // strings and numbers
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	w.Write(plain)
	w.Close()
	if len(a.configs) >= 8 { // a few languages, before and after a change of the hour
		clear(a.configs)
	}
	a.configs[k] = prepared{plain, b.Bytes()}
	return a.configs[k]
}

// serveConfig answers GET config?lang=<the tag's wish>,<the page's language>,<the browser's>.
func (a *adapter) serveConfig(w http.ResponseWriter, r *http.Request) {
	open, next := a.hours(time.Now())
	wishes := strings.Split(cut(r.URL.Query().Get("lang"), 200), ",")
	lang, locale := chooseLanguage(a.set.Language, wishes)
	p := a.public(configKey{lang, locale, open, next})
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.Write(p.zipped)
		return
	}
	w.Write(p.plain)
}

type session struct {
	Visitor string `json:"visitor"`
	Token   string `json:"token"`
	User    string `json:"user,omitempty"` // the firm's id of the customer, when the page has proven it
}

// serveSession makes a visitor, or renews one: {"token":"…","identity":"<JWT>","join":bool}, all optional, → {"visitor":"…","token":"…"}.
// A token that is not ours is refused with 401 rather than replaced, so that nobody mistakes a lost history for an empty one;
// a proof that does not hold with 403, and then nobody is linked to anybody.
func (a *adapter) serveSession(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Token string `json:"token"`
		Join  bool   `json:"join"` // of a proof: what this visitor did before is of who is proven, too
		proof
	}
	b, ok := readBody(w, r)
	if !ok {
		return
	}
	if len(b) > 0 {
		if err := json.Unmarshal(b, &ask); err != nil {
			refuse(w, http.StatusUnprocessableEntity, "invalid", "The body is one JSON object.", 0)
			return
		}
	}
	now := time.Now()
	p, known := a.sign.check(ask.Token, now)
	if !ask.proof.empty() {
		a.provenSession(w, r, ask.proof, p, known, ask.Join)
		return
	}
	if wait := a.sessions.take(network(r.RemoteAddr), now, 1); wait > 0 {
		refuse(w, http.StatusTooManyRequests, "slow_down", "Too many visitors from this network. Try again soon.", wait)
		return
	}
	switch {
	case ask.Token == "":
		p = pass{visitor: newVisitor(), issued: now}
	case !known || p.who != nil: // whoever was signed in here is not any more
		refuse(w, http.StatusUnauthorized, "signed_out", "This visitor is not known. Begin a new session.", 0)
		return
	case now.Sub(p.issued) > tokenRenew:
		p.issued = now
	default:
		answer(w, http.StatusOK, session{Visitor: p.visitor.String(), Token: ask.Token})
		return
	}
	answer(w, http.StatusOK, session{Visitor: p.visitor.String(), Token: a.sign.sign(p)})
}

// provenSession is for a visitor whom the site names. They are the same visitor on every device, except that a conversation which
// was begun before signing in goes on where it is until it ends. One who joins stays the visitor that they were, who is linked to the
// customer by what they do next.
func (a *adapter) provenSession(w http.ResponseWriter, r *http.Request, given proof, before pass, known, join bool) {
	now := time.Now()
	who, err := given.verify(a.set.IdentitySecret, now)
	if err != nil {
		if wait := a.sessions.take(network(r.RemoteAddr), now, 1); wait > 0 {
			refuse(w, http.StatusTooManyRequests, "slow_down", "Too many visitors from this network. Try again soon.", wait)
			return
		}
		refuse(w, http.StatusForbidden, "identity", "The identity is not valid, or is over.", 0)
		return
	}
	p := pass{visitor: a.sign.of(who), issued: now, who: who}
	if !a.call(w, p.visitor.String()) {
		return
	}
	if known && before.visitor != p.visitor && (before.who == nil || before.who.same(who)) {
		ctx, cancel := context.WithTimeout(contextOf(r), receiveTime)
		defer cancel()
		st, err := a.cfg.Desk.Standing(ctx, before.visitor.String())
		if err != nil {
			a.cfg.Log.Warn("webchat: standing", "account", a.cfg.ID, "err", err)
			refuse(w, http.StatusServiceUnavailable, "not_recorded", "The record does not answer. Try again.", time.Second)
			return
		}
		if join || isOpen(st) {
			p.visitor = before.visitor
		}
	}
	answer(w, http.StatusOK, session{p.visitor.String(), a.sign.sign(p), who.ID})
}

// readBody reads at most maxFrame bytes; it has answered when !ok.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxFrame+1))
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "invalid", "The body could not be read.", 0)
	case len(b) > maxFrame:
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "The body is too large.", 0)
	default:
		return b, true
	}
	return nil, false
}
