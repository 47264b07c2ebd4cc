package main

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The names under which hubs know their providers. They resolve nowhere: each hub has a gateway as its HTTP_PROXY,
// so we know which hub calls, and can end it between a provider's acceptance and its answer.
const (
	hostTelegram = "telegram.chaos"
	hostSMS      = "sms.chaos"
)

// gateway is one hub's way to the providers' doubles.
type gateway struct {
	srv *http.Server
	ln  net.Listener

	mu       sync.Mutex
	lastCall map[string]time.Time // host → when the hub last called it
	onAccept func(host string)    // called once, after a send was accepted and before its answer goes back
}

// newGateway serves a hub; doubles gives each host's address.
func newGateway(doubles map[string]string) (*gateway, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gateway{ln: ln, lastCall: map[string]time.Time{}}
	relay := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			u, _ := url.Parse(doubles[r.In.URL.Host])
			r.SetURL(u)
		},
		Transport:      &http.Transport{MaxIdleConnsPerHost: 64},
		ModifyResponse: g.answered,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	g.srv = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if doubles[r.URL.Host] == "" {
			http.Error(w, "nobody is there", http.StatusBadGateway)
			return
		}
		g.mu.Lock()
		g.lastCall[r.URL.Host] = time.Now()
		g.mu.Unlock()
		relay.ServeHTTP(w, r)
	})}
	go func() { _ = g.srv.Serve(ln) }()
	return g, nil
}

func (g *gateway) addr() string { return g.ln.Addr().String() }

// answered sees what a provider says to the hub.
func (g *gateway) answered(resp *http.Response) error {
	path := strings.ToLower(resp.Request.URL.Path)
	send := strings.HasSuffix(path, "/sendmessage") || strings.HasSuffix(path, "/send") && resp.Request.ContentLength > 40
	if !send || resp.StatusCode/100 != 2 {
		return nil
	}
	g.mu.Lock()
	f := g.onAccept
	g.onAccept = nil
	g.mu.Unlock()
	if f != nil {
		host := hostSMS
		if strings.HasSuffix(path, "/sendmessage") {
			host = hostTelegram
		}
		f(host)
		panic(http.ErrAbortHandler) // its answer reaches nobody
	}
	return nil
}

// afterSend sets what happens once, between the next accepted send and its answer; nil: nothing.
func (g *gateway) afterSend(f func(host string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.onAccept = f
}

// called tells when the hub last called a provider.
func (g *gateway) called(host string) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lastCall[host]
}

func (g *gateway) close() { g.srv.Close() }
