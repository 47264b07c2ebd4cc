package record

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ReportQuery asks for a figure. Days, weeks and months are of Zone. Empty filters take all.
type ReportQuery struct {
	Figure   string
	From, To Millis // widened to whole days, or hours or half hours where they are by less
	By       string // one of the figure's By; "": the total alone
	Step     string // ByTime: "half_hour", "hour", "day", "week", "month"
	Queue    string
	Agent    string
	Channel  string
	Tag      string
	Clock    string // "": the figure's first
	Zone     *time.Location
	Weekday  time.Weekday // on which weeks begin

	// Month gives the date on which the month begins that a date is in, where that is not the Gregorian one.
	Month func(y int, m time.Month, d int) (int, time.Month, int)
	Now   Millis
}

// Report is a figure's rows. By time and hour of week every slot has its row; else who has nothing to be counted has none.
type Report struct {
	Figure   string `json:"figure"`
	Clock    string `json:"clock"`
	From, To Millis `json:"-"`
	Rows     []Row  `json:"rows"`
	Total    Row    `json:"total"`
	Until    Millis `json:"until"`  // time of the last event that was measured
	Behind   int    `json:"behind"` // events that are recorded and not measured yet
	Days     int    `json:"days"`   // days whose sums have to be made anew
}

// ReportError is a query that cannot be answered, with a sentence for people.
type ReportError struct{ Field, Message string }

func (e *ReportError) Error() string { return e.Message }

const (
	mostScan  = Millis(62*24+2) * 3600_000 // longest time over which facts are read one by one
	mostRows  = 3000                       // slots of time in one report
	mostRange = Millis(20*366*24) * 3600_000
)

// prepared is a query that has been checked.
type prepared struct {
	ReportQuery
	d      *dialect
	fig    *Figure
	second bool
	sub    bool // by less than days
}

func (q ReportQuery) prepare() (*prepared, error) {
	p := &prepared{ReportQuery: q, fig: FigureOf(q.Figure)}
	if p.fig == nil {
		return nil, &ReportError{"figure", "There is no such figure."}
	}
	if q.By != "" && !slices.Contains(p.fig.By, q.By) {
		return nil, &ReportError{"by", "This figure can be by " + strings.Join(p.fig.By, ", ") + "."}
	}
	if p.Clock == "" {
		p.Clock = p.fig.Clocks[0]
	}
	if !slices.Contains(p.fig.Clocks, p.Clock) {
		return nil, &ReportError{"clock", "This figure is measured by " + strings.Join(p.fig.Clocks, ", ") + "."}
	}
	p.second = p.Clock != ClockWall
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	if q.From <= 0 || q.To <= q.From || q.To-q.From > mostRange {
		return nil, &ReportError{"from", "Choose a beginning and a later end."}
	}
	if p.fig.line && (q.Queue != "" || q.Channel != "" || q.Tag != "") {
		return nil, &ReportError{"queue", "Agents' time belongs to no queue, channel or tag."}
	}
	if !slices.Contains(p.fig.By, ByAgent) && q.Agent != "" {
		return nil, &ReportError{"agent", "No agent has part in this figure."}
	}
	if q.By == ByTime && !slices.Contains([]string{"half_hour", "hour", "day", "week", "month"}, q.Step) {
		return nil, &ReportError{"step", "The step is half_hour, hour, day, week or month."}
	}
	p.sub = q.By == ByHourOfWeek || q.By == ByTime && (q.Step == "half_hour" || q.Step == "hour")
	switch {
	case p.sub && q.Step == "half_hour" && q.By == ByTime:
		p.From = slotOf(q.From, p.Zone)
		if end := slotOf(q.To, p.Zone); end < q.To {
			p.To = end + halfHour
		}
	case p.sub:
		p.From = hourOf(q.From, p.Zone)
		if end := hourOf(q.To, p.Zone); end < q.To {
			p.To = end + 2*halfHour
		}
	default:
		p.From = dayOf(q.From, p.Zone)
		if end := dayOf(q.To, p.Zone); end < q.To {
			p.To = dayAfter(end, p.Zone)
		}
	}
	return p, nil
}

