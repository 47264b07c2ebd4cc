package email

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"tamas/channels"
)

// letter is one mail as the server gives it.
type letter struct {
	uid  imap.UID
	at   time.Time // when the server got it
	size int64     // as the server says; a few say it wrong
	raw  []byte
	src  source // the mail where it is too big for raw; closed by who opened it
	cut  bool   // raw or src is only the beginning
	fail string // why there is neither

	imported bool            // older than the account
	missing  []channels.File // when cut: the attachments that the mail has by its structure, each Missing
}

// scratch is a file that is gone once it is closed.
type scratch struct {
	*os.File
	named bool // it could not be taken out of its folder while it is open
}

func newScratch(pattern string) (*scratch, error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, err
	}
	return &scratch{f, os.Remove(f.Name()) != nil}, nil
}

func (s *scratch) Close() error {
	err := s.File.Close()
	if s.named {
		os.Remove(s.Name())
	}
	return err
}

// spool is a mail in a file.
type spool struct {
	*scratch
	size int64
}

func (s spool) Size() int64 { return s.size }

// release closes what letters keep in files.
func release(letters []*letter) {
	for _, l := range letters {
		if s, ok := l.src.(spool); ok {
			s.Close()
			l.src = nil
		}
	}
}

// spoolError is a fault of this machine, not of the mail.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return "no room for a large mail: " + e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }

// take reads the letter's content from the connection; most > 0 leaves out what is beyond.
func (l *letter) take(r io.Reader, size, most int64) error {
	if most > 0 && size > most { // RFC822.SIZE had promised less
		l.cut = true
		r = io.LimitReader(r, most)
	}
	if size <= inMemory {
		raw, err := io.ReadAll(r)
		l.raw = raw
		return err
	}
	f, err := newScratch("tamas-mail-*")
	if err != nil {
		return &spoolError{err}
	}
	n, err := io.Copy(spoolWriter{f.File}, r)
	if err != nil {
		f.Close()
		return err
	}
	l.src = spool{f, n}
	return nil
}

type spoolWriter struct{ f *os.File }

func (w spoolWriter) Write(b []byte) (int, error) {
	n, err := w.f.Write(b)
	if err != nil {
		err = &spoolError{err}
	}
	return n, err
}

func (l *letter) empty() bool { return l.src == nil && len(l.raw) == 0 }

// sizes tells of each mail its time and size; those that are gone by now are left out.
func (m *mailbox) sizes(uids []imap.UID) (map[imap.UID]*letter, error) {
	list, err := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}).Collect()
	if err != nil {
		return nil, err
	}
	out := map[imap.UID]*letter{}
	for _, d := range list {
		out[d.UID] = &letter{uid: d.UID, at: d.InternalDate, size: d.RFC822Size}
	}
	return out, nil
}

// giveUp ends the connection in the middle of an answer: nothing else can be done there. The command is not closed: that would
// read on in a literal whose failure has set the client's own reader going again.
func (m *mailbox) giveUp(literal io.Reader, err error) {
	m.conn.Close()
	var ours *spoolError
	if errors.As(err, &ours) { // the reader still waits for the literal's end
		_, _ = io.Copy(io.Discard, literal)
	}
}

// bodies fetches the mails in one command, each as it comes; limit > 0 takes only that many bytes of each.
func (m *mailbox) bodies(limit, most int64, letters ...*letter) error {
	var uids []imap.UID
	byUID := map[imap.UID]*letter{}
	for _, l := range letters {
		uids = append(uids, l.uid)
		byUID[l.uid] = l
	}
	section := &imap.FetchItemBodySection{Peek: true}
	if limit > 0 {
		section.Partial = &imap.SectionPartial{Size: limit}
	}
	cmd := m.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		var l *letter
		for item := msg.Next(); item != nil; item = msg.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				l = byUID[item.UID]
			case imapclient.FetchItemDataBodySection:
				if l == nil || item.Literal == nil || !l.empty() {
					continue
				}
				if err := l.take(item.Literal, item.Literal.Size(), most); err != nil {
					l.raw = nil
					m.giveUp(item.Literal, err)
					return err
				}
				l.cut = l.cut || limit > 0 && l.size > limit
			}
		}
	}
	err := cmd.Close()
	m.claim(letters)
	return err
}

// lateUID takes a mail whose content comes before its UID, as a few servers send it: go-imap does not know then for which command it is.
func (m *mailbox) lateUID(msg *imapclient.FetchMessageData) {
	var l *letter
	var uid imap.UID
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			uid = item.UID
		case imapclient.FetchItemDataBodySection:
			if l != nil || item.Literal == nil || item.Section.Specifier != imap.PartSpecifierNone {
				continue
			}
			m.late.Add(1) // before the content is read, and so before the command can be over
			defer m.late.Done()
			l = &letter{}
			if l.take(item.Literal, item.Literal.Size(), m.most) != nil {
				release([]*letter{l})
				l = &letter{}
			}
		}
	}
	if l != nil && !l.empty() {
		m.lateMu.Lock()
		defer m.lateMu.Unlock()
		if m.lates == nil {
			m.lates = map[imap.UID]*letter{}
		}
		m.lates[uid] = l
	}
}

// claim gives letters what came with a late UID.
func (m *mailbox) claim(letters []*letter) {
	m.late.Wait()
	m.lateMu.Lock()
	defer m.lateMu.Unlock()
	for _, l := range letters {
		if got := m.lates[l.uid]; got != nil && l.empty() {
			l.raw, l.src, l.cut = got.raw, got.src, got.cut
			delete(m.lates, l.uid)
		}
	}
	for uid, l := range m.lates {
		release([]*letter{l})
		delete(m.lates, uid)
	}
}

// structure asks which attachments a mail has, without fetching them.
func (m *mailbox) structure(l *letter, why string) error {
	list, err := m.Fetch(imap.UIDSetNum(l.uid), &imap.FetchOptions{UID: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}}).Collect()
	if err != nil || len(list) == 0 || list[0].BodyStructure == nil {
		return err
	}
	list[0].BodyStructure.Walk(func(_ []int, part imap.BodyStructure) bool {
		one, ok := part.(*imap.BodyStructureSinglePart)
		if !ok || len(l.missing) >= mostMissing {
			return true
		}
		name := one.Filename()
		if d := one.Disposition(); name == "" && (d == nil || d.Value != "attachment") {
			return true
		}
		size := int64(one.Size)
		if one.Encoding == "BASE64" || one.Encoding == "base64" {
			size = size * 3 / 4
		}
		l.missing = append(l.missing, channels.File{Name: orDefault(oneLine(decodeWords(name), 200), one.MediaType()), Type: one.MediaType(), Kind: "file", Size: size, Missing: why})
		return true
	})
	return nil
}
