package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// VerifyOptions are what Verify needs: no live state, and a record that may be read-only.
type VerifyOptions struct {
	DB        *record.DB
	Kinds     []channels.Kind
	Key       []byte // the installation's
	PublicURL string
	Log       *slog.Logger
	Account   record.Account
	Since     time.Time
}

// Verification is what an account's provider has since a moment, compared with the record.
type Verification struct {
	Account  string       `json:"account"`
	Name     string       `json:"name"`
	Kind     string       `json:"kind"`
	Since    time.Time    `json:"since"`
	Received int          `json:"received"` // messages from customers that the provider has
	Sent     int          `json:"sent"`     // messages of ours that the provider has
	Missing  []VerifyItem `json:"missing"`  // the provider has them, the record has not
	Double   []VerifyItem `json:"double"`   // the record has them more than once
	Unsent   []VerifyItem `json:"unsent"`   // the record says that they were sent, the provider does not have them
	Gaps     []string     `json:"gaps"`     // something is missing that nobody can name
	Notes    []string     `json:"notes"`    // what the provider cannot tell, and the like
	More     int          `json:"more"`     // missing messages beyond those that are listed
}

// VerifyItem is one message.
type VerifyItem struct {
	Key        string    `json:"key,omitempty"`
	ProviderID string    `json:"provider_id,omitempty"`
	At         time.Time `json:"at,omitzero"`
	What       string    `json:"what,omitempty"`         // sender and subject, as the provider tells
	Touch      string    `json:"touch,omitempty"`        // of the record
	In         string    `json:"conversation,omitempty"` // its conversation
}

// Whole tells that the record has all that the provider has, once.
func (v *Verification) Whole() bool {
	return len(v.Missing) == 0 && len(v.Double) == 0 && len(v.Gaps) == 0
}

// ErrNoVerifier says that nobody can be asked: the channel's provider keeps no list.
var ErrNoVerifier = errors.New("this channel's provider cannot be asked what it has")

const (
	verifyList  = 1000            // missing messages that are listed
	verifyFresh = 2 * time.Minute // what came or went since then may still be under way
)

// Verify asks an account's provider what it has since a moment and compares it with the record. It changes neither. ErrNoVerifier;
// any other error: it could not be checked.
func Verify(ctx context.Context, o VerifyOptions) (*Verification, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &Hub{db: o.DB, kinds: map[string]channels.Kind{}, key: o.Key, publicURL: o.PublicURL, log: o.Log}
	for _, k := range o.Kinds {
		h.kinds[k.Name] = k
	}
	h.settings.Store(&Settings{})
	acct := o.Account
	adapter, err := h.openAt(acct, nil, &auditDesk{desk: &desk{h: h, acct: func() record.Account { return acct }}})
	if err != nil {
		return nil, fmt.Errorf("open the account: %w", err)
	}
	if c, ok := adapter.(io.Closer); ok {
		defer c.Close()
	}
	verifier, ok := adapter.(channels.Verifier)
	if !ok {
		return nil, ErrNoVerifier
	}
	a := &audit{Verification: Verification{Account: acct.ID, Name: acct.Name, Kind: acct.Kind, Since: o.Since, Missing: []VerifyItem{}, Double: []VerifyItem{},
		Unsent: []VerifyItem{}, Gaps: []string{}, Notes: []string{}}, db: o.DB, now: time.Now(), sent: map[string]bool{}}
	first := acct.CreatedAt
	if acct.ImportSince > 0 {
		first = acct.ImportSince
	}
	if a.Since.Before(first.Time()) {
		a.Since = first.Time()
		a.note("The account takes in messages since %s; older ones are left out.", a.Since.Format(time.DateTime+" MST"))
	}
	if err := verifier.Verify(ctx, &channels.Audit{Since: a.Since, Found: func(f channels.Found) error { return a.found(ctx, f) },
		Known: func(f func(key string) bool) error { return o.DB.ReceivedKeys(ctx, acct.ID, record.At(a.Since), f) },
		Note:  a.note, Gap: func(format string, args ...any) {
			a.Gaps = append(a.Gaps, cleanLine(fmt.Sprintf(format, args...), 512))
		},
	}); err != nil {
		return nil, err
	}
	return &a.Verification, a.finish(ctx)
}

// audit is a verification under way.
type audit struct {
	Verification
	db      *record.DB
	now     time.Time
	sent    map[string]bool // provider ids of ours that the provider has
	foreign int             // messages of ours that the record does not know
	late    []VerifyItem    // not in the record when they were found
}

