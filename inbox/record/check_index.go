package record

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkedTouches is about how many touches, evenly over all, have each of their words looked for in the lists of the index: of all of them it would
// take hours. That no list has what is gone is looked at in whole.
const checkedTouches = 4096

const (
	flawForgotten = "words in the search index of what is gone: the erased among them"
	flawWords     = "touches, conversations, customers and organisations that the search index has under other words than theirs"
)

// checkedDoc is a document whose lists are looked at.
type checkedDoc struct {
	id        string
	should    map[string]bool
	has, less int // lists that have it; of them those that should not
}

// chunkCheck is what one chunk of the index should say.
type chunkCheck struct {
	chunk    int64
	there    docSet
	sweeping bool // what is gone is being taken out of its lists
	sample   map[uint16]*checkedDoc
	at       docSet // of the sample
}

// checkIndex compares the lists of words with what they are of, a chunk of 32,768 documents at a time.
func checkIndex(ctx context.Context, q querier, found func(what, id string)) error {
	var at searchCursor
	if err := at.read(ctx, q); err != nil {
		return err
	}
	if err := checkHead(ctx, q, &at, found); err != nil {
		return err
	}
	for _, space := range []int64{ofTouches, ofConversations, ofNames} {
		var last, rows int64
		if err := q.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM search_postings WHERE id >= $1 AND id < $2", listOf(space, 0), listOf(space+1<<spaceBits, 0)).Scan(&last); err != nil {
			return err
		}
		switch space {
		case ofTouches:
			rows = at.settled - 1
		case ofConversations:
			if err := q.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0) FROM search_conversations").Scan(&rows); err != nil {
				return err
			}
		case ofNames:
			if err := q.QueryRowContext(ctx, "SELECT COALESCE(MAX(n), 0) FROM customer_rows").Scan(&rows); err != nil {
				return err
			}
		}
		for chunk := space; chunk <= max(last>>termBits, chunkOf(space, max(rows, 0))); chunk++ {
			c := chunkCheck{chunk: chunk, sample: map[uint16]*checkedDoc{}}
			read := c.named
			if space == ofTouches {
				read = func(ctx context.Context, q querier) error { return c.touches(ctx, q, &at) }
			}
			if err := read(ctx, q); err != nil {
				return err
			}
			if err := c.lists(ctx, q, found); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkHead compares the words of touches that are in no list yet.
func checkHead(ctx context.Context, q querier, at *searchCursor, found func(what, id string)) error {
	for from := at.settled; from < at.upcoming; from += blockDocs {
		head, err := collect(ctx, q, scanHeadRow, "SELECT slot, n, happened_at, flags, words FROM search_head WHERE slot >= $1 AND slot < $2 AND words <> ''", from, from+blockDocs)
		if err != nil {
			return err
		}
		ns := map[int64]uint16{}
		for _, r := range head {
			ns[r.n] = placeOf(r.slot)
		}
		sample := map[uint16]*checkedDoc{}
		if err := sampled(ctx, q, ns, sample); err != nil {
			return err
		}
		for _, r := range head {
			switch l := sample[placeOf(r.slot)]; {
			case l == nil:
			case l.should == nil:
				found(flawForgotten, l.id)
			case !maps.Equal(l.should, wide(strings.Fields(r.words))):
				found(flawWords, l.id)
			}
		}
	}
	return nil
}

// touches reads which of the chunk's are there, and the sample.
func (c *chunkCheck) touches(ctx context.Context, q querier, at *searchCursor) error {
	first := (c.chunk - ofTouches) << chunkBits
	var sweeping int64
	if err := q.QueryRowContext(ctx, "SELECT COUNT(*) FROM search_sweep WHERE chunk = $1", c.chunk).Scan(&sweeping); err != nil {
		return err
	}
	c.sweeping = sweeping > 0
	type row struct {
		number int64
		docs   []byte
	}
	blocks, err := collect(ctx, q, func(rows *sql.Rows, b *row) error { return rows.Scan(&b.number, &b.docs) },
		"SELECT block, docs FROM search_blocks WHERE block >= $1 AND block < $2", first>>blockBits, (first+chunkDocs)>>blockBits)
	if err != nil {
		return err
	}
	step := max(at.settled/checkedTouches, 1)
	ns := map[int64]uint16{}
	for _, b := range blocks {
		for i := range block(b.docs).docs() {
			if d := block(b.docs).doc(i); d.flags&docGone == 0 {
				slot := b.number<<blockBits + int64(i)
				c.there.set(placeOf(slot))
				if slot%step == 0 {
					ns[d.n] = placeOf(slot)
				}
			}
		}
	}
	// A block that is being settled is in some lists already.
	head, err := collect(ctx, q, scanKey, "SELECT slot FROM search_head WHERE slot >= $1 AND slot < $2 AND words <> ''", first, first+chunkDocs)
	if err != nil {
		return err
	}
	for _, slot := range head {
		c.there.set(placeOf(slot))
	}
	if err := sampled(ctx, q, ns, c.sample); err != nil {
		return err
	}
	for place := range c.sample {
		c.at.set(place)
	}
	return nil
}

// sampled adds touches with the words that they should have, but for those whose marks are changing; nil: a touch that has gone.
func sampled(ctx context.Context, q querier, ns map[int64]uint16, sample map[uint16]*checkedDoc) error {
	return inPieces(slices.Sorted(maps.Keys(ns)), func(args []any) error {
		in := "(" + placeholders(1, len(args)) + ")"
		list, err := collect(ctx, q, scanDocument, readDocuments("WHERE n IN "+in), args...)
		if err != nil {
			return err
		}
		type named struct {
			n        int64
			id, redo string
		}
		names, err := collect(ctx, q, func(rows *sql.Rows, v *named) error { return rows.Scan(&v.n, &v.id, &v.redo) },
			"SELECT t.n, t.id, COALESCE(r.conversation, '') FROM touches t LEFT JOIN search_redo r ON r.conversation = t.conversation AND t.conversation <> '' WHERE t.n IN "+in, args...)
		if err != nil {
			return err
		}
		changing := map[int64]bool{}
		for _, v := range names {
			sample[ns[v.n]] = &checkedDoc{id: v.id}
			changing[v.n] = v.redo != ""
		}
		for i := range list {
			v := &list[i]
			if changing[v.n] {
				delete(sample, ns[v.n])
				continue
			}
			sample[ns[v.n]].should = wide(v.words)
		}
		return nil
	})
}

// named reads the chunk's conversations, or customers and organisations: all of them.
func (c *chunkCheck) named(ctx context.Context, q querier) error {
	text, first := "SELECT s.number, COALESCE(c.id, ''), s.words FROM search_conversations s LEFT JOIN conversations c ON c.number = s.number WHERE s.number >= $1 AND s.number < $2 AND s.words <> ''",
		(c.chunk-ofConversations)<<chunkBits
	if c.chunk >= ofNames {
		text, first = "SELECT n, customer, words FROM customer_rows WHERE n >= $1 AND n < $2 AND words <> ''", (c.chunk-ofNames)<<chunkBits
	}
	const window = 1024
	for from := first; from < first+chunkDocs; from += window {
		type row struct {
			number    int64
			id, words string
		}
		list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.number, &r.id, &r.words) }, text, from, from+window)
		if err != nil {
			return err
		}
		for i, r := range list {
			place := placeOf(r.number)
			c.there.set(place)
			if i%16 == 0 {
				c.at.set(place)
				c.sample[place] = &checkedDoc{id: r.id, should: wide(strings.Fields(r.words))}
			}
		}
	}
	return nil
}

