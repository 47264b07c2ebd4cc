package main

import (
	"context"
	"fmt"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// regular is a customer of the demonstration who has been known for a while.
type regular struct {
	email, name, city, country, stage, why string
	languages, tags                        []string
	seller                                 string // a shop, or where else they buy
	product                                string
	price                                  string
	currency                               string
	said                                   []string // on the phone and over the counter
}

var regulars = []regular{
	{"aisha@riverside.example", "Aisha Khan", "Leeds", "GB", "loyal", "Orders every month", []string{"en"}, []string{"wholesale"}, "Online shop", "Loose Assam, 5 kg", "145.50", "GBP",
		[]string{"Asked when the next Assam arrives; I promised Thursday.", "Wants an offer for 20 kg a month.", "Tasted the new Darjeeling and liked the second flush."}},
	{"ben@riverside.example", "Ben Hughes", "Leeds", "GB", "active", "", []string{"en"}, []string{"wholesale"}, "Online shop", "Earl Grey, 1 kg", "38.00", "GBP",
		[]string{"The invoice goes to Aisha from now on.", "Two tins were dented; he keeps them."}},
	{"maryam@example.ir", "مریم احمدی", "تهران", "IR", "loyal", "پنج خرید در یک سال", []string{"fa", "en"}, []string{"ویژه"}, "فروشگاه تجریش", "چای بهاره‌ی لاهیجان، نیم کیلو", "480000", "IRT",
		[]string{"ساعت کار روزهای تعطیل را پرسید.", "برای عید سه بسته‌ی هدیه می‌خواهد.", "قوری‌های تازه را دید و یکی را کنار گذاشت."}},
	{"ali@example.ir", "علی رضایی", "شیراز", "IR", "won_back", "پس از یک سال دوباره خرید", []string{"fa"}, nil, "فروشگاه اینترنتی", "چای سیاه، یک کیلو", "620000", "IRT",
		[]string{"هزینه‌ی ارسال به شیراز را پرسید.", "از بسته‌بندی تازه راضی بود."}},
}

// remember gives the firm's regulars a past: calls, visits to the shop, purchases, a programme, and who they have to do with.
func (d *demonstration) remember(ctx context.Context) error {
	admin := record.Actor{Kind: "agent", ID: d.admin.ID}
	by := record.Decided{At: d.hub.Now(), By: d.admin.ID, Rules: d.hub.FactRules()}
	ids := map[string]string{}
	for i, r := range regulars {
		logged, err := d.hub.Log(ctx, admin, r.past(d.hub.Now(), d.staff, i))
		if err != nil {
			return err
		}
		for _, l := range logged {
			if l.Status == inbox.LogRefused {
				return fmt.Errorf("%s: %s %s", l.ID, l.Error.Field, l.Error.Message)
			}
		}
		t, err := d.db.Touch(ctx, logged[0].Touch)
		if err != nil {
			return err
		}
		who, err := d.db.Identity(ctx, t.Identity)
		if err != nil {
			return err
		}
		ids[r.email] = who.Customer
		owner := d.staff[i%len(d.staff)].ID
		edit := record.CustomerEdit{Stage: &r.stage, StageWhy: r.why, Languages: &r.languages, Place: &record.Place{City: r.city, Country: r.country}, Owner: &owner}
		if r.tags != nil {
			edit.Tags = &r.tags
		}
		if _, _, err := d.db.EditCustomer(ctx, who.Customer, 0, edit, by, nil); err != nil {
			return err
		}
		if _, err := d.db.SayConsent(ctx, who.Customer, record.Consent{Channel: "email", Purpose: "marketing", State: record.ConsentGiven, Evidence: "form in the shop"}, by, nil); err != nil {
			return err
		}
	}
	name, place, tags := "Riverside Café", record.Place{City: "Leeds", Country: "GB"}, []string{"wholesale"}
	org, err := d.db.AddOrganisation(ctx, record.OrganisationEdit{Name: &name, Place: &place, Tags: &tags}, by, nil)
	if err != nil {
		return err
	}
	for email, role := range map[string]string{"aisha@riverside.example": "Owner", "ben@riverside.example": "Buyer"} {
		if err := d.db.SetMember(ctx, org.ID, ids[email], record.Member{Role: role}, nil); err != nil {
			return err
		}
	}
	for _, x := range [][3]string{{"aisha@riverside.example", "ben@riverside.example", "colleague"}, {"maryam@example.ir", "ali@example.ir", "friend"}} {
		if _, err := d.db.AddRelation(ctx, ids[x[0]], ids[x[1]], x[2], "", by, nil); err != nil {
			return err
		}
	}
	return nil
}

// past is what happened with a customer over the last year, about twice a month.
func (r regular) past(now record.Millis, staff []record.User, i int) []record.Entry {
	price, _ := record.ParseAmount(r.price)
	day := record.Millis(24 * time.Hour / time.Millisecond)
	var list []record.Entry
	put := func(n int, kind string, ago int, e record.Entry) {
		e.ID, e.Source, e.Kind = fmt.Sprint("demo-", i, "-", n, "-", kind), "demo", kind
		e.At = record.Moment(now - record.Millis(ago)*day - record.Millis((n*37+i*11)%480)*60_000)
		e.Customer = record.Who{Email: r.email, Name: r.name}
		list = append(list, e)
	}
	say := func(n int) string { return r.said[n%len(r.said)] }
	for n := range 12 {
		ago, agent, order := n*30+i+1, staff[n%len(staff)].ID, fmt.Sprint(4100+i*100+n)
		put(n, record.KindPurchase, ago+6, record.Entry{Data: record.Data{Amount: price, Currency: r.currency, Order: order, Place: r.seller, Items: []record.Item{{Name: r.product, Amount: price}}}})
		put(n, record.KindDelivery, ago+4, record.Entry{Data: record.Data{Order: order, Step: "delivered"}})
		switch n % 4 {
		case 0:
			put(n, record.KindCall, ago, record.Entry{Agent: agent, Text: say(n), Data: record.Data{Seconds: 90 + 20*n, Outcome: "answered"}})
		case 1:
			put(n, record.KindShopVisit, ago, record.Entry{Agent: agent, Text: say(n), Data: record.Data{Place: r.seller}})
		case 2:
			put(n, record.KindProgramme, ago, record.Entry{Data: record.Data{Programme: "Nowruz", Step: []string{"sent", "opened", "clicked"}[n%3]}})
		default:
			put(n, record.KindNote, ago, record.Entry{Agent: agent, Text: say(n)})
		}
	}
	return list
}
