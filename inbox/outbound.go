package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tamas/channels"
	"tamas/inbox/record"
)

// stopped is why nothing is sent to a customer who has asked for that.
const stopped = "The customer has asked not to be written to (STOP)."

// permanent is why a message cannot be sent, whoever tries; the provider is not asked.
func permanent(format string, args ...any) error {
	return &channels.SendError{Permanent: true, Reason: fmt.Sprintf(format, args...)}
}

// outbound makes of a queued touch what the adapter sends, out of the record. A *channels.SendError: it cannot be sent; any
// other error: the record did not answer.
func (a *openAccount) outbound(ctx context.Context, t *record.Touch, body *record.Body) (out channels.Outbound, err error) {
	h, db := a.h, a.h.db
	if body == nil {
		body = &record.Body{} // its text was erased
	}
	identity, err := db.Identity(ctx, t.Identity)
	if err != nil {
		return out, fmt.Errorf("read the identity: %w", err)
	}
	if err := mayReach(identity, t); err != nil {
		return out, err
	}
	conv, err := db.Header(ctx, t.Conversation)
	if err != nil {
		return out, fmt.Errorf("read the conversation: %w", err)
	}
	refs, err := db.ThreadRefs(ctx, t.Conversation)
	if err != nil {
		return out, fmt.Errorf("read the thread: %w", err)
	}
	limits := h.kinds[a.row.Kind].Limits
	out = channels.Outbound{ID: t.ID, Thread: conv.Thread, Address: identity.Address, Name: identity.Name, From: h.publicName(t.Author.ID),
		Subject: body.Subject, Text: body.Text, InReplyTo: refs.LastInbound, Refs: refs.IDs, Envelope: body.Envelope,
		Attempt: t.Attempt, Auto: t.Author.Kind == "system"}
	if out.Subject == "" {
		out.Subject = refs.Subject
	}
	if t.Kind == record.KindEdit {
		of, err := db.Touch(ctx, t.Of)
		if err != nil {
			return out, fmt.Errorf("read what is changed: %w", err)
		}
		if out.Edits = of.ProviderID; out.Edits == "" {
			return out, permanent("The message has not been sent, so it cannot be changed.")
		}
		if several, err := db.InParts(ctx, a.row.ID, of.ID); err != nil {
			return out, fmt.Errorf("read what is changed: %w", err)
		} else if several { // the new text would stand in for the first part only
			return out, permanent("The message went out in several parts and cannot be changed; write a new one.")
		}
		return out, nil
	}
	var answered *record.Touch
	if t.ReplyTo != "" {
		x, err := db.Touch(ctx, t.ReplyTo)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return out, fmt.Errorf("read what is answered: %w", err)
		}
		if id := providerID(&x); err == nil && id != "" && x.Account == a.row.ID {
			out.InReplyTo, out.Quoted, answered = id, true, &x
		}
	}
	files := body.Files
	if limits.Subject {
		if files, err = a.mail(ctx, &out, conv, t, body, answered); err != nil {
			return out, err
		}
	}
	return out, a.attach(&out, limits.Files, files)
}

// mayReach refuses what must not go out or cannot arrive. The answer that the channel itself gives to a STOP does.
func mayReach(i record.Identity, t *record.Touch) error {
	switch {
	case i.Consent == "stop" && t.Author != channelActor:
		return permanent(stopped)
	case i.Unreachable != "": // until the customer writes again
		return permanent("%s", i.Unreachable)
	}
	return nil
}

// channelActor is the author of what an account answers by itself.
var channelActor = record.Actor{Kind: "system", ID: "channel"}

// providerID is what the provider knows a touch as; "" when it does not.
func providerID(t *record.Touch) string {
	if t.ProviderID == "" && t.Inbound {
		return t.Key
	}
	return t.ProviderID
}

