package email

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// batch reads the letters and finds their threads.
func (a *Adapter) batch(ctx context.Context, letters []*letter) (channels.Batch, error) {
	var b channels.Batch
	threads := map[string]string{} // provider id → thread, of this batch
	for _, l := range letters {
		if l.fail != "" {
			b.Messages = append(b.Messages, a.lost(l))
			continue
		}
		if l.src != nil {
			raw := make([]byte, l.src.Size())
			if _, err := l.src.ReadAt(raw, 0); err != nil && err != io.EOF {
				return b, err
			}
			l.raw = raw
		}
		m := Parse(l.raw, l.cut)
		l.raw, m = shed(l, m)
		if _, own := a.sign.ofMessageID(m.ID); own {
			continue // what we sent ourselves
		}
		in, err := a.inbound(ctx, m, l, threads)
		if err != nil {
			return b, err
		}
		in.Imported = l.imported
		b.Messages = append(b.Messages, in)
	}
	return b, nil
}

// shed keeps of the raw mail only what an unreadable one is recorded with.
func shed(l *letter, m Mail) ([]byte, Mail) {
	if m.Unreadable == "" {
		return nil, m
	}
	return append([]byte(nil), l.raw[:min(len(l.raw), channels.MaxRaw)]...), m
}

// lost stands for a mail that the server does not give.
func (a *Adapter) lost(l *letter) channels.Inbound {
	what := fmt.Sprintf("mail %d of the folder could not be fetched: %s", l.uid, a.redact(l.fail))
	key := fmt.Sprintf("uid:%d:%d", l.uid, l.at.Unix())
	return channels.Inbound{Key: key, Thread: short(threadLen, "thread", key), Address: unknownSender, At: l.at,
		AutoReply: true, Unreadable: what, Raw: []byte(what)}
}

// unknownSender is the address of mail that names no sender.
const unknownSender = "unknown@invalid"

func (a *Adapter) inbound(ctx context.Context, m Mail, l *letter, threads map[string]string) (channels.Inbound, error) {
	sender := m.From
	if a.forms[sender.addr] && len(m.ReplyTo) > 0 {
		sender = m.ReplyTo[0]
	}
	if sender.addr == "" {
		sender.addr = unknownSender
	}
	in := channels.Inbound{
		Key: m.key(), ProviderID: providerID(m.ID), Address: sender.addr, Name: cut(sender.name, channels.MaxName),
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Lang: m.Lang, At: when(m.Date, l.at),
		AutoReply: m.Auto || a.own(sender.addr), Unreadable: m.Unreadable, Raw: l.raw,
	}
	if a.forms[m.From.addr] {
		in.AutoReply = a.own(sender.addr) // the form is a machine, its author is not
	}
	refs := m.References
	if m.report != nil && m.report.action != "" {
		in.AutoReply = true
		if id := m.report.messageID; id != "" {
			refs = append(append(refs[:len(refs):len(refs)], m.report.references...), id)
			if _, own := a.sign.ofMessageID(id); own && m.report.failed() {
				if err := a.cfg.Desk.Status(ctx, id, "failed", m.report.reason()); err != nil {
					return in, err
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
	if lookup := lookupIDs(refs); len(lookup) > 0 {
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
	return newThread(m, sender), nil
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
