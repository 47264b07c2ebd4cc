package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

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

// lookAt reads the columns of a file, and maps them as the last time or by their names.
func (h *Hub) lookAt(ctx context.Context, i *importing) error {
	f, err := h.blobs.Open(i.Blob)
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
		Fields  []string          `json:"fields"` // that there were
	}
	switch {
	case err == nil && json.Unmarshal(text, &was) == nil:
		now := map[string]string{} // the same name may be spelled with other letters: ي, ی
		for _, c := range columns {
			now[record.Fold(c)] = c
		}
		for column, field := range was.Mapping {
			if c, ok := now[record.Fold(column)]; ok && (known(field) || strings.HasPrefix(field, fieldIdentity)) {
				i.setup.Mapping[c] = field
			}
		}
		i.setup.Options, i.setup.Remembered = was.Options, true
		i.suggest(fields, was.Fields)
	case err != nil && !errors.Is(err, record.ErrNotFound):
		return err
	default:
		i.setup.Mapping = guessMapping(fields, i.setup.Columns)
		i.guessRegion()
	}
	return nil
}

// suggest maps columns that were ignored when there was no field for them yet. known are the fields that there were; nil: those before any was kept.
func (i *importing) suggest(fields []ImportField, known []string) {
	isNew := func(id string) bool { return !slices.Contains(known, id) }
	if known == nil {
		isNew = func(id string) bool { return slices.Contains([]string{"source", "consents"}, id) }
	}
	taken := slices.Collect(maps.Values(i.setup.Mapping))
	var free []ImportColumn
	for _, c := range i.setup.Columns {
		if i.setup.Mapping[c.Name] == "" {
			free = append(free, c)
		}
	}
	for column, field := range guessMapping(fields, free) {
		if isNew(field) && !slices.Contains(taken, field) {
			i.setup.Mapping[column] = field
		}
	}
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

// signature is what files with the same columns have in common, also those of errors, which have one more.
func (i *importing) signature() string {
	names := make([]string, 0, len(i.setup.Columns))
	for _, c := range i.setup.Columns {
		if !isReason(c.Name) {
			names = append(names, record.Fold(c.Name))
		}
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
