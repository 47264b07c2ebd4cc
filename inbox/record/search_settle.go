package record

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
)

// blocksAtOnce are settled together while there is more to be indexed: the lists of common words are written once for all of them.
const blocksAtOnce = 4

// settle moves blocks of touches from the head into the lists of their chunk, some terms at a time, so that the writer is never held for
// long. Nobody looks for them there until the last is done; what was begun and not ended is done again, to the same end.
func (db *DB) settle(ctx context.Context, limit int) (int, error) {
	var at searchCursor
	if err := at.read(ctx, db.pool); err != nil {
		return 0, err
	}
	full := (at.upcoming - at.settled) / blockDocs
	if full == 0 || full < blocksAtOnce && at.more() {
		return 0, nil
	}
	end := min(at.settled+full*blockDocs, (at.settled|(chunkDocs-1))+1)
	rows, err := collect(ctx, db.pool, scanHeadRow, "SELECT slot, n, happened_at, flags, words FROM search_head WHERE slot >= $1 AND slot < $2 ORDER BY slot", at.settled, end)
	if err != nil || int64(len(rows)) < end-at.settled {
		return 0, err
	}
	var seen int64
	if err := db.pool.QueryRowContext(ctx, readHeadSeq, at.settled, end).Scan(&seen); err != nil {
		return 0, err
	}
	terms, docs, chunk := map[string][]uint16{}, make([]docRow, len(rows)), chunkOf(ofTouches, at.settled)
	for i, r := range rows {
		docs[i] = r.docRow
		for w := range wide(strings.Fields(r.words)) {
			terms[w] = append(terms[w], placeOf(r.slot))
		}
	}
	order := slices.Sorted(maps.Keys(terms))
	for more := true; more; {
		some := order[:min(len(order), 16*limit)]
		order = order[len(some):]
		more = len(order) > 0
		err := db.write(ctx, func(q querier) error {
			var now searchCursor
			if err := now.lock(ctx, q, db.d); err != nil {
				return err
			}
			var changed int64
			if err := q.QueryRowContext(ctx, readHeadSeq, at.settled, end).Scan(&changed); err != nil {
				return err
			}
			if now.settled != at.settled || changed != seen {
				return ErrMoved
			}
			all := changes{}
			for _, w := range some {
				all.of(chunk, w).add = terms[w]
			}
			if err := db.post(ctx, q, all); err != nil || more {
				return err
			}
			return db.overwriting(ctx, q, func() error { return writeBlocks(ctx, q, now, docs) })
		})
		if errors.Is(err, ErrMoved) { // the next time
			return 1, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

const readHeadSeq = "SELECT COALESCE(MAX(seq), 0) FROM search_head WHERE slot >= $1 AND slot < $2"

// writeBlocks ends settling.
func writeBlocks(ctx context.Context, q querier, at searchCursor, docs []docRow) (err error) {
	run := runner(ctx, q, &err)
	for some := range slices.Chunk(docs, blockDocs) {
		first, last := spanOf(some)
		run("INSERT INTO search_blocks (block, seq, first_at, last_at, docs) VALUES ($1, $2, $3, $4, $5)", at.settled>>blockBits, at.seq+1, first, last, []byte(blockOf(some)))
		at.settled += blockDocs
	}
	run("DELETE FROM search_head WHERE slot < $1", at.settled)
	run("UPDATE search_cursor SET seq = $1, settled = $2", at.seq+1, at.settled)
	return err
}

func spanOf(docs []docRow) (first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for _, d := range docs {
		first, last = min(first, d.at), max(last, d.at)
	}
	return first, last
}

// unsearch takes touches out of the index within q's transaction, before their texts are gone. No word stays that was theirs alone.
func (db *DB) unsearch(ctx context.Context, q querier, ns []int64) error {
	var at searchCursor
	if err := at.lock(ctx, q, db.d); err != nil {
		return err
	}
	all := changes{}
	for part := range slices.Chunk(ns, 200) {
		args := anys(part)
		in := "(" + placeholders(1, len(args)) + ")"
		list, err := collect(ctx, q, scanDocument, readDocuments("WHERE n IN "+in), args...)
		if err != nil {
			return err
		}
		slots, err := slotsOf(ctx, q, list)
		if err != nil {
			return err
		}
		for _, v := range list {
			if slot, ok := slots[v.n]; ok {
				all.replace(ofTouches, slot, v.words, nil)
			}
		}
		if err := db.forgetSlots(ctx, q, at.seq+1, slices.Sorted(maps.Values(slots))); err != nil {
			return err
		}
		// Their subjects are conversations' too.
		subjects, err := collect(ctx, q, scanIndexed, readIndexed+"WHERE s.words <> '' AND c.subject_n IN "+in+" AND c.id IN (SELECT conversation FROM touches WHERE n IN "+in+")", args...)
		if err != nil {
			return err
		}
		for i := range subjects {
			v := &subjects[i]
			v.subject = ""
			words := v.terms()
			all.replace(ofConversations, v.number, strings.Fields(v.words), words)
			if _, err := q.ExecContext(ctx, "UPDATE search_conversations SET words = $2, rest = $3 WHERE number = $1", v.number, strings.Join(words, " "), v.newRest()); err != nil {
				return err
			}
		}
	}
	if _, err := q.ExecContext(ctx, "UPDATE search_cursor SET seq = $1", at.seq+1); err != nil {
		return err
	}
	return db.post(ctx, q, all)
}

// forgetSlots makes what is behind slots gone, and has their chunks swept.
func (db *DB) forgetSlots(ctx context.Context, q querier, seq int64, slots []int64) (err error) {
	run := runner(ctx, q, &err)
	for len(slots) > 0 {
		number := slots[0] >> blockBits
		n := slices.IndexFunc(slots, func(s int64) bool { return s>>blockBits != number })
		if n < 0 {
			n = len(slots)
		}
		some := anys(slots[:n])
		run("DELETE FROM search_docs WHERE slot >= $1 AND slot < $2 AND slot IN ("+placeholders(3, n)+")", append([]any{number << blockBits, (number + 1) << blockBits}, some...)...)
		run("UPDATE search_head SET words = '', flags = $1, seq = $2 WHERE slot IN ("+placeholders(3, n)+")", append([]any{docGone, seq}, some...)...)
		var docs []byte
		if err == nil {
			err = q.QueryRowContext(ctx, "SELECT docs FROM search_blocks WHERE block = $1", number).Scan(&docs)
		}
		switch {
		case errors.Is(err, sql.ErrNoRows):
			err = nil
		case err != nil:
			return err
		default:
			for _, s := range slots[:n] {
				i := int(s & (blockDocs - 1))
				d := block(docs).doc(i)
				d.flags |= docGone
				block(docs).put(i, d)
			}
			run("UPDATE search_blocks SET docs = $2, seq = $3 WHERE block = $1", number, docs, seq)
		}
		run("INSERT INTO search_sweep (chunk, term) VALUES ($1, 0) ON CONFLICT (chunk) DO UPDATE SET term = 0", chunkOf(ofTouches, slots[0]))
		slots = slots[n:]
	}
	return err
}

// withdrawn is of the event that takes back touches of an import: their numbers.
type withdrawn struct {
	Import struct{ From, To uint64 }
}

// forgetWithdrawn takes them out of the index, but for those that a hold has kept. Their texts are gone already: their words follow by and by.
func (db *DB) forgetWithdrawn(ctx context.Context, q querier, at searchCursor, w withdrawn) error {
	list, err := collect(ctx, q, scanKey, "SELECT slot FROM search_docs d WHERE n >= $1 AND n <= $2 AND NOT EXISTS (SELECT 1 FROM touches t WHERE t.n = d.n) ORDER BY slot", int64(w.Import.From), int64(w.Import.To))
	if err != nil || len(list) == 0 {
		return err
	}
	if err := db.forgetSlots(ctx, q, at.seq+1, list); err != nil {
		return err
	}
	_, err = q.ExecContext(ctx, "UPDATE search_cursor SET seq = $1", at.seq+1)
	return err
}

// sweep takes documents that are gone out of some lists of a chunk, so that of their words nothing stays.
func (db *DB) sweep(ctx context.Context, limit int) (int, error) {
	var chunk, from int64 // the number of the term that was looked at last
	err := db.pool.QueryRowContext(ctx, "SELECT chunk, term FROM search_sweep ORDER BY chunk LIMIT 1").Scan(&chunk, &from)
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		return 0, err
	}
	limit *= 32
	done := 0
	err = db.write(ctx, func(q querier) (err error) {
		var at searchCursor
		if err := at.lock(ctx, q, db.d); err != nil {
			return err
		}
		type row struct {
			number int64
			docs   []byte
		}
		blocks, err := collect(ctx, q, func(rows *sql.Rows, b *row) error { return rows.Scan(&b.number, &b.docs) },
			"SELECT block, docs FROM search_blocks WHERE block >= $1 AND block < $2", chunk*chunkBlocks, (chunk+1)*chunkBlocks)
		if err != nil {
			return err
		}
		var gone []uint16
		for _, b := range blocks {
			for i := range block(b.docs).docs() {
				if block(b.docs).doc(i).flags&docGone != 0 {
					gone = append(gone, placeOf(b.number<<blockBits+int64(i)))
				}
			}
		}
		heads, err := collect(ctx, q, scanKey, "SELECT slot FROM search_head WHERE slot >= $1 AND slot < $2 AND words = ''", chunk<<chunkBits, (chunk+1)<<chunkBits)
		if err != nil {
			return err
		}
		for _, slot := range heads {
			gone = append(gone, placeOf(slot))
		}
		lists, err := collect(ctx, q, scanKey, "SELECT id FROM search_postings WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3", listOf(chunk, from), listOf(chunk+1, 0), limit)
		if err != nil {
			return err
		}
		all := changes{}
		for some := range slices.Chunk(lists, 256) {
			terms := make([]int64, len(some))
			for i, list := range some {
				terms[i] = list & (1<<termBits - 1)
			}
			in, args := oneOf(db.d, "id", 1, terms)
			words, err := collect(ctx, q, scanText, "SELECT term FROM search_terms WHERE "+in, args...)
			if err != nil {
				return err
			}
			for _, w := range words {
				all.of(chunk, w).drop = gone
			}
		}
		if err := db.post(ctx, q, all); err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		// If more has gone meanwhile, it begins anew.
		if done = len(lists); done < limit {
			run("DELETE FROM search_sweep WHERE chunk = $1 AND term = $2", chunk, from)
		} else {
			run("UPDATE search_sweep SET term = $3 WHERE chunk = $1 AND term = $2", chunk, from, lists[done-1]&(1<<termBits-1))
		}
		return err
	})
	return done, err
}
