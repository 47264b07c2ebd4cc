package record

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// match is what documents are found by: all of these, none of those.
type match struct {
	all []clause
	not []string
}

// text writes a match in a database's language.
func (m match) text(and, or, not string, word func(string) string) string {
	var b strings.Builder
	for i, c := range m.all {
		if i > 0 {
			b.WriteString(and)
		}
		b.WriteByte('(')
		for j, way := range c.any {
			if j > 0 {
				b.WriteString(or)
			}
			b.WriteByte('(')
			for k, w := range way {
				if k > 0 {
					b.WriteString(and)
				}
				b.WriteString(word(w))
			}
			b.WriteByte(')')
		}
		b.WriteByte(')')
	}
	s := b.String()
	for _, w := range m.not {
		s = "(" + s + ")" + not + word(w)
	}
	return s
}

// labelBits are those of a key that its label leaves out: a label is of twelve days.
const labelBits = keyBits + 30

func labelOf(key int64) string { return strconv.FormatInt(key>>labelBits, 36) + "_" }

// touchKeys finds touches with keys below one and from another on, newest first.
func (db *DB) touchKeys(ctx context.Context, q querier, m match, below, from int64, limit int) ([]int64, error) {
	if len(m.all) == 0 {
		return collect(ctx, q, scanKey, "SELECT key FROM search_docs WHERE key < $1 AND key >= $2 ORDER BY key DESC LIMIT $3", below, from, limit)
	}
	if db.d.labelled {
		return db.labelledKeys(ctx, q, m, below, from, limit)
	}
	m, err := db.spellOut(ctx, q, m)
	if err != nil {
		return nil, err
	}
	return collect(ctx, q, scanKey, db.d.findTouches, db.d.wordQuery(m, ""), below, from, limit)
}

// maxBeginning is how many words a beginning is spelled out as. More than that are rare ones, numbers mostly, which the index itself gathers.
const maxBeginning = 300

// spellOut replaces beginnings of words by the words. The index gathers all documents of a beginning before it gives the first; the documents of
// words it gives one by one.
func (db *DB) spellOut(ctx context.Context, q querier, m match) (match, error) {
	for i, c := range m.all {
		out := clause{quoted: c.quoted}
		for _, way := range c.any {
			last := len(way) - 1
			begin, ok := strings.CutSuffix(way[last], "*")
			if !ok || utf8.RuneCountInString(begin) <= shortBeginning {
				out.any = append(out.any, way)
				continue
			}
			words, err := collect(ctx, q, scanText, "SELECT word FROM search_words WHERE word >= $1 AND word < $2 LIMIT $3", begin, begin+"\U0010ffff", maxBeginning+1)
			if err != nil {
				return m, err
			}
			if len(words) > maxBeginning {
				out.any = append(out.any, way)
				continue
			}
			for _, w := range append(words, begin) {
				out.any = append(out.any, append(slices.Clone(way[:last]), w))
			}
		}
		if len(out.any) != len(c.any) || !slices.EqualFunc(out.any, c.any, slices.Equal[[]string]) {
			m.all = slices.Clone(m.all)
			m.all[i] = out
		}
	}
	return m, nil
}

// near is how many of the newest documents are looked at one by one first.
const near = 400

// labelledKeys asks an index that gives all documents of a word at once, in no order: of the newest twelve days first, then of more and more.
// What is found in half of all documents is found among the newest without it.
func (db *DB) labelledKeys(ctx context.Context, q querier, m match, below, from int64, limit int) ([]int64, error) {
	labels, err := collect(ctx, q, scanKey, "SELECT label FROM search_labels WHERE label <= $1 AND label >= $2 ORDER BY label DESC", (below-1)>>labelBits, from>>labelBits)
	if err != nil || len(labels) == 0 {
		return nil, err
	}
	query := func(labels []int64) string {
		list := make([]string, len(labels))
		for i, l := range labels {
			list[i] = "(" + db.d.wordQuery(m, labelOf(l<<labelBits)) + ")"
		}
		return strings.Join(list, " | ")
	}
	var found []int64
	first, err := collect(ctx, q, scanKey, "SELECT key FROM (SELECT key FROM touch_words WHERE key < $1 AND key >= $2 ORDER BY key DESC LIMIT $3) AS w ORDER BY key LIMIT 1", below, from, near)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	n := slices.IndexFunc(labels, func(l int64) bool { return l < first[0]>>labelBits })
	if n < 0 {
		n = len(labels)
	}
	if n > 0 && n <= 3 { // else they are of too many labels to be asked for at once
		if found, err = collect(ctx, q, scanKey, `SELECT key FROM (SELECT key, words FROM touch_words WHERE key < $2 AND key >= $3 ORDER BY key DESC LIMIT $5) AS w
			WHERE words @@ CAST($1 AS tsquery) ORDER BY key DESC LIMIT $4`, query(labels[:n]), below, first[0], limit, near); err != nil || len(found) >= limit {
			return found, err
		}
		below = first[0]
	}
	for n := 1; len(labels) > 0 && len(found) < limit; n *= 4 {
		n = min(n, len(labels))
		more, err := collect(ctx, q, scanKey, db.d.findTouches, query(labels[:n]), below, from, limit-len(found))
		if err != nil {
			return nil, err
		}
		found, labels = append(found, more...), labels[n:]
	}
	return found, nil
}

// statements keeps what is asked again and again as the database has understood it: in SQLite that is a good part of a short question.
type statements struct {
	mu   sync.Mutex
	list map[string]*sql.Stmt
}

const maxStatements = 300

func (s *statements) of(ctx context.Context, pool *sql.DB, text string) *sql.Stmt {
	s.mu.Lock()
	stmt, full := s.list[text], len(s.list) >= maxStatements
	s.mu.Unlock()
	if stmt != nil || full {
		return stmt
	}
	stmt, err := pool.PrepareContext(ctx, text)
	if err != nil {
		return nil // whoever asks directly gets the error
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.list[text]; other != nil {
		stmt.Close()
		return other
	}
	if s.list == nil {
		s.list = map[string]*sql.Stmt{}
	}
	s.list[text] = stmt
	return stmt
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.list {
		stmt.Close()
	}
	s.list = nil
}

// keptPool asks questions that are kept.
type keptPool struct {
	*sql.DB
	kept *statements
}

// asker is what searches read through: no snapshot, so that each question takes a connection only while it is answered. What goes meanwhile
// is not shown.
func (db *DB) asker() querier {
	if db.d.oneConn {
		return keptPool{db.pool, &db.kept}
	}
	return db.pool // its driver keeps them
}

func (p keptPool) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if stmt := p.kept.of(ctx, p.DB, text); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, text, args...)
}

func (p keptPool) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if stmt := p.kept.of(ctx, p.DB, text); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, text, args...)
}
