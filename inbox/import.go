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

// Files of customers and touches come in as blobs, are looked at, mapped, tried and carried out by the leader, one at a time (importrun.go). What an
// import has done stands beside what it made, in the same transaction, so that whoever goes on with it goes on where that ends.

// MaxImport is how large a file may be, in bytes.
const MaxImport = 2 << 30

// importSetup is what people decide of an import.
type importSetup struct {
	Format     sheet.Format      `json:"format"`
	Columns    []ImportColumn    `json:"columns"`
	Mapping    map[string]string `json:"mapping"` // column → field
	Remembered bool              `json:"remembered,omitempty"`
	Options    ImportOptions     `json:"options"`
}

// importProgress is how far an import is.
type importProgress struct {
	Rows      int64 `json:"rows"`                // of the file
	Estimated bool  `json:"estimated,omitempty"` // Rows is
	Read      int64 `json:"read"`                // bytes, in the present step
	Done      int64 `json:"done"`                // rows, likewise

	Messages int64              `json:"messages,omitempty"` // rows that are left out: see rowReader.message
	Bad      int64              `json:"bad,omitempty"`      // rows that were not taken, also those past what is kept of them
	Warned   int64              `json:"warned,omitempty"`   // rows that are taken without something: see rowReader.warnings
	Warnings []ImportWarning    `json:"warnings,omitempty"`
	Checked  *record.ImportSums `json:"checked,omitempty"` // what a dry run found
	// Of the undoing.
	Step      string        `json:"step,omitempty"`
	After     string        `json:"after,omitempty"`
	Left      []record.Left `json:"left,omitempty"`
	LeftCount int           `json:"left_count,omitempty"`
}

// Import is an import as people see it.
type Import struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Of      string `json:"of"`
	State   string `json:"state"`
	Waiting bool   `json:"waiting"` // for another import to end
	Size    int64  `json:"size"`
	Read    int64  `json:"read"`

	Format     sheet.Format      `json:"format"`
	Columns    []ImportColumn    `json:"columns"`
	Mapping    map[string]string `json:"mapping"`
	Remembered bool              `json:"remembered"`
	Options    ImportOptions     `json:"options"`

	Rows      int64           `json:"rows"`
	Estimated bool            `json:"estimated"`
	Done      int64           `json:"done"`
	Good      int64           `json:"good"`
	Bad       int64           `json:"bad"`
	BadKept   int64           `json:"bad_kept"` // of Bad, those that the file of errors holds
	Made      int64           `json:"made"`
	Updated   int64           `json:"updated"`
	Known     int64           `json:"known"`
	Customers int64           `json:"customers"`
	Messages  int64           `json:"messages"` // rows that are left out, because messages are not imported
	Warned    int64           `json:"warned"`   // rows that are taken without what Warnings say, bad ones too
	Warnings  []ImportWarning `json:"warnings"`
	Error     string          `json:"error"`
	Left      []record.Left   `json:"left"`
	LeftCount int             `json:"left_count"`

	At        record.Millis `json:"at"`
	By        string        `json:"by"`
	CheckedAt record.Millis `json:"checked_at"`
	StartedAt record.Millis `json:"started_at"`
	EndedAt   record.Millis `json:"ended_at"`

	ForgottenAt record.Millis `json:"forgotten_at"` // the file, its samples and the rows that were not taken are gone since; 0: they are not
}

// importing is an import with its texts read.
type importing struct {
	record.ImportRow
	setup    importSetup
	progress importProgress
}

func readImport(row record.ImportRow) (*importing, error) {
	i := &importing{ImportRow: row}
	if err := json.Unmarshal(row.Setup, &i.setup); err != nil {
		return nil, fmt.Errorf("read an import: %w", err)
	}
	if err := json.Unmarshal(row.Progress, &i.progress); err != nil {
		return nil, fmt.Errorf("read an import: %w", err)
	}
	return i, nil
}

// pack writes the texts back.
func (i *importing) pack() {
	i.Setup, _ = json.Marshal(&i.setup) // plain structs
	i.Progress, _ = json.Marshal(&i.progress)
}

