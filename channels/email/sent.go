package email

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// copied is a sent mail, on its way into the Sent folder.
type copied struct {
	id    string // Message-ID
	at    time.Time
	file  *spool // nil: nothing is to be kept
	tries int
}

func (c copied) release() {
	if c.file != nil {
		c.file.Close()
	}
}

// keeper writes a copy of what is being sent. It never fails: a copy that cannot be kept is left out.
type keeper struct {
	id   string
	file *scratch
	size int64
	bad  bool
}

func (a *Adapter) keeper(id string) *keeper {
	k := &keeper{id: id}
	if !a.set.CopyToSent {
		return k
	}
	f, err := newScratch("tamas-sent-*")
	if err != nil {
		a.troubled("sent", "no copy in the Sent folder: "+err.Error())
		return k
	}
	k.file = f
	return k
}

func (k *keeper) Write(b []byte) (int, error) {
	if k.file != nil && !k.bad {
		n, err := k.file.Write(b)
		k.size += int64(n)
		k.bad = err != nil
	}
	return len(b), nil
}

func (k *keeper) drop() {
	if k.file != nil {
		copied{file: &spool{k.file, 0}}.release()
	}
}

func (k *keeper) done() copied {
	if k.file == nil {
		return copied{}
	}
	if k.bad {
		k.drop()
		return copied{}
	}
	return copied{id: k.id, at: time.Now(), file: &spool{k.file, k.size}}
}

// file queues a copy; when too many wait it is left out.
func (a *Adapter) file(c copied) {
	if c.file == nil {
		return
	}
	select {
	case a.copies <- c:
	default:
		c.release()
		a.troubled("sent", "copies of sent mails are left out: the Sent folder cannot be reached")
	}
}

// fileCopies puts copies of sent mails into the Sent folder until ctx ends or stop is called; then what is queued waits for the next Run.
// A failure is shown, and touches neither the sending nor the receiving.
func (a *Adapter) fileCopies(ctx context.Context) (stop func()) {
	if !a.set.CopyToSent {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case c := <-a.copies:
				a.fileSome(ctx, c)
			}
		}
	})
	return func() { cancel(); wait.Wait() }
}

// fileSome files a copy, and those that come while the connection is there.
func (a *Adapter) fileSome(ctx context.Context, c copied) {
	again := func(c copied, err error) {
		if ctx.Err() == nil {
			a.troubled("sent", "no copy in the Sent folder: "+a.redact(err.Error()))
			c.tries++
		}
		if c.tries >= 3 {
			c.release()
			return
		}
		a.file(c)
		select { // not to hurry
		case <-time.After(a.timing.poll / 10):
		case <-ctx.Done():
		}
	}
	box, err := a.connect(ctx)
	if err != nil {
		again(c, err)
		return
	}
	defer box.close()
	for {
		if err := box.keep(a.set.SentFolder, c); err != nil {
			again(c, err)
			return
		}
		c.release()
		a.troubled("sent", "")
		select {
		case <-ctx.Done():
			return
		case <-time.After(a.timing.spare):
			box.logout()
			return
		case <-box.Closed():
			return
		case c = <-a.copies:
		}
	}
}

// keep appends a copy to the Sent folder, as read.
func (m *mailbox) keep(folder string, c copied) error {
	name, err := m.sentFolder(folder)
	if err != nil {
		return err
	}
	cmd := m.Append(name, c.file.size, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: c.at})
	_, err = io.Copy(cmd, io.NewSectionReader(c.file, 0, c.file.size))
	if cerr := cmd.Close(); err == nil {
		err = cerr
	}
	if _, werr := cmd.Wait(); err == nil || no(werr) {
		err = werr
	}
	return err
}
