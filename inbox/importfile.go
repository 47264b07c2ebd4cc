package inbox

import (
	"context"
	"errors"
	"io"
	"os"

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

// step is a piece of a file that is worked on at once.
type step struct {
	first, last int64 // rows of the file
	read        int64 // bytes of the file up to its end
	errors      []record.ImportError
	messages    []sheet.Row                 // that are left out
	warned      map[int][]record.CellReason // what rows are taken without, by the row's number in a spreadsheet

	touches   []record.Imported
	at        []int64     // row of each touch
	raw       []sheet.Row // likewise
	customers []record.ImportedCustomer
	firms     []record.ImportedOrganisation
	people    []sheet.Row // of customers or organisations
}

// steps reads most rows; ok is false at the end of the file.
func (in *importFile) step(ctx context.Context, h *Hub, r *rowReader, most int) (s *step, ok bool, err error) {
	s = &step{first: in.n + 1, warned: map[int][]record.CellReason{}}
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
		if r.message(&row) {
			s.messages = append(s.messages, row)
			continue
		}
		if list := r.warnings(&row); len(list) > 0 {
			s.warned[row.Number] = list
		}
		var reasons []record.CellReason
		switch r.of {
		case record.ImportCustomers:
			var c record.ImportedCustomer
			if c, reasons = r.customer(&row); len(reasons) == 0 {
				s.customers, s.people = append(s.customers, c), append(s.people, row)
			}
		case record.ImportOrganisations:
			var o record.ImportedOrganisation
			if o, reasons = r.organisation(&row); len(reasons) == 0 {
				s.firms, s.people = append(s.firms, o), append(s.people, row)
			}
		default:
			var t *record.Touch
			var i *record.Identity
			if t, i, reasons = r.touch(&row); len(reasons) == 0 {
				touches, whose, s.at, s.raw = append(touches, t), append(whose, i), append(s.at, in.n), append(s.raw, row)
			}
		}
		if len(reasons) > 0 {
			s.errors = append(s.errors, errorOf(&row, reasons))
		}
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
			column := r.column("customer")
			if column < 0 {
				column = r.column("address")
			}
			c.fail(column, badCustomer, whose[n].Address, "There is no such customer.")
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
