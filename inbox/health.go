package inbox

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// AccountHealth is what an account lives through, wherever it runs.
type AccountHealth struct {
	ID     string `json:"account"`
	State  string `json:"state"` // as channels.Health
	Detail string `json:"detail,omitempty"`
	Do     string `json:"do,omitempty"` // what people can do about it

	ReportedAt  record.Millis `json:"reported_at,omitempty"`
	ConnectedAt record.Millis `json:"connected_at,omitempty"` // since when it is connected; 0: it is not
	FirstAt     record.Millis `json:"first_at,omitempty"`     // when it first was, since it was switched on
	TroubleAt   record.Millis `json:"trouble_at,omitempty"`   // since when it is refused or failing; 0: it is not
	troubleWas  record.Millis // TroubleAt of before it was connected: a connection that breaks at once does not end it
	ListenAt    record.Millis `json:"listen_at,omitempty"` // since when it could be heard again, after a time in which nobody could have
	Backlog     int           `json:"backlog"`             // messages that the provider still holds for us

	HeardAt   record.Millis `json:"heard_at,omitempty"`   // when the provider was last heard
	MessageAt record.Millis `json:"message_at,omitempty"` // when it last brought something

	CountedAt    record.Millis `json:"counted_at,omitempty"`
	Queued       int           `json:"queued"`       // messages to be sent
	FailedToday  int           `json:"failed_today"` // by the firm's clock
	FailedDay    string        `json:"failed_day,omitempty"`
	LimitedUntil record.Millis `json:"limited_until,omitempty"` // the provider asked to send nothing before

	SilentSince record.Millis  `json:"silent_since,omitempty"` // it has brought nothing for longer than its limit
	Errors      []AccountError `json:"errors"`                 // newest first
}

// AccountError is something that went wrong with an account.
type AccountError struct {
	At    record.Millis `json:"at"` // the last time
	Text  string        `json:"text"`
	Do    string        `json:"do,omitempty"`
	Count int           `json:"count"`
}

const (
	maxErrors = 20          // of an account
	steadyFor = time.Minute // a connection that lasts for less has not ended the trouble before it
)

// note puts an error in front; one that is known counts up.
func (x *AccountHealth) note(e AccountError) {
	e.Text, e.Do = cleanLine(e.Text, 512), cleanLine(e.Do, 512)
	list := []AccountError{e}
	for _, old := range x.Errors {
		if old.Text == e.Text {
			list[0].Count += old.Count
		} else if len(list) < maxErrors {
			list = append(list, old)
		}
	}
	x.Errors = list
}

// merge joins what two nodes know of an account: of each group of fields the newer one.
func (x AccountHealth) merge(y AccountHealth) AccountHealth {
	m := x
	if y.ReportedAt > x.ReportedAt {
		m.State, m.Detail, m.Do, m.ReportedAt, m.Backlog = y.State, y.Detail, y.Do, y.ReportedAt, y.Backlog
		m.ConnectedAt, m.FirstAt, m.TroubleAt, m.troubleWas = y.ConnectedAt, y.FirstAt, y.TroubleAt, y.troubleWas
	}
	if y.CountedAt > x.CountedAt {
		m.CountedAt, m.Queued, m.FailedToday, m.FailedDay, m.LimitedUntil = y.CountedAt, y.Queued, y.FailedToday, y.FailedDay, y.LimitedUntil
	}
	m.ID, m.HeardAt, m.MessageAt, m.ListenAt = y.ID, max(x.HeardAt, y.HeardAt), max(x.MessageAt, y.MessageAt), max(x.ListenAt, y.ListenAt)
	m.Errors = nil
	for _, e := range slices.Concat(x.Errors, y.Errors) {
		i := slices.IndexFunc(m.Errors, func(o AccountError) bool { return o.Text == e.Text })
		switch {
		case i < 0:
			m.Errors = append(m.Errors, e)
		case e.At > m.Errors[i].At:
			m.Errors[i] = AccountError{e.At, e.Text, e.Do, max(e.Count, m.Errors[i].Count)}
		default:
			m.Errors[i].Count = max(e.Count, m.Errors[i].Count)
		}
	}
	slices.SortStableFunc(m.Errors, func(a, b AccountError) int { return int(b.At - a.At) })
	m.Errors = m.Errors[:min(len(m.Errors), maxErrors)]
	return m
}

