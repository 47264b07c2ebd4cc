package agentui

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/channels"
)

// openWait is how long a call waits for its channel to open. Providers give a call some ten seconds.
const openWait = 5 * time.Second

// hook hands /hooks/<account>/… to the account's adapter, with that prefix stripped. What may be asked, and by whom, is
// the adapter's to check (a signature, a secret path, an allowed origin).
func (s *Server) hook(c echo.Context) error {
	account := c.Param("account")
	ctx, cancel := context.WithTimeout(c.Request().Context(), openWait)
	h, err := s.hub.Webhook(ctx, account)
	cancel()
	switch {
	case err != nil:
		return &problem{Status: http.StatusServiceUnavailable, Code: codeNotRecorded, Message: "The channel is being opened. Send it again."}
	case h == nil:
		return notFound("account")
	}
	r := c.Request()
	r.Header.Set(echo.HeaderXRequestID, requestID(c))
	s.asCalled(r)
	r.RemoteAddr = net.JoinHostPort(c.RealIP(), "0") // whom adapters bound, also behind a proxy
	if r.URL.Path == "/hooks/"+account {
		r.URL.Path, r.URL.RawPath = r.URL.Path+"/", "" // people leave the slash out
	}
	most := int64(maxBody)
	if u, ok := h.(channels.Uploads); ok {
		r2 := r.Clone(r.Context())
		r2.URL.Path = strings.TrimPrefix(r.URL.Path, "/hooks/"+account)
		most = max(most, u.MaxBody(r2))
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, most)
	http.StripPrefix("/hooks/"+account, h).ServeHTTP(c.Response(), r)
	return nil
}

// asCalled puts the address that the caller used, as trusted proxies tell it, into URL.Scheme and Host: signatures cover it.
func (s *Server) asCalled(r *http.Request) {
	if s.overTLS(r) {
		r.URL.Scheme = "https"
	}
	if host, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ","); host != "" && s.byProxy(r) {
		r.Host = strings.TrimSpace(host)
	}
}
