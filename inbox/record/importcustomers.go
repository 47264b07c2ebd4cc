package record

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tamas/channels"
)

// How customers that are known take what a file says of them.
const (
	ExistingFill      = "fill"      // only what is empty
	ExistingOverwrite = "overwrite" // all that the file says; what it does not say stays
	ExistingSkip      = "skip"
)

// ImportedCustomer is a row of a file of customers.
type ImportedCustomer struct {
	ID         string     // as an export gives it; else, of one who has no identity, a hash of the row
	Identities []Identity // as IdentityOf gives them
	Name, Tier string
	Fields     map[string]json.RawMessage // by Field… and FieldOf, checked
	Tags       []string
	Members    []Membership // by the organisation's name, with the role
	Consents   []Consent    // with the time at which each was said
	Evidence   string       // for people: the file and the row
}

// CustomersChunk is a piece of a file of customers.
type CustomersChunk struct {
	Import      string
	First, Last int64 // rows of the file
	Existing    string
	By          Decided
	Rows        []ImportedCustomer
}

// customersPass is what one chunk reads and is about to write.
type customersPass struct {
	ctx    context.Context
	q      querier
	c      *CustomersChunk
	known  map[string]Identity     // by id; new ones are added
	there  map[string]bool         // customers of this chunk, by id
	trees  map[string]*tree        // of customers that are known, by root
	orgs   map[string]string       // folded name → id
	said   map[string]map[any]bool // what customers are known to have said, by id
	dry    bool
	rows   struct{ customers, identities, links, fields, tags, stages, members, orgs []any }
	later  []statement
	counts struct{ made, updated, known int64 }
	what   []string // what became of each row: "made", "updated", "known"
}

var (
	addImportedCustomers  = many{`INSERT INTO customers (id, name, tier, created_at, imported) VALUES `, `(?, ?, ?, ?, ?)`, ` ON CONFLICT DO NOTHING`}
	addImportedIdentities = many{`INSERT INTO identities (id, home, customer, channel, address, name, created_at, evidence, imported) VALUES `, `(?, ?, ?, ?, ?, ?, ?, ?, ?)`, ` ON CONFLICT DO NOTHING`}
	addImportedLinks      = many{`INSERT INTO links (identity, step, id, from_home, to_home, happened_at, by_user, kind, evidence, verified) VALUES `, `(?, 1, ?, '', ?, ?, ?, 'hand', ?, 0)`, ` ON CONFLICT DO NOTHING`}
	addImportedFields     = many{`INSERT INTO fields (subject, field, value) VALUES `, `(?, ?, ?)`, ` ON CONFLICT DO NOTHING`}
	addImportedTags       = many{`INSERT INTO tags (subject, tag) VALUES `, `(?, ?)`, ` ON CONFLICT DO NOTHING`}
	addImportedStages     = many{`INSERT INTO stages (id, customer, stage, happened_at, by_user, why) VALUES `, `(?, ?, ?, ?, ?, ?)`, ` ON CONFLICT DO NOTHING`}
	addImportedOrgs       = many{`INSERT INTO organisations (id, name, folded, created_at, imported) VALUES `, `(?, ?, ?, ?, ?)`, ` ON CONFLICT DO NOTHING`}
	addImportedMembers    = many{`INSERT INTO members (organisation, customer, role, since, until) VALUES `, `(?, ?, ?, 0, 0)`, ` ON CONFLICT DO NOTHING`}
)

const noteChange = `INSERT INTO import_changes (import, customer, field, before_json, after_json) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (import, customer, field) DO UPDATE SET after_json = excluded.after_json`

// WriteCustomers stores a chunk of a file of customers, all of it or nothing, between two batches of the recorder. A chunk that is there already
// changes nothing. ErrConflict: it does not follow what is there.
func (db *DB) WriteCustomers(ctx context.Context, c CustomersChunk) error {
	p := customersPass{ctx: ctx, c: &c}
	for try := 0; ; try++ {
		err := db.wr.tx(ctx, func() error {
			if _, err := db.wr.run(ctx, nil); err != nil { // BEGIN
				return err
			}
			p = customersPass{ctx: ctx, c: &c, q: db.wr.conn}
			var n int64
			if err := p.q.QueryRowContext(ctx, db.d.lockCursor).Scan(&n); err != nil {
				return err
			}
			if there, err := follows(ctx, p.q, c.Import, c.First, c.Last); err != nil || there {
				return err
			}
			if err := p.decide(); err != nil {
				return err
			}
			_, err := db.wr.run(ctx, db.refusing(ctx, p.statements(), p.met()))
			return err
		})
		if err == nil || try == 5 || !deadlocked(err) {
			if err != nil {
				err = fmt.Errorf("write imported customers: %w", err)
			}
			return err
		}
	}
}

