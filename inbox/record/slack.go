package record

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
)

// SQLite leaves bytes behind where no row is any more: of cells that were deleted, of those that moved to another page when theirs was full (one row in
// ten of a table with random keys), in pages that are free. PRAGMA secure_delete zeroes only what it deletes itself. VACUUM would write the whole file
// anew while nobody else may write; zeroSlack does it page by page, and writes only pages that have something in it.
// The format of the pages is SQLite's promise (https://sqlite.org/fileformat2.html).

const (
	slackPages = 256     // at a time
	maxPages   = 2 << 24 // from here on the first byte of a page's number looks like the kind of a page: 128 GB
)

// page is one of the file, as the database has it now.
type page struct {
	n    int64
	data []byte
}

const onePage = "SELECT pgno, data FROM sqlite_dbpage WHERE pgno = $1"

func scanPage(rows *sql.Rows, p *page) error { return rows.Scan(&p.n, &p.data) }

// zeroSlack zeroes all bytes of the file that are no row's and no index's.
func (db *DB) zeroSlack(ctx context.Context) error {
	var count, vacuums int64
	if err := db.pool.QueryRowContext(ctx, "SELECT page_count, auto_vacuum FROM pragma_page_count, pragma_auto_vacuum").Scan(&count, &vacuums); err != nil {
		return err
	}
	first, err := single(collect(ctx, db.pool, scanPage, onePage, 1))
	if err != nil || len(first.data) < 512 {
		return err
	}
	if vacuums != 0 || count >= maxPages || first.data[20] != 0 { // pages that are told apart, or end, otherwise; nobody makes such a file here
		return nil
	}
	// First the free ones: what is taken into use meanwhile is looked at below.
	dirty, err := dirtyFree(ctx, db.pool)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(dirty, slackPages) {
		if err := db.write(ctx, func(q querier) error { return zeroFree(ctx, q, part) }); err != nil {
			return err
		}
	}
	for from := int64(1); from <= count; from += slackPages {
		list, err := collect(ctx, db.pool, scanPage, `WITH RECURSIVE p (n) AS (VALUES ($1) UNION ALL SELECT n + 1 FROM p WHERE n < $2)
			SELECT d.pgno, d.data FROM p CROSS JOIN sqlite_dbpage d ON d.pgno = p.n`, from, min(count, from+slackPages-1))
		if err != nil {
			return err
		}
		var dirty []int64
		for i := range list {
			changed, err := list[i].clean(ctx, db.pool)
			if err != nil {
				return err
			}
			if len(changed) > 0 {
				dirty = append(dirty, list[i].n)
			}
		}
		if len(dirty) == 0 {
			continue
		}
		if err := db.write(ctx, func(q querier) error {
			for _, n := range dirty {
				now, err := single(collect(ctx, q, scanPage, onePage, n)) // it may have changed since
				if err != nil {
					return err
				}
				changed, err := now.clean(ctx, q)
				if err != nil {
					return err
				}
				for _, p := range changed {
					if err := p.write(ctx, q); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// clean zeroes what is nobody's in a page of a B-tree, and behind the ends of its rows that go on in other pages, and gives those pages that had something.
func (p *page) clean(ctx context.Context, q querier) (changed []*page, err error) {
	rest := p.overflows()
	if p.zero() {
		changed = append(changed, p)
	}
	for _, o := range rest {
		next, left, room := o.first, o.left, len(p.data)-4
		for left > 0 {
			over, err := single(collect(ctx, q, scanPage, onePage, next))
			if errors.Is(err, ErrNotFound) { // another moment's
				break
			}
			if err != nil {
				return nil, err
			}
			if left <= room && zeroed(over.data[4+left:]) {
				changed = append(changed, &over)
			}
			next, left = int64(binary.BigEndian.Uint32(over.data)), left-room
		}
	}
	return changed, nil
}

func (p *page) write(ctx context.Context, q querier) error {
	_, err := q.ExecContext(ctx, "UPDATE sqlite_dbpage SET data = $2 WHERE pgno = $1", p.n, p.data)
	return err
}

// Kinds of a B-tree's pages.
const indexInner, tableInner, indexLeaf, tableLeaf = 2, 5, 10, 13

// at is a number of two bytes.
func (p *page) at(i int) int { return int(binary.BigEndian.Uint16(p.data[i:])) }

// cells tells where the pointers to a B-tree's cells stand, and where the cells begin. A page of another kind, or one that is not as it should be, has none.
func (p *page) cells() (kind byte, from, to, content int, ok bool) {
	if len(p.data) < 512 {
		return 0, 0, 0, 0, false
	}
	head := p.head()
	kind, from = p.data[head], head+8
	switch kind {
	case indexInner, tableInner:
		from += 4
	case indexLeaf, tableLeaf:
	default:
		return 0, 0, 0, 0, false
	}
	to, content = from+2*p.at(head+3), p.at(head+5)
	if content == 0 {
		content = 1 << 16
	}
	if to > content || content > len(p.data) {
		return 0, 0, 0, 0, false
	}
	for i := from; i < to; i += 2 {
		if c := p.at(i); c < content || c > len(p.data)-4 {
			return 0, 0, 0, 0, false
		}
	}
	return kind, from, to, content, true
}

// head is where a page's own begins: the first has the file's before it.
func (p *page) head() int {
	if p.n == 1 {
		return 100
	}
	return 0
}

// zero zeroes what no cell of a B-tree's page uses, and tells whether anything was there.
func (p *page) zero() (any bool) {
	_, _, end, content, ok := p.cells()
	if !ok {
		return false
	}
	slack := [][]byte{p.data[end:content]}
	for f, before := p.at(p.head()+1), content; f != 0; { // the chain of free blocks: next, size, then what was there
		if f < before || f > len(p.data)-4 || f+p.at(f+2) > len(p.data) || p.at(f+2) < 4 {
			return false
		}
		slack = append(slack, p.data[f+4:f+p.at(f+2)])
		f, before = p.at(f), f+p.at(f+2)
	}
	for _, s := range slack {
		any = zeroed(s) || any
	}
	return any
}

// overflow is the part of a row that stands in pages of its own.
type overflow struct {
	first int64
	left  int // bytes
}

func (p *page) overflows() (list []overflow) {
	kind, from, to, _, ok := p.cells()
	if !ok || kind == tableInner {
		return nil
	}
	size := len(p.data)
	most, least := size-35, (size-12)*32/255-23 // bytes of a row that stand in its cell
	if kind != tableLeaf {
		most = (size-12)*64/255 - 23
	}
	for i := from; i < to; i += 2 {
		c := p.at(i)
		if kind == indexInner {
			c += 4
		}
		bytes, n := varint(p.data[min(c, size):])
		c += n
		if kind == tableLeaf {
			_, n := varint(p.data[min(c, size):])
			c += n
		}
		if bytes <= most {
			continue
		}
		here := least + (bytes-least)%(size-4)
		if here > most {
			here = least
		}
		if c+here+4 > size { // not as it should be
			return nil
		}
		list = append(list, overflow{int64(binary.BigEndian.Uint32(p.data[c+here:])), bytes - here})
	}
	return list
}

// varint reads one of SQLite's numbers: seven bits a byte, the highest first; of a ninth byte all eight.
func varint(b []byte) (v, n int) {
	for n < len(b) && n < 8 {
		v = v<<7 | int(b[n]&0x7f)
		n++
		if b[n-1] < 0x80 {
			return v, n
		}
	}
	if n < len(b) {
		v, n = v<<8|int(b[n]), n+1
	}
	return v, n
}

// zeroed zeroes bytes and tells whether any was not.
func zeroed(b []byte) bool {
	if len(bytes.Trim(b, "\x00")) == 0 {
		return false
	}
	clear(b)
	return true
}

// eachFree calls f with the pages of the list of free ones: first a trunk, which is what lies behind the numbers in it, then the leaves that it names.
func eachFree(ctx context.Context, q querier, f func(trunk *page, leaves []int64) error) error {
	first, err := single(collect(ctx, q, scanPage, onePage, 1))
	if err != nil || len(first.data) < 100 {
		return err
	}
	for n := int64(binary.BigEndian.Uint32(first.data[32:])); n != 0; {
		trunk, err := single(collect(ctx, q, scanPage, onePage, n))
		if err != nil {
			return err
		}
		count := int(binary.BigEndian.Uint32(trunk.data[4:]))
		if count > len(trunk.data)/4-2 {
			return nil
		}
		leaves := make([]int64, count)
		for i := range leaves {
			leaves[i] = int64(binary.BigEndian.Uint32(trunk.data[8+4*i:]))
		}
		n = int64(binary.BigEndian.Uint32(trunk.data))
		if err := f(&trunk, leaves); err != nil {
			return err
		}
	}
	return nil
}

// tail is what a trunk holds behind its numbers.
func (p *page) tail(leaves []int64) []byte { return p.data[8+4*len(leaves):] }

// dirtyFree lists free pages that have something in them.
func dirtyFree(ctx context.Context, q querier) (dirty []int64, err error) {
	err = eachFree(ctx, q, func(trunk *page, leaves []int64) error {
		if zeroed(trunk.tail(leaves)) {
			dirty = append(dirty, trunk.n)
		}
		for _, n := range leaves {
			leaf, err := single(collect(ctx, q, scanPage, onePage, n))
			if err != nil {
				return err
			}
			if zeroed(leaf.data) {
				dirty = append(dirty, n)
			}
		}
		return nil
	})
	return dirty, err
}

// zeroFree zeroes those of some pages that are free now.
func zeroFree(ctx context.Context, q querier, some []int64) error {
	dirty := map[int64]bool{}
	for _, n := range some {
		dirty[n] = true
	}
	return eachFree(ctx, q, func(trunk *page, leaves []int64) error {
		if dirty[trunk.n] {
			clear(trunk.tail(leaves))
			if err := trunk.write(ctx, q); err != nil {
				return err
			}
		}
		for _, n := range leaves {
			if !dirty[n] {
				continue
			}
			leaf, err := single(collect(ctx, q, scanPage, onePage, n))
			if err != nil {
				return err
			}
			clear(leaf.data)
			if err := leaf.write(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}
