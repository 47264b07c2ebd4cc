package record

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tamas/channels"
)

// ID is an event's place and identity: N counts up inside commit.lua (see Event.Span), Token is 64 random bits from
// the caller. Two histories may share an N, never an ID. Its text is "<n>-<token>", both decimal, which is
// also its Redis stream id.
type ID struct{ N, Token uint64 }

func (id ID) String() string {
	return strconv.FormatUint(id.N, 10) + "-" + strconv.FormatUint(id.Token, 10)
}

// IsZero tells the id before all events.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads "<n>-<token>".
func ParseID(s string) (ID, error) {
	a, b, ok := strings.Cut(s, "-")
	if ok {
		n, err1 := strconv.ParseUint(a, 10, 64)
		t, err2 := strconv.ParseUint(b, 10, 64)
		if err1 == nil && err2 == nil {
			return ID{n, t}, nil
		}
	}
	return ID{}, fmt.Errorf("bad event id %q", s)
}

func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// Millis is a moment in Unix milliseconds, UTC. 0 means never.
type Millis int64

// At turns a time into Millis; the zero time into 0.
func At(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time is the inverse of At.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Status of a conversation.
type Status string

const (
	Waiting  Status = "waiting"  // in its queue
	Offered  Status = "offered"  // held out to one agent
	Active   Status = "active"   // owned by an agent
	Snoozed  Status = "snoozed"  // asleep until SnoozedUntil or the customer's next message
	Resolved Status = "resolved" // done; the customer's next message before ReopenUntil reopens it
)

// Conversation is the header that every event of a conversation carries whole. It holds no personal text.
// commit.lua writes the Number: see inbox/commit.lua.
type Conversation struct {
	ID       string `json:"id"`
	Number   int64  `json:"number"` // for people: #1042
	Version  int64  `json:"version"`
	Identity string `json:"identity"`
	Account  string `json:"account"`
	Channel  string `json:"channel"` // the account's kind
	Thread   string `json:"thread"`
	Queue    string `json:"queue"`
	Status   Status `json:"status"`

	Owner      string   `json:"owner,omitempty"`      // agent; kept while snoozed and resolved (for stickiness)
	OfferedTo  string   `json:"offered_to,omitempty"` // agent, while Offered
	OfferUntil Millis   `json:"offer_until,omitempty"`
	Declined   []string `json:"declined,omitempty"`    // agents not to be asked again in this round
	DeclinedAt Millis   `json:"declined_at,omitempty"` // when the last of them declined or let it run out; set and cleared with Declined
	Prefer     string   `json:"prefer,omitempty"`      // agent to be asked first (transfer to an agent, last owner)
	Priority   int      `json:"priority,omitempty"`    // in minutes of waiting
	Units      int      `json:"units"`                 // of capacity that it takes from its agent
	Tags       []string `json:"tags,omitempty"`
	Unread     int      `json:"unread,omitempty"`     // customer's messages since the owner last read
	Unanswered Millis   `json:"unanswered,omitempty"` // when the customer's oldest unanswered message came; 0: answered

	CreatedAt       Millis `json:"created_at"`
	WaitingSince    Millis `json:"waiting_since,omitempty"` // original age: kept through decline, transfer, restart
	AssignedAt      Millis `json:"assigned_at,omitempty"`
	FirstResponseAt Millis `json:"first_response_at,omitempty"` // first human reply to its customer since creation or reopening; of one that an agent began: when
	LastInboundAt   Millis `json:"last_inbound_at,omitempty"`
	LastMessageAt   Millis `json:"last_message_at"`
	LastMessage     string `json:"last_message,omitempty"` // touch id
	SnoozedUntil    Millis `json:"snoozed_until,omitempty"`
	ResolvedAt      Millis `json:"resolved_at,omitempty"`
	ReopenUntil     Millis `json:"reopen_until,omitempty"`
	Previous        string `json:"previous,omitempty"` // the conversation of this thread before this one

	QueuedAt    Millis   `json:"queued_at,omitempty"`    // when it last came into a queue to wait there; kept when somebody has it, so that the wait can be told
	StickyUntil Millis   `json:"sticky_until,omitempty"` // until then only Prefer is asked, when able and with room
	Needs       []Need   `json:"needs,omitempty"`        // of its own; its queue's come on top
	Hops        []string `json:"hops,omitempty"`         // queues that it overflowed from since nobody has it
	ToldText    []string `json:"told_text,omitempty"`    // what its customer was told in this wait: "closed", "overflow/<queue>/<place in the list>"
	Released    bool     `json:"released,omitempty"`     // active, and holds no units until its customer writes
	Tier        string   `json:"tier,omitempty"`         // of its customer when it began, or as changed since
	Later       string   `json:"later,omitempty"`        // account on which its customer chose to be answered
	LeftAt      Millis   `json:"left_at,omitempty"`      // when who waited in a live chat left the page; 0: did not, or is back
	Told        *Told    `json:"told,omitempty"`         // first estimate of this wait, to measure it by
	SLA         *SLA     `json:"sla,omitempty"`
	Consult     *Consult `json:"consult,omitempty"`
	Review      *Ask     `json:"review,omitempty"` // a draft that a colleague is asked to look at
	Flag        *Ask     `json:"flag,omitempty"`   // raised and not answered yet
	Barged      []string `json:"barged,omitempty"` // supervisors who take part beside the owner
}

// Told is what a waiting customer was told.
type Told struct {
	At       Millis `json:"at"`
	Position int    `json:"position"` // 1 is next
	Wait     Millis `json:"wait"`     // estimated, from At on
}

// Consult is a colleague who was asked to join privately: sees all, writes notes and drafts, is not seen by the customer.
type Consult struct {
	Agent  string `json:"agent"`
	By     string `json:"by"`
	At     Millis `json:"at"`
	Joined Millis `json:"joined,omitempty"` // 0: asked, has not come yet
}

// Ask is an open question among colleagues; its words are the touch's.
type Ask struct {
	Touch string `json:"touch"`
	By    string `json:"by"`
	Of    string `json:"of,omitempty"` // who is asked; "": any supervisor
	At    Millis `json:"at"`
	Seen  Millis `json:"seen,omitempty"` // by who is asked
}

// Open tells whether work is left.
func (c *Conversation) Open() bool { return c.Status != Resolved }

// Agent states.
type AgentState string

const (
	Offline       AgentState = "offline"
	Available     AgentState = "available"
	Busy          AgentState = "busy"           // no new work, keeps the old
	Break         AgentState = "break"          // with a reason
	NotResponding AgentState = "not_responding" // let an offer run out; sets itself back to Available by hand
	WrapUp        AgentState = "wrap_up"        // until WrapUpUntil
)

// Agent is the live side of a user who takes conversations; events carry it whole.
type Agent struct {
	ID          string         `json:"id"`
	Version     int64          `json:"version"`
	State       AgentState     `json:"state"`
	Reason      string         `json:"reason,omitempty"` // of a break
	Since       Millis         `json:"since"`
	IdleSince   Millis         `json:"idle_since,omitempty"` // when work was last taken or finished; for longest idle
	WrapUpUntil Millis         `json:"wrap_up_until,omitempty"`
	LostAt      Millis         `json:"lost_at,omitempty"` // when the last socket went; 0 while one is open
	Held        map[string]int `json:"held,omitempty"`    // conversation → units, offered and active

	Channels []string `json:"channels,omitempty"`  // kinds whose conversations are taken while Available; empty: all
	TurnAt   Millis   `json:"turn_at,omitempty"`   // when something was last given to the agent; for round robin
	WrapUp   string   `json:"wrap_up,omitempty"`   // the conversation whose wrap-up it is
	StateBy  string   `json:"state_by,omitempty"`  // user who set the state, when it was another
	OnlineAt Millis   `json:"online_at,omitempty"` // since when the agent has not been Offline
}

// Used counts the units in use.
func (a *Agent) Used() int {
	n := 0
	for _, u := range a.Held {
		n += u
	}
	return n
}

// Actor did something.
type Actor struct {
	Kind string `json:"kind"` // "customer", "agent" (any user), "system" (ID: router, timer, channel)
	ID   string `json:"id,omitempty"`
}

// Kinds of touches.
const (
	KindMessage = "message"
	KindNote    = "note" // seen by agents only

	KindEdit     = "edit"     // Of's new text
	KindDeletion = "deletion" // Of was taken back
	KindRating   = "rating"   // Score 1 to 5, a comment in the body
	KindVisit    = "visit"    // a page: its address is the body's subject, its title the text; of no conversation

	// What others log (see Entry), of no conversation; kinds of one's own begin with "x_". So may visits and notes be.
	KindCall        = "call"
	KindShopVisit   = "shop_visit"
	KindPurchase    = "purchase"
	KindReturn      = "return"
	KindSelfService = "self_service"
	KindProgramme   = "programme" // a step of a marketing programme: sent, opened, …
	KindDelivery    = "delivery"
	KindEvent       = "event"

	// Among colleagues, like notes: no customer sees them.
	KindWhisper = "whisper" // a supervisor's word to the owner
	KindDraft   = "draft"   // a colleague's proposal of what to answer
	KindReview  = "review"  // a draft that the owner asks a colleague to look at
	KindVerdict = "verdict" // the answer to a review; ReplyTo is the review, Score 1: send it, 0: better not like this
	KindFlag    = "flag"    // somebody speaks up
	KindAnswer  = "answer"  // to a flag; ReplyTo is the flag
)

// Send states of an outbound message, in order of their revisions. "received" is an inbound message's only one.
const (
	StateReceived  = "received"
	StateLogged    = "logged" // of what others log, either way; its only one
	StateQueued    = "queued"
	StateSending   = "sending"
	StateSent      = "sent"
	StateDelivered = "delivered"
	StateRead      = "read"
	StateFailed    = "failed"    // with Error; may be retried by hand
	StateUncertain = "uncertain" // the provider may have it; only a person may send it again
)

// Touch is one logged contact: here a message in either direction, or a note.
type Touch struct {
	ID           string `json:"id"` // hex of its first event's token
	N            uint64 `json:"n"`  // of its first event: the order within a conversation. 0 until read from the record
	Kind         string `json:"kind"`
	Conversation string `json:"conversation"`
	Identity     string `json:"identity"`
	Account      string `json:"account"`
	Channel      string `json:"channel"`
	Inbound      bool   `json:"inbound"`
	Author       Actor  `json:"author"`
	At           Millis `json:"at"` // when it happened, by the sender's clock

	State      string   `json:"state"`
	Rev        int      `json:"rev"` // of State; replaces when newer
	Attempt    int      `json:"attempt,omitempty"`
	RetryAt    Millis   `json:"retry_at,omitempty"`
	Error      string   `json:"error,omitempty"`
	Key        string   `json:"key,omitempty"` // the provider's key (inbound), the client's message id (outbound)
	ProviderID string   `json:"provider_id,omitempty"`
	Worker     string   `json:"worker,omitempty"` // the account lease under which it is being sent
	AutoReply  bool     `json:"auto_reply,omitempty"`
	Unreadable string   `json:"unreadable,omitempty"`
	ReplyTo    string   `json:"reply_to,omitempty"` // touch that it answers, where somebody chose one
	Of         string   `json:"of,omitempty"`       // touch that an edit or a deletion is about
	Score      int      `json:"score,omitempty"`    // of a rating
	Scale      int      `json:"scale,omitempty"`    // of Score: 10: 0 to 10, whether one would recommend the firm; 0: 1 to 5. Not read back
	Spam       string   `json:"spam,omitempty"`     // why it is taken for spam
	Parts      []string `json:"parts,omitempty"`    // further provider ids under which it can be found; written, not read back

	Body *Body `json:"body,omitempty"` // personal text; in an events table row it is nil
	Data *Data `json:"data,omitempty"` // of what others log: likewise
}

// ScaleOfTen is the subject of a rating from 0 to 10.
const ScaleOfTen = "0–10"

// Body is the personal text of a touch; it stands in one row of its own so that it can be erased.
type Body struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
	Raw     []byte `json:"raw,omitempty"`
	Blob    string `json:"blob,omitempty"` // name of the blob with the whole, when Text was cut

	Files    []channels.File    `json:"files,omitempty"`
	Envelope *channels.Envelope `json:"envelope,omitempty"`
	Forward  string             `json:"forward,omitempty"`   // touch that is sent on to a third party
	HTMLBlob string             `json:"html_blob,omitempty"` // name of the blob with the whole, when HTML was cut
	Masked   []string           `json:"masked,omitempty"`    // kinds of what was masked in it: "card", "national_id", "password"
	Sealed   []byte             `json:"sealed,omitempty"`    // that, encrypted; never in answers of the API

	// In answers of the API instead of HTML, which is a document of its own there.
	HasHTML      bool `json:"has_html,omitempty"`
	RemoteImages int  `json:"remote_images,omitempty"`
}

