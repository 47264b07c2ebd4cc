package record

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Customers and organisations are indexed by the words of their names and addresses, and by their tags.

// nameRow is a customer or an organisation to be indexed.
type nameRow struct {
	id, name, root string
	known          []Identity
	words, names   []string // what it is found by, and of them the words of names
}

func scanNameRow(rows *sql.Rows, p *nameRow) error { return rows.Scan(&p.id, &p.name, &p.root) }

func idOf(p nameRow) any { return p.id }

func (db *DB) indexCustomers(ctx context.Context, limit int) (int, error) {
	list, err := collect(ctx, db.pool, scanNameRow, "SELECT id, name, root FROM customers WHERE stale = 1 ORDER BY id LIMIT $1", limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	if err := inParts(list, idOf, func(part []nameRow, ids []any) error {
		known, err := identitiesBy(ctx, db.pool, ids)
		if err != nil {
			return err
		}
		called, err := namesBy(ctx, db.pool, ids)
		if err != nil {
			return err
		}
		for i := range part {
			p := &part[i]
			if p.known = known[p.id]; len(p.known) > 0 { // else all addresses have been linked to somebody else, or it was merged into another
				p.words, p.names = customerWords(strings.Join(called[p.id], "\n"), p.known)
			}
		}
		return nil
	}); err != nil {
		return 0, err
	}
	err = db.write(ctx, func(q querier) error {
		var at searchCursor
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		all := changes{}
		if err := inParts(list, idOf, func(part []nameRow, ids []any) error {
			// A name or addresses that have changed since they were read leave the row stale. Who changes addresses marks the row after this
			// has it, or has changed them before.
			now, err := collect(ctx, q, scanNameRow, "SELECT id, name, root FROM customers WHERE id IN ("+placeholders(1, len(ids))+") ORDER BY id"+db.d.lockRows, ids...)
			if err != nil {
				return err
			}
			known, err := identitiesBy(ctx, q, ids)
			if err != nil {
				return err
			}
			tags, err := tagsBy(ctx, q, ids)
			if err != nil {
				return err
			}
			is := make(map[string]string, len(now))
			for _, p := range now {
				is[p.id] = p.name
			}
			var same []nameRow
			for _, p := range part {
				if name, ok := is[p.id]; ok && name == p.name && slices.Equal(known[p.id], p.known) {
					if len(p.words) > 0 {
						p.words = append(p.words, tags[p.id]...)
					}
					same = append(same, p)
				}
			}
			if len(same) == 0 {
				return nil
			}
			if err := markStale(ctx, q, "customers", 0, same, idOf); err != nil {
				return err
			}
			// What one is called is what its root may be called.
			merged := slices.DeleteFunc(slices.Clone(same), func(p nameRow) bool { return p.root == "" })
			if err := markStale(ctx, q, "customers", 1, merged, func(p nameRow) any { return p.root }); err != nil {
				return err
			}
			return db.writeNames(ctx, q, all, same)
		}); err != nil {
			return err
		}
		return db.post(ctx, q, all)
	})
	if duplicate(err) { // another indexer at the same customer
		return 0, nil
	}
	return len(list), err
}

func (db *DB) indexOrganisations(ctx context.Context, limit int) (int, error) {
	list, err := collect(ctx, db.pool, scanText, "SELECT id FROM organisations WHERE stale = 1 ORDER BY id LIMIT $1", limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	err = db.write(ctx, func(q querier) error {
		var at searchCursor
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		all := changes{}
		if err := inParts(list, func(id string) any { return id }, func(_ []string, ids []any) error {
			// Those that are still there, and stay as they are until the end: who changes one's tags marks the row after this has it, or has
			// changed them before.
			part, err := collect(ctx, q, scanNameRow, "SELECT id, name, '' FROM organisations WHERE id IN ("+placeholders(1, len(ids))+") ORDER BY id"+db.d.lockRows, ids...)
			if err != nil || len(part) == 0 {
				return err
			}
			if err := markStale(ctx, q, "organisations", 0, part, idOf); err != nil {
				return err
			}
			tags, err := tagsBy(ctx, q, ids)
			if err != nil {
				return err
			}
			for i := range part {
				p := &part[i]
				p.names = terms(p.name)
				p.words = slices.Concat(p.names, unspaced(p.name), tags[p.id], []string{markFirm})
			}
			return db.writeNames(ctx, q, all, part)
		}); err != nil {
			return err
		}
		return db.post(ctx, q, all)
	})
	if duplicate(err) {
		return 0, nil
	}
	return len(list), err
}

// inParts calls f with some of a list at a time, and with their keys as arguments of statements.
func inParts[T any](list []T, key func(T) any, f func(part []T, keys []any) error) error {
	for part := range slices.Chunk(list, keysAtOnce) {
		keys := make([]any, len(part))
		for i := range part {
			keys[i] = key(part[i])
		}
		if err := f(part, keys); err != nil {
			return err
		}
	}
	return nil
}

// markStale sets whether rows are to be indexed.
func markStale(ctx context.Context, q querier, table string, stale int, list []nameRow, key func(nameRow) any) error {
	return inParts(list, key, func(_ []nameRow, ids []any) error {
		_, err := q.ExecContext(ctx, "UPDATE "+table+" SET stale = $1 WHERE id IN ("+placeholders(2, len(ids))+")", append([]any{stale}, ids...)...)
		return err
	})
}

// identitiesBy are customers' identities, as identities has those of one.
func identitiesBy(ctx context.Context, q querier, customers []any) (map[string][]Identity, error) {
	list, err := collect(ctx, q, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE customer IN ("+placeholders(1, len(customers))+") ORDER BY created_at, id", customers...)
	out := make(map[string][]Identity, len(customers))
	for _, i := range list {
		out[i.Customer] = append(out[i.Customer], i)
	}
	return out, err
}

type ofSubject struct{ subject, text string }

// grouped are texts by their subjects.
func grouped(ctx context.Context, q querier, text string, args ...any) (map[string][]string, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows, v *ofSubject) error { return rows.Scan(&v.subject, &v.text) }, text, args...)
	out := make(map[string][]string, len(list))
	for _, v := range list {
		out[v.subject] = append(out[v.subject], v.text)
	}
	return out, err
}

// namesBy are the names of customers and of those who were merged into them.
func namesBy(ctx context.Context, q querier, customers []any) (map[string][]string, error) {
	in := " IN (" + placeholders(1, len(customers)) + ")"
	return grouped(ctx, q, "SELECT tree, name FROM (SELECT id AS tree, name, created_at, id FROM customers WHERE id"+in+
		" UNION ALL SELECT root, name, created_at, id FROM customers WHERE root <> '' AND root"+in+") n ORDER BY created_at, id", customers...)
}

// tagsBy are what tag: finds customers by, with those who were merged into them, or organisations.
func tagsBy(ctx context.Context, q querier, subjects []any) (map[string][]string, error) {
	in := " IN (" + placeholders(1, len(subjects)) + ")"
	out, err := grouped(ctx, q, "SELECT subject, tag FROM tags WHERE subject"+in+
		" UNION SELECT c.root, g.tag FROM customers c JOIN tags g ON g.subject = c.id WHERE c.root <> '' AND c.root"+in+" ORDER BY 2", subjects...)
	for _, list := range out {
		for i, t := range list {
			list[i] = markOf("tag", t)
		}
	}
	return out, err
}

var (
	insertNameRows = many{`INSERT INTO customer_rows (customer) VALUES `, `(?)`, ` ON CONFLICT DO NOTHING`}
	upsertNameRows = many{`INSERT INTO customer_rows (customer, words) VALUES `, `(?, ?)`, ` ON CONFLICT (customer) DO UPDATE SET words = excluded.words`}
)

// writeNames replaces what some, at most keysAtOnce, are found by.
func (db *DB) writeNames(ctx context.Context, q querier, all changes, list []nameRow) error {
	ids := make([]any, len(list))
	for i, p := range list {
		ids[i] = p.id
	}
	if _, err := db.all(ctx, q, insertNameRows.over(nil, ids)); err != nil {
		return err
	}
	type row struct {
		n               int64
		customer, words string
	}
	rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, &r.customer, &r.words) },
		"SELECT n, customer, words FROM customer_rows WHERE customer IN ("+placeholders(1, len(ids))+")", ids...)
	if err != nil {
		return err
	}
	had := make(map[string]row, len(rows))
	for _, r := range rows {
		had[r.customer] = r
	}
	var changed []any
	called := map[string]bool{}
	for _, p := range list {
		has, was := strings.Join(p.words, " "), had[p.id]
		if has != was.words {
			all.replace(ofNames, was.n, strings.Fields(was.words), p.words)
			changed = append(changed, p.id, has)
		}
		for _, w := range p.names {
			called[w] = true
		}
	}
	if _, err := db.all(ctx, q, upsertNameRows.over(nil, changed)); err != nil {
		return err
	}
	return db.writeSpellings(ctx, q, called)
}

