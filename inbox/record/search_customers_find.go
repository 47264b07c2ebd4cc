package record

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// named finds customers and organisations. Filters are of what was said, not of who they are, but for tags.
func (f *finder) named(ctx context.Context, h *Hits) error {
	if f.said || len(f.words)+len(f.tags) == 0 || len(f.phrases) > 0 || len(f.tags) > 0 && !f.Sight.Sees(FieldTags) {
		return nil
	}
	marked := clausesWithBeginning(f.words)
	look := nameSearch{words: f.words, more: f.tags, sight: f.Sight}
	if f.wants(InCustomers) {
		rows, err := look.rows(ctx, f.names, false, f.Limit)
		if err != nil {
			return err
		}
		if h.Customers, err = f.db.customerHits(ctx, f.q, rows, marked); err != nil {
			return err
		}
	}
	if f.wants(InOrganisations) {
		rows, err := look.rows(ctx, f.names, true, f.Limit)
		if err != nil || len(rows) == 0 {
			return err
		}
		type row struct {
			n int64
			o OrganisationHit
		}
		in, args := oneOf(f.db.d, "r.n", 1, rows)
		list, err := collect(ctx, f.q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, &r.o.ID, &r.o.Name) },
			"SELECT r.n, o.id, o.name FROM customer_rows r JOIN organisations o ON o.id = r.customer WHERE "+in, args...)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b row) int { return slices.Index(rows, a.n) - slices.Index(rows, b.n) })
		for _, r := range list {
			r.o.Parts = parts(r.o.Name, hits(r.o.Name, marked, nil), 200)
			h.Organisations = append(h.Organisations, r.o)
		}
	}
	return nil
}

func clausesWithBeginning(words []clause) []clause {
	out := slices.Clone(words)
	if n := len(out); n > 0 {
		out[n-1] = out[n-1].beginning()
	}
	return out
}

// customerHits reads rows of customer_rows in their order.
func (db *DB) customerHits(ctx context.Context, q querier, found []int64, words []clause) ([]CustomerHit, error) {
	out := []CustomerHit{}
	if len(found) == 0 {
		return out, nil
	}
	type row struct {
		n int64
		c CustomerHit
	}
	in, args := oneOf(db.d, "r.n", 1, found)
	list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error {
		return rows.Scan(&r.n, &r.c.ID, &r.c.Name, &r.c.Address, &r.c.Channel)
	},
		`SELECT r.n, u.id, `+shownName+`, COALESCE(i.address, ''), COALESCE(i.channel, '') FROM customer_rows r JOIN customers u ON u.id = r.customer
		LEFT JOIN identities i ON i.id = (SELECT id FROM identities WHERE customer = u.id AND channel <> '`+OwnChannel+`' ORDER BY created_at, id LIMIT 1)
		WHERE `+in, args...)
	slices.SortFunc(list, func(a, b row) int { return slices.Index(found, a.n) - slices.Index(found, b.n) })
	for _, r := range list {
		at := hits(r.c.Name, words, nil)
		if r.c.Parts = parts(r.c.Name, at, 200); len(at) == 0 {
			if at := addressHits(r.c.Address, words); len(at) > 0 || r.c.Name == "" {
				r.c.Parts = parts(r.c.Address, at, 200)
			}
		}
		out = append(out, r.c)
	}
	return out, err
}

// addressHits also finds the digits of a telephone number that was asked for as it is dialled at home.
func addressHits(address string, words []clause) [][2]int {
	found := hits(address, words, nil)
	if len(found) > 0 || !strings.HasPrefix(address, "+") {
		return found
	}
	for _, c := range words {
		for _, way := range c.any {
			w := strings.TrimLeft(strings.TrimSuffix(way[len(way)-1], "*"), "0"+mark)
			if i := strings.Index(address, w); i > 0 && len(w) > 1 && isNumber(w) {
				return [][2]int{{i, i + len(w)}}
			}
		}
	}
	return nil
}
