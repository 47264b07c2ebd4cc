package agentui

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// figuresView is every queue and agent now and today. On the live socket the first of them is whole; later ones are parts: of queues and
// agents they hold the rows that changed (a queue's own row and its sparks only when those did), of flags and reviews the whole list
// when it changed, else null. Whoever misses a part is told the whole again. Who joins or leaves makes it whole, too.
type figuresView struct {
	Queues  []queueView   `json:"queues"`
	Agents  []agentView   `json:"agents"`
	Flags   []askView     `json:"flags"`   // raised and not answered, oldest first
	Reviews []askView     `json:"reviews"` // second opinions asked for and not given, oldest first
	Since   record.Millis `json:"since"`   // when today began
}

// supervisorView is figuresView with the event up to which the record had come.
type supervisorView struct {
	figuresView
	At record.ID `json:"at"`
}

// queueView is a queue now and today, by record.QueueToday's definitions. A share is null and a mean 0 when there is nothing to measure.
type queueView struct {
	ID           string        `json:"id"`
	Queue        *record.Queue `json:"queue,omitempty"`
	Waiting      int           `json:"waiting"` // offered ones included
	Left         int           `json:"left"`    // of them: their visitors have left the page; LongestSince is not theirs
	LongestSince record.Millis `json:"longest_wait_since"`
	Offered      int           `json:"offered"`
	Active       int           `json:"active"`
	Snoozed      int           `json:"snoozed"`
	Broken       int           `json:"broken"` // conversations that are open with a promise that is broken and not met

	OfferedToday   int           `json:"offered_today"`
	Ended          int           `json:"ended_today"` // waits that did; Abandoned ÷ Ended is abandonment
	Answered       int           `json:"answered_today"`
	InTarget       int           `json:"answered_in_target_today"` // all, when the queue has no target
	Abandoned      int           `json:"abandoned_today"`          // short ones apart
	AbandonedShort int           `json:"abandoned_short_today"`
	ASA            record.Millis `json:"asa_today"`
	Level          *float64      `json:"service_level_today"`    // InTarget ÷ LevelOf
	LevelOf        int           `json:"service_level_of_today"` // of several queues the sums are divided
	Estimates      *estimateView `json:"estimate_error_today"`

	Open    bool          `json:"open"`
	Reason  string        `json:"closed_reason"` // "hand", "calendar"; "" while it is open
	OpensAt record.Millis `json:"opens_at"`      // closed by its calendar: when it opens; 0: not known

	Agents map[record.AgentState]int `json:"agents"` // members, by state
	Spark  *sparkView                `json:"spark,omitempty"`
}

// estimateView is how far off the waits were that customers were told: real less told, in milliseconds.
type estimateView struct {
	Count   int           `json:"count"`
	Mean    record.Millis `json:"mean_ms"`
	MeanAbs record.Millis `json:"mean_abs_ms"`
}

// sparkView is the last six hours in steps, oldest first; the last one is the step that runs.
type sparkView struct {
	Step    record.Millis   `json:"step"`
	Waiting []int           `json:"waiting"` // at the step's end
	Longest []record.Millis `json:"longest"` // how long the one had waited who had waited longest then
	Arrived []int           `json:"arrived"` // into the queue, within the step
}

type agentView struct {
	User      userRef        `json:"user"`
	Agent     record.Agent   `json:"agent"`
	Capacity  int            `json:"capacity"`
	Used      int            `json:"used"`
	ByChannel map[string]int `json:"by_channel"` // kind → conversations held
	Today     todayView      `json:"today"`
}

// todayView is an agent's day, in milliseconds.
type todayView struct {
	Handled       int                      `json:"handled"`
	AHT           record.Millis            `json:"aht_ms"`
	Occupancy     *float64                 `json:"occupancy"` // 0 to 1
	FirstResponse record.Millis            `json:"first_response_ms"`
	RONA          int                      `json:"rona"`
	States        map[string]record.Millis `json:"states"` // time in each; breaks by reason, "break/lunch"
}

type askView struct {
	Conversation string     `json:"conversation"`
	Number       int64      `json:"number"`
	Ask          record.Ask `json:"ask"`
}

type userRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// agentDaysFor is for how long agents' days are shown as they are: time in a state grows all the time, and is not told each time.
const agentDaysFor = 10 * time.Second

// agentDays are the agents' days as they were last shown.
type agentDays struct {
	mu   sync.Mutex
	at   time.Time
	days map[string]record.AgentToday
}

