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
//   - A message that cannot be parsed is handed over as Inbound with Raw and Unreadable set; it holds up nobody. The hub
//     keeps Raw as a file that people can download.
//   - Files are streamed: Desk.Store takes a reader before Receive, Desk.Open gives one to Send. A file that could not be had
//     is handed over with Missing set, never left out. Only what cannot be stored now (Store's error) makes the
//     provider deliver again.
//   - Secrets are never logged and never part of an error's text.
package channels

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
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

// Kinds of Inbound. Each has a Key of its own.
const (
	Message  = ""         // what a customer says
	Edit     = "edit"     // the new text of the message that Of names; the original is kept
	Deletion = "deletion" // the customer took the message that Of names back; the original is kept
	Rating   = "rating"   // Score, by Scale, and a comment in Text, for the thread's last conversation
	Visit    = "visit"    // a page that the customer looked at: Text is its title, Page its address; of no conversation
)

// Inbound is one message from a customer, or another thing that a customer did.
type Inbound struct {
	Kind    string    // see above
	Key     string    // the provider's id of the message, unique within the account, stable over redeliveries
	Thread  string    // what the account keeps apart: a chat's address, a mail thread's root. One that begins with "*" is shared by all accounts of the channel
	Address string    // the customer's address on the channel, normalised: Telegram user id, lower-case email, E.164 number, visitor id
	Name    string    // the customer's name as the provider tells it; may be empty
	Subject string    // email only
	Text    string    // plain text
	HTML    string    // cleaned HTML where the channel has it; optional. Inline images are <img src="cid:…"> with a File of that CID
	At      time.Time // when the customer sent it, by the provider's clock; zero: now

	ProviderID string // the id that replies and receipts refer to, when it differs from Key (a mail's Message-ID)
	ReplyTo    string // provider id of the message that this one answers, where the customer chose one; shown as a quotation
	Of         string // Edit, Deletion: provider id of the message meant
	Lang       string // BCP 47 hint of the customer's language; optional
	Score      int    // Rating
	Scale      int    // Rating: 0: Score is 1 to 5; 10: 0 to 10, how likely the customer is to recommend the firm
	Page       string // Visit

	Files    []File
	Envelope *Envelope // email: who else is in it
	Link     *Link     // who the customer is, where the channel has proof
	Consent  string    // "stop" or "start": with this message the customer forbids or allows being written to
	Answer   string    // what the account answers to it by itself, once; "" nothing
	Position bool      // it only asks for the place in line: recorded, wakes nobody, and the hub answers

	AutoReply  bool   // an auto-reply, a bounce or list mail: recorded, shown, never answered by a machine, wakes nobody
	Spam       string // why it is taken for spam, or its sender is blocked by the account; recorded, shown, wakes nobody
	Imported   bool   // older than the account: fetched at the first connection; recorded, wakes nobody
	Unreadable string // why it could not be parsed; Raw then holds what came
	Raw        []byte // the original bytes of an unreadable message
	RawName    string // the name under which they can be downloaded: "message.eml"
}

// File is something that a message carries.
type File struct {
	Name     string `json:"name"`           // as the sender named it; the hub cleans it
	Type     string `json:"type"`           // media type: the sender's word before Store, what the content is after it
	Kind     string `json:"kind"`           // "image", "audio", "voice", "video", "file"; "raw": the message as it came
	Size     int64  `json:"size,omitempty"` // in bytes
	Blob     string `json:"blob,omitempty"` // the content's name in the hub's store; "" when it is Missing
	CID      string `json:"cid,omitempty"`  // Content-ID of an inline image, without brackets
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Duration int    `json:"duration,omitempty"` // in seconds
	Missing  string `json:"missing,omitempty"`  // why the content is not here: "larger than 25 MB"
}

// Envelope is who a mail is from and to besides the customer; addresses as in a header, "Name <a@b>" or "a@b".
type Envelope struct {
	From    string   `json:"from,omitempty"`
	ReplyTo []string `json:"reply_to,omitempty"`
	To      []string `json:"to,omitempty"`
	Cc      []string `json:"cc,omitempty"`
	Bcc     []string `json:"bcc,omitempty"`
}

