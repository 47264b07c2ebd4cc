package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// transcriber is the author of conversations that customers have sent to themselves.
var transcriber = record.Actor{Kind: "system", ID: "transcript"}

// transcriptsADay is how many of them one address gets.
const transcriptsADay = 3

func (d *desk) Transcript(ctx context.Context, thread string) error {
	h := d.h
	c, ok := h.mirror.byThread(d.thread(thread))
	if !ok {
		return errors.ErrUnsupported
	}
	to, address, err := h.transcriptTo(ctx, &c)
	if err != nil {
		return err
	}
	now := h.now()
	n, err := h.db.SentBy(ctx, transcriber, h.db.IdentityOf(to.Kind, address, "").ID, record.At(now.Add(-24*time.Hour)))
	if err != nil {
		return unrecorded(err)
	}
	if n >= transcriptsADay {
		return channels.ErrTooOften
	}
	all, earlier, err := h.db.Touches(ctx, c.ID, 0, chatTouches)
	if err != nil {
		return unrecorded(err)
	}
	list := asTheyRead(all)
	firm := h.Settings().Firm
	lang := languageOf(firm, list)
	_, err = h.Do(ctx, Command{Key: fmt.Sprintf("%s/%d", c.ID, now.Unix()/60), By: transcriber, Action: Continue, Account: to.ID, Address: address,
		Subject: chatSubject(lang, firm), Text: h.transcript(lang, list, earlier), Agent: c.Owner, Queue: c.Queue})
	var r *Refusal
	if errors.As(err, &r) { // asked not to be written to, blocked
		return errors.ErrUnsupported
	}
	return err
}

// transcriptTo is the mail account and the address to which a conversation can be sent: never one that its customer names now, but
// one that the record knows to be theirs, or that they gave when they first wrote, and only once a person has answered. Else
// errors.ErrUnsupported.
func (h *Hub) transcriptTo(ctx context.Context, c *record.Conversation) (to record.Account, address string, err error) {
	to, ok := h.continuesOn(h.Settings().Accounts[c.Account])
	kind := h.kinds[to.Kind]
	if !ok || !kind.Limits.Subject || kind.Limits.NoReplyTo || kind.StartThread == nil || c.FirstResponseAt == 0 {
		return to, "", errors.ErrUnsupported
	}
	i, err := h.db.Identity(ctx, c.Identity)
	if err != nil {
		return to, "", unrecorded(err)
	}
	if i.Blocked || i.Consent == "stop" {
		return to, "", errors.ErrUnsupported
	}
	known, err := h.db.Reachable(ctx, i.ID, to.Kind, "")
	if err != nil {
		return to, "", unrecorded(err)
	}
	if len(known) > 0 {
		return to, known[0].Address, nil
	}
	for _, word := range strings.FieldsFunc(i.Name, func(r rune) bool { return strings.ContainsRune(" ,;()<>", r) }) {
		if strings.Contains(word, "@") {
			if _, address, err := kind.StartThread(to.Settings, word); err == nil {
				return to, address, nil
			}
		}
	}
	return to, "", errors.ErrUnsupported
}

// chatSubject is the subject of mails about a chat.
func chatSubject(lang string, firm Firm) string {
	if firm.Name == "" {
		return chatTexts[lang].subjectBare
	}
	return fmt.Sprintf(chatTexts[lang].subject, firm.Name)
}

// transcript is a conversation as a text: times in the firm's zone, names, texts, files as links. Of one that is too long its end.
func (h *Hub) transcript(lang string, list []record.Touch, earlier bool) string {
	texts := chatTexts[lang]
	zone, err := time.LoadLocation(h.Settings().Firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	parts, size := make([]string, len(list)), len(texts.transcript)+16
	from := len(list)
	for ; from > 0; from-- {
		parts[from-1] = h.transcriptPart(texts.customer, texts.system, texts.file, zone, &list[from-1])
		if size += len(parts[from-1]) + 2; size > channels.MaxText {
			earlier = true
			break
		}
	}
	if earlier {
		parts = append([]string{"…"}, parts[from:]...)
	}
	return texts.transcript + "\n\n" + strings.Join(parts, "\n\n")
}

func (h *Hub) transcriptPart(customer, system, file string, zone *time.Location, t *record.Touch) string {
	who := customer
	if !t.Inbound {
		if who = h.publicName(t.Author.ID); who == "" {
			who = system
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] %s:", t.At.Time().In(zone).Format("2006-01-02 15:04"), who)
	if t.Body.Text != "" {
		b.WriteString(" " + t.Body.Text)
	}
	for _, f := range t.Body.Files {
		fmt.Fprintf(&b, "\n%s: %s", file, f.Name)
		if link := h.FileLink(f); link != "" {
			b.WriteString(" " + link)
		}
	}
	return b.String()
}

// asTheyRead are the messages among touches in order, with the newest text of each; what was taken back, erased or could not be
// read is left out.
func asTheyRead(touches []record.Touch) (list []record.Touch) {
	at := map[string]int{}
	for _, t := range touches {
		switch i, ok := at[t.Of]; {
		case t.Kind == record.KindMessage && t.Body != nil && t.Unreadable == "":
			at[t.ID] = len(list)
			body := *t.Body
			t.Body = &body
			list = append(list, t)
		case t.Kind == record.KindEdit && ok && t.Body != nil:
			list[i].Body.Text = t.Body.Text
		case t.Kind == record.KindDeletion && ok:
			list[i].Body = nil
		}
	}
	kept := list[:0]
	for _, t := range list {
		if t.Body != nil {
			kept = append(kept, t)
		}
	}
	return kept
}
