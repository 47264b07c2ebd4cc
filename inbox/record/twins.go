package record

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// commonWord is how many customers may share a word before it says nothing: a family's name, a switchboard's number.
const commonWord = 8

// FindTwins looks for who may be one person with at most limit customers who have changed, behind the log, keeps what it finds as suggestions,
// and tells how many customers it did: call it again until 0. It is the leader's: of two at once each may miss what the other is writing.
func (db *DB) FindTwins(ctx context.Context, now Millis, limit int) (int, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *sought) error { return rows.Scan(&s.id, &s.root, &s.seek) },
		"SELECT id, root, seek FROM customers WHERE seek > 0 ORDER BY id LIMIT $1", limit)
	if err != nil {
		return 0, fmt.Errorf("read who has changed: %w", err)
	}
	for i := range list {
		if err := list[i].read(ctx, db.pool); err != nil {
			return 0, fmt.Errorf("read a customer to compare: %w", err)
		}
	}
	// In PostgreSQL one by one, so that nobody waits for the locks of two.
	size := 1
	if db.d.oneConn {
		size = max(limit, 1)
	}
	for part := range slices.Chunk(list, size) {
		if err := db.write(ctx, func(q querier) error {
			for i := range part {
				if err := part[i].write(ctx, q, now, db.d.lockRows); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return 0, fmt.Errorf("write who is alike: %w", err)
		}
	}
	return len(list), nil
}

// sought is a customer whose likes are looked for.
type sought struct {
	id, root string
	seek     int64
	tree     tree
	ids      []Identity
	words    []string
}

func (s *sought) read(ctx context.Context, q querier) (err error) {
	if s.root != "" {
		return nil
	}
	if s.tree, err = treeOf(ctx, q, s.id); err != nil {
		return err
	}
	if s.ids, err = identities(ctx, q, s.id); err != nil || len(s.ids) == 0 {
		return err
	}
	var names []string
	for _, c := range s.tree.list {
		names = append(names, c.Name)
	}
	s.words = likenessWords(names, s.ids)
	return nil
}

// there tells whether a customer has not been erased, and keeps that from being done now.
func there(ctx context.Context, q querier, customer, lock string) (bool, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows, n *int64) error { return rows.Scan(n) }, "SELECT seek FROM customers WHERE id = $1"+lock, customer)
	return len(list) > 0, err
}

// write replaces the customer's words and open suggestions. Whatever has changed since it was read leaves it to be looked at again.
func (s *sought) write(ctx context.Context, q querier, now Millis, lock string) (err error) {
	if is, err := there(ctx, q, s.id, lock); err != nil || !is {
		return err
	}
	run := runner(ctx, q, &err)
	run("DELETE FROM likenesses WHERE customer = $1", s.id)
	for _, w := range s.words {
		run("INSERT INTO likenesses (word, customer) VALUES ($1, $2) ON CONFLICT DO NOTHING", w, s.id)
	}
	if err != nil {
		return err
	}
	found := map[string][]Reason{}
	if len(s.ids) > 0 {
		if found, err = s.likes(ctx, q); err != nil {
			return err
		}
	}
	keep := []any{s.id}
	for other, reasons := range found {
		points := score(reasons)
		if points < suggestFrom {
			continue
		}
		if is, err := there(ctx, q, other, lock); err != nil {
			return err
		} else if !is {
			continue
		}
		a, b := inOrder(s.id, other)
		keep = append(keep, pairID(a, b))
		// Of one that was decided nothing changes.
		run(`INSERT INTO suggestions (id, a, b, score, reasons, state, created_at, decided_at, decided_by) VALUES ($1, $2, $3, $4, $5, 'open', $6, 0, '')
			ON CONFLICT (id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons WHERE suggestions.state = 'open'`,
			pairID(a, b), a, b, points, asJSON{reasons}, int64(now))
	}
	gone := "DELETE FROM suggestions WHERE state = 'open' AND (a = $1 OR b = $1)"
	if len(keep) > 1 {
		gone += " AND id NOT IN (" + placeholders(2, len(keep)-1) + ")"
	}
	run(gone, keep...)
	if s.root != "" { // what it is called is what its root may be called
		run("UPDATE customers SET seek = seek + 1 WHERE id = $1", s.root)
	}
	run("UPDATE customers SET seek = 0 WHERE id = $1 AND seek = $2", s.id, s.seek)
	return err
}

