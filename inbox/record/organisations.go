package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Organisation is a firm, a family, a team that customers belong to.
type Organisation struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Place      *Place   `json:"place,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Owner      string   `json:"owner,omitempty"` // user
	Attributes Values   `json:"attributes,omitempty"`
	CreatedAt  Millis   `json:"created_at"`
	Version    int64    `json:"version"`
	Members    int      `json:"members"` // rows, also of those who have left
}

// Membership is a customer's part in an organisation.
type Membership struct {
	Organisation string `json:"organisation"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	Since        Millis `json:"since"` // 0: nobody knows
	Until        Millis `json:"until"` // 0: still
}

// Member is an organisation's customer.
type Member struct {
	Customer CustomerName `json:"customer"`
	Role     string       `json:"role"`
	Since    Millis       `json:"since"`
	Until    Millis       `json:"until"`
}

// OrganisationPage is an organisation with its customers, at most maxMembers, those who are still there first.
type OrganisationPage struct {
	Organisation Organisation `json:"organisation"`
	Members      []Member     `json:"members"`
	More         bool         `json:"more"` // there are further members
}

const maxMembers = 500

const organisationColumns = "o.id, o.name, o.created_at, o.version, (SELECT count(*) FROM members m WHERE m.organisation = o.id)"

func scanOrganisation(rows *sql.Rows, o *Organisation) error {
	return rows.Scan(&o.ID, &o.Name, &o.CreatedAt, &o.Version, &o.Members)
}

// fillOrganisations reads what is said of organisations in rows of their own.
func fillOrganisations(ctx context.Context, q querier, list []Organisation) error {
	if len(list) == 0 {
		return nil
	}
	at, args := map[string]*Organisation{}, []any{}
	for i := range list {
		at[list[i].ID] = &list[i]
		args = append(args, list[i].ID)
	}
	rows, err := sayings(ctx, q, args)
	for _, r := range rows {
		o := at[r.subject]
		if id, ok := strings.CutPrefix(r.field, attributePrefix); ok {
			if o.Attributes == nil {
				o.Attributes = Values{}
			}
			o.Attributes[id] = r.value
		}
		switch r.field {
		case "":
			o.Tags = append(o.Tags, string(r.value))
			slices.Sort(o.Tags)
		case FieldPlace:
			o.Place = said[*Place](r.value)
		case FieldOwner:
			o.Owner = said[string](r.value)
		}
	}
	return err
}

func organisation(ctx context.Context, q querier, id string) (Organisation, error) {
	list, err := collect(ctx, q, scanOrganisation, "SELECT "+organisationColumns+" FROM organisations o WHERE o.id = $1", id)
	if err == nil {
		err = fillOrganisations(ctx, q, list)
	}
	return single(list, err)
}

// Organisation reads a page. ErrNotFound.
func (db *DB) Organisation(ctx context.Context, id string) (OrganisationPage, error) {
	var p OrganisationPage
	_, err := db.read(ctx, func(q querier) (err error) {
		if p.Organisation, err = organisation(ctx, q, id); err != nil {
			return err
		}
		list, err := collect(ctx, q, func(rows *sql.Rows, m *Member) error {
			return rows.Scan(&m.Customer.ID, &m.Customer.Name, &m.Role, &m.Since, &m.Until)
		}, `SELECT u.id, `+shownName+` AS name, m.role, m.since, m.until FROM members m JOIN customers c ON c.id = m.customer
			JOIN customers u ON u.id = CASE WHEN c.root = '' THEN c.id ELSE c.root END WHERE m.organisation = $1
			ORDER BY CASE WHEN m.until = 0 THEN 0 ELSE 1 END, CASE WHEN c.root = '' THEN 0 ELSE 1 END, name, u.id LIMIT $2`, id, maxMembers+1)
		p.More = len(list) > maxMembers
		p.Members = []Member{}
		known := map[string]bool{}
		for _, m := range list[:min(len(list), maxMembers)] {
			if !known[m.Customer.ID] { // two who have become one
				known[m.Customer.ID] = true
				p.Members = append(p.Members, m)
			}
		}
		return err
	})
	return p, err
}

