package agentui

import (
	"errors"
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"tamas/channels"
	"tamas/inbox/record"
)

// profileIn is what PATCH takes of a customer; what is missing stays.
type profileIn struct {
	Name       *string       `json:"name"`
	Tier       *string       `json:"tier"`
	Tags       *[]string     `json:"tags"`
	Languages  *[]string     `json:"languages"`
	TimeZone   *string       `json:"time_zone"`
	Place      *record.Place `json:"place"`
	Owner      *string       `json:"owner"`
	Stage      *string       `json:"stage"`
	StageWhy   string        `json:"stage_why"`
	Attributes record.Values `json:"attributes"`
	Confirmed  bool          `json:"confirmed"`
	Version    int64         `json:"version"`
}

// edit checks what was sent.
func (in *profileIn) edit(s *Server, sight record.Sight) (e record.CustomerEdit, err error) {
	for field, sent := range map[string]bool{record.FieldName: in.Name != nil, record.FieldTier: in.Tier != nil, record.FieldTags: in.Tags != nil, record.FieldLanguages: in.Languages != nil, record.FieldTimeZone: in.TimeZone != nil,
		record.FieldPlace: in.Place != nil, record.FieldOwner: in.Owner != nil, record.FieldStage: in.Stage != nil} {
		if sent && !sight.Edits(field) {
			return e, locked(field)
		}
	}
	if err := setText("name", in.Name, in.Name, 0, 200, false); err != nil {
		return e, err
	}
	set := s.hub.Settings()
	if in.Tier != nil && *in.Tier != "" && !slices.Contains(set.Routing.Tiers, *in.Tier) {
		return e, invalid("tier", "There is no such tier.")
	}
	if in.Tags != nil {
		if err := checkWords("tags", in.Tags, 100); err != nil {
			return e, err
		}
	}
	if in.Languages != nil {
		if err := checkLanguages(in.Languages); err != nil {
			return e, err
		}
	}
	if in.TimeZone != nil && *in.TimeZone != "" {
		if checkTimezone(*in.TimeZone) != nil {
			return e, invalid("time_zone", "There is no such time zone; write it as in Asia/Tehran.")
		}
	}
	if in.Place != nil {
		if err := checkPlace(in.Place); err != nil {
			return e, err
		}
	}
	if err := checkOwner(s, in.Owner); err != nil {
		return e, err
	}
	if in.Stage != nil && *in.Stage != "" && !offered(set.Record.Stages, *in.Stage) {
		return e, invalid("stage", "There is no such stage.")
	}
	if err := setText("stage_why", &in.StageWhy, &in.StageWhy, 0, 500, true); err != nil {
		return e, err
	}
	values, err := checkAttributes(set.Attributes, record.OfCustomer, in.Attributes, sight)
	return record.CustomerEdit{Name: in.Name, Tier: in.Tier, Tags: in.Tags, Languages: in.Languages, TimeZone: in.TimeZone, Place: in.Place, Owner: in.Owner,
		Stage: in.Stage, StageWhy: in.StageWhy, Attributes: values, Confirmed: in.Confirmed}, err
}

// empty tells that nothing is to be changed.
func (in *profileIn) empty() bool {
	return in.Name == nil && in.Tier == nil && in.Tags == nil && in.Languages == nil && in.TimeZone == nil && in.Place == nil && in.Owner == nil &&
		in.Stage == nil && len(in.Attributes) == 0 && !in.Confirmed
}

// locked refuses to change a field that is kept from the caller's role.
func locked(field string) *problem {
	return &problem{Status: http.StatusForbidden, Code: codeForbidden, Field: field, Message: "Your role may not change this."}
}

// checkAttributes checks values and whether the caller may change them. What it gives is to be stored.
func checkAttributes(defined []record.Attribute, of string, values record.Values, sight record.Sight) (record.Values, error) {
	for id := range values {
		if !sight.Edits(record.FieldOf(id)) {
			return nil, locked(record.FieldOf(id))
		}
	}
	out, err := record.CheckAttributes(defined, of, values)
	var wrong *channels.FieldError
	if errors.As(err, &wrong) {
		name := wrong.Field
		for _, a := range defined {
			if record.FieldOf(a.ID) == wrong.Field && a.Name.EN != "" {
				name = a.Name.EN
			}
		}
		return nil, invalid(wrong.Field, name+": "+wrong.Reason+".")
	}
	return out, err
}

// offered tells whether a list has an option that is not archived.
func offered(list []record.Option, id string) bool {
	return slices.ContainsFunc(list, func(o record.Option) bool { return o.ID == id && !o.Archived })
}

// checkLanguages brings languages into their usual form.
func checkLanguages(list *[]string) error {
	if len(*list) > 20 {
		return invalid("languages", "There are more than 20 languages.")
	}
	out := []string{}
	for i, name := range *list {
		if len(name) > 35 {
			return invalid(at("languages", i), "There is no such language; write it as in fa or en-GB.")
		}
		tag, err := language.Parse(name)
		if err != nil || name == "" {
			return invalid(at("languages", i), "There is no such language; write it as in fa or en-GB.")
		}
		if s := tag.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	*list = out
	return nil
}

func checkPlace(p *record.Place) error {
	if p.Country != "" && !record.IsCountry(p.Country) {
		return invalid("place.country", "There is no such country; write its two letters, as in IR.")
	}
	if err := setText("place.city", &p.City, &p.City, 0, 120, false); err != nil {
		return err
	}
	return setText("place.address", &p.Address, &p.Address, 0, 500, true)
}

// checkOwner checks a user who is to look after somebody; "" and nil are nobody.
func checkOwner(s *Server, id *string) error {
	if id == nil || *id == "" {
		return nil
	}
	if u, ok := s.hub.Settings().Users[*id]; !ok || u.Disabled {
		return invalid("owner", "There is no such user.")
	}
	return nil
}
