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

// LimitedFields are the fields, beside attributes, that can be kept from roles. Of an address (of any identity) a part is shown, so that people can
// still answer there.
var LimitedFields = []string{FieldName, FieldTier, FieldAddress, FieldTags, FieldLanguages, FieldTimeZone, FieldPlace, FieldOwner, FieldStage,
	FieldOrganisations, FieldRelations, FieldConsents, FieldMoney, FieldCost}

// RequirableFields are the fields, beside attributes, that a complete profile may have to have; "address" is any identity.
var RequirableFields = []string{FieldName, FieldTier, FieldTags, FieldLanguages, FieldTimeZone, FieldPlace, FieldOwner, FieldStage,
	FieldOrganisations, FieldConsents, FieldAddress}

// FieldAddress stands for all addresses: required of whoever has to be reachable.
const FieldAddress = "address"

// RecordSetting is how the firm keeps its customers' records.
type RecordSetting struct {
	Stages        []Option         `json:"stages"`         // of the life cycle, in order
	Purposes      []Option         `json:"purposes"`       // that consent is given for
	RelationKinds []RelationKind   `json:"relation_kinds"` // between customers
	FieldRoles    map[string]Limit `json:"field_roles"`    // of LimitedFields
	Required      []string         `json:"required_fields"`
	StaleDays     int              `json:"stale_days"` // a profile that nobody has changed or confirmed for longer is stale; 0: never
	StageRule     StageRule        `json:"stage_rule"`
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
		StageRule:  StageRule{Active: 2, ActiveMonths: 12, Loyal: 5, LoyalMonths: 12, LapsedMonths: 12},
	}
}

// Sight is what somebody may see and change of customers' records. Every answer that says something of a customer goes through it: see Cut.
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

// Limited tells that something may not be seen.
func (s Sight) Limited() bool {
	for _, is := range s.hidden {
		if is {
			return true
		}
	}
	return false
}

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