// Identity is a customer's address on a channel. Its ID and its first customer's id are derived from
// (Channel, Address), so two nodes create the same ones.
type Identity struct {
	ID       string `json:"id"`
	Customer string `json:"customer"` // the customer at creation; the record's pointer decides later
	Channel  string `json:"channel"`
	Address  string `json:"address"`
	Name     string `json:"name,omitempty"`

	// What marks have made of it; read from the record only.
	Consent       string `json:"consent,omitempty"` // "stop": may not be written to; "start": said so; "" never asked
	ConsentAt     Millis `json:"consent_at,omitempty"`
	Unreachable   string `json:"unreachable,omitempty"` // why nothing arrives there; over when the customer writes again
	UnreachableAt Millis `json:"unreachable_at,omitempty"`
	Blocked       bool   `json:"blocked,omitempty"`  // its messages wake nobody
	Evidence      string `json:"evidence,omitempty"` // how it was linked to its customer

	Home string `json:"home,omitempty"` // the customer that the evidence says it is of; Customer is who that was merged into, if into anybody
	Link *Link  `json:"link,omitempty"` // how it came to its home; nil: it began there. Of a customer's page
}

// Mark changes an identity. Marks are applied in the order of events; consent by when the customer said so.
type Mark struct {
	Kind  string         `json:"kind"`            // "consent", "unreachable", "blocked", "link"
	Value string         `json:"value,omitempty"` // consent: "stop", "start"; unreachable: why; blocked: "yes", ""
	Link  *channels.Link `json:"link,omitempty"`  // link: to the customer of that identity
}

