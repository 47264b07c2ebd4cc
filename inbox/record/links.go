package record

import (
	"context"
	"database/sql"
	"maps"
	"slices"
)

// Kinds of links: why an identity came to its home.
const (
	LinkProof = "proof" // a signed token, or a signed call of a system, named the customer
	LinkStart = "start" // it opened an address that was made for the customer
	LinkNamed = "named" // the proof of another identity named it too, and nobody had it
	LinkHand  = "hand"  // somebody said so
	LinkSplit = "split" // somebody said that it is of somebody else, whom nobody knew
	LinkBack  = "back"  // a link was undone, or a merge with it
)

// Link is one change of an identity's home.
type Link struct {
	ID       string `json:"id"`                 // of the change, which may have moved several identities
	Identity string `json:"identity,omitempty"` // in a list of links; else it is the identity's own
	From     string `json:"from,omitempty"`     // customer; "": it was new, or nobody knows any more
	To       string `json:"to"`
	At       Millis `json:"at,omitempty"` // 0: nobody knows any more
	By       string `json:"by,omitempty"` // user; "": the hub, on evidence
	Kind     string `json:"kind"`
	Evidence string `json:"evidence,omitempty"` // for people
	Verified bool   `json:"verified"`           // on proof, not on somebody's word

	step int64
}

const linkColumns = "l.id, l.identity, l.from_home, l.to_home, l.happened_at, l.by_user, l.kind, l.evidence, l.verified, l.step"

func scanLink(rows *sql.Rows, l *Link) error {
	return rows.Scan(&l.ID, &l.Identity, &l.From, &l.To, &l.At, &l.By, &l.Kind, &l.Evidence, &l.Verified, &l.step)
}

const nextStep = `COALESCE((SELECT MAX(step) FROM links WHERE identity = $1), 0) + 1`

// linking are the statements that bring identity $1 home.
type linking struct{ stales, notes, moves string }

var (
	toIdentity = linkingTo(`(SELECT home, customer FROM identities WHERE id = $2)`) // where that identity is
	toCustomer = linkingTo(`(SELECT id AS home, CASE WHEN root = '' THEN id ELSE root END AS customer FROM customers WHERE id = $2)`)
	toFirst    = linkingTo(`(SELECT c.id AS home, CASE WHEN c.root = '' THEN c.id ELSE c.root END AS customer FROM link_uses u JOIN customers c ON c.id = u.customer
		WHERE u.change = $2 AND u.first = 1)`)  // by a use of what is good for one
)

func linkingTo(goal string) linking {
	from := ` FROM identities i, ` + goal + ` AS g WHERE i.id = $1 AND i.home <> g.home`
	return linking{
		stales: `UPDATE customers SET stale = 1, restage = 1, seek = seek + 1 WHERE id IN (SELECT i.customer` + from + ` UNION SELECT g.customer` + from + `)`,
		// What somebody only said is noted once more when it is proved.
		notes: `INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified)
			SELECT i.id, ` + nextStep + `, CAST($3 AS TEXT), i.home, g.home, CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), 1
			FROM identities i, ` + goal + ` AS g WHERE i.id = $1 AND (i.home <> g.home
				OR COALESCE((SELECT verified FROM links WHERE identity = $1 ORDER BY step DESC LIMIT 1), 1) = 0)`,
		moves: `UPDATE identities SET evidence = $3, home = g.home, customer = g.customer FROM ` + goal + ` AS g WHERE identities.id = $1`,
	}
}

