package record

// How conversations find their agents, and how soon: parts of queues, and settings that are lists under one name
// ("routing", "calendars", "sla", "alerts"), each a JSON value with one version.

// Orders of agents who could all take a conversation. Ties go to who has been idle longest.
const (
	OrderIdle      = "longest_idle"   // since the agent last took or finished something; "" is this one
	OrderActive    = "least_active"   // fewest units used
	OrderAvailable = "most_available" // most units free
	OrderRatio     = "load_ratio"     // used ÷ capacity
	OrderRound     = "round_robin"    // whose last turn is longest ago
)

// Orders of waiting conversations within a queue. "score" ("" is this one) is minutes waited + priority in minutes; "sla" is the time
// left of the clock that runs out first, those without a clock by score among them: see Conversation.Line.
const (
	WaitScore = "score"
	WaitSLA   = "sla"
)

// AllUnits as Units says that a conversation takes all of its agent: who has anything else cannot take it, and who has it takes
// nothing else.
const AllUnits = -1

// Need is a skill that a conversation asks of its agent. One with DropAfter is additional: it is asked for no more once the
// conversation has waited so long, so that those with the same DropAfter are a ring. One without is mandatory and never dropped.
type Need struct {
	Skill     string `json:"skill"`
	Level     int    `json:"level,omitempty"`      // 1 to 5, at least; 0 is 1
	DropAfter int    `json:"drop_after,omitempty"` // seconds
}

// Routing is how a queue's conversations find their agents. Its zero value is what a small team needs.
type Routing struct {
	Order       string      `json:"order,omitempty"`
	Waiting     string      `json:"waiting,omitempty"`
	StickySecs  int         `json:"sticky_seconds,omitempty"`  // for so long only the last owner is asked, when there, able and with room; 0: comes first but is not waited for
	Needs       []Need      `json:"needs,omitempty"`           // of each of its conversations
	Secondary   []Secondary `json:"secondary,omitempty"`       // by After
	Overflow    []Overflow  `json:"overflow,omitempty"`        // the first that holds is carried out
	Calendar    string      `json:"calendar,omitempty"`        // id; "": always open
	ReleaseSecs int         `json:"release_seconds,omitempty"` // an answered conversation frees its units when its customer has been silent for so long; 0: never
	HeavySecs   int         `json:"heavy_seconds,omitempty"`   // when one of more than one unit has waited so long, one candidate is kept from lighter ones; 0: 120
	Closed      bool        `json:"closed,omitempty"`          // by hand
	ClosedText  string      `json:"closed_text,omitempty"`     // told to who writes while it is closed, by hand or by its calendar; once a wait
}

// Secondary are agents who serve a queue besides its members once somebody has waited for so long.
type Secondary struct {
	After   int      `json:"after"` // seconds
	Members []string `json:"members"`
}

// Conditions of an Overflow.
const (
	OverWait       = "wait"       // it has waited Value seconds
	OverLength     = "length"     // more than Value wait in the queue, this one not among the first Value
	OverUnstaffed  = "unstaffed"  // no member is at work
	OverClosed     = "closed"     // by hand or by its calendar
	OverImpossible = "impossible" // nobody who serves the queue has the mandatory skills
)

// Overflow sends a waiting conversation to another queue, tells its customer something, or both. A conversation overflows at most
// MaxHops times until somebody takes it, and never into a queue where it was since; its age and priority stay.
type Overflow struct {
	When  string `json:"when"`
	Value int    `json:"value,omitempty"`
	Queue string `json:"queue,omitempty"`
	Text  string `json:"text,omitempty"` // told once a wait
}

// MaxHops bounds how often a conversation overflows until somebody takes it.
const MaxHops = 5

// RoutingSetting is the setting "routing": what holds for the whole workspace.
type RoutingSetting struct {
	GraceSecs    int      `json:"grace_seconds,omitempty"`      // from the loss of an agent's last socket; 0: 30
	RoundSecs    int      `json:"round_seconds,omitempty"`      // until those who declined are asked again; 0: 30
	WrapUpMost   int      `json:"wrap_up_most,omitempty"`       // seconds up to which wrap-up can be extended; 0: 600
	BreakReasons []string `json:"break_reasons,omitempty"`      // offered in the app; empty: lunch, rest, training, meeting
	Skills       []string `json:"skills,omitempty"`             // those that can be chosen
	TellWaiting  *bool    `json:"tell_waiting,omitempty"`       // customers hear position and estimate; nil: yes
	Tiers        []string `json:"tiers,omitempty"`              // of customers, best first
	ShortAbandon int      `json:"short_abandon_secs,omitempty"` // abandons before are counted apart; 0: 10
}

