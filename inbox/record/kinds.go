package record

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"tamas/channels"
)

// Kind is a kind of touches that others log: one of the hub's, or one of the firm's own, whose id begins with "x_".
type Kind struct {
	ID       string        `json:"id"`
	Name     channels.Text `json:"name"`
	Icon     string        `json:"icon,omitempty"`     // a name of the app's
	Inbound  bool          `json:"inbound"`            // the customer comes to us, where an entry does not say
	Channel  string        `json:"channel,omitempty"`  // of its touches, where an entry does not say
	Needs    []string      `json:"needs,omitempty"`    // fields of an entry that must be there
	Parts    []string      `json:"parts,omitempty"`    // fields of Data that it has
	Steps    []string      `json:"steps,omitempty"`    // what Data.Step may be; of a delivery these are only the usual ones
	Outcomes []string      `json:"outcomes,omitempty"` // usual ones
	Fields   []KindField   `json:"fields,omitempty"`   // of one's own: what Data.Fields has
	Archived bool          `json:"archived,omitempty"` // of one's own: takes no new touches

	byUs bool // whoever logs it took part, where an entry names nobody
}

// KindField is a field of one's own kind.
type KindField struct {
	ID       string        `json:"id"`
	Name     channels.Text `json:"name"`
	Type     string        `json:"type"`              // as Attribute's
	Options  []Option      `json:"options,omitempty"` // of choice and choices
	Required bool          `json:"required,omitempty"`
}

// Own tells a kind of the firm's own.
func (k *Kind) Own() bool { return ownKind.MatchString(k.ID) }

var ownKind = regexp.MustCompile(`^x_[a-z0-9_]{1,38}$`)

// Bounds of one's own kinds.
const (
	maxKinds   = 100
	maxFields  = 50
	maxOptions = 200
)

// ChannelOther is the channel of a touch that came by none that can be named.
const ChannelOther = "other"

// Kinds are the hub's.
func Kinds() []Kind {
	costs := []string{"cost", "currency"}
	return []Kind{
		{ID: KindCall, Name: channels.Text{EN: "Phone call", FA: "تماس تلفنی"}, Inbound: true, Channel: "phone", byUs: true,
			Parts: append([]string{"seconds", "outcome"}, costs...), Outcomes: []string{"answered", "missed", "voicemail", "no_answer", "busy"}},
		{ID: KindShopVisit, Name: channels.Text{EN: "Visit to a shop", FA: "مراجعهٔ حضوری"}, Inbound: true, Channel: "shop", byUs: true,
			Parts: append([]string{"place", "seconds", "outcome"}, costs...)},
		{ID: KindPurchase, Name: channels.Text{EN: "Purchase", FA: "خرید"}, Inbound: true,
			Parts: append([]string{"amount", "items", "order", "place"}, costs...)},
		{ID: KindReturn, Name: channels.Text{EN: "Return", FA: "مرجوعی"}, Inbound: true,
			Parts: append([]string{"amount", "items", "order", "place"}, costs...)},
		{ID: KindVisit, Name: channels.Text{EN: "Web visit", FA: "بازدید وب"}, Inbound: true, Channel: "web", Needs: []string{"subject"}, Parts: []string{"seconds"}},
		{ID: KindSelfService, Name: channels.Text{EN: "Self-service", FA: "خدمت خودکار"}, Inbound: true, Channel: "web",
			Parts: append([]string{"seconds", "outcome"}, costs...)},
		{ID: KindProgramme, Name: channels.Text{EN: "Marketing programme", FA: "برنامهٔ بازاریابی"}, Needs: []string{"data.programme", "data.step"},
			Parts: append([]string{"programme", "step"}, costs...), Steps: []string{"sent", "delivered", "opened", "clicked", "bounced", "unsubscribed", "converted"}},
		{ID: KindDelivery, Name: channels.Text{EN: "Delivery", FA: "تحویل کالا"}, Needs: []string{"data.step"},
			Parts: append([]string{"order", "step", "place"}, costs...), Steps: []string{"shipped", "delivered", "failed", "returned"}},
		{ID: KindEvent, Name: channels.Text{EN: "Event", FA: "رویداد"}, Inbound: true, byUs: true,
			Parts: append([]string{"place", "programme", "seconds", "outcome"}, costs...)},
		{ID: KindNote, Name: channels.Text{EN: "Note", FA: "یادداشت"}, Needs: []string{"text"}, byUs: true},
	}
}

