// Package channels is the contract between the hub and the ways in which customers write.
//
// An adapter turns what a provider says into Inbound messages and an Outbound message into calls to
// the provider. It keeps no state of its own beyond a connection: what must survive (a poller's
// position, a message's state) travels in the hub's events and comes back through Config.
//
// The promises, which channeltest checks for every adapter:
//
//   - Acknowledge after Receive. A webhook answers 200, an offset or a cursor moves, a tick is shown
//     only after Desk.Receive returned nil: then the messages are recorded. When Receive fails the
//     provider must be left believing that it was not heard, so that it delivers again.
//   - Order. Messages of one thread reach Receive in the provider's order.
//   - Exactly once is the hub's work: an adapter may deliver again, under the same Inbound.Key.
//   - Send classifies its failures as *SendError; any other error counts as temporary.
//   - Run returns only when ctx ends or something is wrong; the hub starts it again with backoff and
//     jitter. It reports what it lives through with Desk.Health.
//   - A message that cannot be parsed is handed over as Inbound with Raw and Unreadable set; it holds up nobody.
//   - Secrets are never logged and never part of an error's text.
package channels

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Bounds of what Receive accepts; the hub cuts and notes what is longer. In bytes.
const (
	MaxKey    = 256       // Key, Thread, Address
	MaxName   = 256       // Name
	MaxText   = 64 << 10  // Text inline; longer text is cut, the whole kept as a blob
	MaxRaw    = 256 << 10 // Raw
	MaxBatch  = 200       // messages of one Batch
	MaxCursor = 4 << 10   // Batch.Cursor
)

// Inbound is one message from a customer.
type Inbound struct {
	Key     string    // the provider's id of the message, unique within the account, stable over redeliveries
	Thread  string    // what the account keeps apart: a chat's address, a mail thread's root
	Address string    // the customer's address on the channel, normalised: Telegram user id, lower-case email, E.164 number, visitor id
	Name    string    // the customer's name as the provider tells it; may be empty
	Subject string    // email only
	Text    string    // plain text
	HTML    string    // cleaned HTML where the channel has it; optional
	At      time.Time // when the customer sent it, by the provider's clock; zero: now

	ProviderID string // the id that replies and receipts refer to, when it differs from Key (a mail's Message-ID)
	Lang       string // BCP 47 hint of the customer's language; optional

	AutoReply  bool   // an auto-reply, a bounce or list mail: recorded, shown, never answered by a machine
	Unreadable string // why it could not be parsed; Raw then holds what came
	Raw        []byte // the original bytes of an unreadable message
}

// Batch is what one delivery or one poll brought. It is appended in order and waited for once.
type Batch struct {
	Messages []Inbound
	Cursor   string // the poller's position after this batch; "" leaves it as it is
}

// Outbound is one message to a customer. Its ID is stable over retries.
type Outbound struct {
	ID        string // the hub's id of the message
	Thread    string
	Address   string
	Name      string // the customer's name
	From      string // the name to show as the sender (agent or business)
	Subject   string // email: of the thread's last mail, without "Re:"
	Text      string
	InReplyTo string   // provider id of the message answered (the thread's last inbound one)
	Refs      []string // provider ids of the thread, oldest first, at most 20
	Attempt   int      // 1 for the first call
}

// Receipt is the provider's acceptance of an Outbound message.
type Receipt struct {
	ProviderID string
}

// SendError says what a failed Send means.
type SendError struct {
	Permanent  bool          // trying again cannot help: shown as failed, with its reason
	RetryAfter time.Duration // rate limited: not before; the account pauses
	Uncertain  bool          // the provider may have accepted it (reply lost): shown so, never retried by a machine
	Reason     string        // a sentence for people, without secrets
	Err        error
}

func (e *SendError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Reason, e.Err)
	}
	return e.Reason
}
func (e *SendError) Unwrap() error { return e.Err }

// Errors of Desk.Receive. Both mean: not acknowledged, deliver again later (webhooks answer 503).
var (
	ErrUnrecorded = errors.New("not recorded in time")
	ErrOverloaded = errors.New("too much is waiting to be recorded")
)

// Health is what an account lives through, as the settings page shows it.
type Health struct {
	State   string // "connected", "connecting", "refused", "failing", "off"
	Detail  string // a sentence for people: "login refused: …"; without secrets
	HeardAt time.Time
}