// lists reads all lists of the chunk, some at a time.
func (c *chunkCheck) lists(ctx context.Context, q querier, found func(what, id string)) error {
	type row struct {
		id   int64
		docs []byte
	}
	const window = 1000 // of 4096 bytes at most
	for from := listOf(c.chunk, 0) - 1; ; {
		list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.docs) },
			fmt.Sprintf("SELECT id, docs FROM search_postings WHERE id > $1 AND id < $2 ORDER BY id LIMIT %d", window), from, listOf(c.chunk+1, 0))
		if err != nil {
			return err
		}
		of := map[int64][]uint16{} // term → those of the sample that have it
		for _, r := range list {
			var s docSet
			s.read(r.docs)
			gone := s
			for i := range s {
				gone[i] &^= c.there[i]
				s[i] &= c.at[i]
			}
			if !c.sweeping && gone.count() > 0 {
				gone.each(func(doc uint16) bool {
					found(flawForgotten, fmt.Sprintf("chunk %d, term %d, document %d", c.chunk, r.id&(1<<termBits-1), doc))
					return false
				})
			}
			s.each(func(doc uint16) bool {
				of[r.id&(1<<termBits-1)] = append(of[r.id&(1<<termBits-1)], doc)
				return true
			})
		}
		if err := inPieces(slices.Sorted(maps.Keys(of)), func(ids []any) error {
			type term struct {
				id   int64
				text string
			}
			terms, err := collect(ctx, q, func(rows *sql.Rows, t *term) error { return rows.Scan(&t.id, &t.text) },
				"SELECT id, term FROM search_terms WHERE id IN ("+placeholders(1, len(ids))+")", ids...)
			for _, t := range terms {
				for _, doc := range of[t.id] {
					if l := c.sample[doc]; l.should[t.text] {
						l.has++
					} else {
						l.less++
					}
				}
			}
			return err
		}); err != nil {
			return err
		}
		if len(list) < window {
			break
		}
		from = list[len(list)-1].id
	}
	for _, place := range slices.Sorted(maps.Keys(c.sample)) {
		switch l := c.sample[place]; {
		case l.should == nil:
			found(flawForgotten, l.id)
		case l.has < len(l.should) || l.less > 0:
			found(flawWords, l.id)
		}
	}
	return nil
}
