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
	"sync"
)

// The index is an inverted one: for each chunk of 32,768 documents and each term, which of them have it. Documents are numbered: touches by the
// order in which they were indexed (their slots), conversations by their own numbers, customers and organisations by customer_rows. A list
// of documents is at most 4096 bytes, so that whatever is asked for, a chunk costs a bounded and small amount of work, and both databases
// only keep the lists: what is found, and in which order, is decided here. Terms are numbered, too, so that a list is found by one number.

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

const spaceBits, termBits = 20, 32

// listOf is the number of a chunk's list of a term.
func listOf(chunk, term int64) int64 { return chunk<<termBits | term }

func chunkOf(space, number int64) int64 { return space + number>>chunkBits }

func placeOf(number int64) uint16 { return uint16(number & (chunkDocs - 1)) }

// docSet are documents of a chunk.
type docSet [chunkDocs / 64]uint64

// docSets are sets that one search uses, one goroutine at a time. They are a page each and a search takes hundreds: they are used again.
type docSets struct {
	all  []*docSet
	used int
}

var spareSets = sync.Pool{New: func() any { return &docSets{} }}

// maxSpareSets are kept for the next search.
const maxSpareSets = 512

// get gives an empty set, good until free.
func (s *docSets) get() *docSet {
	if s.used == len(s.all) {
		s.all = append(s.all, &docSet{})
	}
	s.used++
	out := s.all[s.used-1]
	*out = docSet{}
	return out
}

func (s *docSets) free() {
	clear(s.all[min(len(s.all), maxSpareSets):])
	s.all, s.used = s.all[:min(len(s.all), maxSpareSets)], 0
	spareSets.Put(s)
}

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

// knownTerm is a term and the chunks of its space that have it, a bit each.
type knownTerm struct {
	term   string
	id     int64
	chunks []byte
}

func (t *knownTerm) in(chunk int64) bool { return hasBit(t.chunks, int(chunk&(1<<spaceBits-1))) }

func hasBit(set []byte, at int) bool { return at/8 < len(set) && set[at/8]&(1<<(at%8)) != 0 }

// note remembers that a chunk has the term, or has it no more.
func (t *knownTerm) note(chunk int64, has bool) {
	at := int(chunk & (1<<spaceBits - 1))
	for len(t.chunks) <= at/8 {
		t.chunks = append(t.chunks, 0)
	}
	if t.chunks[at/8] |= 1 << (at % 8); !has {
		t.chunks[at/8] &^= 1 << (at % 8)
	}
}

// termsAmong are those of words that the index has in a space. A join finds each by the table's key: PostgreSQL, when it does not know yet how
// large the table is, compares each of its rows with each of a list.
func termsAmong(ctx context.Context, q querier, space int64, words []string) (map[string]*knownTerm, error) {
	list, err := collect(ctx, q, func(rows *sql.Rows, t *knownTerm) error { return rows.Scan(&t.term, &t.id, &t.chunks) },
		"SELECT t.term, t.id, t.chunks FROM (VALUES ("+strings.ReplaceAll(placeholders(2, padded(len(words))), ", ", "), (")+")) v CROSS JOIN search_terms t WHERE t.space = $1 AND t.term = v.column1",
		append([]any{space}, pad(anys(words))...)...)
	out := make(map[string]*knownTerm, len(list))
	for i := range list {
		out[list[i].term] = &list[i]
	}
	return out, err
}

// post writes changes. The caller has the index's lock.
func (db *DB) post(ctx context.Context, q querier, all changes) error {
	for _, chunk := range slices.Sorted(maps.Keys(all)) {
		for words := range slices.Chunk(slices.Sorted(maps.Keys(all[chunk])), 256) {
			if err := db.postTerms(ctx, q, chunk, words, all[chunk]); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	upsertPostings = many{`INSERT INTO search_postings (id, docs) VALUES `, `(?, ?)`, ` ON CONFLICT (id) DO UPDATE SET docs = excluded.docs`}
	upsertTerms    = many{`INSERT INTO search_terms (space, term, id, chunks) VALUES `, `(?, ?, ?, ?)`, ` ON CONFLICT (space, term) DO UPDATE SET chunks = excluded.chunks`}
)

// postTerms writes the changes of some words in a chunk.
func (db *DB) postTerms(ctx context.Context, q querier, chunk int64, words []string, all map[string]*termChange) error {
	space := chunk >> spaceBits
	known, err := termsAmong(ctx, q, space, words)
	if err != nil {
		return err
	}
	if fresh := int64(len(words) - len(known)); fresh > 0 {
		var last int64
		if err := q.QueryRowContext(ctx, "UPDATE search_cursor SET terms = terms + $1 RETURNING terms", fresh).Scan(&last); err != nil {
			return err
		}
		for _, w := range words {
			if known[w] == nil {
				known[w], last = &knownTerm{term: w, id: last}, last-1
			}
		}
	}
	var lists []int64
	for _, t := range known {
		if t.in(chunk) {
			lists = append(lists, listOf(chunk, t.id))
		}
	}
	had := make(map[int64][]byte, len(lists))
	if len(lists) > 0 {
		type row struct {
			id   int64
			docs []byte
		}
		in, args := oneOf(db.d, "id", 1, lists)
		rows, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.docs) }, "SELECT id, docs FROM search_postings WHERE "+in, args...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			had[r.id] = r.docs
		}
	}
	var written, noted []any
	var emptied, gone []int64
	for _, w := range words {
		t, change, s := known[w], all[w], docSet{}
		list := listOf(chunk, t.id)
		s.read(had[list])
		for _, d := range change.drop {
			s.clear(d)
		}
		for _, d := range change.add {
			s.set(d)
		}
		docs := s.bytes()
		if bytes.Equal(docs, had[list]) {
			continue
		}
		if len(docs) > 0 {
			written = append(written, list, docs)
		} else {
			emptied = append(emptied, list)
		}
		if has := len(docs) > 0; has != t.in(chunk) {
			if t.note(chunk, has); len(bytes.Trim(t.chunks, "\x00")) > 0 {
				noted = append(noted, space, w, t.id, t.chunks)
			} else {
				gone = append(gone, t.id)
			}
		}
	}
	run := runner(ctx, q, &err)
	if len(emptied) > 0 {
		in, args := oneOf(db.d, "id", 1, emptied)
		run("DELETE FROM search_postings WHERE "+in, args...)
	}
	if len(gone) > 0 {
		in, args := oneOf(db.d, "id", 1, gone)
		run("DELETE FROM search_terms WHERE "+in, args...)
	}
	if err == nil {
		_, err = db.all(ctx, q, upsertTerms.over(upsertPostings.over(nil, written), noted))
	}
	return err
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