func (d *agentDays) of(today *record.TodayFigures, now time.Time) map[string]record.AgentToday {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.days == nil || now.Sub(d.at) >= agentDaysFor {
		d.at, d.days = now, today.Agents
	}
	return d.days
}

// figures counts everything: what is now from the live state, in one pass, what was today from the record.
func (s *Server) figures(ctx context.Context) (*figuresView, error) {
	today, err := s.hub.Today(ctx)
	if err != nil {
		return nil, err
	}
	sparks, err := s.hub.Sparks(ctx)
	if err != nil {
		return nil, err
	}
	set, t := s.hub.Settings(), s.hub.WholeTally(ctx)
	v := &figuresView{Queues: []queueView{}, Agents: []agentView{}, Flags: asksOf(t.Flags), Reviews: asksOf(t.Reviews), Since: today.Since}
	serves := map[string]bool{}
	for _, q := range set.Queues {
		if q.Archived {
			continue
		}
		v.Queues = append(v.Queues, queueNow(q, set, &t, today.Queues[q.ID], sparks[q.ID]))
		for _, id := range q.Members {
			serves[id] = true
		}
		for _, more := range q.Routing.Secondary {
			for _, id := range more.Members {
				serves[id] = true
			}
		}
	}
	days := s.agentDays.of(today, t.At.Time())
	for _, u := range set.Users {
		a := agentNow(&t, u.ID)
		// Who serves no queue and never worked is no agent: an admin who only looks after settings.
		if !u.Disabled && (serves[u.ID] || len(a.Held) > 0 || a.State != record.Offline) {
			channels := t.Channels[u.ID]
			if channels == nil {
				channels = map[string]int{}
			}
			v.Agents = append(v.Agents, agentView{userRef{u.ID, u.Name}, a, u.Capacity, a.Used(), channels, dayOf(days[u.ID])})
		}
	}
	slices.SortFunc(v.Queues, func(a, b queueView) int {
		return cmp.Or(cmp.Compare(a.Queue.Name, b.Queue.Name), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(v.Agents, func(a, b agentView) int {
		return cmp.Or(cmp.Compare(a.User.Name, b.User.Name), cmp.Compare(a.User.ID, b.User.ID))
	})
	return v, nil
}

// agentNow is an agent's live side, also of one who never was there.
func agentNow(t *inbox.Tally, id string) record.Agent {
	a := t.Agents[id]
	if a.State == "" {
		a.ID, a.State = id, record.Offline
	}
	return a
}

func queueNow(row record.Queue, set *inbox.Settings, t *inbox.Tally, day record.QueueToday, spark inbox.Spark) queueView {
	n := t.Queues[row.ID]
	q := queueView{ID: row.ID, Queue: &row, Waiting: n.Waiting, Left: n.Left, LongestSince: n.LongestSince, Offered: n.Offered, Active: n.Active, Snoozed: n.Snoozed,
		Broken: n.Broken, OfferedToday: day.Offered, Ended: day.Ended(), LevelOf: day.LevelOf(), Answered: day.Answered, InTarget: day.InTarget, Abandoned: day.Abandoned,
		AbandonedShort: day.AbandonedShort, ASA: day.ASA(), Agents: map[record.AgentState]int{},
		Spark: &sparkView{record.Millis(inbox.SparkStep.Milliseconds()), spark.Waiting, spark.Longest, spark.Arrived}}
	if level, ok := day.ServiceLevel(); ok {
		q.Level = &level
	}
	if n := record.Millis(day.Estimates); n > 0 {
		q.Estimates = &estimateView{day.Estimates, day.EstimateSum / n, day.EstimateAbs / n}
	}
	q.Reason, q.OpensAt = set.QueueOpen(row, t.At.Time())
	q.Open = q.Reason == ""
	for _, id := range row.Members {
		if u, ok := set.Users[id]; ok && !u.Disabled {
			q.Agents[agentNow(t, id).State]++
		}
	}
	return q
}

func dayOf(d record.AgentToday) todayView {
	v := todayView{Handled: d.Handled, AHT: d.AHT(), FirstResponse: d.FirstResponse(), RONA: d.RONA, States: map[string]record.Millis{}}
	maps.Copy(v.States, d.States)
	if share, ok := d.Occupancy(); ok {
		v.Occupancy = &share
	}
	return v
}

func asksOf(list []inbox.Asked) []askView {
	views := make([]askView, len(list))
	for i, a := range list {
		views[i] = askView{a.Conversation, a.Number, a.Ask}
	}
	return views
}
