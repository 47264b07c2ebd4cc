package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What is imported.
const (
	ImportCustomers     = "customers"
	ImportTouches       = "touches"
	ImportOrganisations = "organisations"
)

// States of an import.
const (
	ImportNew       = "new"
	ImportChecking  = "checking" // asked for, or under way, like running and undoing
	ImportChecked   = "checked"
	ImportRunning   = "running"
	ImportDone      = "done"
	ImportFailed    = "failed"
	ImportCancelled = "cancelled"
	ImportUndoing   = "undoing"
	ImportUndone    = "undone"
)

// ImportRow is an import as the record keeps it.
type ImportRow struct {
	ID        string
	Version   int64 // counts what people change
	Name      string
	Of        string // ImportCustomers, ImportTouches, ImportOrganisations
	State     string
	Blob      string // the file; "" when it is gone
	Size      int64
	Setup     json.RawMessage // format, columns, mapping, options: the engine's
	Progress  json.RawMessage // likewise
	Error     string
	AskedAt   Millis
	CreatedAt Millis
	By        string
	CheckedAt Millis
	StartedAt Millis
	EndedAt   Millis

	ForgottenAt Millis // see ForgetImported

	Sums ImportSums // of what it has done
}

// ImportSums are what an import has done.
type ImportSums struct {
	Last      int64 // row of the file up to which it is done
	Made      int64
	Updated   int64
	Known     int64
	Customers int64 // of touches: those that became known
	Bad       int64
}

const importColumns = `i.id, i.version, i.name, i.kind, i.state, i.blob, i.size, i.setup, i.progress, i.error, i.asked_at, i.created_at, i.by_user, i.checked_at, i.started_at, i.ended_at,
	COALESCE((SELECT MAX(last) FROM import_chunks c WHERE c.import = i.id), 0), COALESCE((SELECT SUM(made) FROM import_chunks c WHERE c.import = i.id), 0),
	COALESCE((SELECT SUM(updated) FROM import_chunks c WHERE c.import = i.id), 0), COALESCE((SELECT SUM(known) FROM import_chunks c WHERE c.import = i.id), 0),
	COALESCE((SELECT SUM(customers) FROM import_chunks c WHERE c.import = i.id), 0), i.bad + (SELECT count(*) FROM import_errors e WHERE e.import = i.id), i.forgotten_at`

func scanImport(rows *sql.Rows, i *ImportRow) error {
	var setup, progress string
	s := &i.Sums
	err := rows.Scan(&i.ID, &i.Version, &i.Name, &i.Of, &i.State, &i.Blob, &i.Size, &setup, &progress, &i.Error, &i.AskedAt, &i.CreatedAt, &i.By,
		&i.CheckedAt, &i.StartedAt, &i.EndedAt, &s.Last, &s.Made, &s.Updated, &s.Known, &s.Customers, &s.Bad, &i.ForgottenAt)
	i.Setup, i.Progress = json.RawMessage(setup), json.RawMessage(progress)
	return err
}

// AddImport stores a new one.
func (db *DB) AddImport(ctx context.Context, i ImportRow, notes ...Note) error {
	return db.writeNoted(ctx, notes, func(q querier) error {
		return add(ctx, q, `INSERT INTO imports (id, version, name, kind, state, blob, size, setup, progress, error, asked_at, created_at, by_user, checked_at, started_at, ended_at)
			VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, '', 0, $9, $10, 0, 0, 0)`,
			i.ID, i.Name, i.Of, i.State, i.Blob, i.Size, string(i.Setup), string(i.Progress), int64(i.CreatedAt), i.By)
	})
}

// ImportByID reads one; ErrNotFound.
func (db *DB) ImportByID(ctx context.Context, id string) (ImportRow, error) {
	return single(collect(ctx, db.pool, scanImport, "SELECT "+importColumns+" FROM imports i WHERE i.id = $1", id))
}

// Imports lists them, newest first, older than before ("": the newest). ErrCursor.
func (db *DB) Imports(ctx context.Context, before string, limit int) (list []ImportRow, next string, err error) {
	at, id := int64(always), ""
	if before != "" {
		if n, err := fmt.Sscanf(before, "%d.%s", &at, &id); err != nil || n != 2 {
			return nil, "", ErrCursor
		}
	}
	list, err = collect(ctx, db.pool, scanImport, "SELECT "+importColumns+" FROM imports i WHERE i.created_at < $1 OR i.created_at = $1 AND i.id < $2 ORDER BY i.created_at DESC, i.id DESC LIMIT $3",
		at, id, limit+1)
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = fmt.Sprintf("%d.%s", list[limit-1].CreatedAt, list[limit-1].ID)
	}
	return list, next, err
}

// NextImport is the one that has waited for its work longest; ErrNotFound.
func (db *DB) NextImport(ctx context.Context) (ImportRow, error) {
	return single(collect(ctx, db.pool, scanImport, "SELECT "+importColumns+" FROM imports i WHERE i.state IN ('checking', 'running', 'undoing') ORDER BY i.asked_at, i.id LIMIT 1"))
}