// A further address $1 of whoever has $2: only one that nobody else has. One that somebody has is a hint that both are one.
const (
	furtherNew    = ` FROM identities o WHERE o.id = $2 AND NOT EXISTS (SELECT 1 FROM identities WHERE id = $1)`
	furtherStales = `UPDATE customers SET stale = 1, seek = seek + 1 WHERE id IN (SELECT o.customer` + furtherNew + `)`
	furtherNote   = `INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified)
		SELECT CAST($1 AS TEXT), ` + nextStep + `, CAST($3 AS TEXT), '', o.home, CAST($4 AS BIGINT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), 1` + furtherNew
	addFurther = `INSERT INTO identities (id, home, customer, channel, address, name, created_at, evidence)
		SELECT CAST($1 AS TEXT), o.home, o.customer, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS TEXT)` + furtherNew
	hintNew    = ` FROM identities o, identities x WHERE o.id = $2 AND x.id = $1 AND x.home <> o.home AND NOT EXISTS (SELECT 1 FROM hints WHERE identity = $2 AND other = $1)`
	hintStales = `UPDATE customers SET seek = seek + 1 WHERE id IN (SELECT o.customer` + hintNew + `)`
	addHint    = `INSERT INTO hints (identity, other) SELECT o.id, x.id` + hintNew
	// Identity $1 brings what is good for one, $2, made for customer $3. The same again changes nothing, also when people have taken it away since.
	addUse = `INSERT INTO link_uses (name, identity, customer, change, first, happened_at)
		SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), c.id, CAST($4 AS TEXT), CASE WHEN EXISTS (SELECT 1 FROM link_uses WHERE name = $2) THEN 0 ELSE 1 END, CAST($5 AS BIGINT)
		FROM customers c WHERE c.id = $3 ON CONFLICT DO NOTHING`
	useStales = `UPDATE customers SET seek = seek + 1 WHERE id IN (SELECT i.customer FROM identities i JOIN link_uses u ON u.identity = i.id WHERE u.change = $1 AND u.first = 0)`
	// A name fills the home's empty one.
	linkedName = `UPDATE customers SET name = $2, stale = 1, seek = seek + 1 WHERE name = '' AND id = (SELECT home FROM identities WHERE id = $1)`
)

// moveHome gives an identity another home, whose root is given, and notes it.
func moveHome(ctx context.Context, q querier, i Identity, home, root string, l Link) (err error) {
	run := runner(ctx, q, &err)
	run(`INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified)
		VALUES ($1, `+nextStep+`, $2, $3, $4, $5, $6, $7, $8, $9)`, i.ID, l.ID, i.Home, home, int64(l.At), l.By, l.Kind, l.Evidence, flag(l.Verified))
	run("UPDATE identities SET home = $2, customer = $3, evidence = $4 WHERE id = $1", i.ID, home, root, l.Evidence)
	run("UPDATE customers SET stale = 1, restage = 1, seek = seek + 1 WHERE id = $1", i.Customer)
	run("UPDATE customers SET stale = 1, restage = 1, seek = seek + 1 WHERE id = $1", root)
	return err
}

// SplitOrder takes identities away from a customer.
type SplitOrder struct {
	Identities []string
	Into       string // a customer that they are of; "": one whom nobody knows yet
	Name       string // of a new customer; "": the first identity's
	Evidence   string // for people
}

// Split gives some of a customer's identities, with their touches, to another or a new one, and tells the change's id and to whom. That those
// are not one is remembered. ErrNotFound: there is no such customer; ErrConflict: one of the identities is not the customer's;
// ErrSame: Into is the customer itself, or nothing would be left.
func (db *DB) Split(ctx context.Context, customer string, o SplitOrder, by Decided, note func(Link) Note) (l Link, err error) {
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(l)() }), func(q querier) (err error) {
		if _, err := living(ctx, q, customer, ""); err != nil {
			return err
		}
		t, err := treeOf(ctx, q, customer)
		if err != nil {
			return err
		}
		all, err := t.identities(ctx, q)
		if err != nil {
			return err
		}
		l = Link{ID: NewID("l"), From: t.root, To: o.Into, At: by.At, By: by.By, Kind: LinkHand, Evidence: o.Evidence}
		root := ""
		if o.Into != "" {
			if root, err = living(ctx, q, o.Into, ""); err != nil {
				return err
			}
			l.To = root
		}
		if root == t.root {
			return ErrSame
		}
		var moved []Identity
		for _, i := range all {
			if slices.Contains(o.Identities, i.ID) {
				moved = append(moved, i)
			}
		}
		if len(moved) == 0 || len(moved) != len(o.Identities) {
			return ErrConflict
		}
		run := runner(ctx, q, &err)
		if root == "" {
			if len(moved) == len(all) {
				return ErrSame
			}
			name := o.Name
			for _, i := range moved {
				if name == "" {
					name = i.Name
				}
			}
			l.To, l.Kind = NewID("c"), LinkSplit
			root = l.To
			run("INSERT INTO customers (id, name, created_at) VALUES ($1, $2, $3)", l.To, name, int64(by.At))
		}
		dismissed := map[string]bool{}
		for _, i := range moved {
			if err == nil {
				err = moveHome(ctx, q, i, l.To, root, l)
			}
			if l.Kind == LinkSplit && !dismissed[i.Home] {
				dismissed[i.Home] = true
				dismissPair(run, i.Home, l.To, by)
			}
		}
		if err != nil {
			return err
		}
		return db.countAnew(ctx, q, by.Rules, t.root, root)
	})
	return l, err
}

