package record

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Kinds of facts. Each is one measured thing, with the queue and the agent that it counts for. Where nothing else is said, At is
// the time of the event that completed it, and Second is Value in the working time of the queue's calendar.
const (
	FactOffered    = "offered"     // a customer began to wait in a queue for an answer: see step.wait
	FactAnswered   = "answered"    // an agent took it, or ended it, out of the queue; Value: wait; OK, OK2: within the queue's target
	FactAbandoned  = "abandoned"   // it ended in the queue with no agent, or its visitor left (At: when that was); Value: wait; OK, OK2: within the target; Reason "short": see ShortAbandon
	FactFlowOut    = "flow_out"    // it left the queue for another; Value: wait; Reason: "transfer", "overflow"
	FactOffer      = "offer"       // it was offered to Agent
	FactAccepted   = "accepted"    // Agent took the offer; Value: after so long
	FactDeclined   = "declined"    // Agent did not want it
	FactRONA       = "rona"        // Agent let the offer run out
	FactTransfer   = "transfer"    // Agent, who had it, gave it away; Reason: "queue", "agent", "consult"
	FactFirst      = "first"       // first human reply since the beginning or reopening; Value: since the customer's oldest unanswered message
	FactNext       = "next"        // a later reply to an unanswered message; Value: likewise
	FactHandled    = "handled"     // Agent's part of it is over; Value: active, hold and wrap-up, time asleep apart; Second: share of attention
	FactState      = "state"       // Agent was in a state; At: since; Reason: state, "break/<reason>"; OK: handling; Second: Value × conversations
	FactResolved   = "resolved"    // Value: since it began or was reopened; OK: its customer can be asked for a rating
	FactReopened   = "reopened"    // Agent is who had it before; Reason: by whom, "customer", "agent", "system"
	FactRating     = "rating"      // a conversation's last; Value: 1 to 5; OK: 4 or 5
	FactNPS        = "nps"         // likewise; Value: 0 to 10; Reason: "promoter", "passive", "detractor"
	FactSLAFirst   = "sla_first"   // a promise ended or was broken, whichever came first; Value: since it began; OK: kept
	FactSLANext    = "sla_next"    // likewise
	FactSLAResolve = "sla_resolve" // likewise
	FactEstimate   = "estimate"    // a customer who was told a wait was answered; Value: wait − estimate, signed; Second: without its sign
	FactIn         = "in"          // a customer's message, spam apart; At: when it was sent, where the channel knows; Reason "auto": an automatic one
	FactOut        = "out"         // a message to a customer; Reason: who wrote it: "agent", "system"

	// In rollups only.
	cellFCR = "fcr" // resolved at least fcrWindow ago; OK: the customer did not write, call or come again within it
)

// Fact is one measured thing, derived from the events by folding them in order.
type Fact struct {
	N            uint64 // of the event that completed it
	Kind         string
	Conversation string
	Queue        string
	Account      string
	Channel      string
	Agent        string
	Reason       string
	At           Millis
	Value        int64 // milliseconds, or a score
	Second       int64
	OK           bool
	OK2          bool // of a wait: OK by Second
}

// bits are OK and OK2 as they are stored.
func (f *Fact) bits() int64 { return flag(f.OK) | flag(f.OK2)<<1 }

// Scan takes them back.
func (f *okBits) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("bits of a fact: %T", v)
	}
	f.OK, f.OK2 = n&1 != 0, n&2 != 0
	return nil
}

type okBits Fact

// FactRules are what facts depend on besides the events. They hold for what is measured from now on.
type FactRules struct {
	Zone         *time.Location                             // of the days; nil: UTC
	Target       func(queue string) Millis                  // of the service level; 0: none, then every answer is within it
	ShortAbandon Millis                                     // abandons before are apart
	Working      func(queue string, from, to Millis) Millis // working time of the queue's calendar between; nil: all the time
	Asks         func(account string) bool                  // customers who write there can be asked for a rating; nil: all
	Hold         Millis                                     // a day is summed again at most once in so long
}

func (r *FactRules) target(queue string) Millis {
	if r.Target == nil {
		return 0
	}
	return r.Target(queue)
}

func (r *FactRules) working(queue string, from, to Millis) Millis {
	if r.Working == nil {
		return to - from
	}
	return r.Working(queue, from, to)
}

func (r *FactRules) zone() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

// dayOf is when the day of a moment begins.
func dayOf(at Millis, zone *time.Location) Millis {
	y, m, d := at.Time().In(zone).Date()
	return dayStart(y, m, d, zone)
}

// dayAfter is when the day ends that begins at day.
func dayAfter(day Millis, zone *time.Location) Millis {
	y, m, d := (day + 12*3600_000).Time().In(zone).Date()
	return dayStart(y, m, d+1, zone)
}

// dayStart is the first moment of a date. Where its midnight is skipped time.Date may give a moment of the day before.
func dayStart(y int, m time.Month, d int, zone *time.Location) Millis {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Day()
	for range 12 {
		if t.In(zone).Day() == want {
			break
		}
		t = t.Add(15 * time.Minute)
	}
	return At(t)
}

var insertFacts = many{
	`INSERT INTO facts (n, kind, agent, happened_at, conversation, queue, account, channel, reason, value, second, ok) VALUES `,
	`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ``}

func factRow(list []any, f *Fact) []any {
	return append(list, int64(f.N), f.Kind, f.Agent, int64(f.At), f.Conversation, f.Queue, f.Account, f.Channel, f.Reason, f.Value, f.Second, f.bits())
}

const factColumns = "f.n, f.kind, f.agent, f.happened_at, f.conversation, f.queue, f.account, f.channel, f.reason, f.value, f.second, f.ok"

func scanFact(rows *sql.Rows, f *Fact) error {
	var n int64
	err := rows.Scan(&n, &f.Kind, &f.Agent, &f.At, &f.Conversation, &f.Queue, &f.Account, &f.Channel, &f.Reason, &f.Value, &f.Second, (*okBits)(f))
	f.N = uint64(n)
	return err
}

// inKinds is the condition on kinds, which are constants of this package.
func inKinds(kinds []string) string { return "f.kind IN ('" + strings.Join(kinds, "', '") + "')" }
