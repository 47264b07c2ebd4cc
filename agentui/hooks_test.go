package agentui

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestAsCalled(t *testing.T) {
	r := boot(t)
	for _, c := range []struct{ peer, proto, host, wantScheme, wantHost string }{
		{"127.0.0.1:1000", "https", "help.example.com, inner", "https", "help.example.com"},
		{"127.0.0.1:1000", "http", "", "", "hub:8080"},
		{"203.0.113.9:1000", "https", "help.example.com", "", "hub:8080"},
	} {
		req := httptest.NewRequest(http.MethodPost, "/hooks/a/", nil)
		req.RemoteAddr, req.Host = c.peer, "hub:8080"
		req.Header.Set("X-Forwarded-Proto", c.proto)
		req.Header.Set("X-Forwarded-Host", c.host)
		if r.server.asCalled(req); req.URL.Scheme != c.wantScheme || req.Host != c.wantHost {
			t.Errorf("%+v: %s %s", c, req.URL.Scheme, req.Host)
		}
	}
}