// mail adds what only mails have: signature, history, what is forwarded. It gives the files that go with it.
func (a *openAccount) mail(ctx context.Context, out *channels.Outbound, conv *record.Conversation, t *record.Touch, body *record.Body, answered *record.Touch) ([]channels.File, error) {
	h, db := a.h, a.h.db
	files := body.Files
	if !out.Auto {
		out.Signature = h.Signature(t.Author.ID, conv.Queue)
	}
	if body.Forward != "" {
		x, err := db.Touch(ctx, body.Forward)
		if errors.Is(err, record.ErrNotFound) {
			return nil, permanent("The message that was to be forwarded is not there any more.")
		}
		if err != nil {
			return nil, fmt.Errorf("read what is forwarded: %w", err)
		}
		out.Forwarded, out.InReplyTo = true, ""
		if x.Body != nil {
			have := map[string]bool{}
			for _, f := range files {
				have[f.Blob] = true
			}
			for _, f := range x.Body.Files {
				if f.Kind != "raw" && f.Blob != "" && !have[f.Blob] {
					files = append(files[:len(files):len(files)], f)
				}
			}
		}
		out.History, err = a.history(ctx, &x)
		return files, err
	}
	if answered == nil && out.InReplyTo != "" {
		x, err := db.TouchByProviderID(ctx, a.row.ID, out.InReplyTo)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, fmt.Errorf("read what is answered: %w", err)
		}
		if err == nil {
			answered = &x
		}
	}
	if answered != nil {
		var err error
		if out.History, err = a.history(ctx, answered); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// maxHistory bounds the text, and the HTML, of a mail that another one carries, in bytes.
const maxHistory = 512 << 10

// history is a touch as the next mail carries it.
func (a *openAccount) history(ctx context.Context, x *record.Touch) (*channels.History, error) {
	hist := &channels.History{At: x.At.Time()}
	if b := x.Body; b != nil {
		hist.Subject, hist.Text, hist.HTML = b.Subject, b.Text, b.HTML
		a.whole(&hist.Text, b.Blob)
		a.whole(&hist.HTML, b.HTMLBlob)
		if b.Envelope != nil {
			hist.From = b.Envelope.From
		}
	}
	if hist.From == "" && !x.Inbound {
		hist.From = a.h.publicName(x.Author.ID)
	} else if hist.From == "" {
		identity, err := a.h.db.Identity(ctx, x.Identity)
		if err != nil {
			return nil, fmt.Errorf("read who wrote it: %w", err)
		}
		if hist.From = identity.Address; identity.Name != "" {
			hist.From = identity.Name + " <" + identity.Address + ">"
		}
	}
	return hist, nil
}

// whole puts a text that the record has cut in its full length, as far as it is sent on.
func (a *openAccount) whole(text *string, blob string) {
	if blob == "" {
		return
	}
	r, err := a.h.blobs.Open(blob)
	if err != nil {
		a.h.log.Warn("a text is not in the store; what the record has is sent", "blob", blob, "err", err)
		return
	}
	defer r.Close()
	if b, err := io.ReadAll(io.LimitReader(r, maxHistory)); err == nil {
		*text = strings.ToValidUTF8(string(b), "")
	}
}

// attach gives the channel the files that it carries, and for each of the others a line of text with a link.
func (a *openAccount) attach(out *channels.Outbound, limits *channels.FileLimits, files []channels.File) error {
	var lines []string
	for _, f := range files {
		switch {
		case f.Blob == "":
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s (%s)", f.Name, f.Missing)))
		case limits.Carries(f) && (limits.Most == 0 || len(out.Files) < limits.Most):
			out.Files = append(out.Files, f)
		case a.h.publicURL == "":
			return permanent("“%s” does not fit into a message of this channel and the hub has no address to link to: start it with --public-url.", f.Name)
		default:
			lines = append(lines, fmt.Sprintf("%s (%s): %s", f.Name, fileSize(f.Size), a.h.FileLink(f)))
		}
	}
	if len(lines) > 0 {
		out.Text = strings.TrimSpace(out.Text + "\n\n" + strings.Join(lines, "\n"))
	}
	return nil
}

// fileSize is a size for people.
func fileSize(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%d KB", (n+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// Signature is what stands below a mail that a user writes from a queue: the user's own, else the queue's; "" when neither has
// one. {agent}, {queue} and {firm} are filled in.
func (h *Hub) Signature(user, queue string) string {
	set := h.Settings()
	text := set.Users[user].Signature
	if text == "" {
		text = set.Queues[queue].Signature
	}
	return strings.NewReplacer("{agent}", h.publicName(user), "{queue}", set.Queues[queue].Name, "{firm}", set.Firm.Name).Replace(text)
}
