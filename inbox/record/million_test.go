package record

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// TestMillion fills a year of a million conversations (20 queues, 4 channels, 200 agents) and times each figure by each thing, over the year and
// over 62 days. It takes minutes and gigabytes, so it runs when TAMAS_MILLION names a number of conversations; TAMAS_MILLION_DB is "postgres" or a file
// that is filled when missing.
func TestMillion(t *testing.T) {
	var n int
	if fmt.Sscan(os.Getenv("TAMAS_MILLION"), &n); n == 0 {
		t.Skip("set TAMAS_MILLION=1000000")
	}
	address := os.Getenv("TAMAS_MILLION_DB")
	switch address {
	case "":
		address = filepath.Join(t.TempDir(), "million.db")
	case "postgres":
		address = testenv.Postgres(t)
	}
	db := open(t, address)
	m := &million{t: t, db: db, rules: &FactRules{Zone: must(time.LoadLocation("Asia/Tehran"))}, from: At(time.Date(2025, 3, 20, 20, 30, 0, 0, time.UTC)), rng: rand.New(rand.NewPCG(1, 2))}
	m.to = m.from + 365*24*3600_000
	begun := time.Now()
	if count(t, db, "SELECT count(*) FROM rollups") == 0 {
		m.fill(n)
		t.Logf("filled in %v", time.Since(begun).Round(time.Second))
		begun = time.Now()
	}
	days := 0
	for must(db.RollUp(t.Context(), m.rules, m.to+30*24*3600_000)) { // a file whose days were not all summed goes on
		days++
	}
	t.Logf("%d days summed in %v", days, time.Since(begun).Round(time.Second))
	t.Logf("%s: %d facts, %d rows of sums", db.Kind(), count(t, db, "SELECT count(*) FROM facts"), count(t, db, "SELECT count(*) FROM rollups"))
	m.measure()
}

