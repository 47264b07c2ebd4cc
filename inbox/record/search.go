package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// IndexOnce brings at most limit touches and limit customers into full text, behind the log, and tells how many it
// did: call it again until 0. In SQLite it holds the writer for about 0.1 ms a text, so small limits (30) keep
// acknowledgements quick. Two callers at once do no harm: one does nothing.
func (db *DB) IndexOnce(ctx context.Context, limit int) (int, error) {
	touches, err := db.indexTouches(ctx, limit)
	if err != nil {
		return touches, fmt.Errorf("index touches: %w", err)
	}
	customers, err := db.indexCustomers(ctx, limit)
	if err != nil {
		return touches + customers, fmt.Errorf("index customers: %w", err)
	}
	return touches + customers, nil
}

func (db *DB) indexTouches(ctx context.Context, limit int) (int, error) {
	type text struct {
		n     int64
		words []string
	}
	var from int64
	if err := db.pool.QueryRowContext(ctx, "SELECT n FROM search_cursor").Scan(&from); err != nil {
		return 0, err
	}
	// Read and folded before the writer is taken.
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, v *text) error {
		var subject, body, kind string
		err := rows.Scan(&v.n, &subject, &body, &kind)
		if kind != KindVisit && kind != KindWhisper { // pages, which nobody wrote; words that are for one reader
			v.words = Words(subject + "\n" + body)
		}
		return err
	}, `SELECT b.n, b.subject, b.text, COALESCE(t.kind, '') FROM bodies b LEFT JOIN touches t ON t.n = b.n WHERE b.n > $1 ORDER BY b.n LIMIT $2`,
		from, limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	var args []any
	for _, v := range list {
		if len(v.words) > 0 {
			args = append(args, v.n, db.d.wordList(v.words))
		}
	}
	err = db.write(ctx, func(q querier) error {
		res, err := q.ExecContext(ctx, "UPDATE search_cursor SET n = $1 WHERE n = $2", list[len(list)-1].n, from)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return firstErr(err, ErrMoved)
		}
		for _, s := range db.d.insertTouchWords.over(nil, args) {
			if _, err := q.ExecContext(ctx, s.key.many.text(s.key.rows, db.d.numbered), s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return len(list), err
}

func (db *DB) indexCustomers(ctx context.Context, limit int) (int, error) {
	type person struct{ id, name, root string }
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, p *person) error { return rows.Scan(&p.id, &p.name, &p.root) },
		"SELECT id, name, root FROM customers WHERE stale = 1 ORDER BY id LIMIT $1", limit)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	words, known := make([][]string, len(list)), make([][]Identity, len(list))
	for i, p := range list {
		ids, err := identities(ctx, db.pool, p.id)
		if err != nil {
			return 0, err
		}
		if known[i] = ids; len(ids) > 0 { // else all addresses have been linked to somebody else, or it was merged into another
			names, err := treeNames(ctx, db.pool, p.id)
			if err != nil {
				return 0, err
			}
			words[i] = customerWords(names, ids)
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
			if _, err := q.ExecContext(ctx, "INSERT INTO customer_rows (customer) VALUES ($1) ON CONFLICT DO NOTHING", p.id); err != nil {
				return err
			}
			var n int64
			if err := q.QueryRowContext(ctx, "SELECT n FROM customer_rows WHERE customer = $1", p.id).Scan(&n); err != nil {
				return err
			}
			if _, err := q.ExecContext(ctx, db.d.deleteCustomerWords, n); err != nil {
				return err
			}
			if len(words[i]) == 0 {
				continue
			}
			if _, err := q.ExecContext(ctx, db.d.insertCustomerWords, n, db.d.wordList(words[i])); err != nil {
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

// customerWords are a customer's names and addresses, telephone numbers also as they are dialled at home
// (+98912… as 0912… and 912…).
func customerWords(name string, ids []Identity) []string {
	text := []string{name}
	for _, i := range ids[:min(len(ids), 100)] {
		text = append(text, i.Name, i.Address)
		if digits, ok := strings.CutPrefix(i.Address, "+"); ok {
			for country := 1; country <= 3 && country < len(digits); country++ {
				text = append(text, "0"+digits[country:], digits[country:])
			}
		}
	}
	return Words(strings.Join(text, "\n"))
}

// Hits are what a search found.
type Hits struct {
	Customers []CustomerHit `json:"customers"`
	Messages  []MessageHit  `json:"messages"`
}

// CustomerHit is a customer with one of the addresses.
type CustomerHit struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"`
	Channel string `json:"channel"`
}

// MessageHit is a touch whose text was found.
type MessageHit struct {
	Touch        string       `json:"touch"`
	Conversation string       `json:"conversation"`
	Number       int64        `json:"number"`
	Customer     CustomerName `json:"customer"`
	Snippet      string       `json:"snippet"`
	At           Millis       `json:"at"`
}

// maxQueryWords bounds a query; further words are ignored.
const maxQueryWords = 8

func queryWords(text string) []string {
	if len(text) > 512 {
		text = text[:512]
	}
	words := Words(text)
	return words[:min(len(words), maxQueryWords)]
}

// Search finds customers by the beginning of names and addresses, and messages that hold all the words (or, when none
// does, whose last word begins like the query's), newest first, at most limit of each.
func (db *DB) Search(ctx context.Context, text string, limit int) (Hits, error) {
	h := Hits{Customers: []CustomerHit{}, Messages: []MessageHit{}}
	words := queryWords(text)
	if len(words) == 0 || limit <= 0 {
		return h, nil
	}
	_, err := db.read(ctx, func(q querier) error {
		rows, err := db.customerRows(ctx, q, words, limit)
		if err != nil {
			return err
		}
		if len(rows) > 0 {
			if h.Customers, err = collect(ctx, q, func(rows *sql.Rows, c *CustomerHit) error {
				return rows.Scan(&c.ID, &c.Name, &c.Address, &c.Channel)
			}, `SELECT u.id, `+shownName+`, COALESCE(i.address, ''), COALESCE(i.channel, '') FROM customer_rows r JOIN customers u ON u.id = r.customer
				LEFT JOIN identities i ON i.id = (SELECT id FROM identities WHERE customer = u.id ORDER BY created_at, id LIMIT 1)
				WHERE r.n IN (`+placeholders(1, len(rows))+") ORDER BY r.n DESC", rows...); err != nil {
				return err
			}
		}
		if rows, err = db.touchRows(ctx, q, words, limit); err != nil || len(rows) == 0 {
			return err
		}
		h.Messages, err = collect(ctx, q, func(rows *sql.Rows, m *MessageHit) error {
			var subject, body string
			err := rows.Scan(&m.Touch, &m.Conversation, &m.At, &m.Number, &m.Customer.ID, &m.Customer.Name, &subject, &body)
			m.Snippet = snippet(subject, body, words)
			return err
		}, `SELECT t.id, t.conversation, t.happened_at, COALESCE(c.number, 0), COALESCE(u.id, ''), `+shownName+`, b.subject, b.text
			FROM touches t JOIN bodies b ON b.n = t.n LEFT JOIN conversations c ON c.id = t.conversation
			LEFT JOIN identities i ON i.id = t.identity LEFT JOIN customers u ON u.id = i.customer
			WHERE t.n IN (`+placeholders(1, len(rows))+") ORDER BY t.n DESC", rows...)
		return err
	})
	if err != nil {
		err = fmt.Errorf("search: %w", err)
	}
	return h, err
}

// customerRows finds rows of customer_rows, newest first, as arguments for the next statement.
func (db *DB) customerRows(ctx context.Context, q querier, words []string, limit int) ([]any, error) {
	return collect(ctx, q, scanNumber, db.d.findCustomers, db.d.wordQuery(words, true), limit)
}

func scanNumber(rows *sql.Rows, v *any) error {
	var n int64
	err := rows.Scan(&n)
	*v = n
	return err
}

// touchRows finds touches by number, newest first.
func (db *DB) touchRows(ctx context.Context, q querier, words []string, limit int) ([]any, error) {
	var top int64
	if err := q.QueryRowContext(ctx, "SELECT n FROM search_cursor").Scan(&top); err != nil {
		return nil, err
	}
	for _, prefix := range []bool{false, true} {
		if prefix && utf8.RuneCountInString(words[len(words)-1]) < 2 {
			break
		}
		var found []any
		query, below := db.d.wordQuery(words, prefix), top+1
		for window := db.d.window; below > 0 && len(found) < limit; window *= 8 {
			from := int64(0)
			if window > 0 {
				from = max(0, below-window)
			}
			more, err := collect(ctx, q, scanNumber, db.d.findTouches, query, below, from, limit-len(found))
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
			below = from
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, nil
}

// matching finds what a list is narrowed to by a text: conversations by their messages (the 200 newest), identities
// by their customers (the 200 newest), a number.
func (db *DB) matching(ctx context.Context, q querier, text string) (conversations, identities []string, number int64, err error) {
	words := queryWords(text)
	if len(words) == 0 {
		return nil, nil, 0, nil
	}
	if len(words) == 1 {
		number, _ = strconv.ParseInt(words[0], 10, 64)
	}
	scan := func(rows *sql.Rows, s *string) error { return rows.Scan(s) }
	rows, err := db.touchRows(ctx, q, words, 200)
	if err == nil && len(rows) > 0 {
		conversations, err = collect(ctx, q, scan, "SELECT DISTINCT conversation FROM touches WHERE n IN ("+placeholders(1, len(rows))+")", rows...)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	rows, err = db.customerRows(ctx, q, words, 200)
	if err == nil && len(rows) > 0 {
		identities, err = collect(ctx, q, scan, `SELECT i.id FROM identities i JOIN customer_rows r ON r.customer = i.customer
			WHERE r.n IN (`+placeholders(1, len(rows))+") LIMIT 1000", rows...)
	}
	return conversations, identities, number, err
}

// snippet cuts what surrounds the first word that was found, about 160 characters.
func snippet(subject, body string, words []string) string {
	const before, length = 40, 160
	fields := strings.Fields(subject + " " + body)
	at := slices.IndexFunc(fields, func(f string) bool {
		for _, w := range Words(f) {
			for _, q := range words {
				if strings.HasPrefix(w, q) {
					return true
				}
			}
		}
		return false
	})
	from, n := max(at, 0), 0
	for from > 0 && n+utf8.RuneCountInString(fields[from-1]) < before {
		from--
		n += utf8.RuneCountInString(fields[from]) + 1
	}
	text := []rune(strings.Join(fields[from:], " "))
	s := string(text[:min(len(text), length)])
	if from > 0 {
		s = "… " + s
	}
	if len(text) > length {
		s += " …"
	}
	return s
}
