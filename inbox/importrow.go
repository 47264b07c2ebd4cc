package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// Why a cell or a row was not taken.
const (
	badRow      = "bad_row"
	badPhone    = "bad_phone"
	badEmail    = "bad_email"
	badDate     = "bad_date"
	badNumber   = "bad_number"
	badChoice   = "bad_choice"
	badYesNo    = "bad_yes_no"
	badLink     = "bad_link"
	badKind     = "bad_kind"
	badAgent    = "bad_agent"
	badCustomer = "bad_customer"
	tooLong     = "too_long"
	needed      = "needed"
	refused     = "refused"
)

// rowReader makes of a file's rows what they say.
type rowReader struct {
	of      string
	csv     bool
	name    string // of the file
	columns []string
	fields  []string // of each column; "": ignored
	options ImportOptions
	zone    *time.Location
	rules   *record.LogRules
	by      record.Actor
	set     *Settings

	kinds, tiers, stages, users wordTable
	attributes                  map[string]*record.Attribute
	attributeOptions            map[string]wordTable
	kindFields                  map[string]*record.KindField
	mask                        func(parts ...*string)
}

func (h *Hub) newRowReader(i *importing) (*rowReader, error) {
	zone, err := time.LoadLocation(i.setup.Options.Zone)
	if err != nil {
		return nil, err
	}
	set := h.Settings()
	r := &rowReader{of: i.Of, csv: i.setup.Format.Kind == sheet.CSV, name: i.Name, columns: i.names(), options: i.setup.Options, zone: zone, rules: h.LogRules(),
		by: record.Actor{Kind: "system", ID: "import"}, set: set, kinds: wordTable{}, tiers: wordTable{}, users: wordTable{}, stages: optionTable(set.Record.Stages),
		attributes: map[string]*record.Attribute{}, attributeOptions: map[string]wordTable{}, kindFields: map[string]*record.KindField{},
		mask: func(parts ...*string) { h.masking().text(parts...) }}
	r.rules.Region = i.setup.Options.Region
	for _, c := range r.columns {
		r.fields = append(r.fields, i.setup.Mapping[c])
	}
	for _, k := range set.Kinds {
		r.kinds.add(k.ID, k.Name.EN, k.Name.FA)
		for at := range k.Fields {
			if f := &k.Fields[at]; r.kindFields[f.ID] == nil {
				r.kindFields[f.ID] = f
			}
		}
	}
	for _, t := range set.Routing.Tiers {
		r.tiers.add(t)
	}
	for _, u := range set.Users {
		r.users.add(u.ID, u.Email)
	}
	for _, u := range set.Users { // a name that two have is of neither; addresses go first
		if at, ok := r.users.find(u.Name); ok && at != u.ID {
			continue
		}
		r.users.add(u.ID, u.Name)
	}
	for at := range set.Attributes {
		if a := &set.Attributes[at]; a.Of == record.OfCustomer {
			r.attributes[record.FieldOf(a.ID)] = a
			r.attributeOptions[a.ID] = optionTable(a.Options)
		}
	}
	return r, nil
}

// cells is a row on its way to what it says.
type cells struct {
	r       *rowReader
	reasons []record.CellReason
}

func (c *cells) fail(column int, code, value, message string) {
	name := ""
	if column >= 0 {
		name = c.r.columns[column]
	}
	c.reasons = append(c.reasons, record.CellReason{Column: name, Code: code, Value: cleanLine(value, 200), Message: message})
}

// column is where a field is mapped from; -1: nowhere.
func (r *rowReader) column(field string) int { return slices.Index(r.fields, field) }

// value is a cell without what surrounds it.
func (r *rowReader) value(row *sheet.Row, at int) string {
	s := sheet.Clean(row.Fields[at])
	if r.csv {
		s = sheet.Unguard(s)
	}
	return s
}

