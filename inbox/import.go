package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// Files of customers and touches come in as blobs, are looked at, mapped, tried and carried out by the leader, one at a time (importrun.go). What an
// import has done stands beside what it made, in the same transaction, so that whoever goes on with it goes on where that ends.

// MaxImport is how large a file may be, in bytes.
const MaxImport = 2 << 30

// ImportOptions are how a file is read and what becomes of what is known.
type ImportOptions struct {
	Zone     string `json:"zone"`     // of times without one
	Region   string `json:"region"`   // of telephone numbers without a country code
	Dates    string `json:"dates"`    // one of sheet.DateWays
	Existing string `json:"existing"` // of customers: record.Existing…
	Source   string `json:"source"`   // of touches
	Kind     string `json:"kind"`     // of touches whose row names none
	Currency string `json:"currency"` // likewise
	Inbound  *bool  `json:"inbound"`  // likewise; nil: as is usual of the kind
}

// ImportColumn is a column of a file.
type ImportColumn struct {
	Name    string   `json:"name"`
	Samples []string `json:"samples"`
}

// Cut leaves out what stands in the file: nobody knows yet which fields that are.
func (c *ImportColumn) Cut(s record.Sight) {
	if s.Limited() {
		c.Samples = []string{}
	}
}

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

	Checked *record.ImportSums `json:"checked,omitempty"` // what a dry run found
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

	Rows      int64         `json:"rows"`
	Estimated bool          `json:"estimated"`
	Done      int64         `json:"done"`
	Good      int64         `json:"good"`
	Bad       int64         `json:"bad"`
	Made      int64         `json:"made"`
	Updated   int64         `json:"updated"`
	Known     int64         `json:"known"`
	Customers int64         `json:"customers"`
	Error     string        `json:"error"`
	Left      []record.Left `json:"left"`
	LeftCount int           `json:"left_count"`

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
	done := i.Sums.Last
	if c := i.progress.Checked; c != nil && (i.State == record.ImportChecking || i.State == record.ImportChecked) {
		bad := sums.Bad
		sums, done = *c, i.progress.Done
		sums.Bad = max(bad, sums.Bad)
	}
	left := i.progress.Left
	if left == nil {
		left = []record.Left{}
	}
	return Import{ID: i.ID, Version: i.Version, Name: i.Name, Of: i.Of, State: i.State, Size: i.Size, Read: i.progress.Read,
		Format: i.setup.Format, Columns: i.setup.Columns, Mapping: i.setup.Mapping, Remembered: i.setup.Remembered, Options: i.setup.Options,
		Rows: i.progress.Rows, Estimated: i.progress.Estimated, Done: max(done, sums.Last), Good: sums.Made + sums.Updated + sums.Known, Bad: sums.Bad,
		Made: sums.Made, Updated: sums.Updated, Known: sums.Known, Customers: sums.Customers, Error: i.Error, Left: left, LeftCount: i.progress.LeftCount,
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

func (h *Hub) defaultOptions() ImportOptions {
	set := h.Settings()
	o := ImportOptions{Zone: set.Firm.Timezone, Region: set.Region(), Dates: sheet.DatesAuto, Existing: record.ExistingFill, Source: "import"}
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	return o
}

// lookAt reads the columns of a file, and maps them as the last time or by their names.
func (h *Hub) lookAt(ctx context.Context, i *importing) error {
	f, err := h.openImport(i)
	if err != nil {
		return err
	}
	defer f.Close()
	columns, rows, err := sheet.Table(f, i.setup.Format, 200)
	if err != nil {
		return err
	}
	if len(columns) == 0 {
		return &Refusal{Code: "invalid", Field: "file", Message: "There is no table in this file."}
	}
	i.setup.Columns, i.setup.Mapping, i.setup.Remembered = make([]ImportColumn, len(columns)), map[string]string{}, false
	for at, name := range columns {
		c := ImportColumn{Name: name, Samples: []string{}}
		for _, row := range rows {
			if row.Err != "" || len(c.Samples) == 5 {
				continue
			}
			if s := cleanLine(sheet.Clean(row.Fields[at]), 160); s != "" && !slices.Contains(c.Samples, s) {
				c.Samples = append(c.Samples, s)
			}
		}
		i.setup.Columns[at] = c
	}
	fields := h.ImportFields(i.Of)
	known := func(id string) bool {
		return slices.ContainsFunc(fields, func(f ImportField) bool { return f.ID == id })
	}
	text, err := h.db.ImportMapping(ctx, i.signature())
	var was struct {
		Mapping map[string]string `json:"mapping"`
		Options ImportOptions     `json:"options"`
	}
	switch {
	case err == nil && json.Unmarshal(text, &was) == nil:
		maps.DeleteFunc(was.Mapping, func(_, field string) bool { return !known(field) && !strings.HasPrefix(field, fieldIdentity) })
		i.setup.Mapping, i.setup.Options, i.setup.Remembered = was.Mapping, was.Options, true
	case err != nil && !errors.Is(err, record.ErrNotFound):
		return err
	default:
		i.setup.Mapping = guessMapping(fields, i.setup.Columns)
		i.guessRegion()
	}
	return nil
}

// guessRegion takes numbers that only make sense in Iran for such, where nobody has said of what country they are.
func (i *importing) guessRegion() {
	if i.setup.Options.Region != "" {
		return
	}
	iranian := 0
	for _, c := range i.setup.Columns {
		if i.setup.Mapping[c.Name] != "phone" {
			continue
		}
		for _, s := range c.Samples {
			if _, err := sheet.Phone(s, ""); err == nil {
				return
			}
			if n, err := sheet.Phone(s, "IR"); err == nil && strings.HasPrefix(n, "+989") {
				iranian++
			}
		}
	}
	if iranian > 0 {
		i.setup.Options.Region = "IR"
	}
}

// openImport reads an import's file behind its byte order mark.
func (h *Hub) openImport(i *importing) (*os.File, error) {
	return h.blobs.Open(i.Blob)
}

// signature is what files with the same columns have in common.
func (i *importing) signature() string {
	names := make([]string, len(i.setup.Columns))
	for at, c := range i.setup.Columns {
		names[at] = record.Fold(c.Name)
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(i.Of + "\x00" + strings.Join(names, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func (i *importing) names() []string {
	out := make([]string, len(i.setup.Columns))
	for at, c := range i.setup.Columns {
		out[at] = c.Name
	}
	return out
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

// ImportEdit is what becomes of an import; nil leaves it as it is.
type ImportEdit struct {
	Version int64
	Name    *string
	Format  *sheet.Format // Encoding, Delimiter and Header; the columns are read anew
	Mapping *map[string]string
	Options *ImportOptions
}

// EditImport changes one that does nothing and has done nothing, or was cancelled. *Refusal, record.ErrConflict, record.ErrNotFound.
func (h *Hub) EditImport(ctx context.Context, id string, e ImportEdit) (Import, error) {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return Import{}, err
	}
	i.Version = e.Version
	if e.Name != nil {
		i.Name = cleanLine(*e.Name, 200)
	}
	if e.Options != nil {
		if err := h.checkOptions(e.Options); err != nil {
			return Import{}, err
		}
		i.setup.Options = *e.Options
	}
	if e.Format != nil {
		f := i.setup.Format
		f.Encoding, f.Header = e.Format.Encoding, e.Format.Header
		if f.Kind == sheet.CSV {
			f.Delimiter = e.Format.Delimiter
		}
		if !f.Valid() {
			return Import{}, &Refusal{Code: "invalid", Field: "format", Message: "There is no such encoding or delimiter."}
		}
		if f != i.setup.Format {
			if i.Sums.Last > 0 {
				return Import{}, refuse("conflict", "A part of the file has been imported as it was read; undo that first.")
			}
			options := i.setup.Options
			i.setup.Format = f
			if err := h.lookAt(ctx, i); err != nil {
				return Import{}, err
			}
			i.setup.Options = options
		}
	}
	if e.Mapping != nil {
		if err := h.checkMapping(i, *e.Mapping); err != nil {
			return Import{}, err
		}
		i.setup.Mapping = *e.Mapping
	}
	i.progress.Checked = nil
	i.pack()
	state := record.ImportNew
	if i.Sums.Last > 0 {
		state = record.ImportCancelled
	}
	if err := h.db.EditImport(ctx, i.ImportRow, state, record.ImportNew, record.ImportChecked, record.ImportCancelled, record.ImportFailed); err != nil {
		return Import{}, err
	}
	return h.Import(ctx, id)
}

// importMoves are what may be asked of an import: from which states, into which.
var importMoves = map[string]struct {
	from []string
	to   string
}{
	"check": {[]string{record.ImportNew, record.ImportChecked}, record.ImportChecking},
	"run":   {[]string{record.ImportNew, record.ImportChecked, record.ImportCancelled, record.ImportFailed}, record.ImportRunning},
	"undo":  {[]string{record.ImportDone, record.ImportCancelled, record.ImportFailed}, record.ImportUndoing},
}

// MoveImport asks for work on an import: "check", "run", "undo", or "cancel"s it. *Refusal, record.ErrNotFound.
func (h *Hub) MoveImport(ctx context.Context, id, what string, note func(before, after string) record.Note) (Import, error) {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return Import{}, err
	}
	to, from := importMoves[what].to, importMoves[what].from
	if what == "cancel" {
		if to, from = record.ImportNew, []string{record.ImportChecking}; i.State == record.ImportRunning {
			to, from = record.ImportCancelled, []string{record.ImportRunning}
		}
	}
	if (what == "run" || what == "check") && i.Blob == "" {
		return Import{}, refuse("conflict", "The file is gone; send it again.")
	}
	if what == "run" || what == "check" {
		if err := h.checkMapping(i, i.setup.Mapping); err != nil {
			return Import{}, err
		}
		text, _ := json.Marshal(map[string]any{"mapping": i.setup.Mapping, "options": i.setup.Options})
		if err := h.db.KeepImportMapping(ctx, i.signature(), text, h.Now()); err != nil {
			return Import{}, err
		}
	}
	err = h.db.MoveImport(ctx, id, h.Now(), to, "", from, noted(note != nil, func() record.Note { return note(i.State, to) })...)
	if errors.Is(err, record.ErrConflict) {
		return Import{}, refuse("conflict", "The import is at another step meanwhile.")
	}
	if err != nil {
		return Import{}, err
	}
	h.importAsked.broadcast()
	return h.Import(ctx, id)
}

// DeleteImport forgets one, with its file. What it made stays.
func (h *Hub) DeleteImport(ctx context.Context, id string, version int64, notes ...record.Note) error {
	blob, err := h.db.DeleteImport(ctx, id, version, notes...)
	if err == nil && blob != "" {
		h.dropBlob(blob, h.now())
	}
	return err
}

// dropBlob takes away a blob that an import has no more use for, unless it was stored again after before. One that stays costs room and no more.
func (h *Hub) dropBlob(name string, before time.Time) {
	if err := h.blobs.Remove(name, before); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errInUse) {
		h.log.Warn("a file of an import could not be removed", "blob", name, "err", err)
	}
}

// ImportErrors lists rows that were not taken, behind a row.
func (h *Hub) ImportErrors(ctx context.Context, id string, after, limit int) ([]record.ImportError, error) {
	return h.db.ImportErrors(ctx, id, after, limit)
}

// WriteImportErrors writes the rows that were not taken as a file like the import's, with a last column that says why, to be corrected and sent
// again.
func (h *Hub) WriteImportErrors(ctx context.Context, id string, to io.Writer) error {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return err
	}
	f := i.setup.Format
	f.BOM = f.BOM || f.Encoding == "utf-8" && f.Kind == sheet.CSV
	f.Header = true
	w := sheet.NewWriter(to, f, append(i.names(), reasonColumn))
	for after := 0; ; {
		list, err := h.db.ImportErrors(ctx, id, after, 1000)
		if err != nil || len(list) == 0 {
			return errors.Join(err, w.Flush())
		}
		for _, e := range list {
			after = e.Row
			var why []string
			for _, r := range e.Reasons {
				why = append(why, strings.TrimSpace(r.Column+" "+r.Message))
			}
			if reason := strings.Join(why, " "); f.Kind == sheet.JSONL {
				var object map[string]json.RawMessage
				if len(e.Fields) != 1 || json.Unmarshal([]byte(e.Fields[0]), &object) != nil {
					object = map[string]json.RawMessage{"line": quoted(strings.Join(e.Fields, ""))}
				}
				object[reasonColumn] = quoted(reason)
				w.Object(object)
			} else {
				w.Row(append(slices.Clone(e.Fields), reason))
			}
		}
	}
}

// reasonColumn is the column that says why a row was not taken. No file's column of that name is mapped by itself.
const reasonColumn = "reason"

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}
