package record

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Relation is how another customer is to this one.
type Relation struct {
	ID    string       `json:"id"`
	Other CustomerName `json:"other"`
	Kind  string       `json:"kind"`
	Back  bool         `json:"back"` // it was said of the other: the kind's other word tells what the other is
	Text  string       `json:"text,omitempty"`
	At    Millis       `json:"at"`
	By    string       `json:"by,omitempty"`

	from, to string // customers, as it was said
}

// From is the customer that it was said of.
func (r *Relation) From() string { return r.from }

// maxRelations of one customer are shown.
const maxRelations = 200

// rootOfRow is a customer's root in SQL.
const rootOfRow = "CASE WHEN c.root = '' THEN c.id ELSE c.root END"

// relationsOf are those of all in these trees with others, newest first.
func relationsOf(ctx context.Context, q querier, ids []any, limit int) ([]Relation, error) {
	in := "(" + placeholders(1, len(ids)) + ")"
	side := func(mine, other string, back int) string {
		return fmt.Sprintf(`SELECT r.id, u.id AS other, %s AS name, r.kind, %d AS back, r.text, r.happened_at, r.by_user, r.from_customer, r.to_customer
			FROM relations r JOIN customers c ON c.id = r.%s JOIN customers u ON u.id = %s WHERE r.%s IN %s AND r.%s NOT IN %s`, shownName, back, other, rootOfRow, mine, in, other, in)
	}
	return collect(ctx, q, func(rows *sql.Rows, r *Relation) error {
		return rows.Scan(&r.ID, &r.Other.ID, &r.Other.Name, &r.Kind, &r.Back, &r.Text, &r.At, &r.By, &r.from, &r.to)
	}, side("from_customer", "to_customer", 0)+" UNION ALL "+side("to_customer", "from_customer", 1)+" ORDER BY 7 DESC, 1 LIMIT "+fmt.Sprint(limit), ids...)
}

// AddRelation says what other is to a customer. ErrNotFound; ErrSame: they are one; ErrTaken: it has been said.
func (db *DB) AddRelation(ctx context.Context, customer, other, kind, text string, by Decided, note func(Relation) Note) (r Relation, err error) {
	err = db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(r)() }), func(q querier) error {
		for _, id := range []string{min(customer, other), max(customer, other)} {
			if _, err := living(ctx, q, id, db.d.lockRows); err != nil {
				return err
			}
		}
		a, err := treeOf(ctx, q, customer)
		if err != nil {
			return err
		}
		b, err := treeOf(ctx, q, other)
		if err != nil {
			return err
		}
		if a.root == b.root {
			return ErrSame
		}
		known, err := relationsOf(ctx, q, a.ids(), maxRelations)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(known, func(k Relation) bool { return k.Other.ID == b.root && k.Kind == kind && !k.Back }) {
			return ErrTaken
		}
		r = Relation{ID: NewID("r"), Other: CustomerName{b.root, b.shown().Name}, Kind: kind, Text: text, At: by.At, By: by.By, from: a.root, to: b.root}
		_, err = q.ExecContext(ctx, "INSERT INTO relations (id, from_customer, to_customer, kind, text, happened_at, by_user) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			r.ID, r.from, r.to, kind, text, int64(by.At), by.By)
		return err
	})
	return r, err
}

// DeleteRelation takes one away. ErrNotFound.
func (db *DB) DeleteRelation(ctx context.Context, id string, note func(from, to, kind string) Note) error {
	var r Relation
	return db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(r.from, r.to, r.Kind)() }), func(q querier) (err error) {
		if r, err = single(collect(ctx, q, func(rows *sql.Rows, r *Relation) error { return rows.Scan(&r.from, &r.to, &r.Kind) },
			"SELECT from_customer, to_customer, kind FROM relations WHERE id = $1", id)); err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, "DELETE FROM relations WHERE id = $1", id)
		return err
	})
}

