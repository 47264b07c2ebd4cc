package record

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"tamas/channels"
)

// An answer is cut to what its reader may see in one place, where it is written: whatever it is made of, each thing in it that tells of a customer
// leaves out by itself what is kept from the reader's role. So a new way to ask tells nothing more than the others.

// cutter is what tells of customers: Cut leaves out what a sight does not have. It may be called twice.
type cutter interface{ Cut(Sight) }

// Cut is an answer, or a part of one, as a sight has it. What was given stays as it was.
func (s Sight) Cut(v any) any {
	if !s.Limited() || v == nil {
		return v
	}
	from := reflect.ValueOf(v)
	to := reflect.New(from.Type()).Elem()
	to.Set(from)
	s.cut(to)
	return to.Interface()
}

// CutTo is Cut that keeps the type.
func CutTo[T any](s Sight, v T) T {
	out, _ := s.Cut(v).(T)
	return out
}

var (
	cutterType   = reflect.TypeFor[cutter]()
	envelopeType = reflect.TypeFor[channels.Envelope]()
	tells        sync.Map // reflect.Type → whether something in it may tell of a customer
)

// telling tells whether values of a type may tell of customers.
func telling(t reflect.Type) bool {
	if is, ok := tells.Load(t); ok {
		return is.(bool)
	}
	is := looksTelling(t, map[reflect.Type]bool{})
	tells.Store(t, is)
	return is
}

func looksTelling(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t == envelopeType || t.Implements(cutterType) || reflect.PointerTo(t).Implements(cutterType) {
		return true
	}
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return looksTelling(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); (f.IsExported() || f.Anonymous) && looksTelling(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// cut cuts v, which can be set, in place; what it points to is copied first.
func (s Sight) cut(v reflect.Value) {
	t := v.Type()
	if !telling(t) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		to := reflect.New(t.Elem())
		to.Elem().Set(v.Elem())
		s.cut(to.Elem())
		v.Set(to)
		return
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		to := reflect.New(v.Elem().Type()).Elem()
		to.Set(v.Elem())
		s.cut(to)
		v.Set(to)
		return
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		to := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(to, v)
		for i := range to.Len() {
			s.cut(to.Index(i))
		}
		v.Set(to)
	case reflect.Array:
		for i := range v.Len() {
			s.cut(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		to := reflect.MakeMapWithSize(t, v.Len())
		for at := v.MapRange(); at.Next(); {
			x := reflect.New(t.Elem()).Elem()
			x.Set(at.Value())
			s.cut(x)
			to.SetMapIndex(at.Key(), x)
		}
		v.Set(to)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := t.Field(i); f.IsExported() {
				s.cut(v.Field(i))
			} else if f.Anonymous && f.Type.Kind() == reflect.Struct {
				s.within(v.Field(i))
			}
		}
	}
	if t == envelopeType {
		s.envelope(v.Addr().Interface().(*channels.Envelope))
	} else if c, ok := v.Addr().Interface().(cutter); ok {
		c.Cut(s)
	}
}

// within cuts the fields of an embedded struct whose type has no name elsewhere.
func (s Sight) within(v reflect.Value) {
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			s.cut(v.Field(i))
		} else if f.Anonymous && f.Type.Kind() == reflect.Struct {
			s.within(v.Field(i))
		}
	}
}

// Cut leaves out attributes that may not be seen.
func (v Values) Cut(s Sight) {
	for id := range v {
		if !s.Sees(FieldOf(id)) {
			delete(v, id)
		}
	}
}

// Cut leaves out what may not be seen of a customer.
func (c *Customer) Cut(s Sight) {
	own := c.own()
	own.Name = s.name(own.Name)
	if !s.Sees(FieldTier) {
		own.Tier = ""
	}
	if !s.Sees(FieldTags) {
		own.Tags = nil
	}
	for _, f := range fieldsOf(own) {
		if !s.Sees(f) {
			own.say(f, nil)
		}
	}
	*c = own
}

// Cut leaves out a name that may not be seen.
func (c *CustomerName) Cut(s Sight) { c.Name = s.name(c.Name) }

