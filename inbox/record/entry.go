package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/currency"

	"tamas/channels"
)

// Bounds of an entry.
const (
	maxEntryID   = 200 // characters, like the others but MaxText
	maxSubject   = 500
	maxLine      = 200
	maxItems     = 200
	maxDataBytes = 64 << 10
	maxSeconds   = 366 * 24 * 3600
)

// OwnChannel is the channel of the identity that a customer has of itself: what is logged of the customer, not of an address. Its address is
// the customer's id. It is no address to people.
const OwnChannel = "customer"

// LogRules are what entries are checked against.
type LogRules struct {
	Now    Millis
	Region string                                      // two letters: the country of phone numbers without one; "": none
	Kinds  []Kind                                      // AllKinds
	User   func(idOrEmail string) (id string, ok bool) // a colleague
	Record *DB                                         // whose ids addresses have
}

// SourceOf is the account of what a source logs.
func SourceOf(source string) string { return "@" + source }

var (
	sourceName  = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)
	channelName = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	stepName    = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)
)

// Touch makes of an entry the touch, without its id, and whose it is. An identity that is named by its id, or a customer, has only that: see
// Settle. by logs it. Its errors are *channels.FieldError with a sentence's part for people.
func (r *LogRules) Touch(e Entry, by Actor) (*Touch, *Identity, error) {
	e.ID, e.Subject, e.Text = line(e.ID), line(e.Subject), prose(e.Text)
	if e.Source == "" {
		e.Source = "api"
	}
	at := slices.IndexFunc(r.Kinds, func(k Kind) bool { return k.ID == e.Kind })
	switch {
	case e.ID == "":
		return nil, nil, wrong("id", "yours is needed, so that what is sent again is not logged again")
	case tooLong(e.ID, maxEntryID):
		return nil, nil, wrong("id", "it is longer than %d characters", maxEntryID)
	case !sourceName.MatchString(e.Source):
		return nil, nil, wrong("source", "at most 40 small letters, digits, - and _ are needed")
	case e.Kind == "":
		return nil, nil, wrong("kind", "it is needed")
	case at < 0:
		return nil, nil, wrong("kind", "there is no kind %q", cutRunes(e.Kind, 40))
	case r.Kinds[at].Archived:
		return nil, nil, wrong("kind", "this kind is archived and takes no more touches")
	case tooLong(e.Subject, maxSubject):
		return nil, nil, wrong("subject", "it is longer than %d characters", maxSubject)
	case len(e.Text) > channels.MaxText:
		return nil, nil, wrong("text", "it is longer than %d KB", channels.MaxText>>10)
	}
	kind := &r.Kinds[at]
	if err := r.checkTime(&e); err != nil {
		return nil, nil, err
	}
	whose, err := r.whose(&e.Customer)
	if err != nil {
		return nil, nil, err
	}
	if err := kind.check(&e); err != nil {
		return nil, nil, err
	}
	t := &Touch{Kind: e.Kind, Identity: whose.ID, Account: SourceOf(e.Source), Channel: e.Channel, Inbound: kind.Inbound, At: Millis(e.At),
		State: StateLogged, Rev: 1, Key: e.ID, Data: &e.Data}
	if e.Kind == KindProgramme {
		t.Inbound = slices.Contains(inboundSteps, e.Data.Step)
	}
	if e.Inbound != nil {
		t.Inbound = *e.Inbound
	}
	if t.Channel == "" {
		t.Channel = kind.channelOf(&e, whose)
	} else if !channelName.MatchString(t.Channel) {
		return nil, nil, wrong("channel", "at most 32 small letters, digits, - and _ are needed")
	}
	if e.Subject != "" || e.Text != "" {
		t.Body = &Body{Subject: e.Subject, Text: e.Text}
	}
	if e.Data.empty() {
		t.Data = nil
	}
	switch {
	case e.Agent != "":
		id, ok := r.User(strings.TrimSpace(e.Agent))
		if !ok {
			return nil, nil, wrong("agent", "there is no such colleague")
		}
		t.Author = Actor{Kind: "agent", ID: id}
	case kind.byUs && by.Kind == "agent":
		t.Author = by
	case t.Inbound:
		t.Author = Actor{Kind: "customer", ID: whose.ID}
	default:
		t.Author = Actor{Kind: "system", ID: t.Account}
	}
	return t, whose, nil
}

// checkTime: late is normal, and a clock may be wrong by a day.
func (r *LogRules) checkTime(e *Entry) error {
	if e.At == 0 {
		e.At = Moment(r.Now)
	}
	const day = 24 * 60 * 60_000
	switch at := Millis(e.At); {
	case at > r.Now+day:
		return wrong("at", "it is more than a day ahead")
	case at < At(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)):
		return wrong("at", "it is before 1900; a time is milliseconds since 1970 or like 2026-11-22T09:30:00+03:30")
	}
	return nil
}

