package record

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date. A file "00002_name.sql" is for both databases, one
// "00002_name.sqlite.sql" for that one. Each runs once, in its own transaction, and is never edited later.
func migrate(ctx context.Context, db *sql.DB, d *dialect) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	// The most common start finds nothing to do; a record of a newer program is not to be touched.
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("the record is at version %d, this program knows up to %d: run the newer program", have, want)
	}
	if have == want {
		return nil
	}
	_, err = p.Up(ctx)
	return err
}

// migrateTo makes the tables of a version in an empty database.
func migrateTo(ctx context.Context, db *sql.DB, d *dialect, version int64) error {
	p, err := provider(db, d)
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case version > want:
		return fmt.Errorf("it is of version %d, this program knows up to %d: use the newer program", version, want)
	case have > version:
		return fmt.Errorf("it is of version %d, and what is there already has tables of version %d: take an empty database", version, have)
	}
	_, err = p.UpTo(ctx, version)
	return err
}

func provider(db *sql.DB, d *dialect) (*goose.Provider, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var list []*goose.Migration
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")
		if name, of, ok := strings.Cut(name, "."); ok && of != d.name {
			_ = name
			continue
		}
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", file, err)
		}
		text, err := migrations.ReadFile(file)
		if err != nil {
			return nil, err
		}
		list = append(list, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, d.words.Replace(string(text)))
				return err
			},
		}, nil))
	}
	return goose.NewProvider(d.goose, db, nil, goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true))
}
