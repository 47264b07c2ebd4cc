package inbox

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

// restoreScript puts a dump back at once, as a server that restarts from an old file would appear.
// KEYS 1 the stream  ARGV type, key, field, value, …
var restoreScript = redis.NewScript(`
local gone = {}
for i = 1, #ARGV, 4 do
  if not gone[ARGV[i + 1]] then redis.call('DEL', ARGV[i + 1]); gone[ARGV[i + 1]] = true end
end
for i = 1, #ARGV, 4 do
  if ARGV[i] == 's' then redis.call('SET', ARGV[i + 1], ARGV[i + 3])
  elseif ARGV[i] == 'h' then redis.call('HSET', ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
  else redis.call('XADD', ARGV[i + 1], ARGV[i + 2], 'e', ARGV[i + 3]) end
end
return 1`)

func flat(dump map[string]string, k keys) []any {
	var args, stream []any
	var ids []string
	for name, value := range dump {
		key, field, ok := strings.Cut(name, "\x00")
		switch {
		case !ok:
			args = append(args, "s", key, "", value)
		case key == k.events():
			ids = append(ids, field)
		default:
			args = append(args, "h", key, field, value)
		}
	}
	sortIDs(ids)
	for _, id := range ids {
		stream = append(stream, "x", k.events(), id, dump[k.events()+"\x00"+id])
	}
	return append(args, stream...)
}

// blockWrites keeps the recorder from committing: another session holds the cursor's row, or in SQLite the one
// place of a writer. unlock lets it go on.
func (r *rig) blockWrites() (unlock func()) {
	return r.withCursor("ROLLBACK")
}

// fork keeps the recorder from committing as blockWrites does; unlock then moves the cursor away from under it, as a leader
// does that rebuilds: what waited for the record is dropped.
func (r *rig) fork() (unlock func()) {
	return r.withCursor("UPDATE log_cursor SET n = n + 1, token = 7; COMMIT")
}

func (r *rig) withCursor(end string) (unlock func()) {
	r.t.Helper()
	driver, url, begin := "sqlite", r.dbURL+"?_pragma=busy_timeout(20000)", "BEGIN IMMEDIATE" // the hub writes beside it
	if r.store.database == "postgres" {
		driver, url, begin = "pgx", r.dbURL, "BEGIN; SELECT n FROM log_cursor FOR UPDATE"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := db.Conn(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	ctx := context.WithoutCancel(r.t.Context())
	if _, err := c.ExecContext(ctx, begin); err != nil {
		r.t.Fatal(err)
	}
	done := false
	unlock = func() {
		if !done {
			done = true
			if _, err := c.ExecContext(ctx, end); err != nil {
				r.t.Error(err)
			}
			c.Close()
			db.Close()
		}
	}
	r.t.Cleanup(unlock)
	return unlock
}

func sortIDs(ids []string) {
	slices.SortFunc(ids, func(a, b string) int {
		x, _ := record.ParseID(a)
		y, _ := record.ParseID(b)
		return cmp.Compare(x.N, y.N)
	})
}
