package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// To erase a person is to take away every text of theirs and every way back to them, and to keep what was counted: each of their identities
// becomes one without an address, of a customer without a name, whom nothing leads to. Whoever writes from the old address afterwards is new.
//
// Personal text stands in: bodies, touch_data (fields, items), touches.error and .unreadable, unreadable_events, identities, customers, links,
// merges, hints, link_uses, likenesses, suggestions, fields, field_history, tags, stages, consents, members, relations, pins, seen, audit (of the
// customer), import_changes, import_errors, conversations.thread, events.json ("thread" alone), the full-text index with its lists of words, and blobs. "fields" and "field_history" are also of conversations.

// Errors of erasure.
var (
	ErrHeld = errors.New("the customer is held")
	ErrLive = errors.New("a conversation of the customer is not over")
)

// Erasure is the certificate of one.
type Erasure struct {
	ID         string      `json:"id"`
	Customer   string      `json:"customer"` // who was erased
	Stands     string      `json:"stands"`   // who stands for them in the figures
	At         Millis      `json:"at"`
	By         string      `json:"by"` // user; "": a rule of retention
	Reason     string      `json:"reason"`
	Counts     EraseCounts `json:"counts"`
	ScrubbedAt Millis      `json:"scrubbed_at"` // when the events' headers and the files were done, too; 0: under way
}

// EraseCounts is what is or would be erased.
type EraseCounts struct {
	Customers     int `json:"customers"`
	Identities    int `json:"identities"` // addresses
	Conversations int `json:"conversations"`
	Touches       int `json:"touches"`
	Bodies        int `json:"bodies"`
	Files         int `json:"files"`
}

// Hold keeps a customer from being erased.
type Hold struct {
	Customer string `json:"customer"`
	At       Millis `json:"at"`
	By       string `json:"by"`
	Why      string `json:"why"`
}

const eraseColumns = "id, customer, stands, happened_at, by_user, reason, counts, scrubbed_at"

func scanErasure(rows *sql.Rows, e *Erasure) error {
	return rows.Scan(&e.ID, &e.Customer, &e.Stands, &e.At, &e.By, &e.Reason, asJSON{&e.Counts}, &e.ScrubbedAt)
}

// Erasures lists certificates, newest first, those before a time.
func (db *DB) Erasures(ctx context.Context, before Millis, limit int) ([]Erasure, error) {
	if before == 0 {
		before = always
	}
	return collect(ctx, db.pool, scanErasure, "SELECT "+eraseColumns+" FROM erasures WHERE happened_at < $1 ORDER BY happened_at DESC, id DESC LIMIT $2", int64(before), limit)
}

// Erasure reads a certificate; ErrNotFound.
func (db *DB) Erasure(ctx context.Context, id string) (Erasure, error) {
	return single(collect(ctx, db.pool, scanErasure, "SELECT "+eraseColumns+" FROM erasures WHERE id = $1", id))
}

// HoldOf reads why a customer is kept: one in whose tree anybody is held. ErrNotFound: nobody is.
func (db *DB) HoldOf(ctx context.Context, customer string) (Hold, error) {
	t, err := treeOf(ctx, db.pool, customer)
	if err != nil {
		return Hold{}, err
	}
	return holdOf(ctx, db.pool, t)
}

func holdOf(ctx context.Context, q querier, t tree) (Hold, error) {
	return single(collect(ctx, q, func(rows *sql.Rows, h *Hold) error { return rows.Scan(&h.Customer, &h.At, &h.By, &h.Why) },
		"SELECT customer, happened_at, by_user, why FROM holds WHERE customer IN ("+placeholders(1, len(t.list))+") ORDER BY happened_at LIMIT 1", t.ids()...))
}

// SetHold keeps a customer, or with an empty Why no longer. ErrNotFound.
func (db *DB) SetHold(ctx context.Context, h Hold, notes ...Note) error {
	return db.between(ctx, notes, func(q querier) error {
		if _, err := living(ctx, q, h.Customer, ""); err != nil {
			return err
		}
		t, err := treeOf(ctx, q, h.Customer)
		if err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		run("DELETE FROM holds WHERE customer IN ("+placeholders(1, len(t.list))+")", t.ids()...)
		if h.Why != "" {
			run("INSERT INTO holds (customer, happened_at, by_user, why) VALUES ($1, $2, $3, $4)", t.root, int64(h.At), h.By, h.Why)
		}
		return err
	})
}

// erasing is what belongs to one person.
type erasing struct {
	tree          tree
	identities    []string
	addresses     int // identities that anybody has given
	conversations []Conversation
	touches       []int64
}

// members are the ids of all customers that are the one.
func (e *erasing) members() (list []string) {
	for _, c := range e.tree.list {
		list = append(list, c.ID)
	}
	return list
}

