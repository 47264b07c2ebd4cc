package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What follows an erasure behind the answer: the addresses in old events, the files, and what deleted rows leave in the database's own files.

// scrubAtOnce is how many erasures share one reading of the events.
const scrubAtOnce = 1000

// Unwiped is what was taken away, by erasures or by retention, of which the log and the database's files may still have traces.
type Unwiped struct {
	Last     Millis   // the last time, no two are alike; 0: none
	erasures []string // that are not certified
}

// Unwiped tells what was taken away until now.
func (db *DB) Unwiped(ctx context.Context) (u Unwiped, err error) {
	// The erasures first: what follows from each of them is then told below.
	if u.erasures, err = collect(ctx, db.pool, scanText, "SELECT id FROM erasures WHERE scrubbed_at = 0"); err != nil {
		return u, err
	}
	err = db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(since), 0) FROM unwiped").Scan(&u.Last)
	return u, err
}

// ScrubOnce does what is left of the oldest erasures that are not done: it takes the threads, the addresses that headers carried, out of their events. When
// none has any left, and the files are gone, it overwrites what deleted rows have left since before a moment, and certifies those of u, which the log has
// been trimmed of. It tells whether it did something. It reads all events once, however many were erased, and writes in small pieces.
func (db *DB) ScrubOnce(ctx context.Context, now, before Millis, u Unwiped) (bool, error) {
	type row struct {
		id      string
		threads map[string]string
	}
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, asJSON{&r.threads}) },
		"SELECT id, threads FROM erasures WHERE scrubbed_at = 0 AND threads <> '' ORDER BY happened_at, id LIMIT $1", scrubAtOnce)
	if err != nil {
		return false, err
	}
	if len(list) == 0 {
		return db.certify(ctx, now, before, u)
	}
	threads := map[string]string{} // by conversation
	for _, r := range list {
		maps.Copy(threads, r.threads)
	}
	if err := db.scrub(ctx, threads); err != nil {
		return false, fmt.Errorf("scrub events: %w", err)
	}
	return true, db.write(ctx, func(q querier) error {
		return db.overwriting(ctx, q, func() (err error) {
			run := runner(ctx, q, &err)
			for _, r := range list {
				run("UPDATE erasures SET threads = '' WHERE id = $1", r.id)
			}
			return err
		})
	})
}

// certify overwrites, and ends the erasures of u, whose events and files are done. An error leaves all for the next time, as does what came after u.
func (db *DB) certify(ctx context.Context, now, before Millis, u Unwiped) (bool, error) {
	if u.Last == 0 || u.Last > before {
		return false, nil
	}
	var files bool
	if err := db.pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM doomed_blobs)").Scan(&files); err != nil || files {
		return false, err
	}
	if err := db.Overwrite(ctx); err != nil {
		return false, err
	}
	return true, db.write(ctx, func(q querier) (err error) {
		run := runner(ctx, q, &err)
		for _, id := range u.erasures {
			run("UPDATE erasures SET scrubbed_at = $2 WHERE id = $1 AND threads = ''", id, int64(now))
		}
		run("DELETE FROM unwiped WHERE since <= $1", int64(u.Last))
		return err
	})
}

func (db *DB) scrub(ctx context.Context, threads map[string]string) error {
	// The first event of a conversation is not after its first touch.
	var last int64
	if err := db.pool.QueryRowContext(ctx, "SELECT n FROM log_cursor").Scan(&last); err != nil {
		return err
	}
	for from := int64(0); from < last; {
		const step = 20_000
		list, err := collect(ctx, db.pool, func(rows *sql.Rows, r *headed) error { return rows.Scan(&r.n, &r.conversation) },
			"SELECT n, conversation FROM events WHERE n > $1 AND n <= $2 AND conversation <> ''", from, from+step)
		if err != nil {
			return err
		}
		from += step
		var of []int64
		for _, r := range list {
			if _, ok := threads[r.conversation]; ok {
				of = append(of, r.n)
			}
		}
		if err := inPieces(of, func(ns []any) error {
			rows, err := collect(ctx, db.pool, func(rows *sql.Rows, r *headed) error { return rows.Scan(&r.n, &r.conversation, &r.json) },
				"SELECT n, conversation, json FROM events WHERE n IN ("+placeholders(1, len(ns))+")", ns...)
			if err != nil {
				return err
			}
			return db.write(ctx, func(q querier) (err error) {
				return db.overwriting(ctx, q, func() error { return scrubEvents(ctx, q, rows, threads) })
			})
		}); err != nil {
			return err
		}
	}
	return nil
}

// headed is an event with its conversation.
type headed struct {
	n                  int64
	conversation, json string
}

func scrubEvents(ctx context.Context, q querier, rows []headed, threads map[string]string) (err error) {
	run := runner(ctx, q, &err)
	for _, r := range rows {
		if text := withoutThread(r.json, threads[r.conversation], "erased/"+r.conversation); text != r.json {
			run("UPDATE events SET json = $2 WHERE n = $1", r.n, text)
		}
	}
	return err
}

// withoutThread puts another thread into an event's header.
func withoutThread(event, thread, now string) string {
	old, _ := json.Marshal(thread)
	new, _ := json.Marshal(now)
	return strings.Replace(event, `"thread":`+string(old), `"thread":`+string(new), 1)
}

// doom has a blob removed, after a while, unless something else names it, which may be of another kind: what was sent as a file may be imported.
func doom(run func(string, ...any), blob string, at Millis) {
	if blob != "" {
		run("INSERT INTO doomed_blobs (name, happened_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", blob, int64(at))
	}
}

// Doomed lists blobs that were let go of before a time, and that nothing names any more; those that something does are forgotten.
func (db *DB) Doomed(ctx context.Context, before Millis) ([]string, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) },
		"SELECT name FROM doomed_blobs WHERE happened_at < $1 ORDER BY name LIMIT 1000", int64(before))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	doomed := map[string]bool{}
	for _, name := range list {
		doomed[name] = true
	}
	// One pass over all bodies that name any.
	rows, err := db.pool.QueryContext(ctx, "SELECT blob, more FROM bodies WHERE blob <> '' OR more <> ''")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	named := []string{}
	for rows.Next() {
		var b Body
		var more []byte
		if err := rows.Scan(&b.Blob, &more); err != nil {
			return nil, err
		}
		if len(more) > 0 {
			if err := b.readMore(more); err != nil {
				return nil, err
			}
		}
		for _, name := range b.Blobs() {
			if doomed[name] {
				delete(doomed, name)
				named = append(named, name)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	imports, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, "SELECT blob FROM imports WHERE blob <> ''")
	if err != nil {
		return nil, err
	}
	for _, name := range imports {
		if doomed[name] {
			delete(doomed, name)
			named = append(named, name)
		}
	}
	if err := db.Spared(ctx, named...); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(name string) bool { return !doomed[name] }), nil
}

// Spared forgets doomed blobs: they are gone, or somebody names them.
func (db *DB) Spared(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	return db.write(ctx, func(q querier) (err error) {
		run := runner(ctx, q, &err)
		for _, name := range names {
			run("DELETE FROM doomed_blobs WHERE name = $1", name)
		}
		return err
	})
}
