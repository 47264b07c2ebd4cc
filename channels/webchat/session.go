package webchat

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// public is what the widget may know of the settings.
func (s settings) public() any {
	return struct {
		Title    string `json:"title"`
		Welcome  string `json:"welcome"`
		Color    string `json:"color"`
		Language string `json:"language"`
		Position string `json:"position"`
		AskName  bool   `json:"ask_name"`
		MaxText  int    `json:"max_text"` // bytes
	}{s.Title, s.Welcome, s.Color, s.Language, s.Position, s.AskName, maxText}
}

func (a *adapter) serveConfig(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(a.config)
}

// serveSession makes a visitor, or renews one: {"token":"…"} or {} → {"visitor":"…","token":"…"}.
// A token that is not ours is refused with 401 rather than replaced, so that nobody mistakes a lost history for an empty one.
func (a *adapter) serveSession(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Token string `json:"token"`
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
	if wait := a.sessions.take(network(r.RemoteAddr), now); wait > 0 {
		refuse(w, http.StatusTooManyRequests, "slow_down", "Too many visitors from this network. Try again soon.", wait)
		return
	}
	if ask.Token == "" {
		v := newVisitor()
		answer(w, http.StatusOK, session{v.String(), a.sign.sign(v, now)})
		return
	}
	v, issued, ok := a.sign.check(ask.Token, now)
	if !ok {
		refuse(w, http.StatusUnauthorized, "signed_out", "This visitor is not known. Begin a new session.", 0)
		return
	}
	if now.Sub(issued) > tokenRenew {
		ask.Token = a.sign.sign(v, now)
	}
	answer(w, http.StatusOK, session{v.String(), ask.Token})
}

type session struct {
	Visitor string `json:"visitor"`
	Token   string `json:"token"`
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
