package inbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

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
	var first, last, roles string
	rolesAt := -1
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
			for _, name := range strings.Split(s, "\n") {
				if name = c.text(at, name, 200); name != "" {
					out.Members = append(out.Members, record.Membership{Name: name})
				}
			}
		case f == "role":
			roles, rolesAt = s, at
		case f == "consents":
			out.Consents = c.consents(at, s)
		case f == "id":
			if out.ID = s; !record.IsCustomerID(s) {
				c.fail(at, badCustomer, s, "It is no customer's id of a hub.")
			}
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
	c.roles(rolesAt, roles, out.Members)
	for at := range out.Identities {
		out.Identities[at].Name = out.Name
	}
	if len(out.Identities) == 0 && out.Name == "" && out.ID == "" && len(c.reasons) == 0 {
		c.fail(-1, needed, "", "A name or an address is needed.")
	}
	if len(out.Identities) == 0 && out.ID == "" {
		out.ID = c.r.rules.RowCustomer(r.own(row))
	}
	return out, c.reasons
}

// roles gives organisations their roles: of one it is the whole cell, of several a line each, or a JSON list where some have none.
func (c *cells) roles(at int, s string, of []record.Membership) {
	if s == "" || len(of) == 0 {
		return
	}
	list := []string{s}
	if len(of) > 1 {
		if json.Unmarshal([]byte(s), &list) != nil {
			list = strings.Split(s, "\n")
		}
		if len(list) != len(of) {
			c.fail(at, badChoice, s, "The row has not as many roles as organisations.")
			return
		}
	}
	for i := range of {
		of[i].Role = c.text(at, list[i], 200)
	}
}

// consents reads what a customer has said, as an export writes it.
func (c *cells) consents(at int, s string) []record.Consent {
	var list []record.Consent
	if json.Unmarshal([]byte(s), &list) != nil {
		c.fail(at, badChoice, s, "It is no JSON list of consents.")
	}
	for i := range list {
		said := &list[i]
		if !record.IsChannel(said.Channel) {
			c.fail(at, badChoice, said.Channel, "There is no such channel.")
		}
		if said.Purpose != "" && !slices.ContainsFunc(c.r.set.Record.Purposes, func(o record.Option) bool { return o.ID == said.Purpose }) {
			c.fail(at, badChoice, said.Purpose, "There is no such purpose.")
		}
		if said.State != record.ConsentGiven && said.State != record.ConsentRefused {
			c.fail(at, badChoice, said.State, "Consent is given or refused.")
		}
		if said.At <= 0 || said.At > c.r.now+tomorrow {
			c.fail(at, badDate, "", "When it was said is needed, and it is not in the future.")
		}
		said.Evidence = cleanText(said.Evidence, 2000)
	}
	return list
}

const tomorrow = record.Millis(24 * time.Hour / time.Millisecond) // clocks differ

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
		} else if place.Country = strings.ToUpper(s); !record.IsCountry(place.Country) {
			c.fail(at, badChoice, s, "There is no such country; write its two letters, as in IR.")
		}
	case "city":
		place.City = c.text(at, s, 120)
	case "address":
		if place.Address = cleanText(s, 4000); utf8.RuneCountInString(s) > 500 {
			c.fail(at, tooLong, s, "It is longer than 500 characters.")
		}
	case "owner":
		if id, ok := c.r.users.find(s); ok { // see warnings
			fields[record.FieldOwner] = quoted(id)
		}
	default:
		if a := c.r.attributes[field]; a != nil {
			if v := c.attribute(at, a, s); v != nil {
				fields[field] = v
			}
		}
	}
}
