package record

import "slices"

// Completeness tells how much of what a profile should have is there, and whether it is fresh.
type Completeness struct {
	Percent int      `json:"percent"` // of the required fields
	Missing []string `json:"missing"`
	Stale   bool     `json:"stale"` // nobody has changed or confirmed it for too long
	Since   Millis   `json:"since"` // when somebody last did, or it began
}

// requiredOf are the fields that a customer should have.
func requiredOf(set *RecordSetting, attributes []Attribute) []string {
	list := slices.Clone(set.Required)
	for _, a := range attributes {
		if a.Required && !a.Archived && a.Of == OfCustomer {
			list = append(list, FieldOf(a.ID))
		}
	}
	return list
}

// canBeReached tells an identity that is an address, at which somebody can be reached as far as one knows.
func canBeReached(i Identity) bool { return i.Channel != OwnChannel && i.Unreachable == "" }

func (p *CustomerRecord) complete(set *RecordSetting, attributes []Attribute, now Millis) Completeness {
	c := Completeness{Percent: 100, Missing: []string{}, Since: max(p.Customer.CreatedAt, p.Customer.ConfirmedAt)}
	required := requiredOf(set, attributes)
	for _, f := range required {
		has := p.Customer.value(f) != nil
		switch f {
		case FieldAddress:
			has = slices.ContainsFunc(p.Identities, canBeReached)
		case FieldOrganisations:
			has = len(p.Organisations) > 0
		case FieldConsents:
			has = len(p.Consents) > 0
		}
		if !has {
			c.Missing = append(c.Missing, f)
		}
	}
	if len(required) > 0 {
		c.Percent = 100 * (len(required) - len(c.Missing)) / len(required)
	}
	c.Stale = set.StaleDays > 0 && c.Since < now-Millis(set.StaleDays)*24*3600_000
	return c
}
