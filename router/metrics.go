package router

import "tamas/inbox/record"

// Tally is how a queue stands.
type Tally struct {
	Waiting   int // in line, offered ones included
	Active    int // with an agent
	Snoozed   int
	WaitSince record.Millis // since when the one who has waited longest has; 0: nobody waits
}

// LongestWait is how long the one who has waited longest has, in milliseconds.
func (t Tally) LongestWait(now record.Millis) record.Millis {
	if t.WaitSince == 0 {
		return 0
	}
	return max(0, now-t.WaitSince)
}

// Tallies counts live conversations by queue.
func Tallies(conversations []record.Conversation) map[string]Tally {
	all := map[string]Tally{}
	for i := range conversations {
		c := &conversations[i]
		t := all[c.Queue]
		switch c.Status {
		case record.Waiting, record.Offered:
			t.Waiting++
			if t.WaitSince == 0 || c.WaitingSince < t.WaitSince {
				t.WaitSince = c.WaitingSince
			}
		case record.Active:
			t.Active++
		case record.Snoozed:
			t.Snoozed++
		default:
			continue
		}
		all[c.Queue] = t
	}
	return all
}

// ServiceLevel is the share answered within the target T: answered ≤ T ÷ (offered − abandoned ≤ T). With no short
// abandons counted it is the variant answered ≤ T ÷ offered. ok is false when nothing was offered.
func ServiceLevel(answeredInTarget, offered, abandonedInTarget int) (share float64, ok bool) {
	n := offered - abandonedInTarget
	if n <= 0 {
		return 0, false
	}
	return float64(answeredInTarget) / float64(n), true
}

// Waited is the speed of answer: from entering the queue until an agent took it, by the header of the event that
// assigned or accepted it. ok is false when it did not come out of a queue.
func Waited(c *record.Conversation) (wait record.Millis, ok bool) {
	if c.Status != record.Active || c.WaitingSince == 0 || c.AssignedAt == 0 {
		return 0, false
	}
	return max(0, c.AssignedAt-c.WaitingSince), true
}
