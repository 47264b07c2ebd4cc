package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

const (
	tryRows    = 500 // of a dry run's steps
	fewRows    = 100 // of a chunk, at least
	tellAfter  = time.Second
	quietChunk = 200 * time.Millisecond // how long a chunk may take while nobody else waits for the recorder
	busyChunk  = 25 * time.Millisecond  // and while others do
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
			if err := h.forgetFiles(ctx); err != nil && ctx.Err() == nil {
				h.log.Warn("files of imports stay", "err", err)
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
		err = h.runImport(ctx, i)
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

// forgetFiles takes away the files of imports that need them no more.
func (h *Hub) forgetFiles(ctx context.Context) error {
	before := h.now().Add(-filesFor)
	ids, err := h.db.ImportsWithFiles(ctx, record.At(before))
	for _, id := range ids {
		blob, err := h.db.ForgetImportFile(ctx, id)
		if err != nil {
			return err
		}
		if blob != "" {
			h.dropBlob(blob, before)
		}
	}
	return err
}

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

// importFile streams an import's rows.
type importFile struct {
	f    *os.File
	rows *sheet.Reader
	read counted
	n    int64 // rows given
}

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (h *Hub) readRows(i *importing) (*importFile, error) {
	f, err := h.blobs.Open(i.Blob)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = &brokenFile{err}
		}
		return nil, err
	}
	in := &importFile{f: f, read: counted{r: f}}
	if in.rows, err = sheet.Rows(&in.read, i.setup.Format, i.names()); err != nil {
		f.Close()
		return nil, &brokenFile{err}
	}
	return in, nil
}

// next gives the next row; io.EOF at the end.
func (in *importFile) next() (sheet.Row, error) {
	row, err := in.rows.Next()
	if err == nil {
		in.n++
	} else if err != io.EOF {
		err = &brokenFile{err}
	}
	return row, err
}

func (in *importFile) close() { in.f.Close() }

// errorOf is a row that is not taken.
func errorOf(row *sheet.Row, reasons []record.CellReason) record.ImportError {
	e := record.ImportError{Row: row.Number, Fields: row.Fields, Reasons: reasons}
	if row.Raw != "" {
		e.Fields = []string{row.Raw}
	}
	for i := range e.Reasons {
		if len(e.Reasons[i].Value) > 200 {
			e.Reasons[i].Value = cleanLine(e.Reasons[i].Value, 200)
		}
	}
	return e
}

// told keeps an import's progress now and then, and sees whether it is still asked for.
func (h *Hub) told(ctx context.Context, i *importing, at *time.Time) error {
	if time.Since(*at) < tellAfter {
		return nil
	}
	*at = time.Now()
	now, err := h.db.ImportByID(ctx, i.ID)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return errStopped
	case err != nil:
		return err
	case now.State != i.State:
		return errStopped
	}
	i.pack()
	return h.db.ImportProgress(ctx, i.ID, i.Progress)
}

// seenSet remembers ids up to a bound; beyond it everything is new.
type seenSet map[string]struct{}

func (s seenSet) add(id string) (again bool) {
	if _, ok := s[id]; ok {
		return true
	}
	if len(s) < seenMost {
		s[id] = struct{}{}
	}
	return false
}

// step is a piece of a file that is worked on at once.
type step struct {
	first, last int64 // rows of the file
	read        int64 // bytes of the file up to its end
	errors      []record.ImportError

	touches   []record.Imported
	at        []int64     // row of each touch
	raw       []sheet.Row // likewise
	customers []record.ImportedCustomer
	people    []sheet.Row
}

// steps reads most rows; ok is false at the end of the file.
func (in *importFile) step(ctx context.Context, h *Hub, r *rowReader, most int) (s *step, ok bool, err error) {
	s = &step{first: in.n + 1}
	var whose []*record.Identity
	var touches []*record.Touch
	for int(in.n-s.first+1) < most {
		row, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, false, err
		}
		if r.of == record.ImportCustomers {
			c, reasons := r.customer(&row)
			if len(reasons) > 0 {
				s.errors = append(s.errors, errorOf(&row, reasons))
			} else {
				s.customers, s.people = append(s.customers, c), append(s.people, row)
			}
			continue
		}
		t, i, reasons := r.touch(&row)
		if len(reasons) > 0 {
			s.errors = append(s.errors, errorOf(&row, reasons))
			continue
		}
		touches, whose, s.at, s.raw = append(touches, t), append(whose, i), append(s.at, in.n), append(s.raw, row)
	}
	s.last, s.read = in.n, in.read.n
	if s.last < s.first {
		return s, false, nil
	}
	if len(touches) == 0 {
		return s, true, nil
	}
	there, err := h.db.Settle(ctx, whose)
	if err != nil {
		return nil, false, err
	}
	at, raw := s.at[:0], s.raw[:0]
	for n, t := range touches {
		row := s.raw[n]
		if !there[n] {
			c := cells{r: r}
			c.fail(r.column("customer"), badCustomer, whose[n].Address, "There is no such customer.")
			s.errors = append(s.errors, errorOf(&row, c.reasons))
			continue
		}
		t.Identity = whose[n].ID
		out, err := record.ImportedOf(t, whose[n])
		if err != nil {
			return nil, false, err
		}
		s.touches, at, raw = append(s.touches, out), append(at, s.at[n]), append(raw, row)
	}
	s.at, s.raw = at, raw
	return s, true, nil
}

