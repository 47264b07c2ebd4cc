package inbox

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"tamas/inbox/record"
)

// A visitor of a live chat who leaves the page before anybody has answered gives up. Every node says who is there, of those who wait. Once no node has
// had a connection of theirs for leftAfter, the leader says so: the wait ends in the figures as abandoned, at the moment when they were last
// there. The conversation itself stays where it is in line, with LeftAt, and can be answered; who comes back or writes waits again, with the
// age of before.
//
// Nobody has left who asked to be answered elsewhere, or whom the answer reaches there anyway, or who went while the queue was
// closed: that is a message left, not a wait given up.
const leftAfter = time.Minute

// leftActor says of visitors whether they are there.
var leftActor = record.Actor{Kind: "system", ID: "presence"}

// awaited tells a conversation whose customer sits before a live chat and waits there, or did.
func (h *Hub) awaited(c *record.Conversation) bool {
	if !h.kinds[c.Channel].Limits.Live || !c.Open() {
		return false
	}
	return c.LeftAt != 0 || (c.Status == record.Waiting || c.Status == record.Offered) && c.Unanswered != 0 && c.Later == ""
}

// sayVisitors says of the visitors on this node who wait that they are there now, and once more of those whose last connection here went.
func (h *Hub) sayVisitors(ctx context.Context, now record.Millis) error {
	var fields []any
	for _, thread := range h.watchers.lately() {
		if c, ok := h.mirror.byField(thread); ok && h.awaited(&c) {
			fields = append(fields, c.ID+"\x1f"+h.node, int64(now))
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return h.rdb.HSet(ctx, h.keys.visitors(), fields...).Err()
}

// visitorLoop is the leader's.
func (h *Hub) visitorLoop(ctx context.Context) error {
	v := &visitors{h: h}
	for {
		if sleep(ctx, h.presenceEvery) != nil {
			return ctx.Err()
		}
		if err := v.look(ctx, h.Now()); err != nil && ctx.Err() == nil {
			h.log.Debug("which visitors are there is not known", "err", err)
		}
	}
}

// visitors is what the leader knows of those who wait.
type visitors struct {
	h    *Hub
	away map[string]record.Millis // conversation → since when it has not seen them, or has been told nothing: a new leader gives all nodes the time to speak
}

// look says who has left and who is back.
func (v *visitors) look(ctx context.Context, now record.Millis) error {
	h := v.h
	all, err := h.rdb.HGetAll(ctx, h.keys.visitors()).Result()
	if err != nil {
		return err
	}
	last, fields := map[string]record.Millis{}, map[string][]string{}
	for field, at := range all {
		id, _, _ := strings.Cut(field, "\x1f")
		ms, _ := strconv.ParseInt(at, 10, 64)
		last[id], fields[id] = max(last[id], record.Millis(ms)), append(fields[id], field)
	}
	away := map[string]record.Millis{}
	for _, c := range h.mirror.filter(h.awaited) {
		delete(fields, c.ID)
		seen, known := last[c.ID]
		if there := now-seen < record.Millis(presenceStale.Milliseconds()); there || !known { // of whom no node ever spoke nothing is known
			if there && c.LeftAt != 0 {
				v.say(ctx, Command{Conversation: c.ID, Version: c.Version})
			}
			continue
		}
		if c.LeftAt != 0 {
			continue
		}
		if away[c.ID] = v.away[c.ID]; away[c.ID] == 0 {
			away[c.ID] = now
		}
		patience := record.Millis(leftAfter.Milliseconds())
		seen = max(seen, c.LastInboundAt)
		if now-away[c.ID] < patience || now-seen < patience {
			continue
		}
		gone, err := v.gone(ctx, &c, seen)
		if err != nil {
			return err
		}
		if gone {
			v.say(ctx, Command{Conversation: c.ID, Version: c.Version, On: true, Until: seen})
		} else {
			away[c.ID] = now // asked again after a while
		}
	}
	v.away = away
	var over []string
	for id, list := range fields {
		if now-last[id] >= record.Millis(presenceStale.Milliseconds()) { // not of one that this node has not heard of yet
			over = append(over, list...)
		}
	}
	if len(over) > 0 {
		return h.rdb.HDel(ctx, h.keys.visitors(), over...).Err()
	}
	return nil
}

// gone tells whether who is not there any more waits no more.
func (v *visitors) gone(ctx context.Context, c *record.Conversation, seen record.Millis) (bool, error) {
	h := v.h
	set := h.Settings()
	if closed, _ := set.QueueOpen(set.Queues[c.Queue], seen.Time()); closed != "" {
		return false, nil
	}
	to, ok := h.continuesOn(set.Accounts[c.Account])
	if !ok {
		return true, nil
	}
	addresses, err := h.db.Reachable(ctx, c.Identity, to.Kind, h.spoken(to))
	return len(addresses) == 0, err
}

func (v *visitors) say(ctx context.Context, cmd Command) {
	cmd.By, cmd.Action = leftActor, Left
	err := v.h.Propose(ctx, cmd)
	var r *Refusal
	if err != nil && !errors.As(err, &r) && ctx.Err() == nil { // what has changed meanwhile is looked at again
		v.h.log.Debug("that a visitor came or went could not be kept", "conversation", cmd.Conversation, "err", err)
	}
}

// left decides that a waiting customer has left, as of Until, or is back.
func (s *state) left(cmd *Command) (*record.Event, error) {
	conv := &s.conv
	switch waits := conv.Status == record.Waiting || conv.Status == record.Offered; {
	case cmd.On == (conv.LeftAt != 0):
		return nil, errNothing
	case cmd.On && (!waits || conv.Unanswered == 0 || conv.Later != ""):
		return nil, s.conflict("Its customer does not wait there.")
	case cmd.On:
		c := s.change(record.EvLeft, cmd.By)
		c.e.Conversation.LeftAt = cmd.Until
		return c.e, nil
	}
	c := s.change(record.EvBack, cmd.By)
	c.back()
	return c.e, nil
}

// back says that who had left is there again. What was told of the wait before is nothing to measure the next by.
func (c *change) back() {
	if h := c.e.Conversation; h.LeftAt != 0 {
		h.LeftAt, h.Told = 0, nil
	}
}
