package inbox

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tamas/inbox/record"
)

// ReadLedger reads a list of erasures, see record.Erased. A line that was being written when the machine stopped is left out. os.ErrNotExist.
func ReadLedger(path string) (list []record.Erased, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e record.Erased
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Is() != " " {
			list = append(list, e)
		}
	}
	return list, lines.Err()
}

// AddToLedger writes lines that a list of erasures has not, and tells how many.
func AddToLedger(path string, list []record.Erased) (int, error) {
	old, err := ReadLedger(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var b bytes.Buffer
	n := 0
	for _, e := range missing(list, old) {
		line, err := json.Marshal(e)
		if err != nil {
			return 0, err
		}
		b.Write(append(line, '\n'))
		n++
	}
	if n == 0 {
		return 0, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if end, err := f.Seek(-1, 2); err == nil { // behind a line that is not whole
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end); err == nil && last[0] != '\n' {
			b = *bytes.NewBuffer(append([]byte{'\n'}, b.Bytes()...))
		}
	}
	if _, err := f.Write(b.Bytes()); err != nil {
		return 0, err
	}
	return n, errors.Join(f.Sync(), syncDir(filepath.Dir(path)))
}

// missing are the lines of a list that another has not.
func missing(list, in []record.Erased) []record.Erased {
	has := map[string]bool{}
	for _, e := range in {
		has[e.Is()] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(e record.Erased) bool { return has[e.Is()] })
}

// Outdated are the lines of a list of erasures that are of a record and not in it: it is older than they are. Refusals come first. A refusal is kept
// by an erasure, so one that alone is missing was taken back by its owner.
func Outdated(ctx context.Context, db *record.DB, list []record.Erased) ([]record.Erased, error) {
	origin, err := db.Origin(ctx)
	if err != nil {
		return nil, err
	}
	known, err := db.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(missing(list, known), func(e record.Erased) bool { return origin == "" || e.Record != origin })
	slices.SortStableFunc(out, func(a, b record.Erased) int { return -cmp.Compare(a.Refused, b.Refused) })
	if len(out) == 0 || out[len(out)-1].Refused != "" {
		return nil, nil
	}
	return out, nil
}

// keepLedger makes the list of erasures beside the record and the record agree: whoever the list names and the record has, since a backup was put in its
// place, is erased again. Whoever cannot be yet is no reason to keep the others.
func (h *Hub) keepLedger(ctx context.Context) error {
	if h.ledger == "" {
		return nil
	}
	n, err := h.db.LedgerLength(ctx)
	if err != nil || n == h.ledgerLength {
		return err
	}
	list, err := ReadLedger(h.ledger)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	again, err := Outdated(ctx, h.db, list)
	if err != nil {
		return err
	}
	persons, late := 0, []error(nil)
	for _, e := range again {
		erased, err := h.eraseAll(ctx, e)
		if persons += erased; err == nil {
			err = h.db.NoteErased(ctx, e, h.Now())
		}
		if err != nil {
			late = append(late, fmt.Errorf("erase again whom %s erased: %w", e.Erasure, err))
		}
	}
	if persons > 0 {
		h.log.Warn("the record is older than the list of erasures beside it: whoever has been erased since is erased again", "customers", persons, "erasures", len(again))
	}
	known, err := h.db.Ledger(ctx)
	if err != nil {
		return err
	}
	if _, err := AddToLedger(h.ledger, known); err != nil {
		return err
	}
	if late == nil {
		h.ledgerLength = len(known)
	}
	return errors.Join(late...)
}

// eraseAll erases again whom a line of the list names, and tells how many were there.
func (h *Hub) eraseAll(ctx context.Context, e record.Erased) (n int, err error) {
	for _, id := range e.Customers {
		switch err := h.eraseAgain(ctx, id, e.Erasure); {
		case err == nil:
			n++
		case !errors.Is(err, record.ErrNotFound):
			return n, err
		}
	}
	return n, nil
}

// eraseAgain erases a customer of an older record, whatever was under way then.
func (h *Hub) eraseAgain(ctx context.Context, customer, erasure string) error {
	if err := h.db.SetHold(ctx, record.Hold{Customer: customer}); err != nil { // it was lifted before they were erased
		return err
	}
	open, _, _, err := h.db.LiveOf(ctx, customer, h.Now())
	if err != nil {
		return err
	}
	for _, c := range open {
		_, err := h.Do(ctx, Command{By: privacyActor, Action: Resolve, Conversation: c.ID})
		var r *Refusal
		if err != nil && !errors.As(err, &r) {
			return err
		}
	}
	_, err = h.Erase(ctx, customer, "Erased again after an older record was restored: "+erasure, "", nil)
	return err
}