// Organisations lists those whose names hold all words of a text, by name. ErrCursor.
func (db *DB) Organisations(ctx context.Context, text, after string, limit int) (list []Organisation, next string, err error) {
	where, args := "1 = 1", []any{}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	words := Words(text)
	for _, w := range words[:min(len(words), 8)] {
		where += " AND o.folded LIKE " + arg("%"+likeEscape(w)+"%") + ` ESCAPE '\'`
	}
	_, err = db.read(ctx, func(q querier) error {
		if after != "" {
			folded, err := single(collect(ctx, q, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, "SELECT folded FROM organisations WHERE id = $1", after))
			if err == ErrNotFound {
				return ErrCursor
			}
			if err != nil {
				return err
			}
			where += " AND (o.folded, o.id) > (" + arg(folded) + ", " + arg(after) + ")"
		}
		var err error
		if list, err = collect(ctx, q, scanOrganisation, "SELECT "+organisationColumns+" FROM organisations o WHERE "+where+" ORDER BY o.folded, o.id LIMIT "+arg(limit+1), args...); err != nil {
			return err
		}
		if len(list) > limit {
			list = list[:limit]
			next = list[limit-1].ID
		}
		return fillOrganisations(ctx, q, list)
	})
	return list, next, err
}

// OrganisationEdit is what becomes of an organisation; nil leaves a field as it is.
type OrganisationEdit struct {
	Name, Owner *string
	Place       *Place // an empty one: none
	Tags        *[]string
	Attributes  Values // as checked; null: none
}

func (e *OrganisationEdit) write(run func(string, ...any), id string) {
	say := func(field string, value any, has bool) {
		v, _ := json.Marshal(value)
		if !has {
			v = nil
		}
		sayField(run, id, field, v)
	}
	if e.Owner != nil {
		say(FieldOwner, *e.Owner, *e.Owner != "")
	}
	if e.Place != nil {
		say(FieldPlace, e.Place, *e.Place != Place{})
	}
	for a, v := range e.Attributes {
		say(FieldOf(a), v, v != nil && string(v) != "null")
	}
	if e.Tags != nil {
		run("DELETE FROM tags WHERE subject = $1", id)
		for _, tag := range *e.Tags {
			run("INSERT INTO tags (subject, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING", id, tag)
		}
	}
}

// AddOrganisation makes one.
func (db *DB) AddOrganisation(ctx context.Context, e OrganisationEdit, by Decided, note func(Organisation) Note) (o Organisation, err error) {
	id := NewID("o")
	err = db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(o)() }), func(q querier) (err error) {
		run := runner(ctx, q, &err)
		run("INSERT INTO organisations (id, name, folded, created_at) VALUES ($1, $2, $3, $4)", id, *e.Name, foldedName(*e.Name), int64(by.At))
		e.write(run, id)
		if err == nil {
			o, err = organisation(ctx, q, id)
		}
		return err
	})
	return o, err
}

// foldedName is a name's words as Organisations looks for them.
func foldedName(name string) string { return strings.Join(Words(name), " ") }

// EditOrganisation changes the one that was read at this version (0: any). ErrConflict, ErrNotFound.
func (db *DB) EditOrganisation(ctx context.Context, id string, version int64, e OrganisationEdit, by Decided, note func(before, after Organisation) Note) (before, after Organisation, err error) {
	err = db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(before, after)() }), func(q querier) (err error) {
		var folded *string
		if e.Name != nil {
			f := foldedName(*e.Name)
			folded = &f
		}
		if before, err = organisation(ctx, q, id); err != nil {
			return err
		}
		if err := edit(ctx, q, "organisations", id, `UPDATE organisations SET name = COALESCE(CAST($3 AS TEXT), name), folded = COALESCE(CAST($4 AS TEXT), folded),
			version = version + 1, stale = 1 WHERE id = $1 AND ($2 = 0 OR version = $2)`, id, version, e.Name, folded); err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		e.write(run, id)
		if err != nil {
			return err
		}
		if after, err = organisation(ctx, q, id); err != nil {
			return err
		}
		was, is := before.values(), after.values()
		for _, f := range fieldsIn(was, is) {
			if string(was[f]) != string(is[f]) {
				noteField(run, id, f, was[f], is[f], by)
			}
		}
		return err
	})
	return before, after, err
}

