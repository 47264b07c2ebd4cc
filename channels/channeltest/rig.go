package channeltest

import (
	"encoding/json"
	"testing"
	"time"

	"tamas/channels"
)

// Rig is one adapter with a double of its provider, for one case. Settings, Kind and Say are needed;
// a function that is nil, or a fault that is not listed, means that the channel has no such thing, and its case is
// skipped with that said.
type Rig struct {
	Kind     channels.Kind
	Settings json.RawMessage // with the right credentials, naming the double's address
	Wrong    json.RawMessage // the same with a wrong credential
	Secrets  []string        // what may stand in no log line, error or health report

	// Say makes customer number n (0, 1, …) write the texts, in order, and returns at once. The provider delivers them
	// by its own means and keeps on delivering, in order, what is not acknowledged.
	Say func(n int, texts ...string)
	// Pending counts the messages that the provider holds as not acknowledged.
	Pending func() int
	// Redeliver makes the provider deliver once more what was acknowledged last. Nil: the suite sets the desk's
	// cursor back and opens the adapter anew (for pollers whose position lives in the record alone).
	Redeliver func()
	// Garble makes customer n send something that arrives rightfully but cannot be parsed.
	Garble func(n int)

	// Faults are those that Fault can cause.
	Faults []Fault
	// Fault makes the provider meet the next send with f.
	Fault func(f Fault)
	// Sent lists what the provider accepted for its customers, in order.
	Sent func() []Sent

	// Stop takes the provider off the network, Start brings it back at the same address with what it held.
	Stop  func()
	Start func()

	// SayFile makes customer n send a file, with a text or without.
	SayFile func(n int, text string, f Upload)
	// FileFault makes the next fetch of a file's content fail: Temporary, or Permanent when it is gone for good. Nil: content
	// comes with its message.
	FileFault func(f Fault)
	// Edit changes what customer n said last; Delete takes it back.
	Edit   func(n int, text string)
	Delete func(n int)
	// Reply makes customer n answer the message with that provider id, one of theirs or of ours.
	Reply func(n int, providerID, text string)
	// Old puts texts of customer n at the provider that were written at that time. For kinds with Import.
	Old func(n int, at time.Time, texts ...string)
	// Fetches counts the messages that the provider has handed over whole, each as often as it was.
	Fetches func() int
	// Relists: the provider lists what it handed over before, so that a catch-up asks Desk.Recorded what to leave out.
	Relists bool
	// RetryAfter is what the fault RateLimited asks for; 0: not looked at.
	RetryAfter time.Duration
	// Typing counts the signs of a typing agent that reached customers. For adapters that are a channels.Typist.
	Typing func() int
	// Report makes the provider report a sent message's state: "delivered", "read" or "failed".
	Report func(providerID, state string)
}

// Upload is a file with its content.
type Upload struct {
	Name, Type string
	Content    []byte
}

// Fault is a way in which a send goes wrong.
type Fault int

const (
	Temporary Fault = iota // refused for now, clearly not accepted
	Permanent              // refused for good
	RateLimited
	LostReply   // accepted, but the answer never arrives
	Unreachable // refused for good, and so will be all else to this customer
)

func (f Fault) String() string {
	return [...]string{"temporary", "permanent", "rate limited", "lost reply", "unreachable"}[f]
}

// Sent is one message that the provider accepted, as it is now: an edit changes its Text. Only To and Text are needed; the
// cases of files, quotes and edits look at the others.
type Sent struct {
	To      string // the customer's channels.Inbound.Address
	Text    string
	ID      string // provider id, as in channels.Receipt
	ReplyTo string // provider id of the message that it shows itself to answer
	Files   []Upload
}

// Build makes the rig of one case. hook is where the suite serves the account's webhook; it ends in "/".
type Build func(t *testing.T, hook string) Rig

// AccountID is the id of the account that the suite opens.
const AccountID = "acc1"