// Link says that the customer's identity on this channel belongs to somebody who is known: to the customer of another
// identity, which is created when it is new. It is given only on proof (a signed token).
type Link struct {
	Customer string `json:"customer,omitempty"` // the customer's id itself, as StartLink signed it; or
	Channel  string `json:"channel,omitempty"`  // "external" (the firm's own id of the customer), "email", "phone"
	Address  string `json:"address,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"` // further addresses that the same proof vouches for; optional
	Phone    string `json:"phone,omitempty"`
	Evidence string `json:"evidence,omitempty"` // for people: "signed token of the site", "start link"
	Once     string `json:"once,omitempty"`     // name of a proof that is good for one identity: who brings it later is only suggested; "": good for all
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
	Subject   string // email: of the thread's last mail, without "Re:", unless the agent wrote another
	Text      string
	Files     []File   // what the channel can carry by its Limits; all others stand in Text as links. Content: Desk.Open(Blob)
	InReplyTo string   // provider id of the message answered: the one that the agent chose, else the thread's last inbound one
	Quoted    bool     // the agent chose it: where the channel can, the answer shows it
	Refs      []string // provider ids of the thread, oldest first, at most 20
	Edits     string   // provider id of the sent message whose text this one replaces; "" for a new message
	Attempt   int      // 1 for the first call

	Envelope  *Envelope // email: the recipients that the agent chose (To, Cc, Bcc); nil: the customer alone
	Forwarded bool      // email: sent on to a third party; History is what is sent on
	History   *History  // email: the message that is answered or forwarded
	Signature string    // email: below the text
	Auto      bool      // a machine wrote it
}

// History is the message before, for channels whose answers carry it.
type History struct {
	From, Subject, Text, HTML string
	At                        time.Time
}

// Receipt is the provider's acceptance of an Outbound message.
type Receipt struct {
	ProviderID string
	Parts      []string // further provider ids, when it was sent as several messages; receipts and answers may name them
}

