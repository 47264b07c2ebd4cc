package inbox

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// Bounds of what an inbound message carries besides those that channels names.
const (
	maxHTML      = 256 << 10 // bytes inline; longer HTML is cut, the whole kept as a blob
	maxSubject   = 1024      // bytes
	maxAddresses = 200       // of each list of an envelope
)

// inbound is an Inbound after its entry: bounded, its large parts stored.
type inbound struct {
	channels.Inbound
	identity record.Identity
	textBlob string // the whole, when Text was cut
	htmlBlob string
	replyTo  string // touch that it answers
	unwanted string // why the hub takes it for spam: its sender is blocked
	undated  bool   // its time is the hub's own
	known    bool   // it is in the record

	masked *masking
	sealed record.Body // what of Masked and Sealed its touch gets
}

// quiet tells what wakes nobody.
func (in *inbound) quiet() bool {
	return in.AutoReply || in.Spam != "" || in.Imported || in.Consent != "" || in.Position || in.unwanted != ""
}

func (in *inbound) deletes() bool { return in.Kind == channels.Deletion }

// marks are what the message makes of its sender.
func (in *inbound) marks() (list []record.Mark) {
	if in.Consent != "" {
		list = append(list, record.Mark{Kind: record.MarkConsent, Value: in.Consent})
	}
	if in.Link != nil {
		list = append(list, record.Mark{Kind: record.MarkLink, Link: in.Link})
	}
	return list
}

func (in *inbound) touch(kind string, from sender) *record.Touch {
	t := &record.Touch{Kind: kind, Identity: from.identity.ID, Account: from.account.ID, Channel: from.account.Kind, Inbound: true,
		Author: record.Actor{Kind: "customer", ID: from.identity.ID}, At: record.At(in.At), State: record.StateReceived, Rev: 1,
		Key: in.Key, ProviderID: in.ProviderID, AutoReply: in.AutoReply, Unreadable: in.Unreadable, ReplyTo: in.replyTo, Spam: in.Spam}
	if t.Spam == "" {
		t.Spam = in.unwanted
	}
	switch kind {
	case record.KindDeletion:
	case record.KindVisit:
		t.Body = &record.Body{Subject: in.Page, Text: in.Text}
	case record.KindRating:
		t.Score, t.Scale = in.Score, in.Scale
		t.Body = &record.Body{Text: in.Text}
		if in.Scale == 10 {
			t.Body.Subject = record.ScaleOfTen
		}
	default:
		t.Body = &record.Body{Subject: in.Subject, Text: in.Text, HTML: in.HTML, Raw: in.Raw, Blob: in.textBlob, HTMLBlob: in.htmlBlob,
			Files: in.Files, Envelope: in.Envelope}
	}
	if t.Body != nil {
		t.Body.Masked, t.Body.Sealed = in.sealed.Masked, in.sealed.Sealed
	}
	return t
}

// enterAll normalises a batch and finds what of it is in the record already, where the live state may have forgotten that: what is
// old by its own word, or does not say how old it is.
func (h *Hub) enterAll(ctx context.Context, acct record.Account, batch []channels.Inbound) ([]*inbound, error) {
	now := h.now()
	list, ask := make([]*inbound, len(batch)), []string(nil)
	for i := range batch {
		in, err := h.enter(ctx, acct, batch[i], now)
		if err != nil {
			return nil, err
		}
		if in.undated || now.Sub(in.At) > redeliverable {
			ask = append(ask, in.Key)
		}
		list[i] = in
	}
	if len(ask) == 0 {
		return list, nil
	}
	known, err := h.db.HasKeys(ctx, acct.ID, ask)
	if err != nil {
		return nil, err
	}
	for _, in := range list {
		in.known = known[in.Key]
	}
	return list, nil
}

// enter normalises a message. What is too long for a row is stored as a blob first, so that the event never names
// something that is not there; so are the bytes of what could not be read.
func (h *Hub) enter(ctx context.Context, acct record.Account, m channels.Inbound, now time.Time) (*inbound, error) {
	in := &inbound{Inbound: m, masked: h.masking()}
	in.masked.text(&in.Subject, &in.Text)
	in.masked.html(&in.HTML)
	for _, long := range []struct {
		text string
		most int
		blob *string
	}{{in.Text, channels.MaxText, &in.textBlob}, {in.HTML, maxHTML, &in.htmlBlob}} {
		if len(long.text) > long.most {
			var err error
			if *long.blob, err = h.blobs.Put([]byte(long.text)); err != nil {
				return nil, err
			}
		}
	}
	in.normalise(now)
	if err := h.maskedInto(in.masked, maskName(acct.ID, in.Key), &in.sealed); err != nil {
		return nil, err
	}
	in.identity = h.db.IdentityOf(acct.Kind, in.Address, in.Name)
	for i := range in.Files {
		f := &in.Files[i]
		if f.Blob == "" {
			continue
		}
		if has, err := h.blobs.Has(f.Blob); err != nil {
			return nil, err
		} else if !has {
			f.Blob, f.Missing = "", "the file was not stored"
		}
	}
	if in.Unreadable != "" {
		h.log.Info("a message could not be read; it is kept as it came", "account", acct.ID, "key", in.Key, "reason", in.Unreadable)
		if len(m.Raw) > 0 {
			raw, err := h.StoreFile(ctx, channels.File{Name: in.RawName, Kind: "raw"}, bytes.NewReader(m.Raw), maxFile(acct))
			if err != nil {
				return nil, err
			}
			in.Files = append(in.Files, raw)
		}
	}
	blocked, err := h.mirror.isBlocked(in.identity.ID, func() ([]string, error) { return h.db.Blocked(ctx) })
	if blocked {
		in.unwanted = "The sender is blocked."
	}
	return in, err
}

