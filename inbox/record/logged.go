package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Data is what a touch says in fields. It stands in a row of its own beside the body's: amounts stay when a person is erased.
type Data struct {
	Amount    Amount         `json:"amount,omitzero"`     // in Currency
	Currency  string         `json:"currency,omitempty"`  // ISO 4217, or "IRT" for toman
	Cost      Amount         `json:"cost,omitzero"`       // what it cost the firm, in Currency
	Items     []Item         `json:"items,omitempty"`     // of a purchase or a return
	Order     string         `json:"order,omitempty"`     // the sender's reference, by which a delivery and a return find their purchase
	Seconds   int            `json:"seconds,omitempty"`   // how long it took
	Outcome   string         `json:"outcome,omitempty"`   // of a call: "answered", "missed", "voicemail", …
	Place     string         `json:"place,omitempty"`     // a shop
	Programme string         `json:"programme,omitempty"` // name of a marketing programme
	Step      string         `json:"step,omitempty"`      // see Kind.Steps
	Fields    map[string]any `json:"fields,omitempty"`    // of a kind of one's own, by its schema
}

// Item is one line of a purchase or a return.
type Item struct {
	Product  string `json:"product,omitempty"` // the sender's id of it
	Name     string `json:"name,omitempty"`
	Quantity Amount `json:"quantity,omitzero"` // 1 where it is not said
	Amount   Amount `json:"amount,omitzero"`   // of the line, not of one piece
}

// Entry is a touch that somebody logs: one call, one purchase. It comes from other systems, from the form in the app and from files.
type Entry struct {
	ID       string `json:"id"`               // the sender's own: the same again from a source changes nothing
	Source   string `json:"source,omitempty"` // who sends; "": "api"
	Kind     string `json:"kind"`
	At       Moment `json:"at,omitzero"` // when it happened; 0: now
	Customer Who    `json:"customer"`
	Channel  string `json:"channel,omitempty"` // "": the kind's, else the address's
	Inbound  *bool  `json:"inbound,omitempty"` // the customer came to us; nil: as is usual of the kind
	Agent    string `json:"agent,omitempty"`   // user who took part
	Subject  string `json:"subject,omitempty"`
	Text     string `json:"text,omitempty"`
	Data     Data   `json:"data,omitzero"`
}

// Who says whose touch an entry is: exactly one of a customer's id, an identity's id, a channel with an address, a phone number, an email address.
type Who struct {
	ID       string `json:"id,omitempty"`
	Identity string `json:"identity,omitempty"`
	Channel  string `json:"channel,omitempty"` // "phone", "email", "telegram", "external", …
	Address  string `json:"address,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Email    string `json:"email,omitempty"`
	Name     string `json:"name,omitempty"` // of a customer who has none yet
}

// Moment is Millis that JSON may also write as RFC 3339.
type Moment Millis

func (m *Moment) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		if err := json.Unmarshal(b, (*Millis)(m)); err != nil {
			return err
		}
		// Ten digits are the seconds of nearly every other system. As milliseconds they would be a day of spring 1970, and nobody would see the touch.
		if *m >= 1e9 && *m < 1e10 {
			return unfit[Moment](errors.New("these are seconds; a time is milliseconds since 1970 or like 2026-11-22T09:30:00+03:30"))
		}
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	if text == "" {
		*m = 0
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return unfit[Moment](errors.New("a time is milliseconds since 1970 or like 2026-11-22T09:30:00+03:30"))
	}
	*m = Moment(At(t))
	return nil
}

// Settle reads the identities that LogRules.Touch was told only the id of, and tells which of all are, or will be, there: of who stands for somebody who was
// erased nothing more is said.
func (db *DB) Settle(ctx context.Context, list []*Identity) ([]bool, error) {
	there := make([]bool, len(list))
	identities, customers := map[string][]int{}, map[string][]int{}
	for at, i := range list {
		switch i.Channel {
		case "":
			identities[i.ID] = append(identities[i.ID], at)
		case OwnChannel:
			customers[i.Address] = append(customers[i.Address], at)
		default:
			there[at] = true
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(identities)), keysAtOnce) {
		found, err := collect(ctx, db.pool, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE id IN ("+placeholders(1, len(ids))+") AND customer NOT IN (SELECT id FROM customers WHERE erased_at <> 0)", anys(ids)...)
		if err != nil {
			return nil, fmt.Errorf("read whose touches they are: %w", err)
		}
		for _, f := range found {
			for _, at := range identities[f.ID] {
				*list[at], there[at] = Identity{ID: f.ID, Customer: f.Home, Channel: f.Channel, Address: f.Address, Name: f.Name}, true
			}
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(customers)), keysAtOnce) {
		found, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) },
			"SELECT id FROM customers WHERE erased_at = 0 AND id IN ("+placeholders(1, len(ids))+")", anys(ids)...)
		if err != nil {
			return nil, fmt.Errorf("read whose touches they are: %w", err)
		}
		for _, id := range found {
			for _, at := range customers[id] {
				there[at] = true
			}
		}
	}
	return there, nil
}

// Logged tells which ids a source has logged, however long ago, and as which touches.
func (db *DB) Logged(ctx context.Context, source string, ids []string) (map[string]string, error) {
	known := map[string]string{}
	for some := range slices.Chunk(ids, keysAtOnce) {
		args := append([]any{SourceOf(source)}, anys(some)...)
		_, err := collect(ctx, db.pool, func(rows *sql.Rows, _ *struct{}) error {
			var key, touch string
			err := rows.Scan(&key, &touch)
			known[key] = touch
			return err
		}, "SELECT key, id FROM touches WHERE state = 'logged' AND account = $1 AND key IN ("+placeholders(2, len(some))+")", args...)
		if err != nil {
			return nil, fmt.Errorf("read what is logged: %w", err)
		}
	}
	return known, nil
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
