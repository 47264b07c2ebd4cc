package inbox

import (
	"slices"

	"tamas/inbox/record"
)

// pull is the mode of queues from which agents take for themselves.
const pull = "pull"

// Pullable are the conversations that wait in pull queues and that the user may take, at most so many, in the queues' order: those of all
// queues by score.
func (h *Hub) Pullable(user string, most int) []string {
	set, now := h.Settings(), h.Now()
	if u, ok := set.Users[user]; !ok || u.Disabled {
		return nil
	}
	list := h.mirror.filter(func(c *record.Conversation) bool {
		return c.Status == record.Waiting && set.Queues[c.Queue].Mode == pull && set.mayPull(c, user, now)
	})
	inOrder(set, list)
	ids := make([]string, 0, min(len(list), most))
	for i := range list[:min(len(list), most)] {
		ids = append(ids, list[i].ID)
	}
	return ids
}

// mayPull tells whether a waiting conversation is for this user to take: who serves its queue, has the skills that it asks for by now, and
// does not take it from somebody who is waited for.
func (s *Settings) mayPull(c *record.Conversation, user string, now record.Millis) bool {
	at := &state{now: now, conv: *c, set: s}
	if !at.serves(user) || c.Prefer != "" && c.Prefer != user && c.StickyUntil > now {
		return false
	}
	skills, waited := s.Users[user].Skills, now-c.WaitingSince
	for _, n := range slices.Concat(c.Needs, s.Queues[c.Queue].Routing.Needs) {
		dropped := n.DropAfter > 0 && waited >= record.Millis(n.DropAfter)*1000
		if !dropped && skills[n.Skill] < max(1, n.Level) {
			return false
		}
	}
	return true
}
