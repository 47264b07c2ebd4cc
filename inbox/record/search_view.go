package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
)

// Touches get slots in the order in which they are indexed. The newest slots, ten thousand at most, are the head: rows with their words, which every
// process keeps in memory by their words. When the head has a block of 2048, that is settled: its documents go into the lists of their chunk,
// and what is behind its slots becomes one row.

const (
	blockBits   = 11
	blockDocs   = 1 << blockBits
	blockWords  = blockDocs / 64 // of a docSet
	blocksKept  = 2048           // in memory, 32 KB each
	chunkBlocks = chunkDocs / blockDocs
)

// docRow is what is behind a slot.
type docRow struct {
	spot
	flags uint8
}

// Flags of documents.
const (
	docLogged  = 1 << iota // of no conversation
	docWhisper             // for one hearer
	docGone
)

const docBytes = 16

// block are docRows one behind the other, as they are stored.
type block []byte

func blockOf(list []docRow) block {
	b := make(block, docBytes*len(list))
	for i, d := range list {
		b.put(i, d)
	}
	return b
}

func (b block) docs() int { return len(b) / docBytes }

func (b block) doc(i int) docRow {
	n := binary.LittleEndian.Uint64(b[docBytes*i+8:])
	return docRow{spot{int64(binary.LittleEndian.Uint64(b[docBytes*i:])), int64(n >> 3)}, uint8(n & 7)}
}

func (b block) put(i int, d docRow) {
	binary.LittleEndian.PutUint64(b[docBytes*i:], uint64(d.at))
	binary.LittleEndian.PutUint64(b[docBytes*i+8:], uint64(d.n)<<3|uint64(d.flags))
}

// searchView is what a process knows of the index.
type searchView struct {
	searchCursor
	blocks []blockSpan
	chunks []chunkSpan // the newest first
	head   *searchHead
}

type blockSpan struct{ first, last int64 } // when the first and the last of a block happened

type chunkSpan struct {
	chunk, first, last int64
	docs               int // that are settled
}

// searchViews keeps the last one, and blocks that were read.
type searchViews struct {
	mu     sync.Mutex
	last   *searchView
	blocks map[int64]block
}

// view reads what has changed in the index since the last time.
func (db *DB) view(ctx context.Context, q querier) (*searchView, error) {
	var at searchCursor
	if err := at.read(ctx, q); err != nil {
		return nil, err
	}
	db.views.mu.Lock()
	defer db.views.mu.Unlock()
	for {
		old := db.views.last
		if old != nil && old.searchCursor == at {
			return old, nil
		}
		if old == nil || old.seq > at.seq { // an older snapshot's, or the first
			old = &searchView{searchCursor: searchCursor{seq: -1}}
		}
		v, changed, err := old.next(ctx, q, at)
		if err != nil {
			return nil, err
		}
		// A block that was settled meanwhile was in neither place.
		is := at
		if err := at.read(ctx, q); err != nil {
			return nil, err
		}
		if is.settled != at.settled {
			continue
		}
		if v.seq = is.seq; db.views.last == nil || db.views.last.seq <= v.seq {
			for _, b := range changed {
				delete(db.views.blocks, b)
			}
			db.views.last = v
		}
		return v, nil
	}
}

// next is a view as it is at a later state of the index, and the blocks that have changed.
func (v *searchView) next(ctx context.Context, q querier, at searchCursor) (*searchView, []int64, error) {
	out := &searchView{searchCursor: at, blocks: v.blocks, chunks: v.chunks, head: v.head}
	if v.seq == at.seq {
		return out, nil, nil
	}
	type row struct {
		number int64
		blockSpan
	}
	list, err := collect(ctx, q, func(rows *sql.Rows, b *row) error { return rows.Scan(&b.number, &b.first, &b.last) },
		"SELECT block, first_at, last_at FROM search_blocks WHERE seq > $1 ORDER BY block", v.seq)
	if err != nil {
		return nil, nil, err
	}
	news, err := collect(ctx, q, scanHeadRow, "SELECT slot, n, happened_at, flags, words FROM search_head WHERE seq > $1 ORDER BY slot", v.seq)
	if err != nil {
		return nil, nil, err
	}
	var changed []int64
	if len(list) > 0 {
		out.blocks = slices.Clone(v.blocks)
		for _, b := range list {
			changed = append(changed, b.number)
			for int64(len(out.blocks)) <= b.number {
				out.blocks = append(out.blocks, blockSpan{math.MaxInt64, math.MinInt64})
			}
			out.blocks[b.number] = b.blockSpan
		}
	}
	out.blocks = out.blocks[:min(len(out.blocks), int(at.settled>>blockBits))]
	out.chunks = nil
	for i, b := range out.blocks {
		n := len(out.chunks) - 1
		if i%chunkBlocks == 0 {
			out.chunks, n = append(out.chunks, chunkSpan{int64(n + 1), math.MaxInt64, math.MinInt64, 0}), n+1
		}
		c := &out.chunks[n]
		c.first, c.last, c.docs = min(c.first, b.first), max(c.last, b.last), c.docs+blockDocs
	}
	slices.SortStableFunc(out.chunks, func(a, b chunkSpan) int { return cmp.Compare(b.last, a.last) })
	if v.head == nil || v.head.base != at.settled {
		out.head = &searchHead{base: at.settled, rows: map[uint16]*headRow{}, terms: map[string][]uint16{}}
		if v.head != nil {
			for _, r := range v.head.rows {
				out.head.put(r)
			}
		}
	}
	for i := range news {
		out.head.put(&news[i])
	}
	return out, changed, nil
}

