package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tamas/inbox/record"
)

const (
	tryRows    = 500 // of a dry run's steps
	fewRows    = 100 // of a chunk, at least
	tellAfter  = time.Second
	quietChunk = 200 * time.Millisecond // how long a chunk may take while nobody else waits for the recorder
	busyChunk  = 40 * time.Millisecond  // and while others do
	seenMost   = 1_000_000              // ids that a dry run remembers, to find those that stand twice in a file
)

// errStopped says that somebody has asked for something else of the import.
var errStopped = errors.New("the import is at another step")

// importLoop is the leader's: it does what imports ask for, one at a time, the one that has waited longest first.
func (h *Hub) importLoop(ctx context.Context) error {
	var tidied time.Time
	for ctx.Err() == nil {
		asked := h.importAsked.wait()
		row, err := h.db.NextImport(ctx)
		if err == nil {
			err = h.workOn(ctx, row)
		}
		switch {
		case err == nil || errors.Is(err, errStopped):
			continue
		case errors.Is(err, record.ErrNotFound):
		case ctx.Err() == nil:
			h.log.Warn("an import waits", "err", err)
		}
		if time.Since(tidied) > time.Minute {
			tidied = time.Now()
			if err := errors.Join(h.db.ForgetImportFiles(ctx, record.At(h.now().Add(-filesFor)), h.Now()), h.forgetImported(ctx, h.now().Add(-importsFor))); err != nil && ctx.Err() == nil {
				h.log.Warn("what imports hold stays", "err", err)
			}
		}
		select {
		case <-ctx.Done():
		case <-asked:
		case <-time.After(time.Second):
		}
	}
	return ctx.Err()
}

// workOn does one import's step. What cannot be done now and may be later comes back as an error; what can never be ends the import.
func (h *Hub) workOn(ctx context.Context, row record.ImportRow) error {
	i, err := readImport(row)
	if err != nil {
		return h.endImport(ctx, row.ID, row.State, record.ImportFailed, "What was kept of this import cannot be read.")
	}
	to := record.ImportDone
	switch i.State {
	case record.ImportChecking:
		to, err = record.ImportChecked, h.checkImport(ctx, i)
	case record.ImportRunning:
		h.importing.Store(true)
		err = h.runImport(ctx, i)
		h.importing.Store(false)
	default:
		to, err = record.ImportUndone, h.undoImport(ctx, i)
	}
	var broken *brokenFile
	switch {
	case errors.As(err, &broken):
		h.log.Warn("an import's file cannot be read", "import", i.ID, "err", err)
		return h.endImport(ctx, i.ID, i.State, record.ImportFailed, "The file cannot be read to its end.")
	case err != nil:
		return err
	}
	i.pack()
	if err := h.db.ImportProgress(ctx, i.ID, i.Progress); err != nil {
		return err
	}
	return h.endImport(ctx, i.ID, i.State, to, "")
}

// filesFor is how long the file of an import that is done is kept: somebody may just be sending the same one again.
const filesFor = 10 * time.Minute

func (h *Hub) endImport(ctx context.Context, id, from, to, failure string) error {
	err := h.db.MoveImport(ctx, id, h.Now(), to, failure, []string{from})
	if errors.Is(err, record.ErrConflict) || errors.Is(err, record.ErrNotFound) {
		return errStopped
	}
	if err == nil {
		h.log.Info("import", "id", id, "state", to)
		if err := h.SettingsChanged(ctx, ImportsTopic); err != nil && ctx.Err() == nil {
			h.log.Warn("others were not told of an import", "err", err)
		}
		if to != record.ImportChecked {
			if err := h.SettingsChanged(ctx, CustomersTopic); err != nil && ctx.Err() == nil {
				h.log.Warn("others were not told of an import", "err", err)
			}
		}
	}
	return err
}

// Topics of settings.changed that imports say.
const (
	ImportsTopic   = "imports"
	CustomersTopic = "customers"
)

// brokenFile is an error of the file itself.
type brokenFile struct{ error }

func (b *brokenFile) Unwrap() error { return b.error }