// TryCustomers tells what WriteCustomers would do with each row: "made", "updated" or "known".
func (db *DB) TryCustomers(ctx context.Context, c CustomersChunk) ([]string, error) {
	p := customersPass{ctx: ctx, c: &c, q: db.pool, dry: true}
	err := p.decide()
	return p.what, err
}

func (p *customersPass) decide() error {
	var ids, customers []string
	for i := range p.c.Rows {
		for _, x := range p.c.Rows[i].Identities {
			ids = append(ids, x.ID)
			customers = append(customers, x.Customer)
		}
		if p.c.Rows[i].ID != "" {
			customers = append(customers, p.c.Rows[i].ID)
		}
	}
	var err error
	if p.known, err = knownIdentities(p.ctx, p.q, ids); err != nil {
		return err
	}
	p.there, p.trees, p.orgs, p.said = map[string]bool{}, map[string]*tree{}, map[string]string{}, map[string]map[any]bool{}
	slices.Sort(customers)
	for some := range slices.Chunk(slices.Compact(customers), keysAtOnce) {
		list, err := collect(p.ctx, p.q, oneText, "SELECT id FROM customers WHERE id IN ("+placeholders(1, len(some))+")", anys(some)...)
		if err != nil {
			return err
		}
		for _, id := range list {
			p.there[id] = true
		}
	}
	for i := range p.c.Rows {
		if err := p.row(&p.c.Rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// row decides whose a row is: of whom the first identity is that is known, else of who has its id, else of a new one.
func (p *customersPass) row(r *ImportedCustomer) error {
	home := ""
	for _, i := range r.Identities {
		if k, ok := p.known[i.ID]; ok {
			home = k.Customer
			break
		}
	}
	if home == "" && p.there[r.ID] {
		t, err := p.tree(r.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(t.list, func(c Customer) bool { return c.ErasedAt != 0 }) { // nothing more is said of who stands for them
			p.counts.known++
			p.what = append(p.what, "known")
			return nil
		}
		home = t.root
	}
	isNew := false
	switch {
	case home != "":
	case len(r.Identities) > 0:
		home = r.Identities[0].Customer
	default:
		home = r.ID
	}
	if !p.there[home] {
		if _, known := p.trees[home]; !known {
			var err error
			if isNew, err = p.isNew(home); err != nil {
				return err
			}
		}
	}
	if !isNew && p.c.Existing == ExistingSkip {
		p.counts.known++
		p.what = append(p.what, "known")
		return nil
	}
	changed := false
	var first string
	for _, i := range r.Identities {
		k, ok := p.known[i.ID]
		switch {
		case !ok:
			changed = changed || !isNew
			evidence := ""
			if i.Customer != home {
				evidence = r.Evidence
				p.rows.links = append(p.rows.links, i.ID, NewID("l"), home, int64(p.c.By.At), p.c.By.By, evidence)
			}
			p.rows.identities = append(p.rows.identities, i.ID, home, home, i.Channel, i.Address, i.Name, int64(p.c.By.At), evidence, p.c.Import)
			i.Home, i.Customer = home, home
			p.known[i.ID] = i
		case k.Customer != home && first != "":
			// Two customers share a row: whether they are one is for people to say.
			p.run(addHint, first, i.ID)
			p.run("UPDATE customers SET seek = seek + 1 WHERE id = $1", home)
		}
		if first == "" {
			first = i.ID
		}
	}
	if isNew {
		p.make(home, r)
		p.counts.made++
		p.what = append(p.what, "made")
		p.consents(home, nil, r)
		_, err := p.members(home, r, true)
		return err
	}
	updated, err := p.update(home, r)
	if err != nil {
		return err
	}
	if changed || updated {
		p.run("UPDATE customers SET stale = 1, seek = seek + 1, version = version + 1 WHERE id = $1", home)
		p.counts.updated++
		p.what = append(p.what, "updated")
		return nil
	}
	p.counts.known++
	p.what = append(p.what, "known")
	return nil
}

// isNew tells that there is no such customer yet, and reads the one that is there.
func (p *customersPass) isNew(id string) (bool, error) {
	_, err := p.tree(id)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

// tree is a customer's, with what its rows say.
func (p *customersPass) tree(id string) (*tree, error) {
	if t := p.trees[id]; t != nil {
		return t, nil
	}
	t, err := profiles(p.ctx, p.q, id)
	if err != nil {
		return nil, err
	}
	p.trees[id] = &t
	return &t, nil
}

func (p *customersPass) run(text string, args ...any) {
	p.later = append(p.later, statement{key: stmtKey{text: text}, args: args})
}

// make writes a new customer. Later rows of the chunk find it as it is then.
func (p *customersPass) make(id string, r *ImportedCustomer) {
	c := Customer{ID: id, Name: r.Name, Tier: r.Tier, CreatedAt: p.c.By.At, Version: 1, Tags: slices.Clone(r.Tags)}
	p.rows.customers = append(p.rows.customers, id, r.Name, r.Tier, int64(p.c.By.At), p.c.Import)
	for _, f := range slices.Sorted(maps.Keys(r.Fields)) {
		p.rows.fields = append(p.rows.fields, id, f, string(r.Fields[f]))
		c.say(f, r.Fields[f])
	}
	for _, tag := range r.Tags {
		p.rows.tags = append(p.rows.tags, id, tag)
	}
	if c.Stage != "" {
		p.rows.stages = append(p.rows.stages, NewID("s"), id, c.Stage, int64(p.c.By.At), p.c.By.By, r.Evidence)
	}
	p.trees[id] = &tree{root: id, list: []Customer{c}}
	p.there[id] = true
}

// update writes what a row says of a customer who is there, and notes what it was.
func (p *customersPass) update(id string, r *ImportedCustomer) (changed bool, err error) {
	t, err := p.tree(id)
	if err != nil {
		return false, err
	}
	shown := t.shown()
	own := &t.list[slices.IndexFunc(t.list, func(c Customer) bool { return c.ID == t.root })]
	says := maps.Clone(r.Fields)
	if says == nil {
		says = map[string]json.RawMessage{}
	}
	for f, s := range map[string]string{FieldName: r.Name, FieldTier: r.Tier} {
		if s != "" {
			says[f], _ = json.Marshal(s)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(says)) {
		v, was := says[f], shown.value(f)
		if f == FieldLanguages { // a list: what is new comes behind
			list := joined(shown.Languages, said[[]string](v))
			if len(list) == len(shown.Languages) {
				continue
			}
			v = listValue(list)
		} else if f == FieldPlace && was != nil {
			v = placed(was, v, p.c.Existing)
		} else if was != nil && p.c.Existing != ExistingOverwrite {
			continue
		}
		if sameJSON(was, v) {
			continue
		}
		changed = true
		switch f {
		case FieldName, FieldTier:
			p.run("UPDATE customers SET "+f+" = $2 WHERE id = $1", t.root, said[string](v))
			if f == FieldName {
				own.Name = said[string](v)
			} else {
				own.Tier = said[string](v)
			}
		default:
			p.run("INSERT INTO fields (subject, field, value) VALUES ($1, $2, $3) ON CONFLICT (subject, field) DO UPDATE SET value = excluded.value", t.root, f, string(v))
			own.say(f, v)
			if f == FieldStage {
				p.run("INSERT INTO stages (id, customer, stage, happened_at, by_user, why) VALUES ($1, $2, $3, $4, $5, $6)",
					NewID("s"), t.root, said[string](v), int64(p.c.By.At), p.c.By.By, r.Evidence)
			}
		}
		noteField(p.run, t.root, f, was, v, p.c.By)
		p.noteChange(t.root, f, was, v)
	}
	for _, tag := range r.Tags {
		if !slices.Contains(shown.Tags, tag) && !slices.Contains(own.Tags, tag) {
			changed = true
			p.run("INSERT INTO tags (subject, tag) VALUES ($1, $2) ON CONFLICT DO NOTHING", t.root, tag)
			own.Tags = append(own.Tags, tag)
			p.noteChange(t.root, changedTag+tag, nil, json.RawMessage("true"))
		}
	}
	if len(r.Consents) > 0 {
		there, err := t.consents(p.ctx, p.q)
		if err != nil {
			return false, err
		}
		changed = p.consents(t.root, there, r) || changed
	}
	joins, err := p.members(t.root, r, false)
	return changed || joins, err
}

// consents writes down what a customer has said and nobody knows yet; nothing that is there is taken back.
func (p *customersPass) consents(id string, there []Consent, r *ImportedCustomer) (changed bool) {
	type word struct {
		channel, purpose, state string
		at                      Millis
	}
	of := func(c *Consent) word { return word{c.Channel, c.Purpose, c.State, c.At} }
	known := p.said[id]
	if known == nil {
		known = map[any]bool{}
		p.said[id] = known
	}
	for i := range there {
		known[of(&there[i])] = true
	}
	for i := range r.Consents {
		c := &r.Consents[i]
		if known[of(c)] {
			continue
		}
		changed, known[of(c)] = true, true
		n := NewID("n")
		p.run("INSERT INTO consents (id, customer, channel, purpose, state, happened_at, by_user, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			n, id, c.Channel, c.Purpose, c.State, int64(c.At), p.c.By.By, cmp.Or(c.Evidence, r.Evidence))
		p.noteChange(id, changedConsent+n, nil, json.RawMessage("true"))
	}
	return changed
}

// What import_changes calls what is no field, with what is behind it.
const (
	changedTag          = "tag:"
	changedOrganisation = "organisation:"
	changedConsent      = "consent:"
)

func (p *customersPass) noteChange(customer, field string, was, is json.RawMessage) {
	text := func(v json.RawMessage) string {
		if v == nil {
			return "null"
		}
		return string(v)
	}
	p.run(noteChange, p.c.Import, customer, field, text(was), text(is))
}

// placed is a place as it becomes by what a file says: country, city and address each for itself.
func placed(was, says json.RawMessage, existing string) json.RawMessage {
	v, _ := json.Marshal(said[Place](was).with(said[Place](says), existing == ExistingOverwrite))
	return v
}

func sameJSON(a, b json.RawMessage) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return bytes.Equal(a, b)
	}
	ja, _ := json.Marshal(x)
	jb, _ := json.Marshal(y)
	return bytes.Equal(ja, jb)
}

// members makes a customer one of the row's organisations.
func (p *customersPass) members(id string, r *ImportedCustomer, isNew bool) (changed bool, err error) {
	had := len(p.rows.members)
	for i := range r.Members {
		if err := p.member(id, &r.Members[i], isNew); err != nil {
			return false, err
		}
	}
	return len(p.rows.members) > had, nil
}

// member makes a customer one of an organisation, which is made when nobody knows it.
func (p *customersPass) member(id string, m *Membership, isNew bool) error {
	folded := foldedName(m.Name)
	if folded == "" {
		return nil
	}
	org, ok := p.orgs[folded]
	if !ok {
		list, err := collect(p.ctx, p.q, oneText, "SELECT id FROM organisations WHERE folded = $1 ORDER BY created_at, id LIMIT 1", folded)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			org = list[0]
		} else {
			org = NewID("o")
			p.rows.orgs = append(p.rows.orgs, org, m.Name, folded, int64(p.c.By.At), p.c.Import)
		}
		p.orgs[folded] = org
	}
	if !isNew {
		var there int
		if err := p.q.QueryRowContext(p.ctx, "SELECT count(*) FROM members WHERE organisation = $1 AND customer = $2", org, id).Scan(&there); err != nil || there > 0 {
			return err
		}
		role, _ := json.Marshal(m.Role)
		p.noteChange(id, changedOrganisation+org, nil, role)
	}
	p.rows.members = append(p.rows.members, org, id, m.Role)
	return nil
}

// met are the chunk's addresses.
func (p *customersPass) met() (list met) {
	for i := range p.c.Rows {
		for _, x := range p.c.Rows[i].Identities {
			list = append(list, [3]string{x.ID, x.Channel, x.Address})
		}
	}
	return list
}

func (p *customersPass) statements() []statement {
	list := addImportedCustomers.over(nil, p.rows.customers)
	list = addImportedIdentities.over(list, p.rows.identities)
	list = addImportedLinks.over(list, p.rows.links)
	list = addImportedFields.over(list, p.rows.fields)
	list = addImportedTags.over(list, p.rows.tags)
	list = addImportedStages.over(list, p.rows.stages)
	list = addImportedOrgs.over(list, p.rows.orgs)
	list = addImportedMembers.over(list, p.rows.members)
	list = append(list, p.later...)
	return append(list, statement{key: stmtKey{text: `INSERT INTO import_chunks (import, first, last, n_from, n_to, made, updated, known, customers)
		VALUES ($1, $2, $3, 0, 0, $4, $5, $6, 0) ON CONFLICT DO NOTHING`},
		args: []any{p.c.Import, p.c.First, p.c.Last, p.counts.made, p.counts.updated, p.counts.known}})
}

// RowCustomer is the id of a customer who has no identity: the same row is the same one, whichever file it stands in.
func (r *LogRules) RowCustomer(row []string) string {
	b, _ := json.Marshal(row)
	return "c" + r.Record.salted("row", ImportCustomers, string(b))
}

// CustomerIdentity is the identity of an address in a file of customers. A *channels.FieldError says what is wrong with it.
func (r *LogRules) CustomerIdentity(channel, address, name string) (Identity, error) {
	w := Who{Channel: channel, Address: address, Name: name}
	i, err := r.whose(&w)
	if err != nil {
		return Identity{}, err
	}
	if i.Channel == OwnChannel {
		return Identity{}, &channels.FieldError{Field: "customer.channel", Reason: "there is no such channel"}
	}
	return *i, nil
}
