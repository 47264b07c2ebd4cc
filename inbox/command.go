package inbox

import (
	"fmt"

	"tamas/channels"
	"tamas/inbox/record"
)

// Actions of people, and of the router and the timers (By.Kind "system").
const (
	Reply    = "reply"    // Text; takes the conversation when nobody has it
	Note     = "note"     // Text, for agents only
	Accept   = "accept"   // what is offered to By
	Decline  = "decline"  // likewise
	Claim    = "claim"    // pulls a waiting conversation
	Assign   = "assign"   // to Agent
	Transfer = "transfer" // to Queue, or to Agent through the queue; keeps the age
	Snooze   = "snooze"   // Until
	Wake     = "wake"
	Resolve  = "resolve"
	Reopen   = "reopen"
	Tag      = "tags"     // Tags: the whole list
	Priority = "priority" // in minutes of waiting
	Read     = "read"
	Retry    = "retry"       // Touch: a failed or uncertain message
	Change   = "edit"        // Touch: a sent message of the channel that allows it; Text
	Start    = "start"       // a conversation that we begin: Account, Address, Name, Subject, Text, Files; Conversation is empty
	Continue = "continue"    // of the hub itself: a message to Address from Account that holds nobody's capacity; Queue and Agent are its answer's
	Block    = "block"       // Identity, On: its messages wake nobody
	SetState = "agent.state" // Agent, State, Reason
	Lost     = "agent.lost"  // Agent's last socket went (On false) or one came (On true)

	Consult  = "consult"          // Agent is asked to join, Text says why
	Join     = "consult.join"     // By comes
	Unasked  = "consult.cancel"   // it is over; the owner stays
	HandOver = "consult.complete" // it is over; who was asked is the owner now
	Draft    = "draft"            // Text: a proposal by who was consulted, or any colleague
	Review   = "review"           // Text: a draft; Agent is asked, "": any supervisor
	Verdict  = "verdict"          // ReplyTo: the review; On: send it; Text
	Flag     = "flag"             // Text: somebody speaks up
	Answer   = "flag.answer"      // ReplyTo: the flag; Text
	Seen     = "ask.seen"         // Touch: a review or a flag that By, who is asked, has seen
	Whisper  = "whisper"          // Text, to the owner; a supervisor's
	Barge    = "barge"            // On: By, a supervisor, takes part
	Skills   = "needs"            // Needs: the whole list
	SetTier  = "tier"             // Reason: the customer's tier; the record's row is the caller's to change
	Later    = "later"            // by its customer: Account on which it is answered; "" takes it back
	Left     = "left"             // its visitor, who waits, has left the page (On, as of Until) or is back
	Tell     = "tell"             // a waiting customer is told Text; Reason: what for, as in ToldText; Estimate

	Overflow = "overflow" // to Queue; Reason: the condition that held
	Release  = "release"  // frees its units
	SLAClock = "sla"      // Reason: "warn/first", "broken/next", …

	Offer   = "offer"   // to Agent, Until
	Push    = "push"    // to Agent, who has it at once
	TimeOut = "timeout" // RONA
	Requeue = "requeue"
	Close   = "close" // leaves the live state; On: though it could still be reopened
)

// Command is what somebody wants to happen.
type Command struct {
	Key          string       // from the caller; the same key again changes nothing. "" where a repetition does no harm
	By           record.Actor // {"agent", user id} or {"system", "router"}
	Supervisor   bool         // may act on what others have
	Action       string
	Conversation string
	Version      int64 // of the header that it was decided on (for agent.state the agent's); 0: whatever it is now
	Text         string
	Queue        string
	Agent        string
	Touch        string
	Until        record.Millis
	Tags         []string
	Priority     int
	State        record.AgentState
	Reason       string
	On           bool
	Needs        []record.Need
	Channels     []string     // SetState: kinds that are taken; nil: as before
	Estimate     *record.Told // Tell
	Why          *record.Why

	// Of a message.
	Files    []channels.File    // stored already
	ReplyTo  string             // touch that it answers
	Forward  string             // touch that it sends on
	Envelope *channels.Envelope // To, Cc and Bcc; nil: the customer alone
	Subject  string             // "": the thread's

	masked record.Body // Note: what of Masked and Sealed its touch gets

	Identity string // Block
	Account  string // Start
	Address  string
	Name     string
}

// Refusal is a command that cannot be, with a sentence for people.
type Refusal struct {
	Code    string // "not_found", "not_yours", "conflict", "over_capacity", "invalid"
	Message string
	Field   string // at fault, for "invalid"
	Current *record.Conversation
}

func (r *Refusal) Error() string { return r.Message }

func refuse(code, format string, args ...any) error {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) error {
	return &Refusal{Code: "invalid", Field: field, Message: fmt.Sprintf(format, args...)}
}
