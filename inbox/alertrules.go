package inbox

import (
	"cmp"
	"slices"
	"time"

	"tamas/inbox/record"
)

// DefaultAlerts are the rules of a workspace that never saved its own: to the screen only, without a sound.
func DefaultAlerts() []record.AlertRule {
	return []record.AlertRule{
		{ID: "wait", Kind: record.RuleWait, Value: 300},
		{ID: "unstaffed", Kind: record.RuleUnstaffed, Value: 60},
		{ID: "impossible", Kind: record.RuleImpossible, Value: 60},
		{ID: "flag", Kind: record.RuleFlag, Value: 300},
		{ID: "account", Kind: record.RuleAccount},
	}
}

const (
	alertFine  = 15 * time.Second // for which nothing is to be wrong before an alert of a rule is over, so that none flaps
	levelLeast = 10               // offered today before a service level says anything
	maxAlerts  = 500              // that stand at once
)

// alertWatch is the leader's memory between two looks: what has just begun or ended. The next leader takes it up from the alerts that
// are kept.
type alertWatch struct {
	began map[string]record.Millis // alert → since when its condition holds
	fine  map[string]record.Millis // alert that stands → since when it does not
}

func newAlertWatch() *alertWatch {
	return &alertWatch{began: map[string]record.Millis{}, fine: map[string]record.Millis{}}
}

// look tells which alerts of rules stand. kept are those that stood before; day may be nil while today's figures cannot be read, and then
// what was said by them still holds.
func (w *alertWatch) look(set *Settings, t *Tally, day *record.TodayFigures, kept map[string]Alert) map[string]Alert {
	found := map[string]Alert{}
	held := map[string]bool{}
	room := maxAlerts - len(kept)
	for _, rule := range set.Alerts {
		if rule.Off || rule.Kind == record.RuleAccount {
			continue
		}
		for _, b := range breaches(rule, set, t, day) {
			a := b.alert
			a.Kind, a.Rule, a.Sound, a.ID = rule.Kind, rule.ID, rule.Sound, rule.ID+":"+cmp.Or(b.alert.Conversation, b.alert.Queue)
			if rule.Kind != record.RuleFlag { // one for a queue, whoever it is about now
				a.ID = rule.ID + ":" + a.Queue
			}
			old, stood := kept[a.ID]
			if b.unknown {
				if stood {
					found[a.ID], held[a.ID] = old, true
				}
				continue
			}
			held[a.ID] = true
			began, ok := w.began[a.ID]
			switch {
			case ok:
			case stood:
				began = old.Since
			default:
				began = cmp.Or(a.Since, t.At)
			}
			w.began[a.ID] = began
			delete(w.fine, a.ID)
			a.Since = began
			switch {
			case stood:
				a.Value = coarse(old.Value, a.Value, a.Limit)
			case t.At-began < b.hold || room <= 0:
				continue
			default:
				room--
			}
			found[a.ID] = a
		}
	}
	for id := range w.began {
		if !held[id] {
			delete(w.began, id)
		}
	}
	for id, old := range kept { // what has just become fine stands a little longer, as long as its rule does
		if held[id] || old.Rule == "" || old.Account != "" || !old.ruled(set) {
			continue
		}
		since, ok := w.fine[id]
		if !ok {
			since = t.At
			w.fine[id] = since
		}
		if t.At-since < record.Millis(alertFine.Milliseconds()) {
			found[id] = old
		}
	}
	for id := range w.fine {
		if _, stands := found[id]; !stands {
			delete(w.fine, id)
		}
	}
	return found
}

// ruled tells whether the rule of an alert is still there, and is about it.
func (a Alert) ruled(set *Settings) bool {
	return slices.ContainsFunc(set.Alerts, func(r record.AlertRule) bool {
		return r.ID == a.Rule && r.Kind == a.Kind && !r.Off && (a.Queue == "" || len(r.Queues) == 0 || slices.Contains(r.Queues, a.Queue)) &&
			(a.Queue == "" || !set.Queues[a.Queue].Archived)
	})
}