// searchHead has the touches that are not settled.
type searchHead struct {
	mu    sync.RWMutex
	base  int64 // the first slot
	rows  map[uint16]*headRow
	terms map[string][]uint16
}

type headRow struct {
	slot int64
	docRow
	words string
}

func scanHeadRow(rows *sql.Rows, r *headRow) error {
	return rows.Scan(&r.slot, &r.n, &r.at, &r.flags, &r.words)
}

// put adds a row, or puts it in the place of the one that is there.
func (h *searchHead) put(r *headRow) {
	if r.slot < h.base || r.slot >= h.base+chunkDocs {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	doc := uint16(r.slot - h.base)
	if old := h.rows[doc]; old != nil {
		if old == r || old.words == r.words && old.docRow == r.docRow {
			return
		}
		for w := range wide(strings.Fields(old.words)) {
			h.terms[w] = slices.DeleteFunc(h.terms[w], func(d uint16) bool { return d == doc })
		}
	}
	h.rows[doc] = r
	for w := range wide(strings.Fields(r.words)) {
		h.terms[w] = append(h.terms[w], doc)
	}
}

// take makes the head a shelf: of one chunk.
func (h *searchHead) take(_ context.Context, l *lookup, _ []int64, wanted []int, sets [][]*docSet) error {
	for _, i := range wanted {
		n := l.needles[i]
		add := func(list []uint16) {
			if len(list) > 0 && sets[0][i] == nil {
				sets[0][i] = &docSet{}
			}
			for _, d := range list {
				sets[0][i].set(d)
			}
		}
		if !n.begin {
			add(h.terms[n.term])
			continue
		}
		for w, list := range h.terms {
			if strings.HasPrefix(w, n.term) {
				add(list)
			}
		}
	}
	return nil
}

// pick is what is looked for among what matches: the newest below a spot, of one kind.
type pick struct {
	mask, is uint8 // of flags
	below    spot
	limit    int
	found    []spot // newest first
}

// older tells that nothing of a time and of before is wanted any more.
func (a *pick) older(at int64) bool {
	return len(a.found) >= a.limit && (a.limit <= 0 || at < a.found[a.limit-1].at)
}

func (a *pick) offer(d docRow, from int64) {
	if d.flags&(a.mask|docGone) != a.is || d.at < from || d.compare(a.below) >= 0 || a.limit <= 0 {
		return
	}
	if len(a.found) >= a.limit {
		if d.compare(a.found[a.limit-1]) <= 0 {
			return
		}
		a.found = a.found[:a.limit-1]
	}
	i, _ := slices.BinarySearchFunc(a.found, d.spot, func(a, b spot) int { return b.compare(a) })
	a.found = slices.Insert(a.found, i, d.spot)
}

// newest finds the newest touches that match, from a time on. Chunks are looked at by when their last touch happened, and no further than
// anything in them could still be among the newest. The same lookup may go on with the same view.
func (s *lists) newest(ctx context.Context, v *searchView, l *lookup, from int64, wanted ...*pick) error {
	if err := v.head.offer(ctx, l, from, wanted); err != nil {
		return err
	}
	l.chunks = 0
	over := func(first, last int64) bool {
		return last < from || !slices.ContainsFunc(wanted, func(a *pick) bool { return first <= a.below.at && !a.older(last) })
	}
	if err := s.know(ctx, l); err != nil {
		return err
	}
	size := l.first(len(v.chunks), func(i int) int64 { return v.chunks[i].chunk })
	looked := 0
	for rest := v.chunks; len(rest) > 0; {
		var some []chunkSpan
		for ; len(rest) > 0 && len(some) < size; rest = rest[1:] {
			if !over(rest[0].first, rest[0].last) && l.can(rest[0].chunk) {
				some = append(some, rest[0])
			}
		}
		if len(some) == 0 {
			break
		}
		ids := make([]int64, len(some))
		for i, c := range some {
			ids[i] = c.chunk
		}
		found, err := l.kept(ctx, s, ids)
		if err != nil {
			return err
		}
		need := make([][]int64, len(some)) // blocks
		for i, set := range found {
			if set == nil {
				continue
			}
			set.cut(0, some[i].docs)
			for k := range chunkBlocks {
				b := some[i].chunk*chunkBlocks + int64(k)
				if slices.ContainsFunc(set[k*blockWords:(k+1)*blockWords], func(w uint64) bool { return w != 0 }) && !over(v.blocks[b].first, v.blocks[b].last) {
					need[i] = append(need[i], b)
				}
			}
		}
		blocks := map[int64]block{}
		if size > 1 {
			if err := s.db.blocks(ctx, s.q, blocks, slices.Concat(need...)...); err != nil {
				return err
			}
		}
		for i, set := range found {
			slices.SortStableFunc(need[i], func(a, b int64) int { return cmp.Compare(v.blocks[b].last, v.blocks[a].last) })
			for len(need[i]) > 0 {
				b := need[i][0]
				if need[i] = need[i][1:]; over(v.blocks[b].first, v.blocks[b].last) {
					continue
				}
				if err := s.db.blocks(ctx, s.q, blocks, b); err != nil {
					return err
				}
				docs, in := blocks[b], docSet{}
				at := int(b%chunkBlocks) * blockWords
				copy(in[at:], set[at:at+blockWords])
				in.each(func(d uint16) bool {
					if i := int(d) & (blockDocs - 1); i < docs.docs() {
						for _, a := range wanted {
							a.offer(docs.doc(i), from)
						}
					}
					return true
				})
			}
		}
		looked += len(some)
		size = 1
		for _, a := range wanted {
			size = max(size, chunksNext(looked, len(a.found), a.limit))
		}
	}
	return nil
}

func (h *searchHead) offer(ctx context.Context, l *lookup, from int64, wanted []*pick) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	found, err := l.in(ctx, h, []int64{0})
	if err != nil || found[0] == nil {
		return err
	}
	offer := func(r *headRow) {
		for _, a := range wanted {
			a.offer(r.docRow, from)
		}
	}
	if len(l.all) == 0 {
		for _, r := range h.rows {
			offer(r)
		}
		return nil
	}
	found[0].each(func(d uint16) bool {
		if r := h.rows[d]; r != nil {
			offer(r)
		}
		return true
	})
	return nil
}