// Cut leaves out an address that may not be seen.
func (w *WhoHit) Cut(s Sight) {
	w.CustomerName.Cut(s)
	w.Address = s.address(w.Address)
}

// Cut leaves out what may not be seen of an identity.
func (i *Identity) Cut(s Sight) {
	i.Address, i.Name = s.address(i.Address), s.name(i.Name)
	i.Unreachable, i.Evidence = s.text(i.Unreachable), s.text(i.Evidence)
	if !s.Sees(FieldConsents) {
		i.Consent, i.ConsentAt = "", 0
	}
}

// Cut hides addresses in what is told of a link, a merge, a consent.
func (l *Link) Cut(s Sight)    { l.Evidence = s.text(l.Evidence) }
func (m *Merge) Cut(s Sight)   { m.Reason = s.text(m.Reason) }
func (c *Consent) Cut(s Sight) { c.Evidence = s.text(c.Evidence) }

// Cut leaves out what a conversation's header tells of its customer.
func (c *Conversation) Cut(s Sight) {
	if !s.Sees(FieldTier) {
		c.Tier = ""
	}
	if !s.Sees(FieldAddress) {
		c.Thread = "" // of most channels it is the address
	}
}

// Cut leaves out what may not be seen of a conversation in a list.
func (v *View) Cut(s Sight) {
	v.Conversation.Cut(s)
	v.Address = s.address(v.Address)
}

// Cut leaves out what may not be seen of a touch. What was written in it stays.
func (t *Touch) Cut(s Sight) {
	if s.Sees(FieldAddress) {
		return
	}
	if t.Author.Kind != "agent" && t.State != StateLogged {
		t.Key = "" // providers make it of the address
	}
	t.ProviderID, t.Parts = "", nil
	t.Error, t.Unreadable = s.text(t.Error), s.text(t.Unreadable)
	if t.Body != nil {
		b := *t.Body
		if b.Raw = nil; t.Author.Kind == "system" { // the hub's own words may name where somebody wants to be answered
			b.Text = s.text(b.Text)
		}
		t.Body = &b
	}
}

// Cut hides addresses in the hub's own words.
func (p *Preview) Cut(s Sight) {
	if p.Author.Kind == "system" {
		p.Text = s.text(p.Text)
	}
}

// Cut hides addresses in the hub's own words.
func (h *MessageHit) Cut(s Sight) {
	if text := s.text(h.Snippet); h.Author.Kind == "system" && text != h.Snippet {
		h.Snippet, h.Parts = text, []Part{{Text: text}}
	}
}

// Cut leaves out amounts that may not be seen.
func (d *Data) Cut(s Sight) {
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

// Cut leaves out what an event tells of its customer beside the things in it.
func (e *Event) Cut(s Sight) {
	if !s.Sees(FieldAddress) && e.By.Kind != "agent" {
		e.Key = ""
	}
	if _, ok := e.Was[FieldTier]; ok && !s.Sees(FieldTier) {
		was := map[string]json.RawMessage{}
		for f, v := range e.Was {
			if f != FieldTier {
				was[f] = v
			}
		}
		e.Was = was
	}
}

// Cut leaves out what may not be seen of a mark.
func (m *Mark) Cut(s Sight) {
	switch m.Kind {
	case MarkConsent:
		if !s.Sees(FieldConsents) {
			m.Value = ""
		}
	case MarkUnreachable:
		m.Value = s.text(m.Value)
	}
	if m.Link != nil && (!s.Sees(FieldAddress) || !s.Sees(FieldName)) {
		m.Link = &channels.Link{Customer: m.Link.Customer, Channel: m.Link.Channel, Evidence: s.text(m.Link.Evidence), Once: m.Link.Once}
	}
}

func (s Sight) envelope(e *channels.Envelope) {
	e.From = s.line(e.From)
	for _, list := range []*[]string{&e.ReplyTo, &e.To, &e.Cc, &e.Bcc} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i] = s.line((*list)[i])
		}
	}
}

// Cut leaves out what may not be seen of what customers share.
func (r *Reason) Cut(s Sight) { r.Value = s.address(r.Value) }

