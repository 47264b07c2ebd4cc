package record

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// What people say of customers and organisations stands in rows of their own (fields, tags, …), each with the customer that it was written for.
// A root shows its own value, else the oldest one of those who were merged into it; of lists (tags, languages, memberships, relations,
// consents, stages) what any of them has. An edit is of the root; what it takes out of a list goes from whoever has it.
//
// Where personal text of a person stands, for whoever exports or erases it: customers (name), identities (address, name), links (evidence),
// likenesses, suggestions (reasons), merges (reason), bodies, unreadable_events, touch_data; fields, field_history, tags, stages (why), consents (evidence),
// members (role), relations (text). seen and pins hold ids and times.

// Fields of a profile. Attributes are "attributes." and their id, in errors and histories alike.
const (
	FieldName      = "name"
	FieldTier      = "tier"
	FieldTags      = "tags"
	FieldLanguages = "languages"
	FieldTimeZone  = "time_zone"
	FieldPlace     = "place"
	FieldOwner     = "owner"
	FieldStage     = "stage"

	attributePrefix = "attributes."
)

// FieldOf names an attribute as a field.
func FieldOf(attribute string) string { return attributePrefix + attribute }

// with is a place with what another says of it: over what it says itself, or only where it says nothing and the two agree otherwise.
func (p Place) with(other Place, over bool) Place {
	agree, is := true, p
	for _, of := range []struct {
		is  *string
		say string
	}{{&is.Country, other.Country}, {&is.City, other.City}, {&is.Address, other.Address}} {
		if of.say != "" {
			agree = agree && (*of.is == "" || *of.is == of.say)
			*of.is = of.say
		}
	}
	if over || agree {
		return is
	}
	return p // the street of one city is none of another's
}

// IsCountry tells whether a text is a country's two capitals, as ISO 3166 has them today (and XK, which has telephone numbers).
func IsCountry(s string) bool {
	r, err := language.ParseRegion(s)
	return err == nil && len(s) == 2 && r.String() == s && r.IsCountry() && r.Canonicalize() == r && !slices.Contains(pastCountries, s)
}

// pastCountries are regions that ISO 3166 has withdrawn, or has set aside for something else.
var pastCountries = strings.Fields("AN CP CQ CS DG EA EZ FQ IC NT PC SU UN YU")

// Place is where somebody lives or is to be found.
type Place struct {
	Country string `json:"country,omitempty"` // ISO 3166, two letters
	City    string `json:"city,omitempty"`
	Address string `json:"address,omitempty"`
}

