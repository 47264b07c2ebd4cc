package inbox

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// ImportField is what a column may be mapped to.
type ImportField struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Name     channels.Text   `json:"name"`
	Group    string          `json:"group"`              // identity, profile, organisation, attribute, touch, data, field
	Many     bool            `json:"many,omitempty"`     // several columns may be mapped to it
	Required bool            `json:"required,omitempty"` // of the firm's own
	Options  []record.Option `json:"options,omitempty"`
	words    []string        // names of columns that mean it
}

// fieldIdentity begins the field of an address on any other channel: "identity:telegram".
const fieldIdentity = "identity:"

func field(id, typ, group, en, fa string, words ...string) ImportField {
	return ImportField{ID: id, Type: typ, Name: channels.Text{EN: en, FA: fa}, Group: group, words: append(words, id, en, fa)}
}

func many(f ImportField) ImportField {
	f.Many = true
	return f
}

// identityFields say whose a row is.
func identityFields() []ImportField {
	return []ImportField{
		many(field("phone", "phone", "identity", "Phone", "تلفن", "mobile", "mobile phone", "mobile number", "phone number", "cell", "cell phone", "tel", "telephone", "msisdn", "sms", "customer.phone", "customer phone",
			"موبایل", "شماره موبایل", "شماره تلفن", "شماره همراه", "تلفن همراه", "همراه", "شماره تماس", "تلفن تماس", "موبایل مشتری", "شماره")),
		many(field("email", "email", "identity", "Email", "ایمیل", "e-mail", "mail", "email address", "customer.email", "customer email", "رایانامه", "پست الکترونیک", "پست الکترونیکی", "آدرس ایمیل", "نشانی ایمیل")),
		field("external", "text", "identity", "Customer's id elsewhere", "شناسهٔ مشتری در جای دیگر", "customer id", "customer_id", "customerid", "client id", "user id", "member id", "external id", "customer number",
			"شناسه مشتری", "کد مشتری", "شماره مشتری", "کد اشتراک", "شماره اشتراک"),
	}
}

func customerFields() []ImportField {
	return append(identityFields(),
		field("name", "text", "profile", "Name", "نام", "full name", "fullname", "customer", "customer name", "customer.name", "contact", "نام کامل", "نام و نام خانوادگی", "نام مشتری", "مشتری", "نام و فامیل"),
		field("first_name", "text", "profile", "First name", "نام کوچک", "firstname", "given name", "forename", "اسم"),
		field("last_name", "text", "profile", "Last name", "نام خانوادگی", "lastname", "surname", "family name", "family", "فامیل", "فامیلی"),
		field("tier", "choice", "profile", "Tier", "سطح", "level", "class", "سطح مشتری", "رده"),
		many(field("tags", "tags", "profile", "Tags", "برچسب‌ها", "tag", "labels", "label", "برچسب", "برچسبها", "گروه")),
		field("languages", "languages", "profile", "Languages", "زبان‌ها", "language", "lang", "locale", "زبان", "زبانها"),
		field("time_zone", "text", "profile", "Time zone", "منطقهٔ زمانی", "timezone", "zone"),
		field("country", "country", "profile", "Country", "کشور", "place.country"),
		field("city", "text", "profile", "City", "شهر", "town", "place.city"),
		field("address", "text", "profile", "Address", "نشانی", "street", "postal address", "place.address", "آدرس"),
		field("owner", "user", "profile", "Owner", "مسئول", "account manager", "مسئول مشتری", "کارشناس"),
		field("stage", "choice", "profile", "Life-cycle stage", "مرحلهٔ چرخهٔ عمر", "life cycle", "lifecycle", "lifecycle stage", "مرحله"),
		field("organisation", "text", "organisation", "Organisation", "سازمان", "organization", "company", "firm", "employer", "شرکت", "نام شرکت", "نام سازمان", "موسسه"),
		field("role", "text", "organisation", "Role in the organisation", "نقش در سازمان", "job", "job title", "title", "position", "سمت", "نقش", "شغل"))
}

