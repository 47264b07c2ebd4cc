package record

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxLooked bounds how many documents are read for one page; what is left is on the next.
const maxLooked = 1000

// section is a page of messages or of other touches that is being found.
type section struct {
	pick
	top   spot
	next  searchPlace
	hits  []MessageHit
	done  bool
	looks int
}

// touches finds messages and other touches.
func (f *finder) touches(ctx context.Context, h *Hits) error {
	// The position: of each of both where it goes on, and by what.
	at := [2]searchPlace{{spot: spot{f.below, math.MinInt64}}, {spot: spot{f.below, math.MinInt64}}}
	if f.Before != "" {
		places := strings.Split(f.Before, ".")
		if len(places) != 2 {
			return ErrCursor
		}
		for i, p := range places {
			top := at[i].spot
			if err := at[i].read(p); err != nil {
				return err
			}
			if top.compare(at[i].spot) < 0 {
				at[i].spot = top
			}
		}
	}
	sections := [2]*section{}
	for i, name := range []string{InMessages, InTouches} {
		s := &section{pick: pick{mask: docLogged}, top: at[i].spot, next: at[i], done: !f.wants(name) || at[i].by == byNothing}
		if s.done {
			s.next.by = byNothing
		}
		if i == 1 {
			s.is = docLogged
		}
		if f.User == "" && !f.Supervisor {
			s.mask |= docWhisper
		}
		sections[i] = s
	}
	// All words first; when there is nothing, the last as the beginning of one; when there is still nothing and filters are given, what
	// those whom the words name have to do with.
	var named []int64
	for by := byWords; by < byNothing; by++ {
		var some []*section
		for _, s := range sections {
			switch {
			case s.done || f.Before != "" && s.next.by != by:
			case f.Before == "" && by == byBeginning && (!f.typing || len(f.words) == 0):
			case f.Before == "" && by == byPerson && (!f.filtered || len(f.words) == 0 || len(f.phrases) > 0 || len(sections[0].hits)+len(sections[1].hits) > 0):
			default:
				s.next = searchPlace{s.top, by}
				some = append(some, s)
			}
		}
		if len(some) == 0 {
			continue
		}
		m := match{all: slices.Concat(f.words, f.pairs, f.marks)}
		switch by {
		case byBeginning:
			m.all = slices.Concat(clausesWithBeginning(f.words), f.pairs, f.marks)
		case byPerson:
			who, rows, err := f.meant(ctx)
			if err != nil {
				return err
			}
			if len(who.any) == 0 {
				continue
			}
			m.all, named = append([]clause{who}, f.marks...), rows
		}
		if err := f.pages(ctx, m, slices.Clone(some)); err != nil {
			return err
		}
		for _, s := range some {
			s.done = len(s.hits) > 0 || s.next.by != byNothing
		}
	}
	if len(sections[0].hits)+len(sections[1].hits) > 0 {
		var err error
		if h.Meant, err = f.db.customerHits(ctx, f.q, named, clausesWithBeginning(f.words)); err != nil {
			return err
		}
	}
	for i, s := range sections {
		if i == 0 && s.hits != nil {
			h.Messages = s.hits
		} else if s.hits != nil {
			h.Touches = s.hits
		}
	}
	if sections[0].next.by != byNothing || sections[1].next.by != byNothing {
		h.Next = sections[0].next.String() + "." + sections[1].next.String()
	}
	return nil
}

// meant are customers whom the words name, as touches are marked with them.
func (f *finder) meant(ctx context.Context) (c clause, found []int64, err error) {
	look := nameSearch{words: f.words, sight: f.Sight}
	if !f.Sight.Sees(FieldName) {
		return c, nil, nil
	}
	rows, err := f.db.lists(f.q, ofNames).numbered(ctx, look.exact(false), math.MaxInt64, 20)
	if err != nil || len(rows) == 0 {
		return c, nil, err
	}
	in, args := oneOf(f.db.d, "r.n", 1, rows)
	ids, err := collect(ctx, f.q, scanText, "SELECT i.id FROM identities i JOIN customer_rows r ON r.customer = i.customer WHERE "+in+" ORDER BY i.id LIMIT 60", args...)
	for _, id := range ids {
		c.any = append(c.any, []string{markOf("identity", id)})
	}
	return c, rows, err
}

