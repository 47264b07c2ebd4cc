package inbox

import (
	"slices"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// ImportWarning is something that rows say and that is left out of them: the rows are taken without it.
type ImportWarning struct {
	Column  string `json:"column"`
	Value   string `json:"value,omitempty"` // "": whatever stands there
	Message string `json:"message"`         // for people; kept in English
	Rows    int64  `json:"rows"`
}

// Cut leaves out what stands in the file, as that of a column does.
func (w *ImportWarning) Cut(s record.Sight) {
	if s.Limited() {
		w.Value = ""
	}
}

// maxWarnings are how many different ones are kept of an import; rows are counted beyond them.
const maxWarnings = 50

const (
	badAgent   = "bad_agent"
	lateColumn = "late_column"
)

// warnings are what a row says and an import leaves out: colleagues who are not here, and columns of JSON lines that nobody was asked about.
func (r *rowReader) warnings(row *sheet.Row) (list []record.CellReason) {
	if row.Err != "" {
		return nil
	}
	c := cells{r: r}
	for at, f := range r.fields {
		if f != "owner" && f != "agent" {
			continue
		}
		if s := r.value(row, at); s != "" {
			c.choice(at, s, r.users, "There is no such colleague; it is left out.")
		}
	}
	for i := range c.reasons {
		c.reasons[i].Code = badAgent
	}
	for _, column := range row.Unknown {
		c.reasons = append(c.reasons, record.CellReason{Column: column, Code: lateColumn, Message: "The column is in no row of the file's beginning, and is left out."})
	}
	return c.reasons
}

// warn counts the warnings of a row.
func (p *importProgress) warn(list []record.CellReason) {
	if len(list) == 0 {
		return
	}
	p.Warned++
	for _, w := range list {
		at := slices.IndexFunc(p.Warnings, func(o ImportWarning) bool {
			return o.Column == w.Column && o.Value == w.Value && o.Message == w.Message
		})
		switch {
		case at >= 0:
			p.Warnings[at].Rows++
		case len(p.Warnings) < maxWarnings:
			p.Warnings = append(p.Warnings, ImportWarning{Column: w.Column, Value: w.Value, Message: w.Message, Rows: 1})
		}
	}
}

// forgetRows begins the counting of rows that are bad, left out, or taken without something, anew.
func (p *importProgress) forgetRows() { p.Messages, p.Bad, p.Warned, p.Warnings = 0, 0, 0, nil }

// count counts the rows of a step that are left out, or taken without something.
func (p *importProgress) count(s *step) {
	p.Messages += int64(len(s.messages))
	for _, list := range s.warned {
		p.warn(list)
	}
}
