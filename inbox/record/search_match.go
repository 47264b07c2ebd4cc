package record

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// match is what documents are found by: all of these, none of those.
type match struct {
	all []clause
	not []string
}

// needle is a word of a match, or a beginning that many words may have.
type needle struct {
	term  string
	begin bool
}

// needleOf turns a word, or the beginning of one with * at its end, into what stands in the index.
func needleOf(w string) needle {
	begin, ok := strings.CutSuffix(w, "*")
	if !ok {
		return needle{term: w}
	}
	_, word := kindOf(begin)
	if n := utf8.RuneCountInString(word); n <= shortBeginning || n <= shortNumber && hasDigit(word) {
		return needle{term: beginningSign + begin}
	}
	return needle{begin, true}
}

// lookup is a match under way: the rarest of its clauses are looked at first, the others only where these were found.
type lookup struct {
	needles []needle
	all     [][][]int // clauses, their ways, their needles
	not     []int
	seen    []int // of each clause, how many documents
	chunks  int   // looked at
}

func newLookup(m match) *lookup {
	l := &lookup{seen: make([]int, len(m.all))}
	known := map[needle]int{}
	add := func(w string) int {
		n := needleOf(w)
		i, ok := known[n]
		if !ok {
			i = len(l.needles)
			known[n] = i
			l.needles = append(l.needles, n)
		}
		return i
	}
	for _, c := range m.all {
		var ways [][]int
		for _, way := range c.any {
			var list []int
			for _, w := range way {
				list = append(list, add(w))
			}
			ways = append(ways, list)
		}
		l.all = append(l.all, ways)
	}
	for _, w := range m.not {
		l.not = append(l.not, add(w))
	}
	return l
}

// where tells which chunks can have what matches.
func (l *lookup) where(ctx context.Context, q querier, space int64) (func(chunk int64) bool, error) {
	if len(l.all) == 0 {
		return func(int64) bool { return true }, nil
	}
	sets := make([][]byte, len(l.needles))
	is := map[string]int{}
	var terms []any
	var term, chunks sql.RawBytes
	ask := func(cond string, args []any, of func() int) error {
		rows, err := q.QueryContext(ctx, "SELECT term, chunks FROM search_terms WHERE space = $1 AND "+cond, append([]any{space >> spaceBits}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&term, &chunks); err != nil {
				return err
			}
			set := &sets[of()]
			for i, b := range chunks {
				if i == len(*set) {
					*set = append(*set, 0)
				}
				(*set)[i] |= b
			}
		}
		return rows.Err()
	}
	for i, n := range l.needles {
		if slices.Contains(l.not, i) {
			continue
		}
		if !n.begin {
			is[n.term] = i
			terms = append(terms, n.term)
		} else if err := ask("term >= $2 AND term < $3", []any{n.term, n.term + "\U0010ffff"}, func() int { return i }); err != nil {
			return nil, err
		}
	}
	for some := range slices.Chunk(terms, 256) {
		some = pad(slices.Clip(some))
		if err := ask("term IN ("+placeholders(2, len(some))+")", some, func() int { return is[string(term)] }); err != nil {
			return nil, err
		}
	}
	return func(chunk int64) bool {
		at := int(chunk - space)
		for _, ways := range l.all {
			if !slices.ContainsFunc(ways, func(way []int) bool {
				return !slices.ContainsFunc(way, func(i int) bool { return at/8 >= len(sets[i]) || sets[i][at/8]&(1<<(at%8)) == 0 })
			}) {
				return false
			}
		}
		return true
	}, nil
}

// shelf is where lists of documents are: in the database, or not there yet.
type shelf interface {
	// take adds the documents of needles to sets, by chunk and needle.
	take(ctx context.Context, chunks []int64, needles []needle, wanted []int, sets [][]*docSet) error
}

// in finds what matches in chunks: nil where nothing does.
func (l *lookup) in(ctx context.Context, from shelf, chunks []int64) ([]*docSet, error) {
	found, sets, alive := make([]*docSet, len(chunks)), make([][]*docSet, len(chunks)), make([]int, len(chunks))
	for i := range chunks {
		sets[i], alive[i] = make([]*docSet, len(l.needles)), i
	}
	order := make([]int, len(l.all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return l.seen[a] - l.seen[b] })
	steps := [][]int{order}
	if l.chunks > 0 && len(order) > 1 {
		steps = [][]int{order[:1], order[1:]}
	}
	loaded := make([]bool, len(l.needles))
	for n, step := range steps {
		var wanted []int
		want := func(i int) {
			if !loaded[i] {
				loaded[i], wanted = true, append(wanted, i)
			}
		}
		for _, c := range step {
			for _, way := range l.all[c] {
				for _, i := range way {
					want(i)
				}
			}
		}
		last := n == len(steps)-1
		if last {
			for _, i := range l.not {
				want(i)
			}
		}
		some, their := make([]int64, len(alive)), make([][]*docSet, len(alive))
		for k, i := range alive {
			some[k], their[k] = chunks[i], sets[i]
		}
		if len(wanted) > 0 && len(some) > 0 {
			if err := from.take(ctx, some, l.needles, wanted, their); err != nil {
				return nil, err
			}
		}
		alive = slices.DeleteFunc(alive, func(i int) bool {
			for _, c := range step {
				if found[i] = l.and(found[i], c, sets[i]); found[i] == nil {
					return true
				}
			}
			if found[i] == nil { // no clause at all
				found[i] = everything()
			}
			if last {
				for _, not := range l.not {
					if s := sets[i][not]; s != nil {
						for k := range s {
							found[i][k] &^= s[k]
						}
					}
				}
			}
			return false
		})
	}
	l.chunks += len(chunks)
	return found, nil
}