// whose reads whose touch it is, addresses as the channels write them.
func (r *LogRules) whose(w *Who) (*Identity, error) {
	w.Name = line(w.Name)
	if tooLong(w.Name, maxLine) {
		return nil, wrong("customer.name", "it is longer than %d characters", maxLine)
	}
	ways := 0
	for _, s := range []string{w.ID, w.Identity, w.Channel + w.Address, w.Phone, w.Email} {
		if s != "" {
			ways++
		}
	}
	switch {
	case ways == 0:
		return nil, wrong("customer", "say whose it is, with id, phone, email, or channel and address")
	case ways > 1:
		return nil, wrong("customer", "say in one way only whose it is: id, identity, phone, email, or channel and address")
	case w.ID != "":
		return ownIdentity(w.ID), nil
	case w.Identity != "":
		return &Identity{ID: w.Identity}, nil
	}
	channel, address, field := strings.TrimSpace(w.Channel), line(w.Address), "customer.address"
	switch {
	case w.Phone != "":
		channel, address, field = "phone", line(w.Phone), "customer.phone"
	case w.Email != "":
		channel, address, field = "email", line(w.Email), "customer.email"
	}
	switch {
	case channel == "":
		return nil, wrong("customer.channel", "it is needed with an address: phone, email, external, telegram, …")
	case !channelName.MatchString(channel) || channel == OwnChannel:
		return nil, wrong("customer.channel", "there is no such channel")
	case address == "":
		return nil, wrong(field, "it is needed")
	case len(address) > channels.MaxKey:
		return nil, wrong(field, "it is longer than %d bytes", channels.MaxKey)
	case Masked(address):
		return nil, wrong(field, "this is a part of an address only")
	}
	switch channel {
	case "phone", phoneChannel:
		number, ok := channels.Phone(address, r.Region)
		if !ok && channel == "phone" {
			return nil, wrong(field, "this is no phone number; write it with its country's code, like +989121234567")
		}
		address = number
	case "email":
		mail, ok := channels.Email(address)
		if !ok {
			return nil, wrong(field, "this is no email address")
		}
		address = mail
	}
	i := r.Record.IdentityOf(channel, address, w.Name)
	return &i, nil
}

// ownIdentity is the one that a customer has of itself.
func ownIdentity(customer string) *Identity {
	return &Identity{ID: derived("identity", OwnChannel, customer), Customer: customer, Channel: OwnChannel, Address: customer}
}

// channelOf is the channel of an entry that names none.
func (k *Kind) channelOf(e *Entry, whose *Identity) string {
	switch {
	case k.Channel != "":
		return k.Channel
	case k.ID == KindProgramme && (whose.Channel == "email" || whose.Channel == phoneChannel):
		return whose.Channel // where it was sent to
	case e.Data.Place != "":
		return "shop"
	}
	return ChannelOther
}

func (d *Data) empty() bool {
	return d.Amount == 0 && d.Currency == "" && d.Cost == 0 && len(d.Items) == 0 && d.Order == "" && d.Seconds == 0 && d.Outcome == "" &&
		d.Place == "" && d.Programme == "" && d.Step == "" && len(d.Fields) == 0
}

// check checks what an entry of the kind says.
func (k *Kind) check(e *Entry) error {
	d := &e.Data
	for _, l := range []struct {
		field string
		text  *string
	}{{"order", &d.Order}, {"outcome", &d.Outcome}, {"place", &d.Place}, {"programme", &d.Programme}, {"step", &d.Step}, {"currency", &d.Currency}} {
		if *l.text = line(*l.text); tooLong(*l.text, maxLine) {
			return wrong("data."+l.field, "it is longer than %d characters", maxLine)
		}
	}
	for _, p := range []struct {
		field string
		there bool
	}{{"amount", d.Amount != 0}, {"items", len(d.Items) > 0}, {"order", d.Order != ""}, {"seconds", d.Seconds != 0}, {"outcome", d.Outcome != ""},
		{"place", d.Place != ""}, {"programme", d.Programme != ""}, {"step", d.Step != ""}, {"fields", len(d.Fields) > 0},
		{"cost", d.Cost != 0}, {"currency", d.Currency != ""}} {
		if p.there && !slices.Contains(k.Parts, p.field) {
			return wrong("data."+p.field, "a touch of the kind %s does not have it", k.ID)
		}
	}
	for _, need := range k.Needs {
		if map[string]string{"subject": e.Subject, "text": e.Text, "data.programme": d.Programme, "data.step": d.Step}[need] == "" {
			return wrong(need, "a touch of the kind %s needs it", k.ID)
		}
	}
	switch {
	case d.Seconds < 0 || d.Seconds > maxSeconds:
		return wrong("data.seconds", "a number of seconds is needed, at most a year's")
	case k.ID == KindProgramme && !slices.Contains(k.Steps, d.Step):
		return wrong("data.step", "a step is one of %s", strings.Join(k.Steps, ", "))
	case d.Step != "" && !stepName.MatchString(d.Step):
		return wrong("data.step", "a step is one of %s, or one of your own: at most 40 small letters, digits and _", strings.Join(k.Steps, ", "))
	}
	if err := d.checkMoney(); err != nil {
		return err
	}
	if err := k.checkFields(d); err != nil {
		return err
	}
	if text, err := json.Marshal(d); err != nil || len(text) > maxDataBytes {
		return wrong("data", "it is larger than %d KB", maxDataBytes>>10)
	}
	return nil
}

