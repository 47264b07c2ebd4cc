package record

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSearchMillions fills a record with touches of two years in Persian and English, of words as frequent as Zipf's law has them, and times
// searches: rare and common words, beginnings of one letter and more, with all sorts of filters, phrases and misspelled names. It takes many
// minutes and gigabytes, so it runs when TAMAS_SEARCH names a number of touches; TAMAS_SEARCH_DB is "postgres" or a file that is filled
// when missing.
func TestSearchMillions(t *testing.T) {
	n, db := sized(t, "TAMAS_SEARCH")
	ctx := t.Context()
	m := &searched{db: db, touches: n, rng: rand.New(rand.NewPCG(1, 2)), from: At(time.Date(2024, 11, 22, 0, 0, 0, 0, time.UTC)), to: At(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))}
	m.speak()
	begun := time.Now()
	if count(t, db, "SELECT count(*) FROM customers") == 0 {
		if err := m.fill(ctx); err != nil {
			t.Fatal(err)
		}
		t.Logf("filled in %v", time.Since(begun).Round(time.Second))
	}
	begun = time.Now()
	for n := 1; n > 0; { // before their touches, as in a record that grew
		var err error
		if n, err = db.indexOlder(ctx, 1000); err != nil {
			t.Fatal(err)
		}
	}
	done, used := 0, cpuTime(0)
	for round := 0; ; round++ {
		// A server that is in use knows how large its tables are; that of tests does not look by itself.
		if db.Kind() == "postgres" && bits.OnesCount(uint(round)) == 1 {
			if _, err := db.pool.ExecContext(ctx, "ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
		n, err := db.IndexOnce(ctx, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		done += n
	}
	if done > 0 {
		t.Logf("%d rows indexed in %v, %v of the processor here", done, time.Since(begun).Round(time.Second), (cpuTime(0) - used).Round(time.Second))
	}
	if db.Kind() == "postgres" {
		for _, table := range []string{"search_postings", "search_docs", "search_blocks", "touches", "bodies", "conversations", "identities", "customers"} {
			if _, err := db.pool.ExecContext(ctx, "VACUUM ANALYZE "+table); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.measure(t)
}

type searched struct {
	db       *DB
	touches  int
	rng      *rand.Rand
	from, to Millis
	fa, en   []string // words, the most frequent first
	firsts   [][2]string
	lasts    [][2]string
}

// speak makes the words: the most frequent are real ones.
func (m *searched) speak() {
	m.fa = strings.Fields(`و در به از که این را با است برای سلام من شما تا خود ممنون سفارش لطفا هم نیست باشد یک کنم شد ما بود کرد های می‌شود اگر چه دارم ارسال پول کالا خرید سایت چرا بعد پیگیری
		هنوز مشکل مبلغ حساب پرداخت شماره کتاب کتاب‌ها می‌خواهم می‌روم نمی‌شود نرسیده رسید پست بسته رنگ سایز تخفیف تهران شیراز اصفهان مشهد تبریز فردا امروز دیروز ساعت روز هفته ماه سال تماس پشتیبانی کد رهگیری
		فاکتور مرجوع تعویض گارانتی ضمانت کیفیت خراب شکسته جدید قدیمی گوشی لپ‌تاپ کفش لباس شلوار پیراهن کیف ساعت‌ها خانه خانه‌ام آدرس محله خیابان کوچه پلاک واحد طبقه زنگ بزنید جواب بدهید عزیز محترم خانم آقای`)
	m.en = strings.Fields(`the to and i my a is it for of you order have please not in that this hello with was but on me can your thanks when we be delivery refund are parcel has still payment account
		been received send number what will address would need if where day problem help item return week today any size wrong money card color late thank how from which there tracking invoice website
		broken password login email phone call again shipping cancel change discount coupon charge twice bank customer service support quality damaged missing box arrived yesterday tomorrow urgent manager`)
	letters := []string{"با", "تا", "سی", "نو", "مر", "کا", "دل", "شه", "گل", "پر", "زر", "خو", "چم", "لی", "رو", "فا", "غم", "هم", "جو", "نی"}
	parts := []string{"ba", "ter", "mo", "lin", "ka", "ras", "ne", "vi", "so", "dor", "pel", "qu", "sha", "gri", "fen", "ul", "wex", "zi", "jan", "hof"}
	for i := 0; i < 40_000; i++ {
		x := i*7919 + 13
		word := func(of []string) string {
			s := ""
			for v, k := x, 0; k < 3+x%2; k++ {
				s += of[v%20]
				v /= 20
			}
			return s
		}
		m.fa, m.en = append(m.fa, word(letters)), append(m.en, word(parts))
	}
	first := strings.Fields("علی Ali رضا Reza محمد Mohammad زهرا Zahra فاطمه Fatemeh حسین Hossein مریم Maryam سارا Sara امیر Amir نرگس Narges مهدی Mehdi لیلا Leyla پریسا Parisa کاوه Kaveh شیرین Shirin بهرام Bahram نیما Nima")
	last := strings.Fields("محمدی Mohammadi حسینی Hosseini احمدی Ahmadi کریمی Karimi رضایی Rezaei موسوی Mousavi جعفری Jafari قاسمی Ghasemi کاظمی Kazemi صادقی Sadeghi نوری Nouri اکبری Akbari رحیمی Rahimi شریفی Sharifi")
	for p := range slices.Chunk(first, 2) {
		m.firsts = append(m.firsts, [2]string{p[0], p[1]})
	}
	for p := range slices.Chunk(last, 2) {
		m.lasts = append(m.lasts, [2]string{p[0], p[1]})
	}
	for i := range 3000 {
		m.lasts = append(m.lasts, [2]string{m.fa[200+7*i], m.en[200+7*i]})
	}
}

// zipf is a rank: the first is a hundred times as frequent as the hundredth.
func (m *searched) zipf(n int) int {
	return int(math.Exp(m.rng.Float64()*math.Log(float64(n)))) - 1
}

func (m *searched) text() string {
	words := m.fa
	if m.rng.IntN(5) < 2 {
		words = m.en
	}
	n := 4 + int(m.rng.ExpFloat64()*8)
	list := make([]string, min(n, 80))
	for i := range list {
		list[i] = words[m.zipf(len(words))]
	}
	switch m.rng.IntN(30) {
	case 0:
		list = append(list, fmt.Sprint(100000+m.rng.IntN(900000)))
	case 1:
		list = append(list, fmt.Sprintf("0912 %03d %04d", m.rng.IntN(1000), m.rng.IntN(10000)))
	}
	return strings.Join(list, " ")
}

func (m *searched) name() string {
	f, l := m.firsts[m.rng.IntN(len(m.firsts))], m.lasts[m.zipf(len(m.lasts))]
	i := m.rng.IntN(5) / 3
	return f[i] + " " + l[i]
}

var (
	newCustomers  = many{`INSERT INTO customers (id, name, created_at) VALUES `, `(?, ?, ?)`, ``}
	newIdentities = many{`INSERT INTO identities (id, home, customer, channel, address, name, created_at) VALUES `, `(?, ?, ?, ?, ?, ?, ?)`, ``}
)

func (m *searched) fill(ctx context.Context) error {
	const each = 5 // touches of a conversation
	people := max(m.touches*3/20, 1)
	channels := []string{"telegram", "telegram", "telegram", "email", "email", "webchat", "webchat", "webchat", "webchat", "sms"}
	identities, kinds := 0, []string{KindCall, KindPurchase, KindShopVisit}
	for done := 0; done < m.touches; {
		var convs, persons, named, touches, bodies []any
		for range 400 {
			number := done/each + 1
			at := m.from + Millis(float64(m.to-m.from)*float64(done)/float64(m.touches))
			who := int(uint64(number) * 7919 % uint64(people))
			identity, channel := fmt.Sprintf("i%07d", who), channels[who%len(channels)]
			if identities < people && number <= people {
				i := number - 1
				name := m.name()
				persons = append(persons, fmt.Sprintf("u%07d", i), name, int64(at))
				address := fmt.Sprintf("%s.%d@example.com", m.en[m.zipf(2000)], i)
				if c := channels[i%len(channels)]; c == "sms" {
					address = fmt.Sprintf("+98912%07d", i)
				}
				named = append(named, fmt.Sprintf("i%07d", i), fmt.Sprintf("u%07d", i), fmt.Sprintf("u%07d", i), channels[i%len(channels)], address, name, int64(at))
			}
			id, queue := fmt.Sprintf("%016x", uint64(number)*0x9e3779b97f4a7c15), fmt.Sprintf("queue-%010d", number%20)
			tags := ""
			if number%3 == 0 {
				tags = fmt.Sprintf("\ntag%d\n", m.zipf(60))
			}
			subject := int64(0)
			for k := range each {
				done++
				when := at + Millis(m.rng.IntN(6*3600_000))
				kind, conv, state, author, by, inbound := KindMessage, id, StateReceived, "customer", "", 1
				switch {
				case m.rng.IntN(12) == 0:
					kind, conv, author, by = kinds[m.rng.IntN(3)], "", "agent", fmt.Sprintf("agent-%010d", m.rng.IntN(200))
				case k%2 == 1:
					state, author, by, inbound = StateSent, "agent", fmt.Sprintf("agent-%010d", m.rng.IntN(200)), 0
				}
				sub := ""
				if k == 0 && channel == "email" {
					sub = m.text()
					subject = int64(done)
				}
				touches = append(touches, int64(done), fmt.Sprintf("t%016x", done), kind, conv, identity, "account-0000000001", channel, inbound, author, by, int64(when),
					state, 1, 0, 0, "", fmt.Sprintf("k%x", done), "", "", 0, "", "", "", 0, "")
				bodies = append(bodies, int64(done), sub, m.text(), "", nil, "", "")
			}
			status := Resolved
			if done > m.touches-25_000 {
				status = []Status{Waiting, Active, Resolved}[number%3]
			}
			head, err := json.Marshal(&Conversation{ID: id, Number: int64(number), Version: 1, Identity: identity, Channel: channel, Queue: queue, Status: status, CreatedAt: at})
			if err != nil {
				return err
			}
			convs = append(convs, id, 1, int64(number), identity, "account-0000000001", channel, id, queue, string(status), "", "", tags, 0, 0, 0, int64(0), int64(at), "", subject, 0, "", string(head))
		}
		list := upsertConversations.over(nil, convs)
		list = insertTouches.over(newIdentities.over(newCustomers.over(list, persons), named), touches)
		list = insertBodies.over(list, bodies)
		if err := m.db.write(ctx, func(q querier) error { _, err := m.db.all(ctx, q, list); return err }); err != nil {
			return err
		}
	}
	return m.db.write(ctx, func(q querier) (err error) {
		run := runner(ctx, q, &err)
		run("UPDATE log_cursor SET n = $1", m.touches+2000)
		run("UPDATE search_cursor SET event = $1, number = $1", m.touches+2000)
		for i := range 20 {
			run(`INSERT INTO queues (id, version, name, mode, offer_seconds, target_seconds, wrap_up_seconds, priority, archived) VALUES ($1, 1, $2, 'offer', 30, 20, 0, 0, 0)`,
				fmt.Sprintf("queue-%010d", i), fmt.Sprintf("Queue %d", i))
		}
		for i := range 200 {
			run(`INSERT INTO users (id, version, email, name, public_name, role, locale, capacity, disabled, password, created_at) VALUES ($1, 1, $2, $3, '', 'agent', 'en', 5, 0, '', 0)`,
				fmt.Sprintf("agent-%010d", i), fmt.Sprintf("colleague%d@firm.example", i), fmt.Sprintf("Colleague%d", i))
		}
		return err
	})
}

func (m *searched) measure(t *testing.T) {
	ctx := context.Background()
	var list []struct{ class, text string }
	ask := func(class string, texts ...string) {
		for _, s := range texts {
			list = append(list, struct{ class, text string }{class, s})
		}
	}
	some := func(of []string, from, to, n int) (out []string) {
		for range n {
			out = append(out, of[from+m.rng.IntN(to-from)])
		}
		return out
	}
	ask("common words", m.fa[:40]...)
	ask("common words", m.en[:40]...)
	ask("middling words", some(m.fa, 100, 2000, 40)...)
	ask("middling words", some(m.en, 100, 2000, 40)...)
	ask("rare words", some(m.fa, 10000, 40000, 40)...)
	ask("rare words", some(m.en, 10000, 40000, 40)...)
	ask("nowhere", "zzzzqq", "qqxxqqxx", "ظظظظظ", "ژژژ")
	for _, of := range [][]string{m.fa, m.en} {
		for i := range 40 {
			w := []rune(of[i*3+5])
			for n := 1; n <= 3 && n < len(w); n++ {
				ask(fmt.Sprintf("beginnings of %d", n), string(w[:n]))
			}
			for n := 4; n < len(w); n++ {
				ask("longer beginnings", string(w[:n]))
			}
		}
	}
	for range 40 {
		ask("two common words", m.fa[m.rng.IntN(60)]+" "+m.fa[m.rng.IntN(60)], m.en[m.rng.IntN(60)]+" "+m.en[m.rng.IntN(60)])
		ask("two words", m.fa[m.zipf(3000)]+" "+m.fa[m.zipf(3000)], m.en[m.zipf(3000)]+" "+m.en[m.zipf(3000)])
		ask("a common and a rare word", m.fa[m.rng.IntN(30)]+" "+m.fa[3000+m.rng.IntN(20000)])
		ask("a word and a beginning", m.en[m.rng.IntN(100)]+" "+m.en[m.rng.IntN(100)][:1], m.fa[m.rng.IntN(100)]+" "+string([]rune(m.fa[m.rng.IntN(100)])[:1]))
		for _, f := range []string{"channel:sms", "channel:telegram", "kind:call", fmt.Sprintf("queue:queue-%010d", m.rng.IntN(20)), fmt.Sprintf("tag:tag%d", m.rng.IntN(50)),
			fmt.Sprintf("from:colleague%d", m.rng.IntN(200)), fmt.Sprintf("from:u%07d", m.rng.IntN(m.touches*3/20)), "status:active", "before:1404/06/01", "after:2025-03-01 before:2025-03-03"} {
			w := m.en[m.zipf(300)]
			name, _, _ := strings.Cut(f, ":")
			ask("word, "+name+":", w+" "+f)
			ask("beginning, "+name+":", string([]rune(m.fa[m.zipf(300)])[:1])+" "+f)
		}
		ask("phrases", `"`+m.en[m.rng.IntN(50)]+" "+m.en[m.rng.IntN(50)]+`"`)
		name := []rune(m.name())
		ask("names", string(name), string(name[:len(name)-2]))
		i := 1 + m.rng.IntN(len(name)-2)
		name[i], name[i-1] = name[i-1], name[i]
		ask("misspelled names", string(name))
		ask("telephone numbers", fmt.Sprintf("0098 912 %03d", m.rng.IntN(300)), fmt.Sprintf("0912%07d", m.rng.IntN(m.touches/10)*10+9))
		ask("filters alone", fmt.Sprintf("tag:tag%d", m.rng.IntN(50)), "kind:purchase", "status:waiting", fmt.Sprintf("from:colleague%d", m.rng.IntN(200)))
	}
	by := map[string][]taken{}
	now := m.to.Time()
	// The first 20 of each section, and of messages alone.
	for round, in := range [][]string{nil, nil, {InMessages}} { // the first warms up
		for _, x := range list {
			var found Hits
			y, err := take(x.text, func() (err error) {
				found, err = m.db.SearchFor(ctx, SearchFor{Query: ParseQuery(x.text, time.UTC, now), In: in, Limit: 20, User: "agent-0000000001"})
				return err
			})
			if err != nil {
				t.Fatalf("%s: %v", x.text, err)
			}
			for _, f := range found.Filters {
				if f.Error != "" {
					t.Errorf("%s: %+v", x.text, f)
				}
			}
			switch round {
			case 1:
				by[x.class], by[""] = append(by[x.class], y), append(by[""], y)
			case 2:
				by["messages alone"] = append(by["messages alone"], y)
			}
		}
	}
	classes := make([]string, 0, len(by))
	for c := range by {
		classes = append(classes, c)
	}
	slices.Sort(classes)
	for _, c := range classes {
		list := by[c]
		at := func(of func(taken) time.Duration) string {
			d := func(part float64) time.Duration { return quantile(list, of, part).Round(10 * time.Microsecond) }
			return fmt.Sprintf("p50 %8v p95 %8v p99 %8v", d(.5), d(.95), d(.99))
		}
		wall, cpu := at(byWall), at(byCPU)
		t.Logf("%-28s %4d asked; clock %s; processor %s; slowest %q", cmp.Or(c, "all"), len(list), wall, cpu, list[len(list)-1].what)
	}
}
