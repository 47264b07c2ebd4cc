package inbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"tamas/inbox/record"
	"tamas/persian"
)

// alertRig is a firm to look at: two queues that Ann serves, on a clock of its own.
type alertRig struct {
	set  *Settings
	t    *Tally
	day  *record.TodayFigures
	kept map[string]Alert
	w    *alertWatch
}

func newAlertRig(rules ...record.AlertRule) *alertRig {
	return &alertRig{
		set: &Settings{Alerts: rules, Users: map[string]record.User{"ann": {ID: "ann"}}, Queues: map[string]record.Queue{
			"q1": {ID: "q1", Name: "General", Members: []string{"ann"}}, "q2": {ID: "q2", Name: "Night", Members: []string{"ann"}}}},
		t:    &Tally{At: 1_700_000_000_000, Queues: map[string]QueueTally{}, Agents: map[string]record.Agent{"ann": {ID: "ann", State: record.Available}}},
		day:  &record.TodayFigures{Queues: map[string]record.QueueToday{}},
		kept: map[string]Alert{}, w: newAlertWatch()}
}

// after looks again when so long has gone, and gives the ids of what stands.
func (r *alertRig) after(d time.Duration) string {
	r.t.At += record.Millis(d.Milliseconds())
	r.kept = r.w.look(r.set, r.t, r.day, r.kept)
	return strings.Join(slices.Sorted(maps.Keys(r.kept)), " ")
}

func (r *alertRig) expect(t *testing.T, what, want string, d time.Duration) {
	t.Helper()
	if got := r.after(d); got != want {
		t.Errorf("%s: %q stand, want %q", what, got, want)
	}
}

func TestWaitRule(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "w", Kind: record.RuleWait, Value: 300, Sound: true})
	r.t.Queues["q1"] = QueueTally{Waiting: 1, LongestSince: r.t.At, Longest: "c1"}
	r.expect(t, "just within", "", 300*time.Second)
	r.expect(t, "beyond", "w:q1", time.Second)
	a := r.kept["w:q1"]
	if a.Since != r.t.At-1000 || a.Value != 301 || a.Limit != 300 || a.Conversation != "c1" || a.Queue != "q1" || !a.Sound || a.Rule != "w" {
		t.Errorf("%+v", a)
	}
	before := a
	r.after(20 * time.Second)
	if r.kept["w:q1"] != before {
		t.Errorf("told anew for 20 s more: %+v", r.kept["w:q1"])
	}
	r.after(20 * time.Second)
	if r.kept["w:q1"].Value != 341 {
		t.Errorf("its value is not told: %+v", r.kept["w:q1"])
	}
}

// A closed queue's hours are not waited through.
func TestWaitRuleKnowsHours(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "w", Kind: record.RuleWait, Value: 300})
	r.t.At = record.At(time.Date(2026, 11, 20, 16, 58, 0, 0, time.UTC)) // a Friday
	var week [7][]record.Span
	for d := time.Monday; d <= time.Friday; d++ {
		week[d] = []record.Span{{From: 9 * 60, To: 17 * 60}}
	}
	r.set.Calendars = map[string]record.Calendar{"office": {ID: "office", Zone: "UTC", Week: week}}
	q := r.set.Queues["q1"]
	q.Routing.Calendar = "office"
	r.set.Queues["q1"] = q
	r.t.Queues["q1"] = QueueTally{Waiting: 1, LongestSince: r.t.At, Longest: "c1"}
	r.expect(t, "after hours", "", 10*time.Hour)
	r.expect(t, "Monday at nine", "", 54*time.Hour+2*time.Minute)
	r.expect(t, "two minutes of Friday and three of Monday", "", 3*time.Minute)
	r.expect(t, "one second more", "w:q1", time.Second)
	if a := r.kept["w:q1"]; a.Since != r.t.At-1000 || a.Value != 301 {
		t.Errorf("%+v", a)
	}
}

