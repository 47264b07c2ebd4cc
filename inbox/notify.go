package inbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/channels"
	"tamas/channels/signed"
	"tamas/inbox/record"
)

// Alerts are carried to mail addresses and webhooks, each by its rules: one word when it begins, one when it is over. Alerts are made of
// the live state and stand in no log, so nothing waits for them to be recorded: a word is kept in Redis in the same step as the alert,
// and taken out once it is there. It may come twice, under one id; with an emptied Redis it is lost, and the alert, should it still
// stand, begins anew. Only the leader carries words, to each address one at a time and in order. They go to the firm's own people, never
// to customers, so no record is made of them.

// What a word tells of its alert.
const (
	Firing = "firing"
	Over   = "over"
	trying = "test"
)

// Word is the JSON body of a webhook's call, signed as package signed says with AlertSecret of the rule.
type Word struct {
	ID    string        `json:"id"` // the same however often it is sent
	State string        `json:"state"`
	At    record.Millis `json:"at"`
	Firm  string        `json:"firm"`
	Link  string        `json:"link,omitempty"` // to the supervisors' page, where the hub knows its address
	Alert Alert         `json:"alert"`
}

// WordHeader names a word's id in a webhook's call.
const WordHeader = "X-Tamas-Delivery"

// told is a word on its way.
type told struct {
	Word
	Rule  string        `json:"rule"`
	Email string        `json:"email,omitempty"` // "": the rule's webhook
	Tries int           `json:"tries,omitempty"`
	Next  record.Millis `json:"next,omitempty"`
}

const (
	tellEvery  = time.Second
	tellMost   = 2000             // words that wait; the oldest are given up
	tellAtOnce = 16               // addresses
	tellTries  = 8                // of one word, over about an hour
	tellFirst  = 5 * time.Second  // before the second try, then three times as long each time
	tellCeil   = 30 * time.Minute // at most
	tellCall   = 10 * time.Second // of one call to a webhook
	tellAnswer = 4 << 10          // bytes of its answer that are read
)

// routes are the rules by which an alert is carried.
func routes(a Alert, set *Settings) (list []record.AlertRule) {
	for _, r := range set.Alerts {
		if !r.Off && (a.Account != "" && r.Kind == record.RuleAccount || a.Account == "" && r.ID == a.Rule && r.Kind == a.Kind) {
			list = append(list, r)
		}
	}
	return list
}

// tellAll keeps the words of an alert, in the pipeline that keeps the alert.
func (h *Hub) tellAll(ctx context.Context, p redis.Pipeliner, a Alert, state string) {
	for _, r := range routes(a, h.Settings()) {
		for _, email := range r.Emails {
			h.tellOne(ctx, p, a, r, email, state)
		}
		if r.Webhook != "" {
			h.tellOne(ctx, p, a, r, "", state)
		}
	}
}

func (h *Hub) tellOne(ctx context.Context, p redis.Pipeliner, a Alert, r record.AlertRule, email, state string) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x1f%d\x1f%s\x1f%s\x1f%s", a.ID, a.Since, state, r.ID, email))
	id := hex.EncodeToString(sum[:16])
	text, err := json.Marshal(told{Word: h.word(id, state, a), Rule: r.ID, Email: email})
	if err == nil {
		p.HSet(ctx, h.keys.told(), id, text)
	}
}

func (h *Hub) word(id, state string, a Alert) Word {
	w := Word{ID: id, State: state, At: h.Now(), Firm: h.Settings().Firm.Name, Alert: a}
	if h.publicURL != "" {
		w.Link = h.publicURL + "/supervisor"
	}
	return w
}

// tellLoop is the leader's: it carries words until ctx ends.
func (h *Hub) tellLoop(ctx context.Context) error {
	var mu sync.Mutex
	busy := map[string]bool{}
	var calls sync.WaitGroup
	defer calls.Wait()
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		heads, err := h.tellNext(ctx)
		if err != nil {
			if ctx.Err() == nil {
				h.log.Debug("what alerts are to say could not be read", "err", err)
			}
			continue
		}
		for line, t := range heads {
			mu.Lock()
			free := !busy[line] && len(busy) < tellAtOnce
			if free {
				busy[line] = true
			}
			mu.Unlock()
			if !free {
				continue
			}
			calls.Go(func() {
				h.carry(ctx, t)
				mu.Lock()
				delete(busy, line)
				mu.Unlock()
			})
		}
	}
}

