package inbox

import (
	"context"
	"sync"
	"time"

	"tamas/inbox/record"
)

// The last hours of each queue, in steps. How many arrived comes from the facts, and so does who waited when: a wait that is over covers
// the steps between its beginning and its end. Those who still wait come from the live state. So nothing is sampled, and nothing is
// forgotten by a restart, an emptied Redis or a new leader.
const (
	SparkStep  = 5 * time.Minute
	SparkSteps = 72
	sparksFor  = 10 * time.Second // for which they are not counted anew
)

// Spark is a queue's last hours, oldest first; the last step is the one that runs.
type Spark struct {
	Waiting []int           // at the step's end, or now
	Longest []record.Millis // how long the one had waited then who had waited longest, in whole seconds
	Arrived []int           // within the step
}

// sparkBook is what was read of the facts so far, so that each reading takes only what is new.
type sparkBook struct {
	mu     sync.Mutex
	at     record.WaitsAt
	read   time.Time
	queues map[string]map[int64]sparkStep // queue → step → what facts say
	shown  map[string]Spark
}

type sparkStep struct {
	waiting, arrived int
	longest          record.Millis
}

const sparkMillis = record.Millis(SparkStep / time.Millisecond)

// Sparks gives the queues' last hours, counted a moment ago at most. Nobody is to change them.
func (h *Hub) Sparks(ctx context.Context) (map[string]Spark, error) {
	b := &h.sparks
	b.mu.Lock()
	defer b.mu.Unlock()
	now := h.now()
	if b.shown != nil && now.Sub(b.read) < sparksFor {
		return b.shown, nil
	}
	last := int64(record.At(now) / sparkMillis)
	first := last - SparkSteps + 1
	list, next, anew, err := h.db.Waits(ctx, record.Millis(first)*sparkMillis, b.at)
	if err != nil {
		return nil, err
	}
	if anew {
		b.queues = map[string]map[int64]sparkStep{}
	}
	b.at, b.read = next, now
	b.take(list, first)
	b.shown = b.draw(h.waits(), record.At(now), h.Settings())
	return b.shown, nil
}

// waits are when those who wait came into their queues.
func (h *Hub) waits() map[string][]record.Millis {
	all := map[string][]record.Millis{}
	m := h.mirror
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, c := range m.convs {
		if (c.Status == record.Waiting || c.Status == record.Offered) && c.LeftAt == 0 {
			since := c.QueuedAt
			if since == 0 {
				since = c.WaitingSince
			}
			all[c.Queue] = append(all[c.Queue], since)
		}
	}
	return all
}

// take adds waits that began or ended, and forgets steps before first.
func (b *sparkBook) take(list []record.Wait, first int64) {
	for _, steps := range b.queues {
		for s := range steps {
			if s < first {
				delete(steps, s)
			}
		}
	}
	for _, w := range list {
		steps := b.queues[w.Queue]
		if steps == nil {
			steps = map[int64]sparkStep{}
			b.queues[w.Queue] = steps
		}
		if !w.Ended {
			x := steps[int64(w.At/sparkMillis)]
			x.arrived++
			steps[int64(w.At/sparkMillis)] = x
			continue
		}
		begun := w.At - w.Took
		for s := max(first, int64(begun/sparkMillis)); record.Millis(s+1)*sparkMillis < w.At; s++ {
			x := steps[s]
			x.waiting++
			x.longest = max(x.longest, record.Millis(s+1)*sparkMillis-begun)
			steps[s] = x
		}
	}
}

// draw joins what the facts say with those who still wait.
func (b *sparkBook) draw(waiting map[string][]record.Millis, now record.Millis, set *Settings) map[string]Spark {
	last := int64(now / sparkMillis)
	first := last - SparkSteps + 1
	all := map[string]Spark{}
	for id, q := range set.Queues {
		if q.Archived {
			continue
		}
		k := Spark{make([]int, SparkSteps), make([]record.Millis, SparkSteps), make([]int, SparkSteps)}
		for s, x := range b.queues[id] {
			if i := s - first; i >= 0 && i < SparkSteps {
				k.Waiting[i], k.Longest[i], k.Arrived[i] = x.waiting, x.longest, x.arrived
			}
		}
		k.Waiting[SparkSteps-1], k.Longest[SparkSteps-1] = 0, 0 // the step that runs is as it is now
		for _, since := range waiting[id] {
			for s := max(first, int64(since/sparkMillis)); s <= last; s++ {
				i, end := s-first, min(record.Millis(s+1)*sparkMillis, now)
				k.Waiting[i]++
				k.Longest[i] = max(k.Longest[i], end-since)
			}
		}
		for i, v := range k.Longest {
			k.Longest[i] = v / 1000 * 1000
		}
		all[id] = k
	}
	return all
}