// EventVersion is the version that this program writes; a leader that reads a higher one steps down. It counts up with each kind of
// event, and each part of one, that an older leader would record without.
//
//	1  conversations and their messages
//	2  edits, deletions, ratings and visits; files, quotations, parts and marks
//	3  SLA clocks, consults, second opinions, flags, whispers; skills, overflow, released units
//	4  what others log, with its data; imports of touches, whose events take several numbers
//	5  visitors who leave while they wait
//	6  links that are good for one identity
const EventVersion = 6

// Event is one entry of the log. Conversation and Agents are the headers after the change.
type Event struct {
	V      int    `json:"v"`
	ID     ID     `json:"id,omitzero"`
	Kind   string `json:"kind"`
	At     Millis `json:"at"`
	By     Actor  `json:"by"`
	Key    string `json:"key,omitempty"`    // the command's
	Reason *Why   `json:"reason,omitempty"` // why the router or a timer did it
	// Was holds what a supervisor's or another's steering changed, as it was: field of the header → JSON value. For the audit.
	Was map[string]json.RawMessage `json:"was,omitempty"`

	Conversation *Conversation `json:"conversation,omitempty"`
	Agents       []Agent       `json:"agents,omitempty"`
	Touch        *Touch        `json:"touch,omitempty"`
	Identity     *Identity     `json:"identity,omitempty"`
	Marks        []Mark        `json:"marks,omitempty"` // of Identity

	Account string `json:"account,omitempty"` // with Cursor: whose it is
	Cursor  string `json:"cursor,omitempty"`
	Topic   string `json:"topic,omitempty"` // settings.changed: what

	Import   *Import    `json:"import,omitempty"` // of a chunk of an import
	Imported []Imported `json:"-"`                // its rows, while it is recorded

	Raw []byte `json:"-"` // event.unreadable: the event as it came, when the log's entry could not be read
}

