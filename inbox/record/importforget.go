package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// ForgetImported lets imports that ended before a moment, and those that nobody has gone on with since another, go of what they hold of people:
// the file, the first cells of its columns, rows that were not taken, names of whom an undoing left. Their figures stay, and they can still be undone.
func (db *DB) ForgetImported(ctx context.Context, ended, left, now Millis) error {
	const piece = 200
	for n := piece; n == piece; {
		if err := db.write(ctx, func(q querier) (err error) {
			n, err = db.forgetImported(ctx, q, ended, left, now, piece)
			return err
		}); err != nil {
			return fmt.Errorf("forget what imports hold: %w", err)
		}
	}
	return nil
}

func (db *DB) forgetImported(ctx context.Context, q querier, ended, left, now Millis, limit int) (int, error) {
	type row struct{ id, blob, setup, progress string }
	list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.blob, &r.setup, &r.progress) },
		`SELECT id, blob, setup, progress FROM imports WHERE forgotten_at = 0 AND (state IN ('done', 'undone', 'failed', 'cancelled') AND ended_at < $1
		OR state IN ('new', 'checked') AND created_at < $2 AND asked_at < $2) ORDER BY id LIMIT $3`+db.d.lockRows, int64(ended), int64(left), limit)
	if err != nil {
		return 0, err
	}
	return len(list), db.overwriting(ctx, q, func() (err error) {
		run := runner(ctx, q, &err)
		for _, r := range list {
			run("UPDATE imports SET blob = '', setup = $2, progress = $3, bad = bad + (SELECT count(*) FROM import_errors e WHERE e.import = imports.id), forgotten_at = $4 WHERE id = $1",
				r.id, withoutSamples(r.setup), withoutKeys(r.progress, "left", "warnings"), int64(now))
			run("DELETE FROM import_errors WHERE import = $1", r.id)
			doom(run, r.blob, now)
		}
		return err
	})
}

// withoutSamples is an import's setup without cells of its file. What cannot be read goes as a whole.
func withoutSamples(setup string) string {
	var all map[string]json.RawMessage
	var columns []map[string]json.RawMessage
	if json.Unmarshal([]byte(setup), &all) != nil || json.Unmarshal(all["columns"], &columns) != nil {
		return "{}"
	}
	for _, c := range columns {
		c["samples"] = json.RawMessage("[]")
	}
	all["columns"], _ = json.Marshal(columns) // texts that were read
	text, _ := json.Marshal(all)
	return string(text)
}

// withoutKeys is an object's JSON without some keys.
func withoutKeys(object string, keys ...string) string {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &all) != nil {
		return "{}"
	}
	for _, key := range keys {
		delete(all, key)
	}
	text, _ := json.Marshal(all)
	return string(text)
}