func (d *Data) checkMoney() error {
	d.Currency = strings.ToUpper(d.Currency)
	if len(d.Items) > maxItems {
		return wrong("data.items", "there are more than %d", maxItems)
	}
	sum, priced := Amount(0), len(d.Items) > 0
	for i := range d.Items {
		it, at := &d.Items[i], fmt.Sprintf("data.items[%d]", i)
		it.Product, it.Name = line(it.Product), line(it.Name)
		switch {
		case it.Product == "" && it.Name == "":
			return wrong(at, "a product or a name is needed")
		case tooLong(it.Product, maxLine):
			return wrong(at+".product", "it is longer than %d characters", maxLine)
		case tooLong(it.Name, maxLine):
			return wrong(at+".name", "it is longer than %d characters", maxLine)
		case it.Quantity < 0:
			return wrong(at+".quantity", "it is below nothing")
		case it.Quantity == 0:
			it.Quantity = amountUnit
		}
		sum += it.Amount
		priced = priced && it.Amount != 0
	}
	if d.Amount == 0 && priced && sum > 0 && sum <= MaxAmount {
		d.Amount = sum
	}
	switch {
	case d.Amount < 0:
		return wrong("data.amount", "it is below nothing; what comes back is a return")
	case d.Cost < 0:
		return wrong("data.cost", "it is below nothing")
	case d.Currency == "" && (d.Amount != 0 || d.Cost != 0 || sum != 0):
		return wrong("data.currency", "an amount needs its currency, like EUR, IRR or IRT for toman")
	case d.Currency != "" && !knownCurrency(d.Currency):
		return wrong("data.currency", "it is no currency: three letters of ISO 4217 are needed, like EUR, IRR, or IRT for toman")
	}
	return nil
}

func knownCurrency(code string) bool {
	if code == "IRT" {
		return true
	}
	_, err := currency.ParseISO(code)
	return err == nil
}

// checkFields checks the fields of one's own kind by its schema, and keeps them as Attribute does.
func (k *Kind) checkFields(d *Data) error {
	if !k.Own() {
		return nil
	}
	kept, known := map[string]any{}, map[string]bool{}
	for _, f := range k.Fields {
		known[f.ID] = true
		sent, err := json.Marshal(d.Fields[f.ID])
		if err != nil {
			return wrong("data.fields."+f.ID, "it cannot be read")
		}
		value, err := (&Attribute{ID: f.ID, Type: f.Type, Options: f.Options}).Check(sent)
		var refused *channels.FieldError
		switch {
		case errors.As(err, &refused):
			return wrong("data.fields."+f.ID, "%s", refused.Reason)
		case err != nil:
			return err
		case value == nil && f.Required:
			return wrong("data.fields."+f.ID, "a touch of the kind %s needs it", k.ID)
		case value != nil:
			var v any
			if err := json.Unmarshal(value, &v); err != nil {
				return err
			}
			kept[f.ID] = v
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.Fields)) {
		if !known[id] {
			return wrong("data.fields."+cutRunes(line(id), 40), "a touch of the kind %s has no such field", k.ID)
		}
	}
	if d.Fields = kept; len(kept) == 0 {
		d.Fields = nil
	}
	return nil
}

func wrong(field, format string, args ...any) error {
	return &channels.FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// prose is valid UTF-8 without control characters but line ends and tabs, without white space around it.
func prose(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || r == '\u2028' || r == '\u2029') {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(s)
}

// line is prose in one line.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, prose(s))
}

func tooLong(s string, runes int) bool { return len(s) > runes && utf8.RuneCountInString(s) > runes }

func cutRunes(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
