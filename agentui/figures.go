package agentui

import (
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

// queueView is a queue now and today. A queue's "today" are conversations by when they ended waiting; shares are null and means 0
// when there is nothing to measure.
type queueView struct {
	ID           string        `json:"id"`
	Queue        *record.Queue `json:"queue,omitempty"`
	Waiting      int           `json:"waiting"` // offered ones included
	LongestSince record.Millis `json:"longest_wait_since"`
	Offered      int           `json:"offered"`
	Active       int           `json:"active"`
	Snoozed      int           `json:"snoozed"`
	Broken       int           `json:"broken"` // conversations that are open with a promise that is broken and not met

	OfferedToday   int           `json:"offered_today"`
	Answered       int           `json:"answered_today"`
	InTarget       int           `json:"answered_in_target_today"` // all, when the queue has no target
	Abandoned      int           `json:"abandoned_today"`          // short ones included
	AbandonedShort int           `json:"abandoned_short_today"`
	ASA            record.Millis `json:"asa_today"`
	Level          *float64      `json:"service_level_today"`
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
	Handled       int                                 `json:"handled"`
	AHT           record.Millis                       `json:"aht_ms"`
	Occupancy     *float64                            `json:"occupancy"` // 0 to 1
	FirstResponse record.Millis                       `json:"first_response_ms"`
	RONA          int                                 `json:"rona"`
	States        map[record.AgentState]record.Millis `json:"states"` // time in each
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
