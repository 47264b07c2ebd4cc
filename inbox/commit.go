package inbox

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tamas/inbox/record"
)

//go:embed commit.lua
var commitLua string
var commitScript = redis.NewScript(commitLua)

// What commit may say besides success.
var (
	errConflict = errors.New("the live state has moved on")
	errEpoch    = errors.New("the live state is being rebuilt")
)

// duplicate is the error of a command whose key was committed before; ID is the first one's event.
type duplicate struct {
	ID  record.ID
	own bool // it was this very call, whose reply was lost
}

func (d *duplicate) Error() string { return "already committed as " + d.ID.String() }

// numberMark stands for a conversation's number until commit.lua has counted it.
const numberMark = "\x01"

// newToken is 64 random bits, never 0.
func newToken() uint64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // never fails: crypto/rand
		if t := binary.BigEndian.Uint64(b[:]); t != 0 {
			return t
		}
	}
}

// tokenText is a token as the id of what its event created.
func tokenText(t uint64) string { return fmt.Sprintf("%016x", t) }

// commit appends e under token and writes the headers that it carries, provided that each was at the version
// before (Version-1; a header of Version 1 must be missing). restored tells that the conversation had left
// the live state, so it must be missing too. It fills e.ID and the number of a new conversation.
// Errors: *duplicate, errConflict, errEpoch, or Redis is away (then the outcome is unknown: call again with the same key).
func (h *Hub) commit(ctx context.Context, epoch string, token uint64, e *record.Event, restored bool) error {
	body, conv, err := encode(e)
	if err != nil {
		return err
	}
	k := h.keys
	buckets := k.buckets(h.now())
	ks := []string{k.epoch(), k.events(), k.n(), k.number(), buckets[0], buckets[1], buckets[2], buckets[3],
		k.conversations(), k.threads(), k.agents()}
	const convs, threads, agents = "9", "10", "11"
	args := append(make([]any, 0, 16), epoch, strconv.FormatUint(token, 10), body, shortKey(e.Key), e.Span()-1)
	if c := e.Conversation; c != nil {
		tf := threadField(c.In())
		switch {
		case e.Kind == record.EvClosed && restored: // it has left the live state and stays away
			args = append(args, convs, c.ID, "", "")
		case e.Kind == record.EvClosed:
			args = append(args, convs, c.ID, versionPrefix(c.Version-1), "", threads, tf, c.ID, "")
		case c.Version == 1 || restored:
			args = append(args, convs, c.ID, "", versionPrefix(c.Version)+conv, threads, tf, "", c.ID)
		default:
			args = append(args, convs, c.ID, versionPrefix(c.Version-1), versionPrefix(c.Version)+conv)
		}
	}
	for i := range e.Agents {
		a := &e.Agents[i]
		expected := ""
		if a.Version > 1 {
			expected = versionPrefix(a.Version - 1)
		}
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		args = append(args, agents, a.ID, expected, versionPrefix(a.Version)+string(text))
	}

	h.tail.own.add(token, body, e)
	res, err := h.pipe.eval(ctx, commitScript, ks, args)
	if err != nil || text(res, 0) != "ok" {
		h.tail.own.drop(token) // the tail decodes what may stand in the log all the same
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	switch text(res, 0) {
	case "ok":
		if e.ID, err = record.ParseID(text(res, 1)); err != nil {
			return err
		}
		if n, _ := res[2].(int64); n > 0 {
			e.Conversation.Number = n
		}
		return nil
	case "dup":
		id, err := record.ParseID(text(res, 1))
		if err != nil {
			return err
		}
		return &duplicate{id, id.Token == token}
	case "conflict":
		return errConflict
	case "epoch":
		return errEpoch
	}
	return fmt.Errorf("commit: unexpected answer %v", res)
}

func versionPrefix(v int64) string { return strconv.FormatInt(v, 10) + " " }

// encode gives the event's JSON and its conversation's, with numberMark where a number is still to be counted.
func encode(e *record.Event) (body, conv string, err error) {
	bare := *e
	bare.ID, bare.Conversation = record.ID{}, nil
	b, err := json.Marshal(&bare)
	if err != nil {
		return "", "", fmt.Errorf("encode event: %w", err)
	}
	if e.Conversation == nil {
		return string(b), "", nil
	}
	c, err := json.Marshal(e.Conversation)
	if err != nil {
		return "", "", fmt.Errorf("encode conversation: %w", err)
	}
	if e.Conversation.Number == 0 {
		c = bytes.Replace(c, []byte(`"number":0,`), []byte(`"number":`+numberMark+`,`), 1)
	}
	var text strings.Builder
	text.Grow(len(b) + len(c) + 20)
	text.Write(b[:len(b)-1])
	text.WriteString(`,"conversation":`)
	text.Write(c)
	text.WriteByte('}')
	return text.String(), string(c), nil
}

func text(res []any, i int) string {
	if i < len(res) {
		s, _ := res[i].(string)
		return s
	}
	return ""
}

// commitSoon commits, and while Redis is away or being rebuilt waits and tries again until ctx ends.
// prepare is called before each try, since the live state may have changed; it returns the event, or an
// error that ends it. It is called again after a conflict. epoch is the one whose log holds the event, or in which
// Redis knew the key already (*duplicate).
func (h *Hub) commitSoon(ctx context.Context, key string, prepare func() (e *record.Event, restored bool, err error)) (_ *record.Event, epoch string, err error) {
	token := newToken()
	wait := 5 * time.Millisecond
	for try := 0; ; try++ {
		if epoch, err = h.mirror.ready(ctx); err != nil {
			return nil, epoch, err
		}
		e, restored, err := prepare()
		if err != nil {
			return nil, epoch, err
		}
		e.V, e.Key, e.At = record.EventVersion, key, record.At(h.now())
		h.promises(e)
		if e.Touch != nil && e.Touch.ID == "" {
			e.Touch.ID = tokenText(token)
			if e.Conversation != nil {
				e.Conversation.LastMessage = lastMessage(e)
				asked(e)
			}
		}
		if e.Conversation != nil && e.Conversation.ID == "" {
			e.Conversation.ID = tokenText(token)
			if e.Touch != nil {
				e.Touch.Conversation = e.Conversation.ID
			}
			for i := range e.Agents {
				if u, ok := e.Agents[i].Held[""]; ok {
					delete(e.Agents[i].Held, "")
					e.Agents[i].Held[e.Conversation.ID] = u
				}
			}
		}
		// A lost reply leaves open whether it ran: only the same call again can tell.
		for {
			err = h.commit(ctx, epoch, token, e, restored)
			if err == nil || definite(err) || ctx.Err() != nil {
				break
			}
			h.log.Debug("commit will be tried again", "err", err)
			if err := sleep(ctx, wait); err != nil {
				return nil, epoch, err
			}
			wait = min(2*wait, 250*time.Millisecond)
		}
		var dup *duplicate
		switch {
		case err == nil:
			h.metrics.commits.Inc()
			h.mirror.applyOwn(epoch, e)
			return e, epoch, nil
		case errors.As(err, &dup) && dup.own:
			e.ID = dup.ID
			return e, epoch, nil
		case !errors.Is(err, errConflict) && !errors.Is(err, errEpoch):
			return nil, epoch, err
		case errors.Is(err, errConflict):
			h.metrics.conflicts.Inc()
			if try >= 50 {
				return nil, epoch, err
			}
			if err := h.mirror.reread(ctx, epoch, e); err != nil {
				h.log.Debug("reread after conflict", "err", err)
			}
			continue
		}
		h.mirror.suspect(epoch)
		if err := sleep(ctx, wait); err != nil {
			return nil, epoch, err
		}
		wait = min(2*wait, 250*time.Millisecond)
	}
}

func definite(err error) bool {
	var dup *duplicate
	return errors.As(err, &dup) || errors.Is(err, errConflict) || errors.Is(err, errEpoch)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// asked names the question that an event's touch asks in the header.
func asked(e *record.Event) {
	for _, q := range []*record.Ask{e.Conversation.Review, e.Conversation.Flag} {
		if q != nil && q.Touch == "" {
			q.Touch = e.Touch.ID
		}
	}
}

func lastMessage(e *record.Event) string {
	if e.Touch.Kind == record.KindMessage {
		return e.Touch.ID
	}
	return e.Conversation.LastMessage
}
