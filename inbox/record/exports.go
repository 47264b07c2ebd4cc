package record

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// exportPage is how many rows an export reads at a time.
const exportPage = 500

// ExportedCustomer is a customer as an export writes it.
type ExportedCustomer struct {
	Customer
	Identities []Identity
	Members    []Membership // that are not over
	Consents   []Consent    // all that was said, oldest first; of addresses what holds now
}

// ExportCustomers calls f for every customer who is nobody else's, in order of their ids, as they show. Nothing is held open between its pages.
func (db *DB) ExportCustomers(ctx context.Context, f func(*ExportedCustomer) error) error {
	type row struct{ subject, field, value string }
	after := ""
	for {
		roots, err := collect(ctx, db.pool, oneText, "SELECT id FROM customers WHERE id > $1 AND root = '' ORDER BY id LIMIT $2", after, exportPage)
		if err != nil {
			return fmt.Errorf("export customers: %w", err)
		}
		if len(roots) == 0 {
			return nil
		}
		after = roots[len(roots)-1]
		out := make([]*ExportedCustomer, len(roots))
		_, err = db.read(ctx, func(q querier) error {
			in, args := "("+placeholders(1, len(roots))+")", anys(roots)
			type node struct {
				Customer
				root string
			}
			list, err := collect(ctx, q, func(rows *sql.Rows, n *node) error {
				return rows.Scan(&n.root, &n.ID, &n.Name, &n.Tier, &n.CreatedAt, &n.Version, &n.ConfirmedAt, &n.MergedInto, &n.ErasedAt)
			}, "SELECT CASE WHEN root = '' THEN id ELSE root END, "+ownColumns+" FROM customers WHERE id IN "+in+" OR root <> '' AND root IN "+in+" ORDER BY created_at, id", args...)
			if err != nil {
				return err
			}
			at, all := map[string]*Customer{}, []any{}
			for i := range list {
				at[list[i].ID] = &list[i].Customer
				all = append(all, list[i].ID)
			}
			for some := range slices.Chunk(all, exportPage) {
				in := "(" + placeholders(1, len(some)) + ")"
				rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.subject, &r.field, &r.value) },
					"SELECT subject, field, value FROM fields WHERE subject IN "+in+" UNION ALL SELECT subject, '', tag FROM tags WHERE subject IN "+in, some...)
				if err != nil {
					return err
				}
				for _, r := range rows {
					if c := at[r.subject]; r.field == "" {
						c.Tags = append(c.Tags, r.value)
					} else {
						c.say(r.field, []byte(r.value))
					}
				}
			}
			trees := map[string]*tree{}
			for _, id := range roots {
				trees[id] = &tree{root: id}
			}
			for i := range list {
				slices.Sort(list[i].Tags)
				if t := trees[list[i].root]; t != nil {
					t.list = append(t.list, list[i].Customer)
				}
			}
			ids, err := collect(ctx, q, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE customer IN "+in+" AND channel <> '"+OwnChannel+"' ORDER BY created_at, id", args...)
			if err != nil {
				return err
			}
			members, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.subject, &r.field, &r.value) },
				"SELECT m.customer, o.name, m.role FROM members m JOIN organisations o ON o.id = m.organisation WHERE m.customer IN "+in+" AND m.until = 0 ORDER BY o.folded, o.id", args...)
			if err != nil {
				return err
			}
			type word struct {
				whose string
				Consent
			}
			words, err := collect(ctx, q, func(rows *sql.Rows, w *word) error {
				return rows.Scan(&w.whose, &w.Channel, &w.Purpose, &w.State, &w.At, &w.Evidence)
			}, `SELECT CASE WHEN u.root = '' THEN u.id ELSE u.root END, s.channel, s.purpose, s.state, s.happened_at, s.evidence FROM consents s JOIN customers u ON u.id = s.customer
				WHERE u.id IN `+in+" OR u.root <> '' AND u.root IN "+in+" ORDER BY s.happened_at, s.channel, s.purpose, s.state, s.id", args...)
			if err != nil {
				return err
			}
			for i, id := range roots {
				out[i] = &ExportedCustomer{}
				if t := trees[id]; len(t.list) > 0 {
					out[i].Customer = t.shown()
				}
			}
			place := map[string]*ExportedCustomer{}
			for i, id := range roots {
				place[id] = out[i]
			}
			for _, x := range ids {
				of := place[x.Customer]
				of.Identities = append(of.Identities, x)
				if c, ok := x.consented(); ok {
					of.Consents = append(of.Consents, c)
				}
			}
			for _, m := range members {
				place[m.subject].Members = append(place[m.subject].Members, Membership{Name: m.field, Role: m.value})
			}
			for _, w := range words {
				if of := place[w.whose]; of != nil {
					of.Consents = append(of.Consents, w.Consent)
				}
			}
			for _, x := range out {
				slices.SortStableFunc(x.Consents, func(a, b Consent) int { return cmp.Compare(a.At, b.At) })
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("export customers: %w", err)
		}
		for _, x := range out {
			if x.ID == "" { // merged or gone meanwhile
				continue
			}
			if err := f(x); err != nil {
				return err
			}
		}
	}
}