// unread is the reason of a row that could not be read at all.
func (r *rowReader) unread(row *sheet.Row) []record.CellReason {
	if row.Err == "" {
		return nil
	}
	return []record.CellReason{{Code: badRow, Message: row.Err}}
}

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
		text := func(most int) string {
			if utf8.RuneCountInString(s) > most {
				c.fail(at, tooLong, s, "It is longer than "+strconv.Itoa(most)+" characters.")
			}
			return cleanLine(s, 4*most)
		}
		choice := func(t wordTable, what string) string {
			id, ok := t.find(s)
			if !ok {
				c.fail(at, badChoice, s, "There is no such "+what+".")
			}
			return id
		}
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
			out.Tier = choice(r.tiers, "tier")
		case f == "tags":
			for _, tag := range sheet.List(s) {
				if tag = cleanLine(tag, 240); utf8.RuneCountInString(tag) > 60 {
					c.fail(at, tooLong, tag, "A tag is longer than 60 characters.")
				} else if !slices.Contains(out.Tags, tag) {
					out.Tags = append(out.Tags, tag)
				}
			}
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
		case f == "country":
			if id, ok := countryWords().find(s); ok {
				place.Country = id
			} else if place.Country = strings.ToUpper(s); len(s) != 2 || !channels.Region(place.Country) {
				c.fail(at, badChoice, s, "A country is written with two letters, as in IR.")
			}
		case f == "city":
			place.City = text(120)
		case f == "address":
			if place.Address = cleanText(s, 4000); utf8.RuneCountInString(s) > 500 {
				c.fail(at, tooLong, s, "It is longer than 500 characters.")
			}
		case f == "owner":
			out.Fields[record.FieldOwner] = quoted(choice(r.users, "colleague"))
		case f == "stage":
			out.Fields[record.FieldStage] = quoted(choice(r.stages, "stage"))
		case f == "organisation":
			out.Organisation = text(200)
		case f == "role":
			out.Role = text(200)
		case r.attributes[f] != nil:
			if v := c.attribute(at, r.attributes[f], s); v != nil {
				out.Fields[f] = v
			}
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
		out.ID = record.RowCustomer(row.Fields)
	}
	return out, c.reasons
}