// Cut leaves out what may not be seen of a customer who was found.
func (h *CustomerHit) Cut(s Sight) {
	name, address := h.Name, h.Address
	h.Name, h.Address = s.name(name), s.address(address)
	if h.Name != name || h.Address != address && strings.HasPrefix(address, whole(h.Parts)) {
		h.Parts = []Part{{Text: cmp.Or(h.Name, h.Address)}}
	}
}

// Cut leaves out what may not be seen of a customer on a list of what is to be mended.
func (h *FixHit) Cut(s Sight) {
	h.Name, h.Address, h.Unreachable = s.name(h.Name), s.address(h.Address), s.text(h.Unreachable)
	h.Completeness.Cut(s)
}

// Cut leaves out fields that may not be seen.
func (c *Completeness) Cut(s Sight) { c.Missing = s.fields(slices.Clone(c.Missing)) }

// Cut leaves out what a merge would do to what may not be seen.
func (p *MergePreview) Cut(s Sight) { p.Fields = s.shown(p.Fields) }
func (p *UndoPreview) Cut(s Sight)  { p.Fields = s.shown(p.Fields) }

func (s Sight) shown(list []ShownField) []ShownField {
	return slices.DeleteFunc(slices.Clone(list), func(f ShownField) bool { return !s.Sees(f.Field) })
}

// Cut hides addresses that stand for a name.
func (f *ShownField) Cut(s Sight) {
	if f.Field == FieldName {
		f.From, f.Into, f.Shows = s.said(f.From), s.said(f.Into), s.said(f.Shows)
	}
}

// fields leaves out names of fields.
func (s Sight) fields(list []string) []string {
	return slices.DeleteFunc(list, func(f string) bool { return !s.Sees(f) })
}

// Cut leaves out what may not be seen of a customer's page.
func (p *CustomerRecord) Cut(s Sight) {
	if !s.Sees(FieldOrganisations) {
		p.Organisations = []Membership{}
	}
	if !s.Sees(FieldRelations) {
		p.Relations = []Relation{}
	}
	if !s.Sees(FieldConsents) {
		p.Consents = []Consent{}
	}
	if !s.Sees(FieldStage) {
		p.Stages = []StageChange{}
	}
}

// Cut leaves out what may not be seen of somebody whom an import could not be undone for.
func (l *Left) Cut(s Sight) {
	if l.Fields = s.fields(slices.Clone(l.Fields)); l.Customer != "" {
		l.Name = s.name(l.Name)
	}
}

// Cut leaves out what may not be seen of an organisation.
func (o *Organisation) Cut(s Sight) {
	if !s.Sees(FieldTags) {
		o.Tags = nil
	}
	if !s.Sees(FieldPlace) {
		o.Place = nil
	}
	if !s.Sees(FieldOwner) {
		o.Owner = ""
	}
	if !s.Sees(FieldOrganisations) {
		o.Members = 0
	}
}

// Cut leaves out who belongs to an organisation where that may not be seen.
func (p *OrganisationPage) Cut(s Sight) {
	if !s.Sees(FieldOrganisations) {
		p.Members, p.More = []Member{}, false
	}
	if !s.Sees(FieldName) { // whose order would tell of names
		slices.SortFunc(p.Members, func(a, b Member) int {
			return cmp.Or(cmp.Compare(min(a.Until, 1), min(b.Until, 1)), cmp.Compare(a.Customer.ID, b.Customer.ID))
		})
	}
}

// Cut leaves out who would come to which stage.
func (m *StagesMoved) Cut(s Sight) {
	if !s.Sees(FieldStage) {
		m.Stages = map[string]int{}
	}
}

// Cut leaves out ties that may not be seen, and whom only they lead to.
func (m *Map) Cut(s Sight) {
	m.Edges = slices.DeleteFunc(slices.Clone(m.Edges), func(e Edge) bool {
		return e.Kind == edgeMember && !s.Sees(FieldOrganisations) || e.Kind != edgeMember && !s.Sees(FieldRelations)
	})
	joined := map[string]bool{}
	for _, e := range m.Edges {
		joined[e.From], joined[e.To] = true, true
	}
	m.Nodes = slices.DeleteFunc(m.Nodes, func(n Node) bool { return n.Step > 0 && !joined[n.ID] })
}

