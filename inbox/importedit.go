package inbox

import (
	"context"
	"encoding/json"
	"errors"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

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
	i.progress.forgetRows()
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

// undoRefused says why there is nothing to undo, by the import's state.
var undoRefused = map[string]string{
	record.ImportNew:     "Nothing of this file has been imported.",
	record.ImportChecked: "Nothing of this file has been imported.",
	record.ImportUndoing: "The import is being undone already.",
	record.ImportUndone:  "The import has been undone already.",
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
		var fields []string
		for _, f := range h.ImportFields(i.Of) {
			fields = append(fields, f.ID)
		}
		text, _ := json.Marshal(map[string]any{"mapping": i.setup.Mapping, "options": i.setup.Options, "fields": fields})
		if err := h.db.KeepImportMapping(ctx, i.signature(), text, h.Now()); err != nil {
			return Import{}, err
		}
	}
	err = h.db.MoveImport(ctx, id, h.Now(), to, "", from, noted(note != nil, func() record.Note { return note(i.State, to) })...)
	if errors.Is(err, record.ErrConflict) {
		why := "The import is at another step meanwhile."
		if what == "undo" && undoRefused[i.State] != "" {
			why = undoRefused[i.State]
		}
		return Import{}, refuse("conflict", "%s", why)
	}
	if err != nil {
		return Import{}, err
	}
	h.importAsked.broadcast()
	return h.Import(ctx, id)
}
