package record

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"strings"
)

// The index is an inverted one: for each chunk of 32,768 documents and each term, which of them have it. Documents are numbered: touches by the
// order in which they were indexed (their slots), conversations by their own numbers, customers and organisations by customer_rows. A list
// of documents is at most 4096 bytes, so that whatever is asked for, a chunk costs a bounded and small amount of work, and both databases
// only keep the lists: what is found, and in which order, is decided here.

const (
	chunkBits  = 15
	chunkDocs  = 1 << chunkBits
	wholeBytes = chunkDocs / 8
)

// What is numbered by itself, as the first chunk of each.
const (
	ofTouches int64 = iota << spaceBits
	ofConversations
	ofNames
)

const spaceBits = 40

func chunkOf(space, number int64) int64 { return space + number>>chunkBits }

func placeOf(number int64) uint16 { return uint16(number & (chunkDocs - 1)) }

// docSet are documents of a chunk.
type docSet [chunkDocs / 64]uint64

// read adds those of a list: of two bytes each, or a bit each when that is shorter.
func (s *docSet) read(list []byte) {
	if len(list) == wholeBytes {
		for i := range s {
			s[i] |= binary.LittleEndian.Uint64(list[8*i:])
		}
		return
	}
	for ; len(list) >= 2; list = list[2:] {
		s.set(binary.LittleEndian.Uint16(list))
	}
}

func (s *docSet) set(doc uint16)   { s[doc&(chunkDocs-1)>>6] |= 1 << (doc & 63) }
func (s *docSet) clear(doc uint16) { s[doc&(chunkDocs-1)>>6] &^= 1 << (doc & 63) }

func (s *docSet) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// cut leaves those from one on, below another.
func (s *docSet) cut(from, below int) {
	for i := range s {
		switch at := i << 6; {
		case at+64 <= from || at >= below:
			s[i] = 0
		default:
			if at < from {
				s[i] &= ^uint64(0) << (from - at)
			}
			if at+64 > below {
				s[i] &= ^uint64(0) >> (at + 64 - below)
			}
		}
	}
}

// each gives them from the last to the first, until f returns false.
func (s *docSet) each(f func(doc uint16) bool) {
	for i := len(s) - 1; i >= 0; i-- {
		for w := s[i]; w != 0; {
			top := bits.Len64(w) - 1
			w &^= 1 << top
			if !f(uint16(i<<6 + top)) {
				return
			}
		}
	}
}

// bytes is a set as read reads it.
func (s *docSet) bytes() []byte {
	n := s.count()
	if 2*n >= wholeBytes {
		out := make([]byte, 0, wholeBytes)
		for _, w := range s {
			out = binary.LittleEndian.AppendUint64(out, w)
		}
		return out
	}
	out := make([]byte, 0, 2*n)
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = binary.LittleEndian.AppendUint16(out, uint16(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// changes are what terms gain and lose, by chunk.
type changes map[int64]map[string]*termChange

type termChange struct{ add, drop []uint16 }

func (c changes) of(chunk int64, term string) *termChange {
	terms := c[chunk]
	if terms == nil {
		terms = map[string]*termChange{}
		c[chunk] = terms
	}
	v := terms[term]
	if v == nil {
		v = &termChange{}
		terms[term] = v
	}
	return v
}

// replace makes a document have other words than it had: those of either list alone.
func (c changes) replace(space, number int64, before, after []string) {
	had, has := wide(before), wide(after)
	chunk, doc := chunkOf(space, number), placeOf(number)
	for w := range had {
		if !has[w] {
			v := c.of(chunk, w)
			v.drop = append(v.drop, doc)
		}
	}
	for w := range has {
		if !had[w] {
			v := c.of(chunk, w)
			v.add = append(v.add, doc)
		}
	}
}

// wide are words with their beginnings.
func wide(words []string) map[string]bool {
	out := make(map[string]bool, 3*len(words))
	for _, w := range words {
		out[w] = true
		beginnings(w, func(b string) { out[b] = true })
	}
	return out
}

// In the index stand, beside words: marks, beginnings of words behind ^, and pairs of neighbours behind ~. No word has these signs.
const beginningSign, pairSign = "^", "~"

// Beginnings up to so many letters are terms of their own; longer ones are few enough words. Those of numbers and the like, of which there
// are many, are terms a little further.
const shortBeginning, shortNumber = 3, 6

// beginnings gives the beginnings of a word that are terms.
func beginnings(w string, yield func(string)) {
	kind, w := kindOf(w)
	if strings.HasPrefix(w, mark) || strings.HasPrefix(w, pairSign) {
		return
	}
	most := shortBeginning
	if hasDigit(w) {
		most = shortNumber
	}
	n := 0
	for i := range w {
		if n > 0 {
			yield(beginningSign + kind + w[:i])
		}
		if n++; n > most {
			return
		}
	}
	yield(beginningSign + kind + w)
}

// kindOf parts a word of a kind from its sign: two marks. What has one is no word, and what has three a mark of a filter.
func kindOf(w string) (kind, word string) {
	if rest, ok := strings.CutPrefix(w, mark+mark); ok && !strings.HasPrefix(rest, mark) {
		return mark + mark, rest
	}
	return "", w
}

func hasDigit(w string) bool { return strings.ContainsAny(w, "0123456789") }

var upsertPostings = many{`INSERT INTO search_postings (chunk, term, docs) VALUES `, `(?, ?, ?)`, ` ON CONFLICT (chunk, term) DO UPDATE SET docs = excluded.docs`}

// post writes changes. The caller has the index's lock.
func (db *DB) post(ctx context.Context, q querier, all changes) error {
	for _, chunk := range slices.Sorted(maps.Keys(all)) {
		terms, came, went := all[chunk], []string{}, []string{}
		for piece := range slices.Chunk(slices.Sorted(maps.Keys(terms)), 256) {
			had := make(map[string][]byte, len(piece))
			type row struct {
				term string
				docs []byte
			}
			list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.term, &r.docs) },
				"SELECT term, docs FROM search_postings WHERE chunk = $1 AND term IN ("+placeholders(2, padded(len(piece)))+")", append([]any{chunk}, pad(anys(piece))...)...)
			if err != nil {
				return err
			}
			for _, r := range list {
				had[r.term] = r.docs
			}
			args := make([]any, 0, 3*len(piece))
			for _, term := range piece {
				var s docSet
				s.read(had[term])
				for _, d := range terms[term].drop {
					s.clear(d)
				}
				for _, d := range terms[term].add {
					s.set(d)
				}
				switch docs := s.bytes(); {
				case bytes.Equal(docs, had[term]):
				case len(docs) == 0:
					went = append(went, term)
					if _, err := q.ExecContext(ctx, "DELETE FROM search_postings WHERE chunk = $1 AND term = $2", chunk, term); err != nil {
						return err
					}
				default:
					if args = append(args, chunk, term, docs); had[term] == nil {
						came = append(came, term)
					}
				}
			}
			if _, err := db.all(ctx, q, upsertPostings.over(nil, args)); err != nil {
				return err
			}
		}
		if err := db.noteTerms(ctx, q, chunk, came, true); err != nil {
			return err
		}
		if err := db.noteTerms(ctx, q, chunk, went, false); err != nil {
			return err
		}
	}
	return nil
}