// Cut leaves out the name of a customer on a map.
func (n *Node) Cut(s Sight) {
	if n.Type == OfCustomer {
		n.Name = s.name(n.Name)
	}
}

// Cut leaves out amounts that may not be seen, and touches that count by their cost alone.
func (x *Summary) Cut(s Sight) {
	if !s.Sees(FieldMoney) {
		x.Value = []ValueSummary{}
		x.Products = slices.Clone(x.Products)
		for i := range x.Products {
			x.Products[i].Amount, x.Products[i].Currency, x.Products[i].From.Value = 0, "", ""
		}
	}
	if !s.Sees(FieldCost) {
		x.Value = slices.DeleteFunc(slices.Clone(x.Value), func(v ValueSummary) bool { return v.Frequency == 0 && v.Returns == 0 })
		for i := range x.Value {
			v := &x.Value[i]
			v.Cost, v.Margin, v.Costed, v.From.Kind = 0, 0, false, valueKinds
		}
	}
}

// Cut leaves out what would tell of amounts that may not be seen: in which currency they are, and that a touch had a cost.
func (f *TimelineFilter) Cut(s Sight) {
	if f.Value == "" {
		return
	}
	if !s.Sees(FieldMoney) {
		f.Value = ""
	} else if !s.Sees(FieldCost) {
		those := []string{KindPurchase, KindReturn}
		if len(f.Kinds) > 0 {
			those = slices.DeleteFunc(those, func(k string) bool { return !slices.Contains(f.Kinds, k) })
		}
		if len(those) == 0 {
			those = []string{""} // none
		}
		f.Kinds = those
	}
}

// Cut leaves out what became of fields that may not be seen.
func (a *Access) Cut(s Sight) {
	a.Fields = s.fields(slices.Clone(a.Fields))
	a.History = slices.DeleteFunc(slices.Clone(a.History), func(f FieldChange) bool { return !s.Sees(f.Field) })
	a.Before, a.After = s.noted(a.Action, a.Before), s.noted(a.Action, a.After)
}

// Cut hides addresses that stand for a name.
func (f *FieldChange) Cut(s Sight) {
	if f.Field == FieldName {
		f.Was, f.Value = s.said(f.Was), s.said(f.Value)
	}
}

// Cut leaves out what became of fields that may not be seen.
func (c *Changed) Cut(s Sight) {
	c.Before, c.After = s.noted(c.Action, c.Before), s.noted(c.Action, c.After)
}

// exported leaves out of what an export was narrowed to the values that may not be seen.
func (s Sight) exported(v json.RawMessage) json.RawMessage {
	var all struct {
		Form   string            `json:"form"`
		Filter map[string]string `json:"filter"`
	}
	if v == nil || json.Unmarshal(v, &all) != nil {
		return v
	}
	for key, field := range map[string]string{"tier": FieldTier, "tag": FieldTags, "stage": FieldStage} {
		if !s.Sees(field) {
			delete(all.Filter, key)
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return out
}

// noted leaves out of an entry of the audit what tells of fields that may not be seen.
func (s Sight) noted(action string, v json.RawMessage) json.RawMessage {
	what, _, _ := strings.Cut(action, ".")
	if what == "export" {
		return s.exported(v)
	}
	if v == nil || what != OfCustomer && what != OfOrganisation && what != OfConversation {
		return v
	}
	for of, field := range map[string]string{"customer.consent": FieldConsents, "customer.relation": FieldRelations, "customer.member": FieldOrganisations} {
		if action == of && !s.Sees(field) {
			return nil
		}
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(v, &all) != nil {
		return v
	}
	for f, x := range all {
		var names []string
		switch {
		case f == FieldName:
			if what == OfCustomer {
				all[f] = s.said(x)
			}
		case f == "fields" && json.Unmarshal(x, &names) == nil:
			all[f], _ = json.Marshal(s.fields(names))
		case f == "thread" && !s.Sees(FieldAddress), !s.Sees(f) && (what != OfConversation || f == FieldTier): // a conversation's owner and tags are its own
			delete(all, f)
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		return nil
	}
	return out
}
