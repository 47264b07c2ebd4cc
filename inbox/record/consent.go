package record

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
)

// States of consent.
const (
	ConsentGiven   = "given"
	ConsentRefused = "refused"
)

// Consent is what a customer has said to being written to on a channel for a purpose. It is about writing on our own account: a refusal keeps nobody from
// answering a customer's own question.
type Consent struct {
	ID       string `json:"id,omitempty"` // "": of an address
	Channel  string `json:"channel"`      // "": all
	Purpose  string `json:"purpose"`      // of the setting; "": all
	State    string `json:"state"`
	At       Millis `json:"at"`
	By       string `json:"by,omitempty"` // user who wrote it down; "": the customer did it, at the address
	Evidence string `json:"evidence,omitempty"`
	Identity string `json:"identity,omitempty"` // an address at which "stop" or "start" was said: nothing is sent there after a stop
}

const consentColumns = "id, channel, purpose, state, happened_at, by_user, evidence"

func scanConsent(rows *sql.Rows, c *Consent) error {
	return rows.Scan(&c.ID, &c.Channel, &c.Purpose, &c.State, &c.At, &c.By, &c.Evidence)
}

// consents are all that was said by a tree, newest first; of addresses what holds now.
func (t tree) consents(ctx context.Context, q querier) ([]Consent, error) {
	in := "(" + placeholders(1, len(t.list)) + ")"
	list, err := collect(ctx, q, scanConsent, "SELECT "+consentColumns+" FROM consents WHERE customer IN "+in+" ORDER BY happened_at DESC, id DESC LIMIT 1000", t.ids()...)
	if err != nil {
		return nil, err
	}
	marks, err := collect(ctx, q, func(rows *sql.Rows, c *Consent) error {
		var i Identity
		err := rows.Scan(&i.ID, &i.Channel, &i.Consent, &i.ConsentAt)
		*c, _ = i.consented()
		return err
	}, "SELECT id, channel, consent, consent_at FROM identities WHERE home IN "+in+" AND consent <> ''", t.ids()...)
	list = append(list, marks...)
	slices.SortStableFunc(list, func(a, b Consent) int { return cmp.Compare(b.At, a.At) })
	return list, err
}

// holding are the newest of each channel and purpose, and those of addresses.
func holding(list []Consent) []Consent {
	type key struct{ channel, purpose, identity string }
	seen, out := map[key]bool{}, []Consent{}
	for _, c := range list {
		if k := (key{c.Channel, c.Purpose, c.Identity}); !seen[k] {
			seen[k] = true
			out = append(out, c)
		}
	}
	return out
}

// Consented tells what a customer's consents, newest first, mean for writing on our own account to an address on a channel for a purpose: given, refused, or ""
// when nothing was said. A stop of the address refuses all; else the newest that is about channel and purpose, all channels and all purposes
// among them, counts.
func Consented(list []Consent, identity, channel, purpose string) string {
	for _, c := range list {
		if c.Identity != "" && c.Identity == identity && c.State == ConsentRefused {
			return ConsentRefused
		}
	}
	for _, c := range list {
		if c.Identity == "" && (c.Channel == "" || c.Channel == channel) && (c.Purpose == "" || c.Purpose == purpose) {
			return c.State
		}
	}
	return ""
}

// consented is what was said at an address, as a consent for its channel.
func (i *Identity) consented() (c Consent, ok bool) {
	c = Consent{Channel: i.Channel, State: ConsentGiven, At: i.ConsentAt, Identity: i.ID}
	if i.Consent == "stop" {
		c.State = ConsentRefused
	}
	return c, i.Consent != ""
}

// IsChannel tells what the name of a channel may be; "": all.
func IsChannel(name string) bool { return name == "" || channelName.MatchString(name) }

// Consents is the history of a customer's consents, newest first. ErrNotFound.
func (db *DB) Consents(ctx context.Context, customer string) (list []Consent, err error) {
	_, err = db.read(ctx, func(q querier) error {
		t, err := treeOf(ctx, q, customer)
		if err == nil {
			list, err = t.consents(ctx, q)
		}
		return err
	})
	return list, err
}

// SayConsent writes down what a customer has said, and gives what holds now. ErrNotFound.
func (db *DB) SayConsent(ctx context.Context, customer string, c Consent, by Decided, note func(root string) Note) (list []Consent, err error) {
	var root string
	err = db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(root)() }), func(q querier) error {
		if _, err := living(ctx, q, customer, db.d.lockRows); err != nil {
			return err
		}
		t, err := treeOf(ctx, q, customer)
		if err != nil {
			return err
		}
		root = t.root
		if _, err := q.ExecContext(ctx, "INSERT INTO consents (id, customer, channel, purpose, state, happened_at, by_user, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			NewID("n"), root, c.Channel, c.Purpose, c.State, int64(by.At), by.By, c.Evidence); err != nil {
			return err
		}
		list, err = t.consents(ctx, q)
		list = holding(list)
		return err
	})
	return list, err
}
