package agentui

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// Exports have the columns that an import of the same thing knows. docs/import.md says what they bring back, and what not.

// table is an export on its way out.
type table struct {
	w       *sheet.Writer
	csv     bool
	columns []string
	at      map[string]int
	row     []string
}

func (t *table) set(column, value string) {
	if at, ok := t.at[column]; ok {
		t.row[at] = value
	}
}

// put writes the row and begins the next.
func (t *table) put() error {
	if t.csv {
		for i := range t.row {
			t.row[i] = sheet.Guard(t.row[i])
		}
	}
	t.w.Row(t.row)
	clear(t.row)
	return t.w.Flush()
}

// export notes the export and begins the file, in the form that the path's ending names.
func (s *Server) export(c echo.Context, what, ending string, columns []string) (*table, error) {
	f := sheet.Format{Kind: sheet.CSV, Encoding: "utf-8", Delimiter: ",", Header: true, BOM: true}
	media := "text/csv; charset=utf-8"
	if ending == ".jsonl" {
		f, media = sheet.Format{Kind: sheet.JSONL, Encoding: "utf-8"}, "application/jsonl"
	}
	query := map[string]string{}
	for k := range c.QueryParams() {
		query[k] = c.QueryParam(k)
	}
	if err := s.db.AddNote(c.Request().Context(), s.note(c, "export."+what, what, nil, map[string]any{"form": ending[1:], "filter": query})); err != nil {
		return nil, err
	}
	download(c, media, what+ending)
	t := &table{w: sheet.NewWriter(c.Response(), f, columns), csv: f.Kind == sheet.CSV, columns: columns, at: map[string]int{}, row: make([]string, len(columns))}
	for i, name := range columns {
		t.at[name] = i
	}
	return t, nil
}

// seenColumns are those that somebody may see.
func seenColumns(sight record.Sight, columns []string) []string {
	return slices.DeleteFunc(columns, func(f string) bool { return !sight.Sees(profileField(f)) })
}

// profiles adds columns for the firm's own fields to those of a file of customers or organisations, and gives what writes the part of a row that both have.
func profiles(set *inbox.Settings, sight record.Sight, of string, columns []string) ([]string, func(t *table, tags []string, place *record.Place, owner string, own record.Values)) {
	types := map[string]string{}
	for _, a := range set.Attributes {
		if f := record.FieldOf(a.ID); a.Of == of && sight.Sees(f) {
			columns = append(columns, f)
			types[f] = a.Type
		}
	}
	return columns, func(t *table, tags []string, place *record.Place, owner string, own record.Values) {
		t.set("tags", joinList(tags))
		if place != nil {
			t.set("country", place.Country)
			t.set("city", place.City)
			t.set("address", place.Address)
		}
		t.set("owner", emailOf(set, owner))
		for id, v := range own {
			f := record.FieldOf(id)
			t.set(f, valueText(types[f], v))
		}
	}
}

