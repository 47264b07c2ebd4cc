package agentui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/router"
	"tamas/router/sim"
)

const (
	simulationsAtOnce = 1               // they take the processor that the hub needs, too
	simulationsOpen   = 3               // that run or wait for their turn: each holds its traffic
	simulationsKept   = 20              // the oldest is forgotten
	simulationFor     = 5 * time.Minute // at most
	maxPolicies       = 4               // compared in one simulation
	maxStreams        = 50
	maxSimulatedDays  = 35

	tail = 7 * 24 * 3600_000 // ms after its last arrival in which a simulation may go on
)

// simulationIn asks what the queues would look like. Each policy meets the same traffic.
type simulationIn struct {
	Traffic  trafficIn `json:"traffic"`
	Policies []Policy  `json:"policies"` // none: as it is now
	Seed     uint64    `json:"seed"`
	Accept   int       `json:"accept_seconds"` // from an offer to its acceptance
	Ideal    bool      `json:"ideal"`          // with recorded traffic: every agent is there all the time, and nobody declines
}

// trafficIn is "poisson" (Streams, for Hours from From on) or "recorded" (what came between From and To).
type trafficIn struct {
	Kind    string        `json:"kind"`
	Streams []streamIn    `json:"streams"`
	Hours   float64       `json:"hours"`
	From    record.Millis `json:"from"`
	To      record.Millis `json:"to"`
}

type streamIn struct {
	Queue       string  `json:"queue"`
	Channel     string  `json:"channel"`
	PerHalfHour float64 `json:"per_half_hour"`
	AHT         int     `json:"aht_seconds"`
	Patience    int     `json:"patience_seconds"` // mean; 0: nobody leaves
	Units       int     `json:"units"`
}

// Policy is the present settings with changes, as a simulation compares it.
type Policy struct {
	Name     string                 `json:"name"`
	Queues   map[string]queueChange `json:"queues"`
	Agents   *int                   `json:"agents"`   // so many alike agents who serve every queue, instead of the firm's own
	Capacity int                    `json:"capacity"` // of each of those, in units; 0: 1
}

// ParsePolicy reads a policy from JSON, as strictly as the API does. Its queues may go by their names.
func ParsePolicy(text []byte, set *inbox.Settings) (Policy, error) {
	var p Policy
	if err := decodeJSON(text, &p); err != nil {
		return p, err
	}
	for _, q := range set.Queues {
		if change, ok := p.Queues[q.Name]; ok {
			delete(p.Queues, q.Name)
			p.Queues[q.ID] = change
		}
	}
	for id := range p.Queues {
		if _, ok := set.Queues[id]; !ok {
			return p, invalid("queues", fmt.Sprintf("There is no queue %q.", cut(id, 64)))
		}
	}
	return p, nil
}

// simulation is one that was asked for.
type simulation struct {
	id, by string
	at     record.Millis
	cancel context.CancelFunc
	people *people

	mu       sync.Mutex
	progress float64
	results  []*sim.Result
	done     bool
	err      error
}

type simulationView struct {
	ID       string        `json:"id"`
	At       record.Millis `json:"at"`
	By       string        `json:"by"`
	Progress float64       `json:"progress"`
	Done     bool          `json:"done"`
	Error    string        `json:"error,omitempty"`
	Results  []*sim.Result `json:"results"` // in the order of the policies, those that are done
	People   *people       `json:"people,omitempty"`
}

// people is how agents are taken to be in a simulation of recorded traffic: as they were. Alike ones are there all the time.
type people struct {
	Attended int     `json:"attended"` // agents who were at work; 0: the record tells of none, so all are there all the time
	Declined float64 `json:"declined"` // share of the offers
	Ignored  float64 `json:"ignored"`  // likewise; of those that ran out
}

func peopleOf(s *sim.Scenario) *people {
	p, seen := &people{Declined: s.Declined, Ignored: s.Ignored}, map[string]bool{}
	for _, x := range s.Shifts {
		seen[x.Agent] = true
	}
	p.Attended = len(seen)
	return p
}

func (s *simulation) view() simulationView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := simulationView{ID: s.id, At: s.at, By: s.by, Progress: s.progress, Done: s.done, Results: slices.Clone(s.results), People: s.people}
	if v.Results == nil {
		v.Results = []*sim.Result{}
	}
	if s.err != nil {
		v.Error = s.err.Error()
	}
	return v
}

// simulations are those of this node, in memory: they are quick to run again.
type simulations struct {
	mu   sync.Mutex
	list []*simulation // oldest first
	open int           // that are not done
	slot chan struct{}
	wg   sync.WaitGroup
}

func newSimulations() *simulations {
	return &simulations{slot: make(chan struct{}, simulationsAtOnce)}
}

