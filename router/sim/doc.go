// Package sim runs the router's own engine on a virtual clock: what would the queues look like with this traffic, these agents and
// these rules? A week takes seconds.
//
// # The model
//
// Arrivals come from a Poisson process or from the record; each brings its queue, channel, units, how long it takes to handle and how
// long its customer waits. Agents are there by their shifts and take what the engine gives them: an offer is accepted after
// Scenario.Accept, or declined, or let run out, by the scenario's shares; a push is taken at once, and so is what waits in a pull
// queue by who has room. What was taken is handled for its time, the units being held, then comes the queue's wrap-up. Who waits longer than the customer's patience is gone. Everything between
// (who gets what, when, overflow, rings, sticky agents, release, closed queues) is decided by router.Engine and by nothing else.
//
// # What it is measured against
//
// Erlang C (A. K. Erlang 1917; here without abandonment) and Erlang A (Palm 1946; Garnett, Mandelbaum and Reiman, "Designing a Call
// Center with Impatient Customers", 2002: exponential patience) in erlang.go, which also find how many agents a half hour needs.
// The tests run the simulator beside both.
package sim