// inboundSteps are the steps of a programme that are the customer's.
var inboundSteps = []string{"opened", "clicked", "unsubscribed", "converted"}

// own makes a kind of the settings ready: what is not asked of one's own kinds.
func (k Kind) own() Kind {
	k.Parts, k.byUs = []string{"fields", "cost", "currency"}, true
	return k
}

// AllKinds are the hub's and one's own, in order, those that are archived too.
func AllKinds(own []Kind) []Kind {
	list := Kinds()
	for _, k := range own {
		list = append(list, k.own())
	}
	return list
}

// CheckKinds checks the firm's own kinds, which stand in that field, and cleans their texts. Its error is a *channels.FieldError.
func CheckKinds(field string, list []Kind) error {
	if len(list) > maxKinds {
		return wrong(field, "there are more than %d", maxKinds)
	}
	seen := map[string]bool{}
	for i := range list {
		k, at := &list[i], field+"["+strconv.Itoa(i)+"]."
		switch {
		case !ownKind.MatchString(k.ID):
			return wrong(at+"id", "an id like x_repair is needed: x_, then small letters, digits and _")
		case seen[k.ID]:
			return wrong(at+"id", "%s is there twice", k.ID)
		case len(k.Fields) > maxFields:
			return wrong(at+"fields", "there are more than %d", maxFields)
		}
		seen[k.ID] = true
		*k = Kind{ID: k.ID, Name: k.Name, Icon: line(k.Icon), Inbound: k.Inbound, Fields: k.Fields, Archived: k.Archived}
		if err := checkNames(at+"name", &k.Name); err != nil {
			return err
		}
		if len(k.Icon) > 60 {
			return wrong(at+"icon", "it is longer than 60 characters")
		}
		fields := map[string]bool{}
		for j := range k.Fields {
			f, at := &k.Fields[j], fmt.Sprintf("%sfields[%d].", at, j)
			switch {
			case !fieldID.MatchString(f.ID):
				return wrong(at+"id", "small letters, digits and _ are needed, at most 40")
			case fields[f.ID]:
				return wrong(at+"id", "%s is there twice", f.ID)
			case !slices.Contains(AttributeTypes, f.Type):
				return wrong(at+"type", "%q is none of the types", f.Type)
			case len(f.Options) > maxOptions:
				return wrong(at+"options", "there are more than %d", maxOptions)
			case len(f.Options) == 0 && (f.Type == TypeChoice || f.Type == TypeChoices):
				return wrong(at+"options", "a choice needs some")
			}
			fields[f.ID] = true
			if f.Type != TypeChoice && f.Type != TypeChoices {
				f.Options = nil
			}
			if err := checkNames(at+"name", &f.Name); err != nil {
				return err
			}
			options := map[string]bool{}
			for o := range f.Options {
				at := fmt.Sprintf("%soptions[%d].", at, o)
				if !fieldID.MatchString(f.Options[o].ID) || options[f.Options[o].ID] {
					return wrong(at+"id", "an id of its own is needed: small letters, digits and _, at most 40")
				}
				options[f.Options[o].ID] = true
				if err := checkNames(at+"name", &f.Options[o].Name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var fieldID = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,39}$`)

// checkNames cleans a name, which is needed in one of the two languages at least.
func checkNames(field string, t *channels.Text) error {
	t.EN, t.FA = line(t.EN), line(t.FA)
	if cmp.Or(t.EN, t.FA) == "" {
		return wrong(field, "a name is needed")
	}
	if tooLong(t.EN, 80) || tooLong(t.FA, 80) {
		return wrong(field, "it is longer than 80 characters")
	}
	return nil
}