// stop ends all of them and waits.
func (l *simulations) stop() {
	l.mu.Lock()
	for _, s := range l.list {
		s.cancel()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

func (l *simulations) find(id string) *simulation {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.list {
		if s.id == id {
			return s
		}
	}
	return nil
}

// begin starts a simulation, which waits for its turn; nil when too many wait already.
func (l *simulations) begin(by string, at record.Millis, scenarios []sim.Scenario, as *people) *simulation {
	ctx, cancel := context.WithTimeout(context.Background(), simulationFor)
	s := &simulation{id: record.NewID("s"), by: by, at: at, cancel: cancel, people: as}
	l.mu.Lock()
	if l.open == simulationsOpen {
		l.mu.Unlock()
		cancel()
		return nil
	}
	l.open++
	if len(l.list) >= simulationsKept {
		l.list[0].cancel()
		l.list = slices.Delete(l.list, 0, 1)
	}
	l.list = append(l.list, s)
	l.mu.Unlock()
	l.wg.Go(func() {
		defer l.ended()
		defer cancel()
		select {
		case l.slot <- struct{}{}:
			defer func() { <-l.slot }()
			s.run(ctx, scenarios)
		case <-ctx.Done():
			s.end(ctx.Err())
		}
	})
	return s
}

func (l *simulations) ended() {
	l.mu.Lock()
	l.open--
	l.mu.Unlock()
}

func (s *simulation) run(ctx context.Context, scenarios []sim.Scenario) {
	for i := range scenarios {
		r, err := sim.Run(ctx, scenarios[i], func(share float64) {
			s.mu.Lock()
			s.progress = (float64(i) + share) / float64(len(scenarios))
			s.mu.Unlock()
		})
		if err != nil {
			s.end(err)
			return
		}
		s.mu.Lock()
		s.results = append(s.results, r)
		s.mu.Unlock()
	}
	s.end(nil)
}

func (s *simulation) end(err error) {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("it took too long: take less traffic or a shorter time")
	case errors.Is(err, context.Canceled):
		err = errors.New("it was stopped")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done, s.err, s.progress = true, err, 1
}

func (s *Server) postSimulation(c echo.Context) error {
	in, err := decode[simulationIn](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	base, err := s.scenario(ctx, &in)
	if err != nil {
		return err
	}
	if len(in.Policies) == 0 {
		in.Policies = []Policy{{Name: "now"}}
	}
	if len(in.Policies) > maxPolicies {
		return invalid("policies", fmt.Sprintf("At most %d policies are compared.", maxPolicies))
	}
	if in.Accept < 0 || in.Accept > 600 {
		return invalid("accept_seconds", "From 0 to 600 seconds.")
	}
	var scenarios []sim.Scenario
	for i := range in.Policies {
		scenario, err := in.Policies[i].Scenario(base, s.hub.Settings())
		if err != nil {
			return err
		}
		scenarios = append(scenarios, scenario)
	}
	var as *people
	if in.Traffic.Kind == "recorded" {
		as = peopleOf(&base)
	}
	x := s.simulations.begin(principalOf(c).User.ID, s.hub.Now(), scenarios, as)
	if x == nil {
		return &problem{Status: http.StatusConflict, Code: codeConflict, Message: "Other simulations run still; wait for one, or stop it."}
	}
	return c.JSON(http.StatusAccepted, x.view())
}

// scenario is the traffic that was asked for, and who is there to meet it.
func (s *Server) scenario(ctx context.Context, in *simulationIn) (base sim.Scenario, err error) {
	t := &in.Traffic
	switch t.Kind {
	case "poisson":
		base.Arrivals, err = s.poisson(t, in.Seed)
	case "recorded":
		if t.From <= 0 || t.To <= t.From || t.To-t.From > maxSimulatedDays*24*3600_000 {
			return base, invalid("traffic.from", fmt.Sprintf("Choose a time of at most %d days.", maxSimulatedDays))
		}
		base, err = Recorded(ctx, s.db, s.hub.Settings(), t.From, t.To, s.hub.Now(), in.Seed, in.Ideal)
		if errors.Is(err, ErrNoTraffic) {
			return base, invalid("traffic.from", "The record has no traffic of that time.")
		}
		err = reportProblem(err)
	default:
		return base, invalid("traffic.kind", "Traffic is poisson or recorded.")
	}
	base.Accept = record.Millis(in.Accept) * 1000
	return base, err
}

// ErrNoTraffic: nothing came into any queue that there is.
var ErrNoTraffic = errors.New("the record has no traffic of that time")

// Recorded is what the record tells of the time between two moments: who came into the queues, which agents were at work, and how many offers
// they declined or let run out. Ideal agents are there all the time and accept.
func Recorded(ctx context.Context, db *record.DB, set *inbox.Settings, from, to, now record.Millis, seed uint64, ideal bool) (s sim.Scenario, err error) {
	contacts, err := db.Contacts(ctx, from, to, "", sim.MaxArrivals)
	if err != nil {
		return s, err
	}
	contacts = slices.DeleteFunc(contacts, func(c record.Contact) bool { _, ok := set.Queues[c.Queue]; return !ok })
	if len(contacts) == 0 {
		return s, ErrNoTraffic
	}
	s.Arrivals = sim.Again(contacts, 5*time.Minute, seed)
	if ideal {
		return s, nil
	}
	stints, err := db.Attendance(ctx, from, to+tail, now)
	if err != nil {
		return s, err
	}
	if len(stints) > 0 { // none: the traffic is older than what is known of agents
		s.Shifts = sim.Attended(stints)
	}
	o, err := db.Offers(ctx, from, to)
	if o.Made > 0 {
		s.Declined, s.Ignored = min(1, float64(o.Declined)/float64(o.Made)), min(1, float64(o.RONA)/float64(o.Made))
	}
	return s, err
}

func (s *Server) poisson(t *trafficIn, seed uint64) ([]sim.Arrival, error) {
	if t.Hours <= 0 || t.Hours > maxSimulatedDays*24 {
		return nil, invalid("traffic.hours", fmt.Sprintf("From 0 to %d hours.", maxSimulatedDays*24))
	}
	if len(t.Streams) == 0 || len(t.Streams) > maxStreams {
		return nil, invalid("traffic.streams", fmt.Sprintf("Name one to %d streams.", maxStreams))
	}
	var streams []sim.Stream
	for _, x := range t.Streams {
		if _, ok := s.hub.Settings().Queues[x.Queue]; !ok {
			return nil, invalid("traffic.streams", "There is no such queue.")
		}
		if x.AHT < 1 || x.AHT > 7*24*3600 || x.Patience < 0 || x.Patience > 7*24*3600 || x.PerHalfHour < 0 || x.Units < record.AllUnits || x.Units > 100 {
			return nil, invalid("traffic.streams", "A stream needs a handling time of 1 second to a week, and sensible figures.")
		}
		streams = append(streams, sim.Stream{Queue: x.Queue, Channel: x.Channel, PerHour: 2 * x.PerHalfHour, AHT: time.Duration(x.AHT) * time.Second,
			Patience: time.Duration(x.Patience) * time.Second, Units: x.Units})
	}
	from := t.From
	if from <= 0 {
		from = s.hub.Now()
	}
	list, err := sim.Poisson(streams, from, from+record.Millis(t.Hours*3600_000), seed)
	if err != nil {
		return nil, invalid("traffic.streams", err.Error())
	}
	if len(list) == 0 {
		return nil, invalid("traffic.streams", "So little traffic brings nobody in that time.")
	}
	return list, nil
}

// Scenario is base under the policy. Alike agents have no record: they are there all the time. Its errors are for people.
func (in *Policy) Scenario(base sim.Scenario, set *inbox.Settings) (_ sim.Scenario, err error) {
	base.Name = in.Name
	if base.Rules, err = in.rules(set); in.Agents != nil {
		base.Shifts = nil
	}
	return base, err
}

// rules are the settings with the policy's changes.
func (in *Policy) rules(set *inbox.Settings) (router.Rules, error) {
	rules := router.Rules{Queues: slices.Collect(maps.Values(set.Queues)), Users: slices.Collect(maps.Values(set.Users)),
		Calendars: slices.Collect(maps.Values(set.Calendars)), Routing: set.Routing}
	slices.SortFunc(rules.Queues, func(a, b record.Queue) int { return cmp.Compare(a.ID, b.ID) })
	for i := range rules.Queues {
		if change, ok := in.Queues[rules.Queues[i].ID]; ok {
			if err := change.apply(&rules.Queues[i], set); err != nil {
				return rules, err
			}
		}
	}
	for id := range in.Queues {
		if _, ok := set.Queues[id]; !ok {
			return rules, invalid("policies", "There is no such queue.")
		}
	}
	if in.Agents == nil {
		return rules, nil
	}
	if *in.Agents < 1 || *in.Agents > 5000 || in.Capacity < 0 || in.Capacity > 100 {
		return rules, invalid("policies", "From 1 to 5,000 agents with a capacity of up to 100.")
	}
	alike := sim.Alike("", *in.Agents, max(1, in.Capacity), 0)
	rules.Users = alike.Users
	for i := range rules.Queues {
		rules.Queues[i].Members = alike.Queues[0].Members
		rules.Queues[i].Routing.Secondary = nil
	}
	return rules, nil
}

func (s *Server) getSimulation(c echo.Context) error {
	x := s.simulations.find(c.Param("id"))
	if x == nil {
		return notFound("simulation")
	}
	return c.JSON(http.StatusOK, x.view())
}

func (s *Server) deleteSimulation(c echo.Context) error {
	x := s.simulations.find(c.Param("id"))
	if x == nil {
		return notFound("simulation")
	}
	x.cancel()
	return c.NoContent(http.StatusNoContent)
}

// staffingView is how many agents each half hour of a week needs.
type staffingView struct {
	Slots     []staffingSlot `json:"slots"` // 336, from Sunday 00:00 in the firm's time zone
	Weeks     int            `json:"weeks_used"`
	AHT       record.Millis  `json:"aht_ms"`
	AHTSource string         `json:"aht_source"` // "measured", "given", "assumed"
	Contacts  int            `json:"contacts"`   // that the forecast is made of
}

type staffingSlot struct {
	Slot      int           `json:"slot"`
	Volume    float64       `json:"volume"`
	Agents    int           `json:"agents"`
	Level     float64       `json:"level"`
	ASA       record.Millis `json:"asa_ms"`
	Occupancy float64       `json:"occupancy"`
	Abandoned float64       `json:"abandoned"`
}

// getStaffing forecasts the week from the record's own traffic and finds the agents that it needs.
func (s *Server) getStaffing(c echo.Context) error {
	q, err := staffingQuery(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	firm, err := s.firm(ctx)
	if err != nil {
		return err
	}
	if q.queue != "" {
		if _, ok := s.hub.Settings().Queues[q.queue]; !ok {
			return invalid("queue", "There is no such queue.")
		}
	}
	zone, err := time.LoadLocation(firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	until := record.At(firm.dayStart(s.hub.Now().Time()))
	from := record.At(until.Time().In(zone).AddDate(0, 0, -7*q.weeks))
	contacts, err := s.db.Contacts(ctx, from, until, q.queue, sim.MaxArrivals)
	if err != nil {
		return reportProblem(err)
	}
	v := staffingView{Weeks: weeksOf(contacts, until, q.weeks), Contacts: len(contacts), AHT: q.aht, AHTSource: "given"}
	at := make([]record.Millis, len(contacts))
	var total, handled record.Millis
	for i, x := range contacts {
		at[i] = x.At
		took := x.Handled
		if q.at == 1 { // beside nothing else it takes what attention it took
			took = x.Alone
		}
		if took > 0 {
			total, handled = total+took, handled+1
		}
	}
	switch {
	case q.aht > 0:
	case handled > 0:
		v.AHT, v.AHTSource = total/handled, "measured"
	default:
		v.AHT, v.AHTSource = 5*60_000, "assumed"
	}
	f := sim.Expect(at, until, v.Weeks, zone)
	for _, n := range f.Staff(sim.Promise{AHT: span(v.AHT), Patience: span(q.patience), Target: span(q.target), Level: q.level, At: q.at}) {
		v.Slots = append(v.Slots, staffingSlot{Slot: n.Slot, Volume: n.Volume, Agents: n.Agents, Level: n.Level,
			ASA: record.Millis(n.ASA.Milliseconds()), Occupancy: n.Occupancy, Abandoned: n.Abandoned})
	}
	return c.JSON(http.StatusOK, v)
}

func span(ms record.Millis) time.Duration { return time.Duration(ms) * time.Millisecond }

// weeksOf is over how many weeks the contacts are spread: no more than were asked for, and none from before there was a hub.
func weeksOf(contacts []record.Contact, until record.Millis, most int) int {
	if len(contacts) == 0 {
		return most
	}
	first := slices.MinFunc(contacts, func(a, b record.Contact) int { return cmp.Compare(a.At, b.At) }).At
	const week = 7 * 24 * 3600_000
	return min(most, int((until-first+week-1)/week))
}

type staffingAsked struct {
	queue                 string
	target, aht, patience record.Millis
	level                 float64
	weeks, at             int
}

func staffingQuery(c echo.Context) (staffingAsked, error) {
	q := staffingAsked{queue: c.QueryParam("queue")}
	var failed error
	number := func(name string, fallback, low, high int) int {
		n, err := queryInt(c, name, fallback, low, high)
		if failed == nil {
			failed = err
		}
		return n
	}
	q.target = record.Millis(number("target_seconds", 60, 0, 7*24*3600)) * 1000
	q.aht = record.Millis(number("aht_seconds", 0, 0, 7*24*3600)) * 1000 // 0: measured
	q.patience = record.Millis(number("patience_seconds", 0, 0, 7*24*3600)) * 1000
	q.level = float64(number("level_percent", 80, 1, 99)) / 100
	q.weeks = number("weeks", 4, 1, 26)
	q.at = number("at_once", 1, 1, 50)
	return q, failed
}
