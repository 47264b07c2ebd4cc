package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
	"tamas/channels/provider"
	"tamas/channels/signed"
)

// trouble is why an account does not work, told for people.
type trouble struct {
	refused bool
	text    string
	do      string
	after   time.Duration // not before
}

func (t *trouble) Error() string { return t.text }

// reading turns the outcome of a call that changes nothing into an error for people; nil when it went well.
func (a *adapter) reading(o provider.Answer, said string) error {
	switch {
	case o.Err != nil:
		return &trouble{text: "The system cannot be reached: " + a.api.Clean(o.Err.Error())}
	case o.Status == http.StatusUnauthorized || o.Status == http.StatusForbidden:
		return &trouble{refused: true, text: refused, do: do}
	case o.Status/100 != 2:
		return &trouble{text: strings.TrimSpace(fmt.Sprintf("The system answered %d %s", o.Status, a.api.Clean(said))), after: o.RetryAfter}
	}
	return nil
}

// report tells the desk of a trouble and returns what Run returns.
func (a *adapter) report(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h := channels.Health{State: "failing", Detail: err.Error()}
	var t *trouble
	if errors.As(err, &t) {
		if h.Do = t.do; t.refused {
			h.State = "refused"
		}
	}
	a.desk.Health(h)
	if t != nil && t.after > 0 {
		_ = provider.Pause(ctx, min(t.after, 5*time.Minute))
	}
	return err
}

// Run implements channels.Adapter: it asks now and then whether the system is there, and fetches its events when there is an
// address for that.
func (a *adapter) Run(ctx context.Context) error {
	a.desk.Health(channels.Health{State: "connecting"})
	for checked := (time.Time{}); ; {
		if time.Since(checked) >= a.pace.look {
			if err := a.Check(ctx); err != nil {
				return a.report(ctx, err)
			}
			checked = time.Now()
		}
		wait := a.pace.look
		if a.set.PullURL != "" {
			wait = time.Duration(a.set.PullSeconds * float64(time.Second))
			if a.pace.pull > 0 {
				wait = a.pace.pull
			}
			more, err := a.pull(ctx)
			switch {
			case unrecorded(err) && ctx.Err() == nil:
				a.log.Warn("api: events are not recorded yet; trying again", "err", err)
			case err != nil:
				return a.report(ctx, err)
			case more:
				wait = 0
			}
		}
		a.desk.Health(channels.Health{State: "connected", HeardAt: time.Now()})
		if err := provider.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

func unrecorded(err error) bool {
	return errors.Is(err, channels.ErrUnrecorded) || errors.Is(err, channels.ErrOverloaded) || errors.Is(err, errLater)
}

// get makes a signed call of an address of the system; the signed text is the query.
func (a *adapter) get(ctx context.Context, addr string, q url.Values) provider.Answer {
	u, err := url.Parse(addr)
	if err != nil {
		return provider.Answer{Err: a.api.CleanError(err)}
	}
	all := u.Query()
	for k, v := range q {
		all[k] = v
	}
	u.RawQuery = all.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return provider.Answer{Err: a.api.CleanError(err)}
	}
	req.Header.Set(signed.Header, signed.Sign(a.set.Secret, time.Now(), []byte(u.RawQuery)))
	return a.api.Call(req)
}

// pull fetches the events after the cursor and records them with it. The hub's cursor is the second at which the account
// began, and after it the system's own.
func (a *adapter) pull(ctx context.Context) (more bool, err error) {
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return false, err
	}
	first, after, ok := strings.Cut(cursor, " ")
	sec, err := strconv.ParseInt(first, 10, 64)
	if !ok || err != nil {
		sec, after = time.Now().Unix(), ""
		// Recorded at once, so that "from now on" stays that now.
		if err := a.desk.Receive(ctx, channels.Batch{Cursor: fmt.Sprintf("%d ", sec)}); err != nil {
			return false, err
		}
	}
	began := time.Unix(sec, 0)
	q := url.Values{"after": {after}, "limit": {strconv.Itoa(channels.MaxBatch)}}
	if after == "" {
		since := began
		if !a.since.IsZero() {
			since = a.since
		}
		q.Set("since", since.UTC().Format(time.RFC3339))
	}
	o := a.get(ctx, a.set.PullURL, q)
	var got struct {
		Events []json.RawMessage `json:"events"`
		Cursor text              `json:"cursor"`
		More   bool              `json:"more"`
		Error  string            `json:"error"`
	}
	unfit := o.Err == nil && json.Unmarshal(o.Body, &got) != nil
	if err := a.reading(o, got.Error); err != nil {
		return false, err
	}
	switch {
	case unfit:
		return false, &trouble{text: "The system's answer to pull_url is not JSON of the protocol"}
	case len(got.Events) > 0 && (got.Cursor == "" || string(got.Cursor) == after):
		return false, &trouble{text: "The system gave events at pull_url without a new cursor"}
	case len(got.Cursor) > channels.MaxCursor-32:
		return false, &trouble{text: "The system's cursor is too long"}
	case got.Cursor == "" || string(got.Cursor) == after:
		return false, nil
	}
	var items []item
	for _, raw := range got.Events {
		e, bad := parseEvent(raw, "")
		if len(bad) > 0 {
			in := unreadable(raw, bad)
			items = append(items, item{unreadable: &in})
		} else {
			items = append(items, item{event: e})
		}
	}
	err = a.take(ctx, ctx, items, fmt.Sprintf("%d %s", sec, got.Cursor), began)
	return got.More, err
}

// verifying is an adapter whose system can be asked for its messages.
type verifying struct{ *adapter }

var _ channels.Verifier = (*verifying)(nil)

// Verify implements channels.Verifier.
func (a *verifying) Verify(ctx context.Context, audit *channels.Audit) error {
	after := ""
	for {
		o := a.get(ctx, a.set.ListURL, url.Values{"since": {audit.Since.UTC().Format(time.RFC3339)}, "after": {after}, "limit": {"1000"}})
		var page struct {
			Messages []struct {
				ID       text   `json:"id"`
				At       moment `json:"at"`
				Outbound bool   `json:"outbound"`
				Address  text   `json:"address"`
			} `json:"messages"`
			Cursor text   `json:"cursor"`
			More   bool   `json:"more"`
			Error  string `json:"error"`
		}
		unfit := o.Err == nil && json.Unmarshal(o.Body, &page) != nil
		if err := a.reading(o, page.Error); err != nil {
			return err
		}
		if unfit {
			return &trouble{text: "The system's answer to list_url is not JSON of the protocol"}
		}
		for _, m := range page.Messages {
			f := channels.Found{Key: string(m.ID), ProviderID: string(m.ID), At: m.At.Time, Outbound: m.Outbound, What: "from " + string(m.Address)}
			if m.Outbound {
				f.Key, f.What = "", "to "+string(m.Address)
			}
			if err := audit.Found(f); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		if page.Cursor == "" || string(page.Cursor) == after {
			return &trouble{text: "The system gave a page at list_url without a new cursor"}
		}
		after = string(page.Cursor)
	}
}
