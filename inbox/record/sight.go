package record

import (
	"slices"

	"tamas/channels"
)

// Further fields that may be kept from roles.
const (
	FieldOrganisations = "organisations"
	FieldRelations     = "relations"
	FieldConsents      = "consents"
	FieldMoney         = "money" // amounts of purchases and returns, and what is reckoned of them
	FieldCost          = "cost"  // what they cost the firm
)

// LimitedFields are the fields, beside attributes, that can be kept from roles. Names, addresses and tiers are on every conversation: they cannot.
var LimitedFields = []string{FieldTags, FieldLanguages, FieldTimeZone, FieldPlace, FieldOwner, FieldStage,
	FieldOrganisations, FieldRelations, FieldConsents, FieldMoney, FieldCost}

// RequirableFields are the fields, beside attributes, that a complete profile may have to have; "address" is any identity.
var RequirableFields = []string{FieldName, FieldTier, FieldTags, FieldLanguages, FieldTimeZone, FieldPlace, FieldOwner, FieldStage,
	FieldOrganisations, FieldConsents, FieldAddress}

// FieldAddress is required of whoever has to be reachable.
const FieldAddress = "address"

// RecordSetting is how the firm keeps its customers' records.
type RecordSetting struct {
	Stages        []Option         `json:"stages"`         // of the life cycle, in order
	Purposes      []Option         `json:"purposes"`       // that consent is given for
	RelationKinds []RelationKind   `json:"relation_kinds"` // between customers
	FieldRoles    map[string]Limit `json:"field_roles"`    // of LimitedFields
	Required      []string         `json:"required_fields"`
	StaleDays     int              `json:"stale_days"` // a profile that nobody has changed or confirmed for longer is stale; 0: never
}

// RelationKind is how one customer is to another.
type RelationKind struct {
	ID       string        `json:"id"`
	Name     channels.Text `json:"name"` // "parent": what the other is to the customer it was said of
	Back     channels.Text `json:"back"` // "child": what the customer is to the other; empty: the same
	Archived bool          `json:"archived,omitempty"`
}

// Limit says who may see and change a field. Whoever has more rights than a role that is named may too; an empty list is all.
type Limit struct {
	See  []string `json:"see,omitempty"`
	Edit []string `json:"edit,omitempty"`
}

// DefaultRecordSetting stands until somebody saves another.
func DefaultRecordSetting() RecordSetting {
	t := func(en, fa string) channels.Text { return channels.Text{EN: en, FA: fa} }
	return RecordSetting{
		Stages: []Option{{ID: "prospect", Name: t("Prospect", "مشتری بالقوه")}, {ID: "first_purchase", Name: t("First purchase", "خرید نخست")},
			{ID: "active", Name: t("Active", "فعال")}, {ID: "loyal", Name: t("Loyal", "وفادار")}, {ID: "advocate", Name: t("Advocate", "هوادار")},
			{ID: "lapsed", Name: t("Lapsed", "ازدست‌رفته")}, {ID: "won_back", Name: t("Won back", "بازگشته")}},
		Purposes: []Option{{ID: "service", Name: t("Service", "خدمات")}, {ID: "marketing", Name: t("Marketing", "بازاریابی")}, {ID: "survey", Name: t("Surveys", "نظرسنجی")}},
		RelationKinds: []RelationKind{{ID: "spouse", Name: t("Spouse", "همسر")}, {ID: "parent", Name: t("Parent", "پدر یا مادر"), Back: t("Child", "فرزند")},
			{ID: "sibling", Name: t("Sibling", "خواهر یا برادر")}, {ID: "friend", Name: t("Friend", "دوست")}, {ID: "colleague", Name: t("Colleague", "همکار")},
			{ID: "referrer", Name: t("Referrer", "معرف"), Back: t("Referred", "معرفی‌شده")}},
		FieldRoles: map[string]Limit{},
		Required:   []string{FieldName},
		StaleDays:  365,
	}
}

// Sight is what somebody may see and change of customers' records. Every answer that says something of a customer goes through it.
type Sight struct{ hidden, locked map[string]bool }

// SightOf is the sight of a role.
func SightOf(role string, set *RecordSetting, attributes []Attribute) Sight {
	s := Sight{map[string]bool{}, map[string]bool{}}
	add := func(field string, l Limit) {
		s.hidden[field] = !among(role, l.See)
		s.locked[field] = s.hidden[field] || !among(role, l.Edit)
	}
	for field, l := range set.FieldRoles {
		add(field, l)
	}
	for _, a := range attributes {
		add(FieldOf(a.ID), Limit{a.See, a.Edit})
	}
	return s
}

var ranks = []string{RoleAgent, RoleSupervisor, RoleAdmin}

func among(role string, list []string) bool {
	mine := slices.Index(ranks, role)
	return len(list) == 0 || role == RoleAdmin || slices.ContainsFunc(list, func(r string) bool {
		at := slices.Index(ranks, r)
		return at >= 0 && at <= mine
	})
}

// Sees tells whether a field may be seen, Edits whether it may be changed.
func (s Sight) Sees(field string) bool  { return !s.hidden[field] }
func (s Sight) Edits(field string) bool { return !s.locked[field] }

// Limits are the fields that are kept from somebody, in order.
type Limits struct {
	Hidden []string `json:"hidden"`
	Locked []string `json:"locked"` // seen, but not changed
}

// Limits lists them.
func (s Sight) Limits() Limits {
	l := Limits{[]string{}, []string{}}
	for f, locked := range s.locked {
		if s.hidden[f] {
			l.Hidden = append(l.Hidden, f)
		} else if locked {
			l.Locked = append(l.Locked, f)
		}
	}
	slices.Sort(l.Hidden)
	slices.Sort(l.Locked)
	return l
}

// Customer leaves out what may not be seen.
func (s Sight) Customer(c *Customer) {
	own := c.own()
	for _, f := range fieldsOf(own) {
		if s.Sees(f) {
			continue
		}
		if f == FieldTags {
			own.Tags = nil
		}
		own.say(f, nil)
	}
	*c = own
}

// Customers is Customer for a list.
func (s Sight) Customers(list []Customer) {
	for i := range list {
		s.Customer(&list[i])
	}
}

// Side is Customer for a side of a merge.
func (s Sight) Side(x *Side) {
	s.Customer(&x.Customer)
	s.Customers(x.Merged)
}

// Shown leaves out what a merge would do to what may not be seen.
func (s Sight) Shown(list []ShownField) []ShownField {
	return slices.DeleteFunc(list, func(f ShownField) bool { return !s.Sees(f.Field) })
}

// fields leaves out names of fields.
func (s Sight) fields(list []string) []string {
	return slices.DeleteFunc(list, func(f string) bool { return !s.Sees(f) })
}

// Data leaves out amounts that may not be seen.
func (s Sight) Data(d *Data) {
	if d == nil {
		return
	}
	if !s.Sees(FieldMoney) {
		d.Amount, d.Currency, d.Cost = 0, "", 0
		d.Items = slices.Clone(d.Items)
		for i := range d.Items {
			d.Items[i].Amount = 0
		}
	}
	if !s.Sees(FieldCost) {
		d.Cost = 0
	}
}

// Attributes leaves out those that may not be seen.
func (s Sight) Attributes(values Values) {
	for id := range values {
		if !s.Sees(FieldOf(id)) {
			delete(values, id)
		}
	}
}
