package email

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"tamas/channels"
)

// Send hands one message to the SMTP server. A mail goes to all of its recipients or to none: the server is asked for each
// before the content is sent.
func (a *Adapter) Send(ctx context.Context, m channels.Outbound) (channels.Receipt, error) {
	out, err := a.outgoing(ctx, m)
	if err != nil {
		return channels.Receipt{}, err
	}
	select {
	case a.out.slots <- struct{}{}:
		defer func() { <-a.out.slots }()
	case <-ctx.Done():
		return channels.Receipt{}, &channels.SendError{Reason: "not sent yet: the account is being stopped", Err: ctx.Err()}
	}
	s, err := a.borrow(ctx)
	if err != nil {
		return channels.Receipt{}, a.undialed(err)
	}
	err = s.offer(ctx, out)
	if err != nil && s.used && lost(err) { // a spare connection that the server had given up
		s.conn.Close()
		if s, err = a.dialSMTP(ctx); err != nil {
			return channels.Receipt{}, a.undialed(err)
		}
		err = s.offer(ctx, out)
	}
	var copied copied
	if err == nil {
		copied, err = a.content(ctx, s, out)
	}
	if err != nil {
		a.recover(s, err)
		return channels.Receipt{}, a.unsent(err, m)
	}
	a.out.giveBack(s, a.timing.spare)
	a.sent(nil)
	a.file(copied)
	return channels.Receipt{ProviderID: providerID(out.id)}, nil
}

// recover keeps the connection after a refusal, and ends it after anything worse.
func (a *Adapter) recover(s *submission, err error) {
	var content *contentError
	if lost(err) || errors.As(err, &content) || s.Reset() != nil {
		s.conn.Close()
		return
	}
	a.out.giveBack(s, a.timing.spare)
}

// lost: nothing more can be done on the connection.
func lost(err error) bool {
	var said *smtp.SMTPError
	return !errors.As(err, &said) || said.Code == 421
}

// recipientError is a server's answer to one recipient.
type recipientError struct {
	to  string
	err error
}

func (e *recipientError) Error() string { return e.err.Error() }
func (e *recipientError) Unwrap() error { return e.err }

// contentError is a failure while the content was under way. Unless asked, the server has not seen its end.
type contentError struct {
	err   error
	asked bool // the end was sent, and the answer did not come
}

func (e *contentError) Error() string { return e.err.Error() }
func (e *contentError) Unwrap() error { return e.err }

// errNoUTF8 is about a server that takes ASCII addresses only.
var errNoUTF8 = errors.New("the SMTP server takes no addresses with other letters than a to z (SMTPUTF8)")

// offer names the sender and the recipients.
func (s *submission) offer(ctx context.Context, out *outgoing) error {
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	if out.utf8 {
		if ok, _ := s.Extension("SMTPUTF8"); !ok {
			return errNoUTF8
		}
	}
	if err := s.Mail(out.from, &smtp.MailOptions{UTF8: out.utf8}); err != nil {
		return err
	}
	for _, to := range out.to {
		if err := s.Rcpt(to, nil); err != nil {
			return &recipientError{to, err}
		}
	}
	return nil
}

// content sends the mail itself, and keeps what is to be put into the Sent folder.
func (a *Adapter) content(ctx context.Context, s *submission, out *outgoing) (copied, error) {
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	w, err := s.Data()
	if err != nil {
		return copied{}, err
	}
	keep := a.keeper(out.id)
	if err := out.write(io.MultiWriter(w, keep)); err != nil {
		keep.drop()
		return copied{}, &contentError{err: err}
	}
	err = w.Close()
	var said *smtp.SMTPError
	if err != nil && !errors.As(err, &said) {
		err = &contentError{err: err, asked: true}
	}
	if err != nil {
		keep.drop()
		return copied{}, err
	}
	return keep.done(), nil
}

