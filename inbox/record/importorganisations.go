package record

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// ImportedOrganisation is a row of a file of organisations. It is of the one with its id, else of the one with its name.
type ImportedOrganisation struct {
	ID, Name string
	Fields   map[string]json.RawMessage // by Field… and FieldOf, checked
	Tags     []string
}

// OrganisationsChunk is a piece of a file of organisations.
type OrganisationsChunk struct {
	Import      string
	First, Last int64 // rows of the file
	Existing    string
	By          Decided
	Rows        []ImportedOrganisation
}

// organisationsPass is what one chunk has found and written.
type organisationsPass struct {
	ctx    context.Context
	q      querier
	c      *OrganisationsChunk
	run    func(string, ...any)
	known  map[string]*Organisation // by id, as it is now
	named  map[string]string        // folded name → id
	counts struct{ made, updated, known int64 }
	what   []string // what became of each row: "made", "updated", "known"
}

// WriteOrganisations stores a chunk of a file of organisations, all of it or nothing. A chunk that is there already changes nothing. ErrConflict: it does not follow what is there.
func (db *DB) WriteOrganisations(ctx context.Context, c OrganisationsChunk) error {
	err := db.between(ctx, nil, func(q querier) (err error) {
		if there, err := follows(ctx, q, c.Import, c.First, c.Last); err != nil || there {
			return err
		}
		p := organisationsPass{ctx: ctx, q: q, c: &c, run: runner(ctx, q, &err)}
		if err := p.rows(); err != nil {
			return err
		}
		p.run(`INSERT INTO import_chunks (import, first, last, n_from, n_to, made, updated, known, customers) VALUES ($1, $2, $3, 0, 0, $4, $5, $6, 0)`,
			c.Import, c.First, c.Last, p.counts.made, p.counts.updated, p.counts.known)
		return err
	})
	if err != nil {
		err = fmt.Errorf("write imported organisations: %w", err)
	}
	return err
}

// TryOrganisations tells what WriteOrganisations would do with each row: "made", "updated" or "known".
func (db *DB) TryOrganisations(ctx context.Context, c OrganisationsChunk) ([]string, error) {
	p := organisationsPass{ctx: ctx, q: db.pool, c: &c, run: func(string, ...any) {}}
	err := p.rows()
	return p.what, err
}

func (p *organisationsPass) rows() error {
	p.known, p.named = map[string]*Organisation{}, map[string]string{}
	for i := range p.c.Rows {
		r := &p.c.Rows[i]
		o, err := p.find(r)
		if err != nil {
			return err
		}
		what, count := "known", &p.counts.known
		switch {
		case o == nil:
			p.make(r)
			what, count = "made", &p.counts.made
		case p.c.Existing != ExistingSkip && p.update(o, r):
			what, count = "updated", &p.counts.updated
		}
		*count++
		p.what = append(p.what, what)
	}
	return nil
}

// find is the organisation that a row is of; nil: none yet.
func (p *organisationsPass) find(r *ImportedOrganisation) (*Organisation, error) {
	read := func(id string) (*Organisation, error) {
		if o := p.known[id]; o != nil {
			return o, nil
		}
		o, err := organisation(p.ctx, p.q, id)
		if err == ErrNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		p.known[id] = &o
		return &o, nil
	}
	if r.ID != "" {
		if o, err := read(r.ID); o != nil || err != nil {
			return o, err
		}
	}
	folded := foldedName(r.Name)
	id, ok := p.named[folded]
	if !ok {
		list, err := collect(p.ctx, p.q, oneText, "SELECT id FROM organisations WHERE folded = $1 ORDER BY created_at, id LIMIT 1", folded)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		id = list[0]
		p.named[folded] = id
	}
	return read(id)
}

func (p *organisationsPass) make(r *ImportedOrganisation) {
	o := &Organisation{ID: NewID("o"), Name: r.Name, Version: 1, CreatedAt: p.c.By.At, Tags: slices.Clone(r.Tags)}
	p.run("INSERT INTO organisations (id, name, folded, created_at, imported) VALUES ($1, $2, $3, $4, $5)", o.ID, o.Name, foldedName(o.Name), int64(p.c.By.At), p.c.Import)
	for _, f := range slices.Sorted(maps.Keys(r.Fields)) {
		sayField(p.run, o.ID, f, r.Fields[f])
		o.say(f, r.Fields[f])
	}
	for _, tag := range r.Tags {
		p.run("INSERT INTO tags (subject, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING", o.ID, tag)
	}
	p.known[o.ID], p.named[foldedName(o.Name)] = o, o.ID
}

// update writes what a row says of an organisation that is there, and notes what it was.
func (p *organisationsPass) update(o *Organisation, r *ImportedOrganisation) (changed bool) {
	note := func(field string, was, is json.RawMessage) {
		changed = true
		p.run(noteChange, p.c.Import, o.ID, field, string(orNull(was)), string(is))
	}
	says, shown := maps.Clone(r.Fields), o.values()
	if says == nil {
		says = map[string]json.RawMessage{}
	}
	if r.Name != "" {
		says[FieldName], _ = json.Marshal(r.Name)
	}
	for _, f := range slices.Sorted(maps.Keys(says)) {
		v, was := says[f], shown[f]
		if f == FieldPlace && was != nil {
			v = placed(was, v, p.c.Existing)
		} else if was != nil && p.c.Existing != ExistingOverwrite {
			continue
		}
		if sameJSON(was, v) {
			continue
		}
		if f == FieldName {
			o.Name = r.Name
			p.run("UPDATE organisations SET name = $2, folded = $3 WHERE id = $1", o.ID, o.Name, foldedName(o.Name))
		} else {
			sayField(p.run, o.ID, f, v)
			o.say(f, v)
		}
		noteField(p.run, o.ID, f, was, v, p.c.By)
		note(f, was, v)
	}
	for _, tag := range r.Tags {
		if !slices.Contains(o.Tags, tag) {
			o.Tags = append(o.Tags, tag)
			p.run("INSERT INTO tags (subject, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING", o.ID, tag)
			note(changedTag+tag, nil, json.RawMessage("true"))
		}
	}
	if changed {
		// One that the import made stays at its version, by which undoing tells that nobody else has changed it.
		p.run("UPDATE organisations SET stale = 1, version = version + CASE WHEN imported = $2 THEN 0 ELSE 1 END WHERE id = $1", o.ID, p.c.Import)
	}
	return changed
}

// say sets a field that is no name and no tags.
func (o *Organisation) say(field string, v json.RawMessage) {
	c := Customer{Place: o.Place, Owner: o.Owner, Attributes: o.Attributes}
	c.say(field, v)
	o.Place, o.Owner, o.Attributes = c.Place, c.Owner, c.Attributes
}
