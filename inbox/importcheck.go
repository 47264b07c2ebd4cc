package inbox

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

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
	firms     []record.ImportedOrganisation
	people    []sheet.Row // of customers or organisations
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
		if r.of == record.ImportOrganisations {
			o, reasons := r.organisation(&row)
			if len(reasons) > 0 {
				s.errors = append(s.errors, errorOf(&row, reasons))
			} else {
				s.firms, s.people = append(s.firms, o), append(s.people, row)
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
		switch i.Of {
		case record.ImportCustomers:
			err = h.tryCustomers(ctx, i, s, seen, &sums)
		case record.ImportOrganisations:
			err = h.tryOrganisations(ctx, i, s, seen, &sums)
		default:
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
		tally(sums, what[n], again)
	}
	return nil
}

// tally counts what becomes of a row; again: the file has named the same before.
func tally(sums *record.ImportSums, what string, again bool) {
	switch {
	case what == "updated" || again && what == "made":
		sums.Updated++
	case what == "made":
		sums.Made++
	default:
		sums.Known++
	}
}

func (h *Hub) customersChunk(i *importing, s *step) record.CustomersChunk {
	return record.CustomersChunk{Import: i.ID, First: s.first, Last: s.last, Existing: i.setup.Options.Existing,
		By: record.Decided{At: h.Now(), By: i.By, Rules: h.FactRules()}, Rows: s.customers}
}