func (a *audit) note(format string, args ...any) {
	a.Notes = append(a.Notes, cleanLine(fmt.Sprintf(format, args...), 512))
}

func (a *audit) found(ctx context.Context, f channels.Found) error {
	item := VerifyItem{Key: boundKey(f.Key, channels.MaxKey), ProviderID: boundKey(f.ProviderID, channels.MaxKey), At: f.At, What: cleanLine(f.What, 200)}
	if f.Outbound {
		a.Sent++
		a.sent[item.ProviderID] = true
		known, err := a.known(ctx, VerifyItem{ProviderID: item.ProviderID})
		if err == nil && !known {
			a.foreign++
		}
		return err
	}
	a.Received++
	known, err := a.known(ctx, item)
	if err == nil && !known {
		a.late = append(a.late, item)
	}
	return err
}

// known tells whether the record has a message, under its key or under its provider's id.
func (a *audit) known(ctx context.Context, item VerifyItem) (bool, error) {
	if item.Key != "" {
		if _, err := a.db.TouchByKey(ctx, a.Account, item.Key); !errors.Is(err, record.ErrNotFound) {
			return err == nil, err
		}
	}
	_, err := a.db.TouchByProviderID(ctx, a.Account, item.ProviderID)
	if errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// finish looks again at what was not in the record when it was found: a hub that runs may have taken it in since. Then it
// compares the other way round.
func (a *audit) finish(ctx context.Context) error {
	fresh := 0
	for _, item := range a.late {
		known, err := a.known(ctx, item)
		switch {
		case err != nil:
			return err
		case known:
		case a.now.Sub(item.At) < verifyFresh:
			fresh++
		case len(a.Missing) < verifyList:
			a.Missing = append(a.Missing, item)
		default:
			a.More++
		}
	}
	if fresh > 0 {
		a.note("%d messages came within the last two minutes and are not in the record yet.", fresh)
	}
	twice, err := a.db.ReceivedTwice(ctx, a.Account, record.At(a.Since))
	if err != nil {
		return err
	}
	for _, id := range twice {
		t, err := a.db.TouchByProviderID(ctx, a.Account, id)
		if err != nil {
			return err
		}
		a.Double = append(a.Double, VerifyItem{ProviderID: id, At: t.At.Time(), Touch: t.ID, In: t.Conversation})
	}
	if a.foreign > 0 {
		a.note("%d of the messages that the provider has from us were not sent by Tamas.", a.foreign)
	}
	if a.Sent == 0 {
		return nil // the provider keeps none of ours, or there are none
	}
	sent, err := a.db.SentSince(ctx, a.Account, record.At(a.Since), record.At(a.now.Add(-verifyFresh)))
	if err != nil {
		return err
	}
	for i := range sent {
		t := &sent[i]
		there := a.sent[t.ProviderID]
		for _, id := range t.Parts {
			there = there || a.sent[id]
		}
		if !there {
			a.Unsent = append(a.Unsent, VerifyItem{ProviderID: t.ProviderID, At: t.At.Time(), Touch: t.ID, In: t.Conversation})
		}
	}
	return nil
}

// auditDesk reads the record and takes nothing in.
type auditDesk struct{ *desk }

var (
	_         channels.Desk = (*auditDesk)(nil)
	errAudits               = errors.New("this is a check: nothing is taken in")
)

func (*auditDesk) Receive(context.Context, channels.Batch) error { return errAudits }
func (*auditDesk) Status(context.Context, string, string, string) error {
	return errAudits
}
func (*auditDesk) Health(channels.Health)                          {}
func (*auditDesk) Watch(string, func(channels.Item)) (stop func()) { return func() {} }
func (*auditDesk) Typing(string, bool)                             {}
func (*auditDesk) Standing(context.Context, string) (channels.Standing, error) {
	return channels.Standing{}, nil
}
func (*auditDesk) Transcript(context.Context, string) error { return errAudits }
func (*auditDesk) Later(context.Context, string, string) (string, error) {
	return "", errAudits
}
func (*auditDesk) Store(_ context.Context, f channels.File, _ io.Reader) (channels.File, error) {
	return f, errAudits
}
func (*auditDesk) Open(context.Context, string) (io.ReadCloser, error) { return nil, os.ErrNotExist }
func (*auditDesk) FileURL(channels.File) string                        { return "" }
