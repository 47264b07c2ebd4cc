package record

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// OpenReadOnly opens the record beside a hub that serves it, for reading only: it takes no lock, changes nothing and brings no
// tables up to date. It refuses a record that another version of this program wrote.
func OpenReadOnly(ctx context.Context, address string) (*DB, error) {
	db := &DB{}
	if strings.Contains(address, "://") {
		if u, err := url.Parse(address); err == nil { // else openPostgres says so
			q := u.Query()
			q.Set("default_transaction_read_only", "on")
			u.RawQuery = q.Encode()
			address = u.String()
		}
		pool, err := openPostgres(address, 4)
		if err != nil {
			return nil, err
		}
		db.d, db.pool, db.searches = &postgresDialect, pool, pool
	} else {
		if _, err := os.Stat(address); err != nil {
			return nil, fmt.Errorf("open the record: %w", err)
		}
		v := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"}} // not "ro": the log beside the file has an index to share
		pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: address}).EscapedPath()+"?"+v.Encode())
		if err != nil {
			return nil, err
		}
		db.d, db.pool = &sqliteDialect, pool
	}
	db.wr = newWriter(db.pool, db.d)
	if err := db.sameVersion(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := db.readSalt(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the record: %w", err)
	}
	return db, nil
}

// sameVersion compares the record's tables with those that this program makes.
func (db *DB) sameVersion(ctx context.Context) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	want, _, _ := strings.Cut(strings.TrimPrefix(files[len(files)-1], "migrations/"), "_") // they are sorted
	var have int64
	if err := db.pool.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version").Scan(&have); err != nil {
		return fmt.Errorf("open the record: %w", err)
	}
	if n, err := strconv.ParseInt(want, 10, 64); err != nil || n != have {
		return fmt.Errorf("the record is at version %d and this program at %s: use the program that serves it", have, want)
	}
	return nil
}
