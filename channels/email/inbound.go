package email

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"tamas/channels"
)

// source is a raw mail, in memory or in a file.
type source interface {
	io.ReaderAt
	Size() int64
}

// source is the letter's mail, from wherever it is.
func (l *letter) source() source {
	if l.src != nil {
		return l.src
	}
	return bytes.NewReader(l.raw)
}

// batch reads the letters, stores their files and finds their threads.
func (a *Adapter) batch(ctx context.Context, letters []*letter) (channels.Batch, error) {
	var b channels.Batch
	threads := map[string]string{} // provider id → thread, of this batch
	for _, l := range letters {
		if l.fail != "" {
			b.Messages = append(b.Messages, a.lost(l))
			continue
		}
		src := l.source()
		m, err := parse(src, l.cut)
		if err != nil {
			return b, err
		}
		if a.ours(m) {
			l.raw = nil
			continue // what we sent ourselves
		}
		in, err := a.inbound(ctx, m, l, threads)
		if err != nil {
			return b, err
		}
		if m.Unreadable != "" {
			in.Raw, in.RawName = section{src, 0, src.Size()}.head(channels.MaxRaw), "message.eml"
		}
		if in.Files, err = a.store(ctx, m.files); err != nil {
			return b, err
		}
		in.Files = withMissing(in.Files, l.missing)
		in.Imported = l.imported
		l.raw = nil
		b.Messages = append(b.Messages, in)
	}
	return b, nil
}

// ours: we sent it, whatever id it has got on its way.
func (a *Adapter) ours(m Mail) bool {
	for _, id := range append(ids(m.header.Values(ownHeader)), m.ID) {
		if _, own := a.sign.ofMessageID(id); own {
			return true
		}
	}
	return false
}

// lost stands for a mail that the server does not give.
func (a *Adapter) lost(l *letter) channels.Inbound {
	what := fmt.Sprintf("mail %d of the folder could not be fetched: %s", l.uid, a.redact(l.fail))
	key := fmt.Sprintf("uid:%d:%d", l.uid, l.at.Unix())
	return channels.Inbound{Key: key, Thread: short(threadLen, "thread", key), Address: unknownSender, At: l.at,
		AutoReply: true, Imported: l.imported, Unreadable: what, Raw: []byte(what), RawName: "message.txt"}
}

// unknownSender is the address of mail that names no sender.
const unknownSender = "unknown@invalid"

func (a *Adapter) inbound(ctx context.Context, m Mail, l *letter, threads map[string]string) (channels.Inbound, error) {
	sender, spoken := a.customer(m)
	if sender.addr == "" {
		sender.addr = unknownSender
	}
	in := channels.Inbound{
		Key: m.key(), ProviderID: providerID(m.ID), Address: sender.addr, Name: cut(sender.name, channels.MaxName),
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Lang: m.Lang, At: when(m.Date, l.at), Envelope: m.envelope(),
		AutoReply: m.Auto && !spoken || a.own(sender.addr), Unreadable: m.Unreadable, Spam: spam(m.header, a.set.AuthServ),
	}
	if line := blocked(a.set.BlockedSenders, sender.addr, m.From.addr); line != "" {
		in.Spam = "blocked: " + line
	}
	refs := m.References
	if m.report != nil && m.report.action != "" {
		in.AutoReply = true
		if id := m.report.messageID; id != "" {
			refs = append(append(refs[:len(refs):len(refs)], m.report.references...), id)
			if _, own := a.sign.ofMessageID(id); own {
				in.ReplyTo = providerID(strings.ToLower(id))
				if state := m.report.state(); state != "" {
					reason := ""
					if state == "failed" {
						reason = m.report.reason()
					}
					if err := a.cfg.Desk.Status(ctx, in.ReplyTo, state, reason); err != nil {
						return in, err
					}
				}
			}
		}
	}
	var err error
	if in.Thread, err = a.thread(ctx, m, refs, in.Address, threads); err != nil {
		return in, err
	}
	if in.ProviderID != "" {
		threads[in.ProviderID] = in.Thread
	}
	return in, nil
}