// coarse keeps a value as it was told until it has moved by a tenth of the limit, so that alerts are not told anew all the time.
func coarse(old, now, limit int64) int64 {
	if d := now - old; max(d, -d) < max(1, limit/10) {
		return old
	}
	return now
}

// breach is a rule's condition that holds.
type breach struct {
	alert   Alert         // Since: when it began, 0 when that has to be watched
	hold    record.Millis // it is an alert once it has held for so long
	unknown bool          // nobody knows now whether it holds
}

// breaches are a rule's, queue by queue, or flag by flag.
func breaches(rule record.AlertRule, set *Settings, t *Tally, day *record.TodayFigures) (list []breach) {
	of := func(queue string) bool { return len(rule.Queues) == 0 || slices.Contains(rule.Queues, queue) }
	limit := int64(rule.Value)
	after := record.Millis(rule.Value) * 1000
	if rule.Kind == record.RuleFlag {
		for _, f := range t.Flags {
			if of(f.Queue) && t.At-f.Ask.At >= after {
				a := Alert{Conversation: f.Conversation, Queue: f.Queue, Since: f.Ask.At + after, Value: int64(t.At-f.Ask.At) / 1000, Limit: limit}
				a.Text, a.TextFA = alertTexts(rule, "", f.Number)
				list = append(list, breach{alert: a})
			}
		}
		return list
	}
	for _, q := range set.byName() {
		if q.Archived || !of(q.ID) {
			continue
		}
		n := t.Queues[q.ID]
		closed, _ := set.QueueOpen(q, t.At.Time())
		b := breach{alert: Alert{Queue: q.ID, Limit: limit}}
		holds := false
		switch rule.Kind {
		case record.RuleWait:
			// Closed hours are not waited through: a mail of last night is not late at nine in the morning.
			if hours := set.Calendar(q.Routing.Calendar); n.LongestSince > 0 && closed == "" {
				if waited := hours.Between(n.LongestSince.Time(), t.At.Time()); waited.Milliseconds() > int64(after) {
					late := hours.Add(n.LongestSince.Time(), time.Duration(after)*time.Millisecond)
					holds, b.alert.Conversation, b.alert.Since, b.alert.Value = true, n.Longest, record.At(late), int64(waited/time.Second)
				}
			}
		case record.RuleLength:
			holds, b.alert.Value = n.Waiting > rule.Value, int64(n.Waiting)
		case record.RuleSLA:
			holds, b.alert.Value = n.Broken > rule.Value, int64(n.Broken)
		case record.RuleLevel:
			if b.unknown = day == nil; day != nil {
				d := day.Queues[q.ID]
				level, ok := d.ServiceLevel()
				holds, b.alert.Value = ok && d.Offered >= levelLeast && level*100 < float64(rule.Value), int64(level*100)
			}
		case record.RuleUnstaffed:
			holds, b.hold = closed == "" && !slices.ContainsFunc(q.Members, func(id string) bool {
				u, ok := set.Users[id]
				return ok && !u.Disabled && AtWork(t.Agents[id])
			}), after
		case record.RuleImpossible:
			if n.ImpossibleSince > 0 && closed == "" {
				holds, b.hold, b.alert.Conversation = t.At-n.ImpossibleSince > after, 0, n.Impossible
				b.alert.Since, b.alert.Value = n.ImpossibleSince+after, int64(t.At-n.ImpossibleSince)/1000
			}
		}
		if holds || b.unknown {
			b.alert.Text, b.alert.TextFA = alertTexts(rule, q.Name, 0)
			list = append(list, b)
		}
	}
	return list
}

// byName are the queues in a steady order.
func (s *Settings) byName() []record.Queue {
	list := make([]record.Queue, 0, len(s.Queues))
	for _, q := range s.Queues {
		list = append(list, q)
	}
	slices.SortFunc(list, func(a, b record.Queue) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list
}
