package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMillion fills a year of a million conversations (20 queues, 4 channels, 200 agents, 30 tags, 300,000 customers) and times each figure by each thing
// over a year, a month and a day, six of them with all sorts of filters, and the first pages of what they were made of. It takes minutes and gigabytes, so it runs when TAMAS_MILLION names a number of conversations; TAMAS_MILLION_DB is "postgres", or a file or
// postgres:// URL that is filled when empty.
func TestMillion(t *testing.T) {
	n, db := sized(t, "TAMAS_MILLION")
	m := &million{t: t, db: db, rules: &FactRules{Zone: must(time.LoadLocation("Asia/Tehran"))}, from: At(time.Date(2025, 3, 20, 20, 30, 0, 0, time.UTC)), rng: rand.New(rand.NewPCG(1, 2))}
	m.to = m.from + 365*24*3600_000
	begun := time.Now()
	if count(t, db, "SELECT count(*) FROM facts") == 0 {
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
	indexes := map[string]string{"facts_at": "facts (kind, happened_at, n)", "facts_agent": "facts (agent, kind, happened_at, n) WHERE agent <> ''",
		"facts_queue": "facts (queue, kind, happened_at, n) WHERE queue <> ''"}
	for name := range indexes {
		m.do("DROP INDEX " + name)
	}
	m.do("UPDATE report_cursor SET zone = $1, n = 1, happened_at = $2", m.rules.zone().String(), int64(m.to))
	event := uint64(0)
	for from := 0; from < n; from += 5000 {
		var facts, convs, people, identities, touches []any
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
			customer := fmt.Sprintf("u%06d", (i+1)*7919%max(n*3/10, 1))
			people = append(people, customer, "Customer", int64(at))
			identities = append(identities, "i"+id, customer, customer, channel, id, "", int64(at))
			touches = append(touches, int64(event), fmt.Sprintf("t%016x", event), KindMessage, id, "i"+id, "account-0000000001", channel, 1, "customer", "", int64(at),
				StateReceived, 1, 0, 0, "", fmt.Sprintf("k%x", event), "", "", 0, "", "", "", 0, "")
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
		list = insertTouches.over(insertNamed.over(insertPersons.over(list, people), identities), touches)
		if err := m.db.write(context.Background(), func(q querier) error { return m.db.runAll(context.Background(), q, list) }); err != nil {
			m.t.Fatal(err)
		}
	}
	for name, on := range indexes {
		m.do("CREATE INDEX " + name + " ON " + on)
	}
	if m.db.Kind() == "postgres" {
		for _, table := range []string{"facts", "conversations", "identities", "customers", "touches"} {
			m.do("ANALYZE " + table)
		}
	}
	if err := m.db.Dirty(context.Background(), m.from, m.to, m.rules); err != nil {
		m.t.Fatal(err)
	}
	m.do("DELETE FROM report_dirty WHERE ripe = 1")
}

func (m *million) measure() {
	m.reports()
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

func (m *million) reports() {
	var reports, lists, rows []taken
	timed := func(list *[]taken, what string, do func() error) {
		m.t.Helper()
		var refused *ReportError
		switch x, err := take(what, do); {
		case errors.As(err, &refused):
			m.t.Logf("refused: %s: %v", what, err)
		case err != nil:
			m.t.Errorf("%s: %v", what, err)
		default:
			*list = append(*list, x)
		}
	}
	const queue, agent, channel, tag = "queue-0000000007", "agent-0000000042", "email", "tag7"
	ctx := context.Background()
	for _, fig := range ReportFigures {
		much := slices.Contains([]string{"frt", "service_level", "aht", "messages_in", "fcr", "occupancy"}, fig.ID) // the others read the same sums
		for _, by := range fig.By {
			for _, days := range []int{365, 30, 1} {
				q := ReportQuery{Figure: fig.ID, By: by, Step: "day", From: m.to - Millis(days)*24*3600_000, To: m.to, Zone: m.rules.Zone, Now: m.to}
				if days == 1 {
					q.Step = "half_hour"
				}
				for _, with := range []string{"", "q", "a", "c", "t", "qc", "qa", "ac", "tq", "ta", "tc", "tqac"} {
					if with != "" && (!much || days == 30) || fig.line && with != "" && with != "a" || strings.Contains(with, "a") && !slices.Contains(fig.By, ByAgent) && fig.ID != "backlog" {
						continue
					}
					if q.Queue, q.Agent, q.Channel, q.Tag = "", "", "", ""; strings.Contains(with, "q") {
						q.Queue = queue
					}
					if strings.Contains(with, "a") {
						q.Agent = agent
					}
					if strings.Contains(with, "c") {
						q.Channel = channel
					}
					if strings.Contains(with, "t") {
						q.Tag = tag
					}
					what := fmt.Sprintf("%s by %s of %d days, filters %q", fig.ID, by, days, with)
					var r Report
					timed(&reports, what, func() (err error) { r, err = m.db.Report(ctx, q); return err })
					timed(&lists, what, func() error { _, _, err := m.db.ReportItems(ctx, q, "", false, "", 50); return err })
					if len(r.Rows) > 0 {
						timed(&rows, what, func() error {
							_, _, err := m.db.ReportItems(ctx, q, r.Rows[len(r.Rows)/2].Key, true, "", 50)
							return err
						})
					}
				}
			}
		}
	}
	for name, list := range map[string][]taken{"reports": reports, "first pages of totals": lists, "first pages of rows": rows} {
		for _, clock := range []struct {
			name string
			of   func(taken) time.Duration
		}{{"clock", byWall}, {"processor", byCPU}} {
			slow := 0
			for _, x := range list {
				if clock.of(x) > time.Second {
					slow++
				}
			}
			m.t.Logf("%s, by the %s: %d asked, p50 %v, p95 %v, %d over a second, slowest:", name, clock.name, len(list),
				quantile(list, clock.of, .5).Round(time.Millisecond), quantile(list, clock.of, .95).Round(time.Millisecond), slow)
			for _, x := range slices.Backward(list[max(0, len(list)-12):]) {
				m.t.Logf("%8v  %s", clock.of(x).Round(time.Millisecond), x.what)
			}
		}
	}
}