// EditImport replaces name, setup and progress of the one that was read at this version, which is in one of these states, and brings it into
// state. ErrConflict, ErrNotFound.
func (db *DB) EditImport(ctx context.Context, i ImportRow, state string, from ...string) error {
	return db.write(ctx, func(q querier) error {
		args := []any{i.ID, i.Version, i.Name, string(i.Setup), string(i.Progress), state}
		return edit(ctx, q, "imports", i.ID, `UPDATE imports SET version = version + 1, name = $3, setup = $4, progress = $5, state = $6
			WHERE id = $1 AND version = $2 AND state IN (`+placeholders(len(args)+1, len(from))+")", append(args, anys(from)...)...)
	})
}

// MoveImport brings an import from one of these states into another, at a time that stands with it, with an error ("" for none).
// ErrConflict: it is in none of them. ErrNotFound.
func (db *DB) MoveImport(ctx context.Context, id string, at Millis, state, failure string, from []string, notes ...Note) error {
	when := map[string]string{ImportChecking: "asked_at = $3", ImportRunning: "asked_at = $3, started_at = CASE WHEN started_at = 0 THEN $3 ELSE started_at END, ended_at = 0",
		ImportUndoing: "asked_at = $3", ImportChecked: "checked_at = $3", ImportDone: "ended_at = $3", ImportFailed: "ended_at = $3", ImportCancelled: "ended_at = $3",
		ImportUndone: "ended_at = $3", ImportNew: "checked_at = 0, asked_at = $3"}[state]
	return db.writeNoted(ctx, notes, func(q querier) error {
		args := []any{id, state, int64(at), failure}
		if err := edit(ctx, q, "imports", id, "UPDATE imports SET version = version + 1, state = $2, error = $4, "+when+" WHERE id = $1 AND state IN ("+placeholders(len(args)+1, len(from))+")",
			append(args, anys(from)...)...); err != nil {
			return err
		}
		if state == ImportChecking {
			_, err := q.ExecContext(ctx, "DELETE FROM import_errors WHERE import = $1", id)
			return err
		}
		return nil
	})
}

// ImportProgress keeps how far the engine has got.
func (db *DB) ImportProgress(ctx context.Context, id string, progress json.RawMessage) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE imports SET progress = $2 WHERE id = $1", id, string(progress))
		return err
	})
}

// ForgetImportErrors empties the list of rows that were not taken.
func (db *DB) ForgetImportErrors(ctx context.Context, id string) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "DELETE FROM import_errors WHERE import = $1", id)
		return err
	})
}

// DeleteImport forgets one that does not work, and its file.
func (db *DB) DeleteImport(ctx context.Context, id string, version int64, now Millis, notes ...Note) error {
	return db.writeNoted(ctx, notes, func(q querier) error {
		var blob string
		if err := q.QueryRowContext(ctx, "SELECT blob FROM imports WHERE id = $1", id).Scan(&blob); err != nil {
			return one(err)
		}
		if err := edit(ctx, q, "imports", id, "DELETE FROM imports WHERE id = $1 AND version = $2 AND state NOT IN ('checking', 'running', 'undoing')", id, version); err != nil {
			return err
		}
		var err error
		run := runner(ctx, q, &err)
		for _, table := range []string{"import_chunks", "import_errors", "import_changes"} {
			run("DELETE FROM "+table+" WHERE import = $1", id)
		}
		doom(run, blob, now)
		return err
	})
}

// ImportError is a row that was not taken.
type ImportError struct {
	Row     int          `json:"row"`    // in a spreadsheet
	Fields  []string     `json:"fields"` // of JSON lines one: the line
	Reasons []CellReason `json:"errors"`
}

// CellReason is what is wrong with a row.
type CellReason struct {
	Column  string `json:"column,omitempty"` // "": it is the row
	Code    string `json:"reason"`
	Value   string `json:"value,omitempty"`
	Message string `json:"message"` // for people; kept in English
}

var insertImportErrors = many{`INSERT INTO import_errors (import, row_no, fields, reasons) VALUES `, `(?, ?, ?, ?)`, ` ON CONFLICT DO NOTHING`}

// AddImportErrors keeps rows that were not taken; one that is kept already stays as it is.
func (db *DB) AddImportErrors(ctx context.Context, id string, list []ImportError) error {
	var args []any
	for _, e := range list {
		fields, err := json.Marshal(e.Fields)
		if err != nil {
			return err
		}
		reasons, err := json.Marshal(e.Reasons)
		if err != nil {
			return err
		}
		args = append(args, id, int64(e.Row), cleanJSON(fields), cleanJSON(reasons))
	}
	return db.write(ctx, func(q querier) error { return db.runAll(ctx, q, insertImportErrors.over(nil, args)) })
}

// cleanJSON holds no NUL, which PostgreSQL refuses in no text column but a reader could trip over.
func cleanJSON(b []byte) string { return strings.ReplaceAll(string(b), `\u0000`, "") }

