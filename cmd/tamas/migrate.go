package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"tamas/inbox/record"
)

// migrate copies the record from one database into another, while no hub runs.
func migrate(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	from, to := "", ""
	cfg, rest, err := parse("tamas migrate", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&from, "from", "sqlite", "the record: sqlite (that of the data folder), a SQLite `file` or a postgres:// URL")
		f.StringVar(&to, "to", "", "where to: the same, with nothing in it")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood", rest[0])
	}
	for _, address := range []*string{&from, &to} {
		switch *address {
		case "":
			return errors.New("--to is missing: a postgres:// URL, sqlite, or a file")
		case "sqlite":
			*address = (&config{Data: cfg.Data}).database()
		case "postgres":
			if !strings.Contains(cfg.Database, "://") {
				return errors.New("which PostgreSQL? Give its postgres:// URL, or --database")
			}
			*address = cfg.Database
		}
	}
	if from == to {
		return errors.New("--from and --to are the same")
	}
	for _, address := range []string{from, to} {
		if strings.Contains(address, "://") {
			continue
		}
		unlock, err := record.LockFile(address)
		if err != nil {
			return err
		}
		defer unlock()
	}
	db, err := record.OpenReadOnly(ctx, from)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Unused(ctx); err != nil {
		return err
	}
	version, err := db.Version(ctx)
	if err != nil {
		return err
	}
	l, err := record.Load(ctx, to, version)
	if errors.Is(err, record.ErrOccupied) {
		return errors.New("there is a record already where --to points: it has to be empty")
	}
	if err != nil {
		return err
	}
	defer l.Close()
	before := map[string]*record.Tally{}
	if _, err := db.Dump(ctx, func(t record.Table, rows record.Rows) error {
		before[t.Name] = &record.Tally{}
		err := l.Table(ctx, t, before[t.Name].Of(rows))
		if err == nil {
			fmt.Fprintf(out, "  %-24s %d\n", t.Name, before[t.Name].Rows)
		}
		return err
	}); err != nil {
		return err
	}
	after, err := l.Tallies(ctx)
	if err != nil {
		return err
	}
	if err := printTallies(out, before, after); err != nil {
		return err
	}
	if err := l.Finish(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "All tables are the same. Start the hub with --database and the new address; files stay in the data folder.\n")
	return nil
}

// printTallies compares both sides; an error names the tables that differ.
func printTallies(out io.Writer, before, after map[string]*record.Tally) error {
	names := []string{}
	for name := range before {
		names = append(names, name)
	}
	slices.Sort(names)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "table\trows before\tafter\tsum before\tafter")
	var differ []string
	for _, name := range names {
		b, a := before[name], after[name]
		if a == nil {
			a = &record.Tally{}
		}
		if !a.Is(b) {
			differ = append(differ, name)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%016x\t%016x\n", name, b.Rows, a.Rows, b.Sum[0], a.Sum[0])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(differ) > 0 {
		return fmt.Errorf("nothing was migrated: these tables are not the same: %s", strings.Join(differ, ", "))
	}
	return nil
}
