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
		if err := touched.newest(ctx, v, newLookup(m), math.MinInt64, &a); err != nil {
			return nil, nil, 0, err
		}
		if len(a.found) == 0 {
			continue
		}
		args := make([]any, len(a.found))
		for i, d := range a.found {
			args[i] = d.n
		}
		if conversations, err = collect(ctx, q, scanText, "SELECT DISTINCT conversation FROM touches WHERE n IN ("+placeholders(1, len(args))+")", args...); err != nil {
			return nil, nil, 0, err
		}
		break
	}
	rows, err := db.lists(q, ofConversations).conversationRows(ctx, match{all: clausesWithBeginning(words)}, math.MaxInt64, 200)
	if err == nil && len(rows) > 0 {
		var more []string
		more, err = collect(ctx, q, scanText, "SELECT id FROM conversations WHERE number IN ("+placeholders(1, len(rows))+")", rows...)
		conversations = append(conversations, more...)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	rows, err = db.lists(q, ofNames).nameRows(ctx, words, sight, 200)
	if err == nil && len(rows) > 0 {
		identities, err = collect(ctx, q, scanText, `SELECT i.id FROM identities i JOIN customer_rows r ON r.customer = i.customer
			WHERE r.n IN (`+placeholders(1, len(rows))+") LIMIT 1000", rows...)
	}
	return conversations, identities, number, err
}