// cut names the rollups that have all the query asks for; "" when none has.
func (p *prepared) cut(by string) string {
	queue, agent := p.Queue != "" || by == ByQueue, p.Agent != "" || by == ByAgent
	channel, tag := p.Channel != "" || by == ByChannel, p.Tag != "" || by == ByTag
	several := func(list ...bool) bool {
		n := 0
		for _, is := range list {
			n += int(flag(is))
		}
		return n > 1
	}
	switch {
	case p.fig.line && !p.sub:
		return cutState
	case p.sub && (agent || p.Step == "half_hour" && by == ByTime && several(queue, channel, tag)):
		return ""
	case p.sub && tag && several(queue, channel, tag):
		return cutHourTag
	case p.sub && queue && channel:
		return cutHour
	case p.sub && queue:
		return cutHalfQueue
	case p.sub && channel:
		return cutHalfChannel
	case p.sub && tag:
		return cutHalfTag
	case p.sub:
		return cutHalf
	case tag && agent:
		return cutTagAgent
	case tag:
		return cutTag
	case agent && queue:
		return cutFull
	case agent:
		return cutAgent
	}
	return cutQueue
}

// key is the group of what happened at a moment.
func (p *prepared) key(by string, at Millis, queue, channel, agent, tag string) string {
	switch by {
	case ByQueue:
		return queue
	case ByChannel:
		return channel
	case ByAgent:
		return agent
	case ByTag:
		return tag
	case ByTime:
		return strconv.FormatInt(int64(p.step(at)), 10)
	case ByHourOfWeek:
		return strconv.Itoa(hourOfWeek(at, p.Zone))
	}
	return ""
}

// step is when the slot of time begins that a moment is in.
func (p *prepared) step(at Millis) Millis {
	t := at.Time().In(p.Zone)
	switch p.Step {
	case "half_hour":
		return slotOf(at, p.Zone)
	case "hour":
		return hourOf(at, p.Zone)
	case "week":
		back := (int(t.Weekday()) - int(p.Weekday) + 7) % 7
		return dayStart(t.Year(), t.Month(), t.Day()-back, p.Zone)
	case "month":
		y, m, d := t.Year(), t.Month(), 1
		if p.Month != nil {
			y, m, d = p.Month(t.Date())
		}
		return dayStart(y, m, d, p.Zone)
	}
	return dayOf(at, p.Zone)
}

// next is when the slot after the one that begins at a moment does.
func (p *prepared) next(at Millis) Millis {
	switch p.Step {
	case "half_hour":
		return at + halfHour
	case "hour":
		return p.step(at + 2*halfHour)
	case "week":
		return p.step(at + 7*24*3600_000 + 12*3600_000)
	case "month":
		return p.step(at + 32*24*3600_000)
	}
	return dayAfter(at, p.Zone)
}

// Report answers a query. *ReportError: it cannot be.
func (db *DB) Report(ctx context.Context, query ReportQuery) (Report, error) {
	p, err := query.prepare()
	if err != nil {
		return Report{}, err
	}
	p.d = db.d
	out := Report{Figure: p.Figure, Clock: p.Clock, From: p.From, To: p.To, Rows: []Row{}}
	_, err = db.read(ctx, func(q querier) error {
		if p.fig.ID == "backlog" {
			return p.backlog(ctx, q, &out)
		}
		groups, err := p.sum(ctx, q, p.By)
		if err != nil {
			return err
		}
		// What has no tag is in the total too, and what has two tags is in it once.
		all := cells{}
		if p.By == ByTag {
			more, err := p.sum(ctx, q, "")
			if err != nil {
				return err
			}
			all = more[""]
		} else {
			for _, g := range groups {
				for k, x := range g {
					all.of(k.kind, k.reason).merge(x)
				}
			}
		}
		out.Total = p.fig.of(all, p.second)
		if p.By == ByReason {
			groups = byReason(all)
		}
		return p.rows(groups, &out)
	})
	if err != nil {
		return out, fmt.Errorf("report %s: %w", p.Figure, err)
	}
	out.Until, out.Behind, out.Days, err = db.Measured(ctx)
	return out, err
}

func byReason(all cells) map[string]cells {
	groups := map[string]cells{}
	for k, x := range all {
		if groups[k.reason] == nil {
			groups[k.reason] = cells{}
		}
		groups[k.reason][k] = x
	}
	return groups
}

var errTooManyRows = &ReportError{"step", "These are too many rows. Choose a longer step or less time."}