// SendError says what a failed Send means.
type SendError struct {
	Permanent   bool          // trying again cannot help: shown as failed, with its reason
	RetryAfter  time.Duration // rate limited: not before; the account pauses, or with OneThread only that thread
	OneThread   bool
	Uncertain   bool   // the provider may have accepted it (reply lost): shown so, never retried by a machine
	Unreachable bool   // Permanent, and nothing else will reach this address either, until its customer writes again: blocked the bot, no such mailbox
	Reason      string // a sentence for people, without secrets
	Err         error
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

// ErrTooOften: what was asked for has been done so often of late that it has to wait.
var ErrTooOften = errors.New("too often")

// Health is what an account lives through, as the settings page shows it.
type Health struct {
	State   string // "connected", "connecting", "refused", "failing", "off"
	Detail  string // a sentence for people: "login refused: …"; without secrets
	Do      string // what to do about it, where that is known: "Enter the app password again."
	HeardAt time.Time
	Backlog int // messages that the provider still holds for us, where it is known
}

// Standing is where a thread's conversation stands, for customers who wait. All zero: there is none that is open.
type Standing struct {
	Status     string        `json:"status,omitempty"`     // "waiting", "active", "snoozed", "resolved"
	Position   int           `json:"position,omitempty"`   // 1 is next; while waiting
	Wait       time.Duration `json:"wait,omitempty"`       // estimated, from the queue's recent answers; 0: unknown
	Agent      string        `json:"agent,omitempty"`      // the owner's public name
	Staffed    bool          `json:"staffed"`              // somebody who serves the queue is there
	Closed     bool          `json:"closed,omitempty"`     // the queue is, by hand or by its hours
	Opens      time.Time     `json:"opens,omitzero"`       // with Closed: when its hours open it; zero: nobody knows
	Transcript bool          `json:"transcript,omitempty"` // it can be sent to its customer: Desk.Transcript
	Later      string        `json:"later,omitempty"`      // while waiting: kinds of channels on which it can be answered instead, with commas: Desk.Later
	LaterOn    string        `json:"later_on,omitempty"`   // the one that its customer chose
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
	// Unreachable records that nothing arrives at an address until its customer writes again: the provider said so without being
	// asked. An address that is not known is left alone.
	Unreachable(ctx context.Context, address, reason string) error
	// Health reports a change of the connection's health; it never blocks.
	Health(h Health)

	// History lists what a thread's customer may see, in order, after the item with that id ("" from the
	// start; an unknown id: from the start), at most limit (≤ 200) items. Only what is recorded. at is the N of the last of them, or of
	// after when there are none.
	History(ctx context.Context, thread, after string, limit int) (items []Item, at uint64, err error)
	// Watch calls f for each item of the thread as it becomes recorded, and for typing, in order, from one
	// goroutine; f must not block. What this node hears late, History on any node may have told before: N says so. stop ends it.
	Watch(thread string, f func(Item)) (stop func())
	// Typing tells the agents that the customer is typing: on or off.
	Typing(thread string, on bool)
	// Standing tells where the thread's conversation stands.
	Standing(ctx context.Context, thread string) (Standing, error)
	// Transcript mails the thread's conversation to its customer, to an address that the hub knows: the caller names none.
	// errors.ErrUnsupported: it cannot, see Standing.Transcript; ErrTooOften; others: not now.
	Transcript(ctx context.Context, thread string) error
	// Later lets a thread's customer who waits be answered elsewhere, in the same place in line: at an address that is checked (mail,
	// telephone), or on a kind of Standing.Later by opening the link that comes back; "" takes it back. A *FieldError is a sentence for
	// people; errors.ErrUnsupported: nobody waits there.
	Later(ctx context.Context, thread, to string) (link string, err error)

	// Store streams a file's content into the hub's store and gives f with Blob, Size, the Type that the content has, Kind and
	// measures. Content over the account's limit is not kept: f with Missing comes back, without an error. An error: the store
	// is away, deliver again later.
	Store(ctx context.Context, f File, content io.Reader) (File, error)
	// MaxFile is the account's limit for one file, in bytes.
	MaxFile() int64
	// Open reads a stored file's content.
	Open(ctx context.Context, blob string) (io.ReadCloser, error)
	// FileURL is an address from which anybody who has it can fetch the file for a while; "" when the hub has no public address.
	FileURL(f File) string
	// Recorded tells which of these Inbound.Keys are in the record already, so that a catch-up need not fetch them again.
	Recorded(ctx context.Context, keys []string) (map[string]bool, error)
}

// Item is one thing that a customer may see of a thread.
type Item struct {
	ID   string    `json:"id"`
	N    uint64    `json:"-"`              // its place in the record's order; 0: it has none, see Kind
	Kind string    `json:"kind"`           // "message", "typing" (agent is typing; not kept), "state" (of an own message)
	From string    `json:"from"`           // "customer", "agent", "system"
	Name string    `json:"name,omitempty"` // the agent's public name
	Text string    `json:"text,omitempty"`
	HTML string    `json:"html,omitempty"`
	At   time.Time `json:"at"`
	Key  string    `json:"key,omitempty"` // of the customer's own message: the Inbound.Key it came under
	On   bool      `json:"on,omitempty"`  // typing

	Files   []ItemFile `json:"files,omitempty"`
	ReplyTo string     `json:"reply_to,omitempty"` // id of the item that it quotes
	Of      string     `json:"of,omitempty"`       // kinds "edit" and "deletion": id of the item that is changed
	State   string     `json:"state,omitempty"`    // kind "state": "delivered", "read" of the agent's item Of; "standing": its Standing has changed
}

// ItemFile is a file as a customer sees it.
type ItemFile struct {
	File
	URL string `json:"url,omitempty"` // see Desk.FileURL
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

// Typist is an Adapter whose customers can see that an agent is typing. Typing never blocks for long; it may be called again
// every few seconds while typing goes on.
type Typist interface {
	Typing(ctx context.Context, thread, address string, on bool)
}

// Pacer is an Adapter with a pace of its own, from its settings; else its Kind's holds.
type Pacer interface{ Pace() Pace }

// Pace bounds how fast the hub calls Send. 0: not bounded.
type Pace struct {
	PerSecond float64 // calls of the whole account
	PerThread float64 // calls of one thread
	Burst     int     // calls at once before PerSecond holds; 0: one second's
}

// Linker is an Adapter with an address that a known customer can open to be known on this channel as well (a Telegram start
// link). What comes through it carries Inbound.Link.
type Linker interface {
	StartLink(customer string) string
}

// Verifier is an Adapter whose provider can be asked what it has, so that an operator can prove that nothing was missed.
type Verifier interface {
	// Verify calls a.Found for each message that the provider holds since a.Since. It changes nothing there.
	Verify(ctx context.Context, a *Audit) error
}

// Audit is one run of Verify.
type Audit struct {
	Since time.Time
	Found func(Found) error                   // an error ends the run
	Known func(f func(key string) bool) error // the record's Inbound.Keys of the account since Since, in order
	Note  func(format string, args ...any)    // what people should know: what the provider cannot tell, gaps
	Gap   func(format string, args ...any)    // something is missing that Found cannot name; counts as missing
}

// Found is a message that the provider has.
type Found struct {
	Key        string // as Inbound.Key; "" for our own
	ProviderID string
	At         time.Time
	Outbound   bool   // the firm's own: compared with what the record says was sent
	What       string // for people: sender and subject, without the text
}

// Webhook is an Adapter that is also called over HTTP: everything below /hooks/<account id>/ arrives
// here on any node, with that prefix stripped. Bodies are bounded by the hub at 1 MiB.
type Webhook interface {
	http.Handler
}

// Uploads is a Webhook some of whose requests carry more than 1 MiB: it says how many bytes this one may have. It checks who asks
// before it reads them.
type Uploads interface {
	MaxBody(r *http.Request) int64
}

// Limits of a channel, sent to the composer so that components know no channel by name.
type Limits struct {
	TextLength int         `json:"text_length"`           // characters of one message; 0: no limit
	Segments   bool        `json:"segments,omitempty"`    // counted in SMS segments
	HTML       bool        `json:"html,omitempty"`        // HTML may be sent
	Subject    bool        `json:"subject,omitempty"`     // messages have a subject
	Live       bool        `json:"live,omitempty"`        // the customer is there, waiting: typing is shown both ways
	NoReplyTo  bool        `json:"no_reply_to,omitempty"` // cannot start a conversation, only answer
	Files      *FileLimits `json:"files,omitempty"`       // nil: files are sent as links
	Recipients bool        `json:"recipients,omitempty"`  // To, Cc and Bcc can be chosen, messages forwarded
	Quotes     bool        `json:"quotes,omitempty"`      // an answer can name the message that it answers
	Edits      bool        `json:"edits,omitempty"`       // a sent message can be changed
	Delivered  bool        `json:"delivered,omitempty"`   // the provider reports deliveries
	Read       bool        `json:"read,omitempty"`        // and that it was read
}

// FileLimits are what a channel carries itself; what is beyond them is sent as a link.
type FileLimits struct {
	MaxSize int64    `json:"max_size"`          // bytes of one file
	Most    int      `json:"most"`              // files of one message; 0: any number
	Types   []string `json:"types,omitempty"`   // media types, "image/*"; none: all
	Caption int      `json:"caption,omitempty"` // characters of text that go with a file; longer text is a message before it. 0: no limit
}

// Carries tells whether the channel takes the file itself.
func (l *FileLimits) Carries(f File) bool {
	if l == nil || f.Size > l.MaxSize {
		return false
	}
	for _, t := range l.Types {
		if t == f.Type || strings.HasSuffix(t, "/*") && strings.HasPrefix(f.Type, t[:len(t)-1]) {
			return true
		}
	}
	return len(l.Types) == 0
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
	When     string   `json:"when,omitempty"`  // "provider=twilio,vonage": shown while that other field has one of these values
	Group    string   `json:"group,omitempty"` // "more": folded away among the settings that few need
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
	Since     time.Time       // a first connection imports what is newer; zero: only what comes from now on
	Proxies   []netip.Prefix  // whose X-Forwarded-* headers are believed
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
	Pace   Pace    `json:"-"`
	Import bool    `json:"import,omitempty"` // a first connection can fetch what came before
	// TellsWaiting: a customer who has to wait is told so by a message, since the channel shows nothing else.
	TellsWaiting bool `json:"-"`
	// StartThread says where a conversation that the firm begins with an address stands: the thread that the customer's answer will
	// carry, "" when only the id of what is sent tells that, and the address normalised as Inbound.Address. A *FieldError or error is a sentence
	// for people. nil: only customers can begin.
	StartThread func(settings json.RawMessage, address string) (thread, normalised string, err error) `json:"-"`
	// OwnAddresses are the account's own, as in an Envelope: answers to all leave them out. nil: it has none.
	OwnAddresses func(settings json.RawMessage) []string `json:"-"`
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