// Event kinds. A touch's state changes are "touch." + its state.
const (
	EvReceived   = "message.received"
	EvQueued     = "message.queued"
	EvNoted      = "note.added"
	EvTouch      = "touch.state"      // Touch carries the new state, no body
	EvEdited     = "message.edited"   // Touch is an edit or a deletion, by the customer or (queued) by an agent
	EvLogged     = "touch.logged"     // a rating, a visit, what others log
	EvIdentity   = "identity.changed" // Marks
	EvOffered    = "conversation.offered"
	EvAccepted   = "conversation.accepted"
	EvDeclined   = "conversation.declined"
	EvTimedOut   = "conversation.timed_out" // RONA
	EvRequeued   = "conversation.requeued"
	EvAssigned   = "conversation.assigned"    // by a person, or pushed by the router
	EvTransfer   = "conversation.transferred" // to a queue or an agent
	EvSnoozed    = "conversation.snoozed"
	EvWoken      = "conversation.woken"
	EvResolved   = "conversation.resolved"
	EvReopened   = "conversation.reopened" // by a person; a customer's message that reopens is message.received
	EvChanged    = "conversation.changed"  // tags, priority, read
	EvClosed     = "conversation.closed"   // left the live state: past its reopen window; or has left it, and its flag was seen or answered
	EvOverflowed = "conversation.overflowed"
	EvReleased   = "conversation.released" // its units are free while its customer is silent
	EvTold       = "conversation.told"     // its waiting customer was told something: header's Told, ToldText, Later
	EvLeft       = "conversation.left"     // its visitor left the page without an answer: LeftAt
	EvBack       = "conversation.back"     // and is there again
	EvSLA        = "sla.changed"           // a clock warned or broke; Reason.Code is "warn/first", "broken/next", …
	EvConsult    = "consult.changed"       // asked, joined, ended; Reason.Code says which: "asked", "joined", "cancelled", "completed"
	EvBarge      = "conversation.barged"   // a supervisor came in or left
	EvAgent      = "agent.changed"
	EvCursor     = "account.cursor"
	EvSettings   = "settings.changed"
	EvImported   = "touches.imported"  // Import: touches with numbers of their own, just below the event's
	EvWithdrawn  = "touches.withdrawn" // Import: such touches are taken back
	EvRebuilt    = "log.rebuilt"       // first entry after a rebuild
	EvUnreadable = "event.unreadable"  // what the database refused, kept raw
)