var insertSpellings = many{`INSERT INTO search_names (key, word) VALUES `, `(?, ?)`, ` ON CONFLICT DO NOTHING`}

// writeSpellings keeps how names are misspelled.
func (db *DB) writeSpellings(ctx context.Context, q querier, names map[string]bool) error {
	list := slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(w string) bool { return len(spellings(w)) == 0 })
	var args []any
	if err := inParts(list, func(w string) any { return w }, func(part []string, keys []any) error {
		there, err := collect(ctx, q, scanText, "SELECT word FROM search_names WHERE word = key AND key IN ("+placeholders(1, len(keys))+")", keys...)
		for _, w := range part {
			if !slices.Contains(there, w) {
				for _, key := range spellings(w) {
					args = append(args, key, w)
				}
			}
		}
		return err
	}); err != nil {
		return err
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

// A telephone number is also found by its end, of so many digits.
const endFrom, endTo = 4, 7

// customerWords are a customer's names, also without the space between two words, and addresses, telephone numbers also as they are dialled
// at home (+98912… as 0912… and 912…) and by their ends; and of them the words of names.
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
		line, _ := strings.CutPrefix(phoneWord(i.Channel, i.Address), "phone:")
		for n := endFrom; n <= endTo && n < len(line); n++ {
			text = append(text, line[len(line)-n:])
		}
	}
	bare := withoutAddresses(strings.Join(called, "\n"))
	together := unspaced(bare)
	words = different(func(yield func(string)) {
		for _, list := range [][]string{terms(strings.Join(text, "\n")), together} {
			for _, w := range list {
				yield(w)
			}
		}
	})
	for _, l := range lines {
		if l != "" && !slices.Contains(words, l) {
			words = append(words, l)
		}
	}
	for _, w := range append(terms(bare), together...) {
		if !strings.HasPrefix(w, mark) {
			words = append(words, nameMark+w)
		}
	}
	return words, terms(strings.Join(called, "\n"))
}

// unspaced are the words of names, a line each, as they are typed without the space between two neighbours.
func unspaced(names string) (out []string) {
	for name := range strings.Lines(names) {
		list := tokens(name)
		for i := 1; i < min(len(list), 8); i++ {
			if w := list[i-1].text + list[i].text; !strings.ContainsAny(w, "0123456789") && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}