func touchFields() []ImportField {
	return append(identityFields(),
		field("customer", "text", "identity", "Customer (the hub's id)", "مشتری (شناسهٔ سامانه)", "customer.id"),
		field("address_channel", "text", "identity", "Channel of the address", "کانال نشانی", "customer.channel"),
		field("address", "text", "identity", "Address on that channel", "نشانی در آن کانال", "customer.address"),
		field("name", "text", "identity", "Customer's name", "نام مشتری", "name", "full name", "customer.name", "نام", "نام و نام خانوادگی", "مشتری"),
		field("id", "text", "touch", "The row's own id", "شناسهٔ ردیف", "number", "no", "reference", "ref", "order id", "invoice", "invoice number", "ticket", "شناسه", "کد", "شماره فاکتور", "شماره سفارش", "کد پیگیری", "ردیف"),
		field("kind", "kind", "touch", "Kind", "نوع", "type", "touch", "نوع تماس", "نوع رویداد"),
		field("at", "time", "touch", "When", "زمان", "date", "datetime", "date time", "timestamp", "created", "created at", "time", "happened at", "تاریخ", "تاریخ و ساعت", "تاریخ ثبت", "تاریخ خرید", "تاریخ تماس", "زمان ثبت"),
		field("time", "text", "touch", "Time of the day, beside a date", "ساعت، کنار تاریخ", "hour", "ساعت"),
		field("channel", "text", "touch", "Channel", "کانال", "medium", "via"),
		field("inbound", "yes_no", "touch", "The customer came to us", "مشتری آغازگر بود", "direction", "incoming", "جهت", "ورودی"),
		field("agent", "user", "touch", "Colleague", "همکار", "user", "operator", "employee", "seller", "کارشناس", "اپراتور", "کاربر", "فروشنده", "پاسخگو"),
		field("subject", "text", "touch", "Subject", "موضوع", "title", "عنوان"),
		field("text", "text", "touch", "Text", "متن", "note", "notes", "comment", "comments", "description", "body", "message", "شرح", "توضیح", "توضیحات", "یادداشت", "پیام"),
		field("amount", "money", "data", "Amount", "مبلغ", "price", "total", "sum", "value", "data.amount", "مبلغ کل", "قیمت", "جمع", "جمع کل", "مبلغ فاکتور"),
		field("currency", "text", "data", "Currency", "واحد پول", "data.currency", "ارز", "واحد"),
		field("cost", "money", "data", "Cost to the firm", "هزینه برای شرکت", "data.cost", "هزینه", "بهای تمام شده"),
		field("order", "text", "data", "Order", "سفارش", "data.order", "order number", "order reference", "کد سفارش"),
		field("items", "json", "data", "Lines (JSON)", "اقلام (JSON)", "data.items"),
		field("product", "text", "data", "Product's id", "شناسهٔ کالا", "sku", "product id", "product code", "کد کالا", "کد محصول"),
		field("product_name", "text", "data", "Product", "کالا", "product", "product name", "item", "نام کالا", "محصول", "نام محصول"),
		field("quantity", "number", "data", "Quantity", "تعداد", "qty", "count", "مقدار"),
		field("seconds", "number", "data", "Seconds", "ثانیه", "duration", "data.seconds", "length", "مدت", "مدت مکالمه"),
		field("outcome", "text", "data", "Outcome", "نتیجه", "data.outcome", "result", "status", "وضعیت"),
		field("place", "text", "data", "Shop", "فروشگاه", "data.place", "branch", "store", "شعبه", "محل"),
		field("programme", "text", "data", "Programme", "برنامه", "data.programme", "campaign", "program", "کمپین", "پویش"),
		field("step", "text", "data", "Step", "گام", "data.step", "action", "مرحله"))
}

func organisationFields() []ImportField {
	return []ImportField{
		field("name", "text", "organisation", "Name", "نام", "organisation", "organization", "company", "company name", "firm", "سازمان", "شرکت", "نام شرکت", "نام سازمان", "موسسه"),
		field("id", "text", "organisation", "Organisation (the hub's id)", "سازمان (شناسهٔ سامانه)"),
		many(field("tags", "tags", "profile", "Tags", "برچسب‌ها", "tag", "labels", "label", "برچسب", "برچسبها", "گروه")),
		field("country", "country", "profile", "Country", "کشور", "place.country"),
		field("city", "text", "profile", "City", "شهر", "town", "place.city"),
		field("address", "text", "profile", "Address", "نشانی", "street", "postal address", "place.address", "آدرس"),
		field("owner", "user", "profile", "Owner", "مسئول", "account manager", "مسئول مشتری", "کارشناس"),
	}
}

// ImportFields are what the columns of a file may be mapped to.
func (h *Hub) ImportFields(of string) []ImportField {
	set := h.Settings()
	if of == record.ImportTouches {
		list := touchFields()
		seen := map[string]bool{}
		for _, k := range set.Kinds {
			for _, f := range k.Fields {
				if id := "fields." + f.ID; !seen[id] {
					seen[id] = true
					list = append(list, ImportField{ID: id, Type: f.Type, Name: f.Name, Group: "field", Options: f.Options, words: []string{id, "data." + id, f.ID, f.Name.EN, f.Name.FA}})
				}
			}
		}
		return list
	}
	list := customerFields()
	if of == record.ImportOrganisations {
		list = organisationFields()
	}
	for i := range list {
		switch list[i].ID {
		case "tier":
			for _, t := range set.Routing.Tiers {
				list[i].Options = append(list[i].Options, record.Option{ID: t, Name: channels.Text{EN: t}})
			}
		case "stage":
			list[i].Options = set.Record.Stages
		}
	}
	for _, a := range set.Attributes {
		if a.Of == attributesOf(of) && !a.Archived {
			list = append(list, ImportField{ID: record.FieldOf(a.ID), Type: a.Type, Name: a.Name, Group: "attribute", Required: a.Required, Options: a.Options,
				words: []string{record.FieldOf(a.ID), a.ID, a.Name.EN, a.Name.FA}})
		}
	}
	return list
}