// undialed classifies a failure before the message was offered: it certainly was not accepted, and the message
// is not at fault.
func (a *Adapter) undialed(err error) error {
	err = a.failure("SMTP server "+a.set.SMTPHost, err)
	a.sent(err)
	out := &channels.SendError{Reason: err.Error(), Err: err}
	var r *refusal
	var said *smtp.SMTPError
	switch {
	case errors.As(err, &r):
		out.RetryAfter = 5 * time.Minute // more tries would lock the mailbox
	case errors.As(err, &said) && slowDown(said):
		out.RetryAfter = time.Minute
	}
	return out
}

// unsent classifies a failure of the message itself.
func (a *Adapter) unsent(err error, m channels.Outbound) error {
	var said *smtp.SMTPError
	var rcpt *recipientError
	var content *contentError
	var store *storeError
	switch {
	case errors.As(err, &store):
		return &channels.SendError{Permanent: errors.Is(err, fs.ErrNotExist), Reason: store.Error(), Err: err}
	case errors.Is(err, errNoUTF8):
		return &channels.SendError{Permanent: true, Reason: err.Error(), Err: err}
	case errors.As(err, &said):
	case errors.As(err, &content) && content.asked:
		return &channels.SendError{Uncertain: true, Reason: "the connection was lost before the server confirmed the message", Err: errors.New(a.redact(err.Error()))}
	default:
		return &channels.SendError{Reason: "the connection to the SMTP server was lost", Err: errors.New(a.redact(err.Error()))}
	}
	words := a.redact(reply(said))
	out := &channels.SendError{Reason: words, Err: errors.New(words)}
	one := errors.As(err, &rcpt)
	if one && len(m.Address) > 0 && !strings.EqualFold(rcpt.to, strings.TrimSpace(m.Address)) {
		out.Reason = rcpt.to + ": " + words // of several recipients
	}
	switch {
	case quota.MatchString(words):
		out.RetryAfter = time.Hour
	case said.Code >= 500:
		out.Permanent = true
		out.Unreachable = one && unknown(said) && strings.EqualFold(rcpt.to, strings.TrimSpace(m.Address))
	case slowDown(said):
		out.RetryAfter = time.Minute
	case said.Code == 450 || said.Code == 452:
		out.RetryAfter, out.OneThread = time.Minute, one
	}
	return out
}

var (
	slow   = regexp.MustCompile(`(?i)too many|rate.?limit|throttl|4\.7\.28|try again later`)
	quota  = regexp.MustCompile(`(?i)\b5\.4\.5\b|(?:daily|hourly)[a-z ]*(?:quota|limit)`)
	nobody = regexp.MustCompile(`(?i)(?:no such|unknown|invalid|non-?existent) (?:local )?(?:user|recipient|mailbox|address|account)|(?:user|recipient|mailbox|account)(?: is)? (?:unknown|not found|not available|disabled)|does(?: not|n't) exist|unrouteable address`)
)

// reply is the server's answer on one line: "550 5.1.1 no such mailbox here".
func reply(said *smtp.SMTPError) string {
	s := strconv.Itoa(said.Code)
	if c := said.EnhancedCode; c[0] > 0 {
		s += " " + strconv.Itoa(c[0]) + "." + strconv.Itoa(c[1]) + "." + strconv.Itoa(c[2])
	}
	return oneLine(s+" "+said.Message, 300)
}

// slowDown: the account sends too much, or the server has too much to do.
func slowDown(said *smtp.SMTPError) bool {
	return said.Code == 421 || said.Code == 454 || slow.MatchString(reply(said))
}

// unknown: there is no such mailbox, whatever is written to it.
func unknown(said *smtp.SMTPError) bool {
	if said.Code != 550 && said.Code != 551 && said.Code != 553 {
		return false
	}
	switch c := said.EnhancedCode; {
	case c[0] != 5:
		return nobody.MatchString(said.Message)
	case c[1] == 1 && (c[2] == 1 || c[2] == 2 || c[2] == 3 || c[2] == 6 || c[2] == 10), c[1] == 2 && c[2] == 1:
		return true
	}
	return false
}
