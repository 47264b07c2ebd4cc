package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// indexed is a conversation as the index knows it.
type indexed struct {
	id, queue, status, channel, tags, identity, subject string
	number                                              int64
	last                                                Millis // its last message
	marks, rest, words                                  string // as they are indexed
	known                                               bool
}

func (v *indexed) newMarks() string {
	list := []string{markOf("queue", v.queue)}
	for t := range strings.SplitSeq(v.tags, "\n") {
		if t != "" {
			list = append(list, markOf("tag", t))
		}
	}
	return strings.Join(list, " ")
}

func (v *indexed) newRest() string {
	h := fnv.New64a()
	h.Write([]byte(v.subject))
	return v.status + " " + v.identity + " " + v.last.Time().UTC().Format("2006-01") + " " + strconv.FormatUint(h.Sum64(), 36)
}

func (v *indexed) terms() []string {
	list := append(written(v.subject), terms(v.tags)...)
	list = append(list, strconv.FormatInt(v.number, 10), markOf("status", v.status), markOf("channel", v.channel), markOf("identity", v.identity), monthMark(v.last))
	if v.status != string(Resolved) {
		list = append(list, markOf("status", "open"))
	}
	list = append(list, strings.Fields(v.newMarks())...)
	slices.Sort(list)
	return slices.Compact(list)
}

// monthMark is of conversations whose last message is of a month.
func monthMark(at Millis) string { return markOf("month", at.Time().UTC().Format("2006-01")) }

const readIndexed = `SELECT c.id, c.number, c.queue, c.status, c.channel, c.tags, c.identity, COALESCE(b.subject, ''), COALESCE(s.marks, ''), COALESCE(s.rest, ''), COALESCE(s.words, ''), c.last_message_at, s.number IS NOT NULL
	FROM conversations c LEFT JOIN bodies b ON b.n = c.subject_n LEFT JOIN search_conversations s ON s.number = c.number `

func scanIndexed(rows *sql.Rows, v *indexed) error {
	return rows.Scan(&v.id, &v.number, &v.queue, &v.status, &v.channel, &v.tags, &v.identity, &v.subject, &v.marks, &v.rest, &v.words, &v.last, &v.known)
}

// indexConversations looks at the conversations of new events.
func (db *DB) indexConversations(ctx context.Context, limit int) (int, error) {
	var at searchCursor
	if err := at.read(ctx, db.pool); err != nil {
		return 0, err
	}
	type entry struct {
		n        int64
		id, gone string
	}
	news, err := collect(ctx, db.pool, func(rows *sql.Rows, e *entry) error { return rows.Scan(&e.n, &e.id, &e.gone) },
		"SELECT n, conversation, CASE WHEN kind = 'touches.withdrawn' THEN json ELSE '' END FROM events WHERE n > $1 ORDER BY n LIMIT $2", at.event, 4*limit)
	if err != nil || len(news) == 0 {
		return 0, err
	}
	var ids []any
	var gone []withdrawn
	seen := map[string]bool{}
	from := at.event
	last := from
	for _, e := range news {
		if e.gone != "" {
			var w withdrawn
			if err := json.Unmarshal([]byte(e.gone), &w); err != nil {
				return 0, err
			}
			gone = append(gone, w)
		}
		if e.id != "" && !seen[e.id] {
			if len(ids) == limit {
				break
			}
			seen[e.id] = true
			ids = append(ids, e.id)
		}
		last = e.n
	}
	var list []indexed
	if len(ids) > 0 {
		if list, err = collect(ctx, db.pool, scanIndexed, readIndexed+"WHERE c.id IN ("+placeholders(1, len(ids))+")", ids...); err != nil {
			return 0, err
		}
	}
	err = db.write(ctx, func(q querier) error {
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		if err := moveSearch(ctx, q, "event", from, last); err != nil {
			return err
		}
		for _, w := range gone {
			if err := db.forgetWithdrawn(ctx, q, at, w); err != nil {
				return err
			}
		}
		return db.writeConversations(ctx, q, list, at.number)
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return len(list) + len(gone), err
}

// indexOlder indexes what was there before the index was.
func (db *DB) indexOlder(ctx context.Context, limit int) (int, error) {
	var at searchCursor
	if err := at.read(ctx, db.pool); err != nil || at.number == 0 {
		return 0, err
	}
	list, err := collect(ctx, db.pool, scanIndexed, readIndexed+"WHERE c.number < $1 ORDER BY c.number DESC LIMIT $2", at.number, limit)
	if err != nil {
		return 0, err
	}
	to := int64(0)
	if len(list) == limit {
		to = max(0, list[limit-1].number)
	}
	err = db.write(ctx, func(q querier) error {
		var now searchCursor
		if err := now.lock(ctx, q, db.d); err != nil {
			return err
		}
		if err := moveSearch(ctx, q, "number", at.number, to); err != nil {
			return err
		}
		return db.writeConversations(ctx, q, list, 0)
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return len(list), err
}

// writeConversations indexes those that have changed. Touches of one whose marks have changed are to be indexed again; so are those of one
// with a number below older, which were indexed with the marks of then.
func (db *DB) writeConversations(ctx context.Context, q querier, list []indexed, older int64) (err error) {
	run := runner(ctx, q, &err)
	slices.SortFunc(list, func(a, b indexed) int { return cmp.Compare(a.number, b.number) })
	all := changes{}
	for i := range list {
		v := &list[i]
		marks, rest := v.newMarks(), v.newRest()
		if v.known && marks == v.marks && rest == v.rest {
			continue
		}
		words := v.terms()
		run(`INSERT INTO search_conversations (number, marks, rest, words) VALUES ($1, $2, $3, $4)
			ON CONFLICT (number) DO UPDATE SET marks = excluded.marks, rest = excluded.rest, words = excluded.words`, v.number, marks, rest, strings.Join(words, " "))
		all.replace(ofConversations, v.number, strings.Fields(v.words), words)
		if v.known && marks != v.marks || !v.known && v.number < older {
			run(`INSERT INTO search_redo (conversation, n, marks) VALUES ($1, 0, $2) ON CONFLICT (conversation) DO UPDATE SET n = 0, marks = search_redo.marks || ' ' || excluded.marks`,
				v.id, v.marks)
		}
	}
	if err != nil {
		return err
	}
	return db.post(ctx, q, all)
}
