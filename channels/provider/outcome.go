package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tamas/channels"
)

// SendError tells what a failed call that was to send a message means. said is the provider's own word, "" when the answer is
// not in its words (then it may come from something in between). The rule: what the provider refused in its own words, and
// what never reached it, was not accepted; of all else nobody knows.
//
//	no connection                         temporary
//	429                                   RetryAfter: as asked, at least a second
//	401, 403                              temporary: people have to correct the credentials
//	408, 425, 503, 3xx, 4xx without said  temporary
//	4xx with said                         permanent
//	5xx with said                         temporary
//	all else                              uncertain
//
// A caller that knows more of its provider corrects what comes back.
func (c *Client) SendError(a Answer, said string) *channels.SendError {
	se := &channels.SendError{Err: a.Err}
	if se.Err == nil {
		se.Err = fmt.Errorf("HTTP %d", a.Status)
	}
	switch {
	case a.Status == 0 && !a.Wrote:
		se.Reason = c.Name + " cannot be reached"
	case a.Status == http.StatusTooManyRequests:
		se.RetryAfter = max(a.RetryAfter, time.Second)
		se.Reason = c.Name + " asks to send less often"
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		se.Reason = c.Name + " refused the account's credentials"
	case a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly, a.Status == http.StatusServiceUnavailable, a.Status/100 == 3:
		se.Reason = c.Name + " cannot take the message now"
	case a.Status/100 == 4:
		se.Permanent = said != ""
		se.Reason = c.Name + " did not accept the message"
	case a.Status/100 == 5 && said != "":
		se.Reason = c.Name + " cannot take the message now"
	default:
		se.Uncertain = true
		se.Reason = c.Name + " did not answer; it may have taken the message"
	}
	if said = c.Clean(said); said != "" {
		se.Reason += ": " + said
	}
	return se
}

// maxWords bounds a provider's own words, in bytes.
const maxWords = 300

// Clean makes a provider's words fit for people: one line of bounded length, without secrets.
func (c *Client) Clean(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if len(text) > maxWords {
		text = strings.ToValidUTF8(text[:maxWords], "") + "…"
	}
	return text
}

// CleanError does so with an error. Of what it wraps only the end of a context stays recognisable.
func (c *Client) CleanError(err error) error {
	if err == nil {
		return nil
	}
	return c.clean(err)
}

func (c *Client) clean(err error) error {
	var ue *url.Error
	for errors.As(err, &ue) { // its text has the address, and the address may have secrets that nobody named
		err = ue.Err
	}
	cleaned := &cleanError{text: c.Clean(err.Error())}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			cleaned.is = end
		}
	}
	return cleaned
}

type cleanError struct {
	text string
	is   error
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.is }
