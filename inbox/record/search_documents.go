package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// document is a touch to be indexed.
type document struct {
	n                                                                             int64
	subject, text, kind, channel, identity, author, by, conversation, marks, data string
	at                                                                            Millis
	inbound                                                                       bool
	words                                                                         []string
}

// readDocuments reads documents of some touches, t. How many they are at most has to be said within: PostgreSQL takes a range that
// has no end for the whole table, and reads all bodies from the first on to merge them with it.
func readDocuments(t string) string {
	return `SELECT t.n, COALESCE(b.subject, ''), COALESCE(b.text, ''), t.kind, t.channel, t.identity, t.author_kind, t.author, t.conversation, t.happened_at, t.inbound,
	COALESCE(s.marks, ''), COALESCE(d.json, '') FROM (SELECT * FROM touches ` + t + `) t LEFT JOIN bodies b ON b.n = t.n LEFT JOIN conversations c ON c.id = t.conversation
	LEFT JOIN search_conversations s ON s.number = c.number LEFT JOIN touch_data d ON d.n = t.n`
}

func scanDocument(rows *sql.Rows, v *document) error {
	if err := rows.Scan(&v.n, &v.subject, &v.text, &v.kind, &v.channel, &v.identity, &v.by, &v.author, &v.conversation, &v.at, &v.inbound, &v.marks, &v.data); err != nil {
		return err
	}
	if v.kind == KindVisit { // pages, which nobody wrote
		return nil
	}
	v.words = written(documentText(v.subject, v.text, v.data))
	v.words = append(v.words, markOf("kind", v.kind), markOf("channel", v.channel), markOf("identity", v.identity))
	if v.author != "" && v.by == "agent" {
		v.words = append(v.words, markOf("author", v.author))
	}
	if v.inbound {
		v.words = append(v.words, markInbound)
	}
	v.words = append(v.words, strings.Fields(v.marks)...)
	return nil
}

