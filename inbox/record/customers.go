package record

import (
	"context"
	"database/sql"
)

// Customer is a person.
type Customer struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Tier      string `json:"tier,omitempty"`
	CreatedAt Millis `json:"created_at"`
	Version   int64  `json:"version"`

	Tags        []string `json:"tags,omitempty"`
	Languages   []string `json:"languages,omitempty"` // BCP 47, the preferred one first
	TimeZone    string   `json:"time_zone,omitempty"` // IANA name
	Place       *Place   `json:"place,omitempty"`
	Owner       string   `json:"owner,omitempty"`      // user
	Stage       string   `json:"stage,omitempty"`      // of the life cycle
	Attributes  Values   `json:"attributes,omitempty"` // by id, each as its definition has it
	ConfirmedAt Millis   `json:"confirmed_at,omitempty"`

	MergedInto string `json:"merged_into,omitempty"` // the customer it was merged into
	ErasedAt   Millis `json:"erased_at,omitempty"`   // of who stands for somebody who was erased

	none []string // fields that it is said to have nothing in
}

// CustomerPage is a person with addresses and conversations, newest first.
type CustomerPage struct {
	Known
	Customer      Customer   `json:"customer"`              // what is empty in its row shows as with the oldest of Merged that has it
	MergedInto    string     `json:"merged_into,omitempty"` // the customer's id, when the one that was asked for has been merged into it
	Merged        []Customer `json:"merged"`                // those who were, as their own rows are
	Identities    []Identity `json:"identities"`
	Conversations []View     `json:"conversations"` // at most 50
	At            ID         `json:"at"`
}

// Known is when somebody was first and last in touch, by when it happened: before their row was made where older touches were told later.
type Known struct {
	FirstTouch Millis `json:"first_touch,omitempty"` // left out: never
	LastTouch  Millis `json:"last_touch,omitempty"`
}

const identityColumns = "id, home, customer, channel, address, name, consent, consent_at, unreachable, unreachable_at, blocked, evidence"

func scanIdentity(rows *sql.Rows, i *Identity) error {
	return rows.Scan(&i.ID, &i.Home, &i.Customer, &i.Channel, &i.Address, &i.Name,
		&i.Consent, &i.ConsentAt, &i.Unreachable, &i.UnreachableAt, &i.Blocked, &i.Evidence)
}

func identities(ctx context.Context, q querier, id string) ([]Identity, error) {
	return collect(ctx, q, scanIdentity,
		"SELECT "+identityColumns+" FROM identities WHERE customer = $1 ORDER BY created_at, id", id)
}

// Customer reads a person's page; of one who was merged into another the other's. ErrNotFound.
func (db *DB) Customer(ctx context.Context, id string) (CustomerPage, error) {
	var p CustomerPage
	at, err := db.read(ctx, func(q querier) error {
		_, err := p.read(ctx, q, id)
		return err
	})
	p.At = at
	return p, err
}

func (p *CustomerPage) read(ctx context.Context, q querier, id string) (tree, error) {
	t, err := profiles(ctx, q, id)
	if err != nil {
		return t, err
	}
	if t.root != id {
		p.MergedInto = t.root
	}
	p.Customer, p.Merged = t.shown(), t.merged()
	if p.Known, err = t.known(ctx, q); err != nil {
		return t, err
	}
	if p.Identities, err = t.identities(ctx, q); err != nil {
		return t, err
	}
	const by = " ORDER BY c.last_message_at DESC, c.number DESC"
	p.Conversations, err = collect(ctx, q, scanView, viewColumns+
		" FROM (SELECT c.* FROM conversations c WHERE c.identity IN (SELECT id FROM identities WHERE customer = $1)"+by+" LIMIT 50) AS c"+
		viewTables+by, t.root)
	return t, err
}

// Identity reads one; ErrNotFound.
func (db *DB) Identity(ctx context.Context, id string) (Identity, error) {
	return single(collect(ctx, db.pool, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE id = $1", id))
}