// healthBook holds the accounts' health: what this node knows first is told to the others, and what they say is joined to it.
type healthBook struct {
	now   func() time.Time
	mu    sync.Mutex
	all   map[string]AccountHealth
	dirty map[string]bool // to be told; true: at once, else with the next round
}

func newHealthBook() *healthBook {
	return &healthBook{now: time.Now, all: map[string]AccountHealth{}, dirty: map[string]bool{}}
}

// change runs f on an account's health. f tells whether people should hear of it at once.
func (b *healthBook) change(account string, f func(x *AccountHealth, now record.Millis) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.all[account]
	x.ID = account
	soon := f(&x, record.At(b.now()))
	b.all[account], b.dirty[account] = x, soon || b.dirty[account]
}

// report is an adapter's own word.
func (b *healthBook) report(account string, hl channels.Health) {
	b.change(account, func(x *AccountHealth, now record.Millis) bool {
		detail, do := cleanLine(hl.Detail, 512), cleanLine(hl.Do, 512)
		soon := x.State != hl.State || x.Detail != detail || x.Do != do || x.Backlog != hl.Backlog
		switch hl.State {
		case "connected":
			if x.ConnectedAt == 0 {
				x.ConnectedAt = now
			}
			if x.FirstAt == 0 {
				x.FirstAt = now
			}
			if x.TroubleAt != 0 {
				if now.Time().Sub(x.TroubleAt.Time()) >= troubleLimit {
					x.ListenAt = now
				}
				x.TroubleAt, x.troubleWas = 0, x.TroubleAt
			}
		case "refused", "failing":
			if x.TroubleAt == 0 {
				x.TroubleAt = now
				if x.troubleWas != 0 && x.ConnectedAt != 0 && now.Time().Sub(x.ConnectedAt.Time()) < steadyFor {
					x.TroubleAt = x.troubleWas
				}
				x.troubleWas = 0
			}
			x.ConnectedAt = 0
			x.note(AccountError{now, detail, do, 1})
		case "off":
			x.ConnectedAt, x.FirstAt, x.TroubleAt, x.troubleWas = 0, 0, 0, 0
		default: // connecting: whether a trouble is over is not known yet
			x.ConnectedAt = 0
		}
		x.State, x.Detail, x.Do, x.Backlog, x.ReportedAt = hl.State, detail, do, hl.Backlog, now
		x.HeardAt = max(x.HeardAt, record.At(hl.HeardAt))
		return soon
	})
}

// heard notes that an account brought something.
func (b *healthBook) heard(account string, at time.Time) {
	b.change(account, func(x *AccountHealth, _ record.Millis) bool {
		x.HeardAt, x.MessageAt = max(x.HeardAt, record.At(at)), max(x.MessageAt, record.At(at))
		return false
	})
}

// stopped notes that an adapter ended with an error, unless it has reported a trouble since it began.
func (b *healthBook) stopped(account string, begun time.Time, err error) {
	b.mu.Lock()
	x := b.all[account]
	b.mu.Unlock()
	if x.TroubleAt == 0 || x.ReportedAt < record.At(begun) {
		b.report(account, channels.Health{State: "failing", Detail: err.Error()})
	}
}

// failed notes that a message was not sent, on a day by the firm's clock.
func (b *healthBook) failed(account, reason, day string) {
	b.change(account, func(x *AccountHealth, now record.Millis) bool {
		if x.FailedDay != day {
			x.FailedDay, x.FailedToday = day, 0
		}
		x.FailedToday++
		x.CountedAt = now
		x.note(AccountError{now, "A message was not sent: " + reason, "", 1})
		return true
	})
}

