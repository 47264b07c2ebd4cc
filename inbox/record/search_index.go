package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The index has a document for each touch, under a key that sorts by when it happened, so that the newest come first without sorting: its words
// and, beside them, marks for what filters ask for. Marks of conversations' queues and tags stand with each of their touches; they follow
// changes through search_redo.

// docKey is where a touch stands in the index, unless another is there.
func docKey(at Millis, n int64) int64 { return keyOf(at) | n&(1<<keyBits-1) }

// keyOf is the first key of a time.
func keyOf(at Millis) int64 { return int64(min(max(at, -1<<42), 1<<42)) << keyBits }

const keyBits = 12

// markOf is a word for something that filters ask for. Marks are of one length and begin alike, so that they burden no index of beginnings.
func markOf(kind, value string) string {
	h := fnv.New64a()
	h.Write([]byte(kind + "\x00" + Fold(value)))
	return mark + mark + mark + strconv.FormatUint(h.Sum64(), 36)
}

// Marks without a value.
var (
	markInbound = markOf("inbound", "")
	markLogged  = markOf("logged", "") // of no conversation
	markWhisper = markOf("kind", KindWhisper)
	markFirm    = markOf("organisation", "") // no customer
)

// IndexOnce brings at most limit touches, limit conversations, limit customers and limit organisations into full text, behind the log, and
// tells how many it did: call it again until 0. In SQLite it holds the writer for about 0.2 ms a text, so small limits (30) keep
// acknowledgements quick. Two callers at once do no harm: one does nothing.
func (db *DB) IndexOnce(ctx context.Context, limit int) (int, error) {
	done := 0
	for _, step := range []struct {
		name string
		do   func(context.Context, int) (int, error)
	}{
		// Conversations go before their touches, which take over their marks.
		{"conversations", db.indexConversations}, {"older conversations", db.indexOlder}, {"touches", db.indexTouches},
		{"touches of changed conversations", db.indexAgain}, {"customers", db.indexCustomers}, {"organisations", db.indexOrganisations},
	} {
		n, err := step.do(ctx, limit)
		done += n
		if err != nil {
			return done, fmt.Errorf("index %s: %w", step.name, err)
		}
	}
	return done, nil
}

// searchCursor is how far the index has got.
type searchCursor struct{ n, back, event, number int64 }

func (c *searchCursor) read(ctx context.Context, q querier) error {
	return q.QueryRowContext(ctx, "SELECT n, back, event, number FROM search_cursor").Scan(&c.n, &c.back, &c.event, &c.number)
}

// moveSearch moves one of the cursor's columns. ErrMoved: another indexer has.
func moveSearch(ctx context.Context, q querier, column string, from, to int64) error {
	res, err := q.ExecContext(ctx, "UPDATE search_cursor SET "+column+" = $1 WHERE "+column+" = $2", to, from)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return firstErr(err, ErrMoved)
	}
	return nil
}

// indexed is a conversation as the index knows it.
type indexed struct {
	id, queue, status, channel, tags, identity, subject string
	number                                              int64
	marks, rest                                         string // as they are indexed
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
	return v.status + " " + v.identity + " " + strconv.FormatUint(h.Sum64(), 36)
}

func (v *indexed) terms() []string {
	list := terms(v.subject + "\n" + v.tags)
	list = append(list, strconv.FormatInt(v.number, 10), markOf("status", v.status), markOf("channel", v.channel), markOf("identity", v.identity))
	if v.status != string(Resolved) {
		list = append(list, markOf("status", "open"))
	}
	list = append(list, strings.Fields(v.newMarks())...)
	slices.Sort(list)
	return slices.Compact(list)
}

const readIndexed = `SELECT c.id, c.number, c.queue, c.status, c.channel, c.tags, c.identity, COALESCE(b.subject, ''), COALESCE(s.marks, ''), COALESCE(s.rest, ''), s.number IS NOT NULL
	FROM conversations c LEFT JOIN bodies b ON b.n = c.subject_n LEFT JOIN search_conversations s ON s.number = c.number `

