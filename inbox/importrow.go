package inbox

import (
	"slices"
	"time"

	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// Why a cell or a row was not taken.
const (
	badRow      = "bad_row"
	badPhone    = "bad_phone"
	badEmail    = "bad_email"
	badDate     = "bad_date"
	badNumber   = "bad_number"
	badChoice   = "bad_choice"
	badYesNo    = "bad_yes_no"
	badLink     = "bad_link"
	badKind     = "bad_kind"
	badCustomer = "bad_customer"
	tooLong     = "too_long"
	needed      = "needed"
	refused     = "refused"
)

// rowReader makes of a file's rows what they say.
type rowReader struct {
	of      string
	csv     bool
	name    string // of the file
	columns []string
	fields  []string // of each column; "": ignored
	options ImportOptions
	zone    *time.Location
	rules   *record.LogRules
	by      record.Actor
	set     *Settings
	now     record.Millis

	kinds, tiers, stages, users wordTable
	attributes                  map[string]*record.Attribute
	attributeOptions            map[string]wordTable
	kindFields                  map[[2]string]*record.KindField // by kind and field
	mask                        func(*record.Touch) error       // as the firm's settings ask for
}

func (h *Hub) newRowReader(i *importing) (*rowReader, error) {
	zone, err := time.LoadLocation(i.setup.Options.Zone)
	if err != nil {
		return nil, err
	}
	set := h.Settings()
	r := &rowReader{of: i.Of, csv: i.setup.Format.Kind == sheet.CSV, name: i.Name, columns: i.names(), options: i.setup.Options, zone: zone, rules: h.LogRules(),
		by: record.Actor{Kind: "system", ID: "import"}, set: set, now: h.Now(), kinds: wordTable{}, tiers: wordTable{}, users: wordTable{}, stages: optionTable(set.Record.Stages),
		attributes: map[string]*record.Attribute{}, attributeOptions: map[string]wordTable{}, kindFields: map[[2]string]*record.KindField{},
		mask: h.maskLogged}
	r.rules.Region = i.setup.Options.Region
	for _, c := range r.columns {
		r.fields = append(r.fields, i.setup.Mapping[c])
	}
	for _, k := range set.Kinds {
		r.kinds.add(k.ID, k.Name.EN, k.Name.FA)
		for at := range k.Fields {
			r.kindFields[[2]string{k.ID, k.Fields[at].ID}] = &k.Fields[at]
		}
	}
	for _, t := range set.Routing.Tiers {
		r.tiers.add(t)
	}
	for _, u := range set.Users {
		r.users.add(u.ID, u.Email)
	}
	for _, u := range set.Users { // a name that two have is of neither; addresses go first
		if at, ok := r.users.find(u.Name); ok && at != u.ID {
			continue
		}
		r.users.add(u.ID, u.Name)
	}
	for at := range set.Attributes {
		if a := &set.Attributes[at]; a.Of == attributesOf(i.Of) {
			r.attributes[record.FieldOf(a.ID)] = a
			r.attributeOptions[a.ID] = optionTable(a.Options)
		}
	}
	return r, nil
}

// cells is a row on its way to what it says.
type cells struct {
	r       *rowReader
	reasons []record.CellReason
}

func (c *cells) fail(column int, code, value, message string) {
	name := ""
	if column >= 0 {
		name = c.r.columns[column]
	}
	c.reasons = append(c.reasons, record.CellReason{Column: name, Code: code, Value: cleanLine(value, 200), Message: message})
}

// column is where a field is mapped from; -1: nowhere.
func (r *rowReader) column(field string) int { return slices.Index(r.fields, field) }

// value is a cell without what surrounds it.
func (r *rowReader) value(row *sheet.Row, at int) string {
	s := sheet.Clean(row.Fields[at])
	if r.csv {
		s = sheet.Unguard(s)
	}
	return s
}

// own are a row's cells as they stood where it comes from: a file of errors has a column more.
func (r *rowReader) own(row *sheet.Row) (list []string) {
	for at, s := range row.Fields {
		if !isReason(r.columns[at]) {
			list = append(list, s)
		}
	}
	return list
}

// unread is the reason of a row that could not be read at all.
func (r *rowReader) unread(row *sheet.Row) []record.CellReason {
	if row.Err == "" {
		return nil
	}
	return []record.CellReason{{Code: badRow, Message: row.Err}}
}
