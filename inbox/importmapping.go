package inbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// guessMapping maps columns by their names, and those that no name tells by what is in them. A field that takes one column gets the first that
// names it best.
func guessMapping(fields []ImportField, columns []ImportColumn) map[string]string {
	mapping, taken := map[string]string{}, map[string]bool{}
	words := map[string][]int{}
	for at, f := range fields {
		for _, w := range f.words {
			if w = wordOf(w); w != "" && !slices.Contains(words[w], at) {
				words[w] = append(words[w], at)
			}
		}
	}
	// What others call a source may be "Google Ads", and an id a row's number.
	own := map[string]func(string) bool{"source": isSource}
	if slices.ContainsFunc(fields, func(f ImportField) bool { return f.ID == "consents" }) {
		own["id"] = record.IsCustomerID
	}
	give := func(column *ImportColumn, at int) bool {
		f := &fields[at]
		if taken[f.ID] && !f.Many {
			return false
		}
		if is := own[f.ID]; is != nil && slices.ContainsFunc(column.Samples, func(s string) bool { return !is(s) }) {
			return false
		}
		mapping[column.Name], taken[f.ID] = f.ID, true
		return true
	}
	rank := func(at int, word string) int { // its own id first
		if wordOf(fields[at].ID) == word {
			return 0
		}
		return 1
	}
	for n := range columns {
		c := &columns[n]
		word := wordOf(c.Name)
		if isReason(c.Name) {
			continue
		}
		if rest, ok := strings.CutPrefix(strings.ToLower(c.Name), fieldIdentity); ok && rest != "" {
			mapping[c.Name] = fieldIdentity + rest
			continue
		}
		if i := strings.LastIndex(c.Name, " ("); i > 0 && words[word] == nil { // "phone (2)"
			word = wordOf(c.Name[:i])
		}
		list := slices.Clone(words[word])
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(rank(a, word), rank(b, word)) })
		for _, at := range list {
			if give(c, at) {
				break
			}
		}
	}
	if taken["last_name"] && !taken["first_name"] { // a "name" beside a family's name is the first one
		for column, id := range mapping {
			if id == "name" && (wordOf(column) == wordOf("name") || wordOf(column) == wordOf("نام")) {
				mapping[column] = "first_name"
			}
		}
	}
	for _, c := range columns {
		if mapping[c.Name] != "" || len(c.Samples) == 0 {
			continue
		}
		all := func(is func(string) bool) bool {
			return !slices.ContainsFunc(c.Samples, func(s string) bool { return !is(s) })
		}
		free := func(id string) bool { // an organisation has no addresses
			return !taken[id] && slices.ContainsFunc(fields, func(f ImportField) bool { return f.ID == id })
		}
		switch {
		case free("email") && all(func(s string) bool { _, err := sheet.Email(s); return err == nil }):
			mapping[c.Name], taken["email"] = "email", true
		case free("phone") && all(func(s string) bool {
			p, err := sheet.Phone(s, "IR")
			return err == nil && len(p) >= 11 && !strings.ContainsAny(s, "/:.")
		}):
			mapping[c.Name], taken["phone"] = "phone", true
		case free("at") && all(func(s string) bool {
			_, _, err := sheet.Time(s, time.UTC, "")
			return err == nil && strings.ContainsAny(s, "-/:")
		}):
			mapping[c.Name], taken["at"] = "at", true
		}
	}
	return mapping
}

// checkMapping refuses a mapping that rows could not be read by.
func (h *Hub) checkMapping(i *importing, mapping map[string]string) error {
	fields := h.ImportFields(i.Of)
	taken, whose, named := map[string]string{}, false, false
	for column, id := range mapping {
		if !slices.ContainsFunc(i.setup.Columns, func(c ImportColumn) bool { return c.Name == column }) {
			return invalid("mapping", "There is no column %q.", column)
		}
		at := slices.IndexFunc(fields, func(f ImportField) bool { return f.ID == id })
		channel, identity := strings.CutPrefix(id, fieldIdentity)
		switch {
		case identity:
			if _, err := h.LogRules().CustomerIdentity(channel, "x", ""); err != nil && channel != "phone" && channel != "sms" && channel != "email" {
				return invalid("mapping", "There is no channel %q.", channel)
			}
			whose = true
			continue
		case at < 0:
			return invalid("mapping", "There is no field %q.", id)
		}
		if other, ok := taken[id]; ok && !fields[at].Many {
			return invalid("mapping", "The columns %q and %q are mapped to the same field.", min(other, column), max(other, column))
		}
		taken[id] = column
		whose = whose || fields[at].Group == "identity" && id != "name" && id != "address_channel"
		named = named || id == "name" || id == "first_name" || id == "last_name"
	}
	switch {
	case i.Of == record.ImportCustomers && !whose && !named:
		return invalid("mapping", "Map a column to the name, the phone, the email or another address of the customers.")
	case i.Of == record.ImportOrganisations && !named:
		return invalid("mapping", "Map a column to the name of the organisations.")
	case i.Of == record.ImportTouches && !whose:
		return invalid("mapping", "Map a column that says whose touches they are: phone, email, another address or an id.")
	case i.Of == record.ImportTouches && taken["kind"] == "" && i.setup.Options.Kind == "":
		return invalid("mapping", "Map a column to the kind, or say of which kind all rows are.")
	}
	return nil
}
