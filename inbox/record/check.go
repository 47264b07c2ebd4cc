package record

import (
	"context"
	"fmt"
	"slices"
)

// Flaw is something in the record that contradicts the rest of it.
type Flaw struct {
	What    string   `json:"what"`
	Count   int      `json:"count"`
	Example []string `json:"examples"` // ids, at most flawExamples
}

const flawExamples = 5

func (f *Flaw) add(id string) {
	if f.Count++; len(f.Example) < flawExamples {
		f.Example = append(f.Example, id)
	}
}

// flaws are what never is: each finds the ids of what breaks a rule that always holds. Whatever stops at whatever moment leaves none, since what belongs together
// is written in one transaction.
var flaws = []struct{ what, find string }{
	{"customers merged into nobody, or counting for another than the one they were merged into",
		`SELECT c.id FROM customers c LEFT JOIN customers p ON p.id = c.merged_into
			WHERE c.merged_into <> '' AND (p.id IS NULL OR c.root <> CASE WHEN p.root = '' THEN p.id ELSE p.root END) OR c.merged_into = '' AND c.root <> ''`},
	{"customers counting for one who counts for another", `SELECT c.id FROM customers c LEFT JOIN customers r ON r.id = c.root WHERE c.root <> '' AND (r.id IS NULL OR r.root <> '')`},
	{"customers merged without a merge, or not merged with one",
		`SELECT c.id FROM customers c WHERE c.merged_into <> '' AND NOT EXISTS (SELECT 1 FROM merges m WHERE m.from_customer = c.id AND m.into_customer = c.merged_into AND m.undone_at = 0)
		UNION SELECT m.from_customer FROM merges m LEFT JOIN customers c ON c.id = m.from_customer WHERE m.undone_at = 0 AND (c.id IS NULL OR c.merged_into <> m.into_customer)`},
	{"identities at home nowhere, or counting for another than their home does",
		`SELECT i.id FROM identities i LEFT JOIN customers h ON h.id = i.home WHERE h.id IS NULL OR i.customer <> CASE WHEN h.root = '' THEN h.id ELSE h.root END`},
	{"identities at another home than their last link says",
		`SELECT i.id FROM identities i JOIN links l ON l.identity = i.id AND l.step = (SELECT MAX(step) FROM links WHERE identity = i.id) WHERE l.to_home <> i.home`},
	{"links and hints of no identity", `SELECT l.identity FROM links l LEFT JOIN identities i ON i.id = l.identity WHERE i.id IS NULL
		UNION SELECT x.identity FROM hints x LEFT JOIN identities i ON i.id = x.identity LEFT JOIN identities o ON o.id = x.other WHERE i.id IS NULL OR o.id IS NULL`},
	{"links good for one that several have used up", `SELECT name FROM link_uses WHERE first = 1 GROUP BY name HAVING COUNT(*) > 1`},
	{"touches of no identity", `SELECT t.id FROM touches t LEFT JOIN identities i ON i.id = t.identity WHERE t.identity <> '' AND i.id IS NULL`},
	{"conversations of no identity", `SELECT c.id FROM conversations c LEFT JOIN identities i ON i.id = c.identity WHERE i.id IS NULL`},
	{"touches of another identity than their conversation", `SELECT t.id FROM touches t JOIN conversations c ON c.id = t.conversation WHERE t.conversation <> '' AND t.identity <> c.identity`},
	{"texts and data of no touch", `SELECT CAST(b.n AS TEXT) FROM bodies b LEFT JOIN touches t ON t.n = b.n WHERE t.n IS NULL
		UNION SELECT CAST(d.n AS TEXT) FROM touch_data d LEFT JOIN touches t ON t.n = d.n WHERE t.n IS NULL
		UNION SELECT CAST(m.n AS TEXT) FROM order_marks m LEFT JOIN touches t ON t.n = m.n WHERE t.n IS NULL`},
	{"pins of no touch, or of another identity than the touch's", `SELECT p.touch FROM pins p LEFT JOIN touches t ON t.id = p.touch WHERE t.id IS NULL OR t.identity <> p.identity`},
	{"fields and tags of nobody", subjectless("fields", "field_history", "tags")},
	{"stages, consents, memberships, relations and holds of nobody", `SELECT s.customer FROM stages s LEFT JOIN customers c ON c.id = s.customer WHERE c.id IS NULL
		UNION SELECT s.customer FROM consents s LEFT JOIN customers c ON c.id = s.customer WHERE c.id IS NULL
		UNION SELECT s.customer FROM members s LEFT JOIN customers c ON c.id = s.customer LEFT JOIN organisations o ON o.id = s.organisation WHERE c.id IS NULL OR o.id IS NULL
		UNION SELECT s.id FROM relations s LEFT JOIN customers a ON a.id = s.from_customer LEFT JOIN customers b ON b.id = s.to_customer WHERE a.id IS NULL OR b.id IS NULL
		UNION SELECT s.customer FROM holds s LEFT JOIN customers c ON c.id = s.customer WHERE c.id IS NULL`},
	{"suggestions and likenesses of nobody", `SELECT s.id FROM suggestions s LEFT JOIN customers a ON a.id = s.a LEFT JOIN customers b ON b.id = s.b WHERE a.id IS NULL OR b.id IS NULL
		UNION SELECT s.word FROM likenesses s LEFT JOIN customers c ON c.id = s.customer WHERE c.id IS NULL`},
	{"chunks of imports that have not the touches they brought",
		`SELECT c.import FROM import_chunks c WHERE c.n_from > 0 AND c.undone = 0 AND c.made <> (SELECT COUNT(*) FROM touches t WHERE t.n >= c.n_from AND t.n <= c.n_to)`},
	{"what is left of the erased: names, addresses, texts, fields, marks", `SELECT c.id FROM customers c WHERE c.erased_at <> 0 AND (c.name <> '' OR c.root <> '' OR EXISTS (SELECT 1 FROM fields f WHERE f.subject = c.id)
			OR EXISTS (SELECT 1 FROM stages s WHERE s.customer = c.id))
		UNION SELECT i.id FROM identities i JOIN customers c ON c.id = i.customer AND c.erased_at <> 0
			WHERE i.address <> '' OR i.name <> '' OR EXISTS (SELECT 1 FROM touches t JOIN bodies b ON b.n = t.n WHERE t.identity = i.id)`},
	{"changes by an import that is gone, or of nobody", `SELECT x.import FROM import_changes x LEFT JOIN imports m ON m.id = x.import LEFT JOIN customers c ON c.id = x.customer
			LEFT JOIN organisations o ON o.id = x.customer WHERE m.id IS NULL OR c.id IS NULL AND o.id IS NULL`},
	// What an undone import brought goes behind the log.
	{"what is gone or erased, and can still be searched for", `SELECT CAST(d.n AS TEXT) FROM search_docs d LEFT JOIN touches t ON t.n = d.n
			WHERE t.n IS NULL AND NOT EXISTS (SELECT 1 FROM events e WHERE e.n > (SELECT event FROM search_cursor) AND e.kind = 'touches.withdrawn')
		UNION SELECT CAST(h.n AS TEXT) FROM search_head h LEFT JOIN search_docs d ON d.n = h.n WHERE h.words <> '' AND (d.n IS NULL OR d.slot <> h.slot)
		UNION SELECT CAST(s.number AS TEXT) FROM search_conversations s LEFT JOIN conversations c ON c.number = s.number WHERE c.id IS NULL
		UNION SELECT r.customer FROM customer_rows r LEFT JOIN customers c ON c.id = r.customer LEFT JOIN organisations o ON o.id = r.customer
			WHERE r.words <> '' AND (c.id IS NULL AND o.id IS NULL OR c.erased_at <> 0)`},
	{"what the search index has passed over", `SELECT t.id FROM bodies b JOIN touches t ON t.n = b.n JOIN search_cursor s ON t.n <= s.n AND (s.back = 0 OR t.n >= s.back)
			LEFT JOIN search_docs d ON d.n = b.n WHERE d.n IS NULL AND t.kind <> 'visit'
		UNION SELECT c.id FROM conversations c JOIN search_cursor s ON s.number = 0 OR c.number >= s.number LEFT JOIN search_conversations x ON x.number = c.number
			WHERE x.number IS NULL AND EXISTS (SELECT 1 FROM touches t WHERE t.conversation = c.id AND t.n <= s.event)
		UNION SELECT c.id FROM customers c LEFT JOIN customer_rows r ON r.customer = c.id WHERE c.stale = 0 AND c.erased_at = 0 AND r.n IS NULL
		UNION SELECT o.id FROM organisations o LEFT JOIN customer_rows r ON r.customer = o.id WHERE o.stale = 0 AND r.n IS NULL`},
}