// several are the addresses of one cell: two telephone numbers are often written together; of other channels each has a line.
func (r *rowReader) several(field, s string) []string {
	if field == "external" || strings.HasPrefix(field, fieldIdentity) {
		return strings.Split(s, "\n")
	}
	if field != "phone" && field != "email" || !strings.ContainsAny(s, ",;|،؛/\n") {
		return []string{s}
	}
	list := sheet.List(s)
	if field == "phone" && len(list) == 1 && strings.Contains(s, "/") {
		list = sheet.List(strings.ReplaceAll(s, "/", ","))
	}
	return list
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

// address reads a cell of an address's column.
func (c *cells) address(at int, field, s string) (channel, address string, ok bool) {
	channel, other := strings.CutPrefix(field, fieldIdentity)
	if !other {
		channel = field
	}
	switch channel {
	case "phone", "sms":
		n, err := sheet.Phone(s, c.r.options.Region)
		if err != nil {
			c.fail(at, badPhone, s, "It is no telephone number.")
			return "", "", false
		}
		return "phone", n, true
	case "email":
		m, err := sheet.Email(s)
		if err != nil {
			c.fail(at, badEmail, s, "It is no email address.")
			return "", "", false
		}
		return "email", m, true
	}
	return channel, cleanLine(s, 1000), true
}

// attribute reads a value of the firm's own field.
func (c *cells) attribute(at int, a *record.Attribute, s string) json.RawMessage {
	v, ok := c.typed(at, a.Type, c.r.attributeOptions[a.ID], s)
	if !ok {
		return nil
	}
	out, err := a.Check(v)
	if err != nil {
		code := badChoice
		switch a.Type {
		case record.TypeLink:
			code = badLink
		case record.TypeNumber, record.TypeMoney:
			code = badNumber
		case record.TypeText:
			code = tooLong
		}
		c.fail(at, code, s, sentence(err))
	}
	return out
}

// typed reads a value of a type as JSON.
func (c *cells) typed(at int, typ string, options wordTable, s string) (json.RawMessage, bool) {
	switch typ {
	case record.TypeNumber:
		n, err := sheet.Number(s)
		if err != nil {
			c.fail(at, badNumber, s, "It is no number.")
			return nil, false
		}
		return json.RawMessage(n), true
	case record.TypeMoney:
		if strings.HasPrefix(s, "{") {
			return json.RawMessage(s), true
		}
		amount, unit := s, c.r.options.Currency
		if head, tail, ok := cutLastSpace(s); ok && len(tail) == 3 && strings.ToUpper(tail) == tail && strings.Trim(tail, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			amount, unit = head, tail
		}
		n, err := sheet.Number(amount)
		if err != nil {
			c.fail(at, badNumber, s, "It is no amount.")
			return nil, false
		}
		v, _ := json.Marshal(map[string]any{"amount": json.RawMessage(n), "currency": unit})
		return v, true
	case record.TypeDate:
		t, _, err := sheet.Time(s, c.r.zone, c.r.options.Dates)
		if err != nil {
			c.fail(at, badDate, s, "It is no date that can be read.")
			return nil, false
		}
		return quoted(t.In(c.r.zone).Format(time.DateOnly)), true
	case record.TypeYesNo:
		b, err := sheet.Bool(s)
		if err != nil {
			c.fail(at, badYesNo, s, "It is neither yes nor no.")
			return nil, false
		}
		return json.RawMessage(strconv.FormatBool(b)), true
	case record.TypeChoice:
		id, ok := options.find(s)
		if !ok {
			c.fail(at, badChoice, s, "It is none of the options.")
			return nil, false
		}
		return quoted(id), true
	case record.TypeChoices:
		var list []string
		for _, one := range sheet.List(s) {
			id, ok := options.find(one)
			if !ok {
				c.fail(at, badChoice, one, "It is none of the options.")
				return nil, false
			}
			list = append(list, id)
		}
		v, _ := json.Marshal(list)
		return v, true
	}
	return quoted(s), true
}

func cutLastSpace(s string) (head, tail string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// sentence is an error of a field for people.
func sentence(err error) string {
	var f *channels.FieldError
	if !errors.As(err, &f) || f.Reason == "" {
		return "It cannot be taken."
	}
	return strings.ToUpper(f.Reason[:1]) + f.Reason[1:] + "."
}

// touch reads a row of a file of touches.
func (r *rowReader) touch(row *sheet.Row) (t *record.Touch, whose *record.Identity, reasons []record.CellReason) {
	if reasons = r.unread(row); reasons != nil {
		return nil, nil, reasons
	}
	c := &cells{r: r}
	e := record.Entry{Source: r.options.Source, Kind: r.options.Kind, Inbound: r.options.Inbound, Data: record.Data{Currency: r.options.Currency}}
	hash := sha256.New()
	var item record.Item
	var when, clock string
	whenAt := -1
	addressChannel := ""
	if at := r.column("address_channel"); at >= 0 {
		addressChannel = strings.ToLower(r.value(row, at))
	}
	columns := map[string]int{} // part of the entry, as LogRules calls it → column
	for at, f := range r.fields {
		s := r.value(row, at)
		hash.Write([]byte(s))
		hash.Write([]byte{0})
		if f == "" || s == "" {
			continue
		}
		number := func() record.Amount {
			n, err := sheet.Number(s)
			var a record.Amount
			if err == nil {
				a, err = record.ParseAmount(n)
			}
			if err != nil {
				c.fail(at, badNumber, s, "It is no number, or one with more than four digits behind the point.")
			}
			return a
		}
		line := cleanLine(s, 4000)
		switch f {
		case "phone", "email", "external", "address", "customer":
			if f == "address" {
				if addressChannel == "" {
					continue
				}
				f = fieldIdentity + addressChannel
			}
			if e.Customer.ID == "" && e.Customer.Address == "" {
				columns["customer"] = at
				if f == "customer" {
					e.Customer.ID = line
				} else if channel, address, ok := c.address(at, f, r.firstOf(f, s)); ok {
					e.Customer.Channel, e.Customer.Address = channel, address
				}
			}
		case "name":
			e.Customer.Name = line
			columns["customer.name"] = at
		case "id":
			e.ID = line
		case "kind":
			if id, ok := r.kinds.find(s); ok {
				e.Kind = id
			} else {
				c.fail(at, badKind, s, "There is no such kind of touches.")
			}
		case "at":
			when, whenAt = s, at
		case "time":
			clock = s
		case "channel":
			e.Channel = strings.ToLower(line)
		case "inbound":
			switch strings.ToLower(s) {
			case "in", "inbound", "incoming", "ورودی":
				s = "yes"
			case "out", "outbound", "outgoing", "خروجی":
				s = "no"
			}
			b, err := sheet.Bool(s)
			if err != nil {
				c.fail(at, badYesNo, s, "It is neither yes nor no.")
			}
			e.Inbound = &b
		case "agent":
			id, ok := r.users.find(s)
			if !ok {
				c.fail(at, badAgent, s, "There is no such colleague.")
			}
			e.Agent = id
		case "subject":
			e.Subject = line
		case "text":
			e.Text = cleanText(s, channels.MaxText)
		case "amount":
			e.Data.Amount = number()
		case "currency":
			e.Data.Currency = strings.ToUpper(line)
			if w := wordOf(s); w == wordOf("تومان") || w == "toman" {
				e.Data.Currency = "IRT"
			} else if w == wordOf("ریال") || w == "rial" {
				e.Data.Currency = "IRR"
			}
		case "cost":
			e.Data.Cost = number()
		case "order":
			e.Data.Order = line
		case "items":
			if err := json.Unmarshal([]byte(s), &e.Data.Items); err != nil {
				c.fail(at, badChoice, s, "It is no JSON list of lines.")
			}
		case "product":
			item.Product = line
		case "product_name":
			item.Name = line
		case "quantity":
			item.Quantity = number()
		case "seconds":
			n, ok := duration(s)
			if !ok {
				c.fail(at, badNumber, s, "It is no duration: seconds, or like 2:30.")
			}
			e.Data.Seconds = n
		case "outcome":
			e.Data.Outcome = line
		case "place":
			e.Data.Place = line
		case "programme":
			e.Data.Programme = line
		case "step":
			e.Data.Step = strings.ToLower(line)
		default:
			if strings.HasPrefix(f, fieldIdentity) {
				if channel, address, ok := c.address(at, f, s); ok && e.Customer.ID == "" && e.Customer.Address == "" {
					columns["customer"] = at
					e.Customer.Channel, e.Customer.Address = channel, address
				}
			} else if k := r.kindFields[strings.TrimPrefix(f, "fields.")]; k != nil {
				if v, ok := c.typed(at, k.Type, optionTable(k.Options), s); ok {
					if e.Data.Fields == nil {
						e.Data.Fields = map[string]any{}
					}
					e.Data.Fields[k.ID] = v
				}
			}
		}
	}
	if when == "" && r.column("at") >= 0 {
		c.fail(r.column("at"), needed, "", "It is needed.")
	} else if when != "" {
		at, day, err := sheet.Time(when, r.zone, r.options.Dates)
		if err == nil && day && clock != "" {
			at, _, err = sheet.Time(at.In(r.zone).Format(time.DateOnly)+" "+clock, r.zone, sheet.DatesGregorian)
		}
		if err != nil {
			c.fail(whenAt, badDate, strings.TrimSpace(when+" "+clock), "It is no date that can be read.")
		}
		e.At = record.Moment(record.At(at))
	}
	if item.Product != "" || item.Name != "" {
		item.Amount = e.Data.Amount
		e.Data.Items = append(e.Data.Items, item)
	}
	if e.ID == "" {
		e.ID = "row-" + hex.EncodeToString(hash.Sum(nil)[:16])
	}
	if len(c.reasons) > 0 {
		return nil, nil, c.reasons
	}
	r.tidy(&e)
	r.mask(&e.Subject, &e.Text)
	t, whose, err := r.rules.Touch(e, r.by)
	if err != nil {
		var f *channels.FieldError
		if !errors.As(err, &f) {
			c.fail(-1, refused, "", "It cannot be taken.")
			return nil, nil, c.reasons
		}
		at, code := r.blame(f.Field, columns)
		c.fail(at, code, "", sentence(err))
		return nil, nil, c.reasons
	}
	return t, whose, nil
}

// tidy leaves out what a file says for all rows and a row of its kind does not have.
func (r *rowReader) tidy(e *record.Entry) {
	at := slices.IndexFunc(r.rules.Kinds, func(k record.Kind) bool { return k.ID == e.Kind })
	if at < 0 {
		return
	}
	k := &r.rules.Kinds[at]
	if e.Data.Amount == 0 && e.Data.Cost == 0 && len(e.Data.Items) == 0 || !slices.Contains(k.Parts, "currency") {
		if r.column("currency") < 0 || !slices.Contains(k.Parts, "currency") {
			e.Data.Currency = ""
		}
	}
	if k.Own() {
		for id := range e.Data.Fields {
			if !slices.ContainsFunc(k.Fields, func(f record.KindField) bool { return f.ID == id }) {
				delete(e.Data.Fields, id)
			}
		}
	} else {
		e.Data.Fields = nil
	}
}

// firstOf is the first of several addresses in one cell.
func (r *rowReader) firstOf(field, s string) string {
	if list := r.several(field, s); len(list) > 0 {
		return list[0]
	}
	return s
}

// blame finds the column of a part of an entry that is refused, and a code for why.
func (r *rowReader) blame(part string, columns map[string]int) (at int, code string) {
	if at, ok := columns[part]; ok {
		return at, refused
	}
	head, _, _ := strings.Cut(part, ".")
	if at, ok := columns[head]; ok && head == "customer" {
		return at, badCustomer
	}
	name := strings.TrimPrefix(part, "data.")
	code = refused
	switch name {
	case "kind":
		code = badKind
	case "customer":
		code = needed
	case "at":
		code = badDate
	}
	return r.column(name), code
}

// duration reads seconds, or minutes and hours with colons.
func duration(s string) (int, bool) {
	s = sheet.Digits(s)
	if !strings.Contains(s, ":") {
		n, err := sheet.Number(s)
		if err != nil {
			return 0, false
		}
		f, err := strconv.ParseFloat(n, 64)
		return int(f + 0.5), err == nil && f >= 0 && f < 1e9
	}
	total := 0
	for _, part := range strings.Split(s, ":") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || n > 1e6 {
			return 0, false
		}
		total = total*60 + n
	}
	return total, true
}
