package router

import (
	"slices"
	"strconv"
	"strings"

	"tamas/inbox/record"
)

// ask is one skill in force: its number among the skills that anybody has, -1 when nobody has it.
type ask struct {
	skill int32
	level uint8
}

// needsOf merges a conversation's needs with its queue's, sorted by skill. Of two for one skill the higher level holds, and the
// longer time; for ever is the longest.
func needsOf(own, queue []record.Need) []record.Need {
	if len(own)+len(queue) == 0 {
		return nil
	}
	list := make([]record.Need, 0, len(own)+len(queue))
	for _, n := range slices.Concat(own, queue) {
		n.Level, n.DropAfter = min(max(n.Level, 1), 255), max(n.DropAfter, 0)
		i, found := slices.BinarySearchFunc(list, n.Skill, func(x record.Need, s string) int { return strings.Compare(x.Skill, s) })
		if !found {
			list = slices.Insert(list, i, n)
			continue
		}
		x := &list[i]
		x.Level = max(x.Level, n.Level)
		if x.DropAfter == 0 || n.DropAfter == 0 {
			x.DropAfter = 0
		} else {
			x.DropAfter = max(x.DropAfter, n.DropAfter)
		}
	}
	return list
}

// dropped tells when a need is asked for no more; 0: never.
func dropped(n record.Need, since record.Millis) record.Millis {
	if n.DropAfter == 0 {
		return 0
	}
	return since + record.Millis(n.DropAfter)*1000
}

// inForce tells whether a need is asked for at now.
func inForce(n record.Need, since, now record.Millis) bool {
	return n.DropAfter == 0 || dropped(n, since) > now
}

// asking works out what c asks for at now: its needs, those in force, and their text.
func (e *Engine) asking(c *conv, now record.Millis) (text string) {
	c.needs, c.numbers, c.asks = needsOf(c.h.Needs, c.queue.h.Routing.Needs), nil, nil
	if len(c.needs) == 0 {
		return ""
	}
	c.numbers = make([]int32, len(c.needs))
	c.asks = make([]ask, 0, len(c.needs))
	b := make([]byte, 0, 64)
	for i, n := range c.needs {
		k := e.ask(n)
		c.numbers[i] = k.skill
		if inForce(n, c.h.WaitingSince, now) {
			c.asks = append(c.asks, k)
			b = append(append(b, n.Skill...), 0, k.level)
		}
	}
	return string(b)
}

func (e *Engine) ask(n record.Need) ask {
	return ask{skill: e.number(n.Skill), level: uint8(n.Level)}
}

func (e *Engine) number(skill string) int32 {
	if i, ok := e.skills[skill]; ok {
		return i
	}
	return -1
}

// learn numbers the skills that users have.
func (e *Engine) learn(users []record.User) {
	e.skills = map[string]int32{}
	var names []string
	for _, u := range users {
		for s := range u.Skills {
			names = append(names, s)
		}
	}
	slices.Sort(names)
	for _, s := range slices.Compact(names) {
		e.skills[s] = int32(len(e.skills))
	}
	for i := range users {
		a := e.agents[users[i].ID]
		for s, level := range users[i].Skills {
			if a.levels == nil {
				a.levels = make([]uint8, len(e.skills))
			}
			a.levels[e.skills[s]] = uint8(min(max(level, 0), 255))
		}
	}
}

func (a *agent) level(skill int32) uint8 {
	if skill < 0 || int(skill) >= len(a.levels) {
		return 0
	}
	return a.levels[skill]
}

func (a *agent) skilled(asks []ask) bool {
	for _, k := range asks {
		if a.level(k.skill) < k.level {
			return false
		}
	}
	return true
}

// lacks gives the first need in force that a does not meet.
func (e *Engine) lacks(a *agent, c *conv, now record.Millis) (record.Need, Reason) {
	for i, n := range c.needs {
		if !inForce(n, c.h.WaitingSince, now) {
			continue
		}
		switch has := a.level(c.numbers[i]); {
		case has == 0:
			return n, NoSkill
		case int(has) < n.Level:
			return n, LowLevel
		}
	}
	return record.Need{}, ""
}

// possible tells whether anybody who serves c's queue could ever take it: has the skills that are never dropped, and a capacity that
// its units fit into.
func (e *Engine) possible(c *conv) bool {
	var asks []ask
	var b strings.Builder
	for _, n := range c.needs {
		if n.DropAfter == 0 {
			asks = append(asks, e.ask(n))
			b.WriteString(n.Skill)
			b.WriteByte(0)
			b.WriteByte(byte(n.Level))
		}
	}
	b.WriteByte(0)
	b.WriteString(strconv.Itoa(c.demand.units))
	key, q := b.String(), c.queue
	able, known := q.able[key]
	if !known {
		able = slices.ContainsFunc(q.roster, func(s *seat) bool {
			u := s.agent.user
			return u != nil && !u.Disabled && holdsWhole(u.Capacity, c.demand.units) && s.agent.skilled(asks)
		})
		if q.able == nil || len(q.able) > 1000 {
			q.able = map[string]bool{}
		}
		q.able[key] = able
	}
	return able
}
