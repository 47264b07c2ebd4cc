package record

import (
	"context"
	"math"
	"slices"
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
	known   []*knownNeedle    // of needles, in the space that is looked at
	seen    []int             // of each clause, how many documents
	chunks  int               // looked at
	found   map[int64]*docSet // by chunk, for kept
	sets    *docSets
}

func newLookup(m match) *lookup {
	l := &lookup{seen: make([]int, len(m.all)), sets: &docSets{}}
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

// can tells whether a chunk may have what matches.
func (l *lookup) can(chunk int64) bool {
	at := int(chunk & (1<<spaceBits - 1))
	for _, ways := range l.all {
		if !slices.ContainsFunc(ways, func(way []int) bool {
			return !slices.ContainsFunc(way, func(i int) bool { return !hasBit(l.known[i].chunks, at) })
		}) {
			return false
		}
	}
	return true
}

// first is how many chunks to look at together at first: the newest alone, where a common word is found, some for what several ask, or many when few
// of all can have what matches, so that their lists are short.
func (l *lookup) first(chunks int, chunk func(int) int64) int {
	can := 0
	for i := range chunks {
		if l.can(chunk(i)) {
			can++
		}
	}
	if 4*can < 3*chunks {
		return chunksAtOnce
	}
	return 1 << min(4, 2*max(0, len(l.all)-1))
}

// last is behind the last chunk of the space that may have what a clause asks for; the first one when nothing is asked for.
func (l *lookup) last(space int64) int64 {
	n := 0
	if len(l.all) > 0 {
		for _, way := range l.all[0] {
			for _, i := range way {
				n = max(n, 8*len(l.known[i].chunks))
			}
		}
	}
	return space + int64(n)
}

// fewLists are so few that reading some in vain costs less than asking twice.
const fewLists = 128

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
	if l.chunks > 0 && len(order) > 1 && len(chunks)*len(l.needles) > fewLists {
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
			if err := from.take(ctx, l, some, wanted, their); err != nil {
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
				found[i] = l.everything()
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

// kept finds what matches in chunks of the database, and keeps it for when it is asked again.
func (l *lookup) kept(ctx context.Context, from *lists, chunks []int64) ([]*docSet, error) {
	missing := slices.DeleteFunc(slices.Clone(chunks), func(c int64) bool { _, ok := l.found[c]; return ok })
	if len(missing) > 0 {
		found, err := l.in(ctx, from, missing)
		if err != nil {
			return nil, err
		}
		if l.found == nil {
			l.found = make(map[int64]*docSet, len(missing))
		}
		for i, c := range missing {
			l.found[c] = found[i]
		}
	}
	out := make([]*docSet, len(chunks))
	for i, c := range chunks {
		out[i] = l.found[c]
	}
	return out, nil
}

func (l *lookup) everything() *docSet {
	s := l.sets.get()
	for i := range s {
		s[i] = math.MaxUint64
	}
	return s
}

// and leaves of a set, nil for everything, what a clause has, in its place; nil: nothing.
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
	if s == nil {
		s = l.sets.get()
	}
	*s = sum
	return s
}

// chunksAtOnce are how many chunks are looked at together at most.
const chunksAtOnce = 64

// chunksNext is how many chunks to look at next, when so many had so much of what is wanted: rather some in vain than one more question.
func chunksNext(looked, found, limit int) int {
	if found == 0 {
		return min(8*looked, chunksAtOnce)
	}
	return min(max(looked, 3*(limit-found)*looked/(2*found)+1), chunksAtOnce)
}

// numbered finds documents by their own numbers, the highest first. Something must be asked for.
func (s *lists) numbered(ctx context.Context, m match, below int64, limit int) (out []int64, err error) {
	l, space := s.lookup(m), s.space
	if err := s.know(ctx, l); err != nil {
		return nil, err
	}
	at := l.last(space) - 1
	if below < math.MaxInt64 {
		at = min(at, chunkOf(space, max(below-1, 0)))
	}
	size := l.first(int(at-space+1), func(i int) int64 { return space + int64(i) })
	for looked := 0; at >= space && len(out) < limit; size = chunksNext(looked, len(out), limit) {
		var chunks []int64
		for ; at >= space && len(chunks) < size; at-- {
			if l.can(at) {
				chunks = append(chunks, at)
			}
		}
		looked += len(chunks)
		found, err := l.in(ctx, s, chunks)
		if err != nil {
			return nil, err
		}
		for i, docs := range found {
			if docs != nil {
				docs.each(func(d uint16) bool {
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

// lowest is the lowest number of what matches; negative: nothing does. Something must be asked for.
func (s *lists) lowest(ctx context.Context, m match) (int64, error) {
	l, space := s.lookup(m), s.space
	if err := s.know(ctx, l); err != nil {
		return 0, err
	}
	for at := space; at < l.last(space); at++ {
		if !l.can(at) {
			continue
		}
		found, err := l.in(ctx, s, []int64{at})
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
