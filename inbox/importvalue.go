package inbox

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
	"tamas/persian"
)

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

// firstOf is the first of several addresses in one cell.
func (r *rowReader) firstOf(field, s string) string {
	if list := r.several(field, s); len(list) > 0 {
		return list[0]
	}
	return s
}

// text is a cell of at most so many characters.
func (c *cells) text(at int, s string, most int) string {
	if utf8.RuneCountInString(s) > most {
		c.fail(at, tooLong, s, "It is longer than "+strconv.Itoa(most)+" characters.")
	}
	return cleanLine(s, 4*most)
}

// choice is the id that a cell names of a closed list; a sentence says what is wrong otherwise.
func (c *cells) choice(at int, s string, t wordTable, otherwise string) string {
	id, ok := t.find(s)
	if !ok {
		c.fail(at, badChoice, s, otherwise)
	}
	return id
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

// duration reads seconds, or minutes and hours with colons.
func duration(s string) (int, bool) {
	s = persian.LatinDigits(s)
	if !strings.Contains(s, ":") {
		n, err := sheet.Number(s)
		if err != nil {
			return 0, false
		}
		f, err := strconv.ParseFloat(n, 64)
		return int(f + 0.5), err == nil && f >= 0 && f < 1e9
	}
	parts, total := strings.Split(s, ":"), 0
	if len(parts) > 3 {
		return 0, false
	}
	for _, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || n > 1e6 {
			return 0, false
		}
		total = total*60 + n
	}
	return total, true
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s)
	return b
}