// Desk is what an adapter may ask of the hub. One Desk belongs to one account.
type Desk interface {
	// Receive returns nil once every message of the batch is recorded (or was, by an earlier delivery).
	Receive(ctx context.Context, b Batch) error
	// Cursor is the account's position as recorded; "" at first.
	Cursor(ctx context.Context) (string, error)
	// ThreadOf finds the thread that holds any of these provider ids on this account; "" when none does.
	ThreadOf(ctx context.Context, providerIDs []string) (string, error)
	// Status records a provider's later word on a sent message: "delivered", "read" or "failed" with its reason.
	Status(ctx context.Context, providerID, state, reason string) error
	// Health reports a change of the connection's health; it never blocks.
	Health(h Health)

	// History lists what a thread's customer may see, in order, after the item with that id ("" from the
	// start; an unknown id: from the start), at most limit (≤ 200) items. Only what is recorded.
	History(ctx context.Context, thread, after string, limit int) ([]Item, error)
	// Watch calls f for each item of the thread as it becomes recorded, and for typing, in order, from one
	// goroutine; f must not block. stop ends it.
	Watch(thread string, f func(Item)) (stop func())
	// Typing tells the agents that the customer is typing: on or off.
	Typing(thread string, on bool)
}

// Item is one thing that a customer may see of a thread.
type Item struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind"`           // "message", "typing" (agent is typing; not kept), "state" (of an own message)
	From string    `json:"from"`           // "customer", "agent", "system"
	Name string    `json:"name,omitempty"` // the agent's public name
	Text string    `json:"text,omitempty"`
	HTML string    `json:"html,omitempty"`
	At   time.Time `json:"at"`
	Key  string    `json:"key,omitempty"` // of the customer's own message: the Inbound.Key it came under
	On   bool      `json:"on,omitempty"`  // typing
}

// Adapter is one opened account.
type Adapter interface {
	// Run receives by polling or a standing connection until ctx ends. An adapter that only has a webhook
	// reports its health and waits for ctx. At most one node runs it at a time (it holds the account's lease).
	Run(ctx context.Context) error
	// Send hands one message to the provider. Only the node with the account's lease calls it, one call per thread at a time.
	Send(ctx context.Context, m Outbound) (Receipt, error)
	// Check proves the credentials against the provider: nil, or an error whose text is for people.
	Check(ctx context.Context) error
}

// Webhook is an Adapter that is also called over HTTP: everything below /hooks/<account id>/ arrives
// here on any node, with that prefix stripped. Bodies are bounded by the hub at 1 MiB.
type Webhook interface {
	http.Handler
}

// Limits of a channel, sent to the composer so that components know no channel by name.
type Limits struct {
	TextLength int  `json:"text_length"`           // characters of one message; 0: no limit
	Segments   bool `json:"segments,omitempty"`    // counted in SMS segments
	HTML       bool `json:"html,omitempty"`        // HTML may be sent
	Subject    bool `json:"subject,omitempty"`     // messages have a subject
	Live       bool `json:"live,omitempty"`        // the customer is there, waiting: typing is shown both ways
	NoReplyTo  bool `json:"no_reply_to,omitempty"` // cannot start a conversation, only answer
}

// Field is one setting of a channel kind; the settings page draws its form from these.
type Field struct {
	Key      string   `json:"key"`
	Type     string   `json:"type"` // "text", "secret", "number", "bool", "choice", "list" (lines)
	Choices  []string `json:"choices,omitempty"`
	Required bool     `json:"required,omitempty"`
	Default  any      `json:"default,omitempty"`
	Label    Text     `json:"label"`
	Help     Text     `json:"help,omitzero"`
}

// Text is a sentence in both languages of the app.
type Text struct {
	EN string `json:"en"`
	FA string `json:"fa"`
}

// Config is what an account is opened with.
type Config struct {
	ID        string          // the account's id
	Name      string          // as people call it
	Settings  json.RawMessage // an object of the kind's Fields, secrets in clear
	PublicURL string          // the hub's own address, "" when unknown; webhooks are at PublicURL/hooks/<ID>/
	Secret    []byte          // 32 bytes of this account's own, for signing what the outside holds (visitor tokens, plus-addresses)
	Desk      Desk
	Log       *slog.Logger
	Client    *http.Client // to be used for outgoing HTTP
}

// Kind is one way to write. A new channel is one folder and one line in cmd/tamas/channels.go.
type Kind struct {
	Name   string  `json:"name"`
	Label  Text    `json:"label"`
	Fields []Field `json:"fields"`
	Limits Limits  `json:"limits"`
	Weight int     `json:"weight"` // capacity units of one conversation, unless the account says otherwise
	// Open refuses settings that cannot work with an error for people (a *FieldError where a field is at fault); it does no I/O.
	Open func(Config) (Adapter, error) `json:"-"`
}

// FieldError names the setting at fault.
type FieldError struct {
	Field  string
	Reason string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Decode reads settings strictly: an unknown field is an error.
func Decode(raw json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}
