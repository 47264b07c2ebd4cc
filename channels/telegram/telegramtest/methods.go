package telegramtest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serve answers /bot<token>/<method> and /file/bot<token>/<path>.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		return
	}
	defer s.wg.Done()
	if rest, ok := strings.CutPrefix(r.URL.Path, "/file/bot"); ok {
		s.download(w, rest)
		return
	}
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
	arg, uploads, err := arguments(r)
	if err != nil {
		refuse(w, Fault{Code: 400, Description: "Bad Request: can't parse the request"})
		return
	}
	method = strings.ToLower(method)
	s.mu.Lock()
	s.calls[method]++
	s.mu.Unlock()
	if field := sends[method]; field != "" {
		s.send(w, field, arg, uploads)
		return
	}
	switch method {
	case "getme":
		s.mu.Lock()
		defer s.mu.Unlock()
		me := map[string]any{"can_join_groups": true, "can_read_all_group_messages": s.self.readsAll}
		answer(w, with(me, s.self))
	case "getupdates":
		s.getUpdates(w, r, arg)
	case "getfile":
		s.getFile(w, arg)
	case "editmessagetext", "editmessagecaption":
		s.editMessage(w, method == "editmessagecaption", arg)
	case "answercallbackquery":
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, known := s.pressed[arg("callback_query_id")]; !known {
			refuse(w, Fault{Code: 400, Description: "Bad Request: query is too old and response timeout expired or query ID is invalid"})
			return
		}
		s.pressed[arg("callback_query_id")] = true
		answer(w, true)
	case "sendchataction":
		chat, _ := strconv.ParseInt(arg("chat_id"), 10, 64)
		s.mu.Lock()
		_, known := s.chats[chat]
		if known && arg("action") != "" {
			s.actions++
		}
		s.mu.Unlock()
		if !known {
			refuse(w, Fault{Code: 400})
			return
		}
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

// arguments reads a request's parameters in any of the four documented ways, and the files of a form.
func arguments(r *http.Request) (func(string) string, map[string]*File, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var m map[string]any
		dec := json.NewDecoder(r.Body)
		dec.UseNumber()
		if err := dec.Decode(&m); err != nil {
			return nil, nil, err
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
		}, nil, nil
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return r.FormValue, nil, r.ParseForm()
	}
	values, files := map[string]string{}, map[string]*File{}
	form, err := r.MultipartReader()
	for err == nil {
		var p *multipart.Part
		if p, err = form.NextPart(); err != nil {
			break
		}
		var b []byte
		if b, err = io.ReadAll(p); err != nil {
			break
		}
		if _, params, _ := mime.ParseMediaType(p.Header.Get("Content-Disposition")); params["filename"] != "" {
			files[p.FormName()] = &File{Name: params["filename"], Type: p.Header.Get("Content-Type"), Content: b, Uploaded: true}
		} else {
			values[p.FormName()] = string(b)
		}
	}
	if err != io.EOF {
		return nil, nil, err
	}
	return func(k string) string { return values[k] }, files, nil
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
	if f.MovedTo != 0 {
		body["parameters"] = map[string]any{"migrate_to_chat_id": f.MovedTo}
	}
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
	s.allow(arg("allowed_updates"))
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
			s.handed += n
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
