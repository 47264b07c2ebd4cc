package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// api is one signed-in client of the hubs' HTTP API. It goes to any of them, as through a load balancer.
type api struct {
	hubs   []*hub
	h      *history
	http   *http.Client
	cookie string
	user   string
}

// apiError is an answer that is no success.
type apiError struct {
	Status  int
	Code    string
	Message string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// again tells whether the same call may succeed later: no answer, or "not now".
func again(err error) bool {
	var e *apiError
	if !errors.As(err, &e) {
		return err != nil
	}
	return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusNotFound && e.Code == "not_found" && e.Message == ""
}

var transport = &http.Transport{MaxIdleConnsPerHost: 200, MaxIdleConns: 1000, IdleConnTimeout: 30 * time.Second}

// callTime is how long a client waits for an answer before it goes elsewhere.
const callTime = 17 * time.Second

func newAPI(hubs []*hub, h *history) *api {
	return &api{hubs: hubs, h: h, http: &http.Client{Transport: transport, Timeout: callTime}}
}

// once calls one hub.
func (a *api) once(ctx context.Context, to *hub, method, path, key string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, to.url()+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return a.do(req, out)
}

// do sends one request.
func (a *api) do(req *http.Request, out any) error {
	if a.cookie != "" {
		req.Header.Set("Cookie", a.cookie)
	}
	req.Header.Set("X-Tamas-CSRF", "1")
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		var p struct {
			Error struct{ Code, Message string } `json:"error"`
		}
		_ = json.Unmarshal(b, &p)
		return &apiError{resp.StatusCode, p.Error.Code, p.Error.Message}
	}
	for _, c := range resp.Cookies() {
		if c.Name == "tamas_session" {
			a.cookie = c.Name + "=" + c.Value
		}
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, out)
}

// call tries, at any hub, until there is an answer that stands or ctx ends.
func (a *api) call(ctx context.Context, method, path, key string, in, out any) error {
	wait := 50 * time.Millisecond
	for {
		err := a.once(ctx, a.hubs[rand.IntN(len(a.hubs))], method, path, key, in, out)
		if err == nil || !again(err) {
			return err
		}
		if a.h != nil {
			a.h.count(&a.h.refused)
		}
		if pause(ctx, wait/2+rand.N(wait)) != nil {
			return err
		}
		wait = min(2*wait, time.Second)
	}
}

// signIn begins a session.
func (a *api) signIn(ctx context.Context, email, password string) error {
	var me struct {
		User struct{ ID string } `json:"user"`
	}
	if err := a.call(ctx, "POST", "/session", "", map[string]string{"email": email, "password": password}, &me); err != nil {
		return fmt.Errorf("sign in as %s: %w", email, err)
	}
	a.user = me.User.ID
	return nil
}
