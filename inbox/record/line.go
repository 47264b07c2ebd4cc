package record

// promised is how long before its clock runs out a conversation stands beside those without a clock: see Line.
const promised = 60 * 60_000

// Line gives a waiting conversation's place in line by its queue's order, as a moment: lower first, ties to the lower WaitingSince, then to
// the lower ID. It does not depend on the time, so nothing has to be sorted again when time passes: by score it is when the score was zero.
// It is one scale for both orders, so that an agent may serve queues of both: one whose clock runs out at some moment stands where
// one without a clock stands whose score was zero an hour before. Each is passed by only so much later arrivals, whatever their
// clocks: nobody starves.
func (c *Conversation) Line(order string) Millis {
	if order == WaitSLA {
		if due := c.firstDue(); due > 0 {
			return due - promised
		}
	}
	return c.WaitingSince - Millis(c.Priority)*60_000
}

// firstDue is when the running clock that runs out first does; 0: none runs.
func (c *Conversation) firstDue() (due Millis) {
	if c.SLA == nil {
		return 0
	}
	for _, k := range c.SLA.Clocks {
		if k.Due > 0 && k.MetAt == 0 && (due == 0 || k.Due < due) {
			due = k.Due
		}
	}
	return due
}
