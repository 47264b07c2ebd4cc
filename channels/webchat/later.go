package webchat

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"tamas/channels"
)

// postLater lets a visitor who waits be answered elsewhere, in the same place in line: {"to":"…"} is an address, telephone number or one of
// the standing's later; "" takes it back. → {"link":"…"}, to be opened there when there is one.
func (a *adapter) postLater(w http.ResponseWriter, r *http.Request) {
	c, ok := a.caller(w, bearer(r))
	if !ok || !a.call(w, c.visitor) {
		return
	}
	b, ok := readBody(w, r)
	if !ok {
		return
	}
	var ask struct {
		To string `json:"to"`
	}
	if json.Unmarshal(b, &ask) != nil || len(ask.To) > channels.MaxKey || !*a.set.Later {
		refuse(w, http.StatusUnprocessableEntity, "invalid", "The body is {\"to\": an address}.", 0)
		return
	}
	if wait := a.laters.take(c.visitor, time.Now(), 1); wait > 0 {
		refuse(w, http.StatusTooManyRequests, "slow_down", "Too many changes at once.", wait)
		return
	}
	link, err := a.cfg.Desk.Later(contextOf(r), c.visitor, ask.To)
	var field *channels.FieldError
	switch {
	case err == nil:
		answer(w, http.StatusOK, map[string]string{"link": link})
	case errors.As(err, &field):
		refuse(w, http.StatusUnprocessableEntity, "invalid", field.Reason, 0)
	case errors.Is(err, errors.ErrUnsupported):
		refuse(w, http.StatusNotFound, "not_found", "Nobody waits here.", 0)
	default:
		a.cfg.Log.Warn("webchat: later", "account", a.cfg.ID, "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "Not now. Try again.", time.Second)
	}
}