// runImport carries an import out, from where it has got to.
func (h *Hub) runImport(ctx context.Context, i *importing) error {
	r, err := h.newRowReader(i)
	if err != nil {
		return &brokenFile{err}
	}
	done, err := h.db.ImportedUpTo(ctx, i.ID)
	if err != nil {
		return err
	}
	if done == 0 {
		if err := h.db.ForgetImportErrors(ctx, i.ID); err != nil { // they were the dry run's
			return err
		}
	}
	in, err := h.readRows(i)
	if err != nil {
		return err
	}
	defer in.close()
	i.progress.forgetRows()
	for in.n < done {
		row, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if r.message(&row) {
			i.progress.Messages++
		} else {
			i.progress.warn(r.warnings(&row))
		}
	}
	// Whatever was neither taken nor left out was bad. Of those only so many are kept, and counted.
	bad := &i.progress.Bad
	*bad = max(0, done-i.Sums.Made-i.Sums.Updated-i.Sums.Known-i.progress.Messages)
	i.progress.Read, i.progress.Done = 0, done // the dry run's would show all as done
	i.pack()
	if err := h.db.ImportProgress(ctx, i.ID, i.Progress); err != nil {
		return err
	}
	pace := newImportPace(h)
	said := time.Now()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// One piece is read and made ready while the one before is recorded.
	type ready struct {
		s    *step
		blob string
		err  error
	}
	pieces := make(chan ready, 1)
	reads := make(chan struct{})
	defer func() { stop(); <-reads }()
	go func() {
		defer close(reads)
		defer close(pieces)
		for {
			s, ok, err := in.step(ctx, h, r, pace.rows())
			p := ready{s: s, err: err}
			if err == nil && !ok {
				return
			}
			if err == nil && len(s.touches) > 0 {
				p.blob, p.err = h.storeChunk(s.touches)
			}
			select {
			case pieces <- p:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		if p.err != nil {
			return p.err
		}
		if err := h.keepErrors(ctx, i.ID, p.s.errors, bad); err != nil {
			return err
		}
		begun := time.Now()
		switch i.Of {
		case record.ImportCustomers:
			err = h.db.WriteCustomers(ctx, h.customersChunk(i, p.s))
		case record.ImportOrganisations:
			err = h.db.WriteOrganisations(ctx, h.organisationsChunk(i, p.s))
		default:
			done, err = h.importTouches(ctx, i, p.s, p.blob, done, pace, bad)
		}
		if errors.Is(err, record.ErrConflict) { // another leader has done other pieces: from where that ends
			return errStopped
		}
		if err != nil {
			return err
		}
		i.progress.Read, i.progress.Done = p.s.read, p.s.last
		i.progress.count(p.s)
		i.progress.Rows = max(i.progress.Rows, p.s.last)
		if err := h.told(ctx, i, &said); err != nil {
			return err
		}
		if err := pace.rest(ctx, int(p.s.last-p.s.first+1), time.Since(begun)); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	i.progress.Rows, i.progress.Estimated, i.progress.Read, i.progress.Done = in.n, false, i.Size, in.n
	return nil
}

func (h *Hub) storeChunk(rows []record.Imported) (string, error) {
	text, err := record.WriteChunk(rows)
	if err != nil {
		return "", err
	}
	return h.blobs.Put(text)
}

// importTouches records a piece. done is the row up to which the import is recorded, before and after: when an earlier leader's piece went
// further than this one, the rest of ours is what is new in it. blob holds the piece's touches as they are.
func (h *Hub) importTouches(ctx context.Context, i *importing, s *step, blob string, done int64, pace *importPace, bad *int64) (int64, error) {
	defer func() {
		if blob != "" {
			h.dropBlob(blob, time.Now())
		}
	}()
	if s.last <= done {
		return done, nil
	}
	if s.first <= done {
		n := 0
		for n < len(s.at) && s.at[n] <= done {
			n++
		}
		s.touches, s.at, s.raw, s.first = s.touches[n:], s.at[n:], s.raw[n:], done+1
		h.dropBlob(blob, time.Now())
		var err error
		if blob, err = h.storeChunk(s.touches); err != nil {
			return done, err
		}
	}
	if len(s.touches) == 0 {
		return s.last, h.db.AddImportChunk(ctx, i.ID, s.first, s.last)
	}
	last, err := h.commitChunk(ctx, i, &record.Import{ID: i.ID, Blob: blob, Rows: len(s.touches), First: s.first, Last: s.last}, pace)
	if err != nil {
		return done, err
	}
	if last > 0 {
		return last, nil
	}
	// The record has refused it: half by half, down to the row that is the reason.
	if len(s.touches) == 1 {
		c := cells{}
		c.fail(-1, refused, "", "The record cannot keep this row.")
		if err := h.keepErrors(ctx, i.ID, []record.ImportError{errorOf(&s.raw[0], c.reasons)}, bad); err != nil {
			return done, err
		}
		return s.last, h.db.AddImportChunk(ctx, i.ID, s.first, s.last)
	}
	half := len(s.touches) / 2
	parts := []*step{
		{first: s.first, last: s.at[half] - 1, touches: s.touches[:half], at: s.at[:half], raw: s.raw[:half]},
		{first: s.at[half], last: s.last, touches: s.touches[half:], at: s.at[half:], raw: s.raw[half:]},
	}
	for _, part := range parts {
		name, err := h.storeChunk(part.touches)
		if err != nil {
			return done, err
		}
		if done, err = h.importTouches(ctx, i, part, name, done, pace, bad); err != nil {
			return done, err
		}
	}
	return done, nil
}

// commitChunk appends a chunk's event and waits until it is recorded. It gives the row up to which the import is done then; 0 when the record
// has refused the chunk.
func (h *Hub) commitChunk(ctx context.Context, i *importing, chunk *record.Import, pace *importPace) (last int64, err error) {
	key := fmt.Sprintf("import/%s/%d/%d", i.ID, chunk.First, chunk.Last)
	id, err := h.commitRecorded(ctx, key, func() *record.Event {
		return &record.Event{Kind: record.EvImported, By: record.Actor{Kind: "agent", ID: i.By}, Import: chunk}
	})
	if err != nil {
		return 0, err
	}
	pace.appended(id)
	return h.db.ImportChunkEnd(ctx, i.ID, chunk.First)
}

// commitRecorded appends an event once by its key and waits until it is recorded, however long that takes.
func (h *Hub) commitRecorded(ctx context.Context, key string, event func() *record.Event) (record.ID, error) {
	for {
		e, epoch, err := h.commitSoon(ctx, key, func() (*record.Event, bool, error) { return event(), false, nil })
		var dup *duplicate
		id := record.ID{}
		switch {
		case errors.As(err, &dup):
			id = dup.ID
		case err != nil:
			return id, err
		default:
			id = e.ID
		}
		switch err := h.await(ctx, id, epoch); {
		case err == nil:
			return id, nil
		case ctx.Err() != nil:
			return id, ctx.Err()
		}
		// Dropped with an unrecorded tail, or not recorded in time: the key tells.
	}
}