// ImportErrors lists rows that were not taken, in order, behind a row.
func (db *DB) ImportErrors(ctx context.Context, id string, after, limit int) ([]ImportError, error) {
	return collect(ctx, db.pool, func(rows *sql.Rows, e *ImportError) error {
		return rows.Scan(&e.Row, asJSON{&e.Fields}, asJSON{&e.Reasons})
	}, "SELECT row_no, fields, reasons FROM import_errors WHERE import = $1 AND row_no > $2 ORDER BY row_no LIMIT $3", id, after, limit)
}

// ImportMapping reads how columns were mapped the last time; ErrNotFound.
func (db *DB) ImportMapping(ctx context.Context, signature string) (json.RawMessage, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, "SELECT json FROM import_mappings WHERE signature = $1", signature)
	text, err := single(list, err)
	return json.RawMessage(text), err
}

// KeepImportMapping remembers it for the next file with the same columns.
func (db *DB) KeepImportMapping(ctx context.Context, signature string, mapping json.RawMessage, at Millis) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO import_mappings (signature, json, used_at) VALUES ($1, $2, $3)
			ON CONFLICT (signature) DO UPDATE SET json = excluded.json, used_at = excluded.used_at`, signature, string(mapping), int64(at))
		return err
	})
}

// ImportedUpTo is the row of the file up to which an import is done.
func (db *DB) ImportedUpTo(ctx context.Context, id string) (last int64, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(last), 0) FROM import_chunks WHERE import = $1", id).Scan(&last)
	return last, err
}

// follows tells whether a piece of a file is written already. ErrConflict: another one is, of which it is a part or that ends elsewhere.
func follows(ctx context.Context, q querier, id string, first, last int64) (there bool, err error) {
	var end, mine int64
	err = q.QueryRowContext(ctx, "SELECT COALESCE(MAX(last), 0), COALESCE(MAX(CASE WHEN first = $2 THEN last END), 0) FROM import_chunks WHERE import = $1", id, first).Scan(&end, &mine)
	if err == nil && mine != last && end != first-1 {
		err = ErrConflict
	}
	return mine == last, err
}

// KnownIdentities tells whose identities with these ids are, of those that are there.
func (db *DB) KnownIdentities(ctx context.Context, ids []string) (map[string]Identity, error) {
	return knownIdentities(ctx, db.pool, ids)
}

func knownIdentities(ctx context.Context, q querier, ids []string) (map[string]Identity, error) {
	known := map[string]Identity{}
	for some := range slices.Chunk(ids, keysAtOnce) {
		list, err := collect(ctx, q, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE id IN ("+placeholders(1, len(some))+")", anys(some)...)
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			known[i.ID] = i
		}
	}
	return known, nil
}

// ImportPiece is a chunk of an import that can be taken back.
type ImportPiece struct {
	First    int64
	From, To uint64 // numbers of its touches
}

// ImportPieces are those of an import that are not taken back, the newest first.
func (db *DB) ImportPieces(ctx context.Context, id string, limit int) ([]ImportPiece, error) {
	return collect(ctx, db.pool, func(rows *sql.Rows, p *ImportPiece) error { return rows.Scan(&p.First, &p.From, &p.To) },
		"SELECT first, n_from, n_to FROM import_chunks WHERE import = $1 AND undone = 0 ORDER BY first DESC LIMIT $2", id, limit)
}

// ImportPieceUndone says that a chunk without touches is taken back.
func (db *DB) ImportPieceUndone(ctx context.Context, id string, first int64) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE import_chunks SET undone = 1 WHERE import = $1 AND first = $2", id, first)
		return err
	})
}

// AddImportChunk notes a piece of a file in which no row was taken.
func (db *DB) AddImportChunk(ctx context.Context, id string, first, last int64) error {
	return db.write(ctx, func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO import_chunks (import, first, last, n_from, n_to, made, updated, known, customers) VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0)
			ON CONFLICT DO NOTHING`, id, first, last)
		return err
	})
}

// ImportChunkEnd is the last row of the chunk that begins with a row; 0 when there is none.
func (db *DB) ImportChunkEnd(ctx context.Context, id string, first int64) (last int64, err error) {
	err = db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(last), 0) FROM import_chunks WHERE import = $1 AND first = $2", id, first).Scan(&last)
	return last, err
}

// ForgetImportFiles lets go of the files of imports that are done, or undone, since before a moment.
func (db *DB) ForgetImportFiles(ctx context.Context, before, now Millis) error {
	return db.write(ctx, func(q querier) (err error) {
		run := runner(ctx, q, &err)
		const over = "FROM imports WHERE blob <> '' AND state IN ('done', 'undone') AND ended_at < $1"
		run("INSERT INTO doomed_blobs (name, happened_at) SELECT DISTINCT blob, CAST($2 AS BIGINT) "+over+" ON CONFLICT DO NOTHING", int64(before), int64(now))
		run("UPDATE imports SET blob = '' WHERE id IN (SELECT id "+over+")", int64(before))
		return err
	})
}
