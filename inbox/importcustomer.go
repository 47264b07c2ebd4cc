package inbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// customer reads a row of a file of customers.
func (r *rowReader) customer(row *sheet.Row) (out record.ImportedCustomer, reasons []record.CellReason) {
	if reasons = r.unread(row); reasons != nil {
		return out, reasons
	}
	c := &cells{r: r}
	out = record.ImportedCustomer{Fields: map[string]json.RawMessage{}, Evidence: r.name + ", " + strconv.Itoa(row.Number)}
	var place record.Place
	var first, last string
	for at, f := range r.fields {
		s := r.value(row, at)
		if f == "" || s == "" {
			continue
		}
		text := func(most int) string { return c.text(at, s, most) }
		choice := func(t wordTable, otherwise string) string { return c.choice(at, s, t, otherwise) }
		switch {
		case f == "name":
			out.Name = text(200)
		case f == "first_name":
			first = text(100)
		case f == "last_name":
			last = text(100)
		case f == "phone" || f == "email" || f == "external" || strings.HasPrefix(f, fieldIdentity):
			for _, one := range r.several(f, s) {
				c.identity(at, f, one, &out)
			}
		case f == "tier":
			out.Tier = choice(r.tiers, "There is no such tier.")
		case f == "languages":
			var list []string
			for _, l := range sheet.List(s) {
				id, ok := languageWords().find(l)
				if !ok {
					tag, err := language.Parse(l)
					if err != nil {
						c.fail(at, badChoice, l, "There is no such language; write it as in fa or en-GB.")
						continue
					}
					id = tag.String()
				}
				if !slices.Contains(list, id) {
					list = append(list, id)
				}
			}
			out.Fields[record.FieldLanguages], _ = json.Marshal(list)
		case f == "time_zone":
			if z, err := time.LoadLocation(s); err != nil || z.String() == "Local" {
				c.fail(at, badChoice, s, "There is no such time zone; write it as in Asia/Tehran.")
			}
			out.Fields[record.FieldTimeZone] = quoted(s)
		case f == "stage":
			out.Fields[record.FieldStage] = quoted(choice(r.stages, "There is no such stage."))
		case f == "organisation":
			out.Organisation = text(200)
		case f == "role":
			out.Role = text(200)
		default:
			c.common(at, f, s, out.Fields, &place, &out.Tags)
		}
	}
	if out.Name == "" {
		out.Name = strings.TrimSpace(first + " " + last)
	}
	if place != (record.Place{}) {
		out.Fields[record.FieldPlace], _ = json.Marshal(place)
	}
	for at := range out.Identities {
		out.Identities[at].Name = out.Name
	}
	if len(out.Identities) == 0 && out.Name == "" && len(c.reasons) == 0 {
		c.fail(-1, needed, "", "A name or an address is needed.")
	}
	if len(out.Identities) == 0 {
		out.ID = c.r.rules.RowCustomer(row.Fields)
	}
	return out, c.reasons
}

func (c *cells) identity(at int, field, s string, out *record.ImportedCustomer) {
	channel, address, ok := c.address(at, field, s)
	if !ok {
		return
	}
	i, err := c.r.rules.CustomerIdentity(channel, address, "")
	if err != nil {
		c.fail(at, badCustomer, s, sentence(err))
		return
	}
	if !slices.ContainsFunc(out.Identities, func(o record.Identity) bool { return o.ID == i.ID }) {
		out.Identities = append(out.Identities, i)
	}
}

// common reads what customers and organisations have both.
func (c *cells) common(at int, field, s string, fields map[string]json.RawMessage, place *record.Place, tags *[]string) {
	switch field {
	case "tags":
		for _, tag := range sheet.List(s) {
			if tag = cleanLine(tag, 240); utf8.RuneCountInString(tag) > 60 {
				c.fail(at, tooLong, tag, "A tag is longer than 60 characters.")
			} else if !slices.Contains(*tags, tag) {
				*tags = append(*tags, tag)
			}
		}
	case "country":
		if id, ok := countryWords().find(s); ok {
			place.Country = id
		} else if place.Country = strings.ToUpper(s); len(s) != 2 || !channels.Region(place.Country) {
			c.fail(at, badChoice, s, "A country is written with two letters, as in IR.")
		}
	case "city":
		place.City = c.text(at, s, 120)
	case "address":
		if place.Address = cleanText(s, 4000); utf8.RuneCountInString(s) > 500 {
			c.fail(at, tooLong, s, "It is longer than 500 characters.")
		}
	case "owner":
		fields[record.FieldOwner] = quoted(c.choice(at, s, c.r.users, "There is no such colleague."))
	default:
		if a := c.r.attributes[field]; a != nil {
			if v := c.attribute(at, a, s); v != nil {
				fields[field] = v
			}
		}
	}
}