// limited notes that the provider asked to send nothing for a while.
func (b *healthBook) limited(account string, until time.Time) {
	b.change(account, func(x *AccountHealth, now record.Millis) bool {
		x.LimitedUntil, x.CountedAt = max(x.LimitedUntil, record.At(until)), now
		return true
	})
}

// queued notes how many messages are to be sent.
func (b *healthBook) queued(account string, n int) {
	b.mu.Lock()
	same := b.all[account].Queued == n
	b.mu.Unlock()
	if !same {
		b.change(account, func(x *AccountHealth, now record.Millis) bool {
			x.Queued, x.CountedAt = n, now
			return true
		})
	}
}

func (b *healthBook) learn(x AccountHealth) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[x.ID] = b.all[x.ID].merge(x)
}

func (b *healthBook) of(account string) AccountHealth {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := b.all[account]
	x.ID = account
	return x
}

// take gives what is to be told: all of it, or only what people should hear at once.
func (b *healthBook) take(all bool) (list []AccountHealth) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, soon := range b.dirty {
		if soon || all {
			list = append(list, b.all[id])
			delete(b.dirty, id)
		}
	}
	return list
}

// Health gives an account's health as this node knows it.
func (h *Hub) Health(account string) AccountHealth { return h.view(h.health.of(account)) }

// AllHealth gives the health of all accounts, by name.
func (h *Hub) AllHealth() []AccountHealth {
	list := []AccountHealth{}
	for _, row := range h.rowsByName() {
		list = append(list, h.Health(row.ID))
	}
	return list
}

