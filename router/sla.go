package router

import "tamas/inbox/record"

// promise says that a clock has warned or broken: one at a time, broken ones first.
func (e *Engine) promise(c *conv, now record.Millis) bool {
	if c.h.SLA == nil {
		return false
	}
	say := func(code string) bool {
		e.decide(c, Decision{Action: ActSLA, Agent: c.h.Owner, Reason: code, Why: record.Why{Code: code}}, now)
		return true
	}
	for _, k := range c.h.SLA.Clocks {
		if k.MetAt == 0 && !k.Broken && k.Due > 0 && k.Due <= now {
			return say("broken/" + k.Kind)
		}
	}
	for _, k := range c.h.SLA.Clocks {
		if warns(&k) && k.WarnAt <= now {
			return say("warn/" + k.Kind)
		}
	}
	return false
}

func warns(k *record.Clock) bool {
	return k.MetAt == 0 && !k.Broken && !k.Warned && k.Due > 0 && k.WarnAt > 0
}
