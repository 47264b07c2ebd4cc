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
}

// Fault is a way in which a send goes wrong.
type Fault int

const (
	Temporary Fault = iota // refused for now, clearly not accepted
	Permanent              // refused for good
	RateLimited
	LostReply // accepted, but the answer never arrives
)

func (f Fault) String() string {
	return [...]string{"temporary", "permanent", "rate limited", "lost reply"}[f]
}

// Sent is one message that the provider accepted; To is the customer's channels.Inbound.Address.
type Sent struct{ To, Text string }

// Build makes the rig of one case. hook is where the suite serves the account's webhook; it ends in "/".
type Build func(t *testing.T, hook string) Rig

// AccountID is the id of the account that the suite opens.
const AccountID = "acc1"

// prompt bounds how long Run may take to return once its ctx has ended.
const prompt = 3 * time.Second
