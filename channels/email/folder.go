package email

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
)

const inbox = "INBOX"

// list asks once for the names of all folders. Attributes such as \Sent come with them at most servers, also without being
// asked for; where a server only tells them on request, it is asked for them.
func (m *mailbox) list() ([]*imap.ListData, error) {
	if m.names != nil {
		return m.names, nil
	}
	var options *imap.ListOptions
	if caps := m.Caps(); caps.Has(imap.CapSpecialUse) && caps.Has(imap.CapListExtended) {
		options = &imap.ListOptions{ReturnSpecialUse: true}
	}
	names, err := m.List("", "*", options).Collect()
	if no(err) && options != nil {
		names, err = m.List("", "*", nil).Collect()
	}
	if err != nil {
		return nil, err
	}
	m.names = names
	return names, nil
}

// find tells how the server names a folder of the settings.
func (m *mailbox) find(folder string) (name string, found bool) {
	names, err := m.list()
	if err != nil {
		return "", false
	}
	return findFolder(names, folder)
}

// findFolder looks for a folder as people write it: with the server's own name; with another case; with "/" where the
// server has another delimiter; without the prefix under which a server keeps all personal folders ("INBOX."); or by
// its purpose: "\Sent".
func findFolder(names []*imap.ListData, want string) (name string, found bool) {
	for _, same := range []func(d *imap.ListData) bool{
		func(d *imap.ListData) bool { return d.Mailbox == want },
		func(d *imap.ListData) bool { return strings.EqualFold(d.Mailbox, want) },
		func(d *imap.ListData) bool { return strings.EqualFold(slashed(d), want) },
		func(d *imap.ListData) bool { return strings.EqualFold(slashed(d), inbox+"/"+want) },
		func(d *imap.ListData) bool { return strings.HasPrefix(want, `\`) && has(d, imap.MailboxAttr(want)) },
	} {
		for _, d := range names {
			if same(d) && !has(d, imap.MailboxAttrNoSelect) && !has(d, imap.MailboxAttrNonExistent) {
				return d.Mailbox, true
			}
		}
	}
	return "", false
}

// newFolder is how a folder that is not there yet is to be called: with the server's delimiter, and under the inbox where all folders are.
func newFolder(names []*imap.ListData, want string) string {
	delim, inside := "/", false
	for _, d := range names {
		if d.Delim != 0 {
			delim = string(d.Delim)
		}
	}
	for _, d := range names {
		if strings.EqualFold(d.Mailbox, inbox) {
			continue
		}
		if inside = strings.HasPrefix(strings.ToUpper(d.Mailbox), inbox+delim); !inside {
			break
		}
	}
	want = strings.ReplaceAll(want, "/", delim)
	if inside && !strings.HasPrefix(strings.ToUpper(want), inbox+delim) {
		want = inbox + delim + want
	}
	return want
}

func slashed(d *imap.ListData) string {
	if d.Delim == 0 || d.Delim == '/' {
		return d.Mailbox
	}
	return strings.ReplaceAll(d.Mailbox, string(d.Delim), "/")
}

func has(d *imap.ListData, attr imap.MailboxAttr) bool {
	for _, x := range d.Attrs {
		if strings.EqualFold(string(x), string(attr)) {
			return true
		}
	}
	return false
}

// usualSent are names of the folder for sent mail at servers that do not say which it is.
var usualSent = []string{"Sent", "Sent Items", "Sent Messages", "Sent Mail", "[Gmail]/Sent Mail", "Gesendet", "Envoyés", "Enviados", "ارسال‌شده"}

// sentFolder is the server's name of the folder for sent mail: the one of the settings, else the one that the server marks.
func (m *mailbox) sentFolder(wish string) (string, error) {
	names, err := m.list()
	if err != nil {
		return "", err
	}
	if wish != "" {
		if name, found := findFolder(names, wish); found {
			return name, nil
		}
		return "", fmt.Errorf("folder %s is not there", wish)
	}
	for _, want := range append([]string{string(imap.MailboxAttrSent)}, usualSent...) {
		if name, found := findFolder(names, want); found {
			return name, nil
		}
	}
	return "", errors.New("no folder for sent mail was found: name it in the settings")
}

// status tells how a folder is that need not be open.
func (m *mailbox) status(folder string) (folderState, error) {
	name := folder
	if m.names != nil {
		if n, found := findFolder(m.names, folder); found {
			name = n
		}
	}
	options := &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}
	data, err := m.Status(name, options).Wait()
	if no(err) && m.names == nil {
		if n, found := m.find(folder); found && n != name {
			data, err = m.Status(n, options).Wait()
		}
	}
	if err != nil {
		return folderState{}, fmt.Errorf("folder %s: %w", folder, err)
	}
	s := folderState{validity: data.UIDValidity, next: data.UIDNext}
	if data.NumMessages != nil {
		s.mails = *data.NumMessages
	}
	return s, nil
}

// folderState is what STATUS tells.
type folderState struct {
	validity uint32
	next     imap.UID
	mails    uint32
}

// settle does with recorded mails what the settings say: nothing, mark them as seen, or move them. A failure is shown, and
// costs nothing but the marking. Only a broken connection is an error.
func (a *Adapter) settle(box *mailbox, uids []imap.UID) error {
	if len(uids) == 0 || a.set.Afterwards == leave {
		return nil
	}
	for len(uids) > 0 {
		n := min(len(uids), 500)
		set := imap.UIDSetNum(uids[:n]...)
		uids = uids[n:]
		var err error
		if a.set.Afterwards == markSeen {
			err = box.flag(set, imap.FlagSeen)
		} else {
			err = box.move(set, a.set.MoveTo)
		}
		switch {
		case no(err):
			what := "mails cannot be marked as seen"
			if a.set.Afterwards == moveAway {
				what = "mails cannot be moved to " + a.set.MoveTo
			}
			a.troubled("afterwards", a.redact(what+": "+err.Error()))
			return nil
		case err != nil:
			return err
		}
	}
	a.troubled("afterwards", "")
	return nil
}

func (m *mailbox) flag(set imap.UIDSet, flag imap.Flag) error {
	return m.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
}

// move moves mails to a folder, which is made when it is missing. A server that cannot move gets a copy, and the original
// is flagged as deleted; it is taken away only where that can be asked for these very mails (UIDPLUS): a plain EXPUNGE would
// also take away what somebody else has flagged.
func (m *mailbox) move(set imap.UIDSet, folder string) error {
	name, found := m.find(folder)
	if !found {
		name = newFolder(m.names, folder)
		if err := m.Create(name, nil).Wait(); err != nil {
			return err
		}
		m.names = nil
	}
	caps := m.Caps()
	if caps.Has(imap.CapMove) || caps.Has(imap.CapIMAP4rev2) {
		_, err := m.Move(set, name).Wait()
		return err
	}
	if _, err := m.Copy(set, name).Wait(); err != nil {
		return err
	}
	if err := m.flag(set, imap.FlagDeleted); err != nil {
		return err
	}
	if caps.Has(imap.CapUIDPlus) {
		return m.UIDExpunge(set).Close()
	}
	return nil
}
