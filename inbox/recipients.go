package inbox

import (
	"context"
	"errors"
	"net/mail"
	"strings"

	"tamas/channels"
	"tamas/inbox/record"
)

// Recipients are whom an answer goes to, and under which subject.
type Recipients struct {
	Reply    channels.Envelope // To: who wrote
	ReplyAll channels.Envelope // To and Cc: everybody but ourselves
	Subject  string            // of the thread
}

// RecipientsOf reads whom an answer in the conversation goes to from its customer's last message; where that has no envelope, to
// its customer. record.ErrNotFound.
func (h *Hub) RecipientsOf(ctx context.Context, conversation string) (Recipients, error) {
	var out Recipients
	c, err := h.db.Header(ctx, conversation)
	if err != nil {
		return out, err
	}
	refs, err := h.db.ThreadRefs(ctx, conversation)
	if err != nil {
		return out, err
	}
	out.Subject = refs.Subject
	own := h.ownAddresses(c.Channel)
	from, to, cc := "", []string(nil), []string(nil)
	last, err := h.db.LastEnvelope(ctx, conversation)
	switch {
	case err == nil:
		e := last.Body.Envelope
		if !last.Inbound { // nothing came yet: to the same again
			to, cc = e.To, e.Cc
			break
		}
		if from = e.From; len(e.ReplyTo) > 0 {
			from, to = e.ReplyTo[0], append(to, e.ReplyTo[1:]...)
		}
		to, cc = append(to, e.To...), e.Cc
	case !errors.Is(err, record.ErrNotFound):
		return out, err
	}
	seen := map[string]bool{}
	keep := func(into *[]string, list ...string) {
		for _, line := range list {
			a := addressOf(line)
			if a != "" && !seen[a] && !own[a] {
				seen[a] = true
				*into = append(*into, line)
			}
		}
	}
	keep(&out.Reply.To, from)
	if len(out.Reply.To) == 0 {
		i, err := h.db.Identity(ctx, c.Identity)
		if err != nil {
			return out, err
		}
		keep(&out.Reply.To, i.Address)
	}
	out.ReplyAll.To = append(out.ReplyAll.To, out.Reply.To...)
	keep(&out.ReplyAll.To, to...)
	keep(&out.ReplyAll.Cc, cc...)
	return out, nil
}

// addressOf is what two lines of an envelope are compared by; "" for none.
func addressOf(line string) string {
	if a, err := mail.ParseAddress(line); err == nil {
		return strings.ToLower(a.Address)
	}
	line = strings.ToLower(strings.TrimSpace(line))
	if !strings.Contains(line, "@") {
		return ""
	}
	return line
}

// ownAddresses are those of all accounts of a channel.
func (h *Hub) ownAddresses(channel string) map[string]bool {
	own := map[string]bool{}
	kind := h.kinds[channel]
	if kind.OwnAddresses == nil {
		return own
	}
	for _, a := range h.Settings().Accounts {
		if a.Kind == channel {
			for _, line := range kind.OwnAddresses(a.Settings) {
				own[addressOf(line)] = true
			}
		}
	}
	return own
}
