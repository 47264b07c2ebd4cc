package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

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
	own := map[string]int{}     // field of a kind of the firm's own → column
	columns := map[string]int{} // part of the entry, as LogRules calls it → column
	for at, f := range r.fields {
		s := r.value(row, at)
		if !isReason(r.columns[at]) { // a row that was corrected in a file of errors is the same as one corrected where it came from
			hash.Write([]byte(s))
			hash.Write([]byte{0})
		}
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
				if addressChannel == record.OwnChannel { // an export's touch of somebody without an address
					f = "customer"
				}
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
		case "source":
			e.Source = line
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
			e.Agent, _ = r.users.find(s) // see warnings
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
			} else if id, ok := strings.CutPrefix(f, "fields."); ok {
				own[id] = at // read when the row's kind is known
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(own)) {
		at := own[id]
		if k := r.kindFields[[2]string{e.Kind, id}]; k != nil {
			if v, ok := c.typed(at, k.Type, optionTable(k.Options), r.value(row, at)); ok {
				if e.Data.Fields == nil {
					e.Data.Fields = map[string]any{}
				}
				e.Data.Fields[id] = v
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
	t, whose, err := r.rules.Touch(e, r.by)
	if err == nil {
		err = r.mask(t)
	}
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

// notLogged are kinds of touches that an export has, and that only come about by writing to each other.
var notLogged = []string{record.KindMessage, record.KindEdit, record.KindDeletion, record.KindRating, record.KindWhisper, record.KindDraft, record.KindReview,
	record.KindVerdict, record.KindFlag, record.KindAnswer}

// message tells a row of a file of touches that is a message, or belongs to one: no import takes it, and it is no mistake.
func (r *rowReader) message(row *sheet.Row) bool {
	at := r.column("kind")
	return r.of == record.ImportTouches && at >= 0 && row.Err == "" && slices.Contains(notLogged, r.value(row, at))
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
