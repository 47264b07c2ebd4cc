package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// A backup knows nothing of who is erased after it was made. So a list of erasures is kept outside the database, and whoever it names is erased again when
// an older record is put in place of a newer one. It has ids, times and keyed hashes, no personal data.

// Erased is a line of the list: an erasure, or an address that must not be written to.
type Erased struct {
	Record    string   `json:"record"` // whose: see Origin
	Erasure   string   `json:"erasure,omitempty"`
	At        Millis   `json:"at,omitempty"`
	Customers []string `json:"customers,omitempty"`
	Refused   string   `json:"refused,omitempty"` // keyed hash
}

// Is tells one line from another.
func (e *Erased) Is() string { return e.Record + " " + e.Erasure + e.Refused }

// Origin tells records apart that did not come from one another: the id of the first event, which backups and copies have, too. "": there is none yet.
func (db *DB) Origin(ctx context.Context) (string, error) {
	var n, token int64
	err := db.pool.QueryRowContext(ctx, "SELECT n, token FROM events ORDER BY n LIMIT 1").Scan(&n, &token)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return ID{uint64(n), uint64(token)}.String(), err
}

// Ledger is the list as the record knows it.
func (db *DB) Ledger(ctx context.Context) (list []Erased, err error) {
	_, err = db.read(ctx, func(q querier) error {
		origin, err := db.Origin(ctx)
		if err != nil || origin == "" {
			return err
		}
		if list, err = collect(ctx, q, func(rows *sql.Rows, e *Erased) error {
			var customer string
			e.Record = origin
			err := rows.Scan(&e.Erasure, &e.At, &customer, asJSON{&e.Customers})
			if len(e.Customers) == 0 {
				e.Customers = []string{customer}
			}
			return err
		}, "SELECT id, happened_at, customer, members FROM erasures ORDER BY happened_at, id"); err != nil {
			return err
		}
		refused, err := collect(ctx, q, func(rows *sql.Rows, e *Erased) error {
			e.Record = origin
			return rows.Scan(&e.Refused)
		}, "SELECT mark FROM refusals ORDER BY mark")
		list = append(list, refused...)
		return err
	})
	return list, err
}

// ErasedOf is the list of a record that is copied, from the rows of one of its tables.
func ErasedOf(origin string, t Table, rows Rows) (list []Erased, err error) {
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		e, customer := Erased{Record: origin}, ""
		for i, column := range t.Columns {
			text, _ := row[i].(string)
			switch t.Name + "." + column {
			case "erasures.id":
				e.Erasure = text
			case "erasures.happened_at":
				at, _ := row[i].(int64)
				e.At = Millis(at)
			case "erasures.customer":
				customer = text
			case "erasures.members":
				if text != "" {
					if err := json.Unmarshal([]byte(text), &e.Customers); err != nil {
						return nil, err
					}
				}
			case "refusals.mark":
				e.Refused = text
			}
		}
		if len(e.Customers) == 0 && customer != "" {
			e.Customers = []string{customer}
		}
		list = append(list, e)
	}
	return list, nil
}

// LedgerLength is how many lines Ledger has.
func (db *DB) LedgerLength(ctx context.Context) (n int, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM erasures) + (SELECT COUNT(*) FROM refusals)").Scan(&n)
	return n, err
}

// NoteErased takes over a line of the list: a refusal, or the certificate of an erasure whose customers are erased again, or were not there. It is
// never done twice: who has written since from the old address is somebody new.
func (db *DB) NoteErased(ctx context.Context, e Erased, now Millis) error {
	return db.write(ctx, func(q querier) (err error) {
		run := runner(ctx, q, &err)
		if e.Refused != "" {
			run("INSERT INTO refusals (mark) VALUES ($1) ON CONFLICT DO NOTHING", e.Refused)
			db.refusals.Store(true)
			return err
		}
		customer := ""
		if len(e.Customers) > 0 {
			customer = e.Customers[0]
		}
		run(`INSERT INTO erasures (id, customer, stands, happened_at, by_user, reason, counts, scrubbed_at, threads, members) VALUES ($1, $2, '', $3, '', 'Known from the list of erasures', $4, $5, '', $6) ON CONFLICT DO NOTHING`,
			e.Erasure, customer, int64(e.At), asJSON{EraseCounts{}}, int64(now), asJSON{e.Customers})
		return err
	})
}