// values are what an organisation says, field by field.
func (o *Organisation) values() Values {
	c := Customer{Name: o.Name, Tags: o.Tags, Place: o.Place, Owner: o.Owner, Attributes: o.Attributes}
	out := Values{}
	for _, f := range fieldsOf(c) {
		if v := c.value(f); v != nil {
			out[f] = v
		}
	}
	return out
}

func fieldsIn(a, b Values) (list []string) {
	for _, m := range []Values{a, b} {
		for k := range m {
			if !slices.Contains(list, k) {
				list = append(list, k)
			}
		}
	}
	slices.Sort(list)
	return list
}

// DeleteOrganisation takes one away, with its memberships and all that was said of it. ErrConflict, ErrNotFound.
func (db *DB) DeleteOrganisation(ctx context.Context, id string, version int64, note Note) error {
	return db.writeNoted(ctx, notesOf(note != nil, note), func(q querier) (err error) {
		if err := db.lockSearch(ctx, q); err != nil {
			return err
		}
		if err := edit(ctx, q, "organisations", id, "DELETE FROM organisations WHERE id = $1 AND ($2 = 0 OR version = $2)", id, version); err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		for _, of := range []string{"members WHERE organisation", "fields WHERE subject", "field_history WHERE subject", "tags WHERE subject", "import_changes WHERE customer"} {
			run("DELETE FROM "+of+" = $1", id)
		}
		if err != nil {
			return err
		}
		return db.unname(ctx, q, id)
	})
}

// SetMember makes a customer a member, or changes what is said of the membership. ErrNotFound.
func (db *DB) SetMember(ctx context.Context, organisationID, customer string, m Member, note func(root string) Note) error {
	var root string
	return db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(root)() }), func(q querier) error {
		if _, err := living(ctx, q, customer, db.d.lockRows); err != nil {
			return err
		}
		t, err := treeOf(ctx, q, customer)
		if err != nil {
			return err
		}
		if _, err := organisation(ctx, q, organisationID); err != nil {
			return err
		}
		root = t.root
		args := append([]any{organisationID, m.Role, int64(m.Since), int64(m.Until)}, t.ids()...)
		res, err := q.ExecContext(ctx, "UPDATE members SET role = $2, since = $3, until = $4 WHERE organisation = $1 AND customer IN ("+placeholders(5, len(t.list))+")", args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		_, err = q.ExecContext(ctx, "INSERT INTO members (organisation, customer, role, since, until) VALUES ($1, $2, $3, $4, $5)",
			organisationID, t.root, m.Role, int64(m.Since), int64(m.Until))
		return err
	})
}

// RemoveMember takes a membership away. ErrNotFound.
func (db *DB) RemoveMember(ctx context.Context, organisationID, customer string, note func(root string) Note) error {
	var root string
	return db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(root)() }), func(q querier) error {
		t, err := treeOf(ctx, q, customer)
		if err != nil {
			return err
		}
		root = t.root
		res, err := q.ExecContext(ctx, "DELETE FROM members WHERE organisation = $1 AND customer IN ("+placeholders(2, len(t.list))+")", append([]any{organisationID}, t.ids()...)...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return ErrNotFound
	})
}

// memberships are those of all in a tree, those that last first; of two of one organisation the root's.
func (t tree) memberships(ctx context.Context, q querier) ([]Membership, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows, m *Membership) error {
		return rows.Scan(&m.Organisation, &m.Name, &m.Role, &m.Since, &m.Until)
	}, `SELECT o.id, o.name, m.role, m.since, m.until FROM members m JOIN organisations o ON o.id = m.organisation WHERE m.customer IN (`+placeholders(1, len(t.list))+`)
		ORDER BY CASE WHEN m.until = 0 THEN 0 ELSE 1 END, m.since DESC, o.name, o.id, CASE WHEN m.customer = $`+fmt.Sprint(len(t.list)+1)+` THEN 0 ELSE 1 END LIMIT 200`, append(t.ids(), t.root)...)
	out := []Membership{}
	for _, m := range list {
		if !slices.ContainsFunc(out, func(o Membership) bool { return o.Organisation == m.Organisation }) {
			out = append(out, m)
		}
	}
	return out, err
}