// customer is who the mail is from: From, except where a program wrote it in somebody's name. Then the customer is the one
// person that Reply-To names, and spoken says that a person's words are in it, whatever the header says of machines. That is so
//
//   - when the settings call From a web form's address;
//   - when From is our own address, or one that only programs use (no-reply@, wordpress@ …), Reply-To is of another domain,
//     and no list or auto-reply speaks: a shop's no-reply@ mails name the shop itself there, or carry List-Unsubscribe;
//   - when a list has put itself in the writer's place ("Sara via Support"), as Google's groups do.
//
// It is never so for anybody else: a Reply-To can name a stranger, who would get the answer.
func (a *Adapter) customer(m Mail) (sender address, spoken bool) {
	if len(m.ReplyTo) == 0 || a.own(m.ReplyTo[0].addr) {
		return m.From, a.forms[m.From.addr]
	}
	if a.forms[m.From.addr] {
		return m.ReplyTo[0], true
	}
	reply := m.ReplyTo[0]
	_, from, _ := cutLast(m.From.addr, "@")
	_, to, _ := cutLast(reply.addr, "@")
	if len(m.ReplyTo) > 1 || robot(reply.addr) || from == "" || strings.HasSuffix("."+to, "."+from) || strings.HasSuffix("."+from, "."+to) {
		return m.From, false
	}
	listed := m.header.Has("List-Id") || m.header.Has("List-Unsubscribe") || m.header.Has("List-Post")
	switch auto := token(m.header.Get("Auto-Submitted")); {
	case auto == "auto-replied" || nullSender(m.header):
	case listed:
		if viaList.MatchString(m.From.name) && (auto == "" || auto == "no") {
			return reply, true
		}
	case a.own(m.From.addr) || formRobot(m.From.addr):
		return reply, true
	}
	return m.From, false
}

var viaList = regexp.MustCompile(`(?i).\svia\s.`)

// envelope is who is in the mail, as its header says.
func (m Mail) envelope() *channels.Envelope {
	list := func(l []address) (out []string) {
		for _, a := range l {
			out = append(out, a.String())
		}
		return out
	}
	e := &channels.Envelope{ReplyTo: list(m.ReplyTo), To: list(m.To), Cc: list(m.Cc), Bcc: list(m.Bcc)}
	if m.From.addr != "" {
		e.From = m.From.String()
	}
	return e
}

// thread finds where a mail belongs, as the package comment says.
func (a *Adapter) thread(ctx context.Context, m Mail, refs []string, sender string, threads map[string]string) (string, error) {
	for _, r := range m.Recipients {
		if t := a.sign.ofAddress(r); t != "" {
			return t, nil
		}
	}
	for i := len(refs) - 1; i >= 0; i-- {
		if t, _ := a.sign.ofMessageID(refs[i]); t != "" {
			return t, nil
		}
	}
	lookup := lookupIDs(refs)
	if a.set.Together && m.ID != "" { // another account of ours may have it already
		lookup = append(lookup, providerID(m.ID))
	}
	if len(lookup) > 0 {
		t, err := a.cfg.Desk.ThreadOf(ctx, lookup)
		if err != nil || t != "" {
			return t, err
		}
		for _, id := range lookup {
			if t := threads[id]; t != "" {
				return t, nil
			}
		}
	}
	return newThread(m, sender, a.set.Together), nil
}

// own is the account's own address, with or without a plus part.
func (a *Adapter) own(addr string) bool {
	local, domain, _ := cutLast(addr, "@")
	base, _, _ := strings.Cut(local, "+")
	return domain == a.sign.domain && (local == a.sign.local || base == a.sign.local)
}

// when is the sender's time where that is likely, else the server's: many clocks are wrong.
func when(sent, got time.Time) time.Time {
	switch {
	case got.IsZero() && sent.After(time.Now().Add(10*time.Minute)):
		return time.Time{}
	case got.IsZero():
		return sent
	case sent.IsZero(), sent.After(got.Add(10 * time.Minute)), sent.Before(got.Add(-7 * 24 * time.Hour)):
		return got
	}
	return sent
}
