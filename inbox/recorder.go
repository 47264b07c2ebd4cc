package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

const recordMost = 1000 // events of one transaction

// recordLoop is the leader's recorder: it writes the log into the record in order, in batches of what waits
// (no linger), and tells everybody the committed ids. The cursor row decides who may write: a recorder
// that lost its leadership without knowing fails on it.
func (h *Hub) recordLoop(ctx context.Context, cursor record.ID) error {
	wake, ok := h.Subscribe("")
	if !ok {
		return errors.New("no log to read")
	}
	defer wake.Close()
	var unsaid published
	for ctx.Err() == nil {
		h.publishRecorded(ctx, &unsaid)
		events, err := h.eventsAfter(ctx, cursor)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			select {
			case <-ctx.Done():
			case <-wake.C:
				_, _ = wake.Next()
			case <-time.After(500 * time.Millisecond): // and look whether the cursor's entry is still there
				if err := h.checkCursor(ctx, cursor); err != nil {
					return err
				}
			}
			continue
		}
		if cursor, err = h.recordBatch(ctx, cursor, events); err != nil {
			return err
		}
		unsaid.add(events)
	}
	return ctx.Err()
}

// recordBatch writes events and returns the new cursor. While the database is away it keeps trying: the log
// keeps what it cannot have yet, and nobody is acknowledged.
func (h *Hub) recordBatch(ctx context.Context, cursor record.ID, events []record.Event) (record.ID, error) {
	for _, e := range events {
		if e.V > record.EventVersion {
			return cursor, fmt.Errorf("event %s is of version %d, this program knows %d: another node has to lead", e.ID, e.V, record.EventVersion)
		}
	}
	last := events[len(events)-1].ID
	for i := range events {
		h.openChunk(&events[i])
	}
	begun := time.Now()
	for {
		err := h.db.Write(ctx, cursor, events)
		if err == nil {
			break
		}
		if errors.Is(err, record.ErrMoved) {
			// Our own COMMIT may have run and its reply been lost.
			if now, err2 := h.db.Cursor(ctx); err2 == nil && now == last {
				break
			}
			return cursor, err
		}
		if ctx.Err() != nil {
			return cursor, ctx.Err()
		}
		h.setRecordUp(false)
		h.log.Warn("the record cannot be written; nothing is acknowledged meanwhile", "err", err, "events", len(events))
		if sleep(ctx, 250*time.Millisecond) != nil {
			return cursor, ctx.Err()
		}
	}
	h.setRecordUp(true)
	h.metrics.recorded.Add(float64(len(events)))
	h.metrics.batch.Observe(float64(len(events)))
	h.metrics.write.Observe(time.Since(begun).Seconds())
	ids := make([]record.ID, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	h.tail.markRecorded(ids) // this node need not wait for the round trip
	return last, nil
}

// published are recorded ids that the other nodes have not been told of yet.
type published struct {
	last  record.ID
	texts []string
}

const maxUnsaid = 20_000 // ids; waiters of those before ask the record

func (p *published) add(events []record.Event) {
	for i := range events {
		p.last = events[i].ID
		p.texts = append(p.texts, p.last.String())
	}
	p.texts = p.texts[max(0, len(p.texts)-maxUnsaid):]
}

// publishRecorded tells the other nodes and trims the log behind the recorder, its only durable reader. What could not be said
// is said with the next ids, or within half a second. A failure costs time, not truth: waiters ask the record in the end.
func (h *Hub) publishRecorded(ctx context.Context, unsaid *published) {
	if len(unsaid.texts) == 0 {
		return
	}
	last := unsaid.last
	pl := h.rdb.Pipeline()
	lists := int64(h.keep / 25)
	add := pl.XAdd(ctx, &redis.XAddArgs{Stream: h.keys.recorded(), ID: last.String(), MaxLen: lists, Approx: true, Values: []string{"ids", strings.Join(unsaid.texts, " ")}})
	// As many events as are to be kept, or as many bytes; never what is not recorded.
	from, step := h.tail.before(last.N, h.keep), h.keep/4
	if kept := min(h.tail.kept(), last.N); kept > 0 && kept >= from {
		from, step = kept, 64
	}
	if from >= h.trimmed+step {
		h.trimmed = from
		pl.XTrimMinIDApprox(ctx, h.keys.events(), fmt.Sprintf("%d-0", from), 0)
	}
	_, err := pl.Exec(ctx)
	if e := add.Err(); e == nil || strings.Contains(e.Error(), "equal or smaller") { // said before, and the reply was lost
		unsaid.texts = nil
	}
	if err != nil && ctx.Err() == nil {
		h.log.Warn("the recorded ids could not be published", "err", err)
	}
}

// eventsAfter gives what follows the cursor: from memory, or from the log, read inclusively.
func (h *Hub) eventsAfter(ctx context.Context, cursor record.ID) ([]record.Event, error) {
	if frames, ok := h.tail.after(cursor, recordMost); ok {
		events := make([]record.Event, len(frames))
		for i, f := range frames {
			events[i] = *f.Event
		}
		return events, nil
	}
	list, err := h.rdb.XRangeN(ctx, h.keys.events(), cursor.String(), "+", recordMost+1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	if len(list) == 0 || list[0].ID != cursor.String() {
		return nil, errForked
	}
	events := make([]record.Event, 0, len(list))
	n := cursor.N
	for _, x := range list[1:] {
		f, err := frame(x, nil)
		if err != nil {
			h.log.Error("an event cannot be read; it is kept as it came", "id", x.ID, "err", err)
		}
		if n += f.Event.Span(); f.ID.N != n {
			return nil, errForked
		}
		events = append(events, *f.Event)
	}
	return events, nil
}

func (h *Hub) checkCursor(ctx context.Context, cursor record.ID) error {
	list, err := h.rdb.XRange(ctx, h.keys.events(), cursor.String(), cursor.String()).Result()
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	if len(list) == 0 {
		return errForked
	}
	return nil
}
