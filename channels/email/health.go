package email

import (
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"tamas/channels"
)

// connected reports that the mailbox was heard, and how many mails wait in it.
func (a *Adapter) connected(backlog int) {
	a.report(channels.Health{State: "connected", HeardAt: time.Now(), Backlog: backlog})
}

// connecting keeps the words about the last failure: until it is over they are what people want to know.
func (a *Adapter) connecting() {
	a.mu.Lock()
	before := a.receive
	a.mu.Unlock()
	if before.State == "connected" {
		before.Detail, before.Do = "", ""
	}
	before.State = "connecting"
	a.report(before)
}

// failing reports why Run returned.
func (a *Adapter) failing(err error) {
	h := channels.Health{State: "failing", Detail: err.Error(), Do: todo(err)}
	var r *refusal
	switch {
	case errors.As(err, &r):
		h.State = "refused"
	case unrecorded(err):
		h.Detail = "waiting for the record: " + err.Error()
	}
	a.report(h)
}

// todo is what somebody can do about a failure.
func todo(err error) string {
	var r *refusal
	var cert *tls.CertificateVerificationError
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &r):
		return r.do
	case unrecorded(err):
		return "Nothing is lost; look at the hub's own state."
	case errors.As(err, &cert):
		return "Name the server as its certificate does, or enter the certificate authority in the settings."
	case errors.As(err, &dns):
		return "Correct the server's name in the settings."
	case errors.As(err, &op) && op.Op == "dial":
		return "Look whether server, port and encryption are right, and whether a firewall is between."
	}
	return ""
}

// report passes on what Run lives through; troubles with sending and with folders are shown as long as they last.
func (a *Adapter) report(h channels.Health) {
	a.mu.Lock()
	if h.HeardAt.IsZero() {
		h.HeardAt = a.receive.HeardAt
	}
	a.receive = h
	h = a.healthLocked()
	a.mu.Unlock()
	a.cfg.Desk.Health(h)
}

// sent reports whether the account can send: nil, or why not.
func (a *Adapter) sent(err error) {
	words := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	a.change(func() bool {
		changed := words(a.sending) != words(err)
		a.sending = err
		return changed
	})
}

// troubled notes what goes wrong beside the receiving; "" ends it.
func (a *Adapter) troubled(what, words string) {
	a.change(func() bool {
		changed := a.trouble[what] != words
		if a.trouble[what] = words; words == "" {
			delete(a.trouble, what)
		}
		return changed
	})
}

func (a *Adapter) change(f func() (changed bool)) {
	a.mu.Lock()
	changed := f()
	h := a.healthLocked()
	a.mu.Unlock()
	if changed && h.State != "" {
		a.cfg.Desk.Health(h)
	}
}

func (a *Adapter) healthLocked() channels.Health {
	h := a.receive
	if h.State != "connected" && h.State != "" {
		return h
	}
	switch {
	case a.sending != nil:
		h.State, h.Detail, h.Do = "failing", "sending: "+a.sending.Error(), todo(a.sending)
		var r *refusal
		if errors.As(a.sending, &r) {
			h.State, h.Do = "refused", "Mail still comes in. Enter the login for sending (SMTP) again."
			if a.tokens != nil {
				h.Do = r.do
			}
		}
	case len(a.trouble) > 0:
		var words []string
		for _, w := range a.trouble {
			words = append(words, w)
		}
		slices.Sort(words)
		h.State, h.Detail, h.Do = "failing", strings.Join(words, "; "), "Everything else goes on. Correct the folder in the settings, or make it in the mailbox."
	}
	return h
}