func (db *DB) erasing(ctx context.Context, q querier, customer string) (e erasing, err error) {
	if e.tree, err = treeOf(ctx, q, customer); err != nil {
		return e, err
	}
	text := func(rows *sql.Rows, s *string) error { return rows.Scan(s) }
	homes := " FROM identities WHERE home IN (" + placeholders(1, len(e.tree.list)) + ")"
	if e.identities, err = collect(ctx, q, text, "SELECT id"+homes+" ORDER BY id", e.tree.ids()...); err != nil {
		return e, err
	}
	if err := q.QueryRowContext(ctx, "SELECT COUNT(*)"+homes+" AND channel <> '"+OwnChannel+"'", e.tree.ids()...).Scan(&e.addresses); err != nil {
		return e, err
	}
	for _, id := range e.identities {
		heads, err := collect(ctx, q, scanHeader, "SELECT header FROM conversations WHERE identity = $1", id)
		if err != nil {
			return e, err
		}
		e.conversations = append(e.conversations, heads...)
		ns, err := collect(ctx, q, func(rows *sql.Rows, n *int64) error { return rows.Scan(n) }, "SELECT n FROM touches WHERE identity = $1", id)
		if err != nil {
			return e, err
		}
		e.touches = append(e.touches, ns...)
	}
	slices.Sort(e.touches)
	return e, nil
}

// LiveOf lists what of a customer is not over at a time: open conversations, and those that the next message would reopen. unsent are messages on
// their way out. ErrNotFound, ErrHeld.
func (db *DB) LiveOf(ctx context.Context, customer string, now Millis) (open, reopenable []Conversation, unsent []Touch, err error) {
	e, err := db.erasing(ctx, db.pool, customer)
	if err != nil {
		return nil, nil, nil, err
	}
	if _, err := holdOf(ctx, db.pool, e.tree); err == nil {
		return nil, nil, nil, ErrHeld
	} else if !errors.Is(err, ErrNotFound) {
		return nil, nil, nil, err
	}
	for _, c := range e.conversations {
		if c.Open() {
			open = append(open, c)
		} else if c.ReopenUntil > now {
			reopenable = append(reopenable, c)
		}
	}
	for _, id := range e.identities {
		list, err := touches(ctx, db.pool, "WHERE t.identity = $1 AND t.state IN ('queued', 'sending')", id)
		if err != nil {
			return nil, nil, nil, err
		}
		unsent = append(unsent, list...)
	}
	return open, reopenable, unsent, nil
}

// PreviewErase counts what erasing a customer would take. ErrNotFound.
func (db *DB) PreviewErase(ctx context.Context, customer string) (c EraseCounts, err error) {
	_, err = db.read(ctx, func(q querier) error {
		e, err := db.erasing(ctx, q, customer)
		if err != nil {
			return err
		}
		c = EraseCounts{Customers: len(e.tree.list), Identities: e.addresses, Conversations: len(e.conversations), Touches: len(e.touches)}
		return inPieces(e.touches, func(ns []any) error {
			list, err := bodiesOf(ctx, q, ns)
			c.Bodies += len(list)
			for i := range list {
				c.Files += len(list[i].blobs())
			}
			return err
		})
	})
	return c, err
}

// inPieces calls f with numbers as arguments of statements.
func inPieces(ns []int64, f func([]any) error) error {
	for piece := range slices.Chunk(ns, 500) {
		args := make([]any, len(piece))
		for i, n := range piece {
			args[i] = n
		}
		if err := f(args); err != nil {
			return err
		}
	}
	return nil
}

// wiped is a body that goes.
type wiped struct {
	n    int64
	body Body
}

func bodiesOf(ctx context.Context, q querier, ns []any) ([]wiped, error) {
	return collect(ctx, q, func(rows *sql.Rows, w *wiped) error {
		var more []byte
		if err := rows.Scan(&w.n, &w.body.Blob, &more); err != nil || len(more) == 0 {
			return err
		}
		return w.body.readMore(more)
	}, "SELECT n, blob, more FROM bodies WHERE n IN ("+placeholders(1, len(ns))+")", ns...)
}

// blobs are the names that a body holds.
func (w *wiped) blobs() []string { return w.body.Blobs() }

// Blobs are the names of the blobs that a body holds.
func (b *Body) Blobs() (list []string) {
	for _, name := range []string{b.Blob, b.HTMLBlob} {
		if name != "" {
			list = append(list, name)
		}
	}
	for _, f := range b.Files {
		if f.Blob != "" {
			list = append(list, f.Blob)
		}
	}
	return list
}

// wipe takes the text away from touches, with what follows from it; the blobs that it named are doomed. That they were stays, and what they
// amounted to.
func (db *DB) wipe(ctx context.Context, q querier, at Millis, ns []int64, counts *EraseCounts) error {
	if err := db.lockSearch(ctx, q); err != nil {
		return err
	}
	if err := db.markOrders(ctx, q, ns); err != nil {
		return err
	}
	return db.overwriting(ctx, q, func() error { return db.wipeText(ctx, q, at, ns, counts) })
}

