package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"tamas/channels/provider"
)

// fetcher gets files from addresses that the outside names: by https, and from public addresses alone, so that nobody makes the
// hub ask its own network. What begins with one of the own addresses is excepted.
type fetcher struct {
	own             []*url.URL
	public, private *provider.Client
}

func newFetcher(own []*url.URL, base *http.Client) *fetcher {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: publicOnly}
	public := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second}
	return &fetcher{own: own, public: provider.New("The file's server", &http.Client{Transport: public}), private: provider.New("The file's server", base)}
}

// errPrivate refuses a connection into a network that is not public.
var errPrivate = errors.New("its address is not a public one")

// publicOnly looks at the very address that is about to be connected to, so that no name server can deceive it.
func publicOnly(_, addr string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !public(ap.Addr()) {
		return errPrivate
	}
	return nil
}

// closed are the networks that are not public beside those that netip knows.
var closed = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range closed {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// goneError is content that will never come.
type goneError struct{ text string }

func (e *goneError) Error() string { return e.text }

// open begins to read content, by at most four steps.
func (f *fetcher) open(ctx context.Context, addr string) (io.ReadCloser, error) {
	for range 4 {
		u, err := url.Parse(addr)
		if err != nil {
			return nil, &goneError{"its address is none"}
		}
		client := f.public
		switch own := f.isOwn(u); {
		case own:
			client = f.private
		case u.Scheme != "https" || u.User != nil:
			return nil, &goneError{"its address is not one of https"}
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, &goneError{"its address is none"}
		}
		resp, err := client.Open(req)
		if err != nil {
			if strings.Contains(err.Error(), errPrivate.Error()) {
				return nil, &goneError{errPrivate.Error()}
			}
			return nil, err
		}
		if resp.StatusCode == http.StatusOK {
			return resp.Body, nil
		}
		_ = resp.Body.Close()
		to := resp.Header.Get("Location")
		switch {
		case resp.StatusCode/100 == 3 && to != "":
			next, err := u.Parse(to)
			if err != nil {
				return nil, &goneError{"it leads nowhere"}
			}
			addr = next.String()
		case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooEarly, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode/100 == 5:
			return nil, fmt.Errorf("its server answered %d", resp.StatusCode)
		default:
			return nil, &goneError{fmt.Sprintf("its server answered %d", resp.StatusCode)}
		}
	}
	return nil, &goneError{"it leads in circles"}
}

// isOwn tells whether an address begins with one of the account's own: the same scheme, host and folder.
func (f *fetcher) isOwn(u *url.URL) bool {
	for _, o := range f.own {
		folder := strings.TrimSuffix(o.Path, "/") + "/"
		if u.Scheme == o.Scheme && strings.EqualFold(u.Host, o.Host) && u.User == nil && strings.HasPrefix(path.Clean("/"+u.Path)+"/", folder) && !strings.Contains(u.EscapedPath(), "..") {
			return true
		}
	}
	return false
}