var headers = many{`INSERT INTO conversations (version, account, status, unread, unanswered, waiting, last_message, subject_n,
	id, number, identity, channel, thread, queue, owner, holder, tags, live_until, last_message_at, header) VALUES `,
	`(1, 'account-0000000001', 'active', 0, 0, 0, '', 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ``}

type million struct {
	t        *testing.T
	db       *DB
	rules    *FactRules
	from, to Millis
	rng      *rand.Rand
}

func (m *million) do(text string, args ...any) {
	m.t.Helper()
	if err := m.db.write(context.Background(), func(q querier) error { _, err := q.ExecContext(context.Background(), text, args...); return err }); err != nil {
		m.t.Fatal(err)
	}
}

func (m *million) fill(n int) {
	indexes := map[string]string{"facts_at": "facts (kind, happened_at, n)"}
	for name := range indexes {
		m.do("DROP INDEX " + name)
	}
	m.do("UPDATE report_cursor SET zone = $1, n = 1, happened_at = $2", m.rules.zone().String(), int64(m.to))
	event := uint64(0)
	for from := 0; from < n; from += 5000 {
		var facts, convs []any
		for i := from; i < min(from+5000, n); i++ {
			// Most by day, fewer at weekends.
			at := m.from + Millis(float64(m.to-m.from)*float64(i)/float64(n))
			at = at - at%(24*3600_000) + Millis(9*3600_000+m.rng.NormFloat64()*3*3600_000)
			at = min(max(at, m.from), m.to-8*3600_000)
			id := fmt.Sprintf("%016x", uint64(i)*0x9e3779b97f4a7c15)
			queue, channel, agent := fmt.Sprintf("queue-%010d", i*7%20), []string{"telegram", "email", "sms", "webchat"}[m.rng.IntN(4)], fmt.Sprintf("agent-%010d", m.rng.IntN(200))
			tags := ""
			if i%3 == 0 {
				tags = fmt.Sprintf("\ntag%d\n", m.rng.IntN(30))
			}
			wait, work := Millis(m.rng.ExpFloat64()*120_000), Millis(m.rng.ExpFloat64()*600_000)+1000
			add := func(kind, agent, reason string, at, value Millis, ok bool) {
				event++
				f := Fact{N: event, Kind: kind, Conversation: id, Queue: queue, Account: "account-0000000001", Channel: channel, Agent: agent, Reason: reason, At: at, Value: int64(value), Second: int64(value / 2), OK: ok}
				if kind == FactState {
					f.Conversation, f.Queue, f.Account, f.Channel = "", "", "", ""
				}
				facts = factRow(facts, &f)
			}
			add(FactOffered, "", "", at, 0, false)
			add(FactIn, "", "", at, 0, false)
			add(FactOffer, agent, "", at, 0, false)
			add(FactAccepted, agent, "", at+wait, 5000, false)
			add(FactAnswered, agent, "", at+wait, wait, wait < 60_000)
			add(FactFirst, agent, "", at+wait+work/4, wait+work/4, true)
			add(FactOut, agent, "agent", at+wait+work/4, 0, false)
			if i%4 == 0 {
				add(FactIn, "", "", at+wait+work/2, 0, false)
				add(FactNext, agent, "", at+wait+work, work/2, true)
				add(FactOut, agent, "agent", at+wait+work, 0, false)
			}
			add(FactHandled, agent, "", at+wait+work, work, false)
			add(FactResolved, agent, "", at+wait+work, wait+work, false)
			add(FactState, agent, []string{"available", "busy", "break/lunch", "wrap_up"}[i%4], at+wait, work, i%4 != 2)
			if i%10 == 0 {
				add(FactRating, agent, "", at+wait+work, Millis(1+m.rng.IntN(5)), i%20 == 0)
				add(FactTransfer, agent, "queue", at+wait+work, 0, false)
				add(FactRONA, agent, "", at+wait, 30_000, false)
				add(FactSLAFirst, agent, "", at+wait, wait, i%20 == 0)
				add(FactAbandoned, "", []string{"", "short"}[i/10%2], at+wait, wait, false)
				add(FactReopened, agent, "", at+wait+work, 0, false)
				add(FactEstimate, "", "", at+wait, wait-60_000, false)
			}
			live := int64(1)
			if i%200 == 0 { // 5,000 are open
				live = always
			}
			convs = append(convs, id, i+1, "i"+id, channel, id, queue, agent, agent, tags, live, int64(at),
				fmt.Sprintf(`{"id":%q,"number":%d,"version":1,"created_at":%d}`, id, i+1, at))
		}
		list := headers.over(insertFacts.over(nil, facts), convs)
		if err := m.db.write(context.Background(), func(q querier) error { return m.db.runAll(context.Background(), q, list) }); err != nil {
			m.t.Fatal(err)
		}
	}
	for name, on := range indexes {
		m.do("CREATE INDEX " + name + " ON " + on)
	}
	if m.db.Kind() == "postgres" {
		for _, table := range []string{"facts", "conversations"} {
			m.do("ANALYZE " + table)
		}
	}
	if err := m.db.Dirty(context.Background(), m.from, m.to, m.rules); err != nil {
		m.t.Fatal(err)
	}
	m.do("DELETE FROM report_dirty WHERE ripe = 1")
}

func (m *million) measure() {
	type taken struct {
		what string
		d    time.Duration
	}
	var list []taken
	ask := func(q ReportQuery, what string) {
		m.t.Helper()
		q.Zone, q.Now = m.rules.Zone, m.to
		begun := time.Now()
		if _, err := m.db.Report(context.Background(), q); err != nil {
			m.t.Errorf("%s: %v", what, err)
		}
		d := time.Since(begun)
		_, _, err := m.db.ReportItems(context.Background(), q, "", false, "", 50)
		if err != nil {
			m.t.Errorf("%s: %v", what, err)
		}
		list = append(list, taken{what, d}, taken{"items of " + what, time.Since(begun) - d})
	}
	const queue, agent = "queue-0000000007", "agent-0000000042"
	for _, fig := range ReportFigures {
		slowest := len(list)
		for _, by := range fig.By {
			year := ReportQuery{Figure: fig.ID, By: by, Step: "day", From: m.from, To: m.to}
			ask(year, fig.ID+" by "+by+", a year")
			if !slices.Contains([]string{"frt", "service_level", "aht", "messages_in", "fcr"}, fig.ID) {
				continue // the others read the same sums
			}
			one := year
			one.Queue = queue
			ask(one, fig.ID+" by "+by+" of a queue, a year")
			if one = year; by != ByTag && by != ByHourOfWeek && slices.Contains(fig.By, ByAgent) {
				one.Agent = agent
				ask(one, fig.ID+" by "+by+" of an agent, a year")
			}
			if one = year; by != ByTag {
				one.Channel = "email"
				ask(one, fig.ID+" by "+by+" of a channel, a year")
			}
			scan := year
			scan.From, scan.Channel = m.to-62*24*3600_000, "email"
			if scan.Tag = "tag7"; by == ByTag {
				scan.Tag = ""
			}
			ask(scan, fig.ID+" by "+by+" of a tag and a channel, 62 days")
		}
		part := list[slowest:]
		worst := slices.MaxFunc(part, func(a, b taken) int { return int(a.d - b.d) })
		var sum time.Duration
		for _, x := range part {
			sum += x.d
		}
		m.t.Logf("%-16s %3d queries, mean %4d ms, slowest %4d ms: %s", fig.ID, len(part), (sum / time.Duration(max(len(part), 1))).Milliseconds(), worst.d.Milliseconds(), worst.what)
	}
	slices.SortFunc(list, func(a, b taken) int { return int(b.d - a.d) })
	for _, x := range list[:min(12, len(list))] {
		m.t.Logf("%5d ms  %s", x.d.Milliseconds(), x.what)
	}
	slow := 0
	for _, x := range list {
		if x.d > time.Second {
			slow++
		}
	}
	m.t.Logf("%d of %d queries took more than a second", slow, len(list))
	begun := time.Now()
	if _, err := m.db.Today(context.Background(), m.to-24*3600_000); err != nil {
		m.t.Error(err)
	}
	first := time.Since(begun)
	begun = time.Now()
	if _, err := m.db.Today(context.Background(), m.to-24*3600_000); err != nil {
		m.t.Error(err)
	}
	m.t.Logf("today: first %v, then %v", first, time.Since(begun))
}
