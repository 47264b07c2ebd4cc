package inbox

import (
	"cmp"
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

// Alert is something that supervisors have to know: of an account, or what a rule watches for. It stands until it is over, whoever has
// seen it.
type Alert struct {
	ID           string        `json:"id"`
	Kind         string        `json:"kind"`           // "silent", "refused", "failing"; else a rule's
	Rule         string        `json:"rule,omitempty"` // id of the rule that made it, or that takes it to sound, mail and webhook
	Account      string        `json:"account,omitempty"`
	Queue        string        `json:"queue,omitempty"`
	Conversation string        `json:"conversation,omitempty"`
	Since        record.Millis `json:"since"` // of the trouble, not of the alert
	Text         string        `json:"text"`
	TextFA       string        `json:"text_fa"`
	Value        int64         `json:"value,omitempty"` // as it was last told, in the rule's unit
	Limit        int64         `json:"limit,omitempty"` // the rule's
	Sound        bool          `json:"sound,omitempty"`
	AckedBy      string        `json:"acked_by,omitempty"` // user
	AckedAt      record.Millis `json:"acked_at,omitempty"`
}

const (
	troubleLimit = 2 * time.Minute // refused or failing for longer is an alert
	deafAfter    = time.Minute     // without a leader: then nothing was heard for a while
)

// alertsOf tells what is wrong with an account for longer than its limit.
func alertsOf(row record.Account, x AccountHealth, now time.Time) (list []Alert) {
	add := func(kind string, since record.Millis, text, fa string) {
		list = append(list, Alert{ID: kind + ":" + row.ID, Kind: kind, Account: row.ID, Since: since, Text: cleanLine(text, 1024), TextFA: cleanLine(fa, 1024)})
	}
	if !row.Enabled || row.Archived {
		return nil
	}
	if x.TroubleAt > 0 && now.Sub(x.TroubleAt.Time()) >= troubleLimit {
		kind, what, whatFA := "failing", "does not work", "کار نمی‌کند"
		if x.State == "refused" {
			kind, what, whatFA = "refused", "is refused", "پذیرفته نمی‌شود"
		}
		detail, do := x.Detail, x.Do
		if x.State == "connecting" && len(x.Errors) > 0 {
			detail, do = x.Errors[0].Text, x.Errors[0].Do
		}
		add(kind, x.TroubleAt, fmt.Sprintf("“%s” %s: %s %s", row.Name, what, detail, do), fmt.Sprintf("«%s» %s: %s", isolate(row.Name), whatFA, isolate(detail+" "+do)))
	}
	if since := silentSince(row, x, now); since > 0 {
		add("silent", since, fmt.Sprintf("“%s” has brought no message for longer than %d minutes.", row.Name, row.SilentMins),
			fmt.Sprintf("«%s» بیش از %s دقیقه است که پیامی نیاورده است.", isolate(row.Name), inPersian(row.SilentMins)))
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

// alertLoop is the leader's: it brings the alerts that are kept in line with the accounts' health and the rules.
func (h *Hub) alertLoop(ctx context.Context) error {
	if _, err := h.mirror.ready(ctx); err != nil { // an empty live state says that nobody waits
		return err
	}
	if err := h.listen(ctx); err != nil && ctx.Err() == nil {
		h.log.Debug("when the hub was last there could not be read", "err", err)
	}
	tick := time.NewTicker(h.alertEvery)
	defer tick.Stop()
	watch := newAlertWatch()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if err := h.keepAlerts(ctx, watch); err != nil && ctx.Err() == nil {
				h.log.Debug("alerts could not be kept", "err", err)
			}
		}
	}
}

// listen notes when the hub began to hear what accounts bring, after a time in which no leader was there: until then nobody could have
// heard anything, so it is no silence of theirs.
func (h *Hub) listen(ctx context.Context) error {
	seen, err := h.rdb.Get(ctx, h.keys.led()).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	if now := h.now(); now.Sub(time.UnixMilli(seen)) > deafAfter {
		for id := range h.Settings().Accounts {
			h.health.change(id, func(x *AccountHealth, now record.Millis) bool {
				x.ListenAt = now
				return false
			})
		}
	}
	return nil
}

func (h *Hub) keepAlerts(ctx context.Context, watch *alertWatch) error {
	kept, acks, err := h.keptAlerts(ctx)
	if err != nil {
		return err
	}
	set, now := h.Settings(), h.now()
	var due map[string]Alert
	if h.mirror.current() == "" { // being rebuilt: nobody knows who waits
		due = map[string]Alert{}
		for id, a := range kept {
			if a.Account == "" {
				due[id] = a
			}
		}
	} else {
		tally := h.WholeTally(ctx)
		day, err := h.levels(ctx, set)
		if err != nil && ctx.Err() == nil {
			h.log.Debug("today's figures could not be read", "err", err)
		}
		due = watch.look(set, &tally, day, kept)
	}
	for _, row := range set.Accounts {
		for _, a := range alertsOf(row, h.health.of(row.ID), now) {
			for _, r := range routes(a, set) {
				a.Rule, a.Sound = cmp.Or(a.Rule, r.ID), a.Sound || r.Sound
			}
			due[a.ID] = a
		}
	}
	p := h.rdb.TxPipeline()
	p.Set(ctx, h.keys.led(), now.UnixMilli(), 0)
	changed := false
	for id, a := range due {
		old, stood := kept[id]
		if stood {
			a.Since, a.AckedBy, a.AckedAt = min(a.Since, old.Since), old.AckedBy, old.AckedAt
			due[id] = a
		} else {
			h.tellAll(ctx, p, a, Firing)
		}
		if a != old {
			changed = true
			text, err := json.Marshal(a)
			if err != nil {
				return err
			}
			p.HSet(ctx, h.keys.alerts(), id, text)
		}
	}
	for id, old := range kept {
		if _, ok := due[id]; !ok {
			changed = true
			p.HDel(ctx, h.keys.alerts(), id)
			h.tellAll(ctx, p, old, Over)
		}
	}
	for _, id := range acks {
		if _, ok := due[id]; !ok {
			p.HDel(ctx, h.keys.alerts(), ackField(id))
		}
	}
	if _, err := p.Exec(ctx); err != nil {
		return err
	}
	list := sortAlerts(due)
	if changed || !slices.Equal(list, h.Alerts()) {
		h.alerts.Store(&list)
		return h.say(ctx, news{Type: "alerts", Alerts: list})
	}
	return nil
}

// levels reads today's figures when a rule asks for them.
func (h *Hub) levels(ctx context.Context, set *Settings) (*record.TodayFigures, error) {
	for _, r := range set.Alerts {
		if r.Kind == record.RuleLevel && !r.Off {
			return h.Today(ctx)
		}
	}
	return nil, nil
}

// Who has seen an alert stands beside it, so that the leader's word on the alert and theirs cannot overwrite one another.
const ackPrefix = "ack\x1f"

func ackField(id string) string { return ackPrefix + id }

type ack struct {
	By string        `json:"by"`
	At record.Millis `json:"at"`
}

// keptAlerts are the alerts that stand, and the ids of those that somebody has seen.
func (h *Hub) keptAlerts(ctx context.Context) (kept map[string]Alert, acked []string, err error) {
	all, err := h.rdb.HGetAll(ctx, h.keys.alerts()).Result()
	kept = map[string]Alert{}
	for field, text := range all {
		var a Alert
		if id, is := strings.CutPrefix(field, ackPrefix); is {
			acked = append(acked, id)
		} else if json.Unmarshal([]byte(text), &a) == nil {
			var seen ack
			if json.Unmarshal([]byte(all[ackField(field)]), &seen) == nil {
				a.AckedBy, a.AckedAt = seen.By, seen.At
			}
			kept[field] = a
		}
	}
	return kept, acked, err
}

// readAlerts takes what is kept, before the first news of it come.
func (h *Hub) readAlerts(ctx context.Context) {
	if kept, _, err := h.keptAlerts(ctx); err == nil {
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

// AckAlert notes that a user has seen an alert and sees to it; the first one does. *Refusal when there is none (any more).
func (h *Hub) AckAlert(ctx context.Context, id, user string) error {
	there, err := h.rdb.HExists(ctx, h.keys.alerts(), id).Result()
	if err != nil {
		return unrecorded(err)
	}
	if !there || strings.HasPrefix(id, ackPrefix) {
		return refuse("not_found", "There is no such alert any more.")
	}
	text, err := json.Marshal(ack{user, h.Now()})
	if err != nil {
		return err
	}
	// Should the alert have ended meanwhile, the leader takes this away again.
	if err := h.rdb.HSetNX(ctx, h.keys.alerts(), ackField(id), text).Err(); err != nil {
		return unrecorded(err)
	}
	kept, _, err := h.keptAlerts(ctx)
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