// tellNext gives the first word of each address, when it is due.
func (h *Hub) tellNext(ctx context.Context) (heads map[string]told, err error) {
	all, err := h.rdb.HGetAll(ctx, h.keys.told()).Result()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	list := make([]told, 0, len(all))
	for id, text := range all {
		var t told
		if json.Unmarshal([]byte(text), &t) != nil {
			h.rdb.HDel(ctx, h.keys.told(), id)
			continue
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.State, b.State), cmp.Compare(a.ID, b.ID)) // "firing" is before "over"
	})
	if over := len(list) - tellMost; over > 0 {
		h.log.Warn("too many words of alerts wait; the oldest are given up", "words", over)
		for _, t := range list[:over] {
			h.rdb.HDel(ctx, h.keys.told(), t.ID)
		}
		list = list[over:]
	}
	now := h.Now()
	seen := map[string]bool{}
	heads = map[string]told{}
	for _, t := range list {
		line := t.Rule + "\x1f" + t.Email
		if !seen[line] && t.Next <= now {
			heads[line] = t
		}
		seen[line] = true
	}
	return heads, nil
}

// carry tries to bring one word where it belongs, and takes it out or puts it off.
func (h *Hub) carry(ctx context.Context, t told) {
	to, err := "webhook", error(nil)
	rule, ok := h.alertRule(t.Rule)
	switch {
	case !ok || t.Email == "" && rule.Webhook == "" || t.Email != "" && !slices.Contains(rule.Emails, t.Email):
		to = "nobody" // the rule says so by now
	case t.Email != "":
		to = "email"
		err = h.mailWord(ctx, rule.Account, t.Email, t.Word)
	default:
		err = h.callWebhook(ctx, rule, t.Word)
	}
	ctx, cancel := kept(ctx)
	defer cancel()
	t.Tries++
	var se *channels.SendError
	final := errors.As(err, &se) && (se.Permanent || se.Unreachable || se.Uncertain)
	if err == nil || final || t.Tries >= tellTries {
		outcome := "sent"
		if err != nil {
			outcome = "given up"
			h.log.Warn("an alert could not be carried", "rule", t.Rule, "to", to, "tries", t.Tries, "err", err)
		}
		h.metrics.words.WithLabelValues(to, outcome).Inc()
		if err := h.rdb.HDel(ctx, h.keys.told(), t.ID).Err(); err != nil {
			h.log.Debug("a word of an alert may come twice", "id", t.ID, "err", err)
		}
		return
	}
	h.metrics.words.WithLabelValues(to, "put off").Inc()
	h.log.Info("an alert will be carried again", "rule", t.Rule, "to", to, "tries", t.Tries, "err", err)
	wait := tellFirst
	for range t.Tries - 1 {
		wait = min(3*wait, tellCeil)
	}
	t.Next = h.Now() + record.Millis(wait.Milliseconds())
	if text, err := json.Marshal(t); err == nil {
		h.rdb.HSet(ctx, h.keys.told(), t.ID, text)
	}
}

func (h *Hub) alertRule(id string) (record.AlertRule, bool) {
	rules := h.Settings().Alerts
	i := slices.IndexFunc(rules, func(r record.AlertRule) bool { return r.ID == id })
	if i < 0 {
		return record.AlertRule{}, false
	}
	return rules[i], true
}

// AlertSecret is what the calls of a rule's webhook are signed with. It is derived, so it is the same for as long as the rule has its id.
func (h *Hub) AlertSecret(rule string) (string, error) {
	key, err := derive(h.key, "alert "+rule)
	return hex.EncodeToString(key), err
}

var errWebhookAddress = errors.New("addresses of this kind are not called")

// webhooks follows only what sends the same call to the same host, and calls nothing at addresses that are a host's own or many hosts':
// there a cloud tells its machines their secrets. The firm's own networks it may call.
var webhooks = &http.Client{Timeout: tellCall, Transport: webhookTransport(), CheckRedirect: func(r *http.Request, via []*http.Request) error {
	if r.Method != http.MethodPost || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}}

func webhookTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: tellCall, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address) // as it was resolved
		if ip := to.Addr().Unmap(); err != nil || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
			return errWebhookAddress
		}
		return nil
	}}).DialContext
	return t
}

// CheckWebhook tells whether an address may be a rule's webhook: where it leads is the admin's choice, that it is http(s) is ours.
func CheckWebhook(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(address) > 2048 {
		return errors.New("an address that begins with http:// or https:// is needed")
	}
	return nil
}

