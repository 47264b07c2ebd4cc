package inbox

import (
	"tamas/channels"
	"tamas/inbox/record"
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
		field("role", "text", "organisation", "Role in the organisation", "نقش در سازمان", "job", "job title", "title", "position", "سمت", "نقش", "شغل"),
		field("consents", "json", "profile", "Consents (JSON)", "رضایت‌ها (JSON)"),
		field("id", "text", "identity", "Customer (the hub's id)", "مشتری (شناسهٔ سامانه)"))
}

func touchFields() []ImportField {
	return append(identityFields(),
		field("customer", "text", "identity", "Customer (the hub's id)", "مشتری (شناسهٔ سامانه)", "customer.id"),
		field("address_channel", "text", "identity", "Channel of the address", "کانال نشانی", "customer.channel"),
		field("address", "text", "identity", "Address on that channel", "نشانی در آن کانال", "customer.address"),
		field("name", "text", "identity", "Customer's name", "نام مشتری", "name", "full name", "customer.name", "نام", "نام و نام خانوادگی", "مشتری"),
		field("id", "text", "touch", "The row's own id", "شناسهٔ ردیف", "number", "no", "reference", "ref", "order id", "invoice", "invoice number", "ticket", "شناسه", "کد", "شماره فاکتور", "شماره سفارش", "کد پیگیری", "ردیف"),
		field("source", "text", "touch", "Source", "منبع"),
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