// normalise bounds a message in place.
func (in *inbound) normalise(now time.Time) {
	in.Key = boundKey(in.Key, channels.MaxKey)
	in.Thread = boundKey(in.Thread, channels.MaxKey)
	in.Address = boundKey(in.Address, channels.MaxKey)
	in.ProviderID = boundKey(in.ProviderID, channels.MaxKey)
	in.ReplyTo = boundKey(in.ReplyTo, channels.MaxKey)
	in.Of = boundKey(in.Of, channels.MaxKey)
	if in.ProviderID == "" {
		in.ProviderID = in.Key
	}
	in.Name = cleanLine(in.Name, channels.MaxName)
	in.Subject = cleanLine(in.Subject, maxSubject)
	in.Page = cleanLine(in.Page, 2048)
	in.Spam = cleanLine(in.Spam, 256)
	in.Unreadable = cleanLine(in.Unreadable, 512)
	in.Text = cleanText(in.Text, channels.MaxText)
	in.HTML = cleanText(in.HTML, maxHTML)
	in.Answer = cleanText(in.Answer, channels.MaxText)
	if in.Scale == 10 {
		in.Score = min(max(in.Score, 0), 10)
	} else {
		in.Score, in.Scale = min(max(in.Score, 1), 5), 0
	}
	in.Raw = nil // becomes a file
	switch in.Kind {
	case channels.Message, channels.Edit, channels.Deletion, channels.Rating, channels.Visit:
	default:
		in.Kind = channels.Message
	}
	if in.Consent != "stop" && in.Consent != "start" {
		in.Consent = ""
	}
	in.Files = boundFiles(in.Files)
	in.Envelope = boundEnvelope(in.Envelope)
	in.Link = boundLink(in.Link)
	if in.At.IsZero() || in.At.After(now.Add(24*time.Hour)) || in.At.Year() < 1990 {
		in.At, in.undated = now, true
	}
}

// boundFiles bounds what a message says of its files; more than maxFiles of them are told, not kept.
func boundFiles(files []channels.File) []channels.File {
	if len(files) == 0 {
		return nil
	}
	out := make([]channels.File, 0, min(len(files), maxFiles))
	for i, f := range files {
		if i == maxFiles-1 && len(files) > maxFiles {
			return append(out, channels.File{Name: "…", Kind: "file", Missing: fmt.Sprintf("%d more files: a message holds %d", len(files)-i, maxFiles)})
		}
		out = append(out, boundFile(f))
	}
	return out
}

func boundFile(f channels.File) channels.File {
	f.Name = cleanFileName(f.Name)
	if f.Name == "" {
		f.Name = "file"
	}
	f.Type, f.CID, f.Missing = cleanLine(f.Type, 100), cleanLine(f.CID, channels.MaxKey), cleanLine(f.Missing, 256)
	switch f.Kind {
	case "image", "audio", "voice", "video", "raw":
	default:
		f.Kind = "file"
	}
	if !named(f.Blob) {
		if f.Blob = ""; f.Missing == "" {
			f.Missing = "the file was not stored"
		}
	}
	f.Size = max(f.Size, 0)
	f.Width, f.Height, f.Duration = max(f.Width, 0), max(f.Height, 0), max(f.Duration, 0)
	return f
}

func boundEnvelope(e *channels.Envelope) *channels.Envelope {
	if e == nil {
		return nil
	}
	list := func(in []string) (out []string) {
		for _, a := range in[:min(len(in), maxAddresses)] {
			if a = cleanLine(a, 512); a != "" {
				out = append(out, a)
			}
		}
		return out
	}
	return &channels.Envelope{From: cleanLine(e.From, 512), ReplyTo: list(e.ReplyTo), To: list(e.To), Cc: list(e.Cc), Bcc: list(e.Bcc)}
}

var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// boundLink keeps a link that can be followed; nil for one that names nobody.
func boundLink(l *channels.Link) *channels.Link {
	if l == nil {
		return nil
	}
	email := func(s string) string {
		s = strings.ToLower(cleanLine(s, channels.MaxKey))
		if at := strings.LastIndexByte(s, '@'); at < 1 || at == len(s)-1 || strings.ContainsAny(s, " ,;<>") {
			return ""
		}
		return s
	}
	phone := func(s string) string {
		s = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(s)
		if !phoneNumber.MatchString(s) {
			return ""
		}
		return s
	}
	out := &channels.Link{Customer: boundKey(l.Customer, channels.MaxKey), Channel: cleanLine(l.Channel, 32), Name: cleanLine(l.Name, channels.MaxName),
		Email: email(l.Email), Phone: phone(l.Phone), Evidence: cleanLine(l.Evidence, 256), Once: boundKey(l.Once, channels.MaxKey)}
	switch out.Channel {
	case "email":
		out.Address = email(l.Address)
	case "phone":
		out.Address = phone(l.Address)
	default:
		out.Address = boundKey(strings.TrimSpace(l.Address), channels.MaxKey)
	}
	if out.Customer == "" && (out.Channel == "" || out.Address == "") {
		return nil
	}
	return out
}
