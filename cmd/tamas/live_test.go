package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// dialLive opens an agent's live socket, and reads it until it closes.
func dialLive(t *testing.T, c *client) *websocket.Conn {
	t.Helper()
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Origin": {c.url}}
	for _, cookie := range c.Jar.Cookies(u) {
		h.Add("Cookie", cookie.Name+"="+cookie.Value)
	}
	conn, resp, err := websocket.DefaultDialer.Dial(strings.Replace(c.url, "http", "ws", 1)+"/api/v1/live", h)
	if err != nil {
		t.Fatalf("%v %v", err, resp)
	}
	go func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	return conn
}
