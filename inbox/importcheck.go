package inbox

import (
	"context"
	"errors"
	"strings"
	"time"

	"tamas/inbox/record"
)

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
	i.progress.forgetRows()
	i.pack()
	if err := h.db.ImportProgress(ctx, i.ID, i.Progress); err != nil {
		return err
	}
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
			err = h.tryTouches(ctx, s, seen, &sums)
		}
		if err != nil {
			return err
		}
		i.progress.count(s)
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

// onceOf is what a touch is there once by: its source and its id there.
func onceOf(t *record.Imported) string { return t.Account + "/" + t.Key }

// loggedBefore tells which of the touches are there already, by onceOf.
func (h *Hub) loggedBefore(ctx context.Context, list []record.Imported) (map[string]bool, error) {
	keys, known := map[string][]string{}, map[string]bool{}
	for n := range list {
		keys[list[n].Account] = append(keys[list[n].Account], list[n].Key)
	}
	for account, some := range keys {
		found, err := h.db.Logged(ctx, strings.TrimPrefix(account, record.SourceOf("")), some)
		if err != nil {
			return nil, err
		}
		for key := range found {
			known[account+"/"+key] = true
		}
	}
	return known, nil
}

func (h *Hub) tryTouches(ctx context.Context, s *step, seen seenSet, sums *record.ImportSums) error {
	var ids []string
	for n := range s.touches {
		if w := &s.touches[n].Identity; w.Channel != record.OwnChannel {
			ids = append(ids, w.ID)
		}
	}
	known, err := h.loggedBefore(ctx, s.touches)
	if err != nil {
		return err
	}
	there, err := h.db.KnownIdentities(ctx, ids)
	if err != nil {
		return err
	}
	for n := range s.touches {
		t := &s.touches[n]
		if once := onceOf(t); seen.add("t"+once) || known[once] {
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
