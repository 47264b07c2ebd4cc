package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
)

// call makes one HTTP call.
func (a *account) call(ctx context.Context, method, addr, contentType, body string, more func(*http.Request)) provider.Answer {
	req, err := http.NewRequestWithContext(ctx, method, addr, strings.NewReader(body))
	if err != nil {
		return provider.Answer{Err: a.api.CleanError(err)}
	}
	if body != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if more != nil {
		more(req)
	}
	return a.api.Call(req)
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// sendParts sends a message, cut into parts where it is long. one hands a part over and returns its provider id; id is the hub's id
// of the part. When the provider takes an id once however often it comes (repeatable), a part that failed makes the
// whole message come again; else what the customer has already got is told and the message left to people.
func (a *account) sendParts(ctx context.Context, m channels.Outbound, limit int, repeatable bool, one func(ctx context.Context, id, text string) (string, *channels.SendError)) (channels.Receipt, error) {
	if strings.TrimSpace(m.Text) == "" {
		return channels.Receipt{}, &channels.SendError{Permanent: true, Reason: "The message has no text"}
	}
	var r channels.Receipt
	parts := split(m.Text, limit)
	for i, text := range parts {
		id := m.ID
		if i > 0 {
			id = fmt.Sprintf("%s/%d", m.ID, i+1)
		}
		got, se := one(ctx, id, text)
		for tries := 0; i > 0 && se != nil && se.RetryAfter > 0 && se.RetryAfter <= 10*time.Second && tries < 3; tries++ {
			if provider.Pause(ctx, se.RetryAfter) != nil {
				break
			}
			got, se = one(ctx, id, text)
		}
		if se != nil && i > 0 && !repeatable {
			se.Reason = fmt.Sprintf("%d of %d parts were sent; the next: %s", i, len(parts), se.Reason)
			se.Uncertain, se.Permanent, se.RetryAfter = true, false, 0
		}
		if se != nil {
			return channels.Receipt{}, se
		}
		if i == 0 {
			r.ProviderID = bounded(got)
		} else {
			r.Parts = append(r.Parts, bounded(got))
		}
	}
	return r, nil
}

// trouble is why an account does not work, told for people.
type trouble struct {
	refused bool
	text    string
	do      string
}

func (t *trouble) Error() string { return t.text }

// reading turns the outcome of a call that changes nothing into an error for people; nil when it went well. said is the
// provider's own word; refused and do are for wrong credentials.
func (a *account) reading(o provider.Answer, said, refused, do string) error {
	switch {
	case o.Err != nil:
		return &trouble{text: a.api.Name + " cannot be reached: " + a.api.Clean(o.Err.Error())}
	case o.Status == http.StatusUnauthorized || o.Status == http.StatusForbidden:
		return &trouble{refused: true, text: refused, do: do}
	case o.Status/100 != 2:
		return &trouble{text: strings.TrimSpace(fmt.Sprintf("%s answered %d %s", a.api.Name, o.Status, a.api.Clean(said)))}
	}
	return nil
}

// report tells the desk of a trouble and returns what Run returns.
func (a *account) report(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h := channels.Health{State: "failing", Detail: err.Error()}
	var t *trouble
	if errors.As(err, &t) {
		if h.Do = t.do; t.refused {
			h.State = "refused"
		}
	}
	a.desk.Health(h)
	return err
}

// refuse answers a call of the webhook that is not taken.
func refuse(w http.ResponseWriter, status int, code, message string) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": message}})
}

// unrecordedYet asks the provider to deliver a call of the webhook again.
func (a *account) unrecordedYet(w http.ResponseWriter, err error) {
	a.log.Warn("sms: a call of the webhook is not recorded; asking for it again", "err", err)
	refuse(w, http.StatusServiceUnavailable, "not_recorded", "not recorded yet; deliver it again")
}

// readBody reads a webhook's body; when that fails it has answered.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "method", "POST only")
		return nil, false
	}
	body, err := io.ReadAll(r.Body)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "the body is too large")
	case err != nil:
		refuse(w, http.StatusBadRequest, "invalid", "the request broke off")
	case len(body) == 0:
		refuse(w, http.StatusBadRequest, "invalid", "the body is empty")
	}
	return body, err == nil && len(body) > 0
}