// UndoLink gives the identities of a change of homes back to whom they were of, as far as they have not moved on since, and tells which.
// ErrNotFound: there is no such change; ErrConflict: all have moved on, or there was nobody before.
func (db *DB) UndoLink(ctx context.Context, change string, by Decided, note func(were, back []Identity) Note) (back []Identity, err error) {
	var were []Identity
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(were, back)() }), func(q querier) (err error) {
		were, back = nil, nil
		links, err := collect(ctx, q, scanLink, "SELECT "+linkColumns+" FROM links l WHERE l.id = $1 ORDER BY l.identity", change)
		if err != nil {
			return err
		}
		if len(links) == 0 {
			return ErrNotFound
		}
		l := Link{ID: NewID("l"), Kind: LinkBack, At: by.At, By: by.By}
		run := runner(ctx, q, &err)
		roots := map[string]bool{}
		for _, was := range links {
			var last int64
			if err := q.QueryRowContext(ctx, "SELECT MAX(step) FROM links WHERE identity = $1", was.Identity).Scan(&last); err != nil {
				return err
			}
			i, err := single(collect(ctx, q, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE id = $1", was.Identity))
			if err != nil {
				return err
			}
			if last != was.step || was.From == was.To {
				continue
			}
			if was.From == "" { // to whom it would have come by itself
				was.From = db.IdentityOf(i.Channel, i.Address, "").Customer
				if was.From == was.To {
					continue
				}
				run("INSERT INTO customers (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", was.From, i.Name, int64(by.At))
			}
			root, err := rootOf(ctx, q, was.From)
			if err != nil {
				return err
			}
			if err := moveHome(ctx, q, i, was.From, root, l); err != nil {
				return err
			}
			if was.Kind == LinkProof || was.Kind == LinkStart || was.Kind == LinkNamed { // else somebody thought better of what they said
				dismissPair(run, was.From, was.To, by)
			}
			roots[root], roots[i.Customer] = true, true
			were = append(were, i)
			i.Home, i.Customer = was.From, root
			back = append(back, i)
		}
		if err != nil {
			return err
		}
		if len(back) == 0 {
			return ErrConflict
		}
		return db.countAnew(ctx, q, by.Rules, slices.Collect(maps.Keys(roots))...)
	})
	return back, err
}

// History is how a customer came to be who it is: merges and links, newest first, also those that were undone.
type History struct {
	Merges []Merge `json:"merges"`
	Links  []Link  `json:"links"` // at most 200
}

// CustomerHistory reads it. ErrNotFound.
func (db *DB) CustomerHistory(ctx context.Context, id string) (History, error) {
	var h History
	_, err := db.read(ctx, func(q querier) error {
		t, err := treeOf(ctx, q, id)
		if err != nil {
			return err
		}
		in := "(" + placeholders(1, len(t.list)) + ")"
		if h.Merges, err = collect(ctx, q, scanMerge, "SELECT "+mergeColumns+" FROM merges WHERE from_customer IN "+in+" OR into_customer IN "+in+
			" ORDER BY happened_at DESC, id", t.ids()...); err != nil {
			return err
		}
		h.Links, err = collect(ctx, q, scanLink, "SELECT "+linkColumns+" FROM links l WHERE l.from_home IN "+in+" OR l.to_home IN "+in+
			" ORDER BY l.happened_at DESC, l.identity, l.step DESC LIMIT 200", t.ids()...)
		return err
	})
	return h, err
}