var upsertTerms = many{`INSERT INTO search_terms (space, term, chunks) VALUES `, `(?, ?, ?)`, ` ON CONFLICT (space, term) DO UPDATE SET chunks = excluded.chunks`}

// noteTerms remembers that a chunk has terms, or has them no more.
func (db *DB) noteTerms(ctx context.Context, q querier, chunk int64, terms []string, has bool) error {
	space, at := chunk>>spaceBits, int(chunk&(1<<spaceBits-1))
	for piece := range slices.Chunk(terms, 256) {
		type row struct {
			term   string
			chunks []byte
		}
		list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.term, &r.chunks) },
			"SELECT term, chunks FROM search_terms WHERE space = $1 AND term IN ("+placeholders(2, padded(len(piece)))+")", append([]any{space}, pad(anys(piece))...)...)
		if err != nil {
			return err
		}
		had := make(map[string][]byte, len(list))
		for _, r := range list {
			had[r.term] = r.chunks
		}
		args := make([]any, 0, 3*len(piece))
		for _, term := range piece {
			chunks := had[term]
			for len(chunks) <= at/8 {
				chunks = append(chunks, 0)
			}
			if chunks[at/8] |= 1 << (at % 8); !has {
				chunks[at/8] &^= 1 << (at % 8)
			}
			if !has && len(bytes.Trim(chunks, "\x00")) == 0 {
				if _, err := q.ExecContext(ctx, "DELETE FROM search_terms WHERE space = $1 AND term = $2", space, term); err != nil {
					return err
				}
				continue
			}
			args = append(args, space, term, chunks)
		}
		if _, err := db.all(ctx, q, upsertTerms.over(nil, args)); err != nil {
			return err
		}
	}
	return nil
}

// padded is how many placeholders a list of n has, so that there are few different statements.
func padded(n int) int { return 1 << bits.Len(uint(max(n, 1)-1)) }

// pad repeats the last of a list.
func pad[T any](list []T) []T {
	for n := padded(len(list)); len(list) < n; {
		list = append(list, list[len(list)-1])
	}
	return list
}

// all runs statements made by many.
func (db *DB) all(ctx context.Context, q querier, list []statement) (changed int64, err error) {
	for _, s := range list {
		res, err := q.ExecContext(ctx, s.key.many.text(s.key.rows, db.d.numbered), s.args...)
		if err != nil {
			return changed, err
		}
		n, err := res.RowsAffected()
		if changed += n; err != nil {
			return changed, err
		}
	}
	return changed, nil
}