// Why is a decision's reason, stored with it.
type Why struct {
	Code       string            `json:"code"`             // "longest_idle", "preferred", "timeout", "grace_over", …
	Policy     string            `json:"policy,omitempty"` // hash of the policy that it was decided by; the record keeps it
	Engine     int               `json:"engine,omitempty"`
	Now        Millis            `json:"now,omitempty"`
	Last       ID                `json:"last,omitzero"` // last event the engine had seen
	Waited     Millis            `json:"waited,omitempty"`
	Score      float64           `json:"score,omitempty"`
	Candidates []string          `json:"candidates,omitempty"` // in order
	Excluded   map[string]string `json:"excluded,omitempty"`   // agent → failing reason
	More       int               `json:"more,omitempty"`       // members left out of Excluded to keep the event small
	Pending    json.RawMessage   `json:"pending,omitempty"`    // decisions that stood when it was made: a list of router.Pending
	Cut        int               `json:"cut,omitempty"`        // those left out of Pending to keep the event small: it cannot be computed again
}

// Queue is a line of waiting conversations, with how it is served.
type Queue struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Mode         string   `json:"mode"`                     // "push" (auto-accept), "offer", "pull"
	OfferSeconds int      `json:"offer_seconds"`            // how long an offer stands
	TargetSecs   int      `json:"target_seconds,omitempty"` // service level: answered within
	WrapUpSecs   int      `json:"wrap_up_seconds,omitempty"`
	Priority     int      `json:"priority,omitempty"`  // of new conversations, in minutes
	Members      []string `json:"members"`             // users
	Signature    string   `json:"signature,omitempty"` // below mails, when the agent has none; {agent}, {queue}, {firm} are filled in
	Routing      Routing  `json:"routing"`
	Version      int64    `json:"version"`
	Archived     bool     `json:"archived,omitempty"`
}

