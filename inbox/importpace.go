package inbox

import (
	"context"
	"time"

	"tamas/inbox/record"
)

// importPace keeps chunks so small, and so far apart, that others' messages are recorded soon.
type importPace struct {
	h    *Hub
	size chan int // the present number of rows of a chunk
	last record.ID
	busy bool
}

func newImportPace(h *Hub) *importPace {
	p := &importPace{h: h, size: make(chan int, 1)}
	p.size <- 2 * fewRows
	return p
}

// rows is how many the next chunk has.
func (p *importPace) rows() int {
	n := <-p.size
	p.size <- n
	return n
}

func (p *importPace) appended(id record.ID) { p.last = id }

// rest lets others in after a chunk of so many rows that took so long.
func (p *importPace) rest(ctx context.Context, rows int, took time.Duration) error {
	head := p.h.Head()
	p.busy = !p.last.IsZero() && head.N > p.last.N || p.h.unrecorded() > indexYields/4
	want := quietChunk
	if p.busy {
		want = busyChunk
	}
	n := int(float64(rows) * float64(want) / float64(max(took, time.Millisecond)))
	<-p.size
	p.size <- min(max(n, fewRows), 2*max(rows, fewRows), record.MaxChunk)
	if p.h.unrecorded() <= indexYields/4 { // a few messages that come in between go along with the next chunk
		return ctx.Err()
	}
	if err := sleep(ctx, min(took, quietChunk)); err != nil { // half of the recorder's time at most
		return err
	}
	for range 20 {
		if p.h.unrecorded() <= indexYields {
			break
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