// wordOf is a column's name as it is compared: folded, without what parts its words.
func wordOf(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.:/()[]*#'\"\u200c", r) {
			return -1
		}
		return r
	}, record.Fold(s))
}

// guessMapping maps columns by their names, and those that no name tells by what is in them. A field that takes one column gets the first that
// names it best.
func guessMapping(fields []ImportField, columns []ImportColumn) map[string]string {
	mapping, taken := map[string]string{}, map[string]bool{}
	words := map[string][]int{}
	for at, f := range fields {
		for _, w := range f.words {
			if w = wordOf(w); w != "" && !slices.Contains(words[w], at) {
				words[w] = append(words[w], at)
			}
		}
	}
	give := func(column string, at int) bool {
		f := &fields[at]
		if taken[f.ID] && !f.Many {
			return false
		}
		mapping[column], taken[f.ID] = f.ID, true
		return true
	}
	rank := func(at int, word string) int { // its own id first
		if wordOf(fields[at].ID) == word {
			return 0
		}
		return 1
	}
	for _, c := range columns {
		word := wordOf(c.Name)
		if word == reasonColumn {
			continue
		}
		if rest, ok := strings.CutPrefix(strings.ToLower(c.Name), fieldIdentity); ok && rest != "" {
			mapping[c.Name] = fieldIdentity + rest
			continue
		}
		if i := strings.LastIndex(c.Name, " ("); i > 0 && words[word] == nil { // "phone (2)"
			word = wordOf(c.Name[:i])
		}
		list := slices.Clone(words[word])
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(rank(a, word), rank(b, word)) })
		for _, at := range list {
			if give(c.Name, at) {
				break
			}
		}
	}
	for _, c := range columns {
		if mapping[c.Name] != "" || len(c.Samples) == 0 {
			continue
		}
		all := func(is func(string) bool) bool {
			return !slices.ContainsFunc(c.Samples, func(s string) bool { return !is(s) })
		}
		free := func(id string) bool { // an organisation has no addresses
			return !taken[id] && slices.ContainsFunc(fields, func(f ImportField) bool { return f.ID == id })
		}
		switch {
		case free("email") && all(func(s string) bool { _, err := sheet.Email(s); return err == nil }):
			mapping[c.Name], taken["email"] = "email", true
		case free("phone") && all(func(s string) bool {
			p, err := sheet.Phone(s, "IR")
			return err == nil && len(p) >= 11 && !strings.ContainsAny(s, "/:.")
		}):
			mapping[c.Name], taken["phone"] = "phone", true
		case free("at") && all(func(s string) bool {
			_, _, err := sheet.Time(s, time.UTC, "")
			return err == nil && strings.ContainsAny(s, "-/:")
		}):
			mapping[c.Name], taken["at"] = "at", true
		}
	}
	return mapping
}

// checkMapping refuses a mapping that rows could not be read by.
func (h *Hub) checkMapping(i *importing, mapping map[string]string) error {
	fields := h.ImportFields(i.Of)
	taken, whose, named := map[string]string{}, false, false
	for column, id := range mapping {
		if !slices.ContainsFunc(i.setup.Columns, func(c ImportColumn) bool { return c.Name == column }) {
			return invalid("mapping", "There is no column %q.", column)
		}
		at := slices.IndexFunc(fields, func(f ImportField) bool { return f.ID == id })
		channel, identity := strings.CutPrefix(id, fieldIdentity)
		switch {
		case identity:
			if _, err := h.LogRules().CustomerIdentity(channel, "x", ""); err != nil && channel != "phone" && channel != "sms" && channel != "email" {
				return invalid("mapping", "There is no channel %q.", channel)
			}
			whose = true
			continue
		case at < 0:
			return invalid("mapping", "There is no field %q.", id)
		}
		if other, ok := taken[id]; ok && !fields[at].Many {
			return invalid("mapping", "The columns %q and %q are mapped to the same field.", min(other, column), max(other, column))
		}
		taken[id] = column
		whose = whose || fields[at].Group == "identity" && id != "name" && id != "address_channel"
		named = named || id == "name" || id == "first_name" || id == "last_name"
	}
	switch {
	case i.Of == record.ImportCustomers && !whose && !named:
		return invalid("mapping", "Map a column to the name, the phone, the email or another address of the customers.")
	case i.Of == record.ImportOrganisations && !named:
		return invalid("mapping", "Map a column to the name of the organisations.")
	case i.Of == record.ImportTouches && !whose:
		return invalid("mapping", "Map a column that says whose touches they are: phone, email, another address or an id.")
	case i.Of == record.ImportTouches && taken["kind"] == "" && i.setup.Options.Kind == "":
		return invalid("mapping", "Map a column to the kind, or say of which kind all rows are.")
	}
	return nil
}

