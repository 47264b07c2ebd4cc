package inbox

import (
	"context"
	"encoding/json"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// organisation reads a row of a file of organisations.
func (r *rowReader) organisation(row *sheet.Row) (out record.ImportedOrganisation, reasons []record.CellReason) {
	if reasons = r.unread(row); reasons != nil {
		return out, reasons
	}
	c := &cells{r: r}
	out.Fields = map[string]json.RawMessage{}
	var place record.Place
	for at, f := range r.fields {
		s := r.value(row, at)
		switch {
		case f == "" || s == "":
		case f == "id":
			out.ID = cleanLine(s, 64)
		case f == "name":
			out.Name = c.text(at, s, 200)
		default:
			c.common(at, f, s, out.Fields, &place, &out.Tags)
		}
	}
	if place != (record.Place{}) {
		out.Fields[record.FieldPlace], _ = json.Marshal(place)
	}
	if out.Name == "" && len(c.reasons) == 0 {
		c.fail(r.column("name"), needed, "", "An organisation's name is needed.")
	}
	return out, c.reasons
}

func (h *Hub) organisationsChunk(i *importing, s *step) record.OrganisationsChunk {
	return record.OrganisationsChunk{Import: i.ID, First: s.first, Last: s.last, Existing: i.setup.Options.Existing,
		By: record.Decided{At: h.Now(), By: i.By, Rules: h.FactRules()}, Rows: s.firms}
}

func (h *Hub) tryOrganisations(ctx context.Context, i *importing, s *step, seen seenSet, sums *record.ImportSums) error {
	what, err := h.db.TryOrganisations(ctx, h.organisationsChunk(i, s))
	if err != nil {
		return err
	}
	for n, o := range s.firms {
		again := seen.add("o" + record.Fold(o.Name))
		tally(sums, what[n], again)
	}
	return nil
}

// attributesOf says whose fields of the firm's own a file has.
func attributesOf(of string) string {
	if of == record.ImportOrganisations {
		return record.OfOrganisation
	}
	return record.OfCustomer
}