// searchPlace is where a page goes on.
type searchPlace struct {
	spot
	by int
}

// By what a page was found.
const (
	byWords     = iota
	byBeginning // the last word is one of a word
	byPerson    // the words are somebody's name
	byNothing   // there is no more
)

const placeSigns = "wbn-"

func (p searchPlace) String() string {
	if p.by == byNothing {
		return "-"
	}
	return placeSigns[p.by:p.by+1] + strconv.FormatInt(p.at, 36) + "_" + strconv.FormatInt(p.n, 36)
}

func (p *searchPlace) read(s string) error {
	if s == "-" {
		p.by = byNothing
		return nil
	}
	if s == "" || strings.IndexByte(placeSigns[:byNothing], s[0]) < 0 {
		return ErrCursor
	}
	p.by = strings.IndexByte(placeSigns, s[0])
	at, n, ok := strings.Cut(s[1:], "_")
	var err, bad error
	p.at, err = strconv.ParseInt(at, 36, 64)
	if p.n, bad = strconv.ParseInt(n, 36, 64); !ok || err != nil || bad != nil {
		return ErrCursor
	}
	return nil
}

// pages fills sections, each from its place on, with at most Limit touches that match.
func (f *finder) pages(ctx context.Context, m match, some []*section) error {
	from := f.from
	if len(f.statuses) > 0 {
		since, err := f.openSince(ctx)
		if err != nil {
			return err
		}
		from = max(from, since)
	}
	l := f.touched.lookup(m)
	often := 1
	if len(f.phrases) > 0 { // some have the words in other places, in pairs that are alike
		often = 2
	}
	for ; len(some) > 0; often = min(4*often, 64) {
		wanted := make([]*pick, len(some))
		var all []spot
		for i, s := range some {
			room := f.Limit + 1 - len(s.hits)
			s.below, s.limit, s.found = s.next.spot, min(often*room, 500), nil
			wanted[i] = &s.pick
		}
		if err := f.touched.newest(ctx, f.view, l, from, wanted...); err != nil {
			return err
		}
		for _, s := range some {
			all = append(all, s.found...)
		}
		fits, err := f.fitting(ctx, all)
		if err != nil {
			return err
		}
		var read []int64
		reads := map[int64]bool{}
		for _, s := range some {
			room := f.Limit + 1 - len(s.hits)
			for _, d := range s.found {
				if fits(d) && room > 0 {
					room--
					read, reads[d.n] = append(read, d.n), true
				}
			}
		}
		list, err := f.db.touchHits(ctx, f.q, read)
		if err != nil {
			return err
		}
		if list, err = f.heard(ctx, list); err != nil {
			return err
		}
		byN := make(map[int64]*MessageHit, len(list))
		for i := range list {
			byN[list[i].n] = &list[i]
		}
		some = slices.DeleteFunc(some, func(s *section) bool {
			if !s.take(byN, f.Limit, func(d spot) bool { return reads[d.n] || !fits(d) }) {
				return false
			}
			for i := range s.hits {
				v := &s.hits[i]
				v.Parts = parts(v.text, hits(v.text, m.all, f.phrases), 160)
				v.Snippet = whole(v.Parts)
			}
			return true
		})
	}
	return nil
}

// take adds what was read to the page, up to what has not been looked at, and tells whether that ends.
func (s *section) take(hits map[int64]*MessageHit, limit int, looked func(spot) bool) bool {
	for _, d := range s.found {
		if !looked(d) {
			return len(s.hits) >= limit
		}
		if v := hits[d.n]; v != nil {
			if len(s.hits) == limit {
				return true
			}
			s.hits = append(s.hits, *v)
		}
		s.next.spot = d
	}
	s.looks += len(s.found)
	if len(s.found) < s.limit {
		s.next.by = byNothing
	}
	return len(s.found) < s.limit || s.looks >= maxLooked
}