func (s *Server) exportCustomers(ending string) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, sight, set := c.Request().Context(), s.sight(c), s.hub.Settings()
		tier, tag, stage := c.QueryParam("tier"), c.QueryParam("tag"), c.QueryParam("stage")
		for field, asked := range map[string]string{record.FieldTier: tier, record.FieldTags: tag, record.FieldStage: stage} {
			if asked != "" && !sight.Sees(field) {
				return forbidden("Your role may not see this field.")
			}
		}
		channels, err := s.db.IdentityChannels(ctx)
		if err != nil {
			return err
		}
		columns := []string{"id", "name", "phone", "email", "external"}
		for _, ch := range channels {
			if ch != "sms" && ch != "email" && ch != "external" {
				columns = append(columns, "identity:"+ch)
			}
		}
		columns = append(columns, "tier", "tags", "languages", "time_zone", "country", "city", "address", "owner", "stage", "organisation", "role", "consents")
		columns = seenColumns(sight, columns)
		columns, profile := profiles(set, sight, record.OfCustomer, columns)
		t, err := s.export(c, "customers", ending, columns)
		if err != nil {
			return err
		}
		err = s.db.ExportCustomers(ctx, func(x *record.ExportedCustomer) error {
			if tier != "" && x.Tier != tier || tag != "" && !slices.Contains(x.Tags, tag) || stage != "" && x.Stage != stage {
				return nil
			}
			x.Customer.Cut(sight)
			t.set("id", x.ID)
			t.set("name", x.Name)
			t.set("tier", x.Tier)
			profile(t, x.Tags, x.Place, x.Owner, x.Attributes)
			t.set("languages", strings.Join(x.Languages, ","))
			t.set("time_zone", x.TimeZone)
			t.set("stage", x.Stage)
			names, roles := make([]string, len(x.Members)), make([]string, len(x.Members))
			for i, m := range x.Members {
				names[i], roles[i] = m.Name, m.Role
			}
			t.set("organisation", strings.Join(names, "\n"))
			t.set("role", joinRoles(roles))
			if list := []record.Consent{}; len(x.Consents) > 0 {
				for _, s := range x.Consents { // where the file goes to, there are other colleagues and identities
					s.Cut(sight)
					list = append(list, record.Consent{Channel: s.Channel, Purpose: s.Purpose, State: s.State, At: s.At, Evidence: s.Evidence})
				}
				b, _ := json.Marshal(list)
				t.set("consents", string(b))
			}
			addresses := map[string][]string{}
			for _, i := range x.Identities {
				addresses[i.Channel] = append(addresses[i.Channel], i.Address)
			}
			for ch, list := range addresses {
				switch ch {
				case "sms":
					t.set("phone", strings.Join(list, ","))
				case "email":
					t.set("email", strings.Join(list, ","))
				case "external":
					t.set("external", strings.Join(list, "\n"))
				default:
					t.set("identity:"+ch, strings.Join(list, "\n"))
				}
			}
			return t.put()
		})
		return s.cutOff(c, err)
	}
}

// emailOf is a colleague as another hub knows them too, where ids are others; whoever is not known keeps the id.
func emailOf(set *inbox.Settings, id string) string {
	if u, ok := set.Users[id]; ok {
		return u.Email
	}
	return id
}

// joinList writes a list so that it is read again: with commas, or, when one of them holds what parts a list, as JSON.
func joinList(list []string) string {
	for _, s := range list {
		if strings.ContainsAny(s, ",;|،؛\n") || strings.HasPrefix(s, "[") {
			b, _ := json.Marshal(list)
			return string(b)
		}
	}
	return strings.Join(list, ",")
}

// joinRoles writes the roles of a customer's organisations: a line each, or, when only some have one, a JSON list.
func joinRoles(list []string) string {
	if all := strings.Join(list, ""); all != "" && slices.Contains(list, "") {
		b, _ := json.Marshal(list)
		return string(b)
	} else if all == "" {
		return ""
	}
	return strings.Join(list, "\n")
}

// valueText is a value of the firm's own field as an import reads it.
func valueText(typ string, v json.RawMessage) string {
	switch typ {
	case record.TypeMoney:
		var m record.Money
		if json.Unmarshal(v, &m) == nil {
			return m.Amount.String() + " " + m.Currency
		}
	case record.TypeChoices:
		var list []string
		if json.Unmarshal(v, &list) == nil {
			return joinList(list)
		}
	}
	return jsonText(v)
}

