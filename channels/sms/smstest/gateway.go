package smstest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What the double of a gateway knows of its one account.
const (
	Secret     = "a-secret-that-hub-and-gateway-share"
	ShortCode  = "+98300050"
	SendPath   = "/send"
	signHeader = "X-Tamas-Signature"
)

// Gateway is a double of a provider that speaks the generic protocol. All methods are safe for concurrent use.
type Gateway struct {
	provider
	token bool // calls carry the secret itself
}

// StartGateway listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func StartGateway(addr string) (*Gateway, error) {
	g := &Gateway{}
	return g, g.start(addr, http.HandlerFunc(g.serve))
}

// UseToken makes calls prove themselves, both ways, by the secret as a bearer token instead of a signature.
func (g *Gateway) UseToken() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token = true
}

// Say makes a customer write to ShortCode. It returns the message's id.
func (g *Gateway) Say(from, text string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
	id := "in" + strconv.Itoa(g.n)
	body, _ := json.Marshal(map[string]any{"messages": []any{map[string]any{
		"id": id, "from": from, "to": ShortCode, "text": text, "at": time.Now().UTC().Format(time.RFC3339Nano),
	}}})
	g.post(from, body)
	return id
}

// Post delivers any body in the order of from's messages, rightly signed.
func (g *Gateway) Post(from, body string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.post(from, []byte(body))
}

// SendStatus tells what became of a sent message: "delivered", "read" or "failed" with its reason.
func (g *Gateway) SendStatus(id, state, reason string) {
	body, _ := json.Marshal(map[string]any{"statuses": []any{map[string]any{"id": id, "state": state, "reason": reason}}})
	g.Post("status "+id, string(body))
}

func (g *Gateway) post(thread string, body []byte) {
	g.enqueue(&delivery{thread: thread, request: func(u string) (*http.Request, error) {
		req, err := http.NewRequest(http.MethodPost, u, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		if g.bearer() {
			req.Header.Set("Authorization", "Bearer "+Secret)
		} else {
			req.Header.Set(signHeader, SignJSON(time.Now(), body))
		}
		return req, nil
	}})
}

func (g *Gateway) bearer() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token
}

// SignJSON makes the generic protocol's signature of a body that is sent at a moment.
func SignJSON(at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(Secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	if !g.enter() {
		return
	}
	defer g.wg.Done()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != SendPath {
		gatewayError(w, Fault{Status: 404, Text: "no such thing here"})
		return
	}
	t, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get(signHeader), "t="), ",")
	unix, _ := strconv.ParseInt(t, 10, 64)
	signed := hmac.Equal([]byte(SignJSON(time.Unix(unix, 0), body)), []byte(r.Header.Get(signHeader)))
	if g.bearer() {
		signed = r.Header.Get("Authorization") == "Bearer "+Secret
	}
	if !signed {
		gatewayError(w, Fault{Status: 401, Text: "the signature is wrong"})
		return
	}
	var in struct {
		Check        bool
		ID, From, To string
		Text         string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		gatewayError(w, Fault{Status: 400, Text: "this is no JSON"})
		return
	}
	if in.Check {
		respond(w, http.StatusOK, map[string]any{"ok": true})
		return
	}
	if in.To == "" || in.Text == "" || in.ID == "" {
		gatewayError(w, Fault{Status: 422, Text: "id, to and text are needed"})
		return
	}
	g.mu.Lock()
	known := g.known["gw-"+in.ID]
	g.mu.Unlock()
	if known { // a gateway sends each id once
		respond(w, http.StatusOK, map[string]any{"id": "gw-" + in.ID})
		return
	}
	m := Message{ID: "gw-" + in.ID, From: in.From, To: in.To, Text: in.Text, At: time.Now()}
	if f := g.accept(m); f != nil {
		gatewayError(w, *f)
		return
	}
	respond(w, http.StatusOK, map[string]any{"id": m.ID})
}

func gatewayError(w http.ResponseWriter, f Fault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.Body != "" {
		w.WriteHeader(f.Status)
		fmt.Fprint(w, f.Body)
		return
	}
	respond(w, f.Status, map[string]any{"error": f.Text})
}