// IdentityChannels are the channels that customers have addresses on.
func (db *DB) IdentityChannels(ctx context.Context) ([]string, error) {
	return collect(ctx, db.pool, oneText, "SELECT DISTINCT channel FROM identities WHERE channel <> '"+OwnChannel+"' ORDER BY channel")
}

// TouchFilter chooses touches; what is empty does not matter.
type TouchFilter struct {
	Kinds, Channels []string
	From, To        Millis // From ≤ At < To
	Customer        string
}

// ExportedTouch is a touch as an export writes it.
type ExportedTouch struct {
	Touch
	Whose Identity
}

// ExportTouches calls f for the touches of customers in the order in which they were recorded: not for what colleagues say among each other. Nothing
// is held open between its pages.
func (db *DB) ExportTouches(ctx context.Context, t TouchFilter, f func(*ExportedTouch) error) error {
	args := []any{}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	in := func(list []string) string {
		places := []string{}
		for _, s := range list {
			places = append(places, arg(s))
		}
		return "(" + strings.Join(places, ", ") + ")"
	}
	after := arg(int64(0))
	where := "t.n > " + after
	if len(t.Kinds) > 0 {
		where += " AND t.kind IN " + in(t.Kinds)
	} else {
		where += " AND t.kind NOT IN " + in([]string{KindWhisper, KindDraft, KindReview, KindVerdict, KindFlag, KindAnswer})
	}
	if len(t.Channels) > 0 {
		where += " AND t.channel IN " + in(t.Channels)
	}
	if t.From > 0 {
		where += " AND t.happened_at >= " + arg(int64(t.From))
	}
	if t.To > 0 {
		where += " AND t.happened_at < " + arg(int64(t.To))
	}
	if t.Customer != "" {
		where += " AND t.identity IN (SELECT id FROM identities WHERE customer = " + arg(t.Customer) + ")"
	}
	for {
		list, err := touches(ctx, db.pool, "WHERE "+where+" ORDER BY t.n LIMIT "+fmt.Sprint(exportPage), args...)
		if err != nil {
			return fmt.Errorf("export touches: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		args[0] = int64(list[len(list)-1].N)
		var ids []string
		for i := range list {
			ids = append(ids, list[i].Identity)
		}
		slices.Sort(ids)
		known, err := db.KnownIdentities(ctx, slices.Compact(ids))
		if err != nil {
			return fmt.Errorf("export touches: %w", err)
		}
		address, err := db.firstAddresses(ctx, known)
		if err != nil {
			return fmt.Errorf("export touches: %w", err)
		}
		for i := range list {
			whose := known[list[i].Identity]
			if other, ok := address[whose.Customer]; ok && whose.Channel == OwnChannel {
				whose = other
			}
			if err := f(&ExportedTouch{list[i], whose}); err != nil {
				return err
			}
		}
	}
}

// firstAddresses are those of customers of whom there are touches that belong to no address, by customer: elsewhere nobody knows them by their ids.
func (db *DB) firstAddresses(ctx context.Context, known map[string]Identity) (map[string]Identity, error) {
	var customers []string
	for _, i := range known {
		if i.Channel == OwnChannel && i.Customer != "" {
			customers = append(customers, i.Customer)
		}
	}
	slices.Sort(customers)
	out := map[string]Identity{}
	for some := range slices.Chunk(slices.Compact(customers), keysAtOnce) {
		list, err := collect(ctx, db.pool, scanIdentity, "SELECT "+identityColumns+" FROM identities WHERE customer IN ("+placeholders(1, len(some))+") AND channel <> '"+OwnChannel+
			"' AND address <> '' ORDER BY created_at, id", anys(some)...)
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			if _, ok := out[i.Customer]; !ok {
				out[i.Customer] = i
			}
		}
	}
	return out, nil
}

// AddNote writes an entry of the audit of what changes nothing: an export.
func (db *DB) AddNote(ctx context.Context, note Note) error {
	return db.writeNoted(ctx, []Note{note}, func(querier) error { return nil })
}