// rows orders the groups: time by time, the rest by their value.
func (p *prepared) rows(groups map[string]cells, out *Report) error {
	row := func(key string) {
		r := p.fig.of(groups[key], p.second)
		r.Key = key
		out.Rows = append(out.Rows, r)
	}
	switch p.By {
	case "":
	case ByTime:
		for at := p.step(p.From); at < p.To; at = p.next(at) {
			if len(out.Rows) == mostRows {
				return errTooManyRows
			}
			row(strconv.FormatInt(int64(at), 10))
		}
	case ByHourOfWeek:
		for h := range 168 {
			row(strconv.Itoa(h))
		}
	default:
		for key := range groups {
			row(key)
		}
		slices.SortFunc(out.Rows, func(a, b Row) int {
			if a.Count != b.Count {
				return int(min(max(b.Count-a.Count, -1), 1))
			}
			return strings.Compare(a.Key, b.Key)
		})
		// A row that counts nothing is there for the kinds it shares.
		out.Rows = slices.DeleteFunc(out.Rows, func(r Row) bool { return r.Count == 0 && (p.By == ByReason || r.Of == nil || *r.Of == 0) })
	}
	return nil
}

// sum gives the cells of each key.
func (p *prepared) sum(ctx context.Context, q querier, by string) (map[string]cells, error) {
	groups := map[string]cells{}
	group := func(key string) cells {
		if groups[key] == nil {
			groups[key] = cells{}
		}
		return groups[key]
	}
	var err error
	if ofPromise(by) {
		err = p.promises(ctx, q, by, group)
	} else if cut := p.cut(by); cut != "" {
		err = p.rollups(ctx, q, cut, by, group)
	} else {
		err = p.scan(ctx, q, by, group)
	}
	if err == nil && p.fig.line {
		err = p.present(ctx, q, by, group)
	}
	return groups, err
}

// scan reads facts one by one, where no rollup knows enough.
func (p *prepared) scan(ctx context.Context, q querier, by string, group func(string) cells) error {
	if p.To-p.From > mostScan && p.Agent == "" { // by half hours
		return errTooManyRows
	}
	add := func(f *Fact, tags string) error {
		if p.Tag != "" && !strings.Contains(tags, "\n"+p.Tag+"\n") {
			return nil
		}
		if f.Kind == FactState {
			if part := piece(f, p.From, p.To); part != nil {
				halves(part, p.Zone, func(slot Millis, x *Fact) { group(p.key(by, slot, "", "", f.Agent, "")).add(x) })
			}
			return nil
		}
		if by != ByTag {
			group(p.key(by, f.At, f.Queue, f.Channel, f.Agent, "")).add(f)
			return nil
		}
		for tag := range strings.FieldsFuncSeq(tags, func(c rune) bool { return c == '\n' }) {
			if p.Tag == "" || p.Tag == tag {
				group(tag).add(f)
			}
		}
		return nil
	}
	for _, kind := range p.fig.kinds {
		x := filter{kind, p.From, p.To, p.Queue, p.Agent, p.Channel}
		var err error
		switch kind {
		case cellFCR:
			x.kind, x.to = FactResolved, min(p.To, p.ripe())
			err = eachResolved(ctx, q, p.d, x, add)
		case FactState:
			x.from -= longestPiece
			fallthrough
		default:
			err = eachFact(ctx, q, p.d, x, p.Tag != "" || by == ByTag, add)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ripe is up to when it is known who did not write again: the end of the last day of which all is.
func (p *prepared) ripe() Millis {
	return dayOf(p.Now-fcrWindow-clockSlack, p.Zone)
}

// present adds the states in which agents are and which have no facts yet.
func (p *prepared) present(ctx context.Context, q querier, by string, group func(string) cells) error {
	if p.Now <= p.From {
		return nil
	}
	agents, err := collect(ctx, q, func(rows *sql.Rows, a *agentFold) error { return rows.Scan(asJSON{a}) }, "SELECT json FROM report_states WHERE id >= 'a/' AND id < 'a0'")
	for i := range agents {
		f := agents[i].open(p.Now)
		if f == nil || p.Agent != "" && f.Agent != p.Agent {
			continue
		}
		if part := piece(f, p.From, min(p.To, p.Now)); part != nil {
			halves(part, p.Zone, func(slot Millis, x *Fact) { group(p.key(by, slot, "", "", f.Agent, "")).add(x) })
		}
	}
	return err
}
