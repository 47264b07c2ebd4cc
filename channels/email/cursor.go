package email

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
)

// cursor is the account's position, as Batch.Cursor carries it.
type cursor struct {
	Folders map[string]*position `json:"f"` // by the name in the settings
	Begin   int64                `json:"b"` // Unix seconds: when the account first looked; older mail is Imported
}

// position is how far one folder was taken.
type position struct {
	Validity uint32   `json:"v"`
	UID      imap.UID `json:"u"` // the last one that was handed over
	// While an import or a second look goes on: mails up to Upto are taken only when the server got them since that time.
	Since int64    `json:"s,omitempty"` // Unix seconds
	Upto  imap.UID `json:"t,omitempty"`
	Again bool     `json:"r,omitempty"` // a second look: what the record has already is passed over
	At    int64    `json:"a,omitempty"` // Unix seconds: when the server got the newest mail so far, else when the folder was begun
	Done  imap.UID `json:"d,omitempty"` // up to here was done what the setting afterwards says
}

func (c cursor) String() string {
	b, _ := json.Marshal(c)
	return string(b)
}

// with is the cursor with one folder's position replaced.
func (c cursor) with(folder string, p position) cursor {
	out := cursor{Folders: map[string]*position{}, Begin: c.Begin}
	for name, old := range c.Folders {
		out.Folders[name] = old
	}
	out.Folders[folder] = &p
	return out
}

// load reads the recorded position; that of folders which are no longer in the settings is dropped.
func (a *Adapter) load(ctx context.Context) (cursor, error) {
	cur := cursor{Folders: map[string]*position{}, Begin: time.Now().Unix()}
	text, err := a.cfg.Desk.Cursor(ctx)
	if err != nil || text == "" {
		return cur, err
	}
	var was struct {
		cursor
		// As it was with one folder.
		Validity uint32   `json:"v"`
		UID      imap.UID `json:"uid"`
		At       int64    `json:"at"`
	}
	if err := json.Unmarshal([]byte(text), &was); err != nil {
		return cur, fmt.Errorf("the recorded position cannot be read: %w", err)
	}
	if was.Folders == nil {
		cur.Begin = was.At
		cur.Folders[orDefault(a.set.Mailbox, inbox)] = &position{Validity: was.Validity, UID: was.UID, At: was.At, Done: was.UID}
		return cur, nil
	}
	cur.Begin = was.Begin
	for _, f := range a.set.Folders {
		if p := was.Folders[f]; p != nil {
			cur.Folders[f] = p
		}
	}
	return cur, nil
}

// since is from when a first connection imports; zero: not at all.
func (a *Adapter) since() time.Time {
	if a.cfg.Since.IsZero() && a.set.ImportDays > 0 {
		return time.Now().AddDate(0, 0, -a.set.ImportDays)
	}
	return a.cfg.Since
}

// locate gives the position from which the open folder is to be taken; fresh says that it is a new one.
func (a *Adapter) locate(box *mailbox, cur cursor) (p position, fresh bool, err error) {
	old := cur.Folders[box.folder]
	if old != nil && old.Validity == box.validity {
		return *old, false, nil
	}
	last := box.next - 1
	if box.next == 0 { // a server that does not tell UIDNEXT
		uids, err := box.search(1, 0, time.Time{})
		if err != nil {
			return p, false, err
		}
		last = 0
		if len(uids) > 0 {
			last = uids[len(uids)-1]
		}
	}
	p = position{Validity: box.validity, UID: last, Done: last, At: time.Now().Unix()}
	switch since := a.since(); {
	case old != nil:
		// All UIDs are void. The mail itself tells which of it the record has.
		from := max(time.Unix(old.At, 0).Add(-rescanBack).Unix(), a.floor(cur))
		if old.Upto > old.UID {
			from = min(from, old.Since) // an import that was not at its end
		}
		p = position{Validity: box.validity, Since: from, Upto: last, Again: true, At: old.At}
		a.cfg.Log.Warn("folder was renumbered; looking again at its last mails", "account", a.cfg.ID, "folder", box.folder, "since", time.Unix(from, 0).UTC())
	case !since.IsZero():
		p = position{Validity: box.validity, Since: since.Unix(), Upto: last, At: p.At}
	}
	return p, true, nil
}

// floor is the time, in Unix seconds, before which mail was never to be taken.
func (a *Adapter) floor(cur cursor) int64 {
	if since := a.since(); !since.IsZero() {
		return min(since.Unix(), cur.Begin)
	}
	return cur.Begin
}