// callWebhook makes one call. The text of its error is for people.
func (h *Hub) callWebhook(ctx context.Context, rule record.AlertRule, w Word) error {
	if err := CheckWebhook(rule.Webhook); err != nil {
		return &channels.SendError{Permanent: true, Reason: err.Error()}
	}
	secret, err := h.AlertSecret(rule.ID)
	if err != nil {
		return err
	}
	body, err := json.Marshal(w)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rule.Webhook, bytes.NewReader(body))
	if err != nil {
		return &channels.SendError{Permanent: true, Reason: "the address cannot be called"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Tamas")
	req.Header.Set(WordHeader, w.ID)
	req.Header.Set(signed.Header, signed.Sign(secret, h.now(), body))
	res, err := webhooks.Do(req)
	if err != nil {
		var ue *url.Error // its text has the address, which may hold a secret
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, tellAnswer)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("it answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	return nil
}

// mailWord sends one mail, from one of the firm's mailboxes to one of its people, in the firm's language first.
func (h *Hub) mailWord(ctx context.Context, account, to string, w Word) error {
	row, ok := h.Settings().Accounts[account]
	if !ok || !row.Enabled || row.Archived || !h.kinds[row.Kind].Limits.Subject {
		return &channels.SendError{Permanent: true, Reason: "the rule has no mail account that works"}
	}
	state := map[string][2]string{Over: {"Over: ", "تمام شد: "}, trying: {"Test: ", "آزمایش: "}}[w.State]
	subject, first, second := state[0]+w.Alert.Text, state[0]+w.Alert.Text, state[1]+w.Alert.TextFA
	if h.Settings().Firm.Locale == "fa" {
		subject, first, second = second, second, first
	}
	text := first + "\n\n" + second
	if w.Link != "" {
		text += "\n\n" + w.Link
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return h.sendOwn(ctx, row, channels.Outbound{ID: "alert-" + w.ID, Thread: to, Address: to, Subject: cleanLine(strings.TrimSpace(w.Firm+": "+subject), 256),
		Text: text, Auto: true, Attempt: 1})
}

// sendOwn sends a message to one of the firm's own people. They are no customers, so no record is made of it.
func (h *Hub) sendOwn(ctx context.Context, row record.Account, m channels.Outbound) error {
	adapter, err := h.openAdapter(row, nil)
	if err != nil {
		return settingsRefusal(err)
	}
	_, err = adapter.Send(ctx, m)
	return err
}

// Tried is what came of trying an address.
type Tried struct {
	To    string `json:"to"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// TryAlert sends a word that is marked as a test to all addresses of a rule, once, and tells what came of each. *Refusal: there is no
// such rule, or nobody to tell.
func (h *Hub) TryAlert(ctx context.Context, id string) ([]Tried, error) {
	rule, ok := h.alertRule(id)
	if !ok {
		return nil, refuse("not_found", "There is no such rule.")
	}
	a := Alert{ID: "test:" + rule.ID, Kind: rule.Kind, Rule: rule.ID, Since: h.Now(), Limit: int64(rule.Value),
		Text: "This is how an alert of Tamas comes here.", TextFA: "هشدارهای تماس این‌گونه به اینجا می‌رسند."}
	w := h.word(tokenText(newToken()), trying, a)
	list := make([]Tried, 0, len(rule.Emails)+1)
	for _, email := range rule.Emails {
		list = append(list, Tried{To: email})
	}
	if rule.Webhook != "" {
		list = append(list, Tried{To: rule.Webhook})
	}
	if len(list) == 0 {
		return nil, refuse("conflict", "The rule has neither a mail address nor a webhook.")
	}
	var calls sync.WaitGroup
	slots := make(chan struct{}, tellAtOnce)
	for i := range list {
		calls.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			var err error
			if i < len(rule.Emails) {
				err = h.mailWord(ctx, rule.Account, rule.Emails[i], w)
			} else {
				err = h.callWebhook(ctx, rule, w)
			}
			var se *channels.SendError
			switch list[i].OK = err == nil; {
			case errors.As(err, &se):
				list[i].Error = upperFirst(se.Reason)
			case err != nil:
				list[i].Error = upperFirst(cleanLine(err.Error(), 512))
			}
		})
	}
	calls.Wait()
	return list, nil
}
