package inbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// errorOf is a row that is not taken.
func errorOf(row *sheet.Row, reasons []record.CellReason) record.ImportError {
	e := record.ImportError{Row: row.Number, Fields: slices.Concat(row.Fields, row.Beyond), Reasons: reasons}
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

func (h *Hub) keepErrors(ctx context.Context, id string, list []record.ImportError, bad *int64) error {
	room := max(0, h.keptErrors-*bad)
	*bad += int64(len(list))
	if list = list[:min(int64(len(list)), room)]; len(list) == 0 {
		return nil
	}
	return h.db.AddImportErrors(ctx, id, list)
}

// ImportErrors lists rows that were not taken, behind a row, and says in a language why.
func (h *Hub) ImportErrors(ctx context.Context, id, locale string, after, limit int) ([]record.ImportError, error) {
	list, err := h.db.ImportErrors(ctx, id, after, limit)
	for i := range list {
		sayReasons(locale, list[i].Reasons)
	}
	return list, err
}

// WriteImportErrors writes the rows that were not taken as a file like the import's, with a last column that says in a language why, to be corrected
// and sent again.
func (h *Hub) WriteImportErrors(ctx context.Context, id, locale string, to io.Writer) error {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return err
	}
	f := i.setup.Format
	f.BOM = f.BOM || f.Encoding == "utf-8" && f.Kind == sheet.CSV
	f.Header = true
	if !f.Persian() {
		locale = "en"
	}
	why := cmp.Or(reasonColumns[locale], reasonColumns["en"])
	columns, isWhy := i.names(), make([]bool, len(i.setup.Columns))
	var kept []string
	for at, name := range columns { // a file of errors that was sent again had such a column
		if isWhy[at] = isReason(name); !isWhy[at] {
			kept = append(kept, name)
		}
	}
	w := sheet.NewWriter(to, f, append(kept, why))
	for after := 0; ; {
		list, err := h.ImportErrors(ctx, id, locale, after, 1000)
		if err != nil || len(list) == 0 {
			return errors.Join(err, w.Flush())
		}
		for _, e := range list {
			after = e.Row
			reason := reasonText(locale, e.Reasons)
			if f.Kind == sheet.JSONL {
				var object map[string]json.RawMessage
				if len(e.Fields) != 1 || json.Unmarshal([]byte(e.Fields[0]), &object) != nil {
					object = map[string]json.RawMessage{"line": quoted(strings.Join(e.Fields, ""))}
				}
				maps.DeleteFunc(object, func(name string, _ json.RawMessage) bool { return isReason(name) })
				object[why] = quoted(reason)
				w.Object(object)
				continue
			}
			row := make([]string, 0, len(e.Fields)+1)
			for at, s := range e.Fields {
				if at == len(isWhy) { // cells that no column has: behind the reason, so that the row stays wrong until somebody has moved them
					row = append(row, reason)
				}
				if at >= len(isWhy) || !isWhy[at] {
					row = append(row, sheet.Guard(sheet.Unguard(s)))
				}
			}
			if len(e.Fields) <= len(isWhy) {
				row = append(row, reason)
			}
			w.Row(row)
		}
	}
}

// reasonText says what is wrong with a row in one cell.
func reasonText(locale string, list []record.CellReason) string {
	var out []string
	for _, r := range list {
		switch {
		case r.Column == "":
			out = append(out, r.Message)
		case locale == "fa":
			out = append(out, "«"+r.Column+"»: "+r.Message)
		default:
			out = append(out, "“"+r.Column+"”: "+r.Message)
		}
	}
	return strings.Join(out, " ")
}

// reasonColumns are the columns that say why a row was not taken, by language. No file's column of such a name is mapped by itself.
var reasonColumns = map[string]string{"en": "reason", "fa": "دلیل خطا"}

func isReason(column string) bool {
	word := wordOf(column)
	for _, name := range reasonColumns {
		if word == wordOf(name) {
			return true
		}
	}
	return false
}