func (h *Hub) checkOptions(o *ImportOptions) error {
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	if _, err := time.LoadLocation(o.Zone); err != nil || o.Zone == "Local" {
		return invalid("options.zone", "There is no such time zone; write it as in Asia/Tehran.")
	}
	if o.Region = strings.ToUpper(o.Region); o.Region != "" && !channels.Region(o.Region) {
		return invalid("options.region", "Two letters of a country are needed, like IR or DE.")
	}
	o.Dates, o.Existing, o.Source = cmp.Or(o.Dates, sheet.DatesAuto), cmp.Or(o.Existing, record.ExistingFill), cmp.Or(o.Source, "import")
	if !slices.Contains(sheet.DateWays, o.Dates) {
		return invalid("options.dates", "Dates are read in one of these ways: %s.", strings.Join(sheet.DateWays, ", "))
	}
	if !slices.Contains([]string{record.ExistingFill, record.ExistingOverwrite, record.ExistingSkip}, o.Existing) {
		return invalid("options.existing", "Who is known is filled, overwritten or skipped: fill, overwrite, skip.")
	}
	if strings.Trim(o.Source, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || len(o.Source) > 40 {
		return invalid("options.source", "A source has at most 40 small letters, digits, - and _.")
	}
	if o.Kind != "" && !slices.ContainsFunc(h.Settings().Kinds, func(k record.Kind) bool { return k.ID == o.Kind }) {
		return invalid("options.kind", "There is no such kind.")
	}
	if len(o.Currency) > 3 {
		return invalid("options.currency", "Three letters of ISO 4217 are needed, like EUR or IRR, or IRT for toman.")
	}
	return nil
}

// wordTable compares what a cell says with the ids and names of a closed list.
type wordTable map[string]string

func (t wordTable) add(id string, names ...string) {
	for _, n := range append(names, id) {
		if w := wordOf(n); w != "" && t[w] == "" {
			t[w] = id
		}
	}
}

func (t wordTable) find(s string) (string, bool) {
	id, ok := t[wordOf(s)]
	return id, ok
}

func optionTable(list []record.Option) wordTable {
	t := wordTable{}
	for _, o := range list {
		if !o.Archived {
			t.add(o.ID, o.Name.EN, o.Name.FA)
		}
	}
	return t
}

// languageWords are languages as people call them.
var languageWords = sync.OnceValue(func() wordTable {
	t := wordTable{}
	for id, names := range map[string][]string{"fa": {"persian", "farsi", "فارسی"}, "en": {"english", "انگلیسی"}, "ar": {"arabic", "عربی"}, "tr": {"turkish", "ترکی"}, "de": {"german", "آلمانی"},
		"fr": {"french", "فرانسوی", "فرانسه"}, "ru": {"russian", "روسی"}, "ku": {"kurdish", "کردی"}, "az": {"azerbaijani", "آذری"}, "ur": {"urdu", "اردو"}, "ps": {"pashto", "پشتو"}, "es": {"spanish", "اسپانیایی"}} {
		t.add(id, names...)
	}
	return t
})

var countryWords = sync.OnceValue(func() wordTable {
	t := wordTable{}
	for id, names := range map[string][]string{"IR": {"iran", "ایران", "islamic republic of iran"}, "AF": {"afghanistan", "افغانستان"}, "IQ": {"iraq", "عراق"}, "TR": {"turkey", "türkiye", "ترکیه"},
		"AE": {"uae", "united arab emirates", "امارات"}, "DE": {"germany", "deutschland", "آلمان"}, "GB": {"uk", "united kingdom", "england", "انگلستان"}, "US": {"usa", "united states", "آمریکا"},
		"FR": {"france", "فرانسه"}, "CA": {"canada", "کانادا"}, "TJ": {"tajikistan", "تاجیکستان"}, "AZ": {"azerbaijan", "آذربایجان"}, "AM": {"armenia", "ارمنستان"}, "NL": {"netherlands", "هلند"}, "SE": {"sweden", "سوئد"}} {
		t.add(id, names...)
	}
	return t
})