// overwriting has what f deletes overwritten in the database's file, where that is not left to the database: PostgreSQL's vacuum.
func (db *DB) overwriting(ctx context.Context, q querier, f func() error) error {
	if !db.d.oneConn {
		return f()
	}
	if _, err := q.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	err := f()
	if _, off := q.ExecContext(context.WithoutCancel(ctx), "PRAGMA secure_delete = OFF"); err == nil {
		err = off
	}
	return err
}

func (db *DB) wipeText(ctx context.Context, q querier, at Millis, ns []int64, counts *EraseCounts) error {
	// Behind all others, so that Unwiped.Last tells what was there when it was read.
	if _, err := q.ExecContext(ctx, `INSERT INTO unwiped (since) SELECT CASE WHEN COALESCE(MAX(since), 0) >= $1 THEN MAX(since) + 1 ELSE $1 END FROM unwiped
		WHERE true ON CONFLICT DO NOTHING`, int64(at)); err != nil {
		return err
	}
	// Whoever indexes them has done so, or finds them gone.
	if err := inPieces(ns, func(args []any) error {
		_, err := collect(ctx, q, scanNumber, "SELECT n FROM bodies WHERE n IN ("+placeholders(1, len(args))+")"+db.d.lockRows, args...)
		return err
	}); err != nil {
		return err
	}
	if err := db.unsearch(ctx, q, ns); err != nil {
		return err
	}
	return inPieces(ns, func(args []any) (err error) {
		in := " IN (" + placeholders(1, len(args)) + ")"
		list, err := bodiesOf(ctx, q, args)
		if err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		for i := range list {
			for _, name := range list[i].blobs() {
				counts.Files++
				doom(run, name, at)
			}
		}
		counts.Bodies += len(list)
		run("DELETE FROM bodies WHERE n"+in, args...)
		run("DELETE FROM unreadable_events WHERE n"+in, args...)
		run("DELETE FROM pins WHERE touch IN (SELECT id FROM touches WHERE n"+in+")", args...)
		run("UPDATE touches SET error = '', unreadable = CASE WHEN unreadable = '' THEN '' ELSE 'erased' END WHERE n"+in+" AND (error <> '' OR unreadable <> '')", args...)
		if err != nil {
			return err
		}
		type row struct {
			n    int64
			data Data
		}
		data, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, asJSON{&r.data}) },
			"SELECT n, json FROM touch_data WHERE n"+in, args...)
		if err != nil {
			return err
		}
		for i := range data {
			d := &data[i].data
			d.Fields, d.Order = nil, ""
			run("UPDATE touch_data SET json = $2 WHERE n = $1", data[i].n, asJSON{d})
		}
		return err
	})
}

// Erase takes a person away, with all who were merged into them. Everything is done in one transaction but for the conversations' threads in
// events, and for files: see ScrubOnce. ErrNotFound; ErrHeld; ErrLive: look at LiveOf again.
func (db *DB) Erase(ctx context.Context, customer, reason string, by Decided, note func(Erasure) Note) (out Erasure, err error) {
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(out)() }), func(q querier) error {
		if err := db.lockSearch(ctx, q); err != nil {
			return err
		}
		if _, err := living(ctx, q, customer, ""); err != nil {
			return err
		}
		e, err := db.erasing(ctx, q, customer)
		if err != nil {
			return err
		}
		for _, c := range e.tree.list { // whoever looks for others like them, or indexes their names, has done so, or finds them gone
			if _, err := there(ctx, q, c.ID, db.d.lockRows); err != nil {
				return err
			}
		}
		if _, err := holdOf(ctx, q, e.tree); err == nil {
			return ErrHeld
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		for i := range e.conversations {
			if c := &e.conversations[i]; c.Open() || c.ReopenUntil > by.At {
				return ErrLive
			}
		}
		var unsent int
		for _, id := range e.identities {
			if err := q.QueryRowContext(ctx, "SELECT count(*) FROM touches WHERE identity = $1 AND state IN ('queued', 'sending')", id).Scan(&unsent); err != nil {
				return err
			}
			if unsent > 0 {
				return ErrLive
			}
		}
		out = Erasure{ID: NewID("e"), Customer: e.tree.root, Stands: NewID("x"), At: by.At, By: by.By, Reason: reason,
			Counts: EraseCounts{Customers: len(e.tree.list), Identities: e.addresses, Conversations: len(e.conversations), Touches: len(e.touches)}}
		// Amounts are counted anew on the days that the person was there: nobody else's.
		if err := db.countAnew(ctx, q, by.Rules, e.tree.root); err != nil {
			return err
		}
		return db.overwriting(ctx, q, func() error { return db.erase(ctx, q, &e, &out) })
	})
	return out, err
}

