package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tamas/channels"
)

// What attributes are of.
const (
	OfCustomer     = "customer"
	OfOrganisation = "organisation"
	OfConversation = "conversation"
)

// Types of attributes, with their values in JSON.
const (
	TypeText    = "text"    // "…", several lines
	TypeNumber  = "number"  // 12.5, exact to four digits behind the point
	TypeMoney   = "money"   // {"amount": 12.5, "currency": "EUR"}
	TypeDate    = "date"    // "2026-11-22", Gregorian
	TypeChoice  = "choice"  // "…": the id of an option
	TypeChoices = "choices" // ["…", …], in the options' order
	TypeYesNo   = "yes_no"  // true, false
	TypeLink    = "link"    // "https://…"
)

var (
	AttributeTypes  = []string{TypeText, TypeNumber, TypeMoney, TypeDate, TypeChoice, TypeChoices, TypeYesNo, TypeLink}
	AttributeGroups = []string{"demographic", "psychographic", "product", "commercial"}
	AttributeOwners = []string{OfCustomer, OfOrganisation, OfConversation}
)

// Attribute defines a field of the firm's own. One that is archived takes no new values and keeps what it has.
type Attribute struct {
	ID       string        `json:"id"` // unique among all
	Of       string        `json:"of"`
	Name     channels.Text `json:"name"`
	Group    string        `json:"group"`
	Type     string        `json:"type"`
	Options  []Option      `json:"options,omitempty"` // of choice and choices
	Required bool          `json:"required,omitempty"`
	See      []string      `json:"see,omitempty"`  // roles; empty: all
	Edit     []string      `json:"edit,omitempty"` // likewise
	Archived bool          `json:"archived,omitempty"`
}

// Option is one of a closed list. One that is archived is not chosen any more.
type Option struct {
	ID       string        `json:"id"`
	Name     channels.Text `json:"name"`
	Archived bool          `json:"archived,omitempty"`
}

// Values are attributes' values by id, in JSON.
type Values map[string]json.RawMessage

// Money is an amount in a currency.
type Money struct {
	Amount   Amount `json:"amount"`
	Currency string `json:"currency"` // ISO 4217, or "IRT" for toman
}

const maxAttributeText = 2000 // characters

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// Check brings a value into the form in which it is kept, nil for null. Its error is a *channels.FieldError that names the attribute.
func (a *Attribute) Check(value json.RawMessage) (json.RawMessage, error) {
	if value = bytes.TrimSpace(value); len(value) == 0 || string(value) == "null" {
		return nil, nil
	}
	if a.Archived {
		return nil, a.refuse("it is archived and takes no more values")
	}
	out, reason := a.read(value)
	if reason != "" {
		return nil, a.refuse(reason)
	}
	if text, ok := out.(string); ok && text == "" {
		return nil, nil
	}
	if list, ok := out.([]string); ok && len(list) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return nil, a.refuse("it cannot be kept")
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func (a *Attribute) refuse(reason string) error {
	return &channels.FieldError{Field: FieldOf(a.ID), Reason: reason}
}

// read gives the value to keep, or why not.
func (a *Attribute) read(value json.RawMessage) (out any, reason string) {
	var text string
	isText := json.Unmarshal(value, &text) == nil
	text = strings.TrimSpace(text)
	if isText && strings.ContainsFunc(text, func(r rune) bool {
		return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f || r == utf8.RuneError
	}) {
		return nil, "it holds a control character"
	}
	switch a.Type {
	case TypeText:
		if !isText {
			return nil, "a text is needed"
		}
		if utf8.RuneCountInString(text) > maxAttributeText {
			return nil, fmt.Sprintf("it is longer than %d characters", maxAttributeText)
		}
		return text, ""
	case TypeNumber:
		if isText && text == "" {
			return "", ""
		}
		var n Amount
		if json.Unmarshal(value, &n) != nil {
			return nil, "a number is needed, at most four digits behind the point"
		}
		return n, ""
	case TypeMoney:
		var m Money
		dec := json.NewDecoder(bytes.NewReader(value))
		dec.DisallowUnknownFields()
		if dec.Decode(&m) != nil || !currencyCode.MatchString(m.Currency) {
			return nil, `an amount and a currency are needed, like {"amount": 12.5, "currency": "EUR"}`
		}
		return m, ""
	case TypeDate:
		d, err := time.Parse(time.DateOnly, text)
		if isText && text == "" {
			return "", ""
		}
		if err != nil || d.Year() < 1000 {
			return nil, "a date like 2026-11-22 is needed"
		}
		return text, ""
	case TypeChoice:
		if !isText || text != "" && !a.offers(text) {
			return nil, "it is none of the choices"
		}
		return text, ""
	case TypeChoices:
		var ids []string
		if json.Unmarshal(value, &ids) != nil {
			return nil, "a list of choices is needed"
		}
		list := []string{}
		for _, o := range a.Options {
			if !o.Archived && slices.Contains(ids, o.ID) {
				list = append(list, o.ID)
			}
		}
		for _, id := range ids {
			if !slices.Contains(list, id) {
				return nil, "one of them is none of the choices"
			}
		}
		return list, ""
	case TypeYesNo:
		var b bool
		if json.Unmarshal(value, &b) != nil {
			return nil, "true or false is needed"
		}
		return b, ""
	case TypeLink:
		if text == "" && isText {
			return "", ""
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(text) > maxAttributeText || strings.ContainsAny(text, " \n\r\t") {
			return nil, "an address that begins with https:// is needed"
		}
		return text, ""
	}
	return nil, "its type is not known"
}

func (a *Attribute) offers(option string) bool {
	return slices.ContainsFunc(a.Options, func(o Option) bool { return o.ID == option && !o.Archived })
}

// CheckAttributes checks values for what the attributes are of; values stand as Check gives them.
func CheckAttributes(defined []Attribute, of string, values Values) (Values, error) {
	out := Values{}
	for id, v := range values {
		at := slices.IndexFunc(defined, func(a Attribute) bool { return a.ID == id && a.Of == of })
		if at < 0 {
			if len(id) > 64 {
				id = strings.ToValidUTF8(id[:64], "")
			}
			return nil, &channels.FieldError{Field: FieldOf(id), Reason: "there is no such attribute"}
		}
		var err error
		if out[id], err = defined[at].Check(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
