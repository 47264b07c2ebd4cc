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
//	overflow       a waiting conversation goes to another queue
//	tell           a waiting customer is told a text
//	release        an answered conversation's units are free
//	sla            a clock has warned or broken
//
// Every requeue keeps WaitingSince (for an active conversation the customer has waited since Unanswered). The last four give the
// conversation to nobody: it keeps its place while they are on their way, and when the hub refuses them, matching goes on.
//
// # Order of those who wait
//
// By score: minutes waited plus priority in minutes, over all queues that an agent serves. As every score grows by one a minute, the order is
// that of WaitingSince − Priority, which never changes by itself: no timer has to re-sort anything. By clock (Waiting "sla"): the one whose
// running clock runs out first. Both are moments, so they make one order, and an agent may serve queues of both: a clock that runs out
// at some moment stands where one without a clock stands whose score was zero an hour before it. Each is passed by only so many, so
// nobody starves. Ties go to the older, then to the lower id.
//
// # Who may take what
//
// An agent may take a conversation when every rule of eligible.go lets it: user known and not disabled, connected, Available, member of
// the queue or a secondary agent whose time has come, not waited for by another's customer, not in Declined, of a channel that the agent
// takes at the moment, with the skills, with room, and not kept for something heavier. The first rule that fails is the reason kept for
// that agent. The preferred agent (Prefer) comes first, and for it membership is waived: somebody chose it in a transfer, or it
// is the last owner, who knows the case. Then come members before secondary agents, each in the queue's order of agents: longest idle, least active (fewest
// units used), most available (most units free), load ratio (used ÷ capacity, as in Azure's example) or round robin (longest since the
// last turn). What is reserved counts as used. Ties go to who has been idle longest; a live offer counts as work just taken, so one agent is not
// handed several while others sit idle. A pull queue hands out nothing, except that a conversation which prefers an agent is offered to that agent.
//
// Skills (skills.go): a conversation asks for its own needs and its queue's; of two for one skill the higher level and the longer time
// hold. A need with DropAfter is dropped once the conversation has waited so long since WaitingSince, so needs fall in rings; one without is never.
//
// Capacity (capacity.go) is in units, held by the conversation's state and not by a browser: offered and active ones hold theirs. One with
// AllUnits needs an agent who has nothing, and leaves no room for anything. When a queue says so, an answered conversation frees its units once its
// customer has been silent for so long, counted from the last message; when that customer writes it takes them back even when that
// overfills, and no new work is given until there is room again.
//
// Stickiness (sticky.go): until StickyUntil, which the hub sets, only the preferred agent is asked, while that agent can take it or may soon: at
// work, if busy or full. Offline, on a break, disabled, gone, without the skill or after a decline it is waited for no longer.
//
// Heavy ones (blend.go): one that takes several units and has waited HeavySecs without finding so much room has one agent kept for it, who
// is filled with lighter ones no more: of those with some room who needs least to be freed. In each queue that is the first in line that
// anybody could serve, so lighter ones never keep it waiting for ever.
//
// Hours (closed.go): a queue that is closed, by hand or by its calendar, offers nothing; agents still take from it and what they have
// stays. Whoever waits in it is told its text once a wait.
//
// Overflow (overflow.go): the first rule that holds and has something left to do is carried out, its text first, on those whom nobody could
// take. Waiting counts from QueuedAt for this alone: the age would carry a conversation through all queues at once. It never goes to
// where it is or has been since somebody had it, and at most MaxHops times. Impossible means that nobody who serves the queue has the
// skills that are never dropped, or nobody's whole capacity is enough.
//
// Promises (sla.go): the hub keeps the clocks; the engine only says when one warns or breaks.
//
// # Rounds
//
// Who declines, or lets an offer run out, stands in Declined and is not asked again in this round. The round ends
// the rules' RoundSecs (30 s) after its last refusal, once nobody else can take the conversation and one of those who
// refused could: then the engine requeues the waiting conversation, which clears Declined. So everybody else is
// asked first, nobody who refused is asked again within 30 s, and nobody waits for ever because all have refused
// once. Who let an offer run out is Not Responding besides and is asked nothing until that agent says to be back.
//
// # Agents who are gone
//
// A lost socket makes an agent ineligible at once. After the rules' GraceSecs (30 s) the agent is gone: first set offline, and then
// offers go back, and so do active conversations whose customer waits for an answer, now or whenever the customer
// writes. Those whose customer was answered stay with their agent, and so does what a person assigned to an agent
// who was gone already. A disabled user is gone at once. An offer whose agent is lost runs out without making that
// agent Not Responding.
//
// # Cost
//
// Waiting conversations of a queue with the same demand (units, channel, skills in force, secondary agents) are interchangeable as far as
// agents go: they are one class, and when the first of it finds nobody the rest need not be looked at. Classes stand in the order of their
// first, free agents of a queue in theirs. Only what changed is examined: an arrival by itself, a queue's classes when one of its agents
// gained room, and then as to that agent alone, a timer when it is due. Next tells the loop how long it may sleep. When the clock goes back, all that hangs on it is worked out anew.
//
// # Taking over
//
// What decisions depend on is four things, each a plain value: the headers, the Rules, what is Pending, and the time. An engine that is
// given them (Settings, Load, Pend) decides what the one that lived through it all decides, to the byte; the random histories of the tests
// compare the two all along. They run more than a million steps with go test ./router -run Histories -long.
//
// # The loop
//
// Router.Run keeps an Engine beside a Hub: load the live state, follow the events, propose the decisions. One goroutine
// owns the engine; proposals run beside it, a bounded number at once, at most one for a conversation and one for an
// agent. What the hub refuses is dropped: the newer event decides anew. When the hub fails, everything pauses and
// longer each time. When history forks, or the clock goes back, the loop begins again from the live state. While nothing
// is due it sleeps, ten seconds at most, and only to look at the clock. Explainer needs no loop and works on any node.
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
