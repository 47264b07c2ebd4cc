package inbox

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

const (
	linesFor  = time.Second      // for which the order of all who wait is not counted anew
	waitsFor  = 10 * time.Second // for which a queue's recent waits are not read anew
	waitsBack = 2 * time.Hour    // answers that tell how long one waits
	waitsMost = 50
	waitsMin  = 3 // fewer tell nothing
)

// lines is what this node tells customers about waiting, counted now and then for all of them.
type lines struct {
	mu      sync.Mutex
	counted time.Time
	place   map[string]int // conversation → 1 is next
	waits   map[string]recentWait
}

type recentWait struct {
	read   time.Time
	median time.Duration
}

func (d *desk) Standing(ctx context.Context, thread string) (channels.Standing, error) {
	h := d.h
	c, ok := h.mirror.byThread(d.thread(thread))
	if !ok {
		return channels.Standing{Staffed: h.staffed(d.acct().Queue)}, nil
	}
	s := channels.Standing{Status: string(c.Status), Staffed: h.staffed(c.Queue)}
	switch c.Status {
	case record.Active:
		s.Agent = h.publicName(c.Owner)
	case record.Waiting, record.Offered:
		s.Status = string(record.Waiting)
		median, err := h.wait(ctx, c.Queue)
		if err != nil {
			return s, err
		}
		s.Position = h.place(c.ID)
		if left := median - h.now().Sub(c.WaitingSince.Time()); left > 0 {
			s.Wait = left.Round(time.Second)
		}
	}
	_, _, err := h.transcriptTo(ctx, &c)
	s.Transcript = err == nil
	return s, nil
}

// staffed tells whether somebody who serves the queue is there: at work, with the app open.
func (h *Hub) staffed(queue string) bool {
	return slices.ContainsFunc(h.Settings().Queues[queue].Members, func(user string) bool {
		a := h.mirror.agent(user)
		switch a.State {
		case record.Available, record.Busy, record.WrapUp:
			return a.LostAt == 0
		}
		return false
	})
}

// place is a waiting conversation's place in its queue: by how long it waits and its priority.
func (h *Hub) place(conversation string) int {
	l := &h.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	// One that came since the last count has no place yet.
	if _, ok := l.place[conversation]; ok && h.now().Sub(l.counted) < linesFor {
		return l.place[conversation]
	}
	convs, _, _ := h.mirror.snapshot()
	convs = slices.DeleteFunc(convs, func(c record.Conversation) bool { return c.Status != record.Waiting && c.Status != record.Offered })
	slices.SortFunc(convs, func(a, b record.Conversation) int {
		age := func(c *record.Conversation) record.Millis { return c.WaitingSince - record.Millis(c.Priority)*60_000 }
		return cmp.Or(cmp.Compare(age(&a), age(&b)), cmp.Compare(a.Number, b.Number))
	})
	before := map[string]int{}
	l.place, l.counted = make(map[string]int, len(convs)), h.now()
	for i := range convs {
		before[convs[i].Queue]++
		l.place[convs[i].ID] = before[convs[i].Queue]
	}
	return l.place[conversation]
}

// wait is the median of the queue's recent waits; 0 when there are too few.
func (h *Hub) wait(ctx context.Context, queue string) (time.Duration, error) {
	l, now := &h.lines, h.now()
	l.mu.Lock()
	w, ok := l.waits[queue]
	l.mu.Unlock()
	if ok && now.Sub(w.read) < waitsFor {
		return w.median, nil
	}
	list, err := h.db.RecentWaits(ctx, queue, record.At(now.Add(-waitsBack)), waitsMost)
	if err != nil {
		return 0, err
	}
	w = recentWait{read: now}
	if len(list) >= waitsMin {
		slices.Sort(list)
		w.median = time.Duration(list[len(list)/2]) * time.Millisecond
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waits == nil {
		l.waits = map[string]recentWait{}
	}
	l.waits[queue] = w
	return w.median, nil
}