// blocks adds to out what is behind slots.
func (db *DB) blocks(ctx context.Context, q querier, out map[int64]block, list ...int64) error {
	var missing []int64
	db.views.mu.Lock()
	for _, b := range list {
		if out[b] != nil {
			continue
		}
		if docs, ok := db.views.blocks[b]; ok {
			out[b] = docs
		} else {
			missing = append(missing, b)
		}
	}
	v := db.views.last
	db.views.mu.Unlock()
	for some := range slices.Chunk(missing, 256) {
		type row struct {
			number, seq int64
			docs        []byte
		}
		cond, args := oneOf(db.d, "block", 1, some)
		rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.number, &r.seq, &r.docs) },
			"SELECT block, seq, docs FROM search_blocks WHERE "+cond, args...)
		if err != nil {
			return err
		}
		db.views.mu.Lock()
		if db.views.blocks == nil {
			db.views.blocks = map[int64]block{}
		}
		for _, r := range rows {
			out[r.number] = r.docs
			if v != nil && r.seq <= v.seq && db.views.last == v { // else it may be older than what is known by now
				db.views.blocks[r.number] = r.docs
			}
		}
		for b := range db.views.blocks {
			if len(db.views.blocks) <= blocksKept {
				break
			}
			delete(db.views.blocks, b)
		}
		db.views.mu.Unlock()
	}
	return nil
}
