package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
)

// markOrders gives purchases and returns whose orders' numbers are about to be taken away marks instead, and the same one to all that were of one order of a
// customer: what was returned stays returned.
func (db *DB) markOrders(ctx context.Context, q querier, ns []int64) error {
	goes := map[int64]bool{}
	var customers []string
	if err := inPieces(ns, func(args []any) error {
		list, err := collect(ctx, q, oneText, "SELECT DISTINCT i.customer FROM touches t JOIN identities i ON i.id = t.identity JOIN touch_data d ON d.n = t.n WHERE "+
			bought+` AND d.json LIKE '%"order":%' AND t.n IN (`+placeholders(1, len(args))+")", args...)
		customers = append(customers, list...)
		return err
	}); err != nil || len(customers) == 0 {
		return err
	}
	for _, n := range ns {
		goes[n] = true
	}
	slices.Sort(customers)
	type row struct {
		n                    int64
		customer, json, mark string
	}
	for some := range slices.Chunk(slices.Compact(customers), keysAtOnce) {
		list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, &r.customer, &r.json, &r.mark) },
			"SELECT t.n, i.customer, d.json, COALESCE(m.mark, '') FROM identities i JOIN touches t ON t.identity = i.id AND "+bought+
				` JOIN touch_data d ON d.n = t.n LEFT JOIN order_marks m ON m.n = t.n WHERE d.json LIKE '%"order":%' AND i.customer IN (`+placeholders(1, len(some))+") ORDER BY t.n", anys(some)...)
		if err != nil {
			return err
		}
		type order struct {
			mark   string
			goes   bool
			unsaid []int64 // have no mark
		}
		orders := map[[2]string]*order{}
		for _, r := range list {
			var d Data
			if json.Unmarshal([]byte(r.json), &d) != nil || d.Order == "" {
				continue
			}
			o := entry(orders, [2]string{r.customer, d.Order})
			o.goes = o.goes || goes[r.n]
			if r.mark != "" {
				o.mark = r.mark
			} else {
				o.unsaid = append(o.unsaid, r.n)
			}
		}
		run := runner(ctx, q, &err)
		for _, o := range orders {
			if o.mark == "" {
				o.mark = NewID("r")
			}
			for _, n := range o.unsaid {
				if o.goes {
					run("INSERT INTO order_marks (n, mark) VALUES ($1, $2)", n, o.mark)
				}
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
