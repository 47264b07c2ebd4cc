package record

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
)

// CustomerEdit is what becomes of a customer; nil leaves a field as it is.
type CustomerEdit struct {
	Name, Tier, TimeZone, Owner, Stage *string

	StageWhy   string // for people
	Tags       *[]string
	Languages  *[]string
	Place      *Place // an empty one: none
	Attributes Values // by id, as checked against their definitions; null: none
	Confirmed  bool   // nothing has changed: what is said still holds
}

// EditCustomer changes the customer that was read at this version (0: any), and gives it as it showed and as it shows, to note as well when that
// is not nil. Of one who was merged into another it changes the other. ErrConflict, ErrNotFound.
func (db *DB) EditCustomer(ctx context.Context, id string, version int64, e CustomerEdit, by Decided, note func(before, after Customer) Note) (before, after Customer, err error) {
	err = db.writeNoted(ctx, notesOf(note != nil, func() (*Changed, error) { return note(before, after)() }), func(q querier) (err error) {
		if _, err := living(ctx, q, id, db.d.lockRows); err != nil {
			return err
		}
		t, err := profiles(ctx, q, id)
		if err != nil {
			return err
		}
		// Two who edit at once take turns.
		if _, err := q.ExecContext(ctx, "UPDATE customers SET stale = 1 WHERE id = $1", t.root); err != nil {
			return err
		}
		if t, err = profiles(ctx, q, id); err != nil {
			return err
		}
		before = t.shown()
		if err := edit(ctx, q, "customers", t.root, `UPDATE customers SET name = COALESCE(CAST($3 AS TEXT), name), tier = COALESCE(CAST($4 AS TEXT), tier),
			version = version + 1, stale = 1, seek = seek + 1, confirmed_at = $5 WHERE id = $1 AND ($2 = 0 OR version = $2)`,
			t.root, version, e.Name, e.Tier, int64(by.At)); err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		e.write(run, t)
		if err != nil {
			return err
		}
		if t, err = profiles(ctx, q, t.root); err != nil {
			return err
		}
		after = t.shown()
		for _, f := range fieldsOf(before, after) {
			if was, is := before.value(f), after.value(f); !bytes.Equal(was, is) {
				noteField(run, t.root, f, was, is, by)
			}
		}
		if after.Stage != before.Stage {
			run("INSERT INTO stages (id, customer, stage, happened_at, by_user, why) VALUES ($1, $2, $3, $4, $5, $6)",
				NewID("s"), t.root, after.Stage, int64(by.At), by.By, e.StageWhy)
		}
		return err
	})
	return before, after, err
}

// write writes all but name and tier.
func (e *CustomerEdit) write(run func(string, ...any), t tree) {
	say := func(field string, value any, has bool) {
		v, _ := json.Marshal(value)
		if !has {
			v = t.nothing(field)
		}
		sayField(run, t.root, field, v)
	}
	for field, v := range map[string]*string{FieldTimeZone: e.TimeZone, FieldOwner: e.Owner, FieldStage: e.Stage} {
		if v != nil {
			say(field, *v, *v != "")
		}
	}
	if e.Place != nil {
		say(FieldPlace, e.Place, *e.Place != Place{})
	}
	for id, v := range e.Attributes {
		say(FieldOf(id), v, v != nil && string(v) != "null")
	}
	if e.Languages != nil {
		sayField(run, t.root, FieldLanguages, listValue(*e.Languages))
		for _, c := range t.list {
			if kept := slices.DeleteFunc(slices.Clone(c.Languages), func(s string) bool { return !slices.Contains(*e.Languages, s) }); c.ID != t.root && len(kept) < len(c.Languages) {
				sayField(run, c.ID, FieldLanguages, listValue(kept))
			}
		}
	}
	if e.Tags != nil {
		had := t.shown().Tags
		for _, c := range t.list {
			for _, tag := range c.Tags {
				if !slices.Contains(*e.Tags, tag) {
					run("DELETE FROM tags WHERE subject = $1 AND tag = $2", c.ID, tag)
				}
			}
		}
		for _, tag := range *e.Tags {
			if !slices.Contains(had, tag) {
				run("INSERT INTO tags (subject, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING", t.root, tag)
			}
		}
	}
}

func listValue(list []string) json.RawMessage {
	if len(list) == 0 {
		return nil
	}
	v, _ := json.Marshal(list)
	return v
}

// nothing is what a root says so that a field shows as empty: null where another of the tree has something.
func (t tree) nothing(field string) json.RawMessage {
	for _, c := range t.list {
		if c.ID != t.root && c.value(field) != nil {
			return json.RawMessage("null")
		}
	}
	return nil
}
