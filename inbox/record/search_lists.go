package record

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// shelf is where lists of documents are: in the database, or not there yet.
type shelf interface {
	// take gives the documents of wanted needles, by chunk and needle: nil where there are none.
	take(ctx context.Context, l *lookup, chunks []int64, wanted []int, sets [][]*docSet) error
}

// lists are those of one space in the database, for one search: what several of its lookups have in common is asked for once.
type lists struct {
	db    *DB
	q     querier
	space int64
	known map[needle]*knownNeedle
	sets  map[heldList]*docSet
	spare *docSets // for what is found
}

// knownNeedle is what stands for a needle in a space.
type knownNeedle struct {
	terms  []knownTerm
	chunks []byte // those that have any of them
}

type heldList struct {
	chunk int64
	needle
}

func (db *DB) lists(q querier, space int64) *lists {
	return &lists{db: db, q: q, space: space, known: map[needle]*knownNeedle{}, sets: map[heldList]*docSet{}, spare: &docSets{}}
}

// lookup begins to look for a match, with the sets of this search.
func (s *lists) lookup(m match) *lookup {
	l := newLookup(m)
	l.sets = s.spare
	return l
}

// know looks up what stands for the needles of a lookup: once, before lists are taken.
func (s *lists) know(ctx context.Context, l *lookup) error {
	if l.known != nil {
		return nil
	}
	if err := s.db.know(ctx, s.q, []*lists{s}, l.needles); err != nil {
		return err
	}
	l.known = make([]*knownNeedle, len(l.needles))
	for i, n := range l.needles {
		l.known[i] = s.known[n]
	}
	return nil
}

// know looks up what stands for needles in some spaces, by one statement.
func (db *DB) know(ctx context.Context, q querier, spaces []*lists, needles []needle) error {
	of := map[int64]*lists{}
	var numbers []int64
	for _, s := range spaces {
		of[s.space>>spaceBits] = s
		numbers = append(numbers, s.space>>spaceBits)
	}
	fresh := map[*knownNeedle]bool{}
	var terms []string
	var begins []needle
	for _, n := range needles {
		news := false
		for _, s := range spaces {
			if s.known[n] == nil {
				k := &knownNeedle{}
				s.known[n], fresh[k], news = k, true, true
			}
		}
		switch {
		case !news:
		case n.begin:
			begins = append(begins, n)
		default:
			terms = append(terms, n.term)
		}
	}
	in, args := oneOf(db.d, "space", 1, numbers)
	var asked []string
	ask := func(of int, cond string) {
		asked = append(asked, fmt.Sprintf("SELECT %d, space, term, id, chunks FROM search_terms WHERE %s AND %s", of, in, cond))
	}
	if len(terms) > 0 {
		cond, list := oneOf(db.d, "term", len(args)+1, terms)
		ask(-1, cond)
		args = append(args, list...)
	}
	for i, n := range begins {
		ask(i, fmt.Sprintf("term >= $%d AND term < $%d", len(args)+1, len(args)+2))
		args = append(args, n.term, n.term+"\U0010ffff")
	}
	if len(asked) == 0 {
		return nil
	}
	type row struct {
		of    int
		space int64
		knownTerm
	}
	list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.of, &r.space, &r.term, &r.id, &r.chunks) }, strings.Join(asked, " UNION ALL "), args...)
	for _, r := range list {
		n := needle{term: r.term}
		if r.of >= 0 {
			n = begins[r.of]
		}
		k := of[r.space].known[n]
		if !fresh[k] {
			continue
		}
		k.terms = append(k.terms, r.knownTerm)
		for i, b := range r.chunks {
			if i == len(k.chunks) {
				k.chunks = append(k.chunks, 0)
			}
			k.chunks[i] |= b
		}
	}
	return err
}

// listsAtOnce are how many lists are read by one statement.
const listsAtOnce = 1024

func (s *lists) take(ctx context.Context, l *lookup, chunks []int64, wanted []int, sets [][]*docSet) error {
	type place struct {
		list          int64
		chunk, needle int
	}
	var places []place
	for c, chunk := range chunks {
		for _, n := range wanted {
			at := heldList{chunk, l.needles[n]}
			set, held := s.sets[at]
			if sets[c][n] = set; held {
				continue
			}
			s.sets[at] = nil
			for _, t := range l.known[n].terms {
				if t.in(chunk) {
					places = append(places, place{listOf(chunk, t.id), c, n})
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.list, b.list) })
	var list int64
	var docs sql.RawBytes
	for some := range slices.Chunk(places, listsAtOnce) {
		numbers := make([]int64, len(some))
		for i, p := range some {
			numbers[i] = p.list
		}
		cond, args := oneOf(s.db.d, "id", 1, numbers)
		rows, err := s.q.QueryContext(ctx, "SELECT id, docs FROM search_postings WHERE "+cond, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := rows.Scan(&list, &docs); err != nil {
				rows.Close()
				return err
			}
			// A list may be of two needles.
			i, _ := slices.BinarySearchFunc(some, list, func(p place, list int64) int { return cmp.Compare(p.list, list) })
			for ; i < len(some) && some[i].list == list; i++ {
				c, n := some[i].chunk, some[i].needle
				if sets[c][n] == nil {
					sets[c][n] = s.spare.get()
					s.sets[heldList{chunks[c], l.needles[n]}] = sets[c][n]
				}
				sets[c][n].read(docs)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}
