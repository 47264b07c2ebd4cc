package record

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
)

// Customers and organisations are indexed by the words of their names and addresses, and by their tags.

func (db *DB) indexCustomers(ctx context.Context, limit int) (int, error) {
	type person struct{ id, name, root string }
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, p *person) error { return rows.Scan(&p.id, &p.name, &p.root) },
		"SELECT id, name, root FROM customers WHERE stale = 1 ORDER BY id LIMIT $1", limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	words, names, known := make([][]string, len(list)), make([][]string, len(list)), make([][]Identity, len(list))
	for i, p := range list {
		ids, err := identities(ctx, db.pool, p.id)
		if err != nil {
			return 0, err
		}
		if known[i] = ids; len(ids) > 0 { // else all addresses have been linked to somebody else, or it was merged into another
			name, err := treeNames(ctx, db.pool, p.id)
			if err != nil {
				return 0, err
			}
			words[i], names[i] = customerWords(name, ids)
		}
	}
	err = db.write(ctx, func(q querier) error {
		var at searchCursor
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		all := changes{}
		for i, p := range list {
			// A name or addresses that have changed since they were read leave the row stale. Who changes addresses marks the row after this
			// has it, or has changed them before.
			if _, err := q.ExecContext(ctx, "UPDATE customers SET stale = 0 WHERE id = $1 AND name = $2", p.id, p.name); err != nil {
				return err
			}
			ids, err := identities(ctx, q, p.id)
			if err != nil {
				return err
			}
			if !slices.Equal(ids, known[i]) {
				if _, err := q.ExecContext(ctx, "UPDATE customers SET stale = 1 WHERE id = $1", p.id); err != nil {
					return err
				}
				continue
			}
			if p.root != "" { // what it is called is what its root may be called
				if _, err := q.ExecContext(ctx, "UPDATE customers SET stale = 1 WHERE id = $1", p.root); err != nil {
					return err
				}
			}
			if len(words[i]) > 0 {
				tags, err := tagMarks(ctx, q, p.id)
				if err != nil {
					return err
				}
				words[i] = append(words[i], tags...)
			}
			if err := db.writeNames(ctx, q, all, p.id, words[i], names[i]); err != nil {
				return err
			}
		}
		return db.post(ctx, q, all)
	})
	if duplicate(err) { // another indexer at the same customer
		return 0, nil
	}
	return len(list), err
}

func (db *DB) indexOrganisations(ctx context.Context, limit int) (int, error) {
	type firm struct{ id, name string }
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, f *firm) error { return rows.Scan(&f.id, &f.name) },
		"SELECT id, name FROM organisations WHERE stale = 1 ORDER BY id LIMIT $1", limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	err = db.write(ctx, func(q querier) error {
		var at searchCursor
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		all := changes{}
		for _, f := range list {
			if _, err := q.ExecContext(ctx, "UPDATE organisations SET stale = 0 WHERE id = $1 AND name = $2", f.id, f.name); err != nil {
				return err
			}
			words := terms(f.name)
			tags, err := tagMarks(ctx, q, f.id)
			if err != nil {
				return err
			}
			if err := db.writeNames(ctx, q, all, f.id, slices.Concat(words, tags, []string{markFirm}), words); err != nil {
				return err
			}
		}
		return db.post(ctx, q, all)
	})
	if duplicate(err) {
		return 0, nil
	}
	return len(list), err
}

// tagMarks are what tag: finds a customer by, with those who were merged into it, or an organisation.
func tagMarks(ctx context.Context, q querier, id string) ([]string, error) {
	list, err := collect(ctx, q, scanText, "SELECT tag FROM tags WHERE subject = $1 UNION SELECT g.tag FROM customers c JOIN tags g ON g.subject = c.id WHERE c.root = $1 AND c.root <> '' ORDER BY tag", id)
	for i, t := range list {
		list[i] = markOf("tag", t)
	}
	return list, err
}

// writeNames replaces what a customer or an organisation is found by.
func (db *DB) writeNames(ctx context.Context, q querier, all changes, id string, words, names []string) error {
	if _, err := q.ExecContext(ctx, "INSERT INTO customer_rows (customer) VALUES ($1) ON CONFLICT DO NOTHING", id); err != nil {
		return err
	}
	var n int64
	var had string
	if err := q.QueryRowContext(ctx, "SELECT n, words FROM customer_rows WHERE customer = $1", id).Scan(&n, &had); err != nil {
		return err
	}
	has := strings.Join(words, " ")
	if has != had {
		all.replace(ofNames, n, strings.Fields(had), words)
		if _, err := q.ExecContext(ctx, "UPDATE customer_rows SET words = $2 WHERE n = $1", n, has); err != nil {
			return err
		}
	}
	var args []any
	for _, w := range names {
		if spelled := spellings(w); len(spelled) > 0 {
			var there int
			if err := q.QueryRowContext(ctx, "SELECT count(*) FROM search_names WHERE key = $1 AND word = $1", w).Scan(&there); err != nil {
				return err
			}
			for _, key := range spelled {
				if there == 0 {
					args = append(args, key, w)
				}
			}
		}
	}
	_, err := db.all(ctx, q, insertSpellings.over(nil, args))
	return err
}

// unname takes a customer who is gone out of the index.
func (db *DB) unname(ctx context.Context, q querier, id string) error {
	var at searchCursor
	if err := at.lock(ctx, q, db.d); err != nil {
		return err
	}
	var n int64
	var had string
	err := q.QueryRowContext(ctx, "SELECT n, words FROM customer_rows WHERE customer = $1", id).Scan(&n, &had)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, "DELETE FROM customer_rows WHERE n = $1", n); err != nil {
		return err
	}
	all := changes{}
	all.replace(ofNames, n, strings.Fields(had), nil)
	return db.post(ctx, q, all)
}

var insertSpellings = many{`INSERT INTO search_names (key, word) VALUES `, `(?, ?)`, ` ON CONFLICT DO NOTHING`}

// nameMark begins the words of names once more, for those who may not find customers by their addresses.
const nameMark = mark + mark

// byName are the same words where they are of names.
func byName(words []clause) []clause {
	out := make([]clause, len(words))
	for i, c := range words {
		for _, way := range c.any {
			if slices.ContainsFunc(way, func(w string) bool { return strings.HasPrefix(w, mark) }) {
				continue // of an address
			}
			way = slices.Clone(way)
			for j := range way {
				way[j] = nameMark + way[j]
			}
			out[i].any = append(out[i].any, way)
		}
	}
	return out
}

// customerWords are a customer's names and addresses, telephone numbers also as they are dialled at home
// (+98912… as 0912… and 912…); and of them the words of names.
func customerWords(name string, ids []Identity) (words, names []string) {
	text, called := []string{name}, []string{name}
	var lines []string
	for _, i := range ids[:min(len(ids), 100)] {
		text, called = append(text, i.Name, i.Address), append(called, i.Name)
		if digits, ok := strings.CutPrefix(i.Address, "+"); ok {
			for country := 1; country <= 3 && country < len(digits); country++ {
				text = append(text, "0"+digits[country:], digits[country:])
			}
			lines = append(lines, lineOf(digits))
		}
	}
	words = terms(strings.Join(text, "\n"))
	for _, l := range lines {
		if l != "" && !slices.Contains(words, l) {
			words = append(words, l)
		}
	}
	for _, w := range terms(withoutAddresses(strings.Join(called, "\n"))) {
		if !strings.HasPrefix(w, mark) {
			words = append(words, nameMark+w)
		}
	}
	return words, terms(strings.Join(called, "\n"))
}