func (db *DB) erase(ctx context.Context, q querier, e *erasing, out *Erasure) (err error) {
	run := runner(ctx, q, &err)
	born := out.At
	for _, c := range e.tree.list {
		born = min(born, c.CreatedAt)
	}
	run("INSERT INTO customers (id, name, created_at, stale, seek, erased_at) VALUES ($1, '', $2, 0, 0, $3)", out.Stands, int64(born), int64(out.At))
	named, err := treeNames(ctx, q, e.tree.root)
	if err != nil {
		return err
	}
	ids, err := identities(ctx, q, e.tree.root)
	if err != nil {
		return err
	}
	if err := db.keepRefusals(ctx, q, e.tree, ids); err != nil {
		return err
	}
	_, names := customerWords(named, ids)
	stands := map[string]string{} // identity → the one without an address
	for _, id := range e.identities {
		stands[id] = NewID("x")
		run(`INSERT INTO identities (id, home, customer, channel, address, name, created_at) SELECT $2, $3, $3, channel, '', '', created_at FROM identities WHERE id = $1`,
			id, stands[id], out.Stands)
		run("UPDATE touches SET author = $2 WHERE identity = $1 AND author = $1", id, stands[id])
		run("UPDATE touches SET identity = $2 WHERE identity = $1", id, stands[id])
		for _, table := range []string{"links", "hints"} {
			run("DELETE FROM "+table+" WHERE identity = $1", id)
		}
		run("DELETE FROM hints WHERE other = $1", id)
		run("DELETE FROM link_uses WHERE identity = $1 AND first = 0", id)
		run("UPDATE link_uses SET identity = '' WHERE identity = $1", id) // it stays used up
		run("DELETE FROM identities WHERE id = $1", id)
	}
	threads := map[string]string{}
	for i := range e.conversations {
		c := &e.conversations[i]
		threads[c.ID] = c.Thread
		c.Identity, c.Thread = stands[c.Identity], "erased/"+c.ID
		head, err := json.Marshal(c)
		if err != nil {
			return err
		}
		for _, table := range []string{"fields", "field_history"} {
			run("DELETE FROM "+table+" WHERE subject = $1", c.ID)
		}
		run("UPDATE conversations SET identity = $2, thread = $3, shared = 0, header = $4 WHERE id = $1", c.ID, c.Identity, c.Thread, string(head))
	}
	for _, c := range e.tree.list {
		for _, where := range []string{"merges WHERE from_customer = $1 OR into_customer = $1", "likenesses WHERE customer = $1", "suggestions WHERE a = $1 OR b = $1",
			"fields WHERE subject = $1", "field_history WHERE subject = $1", "tags WHERE subject = $1", "stages WHERE customer = $1", "consents WHERE customer = $1",
			"members WHERE customer = $1", "relations WHERE from_customer = $1 OR to_customer = $1", "seen WHERE customer = $1", "import_changes WHERE customer = $1", "link_uses WHERE customer = $1 AND first = 0", "customers WHERE id = $1"} {
			run("DELETE FROM "+where, c.ID)
		}
		run("UPDATE link_uses SET identity = '', customer = '' WHERE customer = $1", c.ID) // used up, also for who comes back under the same id
		run("UPDATE audit SET before_json = '', after_json = '' WHERE subject = $1 AND action <> 'customer.erase'", c.ID)
		if err != nil {
			return err
		}
		if err := db.unname(ctx, q, c.ID); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if err := db.forgetSpellings(ctx, q, names); err != nil {
		return err
	}
	if err := db.wipeText(ctx, q, out.At, e.touches, &out.Counts); err != nil {
		return err
	}
	var left any = ""
	if len(threads) > 0 {
		left = asJSON{threads}
	}
	_, err = q.ExecContext(ctx, "INSERT INTO erasures (id, customer, stands, happened_at, by_user, reason, counts, threads, members) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		out.ID, out.Customer, out.Stands, int64(out.At), out.By, out.Reason, asJSON{out.Counts}, left, asJSON{e.members()})
	if err != nil {
		err = fmt.Errorf("erase: %w", err)
	}
	return err
}

// forgetSpellings takes words out of the list of how names are misspelled, unless somebody is still called so.
func (db *DB) forgetSpellings(ctx context.Context, q querier, names []string) error {
	for _, w := range names {
		found, err := db.lists(q, ofNames).numbered(ctx, match{all: []clause{{any: [][]string{{w}}}}}, math.MaxInt64, 1)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			continue
		}
		for _, key := range append(spellings(w), w) {
			if _, err := q.ExecContext(ctx, "DELETE FROM search_names WHERE key = $1 AND word = $2", key, w); err != nil {
				return err
			}
		}
	}
	return nil
}
