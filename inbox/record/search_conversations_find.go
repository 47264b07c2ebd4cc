package record

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"
)

func (f *finder) conversations(ctx context.Context) ([]ConversationHit, error) {
	out := []ConversationHit{}
	if !f.wants(InConversations) || f.only || len(f.words)+len(f.own) == 0 {
		return out, nil
	}
	own := append(slices.Clip(f.own), f.months()...)
	m := match{all: slices.Concat(f.words, f.pairs, own)}
	below, err := f.numberBelow(ctx)
	if err != nil {
		return out, err
	}
	numbers, err := f.conversed.numbered(ctx, m, below, f.Limit)
	if err == nil && len(numbers) == 0 && f.typing && len(f.words) > 0 {
		m.all = slices.Concat(clausesWithBeginning(f.words), f.pairs, own)
		numbers, err = f.conversed.numbered(ctx, m, below, f.Limit)
	}
	for err == nil && len(numbers) > 0 {
		in, args := oneOf(f.db.d, "c.number", 1, numbers)
		list, err := collect(ctx, f.q, func(rows *sql.Rows, c *ConversationHit) error {
			var tags string
			err := rows.Scan(append([]any{&c.ID, &c.Number, &c.Subject, &c.Status, &c.Queue, &c.Channel, &tags, &c.At}, c.Customer.scans()...)...)
			c.Tags = strings.FieldsFunc(tags, func(r rune) bool { return r == '\n' })
			return err
		}, `SELECT c.id, c.number, COALESCE(b.subject, ''), c.status, c.queue, c.channel, c.tags, c.last_message_at, `+whoColumns+`
			FROM conversations c LEFT JOIN bodies b ON b.n = c.subject_n LEFT JOIN identities i ON i.id = c.identity LEFT JOIN customers u ON u.id = i.customer
			WHERE `+in+" ORDER BY c.number DESC", args...)
		if err != nil {
			return out, err
		}
		for _, c := range list {
			if len(out) < f.Limit && int64(c.At) < f.below && int64(c.At) >= f.from && (len(f.phrases) == 0 || holds(c.Subject, f.phrases)) {
				c.Parts = parts(c.Subject, hits(c.Subject, m.all, f.phrases), 160)
				out = append(out, c)
			}
		}
		if len(numbers) < f.Limit || len(out) == f.Limit {
			break
		}
		if numbers, err = f.conversed.numbered(ctx, m, numbers[len(numbers)-1], max(f.Limit, 100)); err != nil {
			return out, err
		}
	}
	return out, err
}

// months are marks of conversations whose last message may be of the time that is asked for.
func (f *finder) months() []clause {
	if f.from == math.MinInt64 {
		return nil
	}
	var c clause
	end := min(f.below, int64(At(f.now.AddDate(0, 1, 0))))
	first := Millis(f.from).Time().UTC()
	for m := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, time.UTC); int64(At(m)) < end; m = m.AddDate(0, 1, 0) {
		if c.any = append(c.any, []string{monthMark(At(m))}); len(c.any) > 240 {
			return nil
		}
	}
	return []clause{c}
}

// numberBelow is above the numbers of conversations that began before the time that is asked for: numbers follow time.
func (f *finder) numberBelow(ctx context.Context) (int64, error) {
	if f.below == math.MaxInt64 {
		return math.MaxInt64, nil
	}
	a := pick{mask: docLogged, below: spot{f.below, math.MinInt64}, limit: 50}
	touched := f.db.lists(f.q, ofTouches) // another goroutine has the finder's
	if err := touched.newest(ctx, f.view, touched.lookup(match{}), math.MinInt64, &a); err != nil || len(a.found) == 0 {
		return 0, err
	}
	var n int64
	in, args := oneOf(f.db.d, "t.n", 1, numbersOf(a.found))
	err := f.q.QueryRowContext(ctx, "SELECT COALESCE(MAX(c.number), 0) + 1 FROM touches t JOIN conversations c ON c.id = t.conversation WHERE "+in, args...).Scan(&n)
	return n, err
}
