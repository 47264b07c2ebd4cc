// Package router decides who gets which conversation, and when something is due.
//
// # The engine
//
// Engine is pure: headers of conversations and agents go in by Load and Apply, the time is a parameter, Decisions
// come out. It does no I/O, starts no goroutine and reads no clock, and whatever it goes through it goes through in
// sorted order: the same events and times give the same decisions, and an engine that was loaded from the headers
// decides as the one that lived through the events. A router that takes over therefore needs nothing but the live
// state.
//
// A Decision is a wish. It names the version of the header that it was decided on, and the hub refuses it when that
// header has moved on, so two routers at once, a late decision or a lost one do no harm. Until its event comes back
// (or Refuse says that it will not) the engine holds the decision as pending: its conversation is not decided on
// again and its agent's units are reserved. A pending decision that is never heard of expires, so no lost answer
// forgets a customer.
//
// # What it decides
//
//	offer, push    a waiting conversation goes to an agent
//	timeout        an offer ran out: the hub sets the agent Not Responding, requeues with the agent in Declined
//	requeue        offered or active: the agent is gone (or, for offers, no longer takes work)
//	               waiting: a new round begins, the hub clears Declined and DeclinedAt
//	wake, close    a snooze is over, a reopen window has passed
//	agent.state    grace over → offline, wrap-up over → available
//
// Every requeue keeps WaitingSince (for an active conversation the customer has waited since Unanswered).
//
// Waiting conversations are served by score, minutes waited plus priority in minutes, over all queues that an agent
// serves. As every score grows by one a minute, the order is that of WaitingSince − Priority, which never changes by
// itself: no timer has to re-sort anything. Ties go to the older, then to the lower id.
//
// An agent may take a conversation when every rule of eligible.go lets it: user known and not disabled, member of
// the queue, connected, Available, not in Declined, capacity left for its units. The first rule that fails is the
// reason kept for that agent. Among those the preferred agent (Prefer) comes first, and for it membership is waived:
// somebody chose it in a transfer, or it is the last owner, who knows the case. Then comes who has been idle longest;
// a live offer counts as work just taken, so one agent is not handed several while others sit idle.
//
// A pull queue hands out nothing, except that a conversation which prefers an agent is offered to that agent.
//
// # Rounds
//
// Who declines, or lets an offer run out, stands in Declined and is not asked again in this round. The round ends
// Policy.Round (30 s) after its last refusal, once nobody else can take the conversation and one of those who
// refused could: then the engine requeues the waiting conversation, which clears Declined. So everybody else is
// asked first, nobody who refused is asked again within 30 s, and nobody waits for ever because all have refused
// once. Who let an offer run out is Not Responding besides and is asked nothing until that agent says to be back.
//
// # Agents who are gone
//
// A lost socket makes an agent ineligible at once. After Policy.Grace the agent is gone: first set offline, and then
// offers go back, and so do active conversations whose customer waits for an answer, now or whenever the customer
// writes. Those whose customer was answered stay with their agent, and so does what a person assigned to an agent
// who was gone already. A disabled user is gone at once. An offer whose agent is lost runs out without making that
// agent Not Responding.
//
// # Cost
//
// Waiting conversations of a queue with the same demand (units; later skills) are interchangeable as far as agents
// go, so when the first of them finds nobody the rest need not be looked at. Free agents of a queue stand in order.
// Only what changed is examined: an arrival by itself, a queue when one of its agents gained room, a timer when it
// is due. Next tells the loop how long it may sleep.
//
// # The loop
//
// Router.Run keeps an Engine beside a Hub: load the live state, follow the events, propose the decisions. One goroutine
// owns the engine; proposals run beside it, a bounded number at once, at most one for a conversation and one for an
// agent. What the hub refuses is dropped: the newer event decides anew. When the hub fails, everything pauses and
// longer each time. When history forks, or the clock goes back, the loop begins again from the live state. While nothing
// is due it sleeps, ten seconds at most, and only to look at the clock. Explain needs no loop and works on any node.
//
// # Replay
//
// A decision depends on the headers, the rules and the policy, what was pending, and the time; the reason that is stored
// with it names each of them:
//
//	Last     the last event that the engine had seen. The loop decides nothing before it has seen all events whose
//	         headers it loaded, so the headers are those that the recorded events up to Last make
//	Policy   the hash of the policy's numbers, the rules and the engine's version; the record keeps that text, and
//	         nothing is decided by one that it does not keep. It holds ids, no person's name or address
//	Pending  what was decided and not heard of. The loop decides only while that is little, so the list is short; what
//	         is too much is cut and counted in Cut
//	Now      the engine's clock, which never goes back within one run of the loop
//
// Replay reads them back, lets the events up to Last go by, has a new Engine decide, and compares the JSON of what comes
// out with that of what is recorded: `tamas replay`.
package router
