package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/signed"
)

// ServeHTTP takes events and uploads from the system: 200 once all is recorded, 503 for "deliver it again", 4xx for what
// will never be taken.
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "":
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "method", "POST only", nil)
			return
		}
		a.serveEvents(w, r)
	case "/files":
		if r.Method != http.MethodPut && r.Method != http.MethodPost {
			w.Header().Set("Allow", "PUT, POST")
			refuse(w, http.StatusMethodNotAllowed, "method", "PUT only", nil)
			return
		}
		a.serveUpload(w, r)
	default:
		refuse(w, http.StatusNotFound, "not_found", "events go to the address without a path, files to /files", nil)
	}
}

func (a *adapter) serveEvents(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "a call has at most 1 MiB; upload larger files first, or give their url", nil)
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "invalid", "the request broke off", nil)
		return
	}
	if err := signed.Verify(r.Header.Get(signed.Header), time.Now(), body, a.set.Secret, a.set.OldSecret); err != nil {
		a.log.Warn("api: a call of the webhook that is not rightly signed", "err", err)
		refuse(w, http.StatusUnauthorized, "signature", err.Error(), nil)
		return
	}
	events, bad := parse(body)
	if len(bad) > 0 {
		refuse(w, http.StatusBadRequest, "invalid", "nothing of this call was taken; correct the fields", bad)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.pace.fetch)
	defer cancel()
	var items []item
	for _, e := range events {
		items = append(items, item{event: e})
	}
	if err := a.take(r.Context(), ctx, items, "", time.Time{}); err != nil {
		a.log.Warn("api: events are not recorded; asking for them again", "err", err)
		refuse(w, http.StatusServiceUnavailable, "not_recorded", "not recorded yet; deliver it again", nil)
		return
	}
	a.hear()
	answer(w, http.StatusOK, map[string]any{"ok": true})
}

// item is an event, or what came in place of one.
type item struct {
	event
	unreadable *channels.Inbound
}

// take records items in order; cursor goes with the last of them. What is older than began was there before the account.
// fetching bounds the time for content.
func (a *adapter) take(ctx, fetching context.Context, items []item, cursor string, began time.Time) error {
	var b channels.Batch
	hand := func() error {
		if len(b.Messages) == 0 && b.Cursor == "" {
			return nil
		}
		err := a.desk.Receive(ctx, b)
		b = channels.Batch{}
		return err
	}
	for _, it := range items {
		switch {
		case it.unreadable != nil:
			b.Messages = append(b.Messages, *it.unreadable)
		case it.Type == typing:
			a.desk.Typing(string(it.Thread), it.On)
		case it.Type == status:
			if err := hand(); err != nil {
				return err
			}
			reason := a.api.Clean(it.Reason)
			if it.State == "failed" && reason == "" {
				reason = "the system did not say why"
			}
			if err := a.desk.Status(ctx, string(it.Of), it.State, reason); err != nil {
				return err
			}
		default:
			in := it.inbound()
			in.Imported = !in.At.IsZero() && in.At.Before(began)
			var err error
			if in.Files, err = a.contents(fetching, it.event); err != nil {
				return err
			}
			b.Messages = append(b.Messages, in)
		}
		if len(b.Messages) == channels.MaxBatch {
			if err := hand(); err != nil {
				return err
			}
		}
	}
	b.Cursor = cursor
	return hand()
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// refuse answers a call that is not taken.
func refuse(w http.ResponseWriter, status int, code, message string, fields []wrong) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	e := map[string]any{"code": code, "message": message}
	if len(fields) > 0 {
		e["fields"] = fields
	}
	answer(w, status, map[string]any{"error": e})
}
