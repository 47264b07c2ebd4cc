package record

import (
	"context"
	"errors"
	"fmt"
)

// What has been deleted leaves traces in a database's files, which nothing reads any more but whoever has the file. Overwrite takes them away where
// that can be done beside a hub that works:
//
//   - SQLite. PRAGMA secure_delete zeroes what a statement deletes. Rows that moved when their page was full stay where they were, too, one in
//     ten of a table with random keys: a file of up to rewriteUpTo bytes is written anew, a larger one is the operator's to write anew. Then
//     the log beside the file is emptied.
//   - PostgreSQL. VACUUM takes dead rows out of tables and indexes, so that no statement and no index leads to them; the bytes stay in their
//     pages until something else is written there. VACUUM FULL, which rewrites a table, keeps everybody out meanwhile: it is the operator's.

// errBusy: somebody reads what was there before; to be tried again.
var errBusy = errors.New("the database's log is in use")

// Overwrite leaves nothing of deleted rows in the database's files, as far as is said above. It writes in small pieces; reads may wait for none.
func (db *DB) Overwrite(ctx context.Context) error {
	err := db.overwrite(ctx)
	if err != nil {
		err = fmt.Errorf("overwrite what was deleted: %w", err)
	}
	return err
}

func (db *DB) overwrite(ctx context.Context) error {
	if !db.d.oneConn {
		return db.vacuum(ctx)
	}
	// First, since it is refused at once while somebody reads what was: the file would be written anew each time for nothing.
	if err := db.emptyLog(ctx); err != nil {
		return err
	}
	if err := db.rewrite(ctx); err != nil {
		return err
	}
	return db.emptyLog(ctx)
}

// rewriteUpTo is how large a file, in bytes, may be to be written anew while the hub works: writers wait meanwhile, about a second for each 100 MB.
const rewriteUpTo = 256 << 20

// rewrite leaves out of SQLite's file whatever is no row.
func (db *DB) rewrite(ctx context.Context) error {
	var size int64
	if err := db.pool.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size); err != nil || size > rewriteUpTo {
		return err
	}
	return db.wr.tx(ctx, func() error { // not within a transaction: none has begun
		_, err := db.wr.conn.ExecContext(ctx, "VACUUM")
		return err
	})
}

// emptyLog writes SQLite's log into its file and leaves none. It waits for nobody, since writers would wait behind it.
func (db *DB) emptyLog(ctx context.Context) error {
	c, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "PRAGMA busy_timeout = 50"); err != nil {
		return err
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "PRAGMA busy_timeout = 10000")
	for _, how := range []string{"PASSIVE", "TRUNCATE"} { // the first does the work beside writers
		var busy, pages, done int64
		if err := c.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+how+")").Scan(&busy, &pages, &done); err != nil {
			return err
		}
		if busy != 0 {
			return errBusy
		}
	}
	return nil
}

// erasedFrom are PostgreSQL's tables that an erasure or a rule of retention takes rows from.
var erasedFrom = []string{"bodies", "touch_data", "touches", "unreadable_events", "identities", "customers", "links", "merges", "hints", "link_uses", "likenesses", "suggestions",
	"fields", "field_history", "tags", "stages", "consents", "members", "relations", "pins", "seen", "audit", "import_changes", "import_errors", "imports", "conversations", "events", "erasures",
	"search_postings", "search_terms", "search_head", "search_docs", "search_blocks", "search_conversations", "search_names", "customer_rows"}

func (db *DB) vacuum(ctx context.Context) error {
	for _, table := range erasedFrom {
		if _, err := db.pool.ExecContext(ctx, "VACUUM (INDEX_CLEANUP ON) "+table); err != nil {
			return fmt.Errorf("vacuum %s: %w", table, err)
		}
	}
	return nil
}