// value is what a customer's row shows of a field, as JSON; nil: nothing.
func (c *Customer) value(field string) json.RawMessage {
	of := func(v any, has bool) json.RawMessage {
		if !has {
			return nil
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(v) != nil {
			return nil
		}
		return bytes.TrimSpace(b.Bytes())
	}
	switch field {
	case FieldName:
		return of(c.Name, c.Name != "")
	case FieldTier:
		return of(c.Tier, c.Tier != "")
	case FieldTags:
		return of(c.Tags, len(c.Tags) > 0)
	case FieldLanguages:
		return of(c.Languages, len(c.Languages) > 0)
	case FieldTimeZone:
		return of(c.TimeZone, c.TimeZone != "")
	case FieldPlace:
		return of(c.Place, c.Place != nil)
	case FieldOwner:
		return of(c.Owner, c.Owner != "")
	case FieldStage:
		return of(c.Stage, c.Stage != "")
	}
	return c.Attributes[strings.TrimPrefix(field, attributePrefix)]
}

// say takes a value in; null is "none, whatever others have", nil is none. A value that is not what the field holds is left out.
func (c *Customer) say(field string, value json.RawMessage) {
	none := string(value) == "null"
	if none {
		value = nil
	}
	switch field {
	case FieldLanguages:
		c.Languages = said[[]string](value)
	case FieldTimeZone:
		c.TimeZone = said[string](value)
	case FieldPlace:
		c.Place = said[*Place](value)
	case FieldOwner:
		c.Owner = said[string](value)
	case FieldStage:
		c.Stage = said[string](value)
	default:
		id, ok := strings.CutPrefix(field, attributePrefix)
		switch {
		case !ok:
			return
		case value == nil:
			delete(c.Attributes, id)
		case c.Attributes == nil:
			c.Attributes = map[string]json.RawMessage{id: value}
		default:
			c.Attributes[id] = value
		}
	}
	if none {
		c.none = append(c.none, field)
	}
}

func said[T any](value json.RawMessage) (v T) {
	if value == nil || json.Unmarshal(value, &v) != nil {
		var none T
		return none
	}
	return v
}

// single fields: of a tree one value shows.
var singleFields = []string{FieldTimeZone, FieldPlace, FieldOwner, FieldStage}

// fill takes what is empty in a root from one who was merged into it; lists are joined.
func (c *Customer) fill(other *Customer) {
	if c.Name == "" {
		c.Name = other.Name
	}
	if c.Tier == "" {
		c.Tier = other.Tier
	}
	for _, f := range singleFields {
		if v := other.value(f); v != nil && c.value(f) == nil && !slices.Contains(c.none, f) {
			c.say(f, v)
		}
	}
	for id, v := range other.Attributes {
		if _, ok := c.Attributes[id]; !ok && !slices.Contains(c.none, FieldOf(id)) {
			c.say(FieldOf(id), v)
		}
	}
	c.Tags = joined(c.Tags, other.Tags)
	slices.Sort(c.Tags)
	c.Languages = joined(c.Languages, other.Languages)
	c.ConfirmedAt = max(c.ConfirmedAt, other.ConfirmedAt)
}

// joined is a list with what only the other has, at its end.
func joined(list, other []string) []string {
	list = slices.Clone(list)
	for _, s := range other {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// own is a copy that shares nothing with c.
func (c Customer) own() Customer {
	attributes := c.Attributes
	c.Tags, c.Languages, c.none, c.Attributes = slices.Clone(c.Tags), slices.Clone(c.Languages), slices.Clone(c.none), nil
	for id, v := range attributes {
		c.say(FieldOf(id), v)
	}
	return c
}

// fieldsOf are all fields that one of these has, the built-in ones first.
func fieldsOf(list ...Customer) []string {
	out := []string{FieldName, FieldTier, FieldTags, FieldLanguages, FieldTimeZone, FieldPlace, FieldOwner, FieldStage}
	built := len(out)
	for _, c := range list {
		for id := range c.Attributes {
			if f := FieldOf(id); !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	slices.Sort(out[built:])
	return out
}

// Differing names the fields, beside tier, stage and owner, in which two are not alike.
func Differing(a, b Customer) (list []string) {
	for _, f := range fieldsOf(a, b) {
		if f != FieldTier && f != FieldStage && f != FieldOwner && !bytes.Equal(a.value(f), b.value(f)) {
			list = append(list, f)
		}
	}
	return list
}

// profiles reads the tree that a customer is in with all that its rows say. ErrNotFound.
func profiles(ctx context.Context, q querier, id string) (tree, error) {
	t, err := treeOf(ctx, q, id)
	if err != nil {
		return t, err
	}
	at := map[string]*Customer{}
	for i := range t.list {
		at[t.list[i].ID] = &t.list[i]
	}
	rows, err := sayings(ctx, q, t.ids())
	for _, r := range rows {
		if c := at[r.subject]; r.field == "" {
			c.Tags = append(c.Tags, string(r.value))
		} else {
			c.say(r.field, r.value)
		}
	}
	for _, c := range at {
		slices.Sort(c.Tags)
	}
	return t, err
}

// saying is a row of fields, or, without a field, of tags.
type saying struct {
	subject, field string
	value          []byte
}

// sayings reads what is said of some.
func sayings(ctx context.Context, q querier, subjects []any) ([]saying, error) {
	in := "(" + placeholders(1, len(subjects)) + ")"
	return collect(ctx, q, func(rows *sql.Rows, r *saying) error { return rows.Scan(&r.subject, &r.field, &r.value) },
		"SELECT subject, field, value FROM fields WHERE subject IN "+in+" UNION ALL SELECT subject, '', tag FROM tags WHERE subject IN "+in, subjects...)
}

// sayField writes a field's value; null where none is said to be there, nil takes it away.
func sayField(run func(string, ...any), subject, field string, value json.RawMessage) {
	if value == nil {
		run("DELETE FROM fields WHERE subject = $1 AND field = $2", subject, field)
		return
	}
	run("INSERT INTO fields (subject, field, value) VALUES ($1, $2, $3) ON CONFLICT (subject, field) DO UPDATE SET value = excluded.value", subject, field, string(value))
}

// noteField keeps what a field was.
func noteField(run func(string, ...any), subject, field string, was, now json.RawMessage, by Decided) {
	text := func(v json.RawMessage) string {
		if v == nil {
			return "null"
		}
		return string(v)
	}
	run("INSERT INTO field_history (id, subject, field, was, value, happened_at, by_user) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		NewID("h"), subject, field, text(was), text(now), int64(by.At), by.By)
}