func TestImpossibleRule(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "i", Kind: record.RuleImpossible, Value: 60})
	r.set.Users["ann"] = record.User{ID: "ann", Capacity: 3, Skills: map[string]int{"fa": 3}}
	for name, tt := range map[string]struct {
		c    record.Conversation
		want bool
	}{
		"able":                {record.Conversation{Units: 3, Needs: []record.Need{{Skill: "fa", Level: 3}}}, false},
		"too large":           {record.Conversation{Units: 4}, true},
		"all of somebody":     {record.Conversation{Units: record.AllUnits}, false},
		"level":               {record.Conversation{Units: 1, Needs: []record.Need{{Skill: "fa", Level: 4}}}, true},
		"skill":               {record.Conversation{Units: 1, Needs: []record.Need{{Skill: "de"}}}, true},
		"additional skill":    {record.Conversation{Units: 1, Needs: []record.Need{{Skill: "de", DropAfter: 9}}}, false},
		"nobody serves it":    {record.Conversation{Units: 1, Queue: "gone"}, false},
		"chosen from outside": {record.Conversation{Units: 1, Needs: []record.Need{{Skill: "de"}}, Prefer: "bob"}, false},
	} {
		r.set.Users["bob"] = record.User{ID: "bob", Capacity: 1, Skills: map[string]int{"de": 1}}
		c := tt.c
		c.ID, c.Status, c.WaitingSince, c.Queue = "c1", record.Waiting, r.t.At, cmp.Or(c.Queue, "q1")
		q := QueueTally{}
		r.t.add(&q, &c, r.set)
		if got := q.Impossible == "c1"; got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	r.t.Queues["q1"] = QueueTally{Waiting: 1, ImpossibleSince: r.t.At, Impossible: "c1"}
	r.expect(t, "just within", "", time.Minute)
	r.expect(t, "beyond", "i:q1", time.Second)
	if a := r.kept["i:q1"]; a.Conversation != "c1" || a.Value != 61 || a.TextFA == "" {
		t.Errorf("%+v", a)
	}
}

// An alert that comes and goes is one alert: it is over when nothing has been wrong for 15 s.
func TestAlertsDoNotFlap(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "n", Kind: record.RuleLength, Value: 3})
	for range 20 {
		r.t.Queues["q1"] = QueueTally{Waiting: 4}
		r.expect(t, "too many", "n:q1", 2*time.Second)
		r.t.Queues["q1"] = QueueTally{Waiting: 3}
		r.expect(t, "fine for a moment", "n:q1", 2*time.Second)
	}
	since := r.kept["n:q1"].Since
	r.expect(t, "nearly over", "n:q1", 14*time.Second)
	if r.kept["n:q1"].Since != since {
		t.Error("it began anew")
	}
	r.expect(t, "over", "", 2*time.Second)
	r.t.Queues["q1"] = QueueTally{Waiting: 4}
	r.after(time.Second)
	if r.kept["n:q1"].Since != r.t.At {
		t.Errorf("a new one: %+v", r.kept["n:q1"])
	}
}

func TestUnstaffedRule(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "u", Kind: record.RuleUnstaffed, Value: 60, Queues: []string{"q1"}})
	r.expect(t, "staffed", "", time.Hour)
	r.t.Agents["ann"] = record.Agent{ID: "ann", State: record.Break}
	r.expect(t, "she has just left", "", time.Second)
	begun := r.t.At
	r.expect(t, "gone for a while", "", 59*time.Second)
	r.expect(t, "gone for long", "u:q1", time.Second)
	if r.kept["u:q1"].Since != begun {
		t.Errorf("%+v", r.kept["u:q1"])
	}
	r.w = newAlertWatch() // the next leader has seen none of it
	r.expect(t, "a new leader", "u:q1", 2*time.Second)
	r.expect(t, "a minute later", "u:q1", time.Minute)
	if r.kept["u:q1"].Since != begun {
		t.Errorf("the new leader makes it younger: %+v", r.kept["u:q1"])
	}
	q := r.set.Queues["q1"]
	q.Routing.Closed = true
	r.set.Queues["q1"] = q
	r.after(time.Second)
	r.expect(t, "a closed queue needs nobody", "", 16*time.Second)
	q.Routing.Closed = false
	r.set.Queues["q1"] = q
	for _, a := range []record.Agent{{State: record.Available, LostAt: 5}, {State: record.NotResponding}, {State: record.Offline}} {
		r.t.Agents["ann"] = a
		r.after(time.Second)
		r.expect(t, fmt.Sprintf("%+v is not at work", a), "u:q1", time.Minute)
	}
	for _, s := range []record.AgentState{record.Available, record.Busy, record.WrapUp} {
		r.t.Agents["ann"] = record.Agent{State: s}
		r.after(time.Second)
		r.expect(t, fmt.Sprintf("%s is at work", s), "", time.Minute)
	}
}

