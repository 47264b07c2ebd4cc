package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tamas/inbox/record"
)

// measureSearch fills a record of its own with touches, as the recorder writes them, in words as frequent as Zipf's law has them, Persian and
// English, and searches it for common and rare words, beginnings of words and with filters: the first 20 of everything.
func (b *bencher) measureSearch(ctx context.Context) error {
	address := filepath.Join(b.hub.dir, "search.db")
	if b.hub.database != "" {
		schema := b.hub.schema + "_search"
		if err := b.hub.sql(ctx, "CREATE SCHEMA "+schema); err != nil {
			return err
		}
		defer b.hub.sql(context.WithoutCancel(ctx), "DROP SCHEMA "+schema+" CASCADE")
		var err error
		if address, err = schemaURL(b.Database, schema); err != nil {
			return err
		}
	}
	db, err := record.Open(ctx, address)
	if err != nil {
		return err
	}
	defer db.Close()
	v := newSearchWords()
	if err := v.fill(ctx, db, b.searched); err != nil {
		return err
	}
	begun := time.Now()
	for {
		n, err := db.IndexOnce(ctx, 500)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	b.report.add(figure{Name: "index", Label: "touches into the full-text index", Value: float64(b.searched) / time.Since(begun).Seconds(), Unit: "/s", Note: "with their conversations and customers"})
	queries := v.queries()
	all, by, used := []time.Duration{}, map[string][]time.Duration{}, time.Duration(0)
	for round := range 2 { // the first warms up
		for _, q := range queries {
			begun, before := time.Now(), ownTime()
			if _, err := db.SearchFor(ctx, record.SearchFor{Query: record.ParseQuery(q.text, time.UTC, time.Now()), Limit: 20}); err != nil {
				return fmt.Errorf("%s: %w", q.text, err)
			}
			if round == 1 {
				took := time.Since(begun)
				all, by[q.kind], used = append(all, took), append(by[q.kind], took), used+ownTime()-before
			}
		}
	}
	s := spreadOf(all)
	b.report.add(figure{Name: "search", Label: fmt.Sprintf("search of %d touches p99", b.searched), Value: s.P99, Unit: "ms", Aim: 5, Less: true, Spread: &s,
		Note: "words, beginnings of words, phrases, filters; the first 20 of everything"})
	b.report.add(figure{Name: "search_cpu", Label: "processor of a search, beside the database's", Value: float64(used) / float64(len(all)) / 1e6, Unit: "ms", Note: "in SQLite that is all of it"})
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		s := spreadOf(by[kind])
		b.report.add(figure{Name: "search_" + strings.ReplaceAll(kind, " ", "_"), Label: "search: " + kind + " p99", Value: s.P99, Unit: "ms", Less: true, Spread: &s})
	}
	return nil
}

// ownTime is what this process has used of the processor.
func ownTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// searchWords are what people say: the most frequent word first.
type searchWords struct {
	fa, en []string
	rng    *rand.Rand
}

func newSearchWords() *searchWords {
	v := &searchWords{rng: rand.New(rand.NewPCG(1, 2))}
	v.fa = strings.Fields("و در به از که این را با است برای سلام من شما ممنون سفارش لطفا هم نیست ارسال پول کالا خرید چرا بعد پیگیری هنوز مشکل مبلغ حساب پرداخت شماره کتاب‌ها می‌خواهم رسید پست بسته رنگ تخفیف تهران فردا")
	v.en = strings.Fields("the to and i my a is it for of you order have please not in that this hello with was but on me can your thanks when delivery refund are parcel has still payment account number")
	for i := range 20_000 {
		word := func(of string) string {
			letters := []rune(of)
			w, x := "", i*7919+13
			for range 4 + i%5 {
				w += string(letters[x%len(letters)])
				x /= 3
			}
			return w
		}
		v.fa, v.en = append(v.fa, word("ابپتجدرسشفکگلمنوهی")), append(v.en, word("abcdefghilmnoprstuvy"))
	}
	return v
}

func (v *searchWords) text() string {
	words := v.fa
	if v.rng.IntN(5) < 2 {
		words = v.en
	}
	list := make([]string, 4+v.rng.IntN(16))
	for i := range list {
		list[i] = words[int(math.Exp(v.rng.Float64()*math.Log(float64(len(words)))))-1]
	}
	return strings.Join(list, " ")
}

// fill writes touches of a year, five of a conversation.
func (v *searchWords) fill(ctx context.Context, db *record.DB, touches int) error {
	old, year := record.ID{}, record.Millis(365*24*3600_000)
	from := record.At(time.Now()) - year
	channels := []string{"telegram", "email", "webchat", "sms"}
	var c *record.Conversation
	for n := 0; n < touches; {
		var events []record.Event
		for ; len(events) < 500 && n < touches; n++ {
			at := from + year*record.Millis(n)/record.Millis(touches)
			number := int64(n/5 + 1)
			who := fmt.Sprintf("%06d", number*7919%int64(touches/10+1))
			channel := channels[int(number)%len(channels)]
			if n%5 == 0 {
				c = &record.Conversation{ID: fmt.Sprintf("c%012d", number), Number: number, Identity: "i" + channel + who, Account: "bench", Channel: channel, Thread: who,
					Queue: fmt.Sprintf("q%02d", number%20), Status: record.Resolved, Units: 1, CreatedAt: at}
			}
			next := *c
			c = &next
			c.Version++
			c.LastMessageAt = at
			if n%5 == 4 && number%3 == 0 {
				c.Tags = []string{fmt.Sprintf("tag%d", number%30)}
			}
			id := record.ID{N: uint64(n + 1), Token: v.rng.Uint64()}
			events = append(events, record.Event{V: record.EventVersion, ID: id, Kind: record.EvReceived, At: at, By: record.Actor{Kind: "customer"}, Conversation: c,
				Identity: &record.Identity{ID: c.Identity, Customer: "u" + channel + who, Channel: channel, Address: who + "@example.com", Name: v.fa[40+n%1000] + " " + v.en[40+n%3000]},
				Touch: &record.Touch{ID: fmt.Sprintf("t%012d", n), Kind: record.KindMessage, Conversation: c.ID, Identity: c.Identity, Account: "bench", Channel: channel, Inbound: true,
					Author: record.Actor{Kind: "customer"}, At: at, State: record.StateReceived, Key: fmt.Sprint(n), Body: &record.Body{Text: v.text()}}})
		}
		if err := db.Write(ctx, old, events); err != nil {
			return err
		}
		old = events[len(events)-1].ID
	}
	return nil
}

// query is something that is searched for, and what kind of question it is.
type query struct{ kind, text string }

// queries are what is searched for.
func (v *searchWords) queries() (list []query) {
	ask := func(kind string, texts ...string) {
		for _, t := range texts {
			list = append(list, query{kind, t})
		}
	}
	for _, words := range [][]string{v.fa, v.en} {
		for i := range 30 {
			common, rare := words[i], words[1000+i*500]
			ask("common words", common, words[100+i*7])
			ask("rare words", rare)
			ask("two words", common+" "+words[i+1], common+" "+rare)
			ask("phrases", `"`+common+" "+words[(i+7)%30]+`"`)
			for n := 1; n <= 5; n++ {
				if w := []rune(words[40+i]); n < len(w) {
					ask("beginnings", string(w[:n]))
				}
			}
			ask("with filters", common+" channel:sms", common+fmt.Sprintf(" tag:tag%d", i), common+" after:100d before:90d", words[40+i][:2]+" channel:email", common+" kind:call")
		}
	}
	return list
}
