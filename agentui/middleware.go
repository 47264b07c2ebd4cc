package agentui

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// Keys of what a request carries in its echo.Context.
const (
	keyRequestID = "request_id"
	keyPrincipal = "principal"
)

// policy is the app's Content-Security-Policy. Nothing is loaded from anywhere else, and neither scripts nor styles stand in a
// page: the colours of a mail's HTML cannot draw over the app.
const policy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

// securityHeaders sets what every page and answer of the app carries. Webhooks and the web-chat widget, which live on
// other people's pages, set their own.
func (s *Server) securityHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if strings.HasPrefix(c.Request().URL.Path, "/hooks/") {
			return next(c)
		}
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		if s.overTLS(c.Request()) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// overTLS tells whether the browser came by TLS, to us or to the proxy before us.
func (s *Server) overTLS(r *http.Request) bool {
	return r.TLS != nil || s.https || s.byProxy(r) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// byProxy tells whether the request came through a proxy whose word is taken.
func (s *Server) byProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && s.trusts(peer.Addr())
}

func (s *Server) trusts(a netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// clientIP is who asks: the peer, or what trusted proxies say of who asked them, nearest first.
func (s *Server) clientIP(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	ip := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = next.Unmap()
	}
	return ip.String()
}

// requestIDs gives each request an id: the caller's when it is a sane one, else a new one. It is in the answer, in errors and in the log.
func requestIDs(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !saneID(id) {
			id = strings.ToLower(rand.Text()[:16])
		}
		c.Set(keyRequestID, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func requestID(c echo.Context) string {
	id, _ := c.Get(keyRequestID).(string)
	return id
}

func saneID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.') {
			return false
		}
	}
	return true
}

// requestLog turns a handler's error into its answer and logs one line a request: failures of ours as errors, refusals as
// info, the rest for who debugs. The path is the route's pattern: real addresses may hold what people searched for.
func (s *Server) requestLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := s.recovered(next, c)
		status := c.Response().Status
		level, code, detail := slog.LevelDebug, "", ""
		if err != nil {
			p := asProblem(err)
			if p.Status == http.StatusInternalServerError && record.Unavailable(p.Cause) && s.hub.Ready(c.Request().Context()) != nil {
				p = notRecorded(p.Cause) // not our mistake: the hub cannot reach what it works with
			}
			status, code = p.Status, p.Code
			level = slog.LevelInfo
			if status >= 500 && status != http.StatusServiceUnavailable {
				level = slog.LevelError
			} else if status >= 500 {
				level = slog.LevelWarn
			}
			if p.Cause != nil {
				detail = p.Cause.Error()
			}
			if p.Field != "" {
				detail = strings.TrimSpace(p.Field + " " + detail)
			}
			answerError(p, c)
		}
		route := c.Path()
		if route == "" {
			route = "(none)"
		}
		took := time.Since(start)
		s.metrics.requests.WithLabelValues(knownMethod(c.Request().Method), route, statusClass(status)).Observe(took.Seconds())
		if !s.log.Enabled(c.Request().Context(), level) {
			return nil
		}
		attrs := []slog.Attr{slog.String("request_id", requestID(c)), slog.String("method", c.Request().Method),
			slog.String("route", route), slog.Int("status", status), slog.Duration("took", took)}
		if code != "" {
			attrs = append(attrs, slog.String("code", code))
		}
		if detail != "" {
			attrs = append(attrs, slog.String("error", detail))
		}
		if who := principalOf(c); who != nil {
			attrs = append(attrs, slog.String("user", who.User.ID))
		}
		s.log.LogAttrs(c.Request().Context(), level, "request", attrs...)
		return nil
	}
}

// knownMethod bounds how many series strangers can make.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

func statusClass(status int) string { return string(rune('0'+status/100)) + "xx" }

// recovered calls next; a panic becomes an error with its stack, for the log only.
func (s *Server) recovered(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if e, ok := r.(error); ok && errors.Is(e, http.ErrAbortHandler) {
			panic(r)
		}
		err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}()
	return next(c)
}

// guard checks what a browser may be tricked into: a request that changes something and is signed in by cookie
// must come from our own pages. The header cannot be set by another site without asking us first.
func (s *Server) guard(c echo.Context) error {
	r := c.Request()
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if !s.sameOrigin(r) {
		return crossSite()
	}
	if r.Header.Get("X-Tamas-CSRF") != "1" {
		return &problem{Status: http.StatusForbidden, Code: codeCSRF, Message: "The header X-Tamas-CSRF is missing."}
	}
	return nil
}

func crossSite() *problem {
	return &problem{Status: http.StatusForbidden, Code: codeCSRF, Message: "This request came from another site."}
}

// sameOrigin compares the Origin header, when there is one, with the address that was asked and with our own.
func (s *Server) sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) || s.publicHost != "" && strings.EqualFold(u.Host, s.publicHost)
}

// noStore keeps answers of the API out of caches.
func noStore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}