// checkImport is the dry run: every row is read as it will be, and what it would do is counted. Nothing but the errors is written.
func (h *Hub) checkImport(ctx context.Context, i *importing) error {
	r, err := h.newRowReader(i)
	if err != nil {
		return &brokenFile{err}
	}
	in, err := h.readRows(i)
	if err != nil {
		return err
	}
	defer in.close()
	var sums record.ImportSums
	if err := h.db.ForgetImportErrors(ctx, i.ID); err != nil {
		return err
	}
	i.progress.Read, i.progress.Done, i.progress.Checked = 0, 0, &sums
	seen, said := seenSet{}, time.Now()
	for {
		s, ok, err := in.step(ctx, h, r, tryRows)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := h.keepErrors(ctx, i.ID, s.errors, &sums.Bad); err != nil {
			return err
		}
		if i.Of == record.ImportCustomers {
			err = h.tryCustomers(ctx, i, s, seen, &sums)
		} else {
			err = h.tryTouches(ctx, i, s, seen, &sums)
		}
		if err != nil {
			return err
		}
		sums.Last, i.progress.Read, i.progress.Done = s.last, s.read, s.last
		i.progress.Rows = max(i.progress.Rows, s.last)
		if err := h.told(ctx, i, &said); err != nil {
			return err
		}
		if h.unrecorded() > indexYields { // what waits to be acknowledged comes first
			if err := sleep(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	}
	i.progress.Rows, i.progress.Estimated, i.progress.Read = in.n, false, i.Size
	return nil
}

func (h *Hub) keepErrors(ctx context.Context, id string, list []record.ImportError, bad *int64) error {
	room := max(0, record.MaxImportErrors-*bad)
	*bad += int64(len(list))
	if list = list[:min(int64(len(list)), room)]; len(list) == 0 {
		return nil
	}
	return h.db.AddImportErrors(ctx, id, list)
}

func (h *Hub) tryTouches(ctx context.Context, i *importing, s *step, seen seenSet, sums *record.ImportSums) error {
	var keys, ids []string
	for n := range s.touches {
		keys = append(keys, s.touches[n].Key)
		if w := &s.touches[n].Identity; w.Channel != record.OwnChannel {
			ids = append(ids, w.ID)
		}
	}
	known, err := h.db.Logged(ctx, i.setup.Options.Source, keys)
	if err != nil {
		return err
	}
	there, err := h.db.KnownIdentities(ctx, ids)
	if err != nil {
		return err
	}
	for n := range s.touches {
		t := &s.touches[n]
		if _, ok := known[t.Key]; seen.add("t"+t.Key) || ok {
			sums.Known++
			continue
		}
		sums.Made++
		if _, ok := there[t.Identity.ID]; !ok && t.Identity.Channel != record.OwnChannel && !seen.add("i"+t.Identity.ID) {
			sums.Customers++
		}
	}
	return nil
}

func (h *Hub) tryCustomers(ctx context.Context, i *importing, s *step, seen seenSet, sums *record.ImportSums) error {
	what, err := h.db.TryCustomers(ctx, h.customersChunk(i, s))
	if err != nil {
		return err
	}
	for n := range s.customers {
		c, again := &s.customers[n], false
		if c.ID != "" {
			again = seen.add(c.ID)
		}
		for _, x := range c.Identities {
			again = seen.add(x.ID) || again
		}
		switch {
		case what[n] == "updated" || again && what[n] == "made":
			sums.Updated++
		case what[n] == "made":
			sums.Made++
		default:
			sums.Known++
		}
	}
	return nil
}

func (h *Hub) customersChunk(i *importing, s *step) record.CustomersChunk {
	return record.CustomersChunk{Import: i.ID, First: s.first, Last: s.last, Existing: i.setup.Options.Existing,
		By: record.Decided{At: h.Now(), By: i.By, Rules: h.FactRules()}, Rows: s.customers}
}

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
		if err := h.db.ForgetImportErrors(ctx, i.ID); err != nil {
			return err
		}
	}
	in, err := h.readRows(i)
	if err != nil {
		return err
	}
	defer in.close()
	for in.n < done {
		if _, err := in.next(); err != nil {
			if err == io.EOF {
				break
			}
			return err
		}
	}
	bad := i.Sums.Bad
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
		if err := h.keepErrors(ctx, i.ID, p.s.errors, &bad); err != nil {
			return err
		}
		begun := time.Now()
		if i.Of == record.ImportCustomers {
			err = h.db.WriteCustomers(ctx, h.customersChunk(i, p.s))
		} else {
			done, err = h.importTouches(ctx, i, p.s, p.blob, done, pace, &bad)
		}
		if err != nil {
			return err
		}
		i.progress.Read, i.progress.Done = p.s.read, p.s.last
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

// importPace keeps chunks so small, and so far apart, that others' messages are recorded soon.
type importPace struct {
	h    *Hub
	size chan int // the present number of rows of a chunk
	last record.ID
	busy bool
}

func newImportPace(h *Hub) *importPace {
	p := &importPace{h: h, size: make(chan int, 1)}
	p.size <- 2 * fewRows
	return p
}

// rows is how many the next chunk has.
func (p *importPace) rows() int {
	n := <-p.size
	p.size <- n
	return n
}

func (p *importPace) appended(id record.ID) { p.last = id }

// rest lets others in after a chunk of so many rows that took so long.
func (p *importPace) rest(ctx context.Context, rows int, took time.Duration) error {
	head := p.h.Head()
	p.busy = !p.last.IsZero() && head.N > p.last.N || p.h.unrecorded() > indexYields/4
	want := quietChunk
	if p.busy {
		want = busyChunk
	}
	n := int(float64(rows) * float64(want) / float64(max(took, time.Millisecond)))
	<-p.size
	p.size <- min(max(n, fewRows), 2*max(rows, fewRows), record.MaxChunk)
	if !p.busy {
		return ctx.Err()
	}
	if err := sleep(ctx, min(took, quietChunk)); err != nil { // half of the recorder's time at most
		return err
	}
	for range 20 {
		if p.h.unrecorded() <= indexYields {
			break
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// undoImport takes back what an import has made: its touches by events, like everything that is in the log; then what it changed, and whom
// it made, where nobody else has changed or used it since.
func (h *Hub) undoImport(ctx context.Context, i *importing) error {
	said := time.Now()
	p := &i.progress
	left := func(list []record.Left) {
		p.LeftCount += len(list)
		p.Left = append(p.Left, list...)
		p.Left = p.Left[:min(len(p.Left), 1000)]
	}
	by := record.Decided{At: h.Now(), By: i.By, Rules: h.FactRules()}
	const most = 200
	if p.Step == "" {
		p.Step, p.Left, p.LeftCount, p.After = "touches", nil, 0, ""
	}
	for p.Step != "done" {
		begun := time.Now()
		var next string
		var err error
		var list []record.Left
		switch p.Step {
		case "touches":
			var pieces []record.ImportPiece
			if pieces, err = h.db.ImportPieces(ctx, i.ID, 1); err == nil && len(pieces) > 0 {
				next = "more"
				err = h.withdraw(ctx, i, pieces[0])
			}
		case "changes":
			next, list, err = h.db.UndoImportChanges(ctx, i.ID, p.After, most, by)
		case "identities":
			next, err = h.db.UndoImportIdentities(ctx, i.ID, p.After, most, i.EndedAt)
		case "customers":
			next, list, err = h.db.UndoImportCustomers(ctx, i.ID, p.After, most, i.EndedAt)
		case "organisations":
			list, err = h.db.UndoImportOrganisations(ctx, i.ID)
		}
		if err != nil {
			return err
		}
		left(list)
		if p.After = next; next == "" {
			p.Step = map[string]string{"touches": "changes", "changes": "identities", "identities": "customers", "customers": "organisations", "organisations": "done"}[p.Step]
			i.pack()
			if err := h.db.ImportProgress(ctx, i.ID, i.Progress); err != nil {
				return err
			}
		}
		if err := h.told(ctx, i, &said); err != nil {
			return err
		}
		if h.unrecorded() > 0 {
			if err := sleep(ctx, time.Since(begun)); err != nil {
				return err
			}
		}
	}
	p.Step = ""
	return nil
}

func (h *Hub) withdraw(ctx context.Context, i *importing, p record.ImportPiece) error {
	if p.From == 0 {
		return h.db.ImportPieceUndone(ctx, i.ID, p.First)
	}
	_, err := h.commitRecorded(ctx, fmt.Sprintf("withdraw/%s/%d", i.ID, p.First), func() *record.Event {
		return &record.Event{Kind: record.EvWithdrawn, By: record.Actor{Kind: "agent", ID: i.By}, Import: &record.Import{ID: i.ID, First: p.First, From: p.From, To: p.To}}
	})
	return err
}

// PreviewRow is a row of a file as it would become.
type PreviewRow struct {
	Row     int                 `json:"row"`
	Fields  []string            `json:"fields"`
	Becomes any                 `json:"becomes,omitempty"`
	Status  string              `json:"status"` // made, updated, known, bad
	Errors  []record.CellReason `json:"errors"`
}

// PreviewImport reads the first rows of a file as an import would.
func (h *Hub) PreviewImport(ctx context.Context, id string, most int) ([]PreviewRow, error) {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if i.Blob == "" {
		return nil, refuse("conflict", "The file is gone; send it again.")
	}
	r, err := h.newRowReader(i)
	if err != nil {
		return nil, err
	}
	in, err := h.readRows(i)
	if err != nil {
		return nil, err
	}
	defer in.close()
	s, _, err := in.step(ctx, h, r, most)
	if err != nil {
		return nil, err
	}
	out := map[int]PreviewRow{}
	for _, e := range s.errors {
		out[e.Row] = PreviewRow{Row: e.Row, Fields: e.Fields, Status: "bad", Errors: e.Reasons}
	}
	if i.Of == record.ImportCustomers {
		what, err := h.db.TryCustomers(ctx, h.customersChunk(i, s))
		if err != nil {
			return nil, err
		}
		for n, c := range s.customers {
			row := s.people[n]
			out[row.Number] = PreviewRow{Row: row.Number, Fields: row.Fields, Status: what[n], Errors: []record.CellReason{}, Becomes: customerPreview(&c)}
		}
	} else {
		var keys []string
		for n := range s.touches {
			keys = append(keys, s.touches[n].Key)
		}
		known, err := h.db.Logged(ctx, i.setup.Options.Source, keys)
		if err != nil {
			return nil, err
		}
		for n := range s.touches {
			t, row := &s.touches[n], s.raw[n]
			p := PreviewRow{Row: row.Number, Fields: row.Fields, Status: "made", Errors: []record.CellReason{}, Becomes: touchPreview(t)}
			if _, ok := known[t.Key]; ok {
				p.Status = "known"
			}
			out[row.Number] = p
		}
	}
	list := []PreviewRow{}
	for n := 0; len(list) < len(out); n++ {
		if p, ok := out[n]; ok {
			list = append(list, p)
		}
	}
	return list, nil
}

func customerPreview(c *record.ImportedCustomer) any {
	type address struct {
		Channel string `json:"channel"`
		Address string `json:"address"`
	}
	out := map[string]any{}
	list := []address{}
	for _, i := range c.Identities {
		list = append(list, address{i.Channel, i.Address})
	}
	out["identities"] = list
	attributes := map[string]json.RawMessage{}
	for f, v := range c.Fields {
		if id, ok := cutAttribute(f); ok {
			attributes[id] = v
		} else {
			out[f] = v
		}
	}
	if len(attributes) > 0 {
		out["attributes"] = attributes
	}
	for name, s := range map[string]string{"name": c.Name, "tier": c.Tier, "organisation": c.Organisation, "role": c.Role} {
		if s != "" {
			out[name] = s
		}
	}
	if len(c.Tags) > 0 {
		out["tags"] = c.Tags
	}
	return out
}

func cutAttribute(field string) (string, bool) {
	prefix := record.FieldOf("")
	if len(field) > len(prefix) && field[:len(prefix)] == prefix {
		return field[len(prefix):], true
	}
	return "", false
}

func touchPreview(t *record.Imported) any {
	out := map[string]any{"id": t.Key, "kind": t.Kind, "at": t.At, "inbound": t.Inbound, "channel": t.Channel,
		"customer": map[string]string{"channel": t.Identity.Channel, "address": t.Identity.Address, "name": t.Identity.Name}}
	if t.Author.Kind == "agent" {
		out["agent"] = t.Author.ID
	}
	if t.Subject != "" {
		out["subject"] = t.Subject
	}
	if t.Text != "" {
		out["text"] = t.Text
	}
	if t.Data != "" {
		out["data"] = json.RawMessage(t.Data)
	}
	return out
}