func TestLevelRule(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "l", Kind: record.RuleLevel, Value: 80})
	r.day.Queues["q1"] = record.QueueToday{Offered: 9, Answered: 9, InTarget: 1}
	r.expect(t, "too few to tell", "", time.Second)
	r.day.Queues["q1"] = record.QueueToday{Offered: 10, Answered: 10, InTarget: 8}
	r.expect(t, "as promised", "", time.Second)
	r.day.Queues["q1"] = record.QueueToday{Offered: 10, Answered: 10, InTarget: 7}
	r.expect(t, "below", "l:q1", time.Second)
	if r.kept["l:q1"].Value != 70 {
		t.Errorf("%+v", r.kept["l:q1"])
	}
	r.day = nil
	r.expect(t, "the record is away", "l:q1", time.Hour)
	r.day = &record.TodayFigures{}
	r.after(time.Second)
	r.expect(t, "a new day", "", 16*time.Second)
}

func TestPromiseAndFlagRules(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "s", Kind: record.RuleSLA, Value: 1}, record.AlertRule{ID: "f", Kind: record.RuleFlag, Value: 300})
	r.t.Queues["q1"] = QueueTally{Broken: 1}
	r.t.Flags = []Asked{{Conversation: "c1", Number: 7, Queue: "q1", Ask: record.Ask{At: r.t.At}}}
	r.expect(t, "one broken is allowed, the flag is young", "", 299*time.Second)
	r.t.Queues["q1"] = QueueTally{Broken: 2}
	r.expect(t, "both", "f:c1 s:q1", time.Second)
	if a := r.kept["f:c1"]; a.Conversation != "c1" || a.Queue != "q1" || a.Since != r.t.At || !strings.Contains(a.Text, "#7") || !strings.Contains(a.TextFA, "#۷") {
		t.Errorf("%+v", a)
	}
	r.t.Flags = nil
	r.after(time.Second)
	r.expect(t, "the flag is answered", "s:q1", 16*time.Second)
	r.set.Alerts[0].Off = true
	r.expect(t, "nobody wants to know any more", "", time.Second)
}

// A rule for each queue at once makes no more than can be shown, and those that stand go on standing.
func TestAlertsAreBounded(t *testing.T) {
	r := newAlertRig(record.AlertRule{ID: "f", Kind: record.RuleFlag})
	for i := range maxAlerts + 100 {
		r.t.Flags = append(r.t.Flags, Asked{Conversation: fmt.Sprint("c", i), Ask: record.Ask{At: r.t.At}})
	}
	first := r.after(time.Second)
	slices.Reverse(r.t.Flags)
	if then := r.after(time.Second); len(r.kept) != maxAlerts || first != then {
		t.Errorf("%d, others than before: %v", len(r.kept), first != then)
	}
}

// Every kind of rule has its words, in both languages, with Persian digits in the Persian ones.
func TestAlertTexts(t *testing.T) {
	for _, kind := range []string{record.RuleWait, record.RuleLength, record.RuleLevel, record.RuleUnstaffed, record.RuleImpossible, record.RuleSLA, record.RuleFlag} {
		for _, n := range []int{0, 1, 45, 60, 300, 3600, 7200} {
			en, fa := alertTexts(record.AlertRule{Kind: kind, Value: n}, "Zebra", 1042)
			named := "Zebra"
			if kind == record.RuleFlag {
				named = "1042"
			}
			if !strings.Contains(en, named) || strings.Contains(en, "%!") || strings.ContainsFunc(en, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
				t.Errorf("%s of %d in English: %s", kind, n, en)
			}
			if !strings.Contains(fa, persian.Digits(named)) || strings.Contains(fa, "%!") || strings.ContainsAny(fa, "0123456789") {
				t.Errorf("%s of %d in Persian: %s", kind, n, fa)
			}
		}
	}
	for n, want := range map[int]string{1: "1 second", 45: "45 seconds", 60: "1 minute", 300: "5 minutes", 3600: "1 hour", 5400: "90 minutes", 0: "0 seconds"} {
		if en, fa := spanTexts(n); en != want || fa == "" {
			t.Errorf("%d: %s, %s", n, en, fa)
		}
	}
	for _, a := range alertsOf(record.Account{ID: "a", Name: "Mail", Enabled: true, SilentMins: 60},
		AccountHealth{State: "refused", TroubleAt: 1, MessageAt: 1}, time.UnixMilli(1_700_000_000_000)) {
		if !strings.Contains(a.TextFA, "«\u2068Mail\u2069»") || !strings.ContainsFunc(a.TextFA, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
			t.Errorf("%s in Persian: %s", a.Kind, a.TextFA)
		}
	}
}