// rowsByName are the accounts that are not archived.
func (h *Hub) rowsByName() (rows []record.Account) {
	for _, row := range h.Settings().Accounts {
		if !row.Archived {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b record.Account) int {
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rows
}

// view is health as people see it now.
func (h *Hub) view(x AccountHealth) AccountHealth {
	now := h.now()
	row, known := h.Settings().Accounts[x.ID]
	if known && !row.Enabled {
		x.State, x.Detail, x.Do, x.ConnectedAt, x.TroubleAt = "off", "", "", 0, 0
	}
	if x.LimitedUntil <= record.At(now) {
		x.LimitedUntil = 0
	}
	if x.FailedDay != h.dayOf(now) {
		x.FailedToday = 0
	}
	x.SilentSince = silentSince(row, x, now)
	x.FailedDay, x.ListenAt = "", 0 // nobody's but ours
	if x.Errors == nil {
		x.Errors = []AccountError{}
	}
	return x
}

// silentSince is when an account last brought something, if that is longer ago than its limit, else 0. What is switched off, has no
// limit or was never connected is not silent; nor is anybody for the time in which the hub could not have heard them.
func silentSince(row record.Account, x AccountHealth, now time.Time) record.Millis {
	last := max(x.MessageAt, x.FirstAt)
	if last > 0 {
		last = max(last, x.ListenAt)
	}
	if !row.Enabled || row.Archived || row.SilentMins <= 0 || last == 0 || now.Sub(last.Time()) < time.Duration(row.SilentMins)*time.Minute {
		return 0
	}
	return last
}

// dayOf is the day by the firm's clock.
func (h *Hub) dayOf(t time.Time) string {
	zone, err := time.LoadLocation(h.Settings().Firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateOnly)
}

// Reconnect starts an account's adapter again, at once, on whichever node runs it. *Refusal: there is no such account, or it is
// switched off.
func (h *Hub) Reconnect(ctx context.Context, account string) error {
	row, ok := h.Settings().Accounts[account]
	if !ok || row.Archived {
		return refuse("not_found", "There is no such account.")
	}
	if !row.Enabled {
		return refuse("conflict", "The account is switched off.")
	}
	return h.say(ctx, news{Type: "reconnect", Account: account})
}

// news is what is said between nodes and kept by nobody.
type news struct {
	Type         string         `json:"t"` // "typing", "health", "status", "alerts"; "reconnect" is between nodes only
	Conversation string         `json:"conversation,omitempty"`
	From         string         `json:"from,omitempty"`
	Agent        string         `json:"agent,omitempty"`
	On           bool           `json:"on,omitempty"`
	Record       string         `json:"record,omitempty"` // status: "up", "down"
	Health       *AccountHealth `json:"health,omitempty"`
	Account      string         `json:"account,omitempty"` // reconnect
	Alerts       []Alert        `json:"alerts,omitzero"`   // alerts: the whole list
}

// publish never blocks: news that cannot be said now is not said.
func (h *Hub) publish(n news) {
	select {
	case h.newsOut <- n:
	default:
	}
}

// OnNews calls f with each item for live sockets, {"t":"typing",…}, {"t":"health",…}, {"t":"status",…} or {"t":"alerts",…}, until
// stop. f must not block.
func (h *Hub) OnNews(f func(json []byte)) (stop func()) {
	h.newsMu.Lock()
	defer h.newsMu.Unlock()
	h.newsNext++
	id := h.newsNext
	h.newsTo[id] = f
	return func() {
		h.newsMu.Lock()
		defer h.newsMu.Unlock()
		delete(h.newsTo, id)
	}
}

const healthRound = 5 // seconds between two words on an account of which nothing is new but that it was heard

func (h *Hub) newsLoop(ctx context.Context) error {
	sub := h.rdb.Subscribe(ctx, h.keys.news())
	defer sub.Close()
	in := sub.Channel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	if list, err := h.rdb.HGetAll(ctx, h.keys.health()).Result(); err == nil {
		for _, text := range list {
			var x AccountHealth
			if json.Unmarshal([]byte(text), &x) == nil {
				h.health.learn(x)
			}
		}
	}
	h.readAlerts(ctx)
	for second := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-h.newsOut:
			_ = h.say(ctx, n)
		case <-tick.C:
			second++
			for _, x := range h.health.take(second%healthRound == 0) {
				text, _ := json.Marshal(x)
				h.rdb.HSet(ctx, h.keys.health(), x.ID, text)
				_ = h.say(ctx, news{Type: "health", Health: &x})
			}
		case m, ok := <-in:
			if !ok {
				return nil
			}
			h.hear([]byte(m.Payload))
		}
	}
}

func (h *Hub) say(ctx context.Context, n news) error {
	body, _ := json.Marshal(n)
	return h.rdb.Publish(ctx, h.keys.news(), body).Err()
}

func (h *Hub) hear(body []byte) {
	var n news
	if json.Unmarshal(body, &n) != nil {
		return
	}
	switch {
	case n.Type == "reconnect":
		h.accounts.mu.RLock()
		a := h.accounts.open[n.Account]
		h.accounts.mu.RUnlock()
		if a != nil {
			a.reconnect()
		}
		return
	case n.Type == "status":
		h.recordDown.Store(n.Record == "down")
	case n.Type == "alerts":
		h.alerts.Store(&n.Alerts)
	case n.Type == "health" && n.Health != nil:
		h.health.learn(*n.Health)
		body, _ = json.Marshal(struct {
			Type string `json:"t"`
			AccountHealth
		}{"health", h.Health(n.Health.ID)})
	case n.Type == "typing" && n.From == "agent":
		if c, ok := h.mirror.conversation(n.Conversation); ok {
			h.watchers.tell(threadField(c.In()), channels.Item{Kind: "typing", From: "agent", Name: h.publicName(n.Agent), On: n.On, At: h.now()})
		}
	}
	h.newsMu.Lock()
	defer h.newsMu.Unlock()
	for _, f := range h.newsTo {
		f(body)
	}
}