// likes finds the customers who share something with this one, and what.
func (s *sought) likes(ctx context.Context, q querier) (map[string][]Reason, error) {
	found := map[string][]Reason{}
	add := func(other string, r Reason) {
		if other != s.id && !slices.Contains(found[other], r) && len(found[other]) < 20 {
			found[other] = append(found[other], r)
		}
	}
	text := func(rows *sql.Rows, s *string) error { return rows.Scan(s) }
	for _, own := range s.words {
		kind, value, _ := strings.Cut(own, ":")
		for _, w := range looksFor(own) {
			others, err := collect(ctx, q, text, "SELECT customer FROM likenesses WHERE word = $1 AND customer <> $2 LIMIT $3", w, s.id, commonWord)
			if err != nil {
				return nil, err
			}
			if len(others) == commonWord {
				continue
			}
			for _, other := range others {
				switch {
				case strings.HasPrefix(own, "typed/"), strings.HasPrefix(w, "typed/"):
					add(other, Reason{"typed", value})
				case kind == "phone", kind == "email":
					add(other, Reason{kind, value})
				case kind == "name", kind == "name1":
					add(other, Reason{Kind: "name"})
				default:
					add(other, Reason{Kind: "sound"})
				}
			}
		}
	}
	type pair struct{ customer, value string }
	scan := func(rows *sql.Rows, p *pair) error { return rows.Scan(&p.customer, &p.value) }
	named, err := collect(ctx, q, scan, `SELECT o.customer, o.address FROM identities i JOIN hints h ON h.identity = i.id JOIN identities o ON o.id = h.other WHERE i.customer = $1
		UNION SELECT o.customer, i.address FROM identities i JOIN hints h ON h.other = i.id JOIN identities o ON o.id = h.identity WHERE i.customer = $1 LIMIT 100`, s.id)
	if err != nil {
		return nil, err
	}
	for _, p := range named {
		add(p.customer, Reason{"named", p.value})
	}
	in := "(" + placeholders(1, len(s.tree.list)) + ")"
	// Who proved to be somebody else in the same browser. Whoever has no identity any more was nobody.
	devices, err := collect(ctx, q, text, `SELECT DISTINCT i.customer FROM links l JOIN identities i ON i.home = CASE WHEN l.to_home IN `+in+` THEN l.from_home ELSE l.to_home END
		WHERE l.kind = 'proof' AND (l.from_home IN `+in+` OR l.to_home IN `+in+`) LIMIT 100`, s.tree.ids()...)
	if err != nil {
		return nil, err
	}
	for _, other := range devices {
		add(other, Reason{Kind: "device"})
	}
	// Who opened what was made for somebody, and was not the first.
	later, err := collect(ctx, q, text, `SELECT i.customer FROM link_uses u JOIN identities i ON i.id = u.identity WHERE u.first = 0 AND u.customer IN `+in+`
		UNION SELECT CASE WHEN c.root = '' THEN c.id ELSE c.root END FROM identities i JOIN link_uses u ON u.identity = i.id JOIN customers c ON c.id = u.customer
		WHERE u.first = 0 AND i.home IN `+in+` LIMIT 100`, s.tree.ids()...)
	if err != nil {
		return nil, err
	}
	for _, other := range later {
		add(other, Reason{Kind: "start"})
	}
	// A name in two scripts is not more than the same name.
	for other, reasons := range found {
		if slices.Contains(reasons, Reason{Kind: "name"}) {
			found[other] = slices.DeleteFunc(reasons, func(r Reason) bool { return r.Kind == "sound" })
		}
	}
	// Whom people have told apart, they or any of their trees.
	apart, err := collect(ctx, q, text, `SELECT CASE WHEN c.root = '' THEN c.id ELSE c.root END FROM suggestions s
		JOIN customers c ON c.id = CASE WHEN s.a IN `+in+` THEN s.b ELSE s.a END WHERE s.state = 'dismissed' AND (s.a IN `+in+` OR s.b IN `+in+`)`, s.tree.ids()...)
	for _, other := range apart {
		delete(found, other)
	}
	return found, err
}