// subjectless finds rows of tables whose subject is no customer, organisation or conversation.
func subjectless(tables ...string) (find string) {
	for i, t := range tables {
		if i > 0 {
			find += " UNION "
		}
		find += "SELECT f.subject FROM " + t + ` f LEFT JOIN customers c ON c.id = f.subject LEFT JOIN organisations o ON o.id = f.subject LEFT JOIN conversations v ON v.id = f.subject
			WHERE c.id IS NULL AND o.id IS NULL AND v.id IS NULL`
	}
	return find
}

// Check looks for what contradicts itself, at one moment beside whoever writes. It reads everything, but of the words of touches and of the sums of
// days a part.
func (db *DB) Check(ctx context.Context) (list []Flaw, err error) {
	_, err = db.read(ctx, func(q querier) (err error) {
		list, err = db.flawed(ctx, q)
		return err
	})
	return list, err
}

func (db *DB) flawed(ctx context.Context, q querier) (list []Flaw, err error) {
	for _, w := range flaws {
		f := Flaw{What: w.what}
		if err := q.QueryRowContext(ctx, "SELECT COUNT(*) FROM ("+w.find+") AS x").Scan(&f.Count); err != nil {
			return nil, fmt.Errorf("look for %s: %w", w.what, err)
		}
		if f.Count == 0 {
			continue
		}
		if f.Example, err = collect(ctx, q, oneText, fmt.Sprintf("SELECT * FROM (%s) AS x LIMIT %d", w.find, flawExamples)); err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	found := func(what, id string) {
		i := slices.IndexFunc(list, func(f Flaw) bool { return f.What == what })
		if i < 0 {
			list, i = append(list, Flaw{What: what}), len(list)
		}
		list[i].add(id)
	}
	if err := checkIndex(ctx, q, found); err != nil {
		return nil, fmt.Errorf("look at the search index: %w", err)
	}
	if err := checkSums(ctx, q, db.d, found); err != nil {
		return nil, fmt.Errorf("look at the reports: %w", err)
	}
	return list, nil
}
