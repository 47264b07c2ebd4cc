package sms

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sort"
	"strings"
)

// signed checks X-Twilio-Signature: HMAC-SHA1 by the auth token over the address that Twilio called and the form's
// fields, sorted. Behind proxies the request does not tell that address, so the known ones are tried.
func (a *twilio) signed(r *http.Request, form url.Values) bool {
	got, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || len(got) != sha1.Size || a.set.AuthToken == "" {
		return false
	}
	keys := make([]string, 0, len(form))
	for k := range form {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var fields strings.Builder
	for _, k := range keys {
		vs := slices.Clone(form[k])
		slices.Sort(vs)
		for _, v := range slices.Compact(vs) {
			fields.WriteString(k + v)
		}
	}
	for _, addr := range a.addresses(r) {
		mac := hmac.New(sha1.New, []byte(a.set.AuthToken))
		mac.Write([]byte(addr + fields.String()))
		if hmac.Equal(mac.Sum(nil), got) {
			return true
		}
	}
	return false
}

// addresses lists what Twilio may have called: the public address, webhook_url and what the request itself tells, with and
// without the slash at the end and the scheme's own port (which Twilio signs or leaves out, depending).
func (a *twilio) addresses(r *http.Request) []string {
	var out []string
	path := strings.TrimPrefix(r.URL.Path, "/")
	query := ""
	if r.URL.RawQuery != "" {
		query = "?" + r.URL.RawQuery
	}
	add := func(addr string) {
		out = append(out, addr)
		u, err := url.Parse(addr)
		if err != nil {
			return
		}
		def := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
		if u.Port() == "" {
			out = append(out, strings.Replace(addr, u.Host, u.Host+def, 1))
		} else if strings.HasSuffix(u.Host, def) {
			out = append(out, strings.Replace(addr, u.Host, strings.TrimSuffix(u.Host, def), 1))
		}
	}
	for _, base := range []string{a.hookURL(), a.hook, a.called(r)} {
		if base == "" {
			continue
		}
		base = strings.TrimRight(base, "/")
		add(base + "/" + path + query)
		if path == "" {
			add(base + query)
		}
	}
	if full, _, _ := strings.Cut(a.set.WebhookURL, "#"); full != "" {
		add(full)
	}
	return out
}

// called is the webhook's address as the request tells it. The hub has put there what a trusted proxy says; a request that comes
// straight from one is read here.
func (a *twilio) called(r *http.Request) string {
	scheme, host := "http", r.Host
	if r.TLS != nil || r.URL.Scheme == "https" {
		scheme = "https"
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && slices.ContainsFunc(a.proxies, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) }) {
		first := func(header string) string {
			v, _, _ := strings.Cut(r.Header.Get(header), ",")
			return strings.ToLower(strings.TrimSpace(v))
		}
		if p := first("X-Forwarded-Proto"); p == "http" || p == "https" {
			scheme = p
		}
		if h := first("X-Forwarded-Host"); h != "" {
			host = h
		}
	}
	if host == "" || a.id == "" {
		return ""
	}
	return scheme + "://" + host + "/hooks/" + a.id
}
