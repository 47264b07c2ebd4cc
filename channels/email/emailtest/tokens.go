package emailtest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/emersion/go-sasl"
)

// What the account of Tokens logs in with.
const (
	ClientID     = "tamas-client"
	ClientSecret = "client-sesame-1234"
	RefreshToken = "refresh-sesame-5678"
)

// Tokens is an OAuth2 server: the token endpoint with the grants refresh_token and client_credentials (RFC 6749), and an
// introspection endpoint (RFC 7662) by which other servers ask whether a token is good.
type Tokens struct {
	addr string
	srv  *http.Server

	mu      sync.Mutex
	issued  int
	good    map[string]bool
	refresh string
	fail    string
	seen    []url.Values
}

// StartTokens runs one on a free port of 127.0.0.1.
func StartTokens() (*Tokens, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &Tokens{addr: l.Addr().String(), good: map[string]bool{}, refresh: RefreshToken}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", t.token)
	mux.HandleFunc("/introspect", t.introspect)
	t.srv = &http.Server{Handler: mux}
	go t.srv.Serve(l)
	return t, nil
}

// Close ends it.
func (t *Tokens) Close() { t.srv.Close() }

// URL is the token endpoint.
func (t *Tokens) URL() string { return "http://" + t.addr + "/token" }

// Introspection is the endpoint at which a token is looked up; the token is to be appended.
func (t *Tokens) Introspection() string { return "http://" + t.addr + "/introspect?token=" }

// Expire makes all access tokens void.
func (t *Tokens) Expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.good)
}

// Fail makes requests for a token fail with an error code of RFC 6749 ("invalid_grant") or "503", until it is told "".
func (t *Tokens) Fail(code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = code
}

// Requests are the forms of all requests for a token.
func (t *Tokens) Requests() []url.Values {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]url.Values(nil), t.seen...)
}

// Good tells whether a token was given out and is not void.
func (t *Tokens) Good(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.good[token]
}

func (t *Tokens) token(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = append(t.seen, r.PostForm)
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	w.Header().Set("Content-Type", "application/json")
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "refused " + t.refresh})
	}
	switch grant := r.PostForm.Get("grant_type"); {
	case t.fail == "503":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case t.fail != "":
		refuse(http.StatusBadRequest, t.fail)
		return
	case id != ClientID || secret != ClientSecret:
		refuse(http.StatusUnauthorized, "invalid_client")
		return
	case grant == "client_credentials":
	case grant != "refresh_token":
		refuse(http.StatusBadRequest, "unsupported_grant_type")
		return
	case r.PostForm.Get("refresh_token") != t.refresh:
		refuse(http.StatusBadRequest, "invalid_grant")
		return
	}
	t.issued++
	access := fmt.Sprintf("access-sesame-%d", t.issued)
	t.good[access] = true
	json.NewEncoder(w).Encode(map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 3600})
}

func (t *Tokens) introspect(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	token := r.Form.Get("token")
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"active": t.Good(token), "username": Address, "email": Address})
}

// bearerServer is the servers' side of XOAUTH2 and OAUTHBEARER.
type bearerServer struct {
	tokens *Tokens
	failed error
	fault  error // what the protocol says at last
	ok     func()
}

func (b *bearerServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if b.failed != nil {
		return nil, true, b.failed
	}
	if response == nil {
		return []byte{}, false, nil
	}
	var user, token string
	for _, part := range strings.Split(string(response), "\x01") {
		if gs2, found := strings.CutPrefix(part, "n,a="); found {
			user = strings.TrimSuffix(gs2, ",")
		}
		if name, found := strings.CutPrefix(part, "user="); found {
			user = name
		}
		if t, found := strings.CutPrefix(part, "auth=Bearer "); found {
			token = t
		}
	}
	if user != Address || !b.tokens.Good(token) {
		b.failed = b.fault
		return []byte(`{"status":"401","schemes":"bearer","scope":"mail"}`), false, nil
	}
	b.ok()
	return nil, true, nil
}

var _ sasl.Server = (*bearerServer)(nil)
