package inbox

import (
	"context"
	"encoding/json"
	"strings"

	"tamas/inbox/record"
)

// PreviewRow is a row of a file as it would become.
type PreviewRow struct {
	Row      int                 `json:"row"`
	Fields   []string            `json:"fields"`
	Becomes  any                 `json:"becomes,omitempty"`
	Status   string              `json:"status"` // made, updated, known, bad; message: left out
	Errors   []record.CellReason `json:"errors"`
	Warnings []record.CellReason `json:"warnings,omitempty"` // what it is taken without
}

// PreviewImport reads the first rows of a file as an import would, and says in a language what is wrong with them.
func (h *Hub) PreviewImport(ctx context.Context, id, locale string, most int) ([]PreviewRow, error) {
	i, err := h.importByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if i.Blob == "" {
		return nil, refuse("conflict", "The file is gone; send it again.")
	}
	r, err := h.newRowReader(i)
	if err != nil {
		return nil, err
	}
	in, err := h.readRows(i)
	if err != nil {
		return nil, err
	}
	defer in.close()
	s, _, err := in.step(ctx, h, r, most)
	if err != nil {
		return nil, err
	}
	out := map[int]PreviewRow{}
	for _, e := range s.errors {
		sayReasons(locale, e.Reasons)
		out[e.Row] = PreviewRow{Row: e.Row, Fields: e.Fields, Status: "bad", Errors: e.Reasons}
	}
	for _, row := range s.messages {
		out[row.Number] = PreviewRow{Row: row.Number, Fields: row.Fields, Status: "message", Errors: []record.CellReason{}}
	}
	switch i.Of {
	case record.ImportCustomers:
		what, err := h.db.TryCustomers(ctx, h.customersChunk(i, s))
		if err != nil {
			return nil, err
		}
		for n, c := range s.customers {
			row := s.people[n]
			out[row.Number] = PreviewRow{Row: row.Number, Fields: row.Fields, Status: what[n], Errors: []record.CellReason{}, Becomes: customerPreview(&c)}
		}
	case record.ImportOrganisations:
		what, err := h.db.TryOrganisations(ctx, h.organisationsChunk(i, s))
		if err != nil {
			return nil, err
		}
		for n, o := range s.firms {
			row := s.people[n]
			out[row.Number] = PreviewRow{Row: row.Number, Fields: row.Fields, Status: what[n], Errors: []record.CellReason{},
				Becomes: customerPreview(&record.ImportedCustomer{Name: o.Name, Fields: o.Fields, Tags: o.Tags})}
		}
	default:
		known, err := h.loggedBefore(ctx, s.touches)
		if err != nil {
			return nil, err
		}
		for n := range s.touches {
			t, row := &s.touches[n], s.raw[n]
			p := PreviewRow{Row: row.Number, Fields: row.Fields, Status: "made", Errors: []record.CellReason{}, Becomes: touchPreview(t)}
			if known[onceOf(t)] {
				p.Status = "known"
			}
			out[row.Number] = p
		}
	}
	for n, list := range s.warned {
		if p, ok := out[n]; ok {
			sayReasons(locale, list)
			p.Warnings = list
			out[n] = p
		}
	}
	list := []PreviewRow{}
	for n := 0; len(list) < len(out); n++ {
		if p, ok := out[n]; ok {
			list = append(list, p)
		}
	}
	return list, nil
}

func customerPreview(c *record.ImportedCustomer) any {
	type address struct {
		Channel string `json:"channel"`
		Address string `json:"address"`
	}
	out := map[string]any{}
	list := []address{}
	for _, i := range c.Identities {
		list = append(list, address{i.Channel, i.Address})
	}
	if len(list) > 0 {
		out["identities"] = list
	}
	attributes := map[string]json.RawMessage{}
	for f, v := range c.Fields {
		if id, ok := cutAttribute(f); ok {
			attributes[id] = v
		} else {
			out[f] = v
		}
	}
	if len(attributes) > 0 {
		out["attributes"] = attributes
	}
	for name, s := range map[string]string{"name": c.Name, "tier": c.Tier, "organisation": listed(c.Members, func(m record.Membership) string { return m.Name }),
		"role": listed(c.Members, func(m record.Membership) string { return m.Role }), "consents": listed(c.Consents, func(s record.Consent) string { return s.State })} {
		if s != "" {
			out[name] = s
		}
	}
	if len(c.Tags) > 0 {
		out["tags"] = c.Tags
	}
	return out
}

// listed are texts of a list in one line, without the empty ones.
func listed[T any](list []T, text func(T) string) string {
	var out []string
	for _, x := range list {
		if s := text(x); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func cutAttribute(field string) (string, bool) {
	prefix := record.FieldOf("")
	if len(field) > len(prefix) && field[:len(prefix)] == prefix {
		return field[len(prefix):], true
	}
	return "", false
}

func touchPreview(t *record.Imported) any {
	out := map[string]any{"id": t.Key, "kind": t.Kind, "at": t.At, "inbound": t.Inbound, "channel": t.Channel,
		"customer": map[string]string{"channel": t.Identity.Channel, "address": t.Identity.Address, "name": t.Identity.Name}}
	if t.Author.Kind == "agent" {
		out["agent"] = t.Author.ID
	}
	if t.Subject != "" {
		out["subject"] = t.Subject
	}
	if t.Text != "" {
		out["text"] = t.Text
	}
	if t.Data != "" {
		out["data"] = json.RawMessage(t.Data)
	}
	return out
}