// cutOff ends an export: what fails after its beginning breaks the connection off, so that nobody takes a part for the whole.
func (s *Server) cutOff(c echo.Context, err error) error {
	if err == nil {
		return nil
	}
	if c.Request().Context().Err() == nil {
		s.log.Warn("an export breaks off", "path", c.Path(), "err", err)
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) exportTouches(ending string) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, sight, set := c.Request().Context(), s.sight(c), s.hub.Settings()
		f := record.TouchFilter{Customer: c.QueryParam("customer"), Kinds: splitList(c.QueryParam("kind")), Channels: splitList(c.QueryParam("channel"))}
		for name, into := range map[string]*record.Millis{"from": &f.From, "to": &f.To} {
			if v := c.QueryParam(name); v != "" {
				n, err := strconv.ParseInt(v, 10, 64)
				if err != nil {
					return invalid(name, name+" must be a time in milliseconds.")
				}
				*into = record.Millis(n)
			}
		}
		columns := []string{"id", "source", "kind", "at", "customer.channel", "customer.address", "customer.name", "channel", "inbound", "agent", "subject", "text"}
		columns = slices.DeleteFunc(columns, func(f string) bool {
			return f == "customer.address" && !sight.Sees(record.FieldAddress) || f == "customer.name" && !sight.Sees(record.FieldName)
		})
		if sight.Sees(record.FieldMoney) {
			columns = append(columns, "amount", "currency", "items")
		}
		if sight.Sees(record.FieldCost) {
			columns = append(columns, "cost")
		}
		columns = append(columns, "order", "seconds", "outcome", "place", "programme", "step")
		types := map[[2]string]string{} // of a field, by its kind: two kinds may have fields of one name
		for _, k := range set.Kinds {
			for _, kf := range k.Fields {
				types[[2]string{k.ID, kf.ID}] = kf.Type
				if name := "fields." + kf.ID; !slices.Contains(columns, name) {
					columns = append(columns, name)
				}
			}
		}
		t, err := s.export(c, "touches", ending, columns)
		if err != nil {
			return err
		}
		err = s.db.ExportTouches(ctx, f, func(x *record.ExportedTouch) error {
			*x = record.CutTo(sight, *x)
			id := x.Key
			if x.State != record.StateLogged || id == "" {
				id = x.ID
			}
			t.set("id", id)
			t.set("source", strings.TrimPrefix(x.Account, "@"))
			t.set("kind", x.Kind)
			t.set("at", x.At.Time().Format(time.RFC3339Nano))
			channel := x.Whose.Channel
			if channel == "sms" {
				channel = "phone"
			}
			t.set("customer.channel", channel)
			t.set("customer.address", x.Whose.Address)
			t.set("customer.name", x.Whose.Name)
			t.set("channel", x.Channel)
			t.set("inbound", strconv.FormatBool(x.Inbound))
			if x.Author.Kind == "agent" {
				t.set("agent", emailOf(set, x.Author.ID))
			}
			if x.Body != nil {
				t.set("subject", x.Body.Subject)
				t.set("text", x.Body.Text)
			}
			if d := x.Data; d != nil {
				if d.Amount != 0 {
					t.set("amount", d.Amount.String())
				}
				if d.Cost != 0 {
					t.set("cost", d.Cost.String())
				}
				t.set("currency", d.Currency)
				t.set("order", d.Order)
				if d.Seconds != 0 {
					t.set("seconds", strconv.Itoa(d.Seconds))
				}
				t.set("outcome", d.Outcome)
				t.set("place", d.Place)
				t.set("programme", d.Programme)
				t.set("step", d.Step)
				if len(d.Items) > 0 {
					b, _ := json.Marshal(d.Items)
					t.set("items", string(b))
				}
				for id, v := range d.Fields {
					b, _ := json.Marshal(v)
					t.set("fields."+id, valueText(types[[2]string{x.Kind, id}], b))
				}
			}
			return t.put()
		})
		return s.cutOff(c, err)
	}
}

func splitList(s string) (out []string) {
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" && len(out) < 50 {
			out = append(out, part)
		}
	}
	return out
}

func (s *Server) exportOrganisations(ending string) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, sight, set := c.Request().Context(), s.sight(c), s.hub.Settings()
		columns := []string{"id", "name", "tags", "country", "city", "address", "owner", "members"}
		columns = slices.DeleteFunc(columns, func(f string) bool { return f != "name" && !sight.Sees(profileField(f)) }) // firms' names are never kept
		columns, profile := profiles(set, sight, record.OfOrganisation, columns)
		t, err := s.export(c, "organisations", ending, columns)
		if err != nil {
			return err
		}
		for after := ""; ; {
			list, next, err := s.db.Organisations(ctx, c.QueryParam("q"), after, 500)
			if err != nil {
				return s.cutOff(c, err)
			}
			for i := range list {
				o := &list[i]
				o.Cut(sight)
				t.set("id", o.ID)
				t.set("name", o.Name)
				t.set("members", strconv.Itoa(o.Members))
				profile(t, o.Tags, o.Place, o.Owner, o.Attributes)
				if err := t.put(); err != nil {
					return s.cutOff(c, err)
				}
			}
			if after = next; next == "" {
				return nil
			}
		}
	}
}