// documentText is what a touch is searched by: amounts are not.
func documentText(subject, text, data string) string {
	var parts []string
	for _, s := range []string{subject, text} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if data != "" {
		var d Data
		if json.Unmarshal([]byte(data), &d) == nil {
			for _, i := range d.Items {
				parts = append(parts, i.Name, i.Product)
			}
			parts = append(parts, d.Order, d.Place, d.Programme)
			for _, f := range slices.Sorted(maps.Keys(d.Fields)) {
				if s, ok := d.Fields[f].(string); ok {
					parts = append(parts, s)
				}
			}
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}

// indexTouches indexes what is new, and when nothing is, what was there before the index was: the newest first.
func (db *DB) indexTouches(ctx context.Context, limit int) (int, error) {
	var at searchCursor
	if err := at.read(ctx, db.pool); err != nil || at.upcoming-at.settled >= (blocksAtOnce+1)*blockDocs {
		return 0, err
	}
	// Read and folded before the writer is taken.
	list, err := collect(ctx, db.pool, scanDocument, readDocuments("WHERE n > $1 AND n <= $2 ORDER BY n LIMIT $3")+" ORDER BY t.n", at.n, at.event, limit)
	if err != nil {
		return 0, err
	}
	column, from, to := "n", at.n, at.event
	switch {
	case len(list) == limit:
		to = list[limit-1].n
	case len(list) == 0 && at.back > 0 && at.number == 0:
		if list, err = collect(ctx, db.pool, scanDocument, readDocuments("WHERE n < $1 ORDER BY n DESC LIMIT $2")+" ORDER BY t.n DESC", at.back, limit); err != nil {
			return 0, err
		}
		column, from, to = "back", at.back, 0
		if len(list) == limit {
			to = list[limit-1].n
		}
	}
	if from == to {
		return 0, nil
	}
	err = db.write(ctx, func(q querier) error {
		if err := moveSearch(ctx, q, column, from, to); err != nil {
			return err
		}
		return db.writeDocuments(ctx, q, at, list)
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return len(list), err
}

var (
	insertDocs = many{`INSERT INTO search_docs (n, slot) VALUES `, `(?, ?)`, ``}
	insertHead = many{`INSERT INTO search_head (slot, seq, n, happened_at, flags, words) VALUES `, `(?, ?, ?, ?, ?, ?)`, ``}
)

// writeDocuments adds documents that are not in the index. ErrMoved: since they were read, which was then, another indexer has been at their
// conversations, whose marks may be others now.
func (db *DB) writeDocuments(ctx context.Context, q querier, then searchCursor, list []document) error {
	var at searchCursor
	if err := at.lock(ctx, q, db.d); err != nil {
		return err
	}
	if at.event != then.event || at.number != then.number {
		return ErrMoved
	}
	list = slices.DeleteFunc(list, func(v document) bool { return len(v.words) == 0 })
	list, err := db.unchanged(ctx, q, list)
	if err != nil || len(list) == 0 {
		return err
	}
	slots, err := slotsOf(ctx, q, list)
	if err != nil {
		return err
	}
	at.seq++
	var docs, head []any
	for _, v := range list {
		if _, ok := slots[v.n]; ok {
			continue
		}
		slices.Sort(v.words) // in no order that tells what was said
		docs = append(docs, v.n, at.upcoming)
		head = append(head, at.upcoming, at.seq, v.n, int64(v.at), int64(v.flags()), strings.Join(v.words, " "))
		at.upcoming++
	}
	if _, err := db.all(ctx, q, insertHead.over(insertDocs.over(nil, docs), head)); err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, "UPDATE search_cursor SET seq = $1, upcoming = $2", at.seq, at.upcoming)
	return err
}

func (v *document) flags() (f uint8) {
	if v.conversation == "" {
		f |= docLogged
	}
	if v.kind == KindWhisper {
		f |= docWhisper
	}
	return f
}

// slotsOf are those of documents that are in the index, by their touches.
func slotsOf(ctx context.Context, q querier, list []document) (map[int64]int64, error) {
	out := make(map[int64]int64, len(list))
	for part := range slices.Chunk(list, 200) {
		args := make([]any, len(part))
		for i := range part {
			args[i] = part[i].n
		}
		rows, err := collect(ctx, q, scanSlot, "SELECT n, slot FROM search_docs WHERE n IN ("+placeholders(1, len(args))+")", args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.n] = r.slot
		}
	}
	return out, nil
}

type slotRow struct{ n, slot int64 }

func scanSlot(rows *sql.Rows, r *slotRow) error { return rows.Scan(&r.n, &r.slot) }

// indexAgain gives touches of a conversation whose marks have changed the new ones.
func (db *DB) indexAgain(ctx context.Context, limit int) (int, error) {
	var id, marks string
	var from int64
	err := db.pool.QueryRowContext(ctx, "SELECT conversation, n, marks FROM search_redo LIMIT 1").Scan(&id, &from, &marks)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	list := 0
	err = db.write(ctx, func(q querier) error {
		var at searchCursor
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		var now string
		if err := q.QueryRowContext(ctx, "SELECT s.marks FROM search_conversations s JOIN conversations c ON c.number = s.number WHERE c.id = $1", id).Scan(&now); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		touches, err := collect(ctx, q, scanSlot, "SELECT t.n, d.slot FROM touches t JOIN search_docs d ON d.n = t.n WHERE t.conversation = $1 AND t.n > $2 ORDER BY t.n LIMIT $3", id, from, limit)
		if err != nil {
			return err
		}
		list = len(touches)
		query, args := "DELETE FROM search_redo WHERE conversation = $1 AND n = $2 AND marks = $3", []any{id, from, marks}
		if list == limit {
			query, args = "UPDATE search_redo SET n = $4 WHERE conversation = $1 AND n = $2 AND marks = $3", append(args, touches[limit-1].n)
		}
		res, err := q.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 { // it has changed meanwhile
			return firstErr(err, ErrMoved)
		}
		return db.remark(ctx, q, at, touches, strings.Fields(marks), strings.Fields(now))
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return list + 1, err
}

// remark gives documents other marks.
func (db *DB) remark(ctx context.Context, q querier, at searchCursor, list []slotRow, before, after []string) (err error) {
	all := changes{}
	run := runner(ctx, q, &err)
	for _, r := range list {
		if r.slot >= at.settled {
			var words string
			if err := q.QueryRowContext(ctx, "SELECT words FROM search_head WHERE slot = $1", r.slot).Scan(&words); err != nil {
				return err
			}
			has := slices.DeleteFunc(strings.Fields(words), func(w string) bool { return slices.Contains(before, w) || slices.Contains(after, w) })
			run("UPDATE search_head SET words = $2, seq = $3 WHERE slot = $1", r.slot, strings.Join(append(has, after...), " "), at.seq+1)
		}
		for _, w := range before { // also out of a block that is being settled
			if !slices.Contains(after, w) {
				c := all.of(chunkOf(ofTouches, r.slot), w)
				c.drop = append(c.drop, placeOf(r.slot))
			}
		}
		if r.slot < at.settled {
			for _, w := range after { // all: whatever it had
				c := all.of(chunkOf(ofTouches, r.slot), w)
				c.add = append(c.add, placeOf(r.slot))
			}
		}
	}
	run("UPDATE search_cursor SET seq = $1", at.seq+1)
	if err != nil {
		return err
	}
	return db.post(ctx, q, all)
}

// unchanged leaves out documents whose text has been erased since they were read, and keeps that of the others from being erased now.
func (db *DB) unchanged(ctx context.Context, q querier, list []document) ([]document, error) {
	for part := range slices.Chunk(list, 200) {
		args := make([]any, len(part))
		for i := range part {
			args[i] = part[i].n
		}
		in := " WHERE n IN (" + placeholders(1, len(args)) + ")" + db.d.lockRows
		type row struct {
			n    int64
			json string
		}
		bodies, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n) }, "SELECT n FROM bodies"+in, args...)
		if err != nil {
			return nil, err
		}
		data, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, &r.json) }, "SELECT n, json FROM touch_data"+in, args...)
		if err != nil {
			return nil, err
		}
		has, says := map[int64]bool{}, map[int64]string{}
		for _, r := range bodies {
			has[r.n] = true
		}
		for _, r := range data {
			says[r.n] = r.json
		}
		for i := range part {
			if v := &part[i]; v.subject+v.text != "" && !has[v.n] || v.data != says[v.n] {
				v.words = nil
			}
		}
	}
	return slices.DeleteFunc(list, func(v document) bool { return len(v.words) == 0 }), nil
}
