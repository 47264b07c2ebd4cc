package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

// Alert is something about an account that supervisors have to know: it stands until it is over, whoever has seen it.
type Alert struct {
	ID      string        `json:"id"`
	Kind    string        `json:"kind"` // "silent", "refused", "failing"
	Account string        `json:"account"`
	Since   record.Millis `json:"since"` // of the trouble, not of the alert
	Text    string        `json:"text"`
	AckedBy string        `json:"acked_by,omitempty"` // user
	AckedAt record.Millis `json:"acked_at,omitempty"`
}

const (
	alertEvery   = 2 * time.Second
	troubleLimit = 2 * time.Minute // refused or failing for longer is an alert
)

// alertsOf tells what is wrong with an account for longer than its limit.
func alertsOf(row record.Account, x AccountHealth, now time.Time) (list []Alert) {
	add := func(kind string, since record.Millis, text string) {
		list = append(list, Alert{ID: kind + ":" + row.ID, Kind: kind, Account: row.ID, Since: since, Text: cleanLine(text, 1024)})
	}
	if !row.Enabled || row.Archived {
		return nil
	}
	if x.TroubleAt > 0 && now.Sub(x.TroubleAt.Time()) >= troubleLimit {
		kind, what := "failing", "does not work"
		if x.State == "refused" {
			kind, what = "refused", "is refused"
		}
		detail, do := x.Detail, x.Do
		if x.State == "connecting" && len(x.Errors) > 0 {
			detail, do = x.Errors[0].Text, x.Errors[0].Do
		}
		add(kind, x.TroubleAt, fmt.Sprintf("“%s” %s: %s %s", row.Name, what, detail, do))
	}
	if since := silentSince(row, x, now); since > 0 {
		add("silent", since, fmt.Sprintf("“%s” has brought no message for longer than %d minutes.", row.Name, row.SilentMins))
	}
	return list
}

// Alerts are those that stand, oldest first, as this node knows them.
func (h *Hub) Alerts() []Alert {
	if list := h.alerts.Load(); list != nil && *list != nil {
		return *list
	}
	return []Alert{}
}

// alertLoop is the leader's: it brings the alerts that are kept in line with the accounts' health.
func (h *Hub) alertLoop(ctx context.Context) error {
	tick := time.NewTicker(alertEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := h.keepAlerts(ctx); err != nil && ctx.Err() == nil {
				h.log.Debug("alerts could not be kept", "err", err)
			}
		}
	}
}

func (h *Hub) keepAlerts(ctx context.Context) error {
	kept, err := h.keptAlerts(ctx)
	if err != nil {
		return err
	}
	changed := false
	now := h.now()
	due := map[string]Alert{}
	for _, row := range h.Settings().Accounts {
		for _, a := range alertsOf(row, h.health.of(row.ID), now) {
			if old, ok := kept[a.ID]; ok {
				a.Since, a.AckedBy, a.AckedAt = min(a.Since, old.Since), old.AckedBy, old.AckedAt
			}
			due[a.ID] = a
			if a != kept[a.ID] {
				changed = true
				if err := h.keepAlert(ctx, a); err != nil {
					return err
				}
			}
		}
	}
	for id := range kept {
		if _, ok := due[id]; !ok {
			changed = true
			if err := h.rdb.HDel(ctx, h.keys.alerts(), id).Err(); err != nil {
				return err
			}
		}
	}
	list := sortAlerts(due)
	if changed || !slices.Equal(list, h.Alerts()) {
		h.alerts.Store(&list)
		return h.say(ctx, news{Type: "alerts", Alerts: list})
	}
	return nil
}

func (h *Hub) keptAlerts(ctx context.Context) (map[string]Alert, error) {
	all, err := h.rdb.HGetAll(ctx, h.keys.alerts()).Result()
	kept := map[string]Alert{}
	for id, text := range all {
		var a Alert
		if json.Unmarshal([]byte(text), &a) == nil {
			kept[id] = a
		}
	}
	return kept, err
}

func (h *Hub) keepAlert(ctx context.Context, a Alert) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return h.rdb.HSet(ctx, h.keys.alerts(), a.ID, text).Err()
}

// readAlerts takes what is kept, before the first news of it come.
func (h *Hub) readAlerts(ctx context.Context) {
	if kept, err := h.keptAlerts(ctx); err == nil {
		list := sortAlerts(kept)
		h.alerts.Store(&list)
	}
}

func sortAlerts(all map[string]Alert) []Alert {
	list := make([]Alert, 0, len(all))
	for _, a := range all {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b Alert) int {
		if a.Since != b.Since {
			return int(a.Since - b.Since)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// AckAlert notes that a user has seen an alert and sees to it. *Refusal when there is none (any more).
func (h *Hub) AckAlert(ctx context.Context, id, user string) error {
	text, err := h.rdb.HGet(ctx, h.keys.alerts(), id).Result()
	if errors.Is(err, redis.Nil) {
		return refuse("not_found", "There is no such alert any more.")
	}
	if err != nil {
		return unrecorded(err)
	}
	var a Alert
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return err
	}
	if a.AckedBy != "" { // the first one sees to it
		return nil
	}
	a.AckedBy, a.AckedAt = user, h.Now()
	if err := h.keepAlert(ctx, a); err != nil { // should the alert have ended meanwhile, the leader takes this away again
		return unrecorded(err)
	}
	kept, err := h.keptAlerts(ctx)
	if err != nil {
		return unrecorded(err)
	}
	list := sortAlerts(kept)
	h.alerts.Store(&list)
	if err := h.say(ctx, news{Type: "alerts", Alerts: list}); err != nil {
		return unrecorded(err)
	}
	return nil
}
