package record

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// A customer who was merged into another stays a row of its own, below that one: merged_into is the branch, root where the tree ends. Identities
// have a home in the tree, and count for its root. So a merge and its undo move pointers, in any order, and nothing is copied.

// What a root shows: its own value, else the oldest one of those who were merged into it. u is the root's row.
const (
	shownName = `COALESCE(NULLIF(u.name, ''), (SELECT m.name FROM customers m WHERE m.root = u.id AND m.root <> '' AND m.name <> '' ORDER BY m.created_at, m.id LIMIT 1), '')`
	shownTier = `COALESCE(NULLIF(u.tier, ''), (SELECT m.tier FROM customers m WHERE m.root = u.id AND m.root <> '' AND m.tier <> '' ORDER BY m.created_at, m.id LIMIT 1), '')`
)

const ownColumns = "id, name, tier, created_at, version, confirmed_at, merged_into, erased_at"

func scanCustomer(rows *sql.Rows, c *Customer) error {
	return rows.Scan(&c.ID, &c.Name, &c.Tier, &c.CreatedAt, &c.Version, &c.ConfirmedAt, &c.MergedInto, &c.ErasedAt)
}

// rootOf is whom a customer counts for. ErrNotFound.
func rootOf(ctx context.Context, q querier, id string) (string, error) {
	var root string
	err := q.QueryRowContext(ctx, "SELECT CASE WHEN root = '' THEN id ELSE root END FROM customers WHERE id = $1", id).Scan(&root)
	return root, one(err)
}

// living is rootOf but for those who stand for somebody who was erased: nothing more is to be said of them. With the dialect's lockRows, nobody is erased
// while something is said. ErrNotFound.
func living(ctx context.Context, q querier, id, lock string) (string, error) {
	root, err := rootOf(ctx, q, id)
	if err == nil {
		err = one(q.QueryRowContext(ctx, "SELECT id FROM customers WHERE id = $1 AND erased_at = 0"+lock, root).Scan(&root))
	}
	return root, err
}

// tree is a root with all who were merged into it.
type tree struct {
	root string
	list []Customer // as their rows are, the oldest first
}

// treeOf reads the tree that a customer is in. ErrNotFound.
func treeOf(ctx context.Context, q querier, id string) (tree, error) {
	root, err := rootOf(ctx, q, id)
	if err != nil {
		return tree{}, err
	}
	list, err := collect(ctx, q, scanCustomer, "SELECT "+ownColumns+" FROM customers WHERE id = $1 OR (root = $1 AND root <> '') ORDER BY created_at, id", root)
	return tree{root, list}, err
}

// below is the part of a tree from one of its customers on.
func (t tree) below(id string) tree {
	in := map[string]bool{id: true}
	for grown := true; grown; {
		grown = false
		for _, c := range t.list {
			if !in[c.ID] && in[c.MergedInto] {
				in[c.ID], grown = true, true
			}
		}
	}
	return t.only(id, func(c Customer) bool { return in[c.ID] })
}

// without is the rest of a tree when a part of it has gone.
func (t tree) without(part tree) tree {
	return t.only(t.root, func(c Customer) bool { return !part.has(c.ID) })
}

func (t tree) only(root string, keep func(Customer) bool) tree {
	out := tree{root: root}
	for _, c := range t.list {
		if keep(c) {
			out.list = append(out.list, c)
		}
	}
	return out
}

// joined is what becomes of two trees when one is merged into the other.
func (t tree) joined(other tree) tree {
	list := append(slices.Clone(t.list), other.list...)
	slices.SortFunc(list, byAge)
	return tree{t.root, list}
}

func (t tree) has(id string) bool {
	return slices.ContainsFunc(t.list, func(c Customer) bool { return c.ID == id })
}

func (t tree) ids() []any {
	ids := make([]any, len(t.list))
	for i, c := range t.list {
		ids[i] = c.ID
	}
	return ids
}

// shown is the root as it shows: like shownName and shownTier.
func (t tree) shown() Customer {
	var out Customer
	for _, c := range t.list {
		if c.ID == t.root {
			out = c.own()
		}
	}
	out.MergedInto = ""
	for i := range t.list {
		if t.list[i].ID != t.root {
			out.fill(&t.list[i])
		}
	}
	return out
}

// merged are those who were merged into the root, directly or not.
func (t tree) merged() []Customer {
	out := []Customer{}
	for _, c := range t.list {
		if c.ID != t.root {
			out = append(out, c)
		}
	}
	return out
}

// treeNames are the names of all in a root's tree, a line each.
func treeNames(ctx context.Context, q querier, root string) (string, error) {
	names, err := namesBy(ctx, q, []any{root})
	return strings.Join(names[root], "\n"), err
}

// identities are those with their home in the tree, the oldest first, each with how it came there.
func (t tree) identities(ctx context.Context, q querier) ([]Identity, error) {
	in := "(" + placeholders(1, len(t.list)) + ")"
	list, err := collect(ctx, q, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE home IN "+in+" ORDER BY created_at, id", t.ids()...)
	if err != nil {
		return nil, err
	}
	links, err := collect(ctx, q, scanLink, "SELECT "+linkColumns+" FROM links l JOIN identities i ON i.id = l.identity WHERE i.home IN "+in+
		" AND l.step = (SELECT MAX(step) FROM links WHERE identity = i.id)", t.ids()...)
	if err != nil {
		return nil, err
	}
	last := map[string]*Link{}
	for i := range links {
		last[links[i].Identity], links[i].Identity = &links[i], ""
	}
	for i := range list {
		list[i].Link = last[list[i].ID]
	}
	return list, nil
}

// known reads the two ends of each identity's timeline.
func (t tree) known(ctx context.Context, q querier) (k Known, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MIN(x.first_at), 0), COALESCE(MAX(x.last_at), 0) FROM (
		SELECT (SELECT MIN(happened_at) FROM touches WHERE identity = i.id) AS first_at, (SELECT MAX(happened_at) FROM touches WHERE identity = i.id) AS last_at
		FROM identities i WHERE i.home IN (`+placeholders(1, len(t.list))+")) AS x", t.ids()...).Scan(&k.FirstTouch, &k.LastTouch)
	return k, err
}

// between runs f between two batches of the recorder, which waits for it, with the notes of what it changes: what both change (homes, roots) is
// changed in one order.
func (db *DB) between(ctx context.Context, notes []Note, f func(q querier) error) error {
	for try := 0; ; try++ {
		err := db.writeNoted(ctx, notes, func(q querier) error {
			var n int64
			if err := q.QueryRowContext(ctx, db.d.lockCursor).Scan(&n); err != nil {
				return err
			}
			return f(q)
		})
		var pg *pgconn.PgError
		if try < 5 && errors.As(err, &pg) && pg.Code == "40P01" { // the index and this wait for each other's customers
			continue
		}
		return err
	}
}

func byAge(a, b Customer) int {
	return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
}