func everything() *docSet {
	s := &docSet{}
	for i := range s {
		s[i] = math.MaxUint64
	}
	return s
}

// and leaves of a set, nil for everything, what a clause has; nil: nothing.
func (l *lookup) and(s *docSet, c int, sets []*docSet) *docSet {
	var sum docSet
	for _, way := range l.all[c] {
		if slices.ContainsFunc(way, func(i int) bool { return sets[i] == nil }) || len(way) == 0 {
			continue
		}
		for k := range sum {
			w := uint64(math.MaxUint64)
			for _, i := range way {
				w &= sets[i][k]
			}
			sum[k] |= w
		}
	}
	l.seen[c] += sum.count()
	any := uint64(0)
	for k := range sum {
		if s != nil {
			sum[k] &= s[k]
		}
		any |= sum[k]
	}
	if any == 0 {
		return nil
	}
	return &sum
}

// stored is the shelf in the database.
type stored struct{ q querier }

func (s stored) take(ctx context.Context, chunks []int64, needles []needle, wanted []int, sets [][]*docSet) error {
	at := make(map[int64]int, len(chunks))
	args := make([]any, 0, padded(len(chunks))+2)
	for i, c := range chunks {
		at[c] = i
		args = append(args, c)
	}
	args = pad(args)
	in := "SELECT chunk, term, docs FROM search_postings WHERE chunk IN (" + placeholders(1, len(args)) + ") AND "
	is := map[string]int{}
	var terms []any
	var term, docs sql.RawBytes
	var chunk int64
	add := func(n int) {
		to := &sets[at[chunk]][n]
		if *to == nil {
			*to = &docSet{}
		}
		(*to).read(docs)
	}
	ask := func(cond string, more []any, of func() int) error {
		rows, err := s.q.QueryContext(ctx, in+cond, append(slices.Clip(args), more...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&chunk, &term, &docs); err != nil {
				return err
			}
			add(of())
		}
		return rows.Err()
	}
	for _, i := range wanted {
		n := needles[i]
		if !n.begin {
			is[n.term] = i
			terms = append(terms, n.term)
			continue
		}
		next := "$" + strconv.Itoa(len(args)+1)
		if err := ask("term >= "+next+" AND term < $"+strconv.Itoa(len(args)+2), []any{n.term, n.term + "\U0010ffff"}, func() int { return i }); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(terms, 256) {
		some = pad(slices.Clip(some))
		if err := ask("term IN ("+placeholders(len(args)+1, len(some))+")", some, func() int { return is[string(term)] }); err != nil {
			return err
		}
	}
	return nil
}

// chunksAtOnce are how many chunks are looked at together: the newest alone, where common words are found, then ever more.
const chunksAtOnce = 64

// numbered finds documents by their own numbers, the highest first.
func (db *DB) numbered(ctx context.Context, q querier, space int64, m match, below int64, limit int) (out []int64, err error) {
	var top sql.NullInt64
	if err := q.QueryRowContext(ctx, "SELECT MAX(chunk) FROM search_postings WHERE chunk >= $1 AND chunk < $2", space, space+1<<spaceBits).Scan(&top); err != nil || !top.Valid {
		return nil, err
	}
	at := top.Int64
	if below < math.MaxInt64 {
		at = min(at, chunkOf(space, max(below-1, 0)))
	}
	l := newLookup(m)
	can := func(int64) bool { return true }
	for size := 1; at >= space && len(out) < limit; size = min(4*size, chunksAtOnce) {
		if size == 4 {
			if can, err = l.where(ctx, q, space); err != nil {
				return nil, err
			}
		}
		var chunks []int64
		for ; at >= space && len(chunks) < size; at-- {
			if can(at) {
				chunks = append(chunks, at)
			}
		}
		if len(chunks) == 0 {
			break
		}
		found, err := l.in(ctx, stored{q}, chunks)
		if err != nil {
			return nil, err
		}
		for i, s := range found {
			if s != nil {
				s.each(func(d uint16) bool {
					if n := (chunks[i]-space)<<chunkBits + int64(d); n < below {
						out = append(out, n)
					}
					return len(out) < limit
				})
			}
			if len(out) >= limit {
				break
			}
		}
	}
	return out, nil
}

// lowest is the lowest number of what matches; negative: nothing does.
func (db *DB) lowest(ctx context.Context, q querier, space int64, m match) (int64, error) {
	l := newLookup(m)
	can, err := l.where(ctx, q, space)
	if err != nil {
		return 0, err
	}
	var top sql.NullInt64
	if err := q.QueryRowContext(ctx, "SELECT MAX(chunk) FROM search_postings WHERE chunk >= $1 AND chunk < $2", space, space+1<<spaceBits).Scan(&top); err != nil || !top.Valid {
		return -1, err
	}
	for at := space; at <= top.Int64; at++ {
		if !can(at) {
			continue
		}
		found, err := l.in(ctx, stored{q}, []int64{at})
		if err != nil {
			return 0, err
		}
		if found[0] != nil {
			n := int64(-1)
			found[0].each(func(d uint16) bool { n = (at-space)<<chunkBits + int64(d); return true })
			return n, nil
		}
	}
	return -1, nil
}
