package inbox

import (
	"context"
	"sync"
	"time"

	"tamas/inbox/record"
)

// dayFor is for how long today's figures are not read anew.
const dayFor = 1500 * time.Millisecond

// dayBox holds today's figures for all who ask at about the same time.
type dayBox struct {
	mu  sync.Mutex
	at  time.Time
	day *record.TodayFigures
}

// Today gives today's figures by the firm's clock, read a moment ago at most. Nobody is to change them.
func (h *Hub) Today(ctx context.Context) (*record.TodayFigures, error) {
	h.day.mu.Lock()
	defer h.day.mu.Unlock()
	now := h.now()
	since := h.dayStart(now)
	if d := h.day.day; d != nil && d.Since == since && now.Sub(h.day.at) < dayFor {
		return d, nil
	}
	d, err := h.db.Today(ctx, since)
	if err != nil {
		return nil, err
	}
	h.day.at, h.day.day = now, &d
	return &d, nil
}

// dayStart is when the firm's day began.
func (h *Hub) dayStart(t time.Time) record.Millis {
	zone, err := time.LoadLocation(h.Settings().Firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	y, m, d := t.In(zone).Date()
	return record.At(time.Date(y, m, d, 0, 0, 0, 0, zone))
}
