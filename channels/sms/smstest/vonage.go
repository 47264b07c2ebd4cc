package smstest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What the double of Vonage knows of its one account.
const (
	VonageKey       = "a1b2c3d4"
	VonageSecret    = "Vonage-Api-Secret-0"
	VonageSignature = "the-signature-secret-of-the-account-at-vonage"
	VonageNumber    = "+447700900000"
)

// Vonage is the double: the Messages API and the account's balance. All methods are safe for concurrent use.
type Vonage struct{ provider }

// StartVonage listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func StartVonage(addr string) (*Vonage, error) {
	v := &Vonage{}
	return v, v.start(addr, http.HandlerFunc(v.serve))
}

// Say makes a customer write to VonageNumber. It returns the message's id.
func (v *Vonage) Say(from, text string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	id := vonageID(v.n)
	body, _ := json.Marshal(map[string]any{
		"channel": "sms", "message_uuid": id, "to": VonageNumber[1:], "from": strings.TrimPrefix(from, "+"), "message_type": "text", "text": text,
		"timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "context_status": "none",
		"usage": map[string]any{"price": "0.0057", "currency": "EUR"}, "origin": map[string]any{"network_code": "12345"},
		"sms": map[string]any{"num_messages": "1", "keyword": strings.ToUpper(text[:min(len(text), 1)])},
	})
	v.post(from, body)
	return id
}

// Post delivers any body in the order of from's messages, rightly signed.
func (v *Vonage) Post(from, body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.post(from, []byte(body))
}

// SendStatus tells at the message's webhook_url what became of it: "submitted", "delivered", "rejected", "undeliverable". code 0:
// without an error.
func (v *Vonage) SendStatus(id, status string, code int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.sent {
		if m.ID != id || m.StatusCallback == "" {
			continue
		}
		s := map[string]any{"message_uuid": id, "to": strings.TrimPrefix(m.To, "+"), "from": m.From, "timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			"status": status, "channel": "sms", "usage": map[string]any{"price": "0.0333", "currency": "EUR"}, "sms": map[string]any{"count_total": "1"}}
		if code != 0 {
			c := strconv.Itoa(code)
			s["error"] = map[string]any{"type": "https://developer.vonage.com/api-errors/messages#" + c, "title": c, "detail": "Vonage's own words", "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"}
		}
		body, _ := json.Marshal(s)
		callback := m.StatusCallback
		v.enqueue(&delivery{thread: "status " + id, request: func(string) (*http.Request, error) { return vonageCall(callback, body) }})
	}
}

func (v *Vonage) post(thread string, body []byte) {
	v.enqueue(&delivery{thread: thread, request: func(u string) (*http.Request, error) { return vonageCall(u, body) }})
}

func vonageCall(u string, body []byte) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, u, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+VonageToken(VonageSignature, time.Now(), body))
	return req, nil
}

// VonageToken makes the token of a signed webhook: a JWT by HS256.
func VonageToken(secret string, at time.Time, body []byte) string {
	sum := sha256.Sum256(body)
	claims, _ := json.Marshal(map[string]any{"iat": at.Unix(), "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5", "iss": "Vonage",
		"payload_hash": hex.EncodeToString(sum[:]), "api_key": VonageKey})
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + enc.EncodeToString(mac.Sum(nil))
}

func vonageID(n int) string { return fmt.Sprintf("aaaaaaaa-bbbb-4ccc-8ddd-%012x", n) }

func (v *Vonage) serve(w http.ResponseWriter, r *http.Request) {
	if !v.enter() {
		return
	}
	defer v.wg.Done()
	if user, pass, _ := r.BasicAuth(); user != VonageKey || pass != VonageSecret {
		vonageProblem(w, http.StatusUnauthorized, "#unauthorized", "Unauthorized", "You did not provide correct credentials.")
		return
	}
	switch {
	case r.URL.Path == "/account/get-balance" && r.Method == http.MethodGet:
		respond(w, http.StatusOK, map[string]any{"value": 10.28, "autoReload": false})
	case r.URL.Path == "/v1/messages" && r.Method == http.MethodPost:
		v.send(w, r)
	default:
		vonageProblem(w, http.StatusNotFound, "#not-found", "Not Found", "There is nothing here.")
	}
}

func (v *Vonage) send(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct {
		Type    string `json:"message_type"`
		Channel string `json:"channel"`
		From    string `json:"from"`
		To      string `json:"to"`
		Text    string `json:"text"`
		Status  string `json:"webhook_url"`
	}
	if json.Unmarshal(body, &in) != nil || in.Type != "text" || in.Channel != "sms" || in.From == "" || in.Text == "" ||
		len([]rune(in.Text)) > 1000 || len(in.To) < 7 || strings.Trim(in.To, "0123456789") != "" {
		vonageProblem(w, http.StatusUnprocessableEntity, "/messages#1020", "Invalid params", "The value of one or more parameters is invalid.")
		return
	}
	v.mu.Lock()
	v.n++
	m := Message{ID: vonageID(v.n), From: in.From, To: "+" + in.To, Text: in.Text, StatusCallback: in.Status, At: time.Now()}
	v.mu.Unlock()
	if f := v.accept(m); f != nil {
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		if f.Body != "" {
			w.WriteHeader(f.Status)
			_, _ = io.WriteString(w, f.Body)
			return
		}
		vonageProblem(w, f.Status, "/messages#"+strconv.Itoa(f.Code), f.Text, f.Text)
		return
	}
	respond(w, http.StatusAccepted, map[string]any{"message_uuid": m.ID})
}

func vonageProblem(w http.ResponseWriter, status int, kind, title, detail string) {
	respond(w, status, map[string]any{"type": "https://developer.vonage.com/api-errors" + kind, "title": title, "detail": detail, "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"})
}