// Roles, each with the rights of those before it.
const (
	RoleAgent      = "agent"
	RoleSupervisor = "supervisor"
	RoleAdmin      = "admin"
)

// User signs in. An agent in the router's sense is a user who is a member of a queue.
type User struct {
	ID         string `json:"id"`
	Email      string `json:"email"`
	Name       string `json:"name"`
	PublicName string `json:"public_name,omitempty"` // what customers see
	Role       string `json:"role"`
	Locale     string `json:"locale"`              // "en", "fa"
	Capacity   int    `json:"capacity"`            // units
	Signature  string `json:"signature,omitempty"` // below mails; {agent}, {queue}, {firm} are filled in
	Disabled   bool   `json:"disabled,omitempty"`
	Version    int64  `json:"version"`
	CreatedAt  Millis `json:"created_at"`

	Skills map[string]int `json:"skills,omitempty"` // skill → level, 1 to 5
}

// Account is one configured endpoint of a channel.
type Account struct {
	ID            string          `json:"id"`
	Kind          string          `json:"kind"`
	Name          string          `json:"name"`
	Queue         string          `json:"queue"`        // where its conversations begin
	ReopenHours   int             `json:"reopen_hours"` // window in which a resolved conversation reopens
	Units         int             `json:"units"`        // capacity units of one conversation; 0: the kind's weight
	Enabled       bool            `json:"enabled"`
	ImportSince   Millis          `json:"import_since,omitempty"` // a first connection fetches what is newer; 0: nothing old
	SilentMins    int             `json:"silent_minutes"`         // supervisors are alerted when it is silent or refused for longer; 0: never
	MaxFileMB     int             `json:"max_file_mb"`            // of one file; 0: 25
	ContinueOn    string          `json:"continue_on"`            // account on which a live chat goes on when its visitor has left; "" never
	ContinueAfter int             `json:"continue_after"`         // minutes after which an answer that was not seen goes on there
	Settings      json.RawMessage `json:"settings"`               // without secrets
	SecretsSet    []string        `json:"secrets_set,omitempty"`
	SealedSecret  []byte          `json:"-"` // the secrets, encrypted
	Cursor        string          `json:"-"`
	Version       int64           `json:"version"`
	CreatedAt     Millis          `json:"created_at"`
	Archived      bool            `json:"archived,omitempty"`
}

// Canned is a prepared answer.
type Canned struct {
	ID       string `json:"id"`
	Shortcut string `json:"shortcut"` // typed after "/"
	Title    string `json:"title"`
	Text     string `json:"text"`
	Version  int64  `json:"version"`
}
