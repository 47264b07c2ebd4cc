package record

import (
	"context"
	"math"
	"strconv"
	"time"
)

// matching finds what a list is narrowed to by a text: conversations by their messages (of the 200 newest), subjects and tags (200), identities
// by their customers (the 200 newest), a number.
func (db *DB) matching(ctx context.Context, q querier, text string, sight Sight) (conversations, identities []string, number int64, err error) {
	query := ParseQuery(text, time.UTC, time.Now())
	words := clausesOf(text)
	words = words[:min(len(words), maxClauses)]
	if len(words) == 0 {
		return nil, nil, 0, nil
	}
	if w := Words(text); len(w) == 1 {
		number, _ = strconv.ParseInt(w[0], 10, 64)
	}
	v, err := db.view(ctx, q)
	if err != nil {
		return nil, nil, 0, err
	}
	touched := db.lists(q, ofTouches)
	for _, begins := range []bool{false, true} {
		m := match{all: words}
		if begins {
			m.all = clausesWithBeginning(words)
		}
		if begins && !query.typing {
			break
		}
		a := pick{mask: docLogged | docWhisper, below: spot{math.MaxInt64, math.MaxInt64}, limit: 200}
		if err := touched.newest(ctx, v, touched.lookup(m), math.MinInt64, &a); err != nil {
			return nil, nil, 0, err
		}
		if len(a.found) == 0 {
			continue
		}
		in, args := oneOf(db.d, "n", 1, numbersOf(a.found))
		if conversations, err = collect(ctx, q, scanText, "SELECT DISTINCT conversation FROM touches WHERE "+in, args...); err != nil {
			return nil, nil, 0, err
		}
		break
	}
	rows, err := db.lists(q, ofConversations).numbered(ctx, match{all: clausesWithBeginning(words)}, math.MaxInt64, 200)
	if err == nil && len(rows) > 0 {
		var more []string
		in, args := oneOf(db.d, "number", 1, rows)
		more, err = collect(ctx, q, scanText, "SELECT id FROM conversations WHERE "+in, args...)
		conversations = append(conversations, more...)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	rows, err = db.lists(q, ofNames).nameRows(ctx, words, sight, 200)
	if err == nil && len(rows) > 0 {
		in, args := oneOf(db.d, "r.n", 1, rows)
		identities, err = collect(ctx, q, scanText, `SELECT i.id FROM identities i JOIN customer_rows r ON r.customer = i.customer
			WHERE `+in+" LIMIT 1000", args...)
	}
	return conversations, identities, number, err
}
