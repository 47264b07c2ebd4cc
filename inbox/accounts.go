package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// openAccount is an account as this node has it open: for webhooks and reads on every node, polling and
// sending on the one with the lease.
type openAccount struct {
	h       *Hub
	row     record.Account
	adapter channels.Adapter // nil when its settings cannot be opened
	restart chan struct{}    // asks for the adapter to be started again
	drained atomic.Bool      // its end is near: that it stops is no trouble
	cancel  context.CancelFunc
	done    chan struct{}
}

type accounts struct {
	mu   sync.RWMutex
	open map[string]*openAccount
}

// accountsLoop opens, reopens and closes accounts as their rows change.
func (h *Hub) accountsLoop(ctx context.Context) error {
	defer func() {
		for _, a := range h.accounts.open {
			<-a.done
		}
	}()
	for {
		changed := h.settingsRead.wait()
		set := h.Settings()
		for id, a := range h.accounts.open {
			row, ok := set.Accounts[id]
			if !ok || !row.Enabled || row.Archived || row.Version != a.row.Version {
				a.cancel()
				a.drain()
				<-a.done // its lease is free for the next one
				h.accounts.mu.Lock()
				delete(h.accounts.open, id)
				h.accounts.mu.Unlock()
				if !ok || !row.Enabled || row.Archived {
					h.health.report(id, channels.Health{State: "off"})
				}
			}
		}
		for id, row := range set.Accounts {
			if row.Enabled && !row.Archived && h.accounts.open[id] == nil {
				a := h.openAccount(ctx, row)
				h.accounts.mu.Lock()
				h.accounts.open[id] = a
				h.accounts.mu.Unlock()
			}
		}
		h.accountsOpened.broadcast()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// drain ends the connections that customers hold to this node; they come back elsewhere.
func (a *openAccount) drain() {
	a.drained.Store(true)
	if c, ok := a.adapter.(io.Closer); ok {
		if err := c.Close(); err != nil {
			a.h.log.Debug("an account was closed", "account", a.row.ID, "err", err)
		}
	}
}

// Drain is the first step of a stop: customers' standing connections end, so that no request outlasts the stop.
func (h *Hub) Drain() {
	h.accounts.mu.RLock()
	defer h.accounts.mu.RUnlock()
	for _, a := range h.accounts.open {
		a.drain()
	}
}

func (h *Hub) openAccount(ctx context.Context, row record.Account) *openAccount {
	ctx, cancel := context.WithCancel(ctx)
	a := &openAccount{h: h, row: row, restart: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	adapter, err := h.openAdapter(row, nil)
	if err != nil {
		h.log.Error("an account cannot be opened", "account", row.ID, "kind", row.Kind, "err", err)
		h.health.report(row.ID, channels.Health{State: "refused", Detail: err.Error()})
		close(a.done)
		return a
	}
	a.adapter = adapter
	go func() {
		defer close(a.done)
		_ = hold(ctx, h.rdb, h.keys.lease("account:"+row.ID), h.leaseTime, a.work)
	}()
	return a
}

// openAdapter makes an adapter of a row. secrets, when not nil, replace the sealed ones.
func (h *Hub) openAdapter(row record.Account, secrets map[string]string) (channels.Adapter, error) {
	return h.openAt(row, secrets, &desk{h: h, acct: func() record.Account {
		if now, ok := h.Settings().Accounts[row.ID]; ok {
			return now
		}
		return row
	}})
}

// openAt makes an adapter of a row that sits at this desk.
func (h *Hub) openAt(row record.Account, secrets map[string]string, at channels.Desk) (channels.Adapter, error) {
	kind, ok := h.kinds[row.Kind]
	if !ok {
		return nil, &channels.FieldError{Field: "kind", Reason: "there is no such channel"}
	}
	if secrets == nil {
		var err error
		if secrets, err = unseal(h.key, row.ID, row.SealedSecret); err != nil {
			return nil, err
		}
	}
	settings := map[string]any{}
	if len(row.Settings) > 0 {
		if err := json.Unmarshal(row.Settings, &settings); err != nil {
			return nil, &channels.FieldError{Field: "settings", Reason: "must be an object"}
		}
	}
	for k, v := range secrets {
		settings[k] = v
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	secret, err := derive(h.key, "account "+row.ID)
	if err != nil {
		return nil, err
	}
	publicURL := h.publicURL
	if publicURL == "" {
		publicURL = h.localURL
	}
	return kind.Open(channels.Config{
		ID: row.ID, Name: row.Name, Settings: raw, PublicURL: publicURL, Secret: secret, Since: row.ImportSince.Time(), Proxies: h.proxies,
		Desk: at, Log: h.log.With("account", row.ID, "kind", row.Kind), Client: &http.Client{Timeout: 90 * time.Second},
	})
}

// Webhook is what serves everything below /hooks/<account>/, prefix stripped; nil when there is nothing. While what it serves is about to come (just after
// the start, or as its settings change) it waits: who is told that there is no such account would give up. Errors: ctx's.
func (h *Hub) Webhook(ctx context.Context, account string) (http.Handler, error) {
	for {
		read, opened := h.SettingsRead(), h.accountsOpened.wait()
		h.accounts.mu.RLock()
		a := h.accounts.open[account]
		h.accounts.mu.RUnlock()
		if a != nil {
			w, _ := a.adapter.(channels.Webhook)
			return w, nil
		}
		set := h.Settings()
		if row, ok := set.Accounts[account]; set.known() && (!ok || !row.Enabled || row.Archived) {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-read:
		case <-opened:
		}
	}
}

// Kinds are the channels that this program has.
func (h *Hub) Kinds() map[string]channels.Kind { return h.kinds }

// secretFields are the keys of a kind's settings that are sealed.
func secretFields(kind channels.Kind) map[string]bool {
	out := map[string]bool{}
	for _, f := range kind.Fields {
		if f.Type == "secret" {
			out[f.Key] = true
		}
	}
	return out
}

// split takes the secrets out of a row's settings and joins them with those that are stored: an empty or missing
// one is left as it is.
func (h *Hub) split(row *record.Account) (map[string]string, error) {
	kind, ok := h.kinds[row.Kind]
	if !ok {
		return nil, invalid("kind", "There is no such channel.")
	}
	settings := map[string]any{}
	if len(row.Settings) > 0 {
		if err := json.Unmarshal(row.Settings, &settings); err != nil {
			return nil, invalid("settings", "The settings must be an object.")
		}
	}
	secrets, err := unseal(h.key, row.ID, row.SealedSecret)
	if err != nil {
		secrets = map[string]string{}
		h.log.Warn("stored secrets cannot be read; they have to be entered again", "account", row.ID, "err", err)
	}
	for key := range secretFields(kind) {
		v, ok := settings[key].(string)
		if ok && v != "" {
			secrets[key] = v
		} else if settings[key] != nil && !ok {
			return nil, invalid("settings."+key, "This must be a text.")
		}
		delete(settings, key)
	}
	row.Settings, err = json.Marshal(settings)
	row.SecretsSet = row.SecretsSet[:0]
	for key, v := range secrets {
		if v != "" {
			row.SecretsSet = append(row.SecretsSet, key)
		}
	}
	return secrets, err
}

// SaveAccount checks a row, whose settings may carry new secrets in clear, seals those and stores it: a new
// one when its ID is "", else the version that row.Version names. note, if it is not nil, is asked for the audit's entry of the row that
// is stored. Errors: *Refusal, record.ErrConflict.
func (h *Hub) SaveAccount(ctx context.Context, row record.Account, note func(stored record.Account) record.Note) (record.Account, error) {
	isNew := row.ID == ""
	if isNew {
		row.ID = tokenText(newToken())
	} else {
		old, err := h.db.Account(ctx, row.ID)
		if err != nil {
			return row, err
		}
		row.SealedSecret, row.Kind = old.SealedSecret, old.Kind
	}
	if row.Name = cleanLine(row.Name, 128); row.Name == "" {
		return row, invalid("name", "Give the account a name.")
	}
	if _, ok := h.Settings().Queues[row.Queue]; !ok { // made on another node a moment ago, perhaps
		if err := h.readSettings(ctx); err != nil {
			return row, err
		}
	}
	if q, ok := h.Settings().Queues[row.Queue]; !ok || q.Archived {
		return row, invalid("queue", "Choose the queue where its conversations begin.")
	}
	if row.ReopenHours < 0 || row.ReopenHours > 24*365 {
		return row, invalid("reopen_hours", "The window is in hours, from 0 to a year.")
	}
	if row.Units < record.AllUnits || row.Units > 1000 {
		return row, invalid("units", "Capacity units are from 0 to 1000; -1 takes all of the agent.")
	}
	if err := h.checkContinue(&row); err != nil {
		return row, err
	}
	secrets, err := h.split(&row)
	if err != nil {
		return row, err
	}
	if _, err := h.openAdapter(row, secrets); err != nil {
		return row, settingsRefusal(err)
	}
	if row.SealedSecret, err = seal(h.key, row.ID, secrets); err != nil {
		return row, err
	}
	if isNew {
		row.CreatedAt = record.At(h.now())
	}
	var notes []record.Note
	if note != nil {
		notes = append(notes, note(row))
	}
	if isNew {
		row, err = h.db.AddAccount(ctx, row, notes...)
	} else {
		row, err = h.db.EditAccount(ctx, row, notes...)
	}
	if err != nil {
		return row, err
	}
	if err := h.SettingsChanged(ctx, "accounts"); err != nil { // the row stands; others reread by themselves
		h.log.Warn("other nodes could not be told of an account", "account", row.ID, "err", err)
	}
	return row, nil
}

func settingsRefusal(err error) error {
	var fe *channels.FieldError
	if errors.As(err, &fe) {
		return invalid("settings."+fe.Field, "%s", upperFirst(fe.Reason))
	}
	return invalid("settings", "%s", upperFirst(err.Error()))
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// checkTimeout bounds a proof of credentials.
const checkTimeout = 30 * time.Second

// CheckAccount proves a row's credentials against the provider without storing anything. Errors: *Refusal for
// settings that cannot work, else what the provider said, for people.
func (h *Hub) CheckAccount(ctx context.Context, row record.Account) error {
	if row.ID != "" {
		old, err := h.db.Account(ctx, row.ID)
		if err != nil {
			return err
		}
		row.SealedSecret, row.Kind = old.SealedSecret, old.Kind
	}
	secrets, err := h.split(&row)
	if err != nil {
		return err
	}
	if row.ID == "" {
		row.ID = "new"
	}
	adapter, err := h.openAdapter(row, secrets)
	if err != nil {
		return settingsRefusal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return adapter.Check(ctx)
}

// SendTest sends a test message from an account to an address of the firm's own. It is no customer's, so no
// record is made of it.
func (h *Hub) SendTest(ctx context.Context, account, address string) error {
	row, err := h.db.Account(ctx, account)
	if err != nil {
		return err
	}
	if address = cleanLine(address, channels.MaxKey); address == "" {
		return invalid("address", "Say where to send it.")
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err = h.sendOwn(ctx, row, channels.Outbound{ID: "test-" + tokenText(newToken()), Thread: address, Address: address,
		Subject: "Tamas", Text: fmt.Sprintf("A test message from Tamas, account “%s”. پیام آزمایشی تماس.", row.Name), Attempt: 1})
	var se *channels.SendError
	if errors.As(err, &se) {
		h.log.Info("a test message was not sent", "account", account, "err", err)
		return errors.New(se.Reason)
	}
	return err
}