// openSince is when the first touch of a conversation can have happened that is not resolved; the first of all when resolved ones are asked for.
func (f *finder) openSince(ctx context.Context) (int64, error) {
	marks := clause{}
	for _, s := range f.statuses {
		if s == string(Resolved) {
			return math.MinInt64, nil
		}
		marks.any = append(marks.any, []string{markOf("status", s)})
	}
	n, err := f.db.lists(f.q, ofConversations).lowest(ctx, match{all: []clause{marks}})
	if err != nil || n < 0 {
		return math.MaxInt64, err
	}
	var at Millis
	err = f.q.QueryRowContext(ctx, `SELECT t.happened_at FROM conversations c JOIN touches t ON t.conversation = c.id WHERE c.number = $1 ORDER BY t.n LIMIT 1`, n).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return math.MinInt64, nil
	}
	return int64(at), err
}

// fitting tells of documents what the index does not know: whether they are of conversations of the states that are asked for, and hold the phrases.
func (f *finder) fitting(ctx context.Context, list []spot) (func(spot) bool, error) {
	if len(f.statuses)+len(f.phrases) == 0 {
		return func(spot) bool { return true }, nil
	}
	fits := make(map[int64]bool, len(list))
	type document struct {
		n                           int64
		status, subject, text, data string
	}
	status, text, from := "''", "'', '', ''", "touches t"
	if len(f.statuses) > 0 {
		status, from = "COALESCE(c.status, '')", from+" LEFT JOIN conversations c ON c.id = t.conversation"
	}
	if len(f.phrases) > 0 {
		text, from = "COALESCE(b.subject, ''), COALESCE(b.text, ''), COALESCE(x.json, '')", from+" LEFT JOIN bodies b ON b.n = t.n LEFT JOIN touch_data x ON x.n = t.n"
	}
	ask := "SELECT t.n, " + status + ", " + text + " FROM " + from + " WHERE "
	for some := range slices.Chunk(list, 256) {
		cond, args := oneOf(f.db.d, "t.n", 1, numbersOf(some))
		docs, err := collect(ctx, f.q, func(rows *sql.Rows, v *document) error {
			return rows.Scan(&v.n, &v.status, &v.subject, &v.text, &v.data)
		}, ask+cond, args...)
		if err != nil {
			return nil, err
		}
		for _, v := range docs {
			fits[v.n] = !slices.ContainsFunc(f.statuses, func(s string) bool {
				return v.status != s && (s != "open" || v.status == "" || v.status == string(Resolved))
			}) && holds(documentText(v.subject, v.text, v.data), f.phrases)
		}
	}
	return func(d spot) bool { return fits[d.n] }, nil
}

// heard leaves out whispers that were for others.
func (f *finder) heard(ctx context.Context, list []MessageHit) ([]MessageHit, error) {
	if f.Supervisor {
		return list, nil
	}
	var whispers []uint64
	for _, v := range list {
		if v.Kind == KindWhisper {
			whispers = append(whispers, uint64(v.n))
		}
	}
	if len(whispers) == 0 {
		return list, nil
	}
	owners, err := ownersAt(ctx, f.q, whispers)
	return slices.DeleteFunc(list, func(v MessageHit) bool {
		return v.Kind == KindWhisper && (f.User == "" || owners[uint64(v.n)] != f.User)
	}), err
}

// touchHits reads touches.
func (db *DB) touchHits(ctx context.Context, q querier, ns []int64) ([]MessageHit, error) {
	if len(ns) == 0 {
		return nil, nil
	}
	cond, args := oneOf(db.d, "t.n", 1, ns)
	return collect(ctx, q, func(rows *sql.Rows, m *MessageHit) error {
		var subject, body, data string
		err := rows.Scan(append([]any{&m.n, &m.Touch, &m.Kind, &m.Conversation, &m.Inbound, &m.Author.Kind, &m.Author.ID, &m.Channel, &m.At,
			&m.Number, &subject, &body, &data}, m.Customer.scans()...)...)
		m.text = documentText(subject, body, data)
		return err
	}, `SELECT t.n, t.id, t.kind, t.conversation, t.inbound, t.author_kind, t.author, t.channel, t.happened_at,
		COALESCE(c.number, 0), COALESCE(b.subject, ''), COALESCE(b.text, ''), COALESCE(x.json, ''), `+whoColumns+`
		FROM touches t LEFT JOIN bodies b ON b.n = t.n LEFT JOIN conversations c ON c.id = t.conversation
		LEFT JOIN identities i ON i.id = t.identity LEFT JOIN customers u ON u.id = i.customer LEFT JOIN touch_data x ON x.n = t.n
		WHERE `+cond, args...)
}
