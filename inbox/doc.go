// Package inbox is the unified inbox: one ordered log of events in Redis, the live state that it makes, and
// the recorder that carries it into the record.
//
// # The path of a message
//
//	channel ─ Desk.Receive ─ decide (pure, decide.go) ─ commit.lua ─► {w}:events ─► tail (one a process)
//	                ▲                                                                 ├─► mirror: this node's copy of the live state
//	                │                                                                 ├─► subscriptions: agents' sockets, the router
//	                └── waiter, by its own id ◄── {w}:recorded ◄── recorder (leader) ─┴─► record (SQL, one transaction a batch)
//
// A command reads the mirror, decides on the new headers and commits them: commit.lua compares the versions that
// the decision was made on, writes, and appends one event, in one step. A conflict rereads and decides
// again. Each command carries a key, so a repeated one is answered with the first one's event.
//
// # What comes in
//
// enter (inbound.go) bounds a message and stores what is large: an event never names a blob that is not there. run.go appends it by
// its kind: a message, a change of one, what is only noted. What wakes nobody (spam, the blocked, imports, automatic answers, STOP)
// makes a conversation that is over, or is added to where its thread ended; status and routing stay as they are. Consent, blocking
// and links are marks of an identity, which the record applies in the order of events. A thread that begins with "*" is one
// thread for all accounts of its channel.
//
// # What goes on elsewhere
//
// Live chats may have an account by which they go on (continue.go): the leader looks for answers that their visitors have not seen and sends
// those of one chat as one message there. Its conversation, as that of a transcript (transcript.go), is begun by nobody in
// particular and is over until the customer answers.
//
// # What may be relied on
//
//   - Nothing that waits is released by anything but its own event id in the list of recorded ids, or by finding
//     that id in the record.
//   - An unrecorded tail may vanish at any moment (Redis emptied, rolled back, failed over). The leader sees that
//     the entry at the record's cursor is gone, moves the cursor (from then on nobody can record the old tail),
//     rebuilds the live state and opens a new epoch. Callers whose event was dropped commit again.
//   - Only the leader records, and only while the cursor row is where it left it: a second leader's transaction
//     fails. Leases are for efficiency.
//   - A provider is called only after "sending" is recorded, by the worker whose revision of the message it is.
//
// # Goroutines
//
// Hub.Run owns all of them: the pipe's writers, the tail, the lease of the leader (below it recorder, index, presence sweep and
// what Options.Lead adds), settings, accounts (each with its lease, adapter and sender), watchers, news and presence. On stop
// those that bring work in end first, then tail, recorder and pipe.
package inbox