// One pass over the live state is what the figures are counted from, so it has to be cheap.
func TestTally(t *testing.T) {
	h := &Hub{mirror: newMirror(nil, keys{})}
	h.settings.Store(&Settings{})
	now := h.Now()
	add := func(c record.Conversation) { h.mirror.convs[c.ID] = &c }
	add(record.Conversation{ID: "w", Queue: "q", Status: record.Waiting, WaitingSince: now - 5000, SLA: &record.SLA{Clocks: []record.Clock{{Due: now - 1}}}})
	add(record.Conversation{ID: "o", Queue: "q", Channel: "sms", Status: record.Offered, OfferedTo: "ann", WaitingSince: now - 9000, Flag: &record.Ask{At: 2}})
	add(record.Conversation{ID: "a", Queue: "q", Channel: "email", Status: record.Active, Owner: "ann", Released: true, Review: &record.Ask{At: 3},
		SLA: &record.SLA{Clocks: []record.Clock{{Broken: true, MetAt: 1}, {Due: now + 60_000}}}})
	add(record.Conversation{ID: "z", Queue: "q", Status: record.Snoozed, Owner: "ann", SLA: &record.SLA{Clocks: []record.Clock{{Broken: true}}}, Flag: &record.Ask{At: 1}})
	add(record.Conversation{ID: "r", Queue: "q", Status: record.Resolved, Owner: "ann", Flag: &record.Ask{At: 4}})
	got := h.Tally()
	want := QueueTally{Waiting: 2, Offered: 1, Active: 1, Snoozed: 1, Broken: 2, LongestSince: now - 9000, Longest: "o"}
	if got.Queues["q"] != want {
		t.Errorf("%+v, want %+v", got.Queues["q"], want)
	}
	if held := got.Channels["ann"]; held["sms"] != 1 || held["email"] != 1 || len(held) != 2 {
		t.Errorf("held %v", held)
	}
	// Who a flag is about cannot put it out of sight by resolving the conversation.
	if len(got.Flags) != 3 || got.Flags[0].Conversation != "z" || got.Flags[2].Conversation != "r" || len(got.Reviews) != 1 {
		t.Errorf("flags %v, reviews %v", got.Flags, got.Reviews)
	}
}

// crowded is a hub with 10,000 conversations of 50 queues, 200 agents, and a third waiting.
func crowded() *Hub {
	h := &Hub{mirror: newMirror(nil, keys{})}
	h.settings.Store(&Settings{Queues: map[string]record.Queue{}, Users: map[string]record.User{}, Alerts: DefaultAlerts()})
	now := h.Now()
	for i := range 10_000 {
		c := record.Conversation{ID: fmt.Sprint("c", i), Queue: fmt.Sprint("q", i%50), Channel: "webchat", Status: record.Active, Owner: fmt.Sprint("u", i%200),
			SLA: &record.SLA{Clocks: []record.Clock{{Due: now + 1000}, {MetAt: now}}}}
		if i%3 == 0 {
			c.Status, c.Owner, c.WaitingSince, c.QueuedAt = record.Waiting, "", now-record.Millis(i*1000), now-record.Millis(i*1000)
		}
		h.mirror.convs[c.ID] = &c
	}
	for i := range 200 {
		id := fmt.Sprint("u", i)
		h.mirror.agents[id] = &record.Agent{ID: id, State: record.Available}
		h.Settings().Users[id] = record.User{ID: id}
	}
	for i := range 50 {
		q := record.Queue{ID: fmt.Sprint("q", i), Name: fmt.Sprint("Queue ", i)}
		for m := range 40 {
			q.Members = append(q.Members, fmt.Sprint("u", (i*4+m)%200))
		}
		h.Settings().Queues[q.ID] = q
	}
	return h
}

func BenchmarkTally(b *testing.B) {
	h := crowded()
	for b.Loop() {
		h.Tally()
	}
}

func BenchmarkAlertsLook(b *testing.B) {
	h, w, kept := crowded(), newAlertWatch(), map[string]Alert{}
	t := h.Tally()
	for b.Loop() {
		kept = w.look(h.Settings(), &t, nil, kept)
	}
}

func BenchmarkSparks(b *testing.B) {
	h := crowded()
	book := &sparkBook{queues: map[string]map[int64]sparkStep{}}
	for b.Loop() {
		book.draw(h.waits(), h.Now(), h.Settings())
	}
}
