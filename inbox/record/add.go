package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
)

// Address checks a customer's address, and writes it as the channels do. Its errors are *channels.FieldError.
func (r *LogRules) Address(channel, address string) (Identity, error) {
	i, err := r.whose(&Who{Channel: channel, Address: address})
	if err != nil {
		return Identity{}, err
	}
	return *i, nil
}

// TakenError says whose an address is already.
type TakenError struct {
	At       int // of the identities
	Customer CustomerName
}

func (e *TakenError) Error() string { return "the address is a customer's already" }
func (e *TakenError) Unwrap() error { return ErrTaken }

// AddCustomer makes a customer whom somebody knows. *TakenError: one of the addresses is somebody's.
func (db *DB) AddCustomer(ctx context.Context, name string, identities []Identity, by Decided, note func(Customer, []Identity) Note) (c Customer, err error) {
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(c, identities)() }), func(q querier) (err error) {
		id := NewID("c")
		if len(identities) > 0 {
			// The one whom the address would have come to by itself, unless that one is known as somebody.
			var there int
			if err := q.QueryRowContext(ctx, "SELECT count(*) FROM customers WHERE id = $1", identities[0].Customer).Scan(&there); err != nil {
				return err
			}
			if there == 0 {
				id = identities[0].Customer
			}
		}
		run := runner(ctx, q, &err)
		run("INSERT INTO customers (id, name, created_at, confirmed_at) VALUES ($1, $2, $3, $3)", id, name, int64(by.At))
		if err != nil {
			return err
		}
		if err := addIdentities(ctx, q, id, id, identities, "", by); err != nil {
			return err
		}
		if err := db.refuseSome(ctx, q, identities); err != nil {
			return err
		}
		t, err := profiles(ctx, q, id)
		c = t.shown()
		return err
	})
	return c, err
}

// AddIdentity gives a customer a further address that nobody has. ErrNotFound; *TakenError.
func (db *DB) AddIdentity(ctx context.Context, customer string, i Identity, evidence string, by Decided, note func(root string) Note) (Identity, error) {
	var root string
	err := db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(root)() }), func(q querier) (err error) {
		if root, err = living(ctx, q, customer, ""); err != nil {
			return err
		}
		if err := addIdentities(ctx, q, root, root, []Identity{i}, evidence, by); err != nil {
			return err
		}
		if err := db.refuseSome(ctx, q, []Identity{i}); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, "UPDATE customers SET stale = 1, seek = seek + 1 WHERE id = $1", root)
		return err
	})
	i.Customer, i.Home, i.Evidence = root, root, evidence
	return i, err
}

// addIdentities writes new ones, with how they came to their home.
func addIdentities(ctx context.Context, q querier, home, root string, list []Identity, evidence string, by Decided) (err error) {
	run := runner(ctx, q, &err)
	change := NewID("l")
	for at, i := range list {
		has, err := collect(ctx, q, func(rows *sql.Rows, c *CustomerName) error { return rows.Scan(&c.ID, &c.Name) },
			"SELECT u.id, "+shownName+" FROM identities i JOIN customers u ON u.id = i.customer WHERE i.id = $1", i.ID)
		if err != nil {
			return err
		}
		if len(has) > 0 {
			return &TakenError{at, has[0]}
		}
		run("INSERT INTO identities (id, home, customer, channel, address, name, created_at, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			i.ID, home, root, i.Channel, i.Address, i.Name, int64(by.At), evidence)
		run(`INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified) VALUES ($1, 1, $2, '', $3, $4, $5, '`+LinkHand+`', $6, 0)`,
			i.ID, change, home, int64(by.At), by.By, evidence)
	}
	return err
}

// ConversationAttributes are a conversation's own fields.
func (db *DB) ConversationAttributes(ctx context.Context, id string) (Values, error) {
	rows, err := sayings(ctx, db.pool, []any{id})
	c := Customer{}
	for _, r := range rows {
		c.say(r.field, r.value)
	}
	if c.Attributes == nil {
		c.Attributes = Values{}
	}
	return c.Attributes, err
}

// SetConversationAttributes changes them; null takes one away. ErrNotFound.
func (db *DB) SetConversationAttributes(ctx context.Context, id string, values Values, by Decided, note Note) (Values, error) {
	err := db.writeNoted(ctx, notesOf(note != nil, note), func(q querier) (err error) {
		var there int
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM conversations WHERE id = $1", id).Scan(&there); err != nil {
			return err
		}
		if there == 0 {
			return ErrNotFound
		}
		rows, err := sayings(ctx, q, []any{id})
		if err != nil {
			return err
		}
		was := map[string]json.RawMessage{}
		for _, r := range rows {
			was[r.field] = r.value
		}
		run := runner(ctx, q, &err)
		for a, v := range values {
			f := FieldOf(a)
			if string(v) == "null" {
				v = nil
			}
			if string(was[f]) != string(v) {
				sayField(run, id, f, v)
				noteField(run, id, f, was[f], v, by)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return db.ConversationAttributes(ctx, id)
}

// AttributeIDs are the attributes of values, in order.
func AttributeIDs(values Values) []string {
	list := []string{}
	for id := range values {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}
