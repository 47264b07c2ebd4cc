package inbox

import (
	"slices"

	"tamas/inbox/record"
)

// tell tells a waiting customer something: a text, as a message by the system; the first estimate of this wait, which the header keeps to
// measure it by. Each Reason is told once a wait.
func (s *state) tell(cmd *Command) (*record.Event, error) {
	conv := &s.conv
	if conv.Status != record.Waiting && conv.Status != record.Offered {
		return nil, s.conflict("It does not wait any more.")
	}
	if cmd.Reason != "" && slices.Contains(conv.ToldText, cmd.Reason) {
		return nil, errNothing
	}
	kind := record.EvTold
	if !cmd.empty() {
		kind = record.EvQueued
	}
	c := s.change(kind, cmd.By)
	c.e.Reason = cmd.Why
	h := c.e.Conversation
	if cmd.Reason != "" {
		h.ToldText = append(h.ToldText, cmd.Reason)
	}
	news := cmd.Reason != "" || kind == record.EvQueued
	if cmd.Estimate != nil && conv.Told == nil {
		told := *cmd.Estimate
		told.At = s.now
		h.Told, news = &told, true
	}
	if !news {
		return nil, errNothing
	}
	if kind == record.EvQueued {
		h.LastMessageAt = s.now
		c.e.Touch = s.touch(&Command{By: cmd.By, Key: cmd.Key, Text: cmd.Text}, record.KindMessage, record.StateQueued)
	}
	return c.e, nil
}
