package record

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Customers and organisations are found by the beginnings of names and addresses; when that finds too few, by names that are written or
// sound nearly like it.

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
			if err := db.writeNames(ctx, q, p.id, words[i], names[i]); err != nil {
				return err
			}
		}
		return nil
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
		for _, f := range list {
			if _, err := q.ExecContext(ctx, "UPDATE organisations SET stale = 0 WHERE id = $1 AND name = $2", f.id, f.name); err != nil {
				return err
			}
			words := terms(f.name)
			if err := db.writeNames(ctx, q, f.id, append(slices.Clone(words), markFirm), words); err != nil {
				return err
			}
		}
		return nil
	})
	if duplicate(err) {
		return 0, nil
	}
	return len(list), err
}

// writeNames replaces what a customer or an organisation is found by.
func (db *DB) writeNames(ctx context.Context, q querier, id string, words, names []string) (err error) {
	if _, err := q.ExecContext(ctx, "INSERT INTO customer_rows (customer) VALUES ($1) ON CONFLICT DO NOTHING", id); err != nil {
		return err
	}
	var n int64
	if err := q.QueryRowContext(ctx, "SELECT n FROM customer_rows WHERE customer = $1", id).Scan(&n); err != nil {
		return err
	}
	run := runner(ctx, q, &err)
	run(db.d.deleteCustomerWords, n)
	if len(words) > 0 {
		run(db.d.insertCustomerWords, n, db.d.wordList(words))
	}
	if err != nil {
		return err
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
	_, err = db.all(ctx, q, insertSpellings.over(nil, args))
	return err
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

// nearlyFrom is how many letters a word needs to be found with so many of them wrong.
const oneWrongFrom, twoWrongFrom = 4, 8

func wrongLetters(w string) int {
	switch n := utf8.RuneCountInString(w); {
	case n >= twoWrongFrom:
		return 2
	case n >= oneWrongFrom:
		return 1
	}
	return 0
}

// spellings are the keys that a word of a name is looked up by when it is misspelled: itself, without each one and each two of its letters,
// and how it sounds. Two words that differ in one letter, or in the order of two, share one. None for what is no name.
func spellings(w string) []string {
	n := utf8.RuneCountInString(w)
	if n < oneWrongFrom-1 || n > 20 || strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		return nil
	}
	less := 1
	if n >= twoWrongFrom-1 {
		less = 2
	}
	keys := without(w, less)
	if sound, script := soundOf(w); script != "" && len(sound) >= 2 {
		keys = append(keys, "~"+sound)
	}
	return keys
}

// without is a word and all that is left of it without up to so many letters.
func without(w string, less int) []string {
	out := []string{w}
	last := out
	for range less {
		var next []string
		for _, s := range last {
			r := []rune(s)
			for i := range r {
				if i > 0 && r[i] == r[i-1] {
					continue
				}
				next = append(next, string(r[:i])+string(r[i+1:]))
			}
		}
		slices.Sort(next)
		last = slices.Compact(next)
		out = append(out, last...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nearly finds the words of names that one may be a misspelling of, or that sound alike in another script.
func nearly(ctx context.Context, q querier, w string) ([]string, error) {
	keys := spellings(w)
	if len(keys) == 0 {
		return nil, nil
	}
	args := make([]any, len(keys))
	for i, k := range keys {
		args[i] = k
	}
	list, err := collect(ctx, q, func(rows *sql.Rows, s *string) error { return rows.Scan(s) },
		"SELECT DISTINCT word FROM search_names WHERE key IN ("+placeholders(1, len(args))+") LIMIT 500", args...)
	wrong := wrongLetters(w)
	sound, script := soundOf(w)
	list = slices.DeleteFunc(list, func(other string) bool {
		if other == w {
			return true
		}
		if wrong > 0 && apart(w, other) <= wrong {
			return false
		}
		s, of := soundOf(other)
		return s != sound || of == "" || len(s) < 2 || len(s) == 2 && of == script
	})
	slices.SortFunc(list, func(a, b string) int { return apart(w, a) - apart(w, b) })
	return list[:min(len(list), 20)], err
}

// apart is by how many letters two words differ: added, left out, replaced, or two that are exchanged.
func apart(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// nameRows finds rows of customer_rows, newest first; behind them, when they are too few, those whose names are nearly as written. Customers are
// found only by what the searcher may see of them.
func (db *DB) nameRows(ctx context.Context, q querier, words []clause, firms bool, sight Sight, limit int) ([]any, error) {
	if len(words) == 0 || !firms && !sight.Sees(FieldName) {
		return nil, nil
	}
	asked := func(m match) string {
		if !firms && !sight.Sees(FieldAddress) {
			m.all = byName(m.all)
		}
		return db.d.wordQuery(m, "")
	}
	m := match{all: slices.Clone(words)}
	last := len(m.all) - 1
	m.all[last] = m.all[last].beginning()
	if firms {
		m.all = append(m.all, clause{any: [][]string{{markFirm}}})
	} else {
		m.not = []string{markFirm}
	}
	found, err := collect(ctx, q, scanNumber, db.d.findCustomers, asked(m), limit)
	if err != nil || len(found) >= limit {
		return found, err
	}
	rest := m.all[len(words):]
	m.all = nil
	more := false
	for i, c := range words {
		for _, w := range c.any[0] { // each word by itself
			others, err := nearly(ctx, q, w)
			if err != nil {
				return nil, err
			}
			wide := clause{any: [][]string{{w}}}
			if len(c.any[0]) == 1 {
				wide.any = slices.Clone(c.any)
			}
			if i == len(words)-1 && w == c.any[0][len(c.any[0])-1] {
				wide = wide.beginning()
			}
			for _, other := range others {
				wide.any, more = append(wide.any, []string{other}), true
			}
			m.all = append(m.all, wide)
		}
	}
	m.all = append(m.all, rest...)
	if !more {
		return found, nil
	}
	wide, err := collect(ctx, q, scanNumber, db.d.findCustomers, asked(m), limit)
	for _, n := range wide {
		if len(found) < limit && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return found, err
}
