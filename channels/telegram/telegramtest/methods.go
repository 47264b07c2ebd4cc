package telegramtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// serve answers /bot<token>/<method>.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.wg.Add(1)
	defer s.wg.Done()
	rest, ok := strings.CutPrefix(r.URL.Path, "/bot")
	token, method, ok2 := strings.Cut(rest, "/")
	if !ok || !ok2 || !strings.Contains(token, ":") {
		refuse(w, Fault{Code: 404})
		return
	}
	if token != Token {
		refuse(w, Fault{Code: 401})
		return
	}
	arg, err := arguments(r)
	if err != nil {
		refuse(w, Fault{Code: 400, Description: "Bad Request: can't parse the request"})
		return
	}
	method = strings.ToLower(method)
	s.mu.Lock()
	s.calls[method]++
	s.mu.Unlock()
	switch method {
	case "getme":
		answer(w, map[string]any{"id": 7000000001, "is_bot": true, "first_name": "Tamas test bot", "username": "tamas_test_bot"})
	case "getupdates":
		s.getUpdates(w, r, arg)
	case "sendmessage":
		s.sendMessage(w, arg)
	case "sendchataction":
		s.mu.Lock()
		s.actions++
		s.mu.Unlock()
		answer(w, true)
	case "setwebhook":
		s.setWebhook(w, arg)
	case "deletewebhook":
		s.setWebhook(w, func(k string) string {
			if k == "drop_pending_updates" {
				return arg(k)
			}
			return ""
		})
	case "getwebhookinfo":
		s.getWebhookInfo(w)
	default:
		refuse(w, Fault{Code: 404})
	}
}

// arguments reads a request's parameters in any of the four documented ways.
func arguments(r *http.Request) (func(string) string, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var m map[string]any
		dec := json.NewDecoder(r.Body)
		dec.UseNumber()
		if err := dec.Decode(&m); err != nil {
			return nil, err
		}
		return func(k string) string {
			switch v := m[k].(type) {
			case nil:
				return ""
			case string:
				return v
			case json.Number:
				return v.String()
			case bool:
				return strconv.FormatBool(v)
			default:
				b, _ := json.Marshal(v)
				return string(b)
			}
		}, nil
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		// A multipart body without any part is what a call without parameters looks like to some clients.
		if err := r.ParseMultipartForm(1 << 20); err != nil && r.Method != http.MethodPost {
			return nil, err
		}
	} else if err := r.ParseForm(); err != nil {
		return nil, err
	}
	return r.FormValue, nil
}

func answer(w http.ResponseWriter, result any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "result": result})
}