// Calendar tells when work is done. Times are of its zone's wall clock.
type Calendar struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Zone     string    `json:"zone"` // IANA name
	Week     [7][]Span `json:"week"` // from Sunday; several a day, not overlapping
	Holidays []Holiday `json:"holidays,omitempty"`
}

// Span is a part of a day, in minutes from midnight: 0 ≤ From < To ≤ 1440 (24:00).
type Span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Holiday is one day, or one of each year, with other hours than its weekday's: none when Open is empty.
type Holiday struct {
	Date   string `json:"date"`             // "2026-03-21"; each year: "03-21"; "1405-01-01" and "01-01" when Jalali
	Jalali bool   `json:"jalali,omitempty"` // Date is of the Persian calendar
	Name   string `json:"name,omitempty"`
	Open   []Span `json:"open,omitempty"`
}

// Clocks of an SLA.
const (
	ClockFirst      = "first"      // customer's message → first human reply, again after reopening
	ClockNext       = "next"       // each later unanswered message → human reply
	ClockResolution = "resolution" // beginning or reopening → resolved
)

// SLAPolicy promises times. The first policy of the list whose conditions all hold is the conversation's; an empty condition holds always.
type SLAPolicy struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Queues      []string `json:"queues,omitempty"`
	Channels    []string `json:"channels,omitempty"`
	Tiers       []string `json:"tiers,omitempty"`
	MinPriority int      `json:"min_priority,omitempty"`
	First       int      `json:"first,omitempty"` // seconds; 0: no promise
	Next        int      `json:"next,omitempty"`
	Resolution  int      `json:"resolution,omitempty"`
	WarnPercent int      `json:"warn_percent,omitempty"` // of the time gone at which people are warned; 0: 75
	Calendar    string   `json:"calendar,omitempty"`     // "": the clock never stops for hours
}

// SLA is a conversation's promises: the policy's as it was when each clock began. A changed policy holds for clocks that begin after the
// change and, when whoever changes it says so, for those that run.
type SLA struct {
	Policy string  `json:"policy"`
	Clocks []Clock `json:"clocks,omitempty"` // at most one of each kind
}

// Clock is one promise. While it runs Due is set, to the moment at which it is broken; the calendar is counted in already. While the
// conversation waits for its customer the next and resolution clocks stand still: Left is what is left then, in working time.
type Clock struct {
	Kind     string `json:"kind"`
	Target   Millis `json:"target"` // working time, ms
	Calendar string `json:"calendar,omitempty"`
	Policy   string `json:"policy,omitempty"`  // whose promise it is, when that is not the conversation's policy any more
	Since    Millis `json:"since"`             // when it began
	Due      Millis `json:"due,omitempty"`     // while it runs
	WarnAt   Millis `json:"warn_at,omitempty"` // while it runs and has not warned
	Left     Millis `json:"left,omitempty"`    // while it stands still
	Warned   bool   `json:"warned,omitempty"`
	Broken   bool   `json:"broken,omitempty"` // stays, also when it is met later
	MetAt    Millis `json:"met_at,omitempty"` // it has ended
}

// Kinds of alert rules. Account troubles ("silent", "refused", "failing") are always watched.
const (
	RuleWait       = "longest_wait"  // somebody waits longer than Value seconds
	RuleLength     = "queue_length"  // more than Value wait
	RuleLevel      = "service_level" // today's, below Value percent once ten were offered
	RuleUnstaffed  = "unstaffed"     // the queue is open and no member at work, for Value seconds
	RuleImpossible = "impossible"    // somebody waits for Value seconds whom nobody of an open queue could ever serve: skills, capacity
	RuleSLA        = "sla"           // more than Value clocks are broken now
	RuleFlag       = "flag"          // a flag stands unanswered for Value seconds
	RuleAccount    = "account"       // an account is silent, refused or failing
)

// AlertRule makes an alert of something that goes wrong.
type AlertRule struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Queues  []string `json:"queues,omitempty"` // empty: each
	Value   int      `json:"value"`
	Sound   bool     `json:"sound,omitempty"`
	Emails  []string `json:"emails,omitempty"`  // sent from Account
	Account string   `json:"account,omitempty"` // email account
	Webhook string   `json:"webhook,omitempty"` // http(s) address; signed like channels/api's, with the secret of the rule
	Off     bool     `json:"off,omitempty"`
}
