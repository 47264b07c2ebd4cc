package inbox

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// What customers who wait are told is their place in their queue's own order and, where it is known, how long it will take.
//
// The estimate is place × step. A step is how long the queue took, of late, to come one place on while somebody waited: the mean, over the
// answers of the last half hour, of the time from the answer before, or from when that customer began to wait if that was later. While
// a line stands it is the pace at which agents answer, however many they are; while none does it is how long one waits alone. Fewer
// than three answers say nothing: then it is what is left of the median wait of the last two hours, and without that nothing is said.
const (
	linesFor  = time.Second      // for which the order of all who wait is not counted anew
	waitsFor  = 10 * time.Second // for which a queue's recent waits are not read anew
	waitsBack = 2 * time.Hour    // answers that tell how long one waits
	stepsBack = 30 * time.Minute // answers that tell the pace
	waitsMost = 100
	waitsMin  = 3 // fewer tell nothing
)

// lines is what this node tells customers about waiting, counted now and then for all of them.
type lines struct {
	mu      sync.Mutex
	counted time.Time
	place   map[string]int // conversation → 1 is next
	waits   map[string]pace
}

// pace is how fast a queue is served.
type pace struct {
	read         time.Time
	step, median time.Duration // 0: unknown
}

// paceOf reckons a queue's pace from its last answers, newest first.
func paceOf(list []record.Answered, now record.Millis) (p pace) {
	var waits []record.Millis
	var steps, n record.Millis
	for i, a := range list {
		waits = append(waits, a.At-a.Asked)
		if a.At < now-record.Millis(stepsBack.Milliseconds()) {
			continue
		}
		from := a.Asked
		if i+1 < len(list) {
			from = max(from, list[i+1].At)
		}
		steps, n = steps+max(0, a.At-from), n+1
	}
	if n >= waitsMin {
		p.step = time.Duration(steps/n) * time.Millisecond
	}
	if len(waits) >= waitsMin {
		slices.Sort(waits)
		p.median = time.Duration(waits[len(waits)/2]) * time.Millisecond
	}
	return p
}

// estimate is how long who stands at a place, and has waited so long, will wait still; 0: unknown.
func (p pace) estimate(place int, waited time.Duration) time.Duration {
	wait := max(0, p.median-waited)
	if p.step > 0 {
		wait = time.Duration(place) * p.step
	}
	return wait.Round(time.Second)
}

// serves tells whether a queue is open and somebody there.
func (h *Hub) serves(queue string) channels.Standing {
	set := h.Settings()
	closed, opens := set.QueueOpen(set.Queues[queue], h.Now().Time())
	return channels.Standing{Staffed: h.staffed(queue), Closed: closed != "", Opens: opens.Time()}
}

func (d *desk) Standing(ctx context.Context, thread string) (channels.Standing, error) {
	h := d.h
	c, ok := h.mirror.byThread(d.thread(thread))
	if !ok {
		return h.serves(d.acct().Queue), nil
	}
	s := h.serves(c.Queue)
	s.Status = string(c.Status)
	switch c.Status {
	case record.Active:
		s.Agent = h.publicName(c.Owner)
	case record.Waiting, record.Offered:
		s.Status = string(record.Waiting)
		told, err := h.estimate(ctx, &c)
		if err != nil {
			return s, err
		}
		if told != nil && !s.Closed { // a place in line is none while nobody comes
			s.Position, s.Wait = told.Position, time.Duration(told.Wait)*time.Millisecond
			h.noteEstimate(ctx, &c, told)
		}
		var kinds []string
		for _, a := range h.laterOn(d.acct()) {
			kinds = append(kinds, a.Kind)
		}
		s.Later, s.LaterOn = strings.Join(kinds, ","), h.Settings().Accounts[c.Later].Kind
	}
	_, _, err := h.transcriptTo(ctx, &c)
	s.Transcript = err == nil
	return s, nil
}

// tellsWaiting tells whether customers hear how they stand.
func (s *Settings) tellsWaiting() bool { return s.Routing.TellWaiting == nil || *s.Routing.TellWaiting }

// estimate is what a waiting customer is told now; nil: nothing. Wait is 0 when it is not known.
func (h *Hub) estimate(ctx context.Context, c *record.Conversation) (*record.Told, error) {
	if !h.Settings().tellsWaiting() {
		return nil, nil
	}
	p, err := h.pace(ctx, c.Queue)
	if err != nil {
		return nil, err
	}
	place := h.place(c.ID)
	wait := p.estimate(place, h.now().Sub(c.WaitingSince.Time()))
	return &record.Told{Position: place, Wait: record.Millis(wait.Milliseconds())}, nil
}

// noteEstimate keeps the first estimate of a wait in the header, to measure it by. That it could not be kept harms nobody.
func (h *Hub) noteEstimate(ctx context.Context, c *record.Conversation, told *record.Told) {
	if c.Told != nil || told.Wait == 0 {
		return
	}
	err := h.Propose(ctx, Command{By: record.Actor{Kind: "system", ID: "estimate"}, Action: Tell, Conversation: c.ID, Estimate: told})
	var r *Refusal
	if err != nil && !errors.As(err, &r) && ctx.Err() == nil {
		h.log.Debug("an estimate was not kept", "conversation", c.ID, "err", err)
	}
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

// place is a waiting conversation's place in its queue.
func (h *Hub) place(conversation string) int {
	l := &h.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	// One that came since the last count has no place yet.
	if _, ok := l.place[conversation]; ok && h.now().Sub(l.counted) < linesFor {
		return l.place[conversation]
	}
	convs := h.mirror.filter(func(c *record.Conversation) bool { return c.Status == record.Waiting || c.Status == record.Offered })
	inOrder(h.Settings(), convs)
	before := map[string]int{}
	l.place, l.counted = make(map[string]int, len(convs)), h.now()
	for i := range convs {
		before[convs[i].Queue]++
		l.place[convs[i].ID] = before[convs[i].Queue]
	}
	return l.place[conversation]
}

// pace is how fast the queue was served of late.
func (h *Hub) pace(ctx context.Context, queue string) (pace, error) {
	l, now := &h.lines, h.now()
	l.mu.Lock()
	p, ok := l.waits[queue]
	l.mu.Unlock()
	if ok && now.Sub(p.read) < waitsFor {
		return p, nil
	}
	list, err := h.db.RecentWaits(ctx, queue, record.At(now.Add(-waitsBack)), waitsMost)
	if err != nil {
		return p, err
	}
	p = paceOf(list, record.At(now))
	p.read = now
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waits == nil {
		l.waits = map[string]pace{}
	}
	l.waits[queue] = p
	return p, nil
}