// refuse answers with a fault's error in the API's shape.
func refuse(w http.ResponseWriter, f Fault) {
	if f.Body != "" {
		w.WriteHeader(f.Code)
		_, _ = w.Write([]byte(f.Body))
		return
	}
	if f.Description == "" {
		f.Description = map[int]string{
			400: "Bad Request: chat not found",
			401: "Unauthorized",
			403: "Forbidden: bot was blocked by the user",
			404: "Not Found",
			409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
			429: "Too Many Requests: retry after " + strconv.Itoa(f.RetryAfter),
			500: "Internal Server Error: restart",
		}[f.Code]
	}
	body := map[string]any{"ok": false, "error_code": f.Code, "description": f.Description}
	if f.RetryAfter > 0 {
		body["parameters"] = map[string]any{"retry_after": f.RetryAfter}
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Code)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Server) getUpdates(w http.ResponseWriter, r *http.Request, arg func(string) string) {
	offset, _ := strconv.ParseInt(arg("offset"), 10, 64)
	limit, _ := strconv.Atoi(arg("limit"))
	if limit <= 0 || limit > 100 {
		limit = 100
	}
	timeout, _ := strconv.Atoi(arg("timeout"))
	end := time.Now().Add(time.Duration(min(max(timeout, 0), 50)) * time.Second)

	s.mu.Lock()
	if s.webhook.url != "" {
		s.mu.Unlock()
		refuse(w, Fault{Code: 409, Description: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"})
		return
	}
	if s.poll != nil {
		close(s.poll)
		s.poll = nil
	}
	if now := time.Now(); offset == s.lastPoll.offset && now.Sub(s.lastPoll.at) < 500*time.Millisecond {
		limit = 1
		s.lastPoll.at = now
	} else {
		s.lastPoll.offset, s.lastPoll.at = offset, now
	}
	if offset > 0 && offset <= s.nextID+1 {
		n := 0
		for n < len(s.queue) && s.queue[n].id < offset {
			n++
		}
		s.confirm(n)
	}
	mine := make(chan struct{})
	s.poll = mine
	defer func() {
		s.mu.Lock()
		if s.poll == mine {
			s.poll = nil
		}
		s.mu.Unlock()
	}()
	for {
		if n := min(limit, len(s.queue)); n > 0 {
			list := make([]json.RawMessage, n)
			for i, u := range s.queue[:n] {
				list[i] = u.raw
			}
			s.mu.Unlock()
			// By hand: an injected update may be JSON of a shape that is wrong, but the list around it is whole.
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"ok":true,"result":[`)
			for i, raw := range list {
				if i > 0 {
					fmt.Fprint(w, ",")
				}
				_, _ = w.Write(raw)
			}
			fmt.Fprint(w, "]}")
			return
		}
		wake := s.wake
		s.mu.Unlock()
		left := time.Until(end)
		if left <= 0 {
			answer(w, []int{})
			return
		}
		timer := time.NewTimer(left)
		select {
		case <-wake:
		case <-mine:
		case <-timer.C:
		case <-r.Context().Done():
		case <-s.quit:
		}
		timer.Stop()
		if r.Context().Err() != nil {
			return
		}
		select {
		case <-mine:
			refuse(w, Fault{Code: 409})
			return
		case <-s.quit:
			return
		default:
		}
		s.mu.Lock()
		if s.webhook.url != "" {
			s.mu.Unlock()
			refuse(w, Fault{Code: 409, Description: "Conflict: terminated by setWebhook request"})
			return
		}
	}
}

func (s *Server) sendMessage(w http.ResponseWriter, arg func(string) string) {
	chat, err := strconv.ParseInt(arg("chat_id"), 10, 64)
	text := arg("text")
	s.mu.Lock()
	_, known := s.chats[chat]
	blocked := s.blocked[chat]
	s.nextMsg++
	m := Message{ID: s.nextMsg, ChatID: chat, Text: text, At: time.Now()}
	var fault *Fault
	if len(s.faults) > 0 {
		fault = &s.faults[0]
		s.faults = s.faults[1:]
	}
	onSend, onAccept := s.onSend, s.onAccept
	s.mu.Unlock()
	if fault == nil && onSend != nil {
		fault = onSend(m)
	}
	switch {
	case fault != nil && !fault.Cut:
		refuse(w, *fault)
		return
	case err != nil || !known:
		refuse(w, Fault{Code: 400})
		return
	case blocked:
		refuse(w, Fault{Code: 403})
		return
	case strings.TrimSpace(text) == "":
		refuse(w, Fault{Code: 400, Description: "Bad Request: message text is empty"})
		return
	case len(utf16.Encode([]rune(text))) > 4096:
		refuse(w, Fault{Code: 400, Description: "Bad Request: message is too long"})
		return
	}
	s.mu.Lock()
	s.sent = append(s.sent, m)
	user := s.chats[chat]
	s.mu.Unlock()
	if onAccept != nil {
		onAccept(m)
	}
	if fault != nil { // accepted, the answer lost
		panic(http.ErrAbortHandler)
	}
	answer(w, map[string]any{
		"message_id": m.ID, "date": m.At.Unix(), "text": text,
		"from": map[string]any{"id": 7000000001, "is_bot": true, "first_name": "Tamas test bot", "username": "tamas_test_bot"},
		"chat": map[string]any{"id": chat, "type": "private", "first_name": user.FirstName},
	})
}
