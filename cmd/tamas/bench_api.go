package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// api calls the hub's API.
func (h *benchHub) api(ctx context.Context, method, path string, in, out any) error {
	return h.apiAs(ctx, h.o.token, method, path, in, out)
}

// apiAs calls it with an API token; "": as who has signed in.
func (h *benchHub) apiAs(ctx context.Context, token, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, h.base+"/api/v1/"+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tamas-CSRF", "1")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, bytes.TrimSpace(answer[:min(len(answer), 300)]))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// signIn gives what a person's browser sends along. Who listens with an API token is a program, and counts as nobody being there.
func (h *benchHub) signIn(ctx context.Context, email, password string) (http.Header, error) {
	body, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.base+"/api/v1/session", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tamas-CSRF", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("sign in%s", said(resp))
	}
	who := http.Header{}
	for _, c := range resp.Cookies() {
		who.Add("Cookie", c.Name+"="+c.Value)
	}
	return who, nil
}

// addAccount makes an account and waits until its door is open.
func (h *benchHub) addAccount(ctx context.Context, kind string, settings map[string]any) (door, error) {
	var a account
	err := h.api(ctx, http.MethodPost, "accounts", map[string]any{"kind": kind, "name": "Bench " + kind, "queue": h.queue.ID, "settings": settings}, &a)
	if err != nil {
		return door{}, fmt.Errorf("an account: %w", err)
	}
	h.accounts = append(h.accounts, a)
	d := door{addr: h.addr, path: "/hooks/" + a.ID + "/"}
	for range 400 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+d.path+"config", nil)
		if err != nil {
			return d, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return d, err
		}
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		resp.Body.Close()
		if !bytes.Contains(answer, []byte(`"request_id"`)) { // the adapter's answer, not the hub's "no such account"
			return d, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return d, errors.New("the account's webhook does not open")
}

func (h *benchHub) smsDoor(ctx context.Context) (door, error) {
	return h.addAccount(ctx, "sms", map[string]any{"provider": "generic", "number": "300050", "region": "IR", "send_url": h.gatewayAt, "secret": benchSecret})
}

func (h *benchHub) chatDoor(ctx context.Context) (door, error) {
	return h.addAccount(ctx, "webchat", map[string]any{"allowed_origins": []string{benchOrigin}, "messages_per_minute": 1_000_000, "sessions_per_minute": 1_000_000})
}
