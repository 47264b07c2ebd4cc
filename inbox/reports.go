package inbox

import (
	"context"
	"encoding/json"
	"time"

	"tamas/inbox/record"
)

const (
	shortAbandon = 10 * time.Second // unless the setting says otherwise
	sumEvery     = 2 * time.Second  // a day that goes on changing is summed again, …
	sumShare     = 10               // … or after so many times as long as the last sum took: a full day is not to cost a processor …
	sumLatest    = 15 * time.Second // … but by then
)

// FactRules are what reports measure by now.
func (h *Hub) FactRules() *record.FactRules { return factRules(h.Settings()) }

func factRules(s *Settings) *record.FactRules {
	zone, err := time.LoadLocation(s.Firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	short := record.Millis(s.Routing.ShortAbandon) * 1000
	if short == 0 {
		short = record.Millis(shortAbandon.Milliseconds())
	}
	return &record.FactRules{
		Zone:         zone,
		Target:       func(queue string) record.Millis { return record.Millis(s.Queues[queue].TargetSecs) * 1000 },
		ShortAbandon: short,
		Working: func(queue string, from, to record.Millis) record.Millis {
			return record.Millis(s.Calendar(s.Queues[queue].Routing.Calendar).Between(from.Time(), to.Time()).Milliseconds())
		},
		Asks: func(account string) bool { return asks(s.Accounts[account]) },
		Hold: record.Millis(sumEvery.Milliseconds()),
	}
}

// asks tells whether customers of an account can be asked for a rating: in the web chat, unless that is switched off, and through the firm's own API.
func asks(a record.Account) bool {
	switch a.Kind {
	case "api":
		return true
	case "webchat":
		var set struct {
			Rating *bool `json:"rating"`
		}
		return json.Unmarshal(a.Settings, &set) != nil || set.Rating == nil || *set.Rating
	}
	return false
}

// reportLoop measures what is recorded and sums it for reports, behind the acknowledged path. An installation that has recorded before it could
// measure is measured from its first event on.
func (h *Hub) reportLoop(ctx context.Context) error {
	most := 500
	if h.db.Kind() == "sqlite" {
		most = 50 // it holds the one writer
	}
	var of *Settings
	var rules *record.FactRules
	for {
		if s := h.Settings(); s != of {
			of, rules = s, factRules(s)
		}
		begun := time.Now()
		n, err := h.db.Measure(ctx, rules, h.Now(), most)
		wait := 300 * time.Millisecond
		if n > 0 {
			wait = max(time.Since(begun), 5*time.Millisecond) // half of the time is others'
		}
		if err == nil && n < most { // it has caught up
			var summed bool
			begun = time.Now()
			if summed, err = h.db.RollUp(ctx, rules, h.Now()); summed {
				took := time.Since(begun)
				wait = min(wait, max(5*took, 5*time.Millisecond))
				rules.Hold = record.Millis(min(max(sumEvery, sumShare*took), sumLatest).Milliseconds())
			}
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("reports are behind", "err", err)
			wait = 2 * time.Second
		} else if h.unrecorded() > indexYields { // what waits to be acknowledged comes first
			wait = max(wait, 100*time.Millisecond)
		}
		if sleep(ctx, wait) != nil {
			return ctx.Err()
		}
	}
}