// Node is a customer or an organisation on a map.
type Node struct {
	ID   string `json:"id"`
	Type string `json:"type"` // "customer", "organisation"
	Name string `json:"name"`
	Step int    `json:"step"` // from the one whose map it is: 0 to 2
}

// Edge joins two nodes of a map.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`             // of a relation: what To is to From
	Kind string `json:"kind"`           // of the relation; "member" of an organisation
	Role string `json:"role,omitempty"` // of a member
}

// Map is who is related to whom around a customer or an organisation, two steps far.
type Map struct {
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
	More  bool   `json:"more"` // it was cut
}

const (
	edgeMember = "member"

	maxNodes = 150
	maxStep  = 2
	maxFan   = 40 // of one node
)

// RelationMap draws the map around a customer, or an organisation. ErrNotFound.
func (db *DB) RelationMap(ctx context.Context, id string) (Map, error) {
	m := Map{Nodes: []Node{}, Edges: []Edge{}}
	at := map[string]int{}
	add := func(n Node) bool {
		if _, ok := at[n.ID]; ok {
			return true
		}
		if len(m.Nodes) == maxNodes {
			m.More = true
			return false
		}
		at[n.ID] = len(m.Nodes)
		m.Nodes = append(m.Nodes, n)
		return true
	}
	edges := map[Edge]bool{}
	join := func(e Edge) {
		if !edges[e] {
			edges[e] = true
			m.Edges = append(m.Edges, e)
		}
	}
	_, err := db.read(ctx, func(q querier) error {
		if o, err := organisation(ctx, q, id); err == nil {
			add(Node{o.ID, "organisation", o.Name, 0})
		} else if err != ErrNotFound {
			return err
		} else if t, err := treeOf(ctx, q, id); err != nil {
			return err
		} else {
			add(Node{t.root, "customer", t.shown().Name, 0})
		}
		for i := 0; i < len(m.Nodes); i++ {
			n := m.Nodes[i]
			if n.Step == maxStep {
				break
			}
			if n.Type == "organisation" {
				list, err := collect(ctx, q, func(rows *sql.Rows, x *Member) error { return rows.Scan(&x.Customer.ID, &x.Customer.Name, &x.Role) },
					`SELECT u.id, `+shownName+`, m.role FROM members m JOIN customers c ON c.id = m.customer JOIN customers u ON u.id = `+rootOfRow+`
						WHERE m.organisation = $1 AND m.until = 0 ORDER BY u.id LIMIT $2`, n.ID, maxFan+1)
				if err != nil {
					return err
				}
				m.More = m.More || len(list) > maxFan
				for _, x := range list[:min(len(list), maxFan)] {
					if add(Node{x.Customer.ID, "customer", x.Customer.Name, n.Step + 1}) {
						join(Edge{x.Customer.ID, n.ID, edgeMember, x.Role})
					}
				}
				continue
			}
			t, err := treeOf(ctx, q, n.ID)
			if err != nil {
				return err
			}
			relations, err := relationsOf(ctx, q, t.ids(), maxFan+1)
			if err != nil {
				return err
			}
			m.More = m.More || len(relations) > maxFan
			for _, r := range relations[:min(len(relations), maxFan)] {
				if add(Node{r.Other.ID, "customer", r.Other.Name, n.Step + 1}) {
					e := Edge{From: n.ID, To: r.Other.ID, Kind: r.Kind}
					if r.Back {
						e.From, e.To = e.To, e.From
					}
					join(e)
				}
			}
			members, err := t.memberships(ctx, q)
			if err != nil {
				return err
			}
			for _, x := range members[:min(len(members), maxFan)] {
				if x.Until == 0 && add(Node{x.Organisation, "organisation", x.Name, n.Step + 1}) {
					join(Edge{n.ID, x.Organisation, edgeMember, x.Role})
				}
			}
		}
		return nil
	})
	return m, err
}