func scanIndexed(rows *sql.Rows, v *indexed) error {
	return rows.Scan(&v.id, &v.number, &v.queue, &v.status, &v.channel, &v.tags, &v.identity, &v.subject, &v.marks, &v.rest, &v.known)
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
	last := at.event
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
		if err := moveSearch(ctx, q, "event", at.event, last); err != nil {
			return err
		}
		for _, w := range gone {
			if err := db.forgetWithdrawn(ctx, q, w); err != nil {
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

// withdrawn is of the event that takes back touches of an import: their numbers.
type withdrawn struct {
	Import struct{ From, To uint64 }
}

// forgetWithdrawn takes them out of the index.
func (db *DB) forgetWithdrawn(ctx context.Context, q querier, w withdrawn) (err error) {
	keys, err := collect(ctx, q, scanKey, "SELECT key FROM search_docs WHERE n >= $1 AND n <= $2", int64(w.Import.From), int64(w.Import.To))
	run := runner(ctx, q, &err)
	for _, key := range keys {
		run(db.d.deleteTouchWords, key)
	}
	run("DELETE FROM search_docs WHERE n >= $1 AND n <= $2", int64(w.Import.From), int64(w.Import.To))
	return err
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
	vocabulary := map[string]bool{}
	for i := range list {
		v := &list[i]
		marks, rest := v.newMarks(), v.newRest()
		if v.known && marks == v.marks && rest == v.rest {
			continue
		}
		run(`INSERT INTO search_conversations (number, marks, rest) VALUES ($1, $2, $3) ON CONFLICT (number) DO UPDATE SET marks = excluded.marks, rest = excluded.rest`,
			v.number, marks, rest)
		if v.known {
			run(db.d.deleteConversationWords, v.number)
		}
		words := v.terms()
		run(db.d.insertConversationWords, v.number, db.d.wordList(words))
		addVocabulary(vocabulary, words)
		if v.known && marks != v.marks || !v.known && v.number < older {
			run("INSERT INTO search_redo (conversation, n) VALUES ($1, 0) ON CONFLICT (conversation) DO UPDATE SET n = 0", v.id)
		}
	}
	if err != nil {
		return err
	}
	return db.writeVocabulary(ctx, q, vocabulary)
}

func addVocabulary(to map[string]bool, words []string) {
	for _, w := range words {
		if vocabular(w) {
			to[w] = true
		}
	}
}

func (db *DB) writeVocabulary(ctx context.Context, q querier, words map[string]bool) error {
	if db.d.labelled || len(words) == 0 {
		return nil
	}
	args := make([]any, 0, len(words))
	for w := range words {
		args = append(args, w)
	}
	_, err := db.all(ctx, q, insertVocab.over(nil, args))
	return err
}

// document is a touch to be indexed.
type document struct {
	n, key                                                                        int64
	subject, text, kind, channel, identity, author, by, conversation, marks, data string
	at                                                                            Millis
	inbound                                                                       bool
	words                                                                         []string
}

const readDocuments = `SELECT t.n, COALESCE(b.subject, ''), COALESCE(b.text, ''), t.kind, t.channel, t.identity, t.author_kind, t.author, t.conversation, t.happened_at, t.inbound,
	COALESCE(s.marks, ''), COALESCE(d.json, '') FROM touches t LEFT JOIN bodies b ON b.n = t.n LEFT JOIN conversations c ON c.id = t.conversation
	LEFT JOIN search_conversations s ON s.number = c.number LEFT JOIN touch_data d ON d.n = t.n `

func scanDocument(rows *sql.Rows, v *document) error {
	if err := rows.Scan(&v.n, &v.subject, &v.text, &v.kind, &v.channel, &v.identity, &v.by, &v.author, &v.conversation, &v.at, &v.inbound, &v.marks, &v.data); err != nil {
		return err
	}
	if v.kind == KindVisit { // pages, which nobody wrote
		return nil
	}
	v.words = terms(documentText(v.subject, v.text, v.data))
	v.words = append(v.words, markOf("kind", v.kind), markOf("channel", v.channel), markOf("identity", v.identity))
	if v.author != "" && v.by == "agent" {
		v.words = append(v.words, markOf("author", v.author))
	}
	if v.inbound {
		v.words = append(v.words, markInbound)
	}
	if v.conversation == "" {
		v.words = append(v.words, markLogged)
	}
	v.words = append(v.words, strings.Fields(v.marks)...)
	v.key = docKey(v.at, v.n)
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
			for _, v := range d.Fields {
				if s, ok := v.(string); ok {
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
	if err := at.read(ctx, db.pool); err != nil {
		return 0, err
	}
	// Read and folded before the writer is taken.
	list, err := collect(ctx, db.pool, scanDocument, readDocuments+"WHERE t.n > $1 AND t.n <= $2 ORDER BY t.n LIMIT $3", at.n, at.event, limit)
	if err != nil {
		return 0, err
	}
	column, from, to := "n", at.n, at.event
	switch {
	case len(list) == limit:
		to = list[limit-1].n
	case len(list) == 0 && at.back > 0 && at.number == 0:
		if list, err = collect(ctx, db.pool, scanDocument, readDocuments+"WHERE t.n < $1 ORDER BY t.n DESC LIMIT $2", at.back, limit); err != nil {
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
		return db.writeDocuments(ctx, q, list)
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return len(list), err
}

// indexAgain indexes touches of a conversation whose marks have changed.
func (db *DB) indexAgain(ctx context.Context, limit int) (int, error) {
	var id string
	var from int64
	err := db.pool.QueryRowContext(ctx, "SELECT conversation, n FROM search_redo LIMIT 1").Scan(&id, &from)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	list, err := collect(ctx, db.pool, scanDocument, readDocuments+"WHERE t.conversation = $1 AND t.n > $2 AND t.n IN (SELECT n FROM search_docs) ORDER BY t.n LIMIT $3", id, from, limit)
	if err != nil {
		return 0, err
	}
	err = db.write(ctx, func(q querier) error {
		query, args := "DELETE FROM search_redo WHERE conversation = $1 AND n = $2", []any{id, from}
		if len(list) == limit {
			query, args = "UPDATE search_redo SET n = $3 WHERE conversation = $1 AND n = $2", append(args, list[limit-1].n)
		}
		res, err := q.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 { // it has changed meanwhile
			return firstErr(err, ErrMoved)
		}
		if err := db.forgetDocuments(ctx, q, list); err != nil {
			return err
		}
		return db.writeDocuments(ctx, q, list)
	})
	if errors.Is(err, ErrMoved) {
		return 0, nil
	}
	return len(list) + 1, err
}

var (
	insertDocs   = many{`INSERT INTO search_docs (key, n) VALUES `, `(?, ?)`, ` ON CONFLICT DO NOTHING`}
	insertLabels = many{`INSERT INTO search_labels (label) VALUES `, `(?)`, ` ON CONFLICT DO NOTHING`}
	insertVocab  = many{`INSERT INTO search_words (word) VALUES `, `(?)`, ` ON CONFLICT DO NOTHING`}
)

// all runs statements made by many.
func (db *DB) all(ctx context.Context, q querier, list []statement) (changed int64, err error) {
	for _, s := range list {
		res, err := q.ExecContext(ctx, s.key.many.text(s.key.rows, db.d.numbered), s.args...)
		if err != nil {
			return changed, err
		}
		n, err := res.RowsAffected()
		if changed += n; err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// vocabular tells a word that beginnings are looked up for.
func vocabular(w string) bool {
	return !strings.HasPrefix(w, mark) && utf8.RuneCountInString(w) > shortBeginning
}

// shortBeginning is how many letters the full text has an index of beginnings for.
const shortBeginning = 3

// writeDocuments adds documents that are not in the index.
func (db *DB) writeDocuments(ctx context.Context, q querier, list []document) error {
	list = slices.DeleteFunc(list, func(v document) bool { return len(v.words) == 0 })
	list, err := db.unchanged(ctx, q, list)
	if err != nil || len(list) == 0 {
		return err
	}
	// Two with one key: the second takes the next that is free.
	args := make([]any, 0, 2*len(list))
	for i := range list {
		args = append(args, list[i].key, list[i].n)
	}
	got, err := db.all(ctx, q, insertDocs.over(nil, args))
	if err != nil {
		return err
	}
	if got < int64(len(list)) {
		for i := range list {
			if err := placeDocument(ctx, q, &list[i]); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(list, func(a, b document) int { return cmp.Compare(a.key, b.key) }) // as full text takes them best
	vocabulary := map[string]bool{}
	args = args[:0]
	for i := range list {
		args = append(args, list[i].key, db.d.documentWords(list[i].key, list[i].words))
		addVocabulary(vocabulary, list[i].words)
	}
	if _, err = db.all(ctx, q, db.d.insertTouchWords.over(nil, args)); err != nil {
		return err
	}
	if db.d.labelled {
		args = args[:0]
		for i := range list {
			if l := list[i].key >> labelBits; len(args) == 0 || args[len(args)-1] != l {
				args = append(args, l)
			}
		}
		_, err = db.all(ctx, q, insertLabels.over(nil, args))
		return err
	}
	return db.writeVocabulary(ctx, q, vocabulary)
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

// placeDocument finds the key that a document has, or gives it the next one that is free.
func placeDocument(ctx context.Context, q querier, v *document) error {
	err := q.QueryRowContext(ctx, "SELECT key FROM search_docs WHERE n = $1", v.n).Scan(&v.key)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	// The first free one behind: its follower is missing.
	if err := q.QueryRowContext(ctx, `SELECT d.key + 1 FROM search_docs d WHERE d.key >= $1 AND NOT EXISTS (SELECT 1 FROM search_docs f WHERE f.key = d.key + 1)
		ORDER BY d.key LIMIT 1`, v.key).Scan(&v.key); err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, "INSERT INTO search_docs (key, n) VALUES ($1, $2)", v.key, v.n)
	return err
}

// forgetDocuments takes documents out of the index; those that are not in it are left alone.
func (db *DB) forgetDocuments(ctx context.Context, q querier, list []document) (err error) {
	run := runner(ctx, q, &err)
	for i := range list {
		var key int64
		if err := q.QueryRowContext(ctx, "SELECT key FROM search_docs WHERE n = $1", list[i].n).Scan(&key); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			return err
		}
		run("DELETE FROM search_docs WHERE key = $1", key)
		run(db.d.deleteTouchWords, key)
	}
	return err
}

// unsearch takes touches out of the index within q's transaction, also the words that were theirs alone, before their texts are gone.
func (db *DB) unsearch(ctx context.Context, q querier, ns []int64) error {
	for part := range slices.Chunk(ns, 200) {
		args := make([]any, len(part))
		for i, n := range part {
			args[i] = n
		}
		list, err := collect(ctx, q, scanDocument, readDocuments+"WHERE t.n IN ("+placeholders(1, len(args))+")", args...)
		if err != nil {
			return err
		}
		if err := db.forgetDocuments(ctx, q, list); err != nil {
			return err
		}
		if db.d.labelled { // it has no list of words
			continue
		}
		words := map[string]bool{}
		for _, v := range list {
			for _, w := range v.words {
				if vocabular(w) {
					words[w] = true
				}
			}
		}
		for w := range words {
			found, err := collect(ctx, q, scanNumber, db.d.findTouches, db.d.wordQuery(match{all: []clause{{any: [][]string{{w}}}}}, ""), int64(1)<<62, -int64(1)<<62, 1)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				continue
			}
			if _, err := q.ExecContext(ctx, "DELETE FROM search_words WHERE word = $1", w); err != nil {
				return err
			}
		}
	}
	return nil
}
