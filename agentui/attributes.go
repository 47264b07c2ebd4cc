package agentui

import (
	"regexp"
	"slices"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

var attributesSetting = &setting[[]record.Attribute]{inbox.AttributesSetting, func() []record.Attribute { return []record.Attribute{} }, checkAttributesSetting}
var recordSetting = &setting[record.RecordSetting]{inbox.RecordSetting, record.DefaultRecordSetting, checkRecordSetting}

// fieldKey is how definitions of one's own are called.
var fieldKey = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// checkAttributesSetting refuses definitions that values could not be checked by. One that is left out is archived, and so is an option that
// somebody may have chosen: what was said by them stays readable.
func checkAttributesSetting(_ *Server, old, v *[]record.Attribute) error {
	if *v == nil {
		*v = []record.Attribute{}
	}
	if len(*v) > 300 {
		return invalid("value", "There are more than 300 attributes.")
	}
	seen := map[string]bool{}
	for i := range *v {
		a := &(*v)[i]
		if err := checkFieldKey(at("value", i, "id"), a.ID, seen); err != nil {
			return err
		}
		if err := choice(at("value", i, "of"), a.Of, record.AttributeOwners...); err != nil {
			return err
		}
		if err := choice(at("value", i, "type"), a.Type, record.AttributeTypes...); err != nil {
			return err
		}
		if err := choice(at("value", i, "group"), a.Group, record.AttributeGroups...); err != nil {
			return err
		}
		if err := checkNames(at("value", i, "name"), &a.Name); err != nil {
			return err
		}
		if err := checkRoles(at("value", i), record.Limit{See: a.See, Edit: a.Edit}); err != nil {
			return err
		}
		was := slices.IndexFunc(*old, func(o record.Attribute) bool { return o.ID == a.ID })
		if was >= 0 && ((*old)[was].Type != a.Type || (*old)[was].Of != a.Of) {
			return invalid(at("value", i, "type"), "What an attribute is of and what type it has cannot be changed: make another.")
		}
		if a.Type != record.TypeChoice && a.Type != record.TypeChoices {
			if len(a.Options) > 0 {
				return invalid(at("value", i, "options"), "Only choices have options.")
			}
			continue
		}
		if was >= 0 {
			a.Options = keptOptions((*old)[was].Options, a.Options)
		}
		if err := checkOptions(at("value", i, "options"), a.Options, 200); err != nil {
			return err
		}
		if !a.Archived && !slices.ContainsFunc(a.Options, func(o record.Option) bool { return !o.Archived }) {
			return invalid(at("value", i, "options"), "Give at least one option.")
		}
	}
	for _, a := range *old {
		if !seen[a.ID] {
			a.Archived = true
			*v = append(*v, a)
		}
	}
	return nil
}

// checkRecordSetting refuses what no record could be kept by; stages, purposes and kinds that are left out are archived.
func checkRecordSetting(s *Server, old, v *record.RecordSetting) error {
	v.Stages, v.Purposes = keptOptions(old.Stages, v.Stages), keptOptions(old.Purposes, v.Purposes)
	if err := checkOptions("value.stages", v.Stages, 50); err != nil {
		return err
	}
	if err := checkOptions("value.purposes", v.Purposes, 50); err != nil {
		return err
	}
	for _, k := range old.RelationKinds {
		if !slices.ContainsFunc(v.RelationKinds, func(n record.RelationKind) bool { return n.ID == k.ID }) {
			k.Archived = true
			v.RelationKinds = append(v.RelationKinds, k)
		}
	}
	if v.RelationKinds == nil {
		v.RelationKinds = []record.RelationKind{}
	}
	if len(v.RelationKinds) > 100 {
		return invalid("value.relation_kinds", "There are more than 100 kinds.")
	}
	seen := map[string]bool{}
	for i := range v.RelationKinds {
		k := &v.RelationKinds[i]
		if err := checkFieldKey(at("value.relation_kinds", i, "id"), k.ID, seen); err != nil {
			return err
		}
		if err := checkNames(at("value.relation_kinds", i, "name"), &k.Name); err != nil {
			return err
		}
		for _, t := range []*string{&k.Back.EN, &k.Back.FA} {
			if err := setText(at("value.relation_kinds", i, "back"), t, t, 0, 120, false); err != nil {
				return err
			}
		}
	}
	if v.FieldRoles == nil {
		v.FieldRoles = map[string]record.Limit{}
	}
	for field, l := range v.FieldRoles {
		if !slices.Contains(record.LimitedFields, field) {
			return invalid("value.field_roles", "The field "+cut(field, 40)+" cannot be kept from anybody.")
		}
		if err := checkRoles("value.field_roles."+field, l); err != nil {
			return err
		}
	}
	if len(v.Required) > 50 {
		return invalid("value.required_fields", "There are more than 50 fields.")
	}
	for i, field := range v.Required {
		if !slices.Contains(record.RequirableFields, field) {
			return invalid(at("value.required_fields", i), "There is no such field; attributes are required by their definitions.")
		}
	}
	slices.Sort(v.Required)
	if v.Required = slices.Compact(v.Required); v.Required == nil {
		v.Required = []string{}
	}
	if err := checkStageRule("value.stage_rule", &v.StageRule); err != nil {
		return err
	}
	return between("value.stale_days", v.StaleDays, 0, 3650)
}

func checkFieldKey(field, id string, seen map[string]bool) error {
	if !fieldKey.MatchString(id) {
		return invalid(field, "An id begins with a letter a to z and has letters, digits and _ only, at most 40.")
	}
	return checkKey(field, id, seen)
}

// checkNames checks a name in both languages; one that is missing is the other's.
func checkNames(field string, t *channels.Text) error {
	for _, s := range []*string{&t.EN, &t.FA} {
		if err := setText(field, s, s, 0, 120, false); err != nil {
			return err
		}
	}
	if t.EN == "" && t.FA == "" {
		return invalid(field, "A name is needed.")
	}
	if t.EN == "" {
		t.EN = t.FA
	}
	if t.FA == "" {
		t.FA = t.EN
	}
	return nil
}

func checkRoles(field string, l record.Limit) error {
	for name, list := range map[string][]string{"see": l.See, "edit": l.Edit} {
		if len(list) > 3 {
			return invalid(field+"."+name, "There are three roles.")
		}
		for _, r := range list {
			if err := choice(field+"."+name, r, record.RoleAgent, record.RoleSupervisor, record.RoleAdmin); err != nil {
				return err
			}
		}
	}
	return nil
}

// keptOptions are the new options with those that were left out, archived, at the end.
func keptOptions(old, list []record.Option) []record.Option {
	out := slices.Clone(list)
	for _, o := range old {
		if !slices.ContainsFunc(list, func(n record.Option) bool { return n.ID == o.ID }) {
			o.Archived = true
			out = append(out, o)
		}
	}
	if out == nil {
		out = []record.Option{}
	}
	return out
}

func checkOptions(field string, list []record.Option, most int) error {
	if len(list) > most {
		return invalid(field, "There are too many entries.")
	}
	seen := map[string]bool{}
	for i := range list {
		if err := checkFieldKey(at(field, i, "id"), list[i].ID, seen); err != nil {
			return err
		}
		if err := checkNames(at(field, i, "name"), &list[i].Name); err != nil {
			return err
		}
	}
	return nil
}