func (i *importing) view() Import {
	sums := i.Sums
	kept := sums.Bad
	if i.ForgottenAt != 0 {
		kept = 0
	}
	sums.Bad = max(sums.Bad, i.progress.Bad)
	done := i.Sums.Last
	if c := i.progress.Checked; c != nil && (i.State == record.ImportChecking || i.State == record.ImportChecked) {
		bad := sums.Bad
		sums, done = *c, i.progress.Done
		sums.Bad = max(bad, sums.Bad)
	}
	read := i.progress.Read
	if i.State == record.ImportRunning && i.Sums.Last == 0 {
		read, done = 0, 0 // they are of the dry run
	}
	left := i.progress.Left
	if left == nil {
		left = []record.Left{}
	}
	warnings := i.progress.Warnings
	if warnings == nil {
		warnings = []ImportWarning{}
	}
	return Import{ID: i.ID, Version: i.Version, Name: i.Name, Of: i.Of, State: i.State, Size: i.Size, Read: read,
		Format: i.setup.Format, Columns: i.setup.Columns, Mapping: i.setup.Mapping, Remembered: i.setup.Remembered, Options: i.setup.Options,
		Rows: i.progress.Rows, Estimated: i.progress.Estimated, Done: max(done, sums.Last), Good: sums.Made + sums.Updated + sums.Known, Bad: sums.Bad, BadKept: kept,
		Made: sums.Made, Updated: sums.Updated, Known: sums.Known, Customers: sums.Customers, Messages: i.progress.Messages, Warned: i.progress.Warned, Warnings: warnings, Error: i.Error, Left: left, LeftCount: i.progress.LeftCount,
		At: i.CreatedAt, By: i.By, CheckedAt: i.CheckedAt, StartedAt: i.StartedAt, EndedAt: i.EndedAt, ForgottenAt: i.ForgottenAt}
}

// lineCounter counts lines as they pass.
type lineCounter struct {
	r io.Reader
	n int64
}

func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for _, b := range p[:n] {
		if b == '\n' {
			c.n++
		}
	}
	return n, err
}

// NewImport takes a file in and looks at it. *Refusal: it is no table, or too large.
func (h *Hub) NewImport(ctx context.Context, name, of, by string, content io.Reader, note func(Import) record.Note) (Import, error) {
	lines := &lineCounter{r: reader{ctx, content}}
	blob, size, err := h.blobs.Write(lines, MaxImport)
	if errors.Is(err, errTooLarge) {
		return Import{}, &Refusal{Code: "too_large", Field: "file", Message: "The file is larger than 2 GB."}
	}
	if err != nil {
		return Import{}, err
	}
	i := &importing{ImportRow: record.ImportRow{ID: record.NewID("im"), Version: 1, Name: cleanLine(name, 200), Of: of, State: record.ImportNew, Blob: blob, Size: size, CreatedAt: h.Now(), By: by}}
	head := make([]byte, sheet.SniffSize)
	f, err := h.blobs.Open(blob)
	if err != nil {
		return Import{}, err
	}
	n, err := io.ReadFull(f, head)
	f.Close()
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return Import{}, err
	}
	switch sheet.NoTable(head[:n]) {
	case sheet.Packed:
		return Import{}, &Refusal{Code: "invalid", Field: "file", Message: "This is a workbook or a packed file: save the table as CSV, in UTF-8, and send that."}
	case sheet.JSONList:
		return Import{}, &Refusal{Code: "invalid", Field: "file", Message: "This is a list in JSON: one object a line is needed, without brackets around them."}
	}
	i.setup.Format = sheet.Sniff(head[:n], int64(n) == size)
	i.setup.Options = h.defaultOptions()
	if err := h.lookAt(ctx, i); err != nil {
		return Import{}, err
	}
	i.progress = importProgress{Rows: max(lines.n, 1), Estimated: true}
	i.pack()
	if err := h.db.AddImport(ctx, i.ImportRow, noted(note != nil, func() record.Note { return note(i.view()) })...); err != nil {
		return Import{}, err
	}
	return i.view(), nil
}

func noted(has bool, f func() record.Note) []record.Note {
	if !has {
		return nil
	}
	return []record.Note{f()}
}

// Import gives one; record.ErrNotFound.
func (h *Hub) Import(ctx context.Context, id string) (Import, error) {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return Import{}, err
	}
	out := i.view()
	if busy(i.State) {
		if first, err := h.db.NextImport(ctx); err == nil {
			out.Waiting = first.ID != id
		}
	}
	return out, nil
}

func busy(state string) bool {
	return state == record.ImportChecking || state == record.ImportRunning || state == record.ImportUndoing
}

func (h *Hub) importByID(ctx context.Context, id string) (*importing, error) {
	row, err := h.db.ImportByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return readImport(row)
}

// Imports lists them, newest first.
func (h *Hub) Imports(ctx context.Context, before string, limit int) (list []Import, next string, err error) {
	rows, next, err := h.db.Imports(ctx, before, limit)
	if err != nil {
		return nil, "", err
	}
	list = []Import{}
	for _, row := range rows {
		i, err := readImport(row)
		if err != nil {
			return nil, "", err
		}
		list = append(list, i.view())
	}
	return list, next, nil
}

// DeleteImport forgets one, with its file. What it made stays.
func (h *Hub) DeleteImport(ctx context.Context, id string, version int64, notes ...record.Note) error {
	return h.db.DeleteImport(ctx, id, version, h.Now(), notes...)
}

// dropBlob takes away a piece of an import that is recorded, unless it was stored again after before. One that stays costs room and no more.
func (h *Hub) dropBlob(name string, before time.Time) {
	if err := h.blobs.Remove(name, before); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errInUse) {
		h.log.Warn("a file of an import could not be removed", "blob", name, "err", err)
	}
}
