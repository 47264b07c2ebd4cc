// Package channeltest holds what every adapter's tests share: a Desk that records in memory, and the
// suite of the promises that package channels makes.
//
// An adapter's test builds a Rig, which is the adapter's kind, its settings and a double of its
// provider, and hands it to Run:
//
//	func TestChannel(t *testing.T) {
//		channeltest.Run(t, func(t *testing.T, hook string) channeltest.Rig { … })
//	}
//
// The function is called once for each case, so every case has a provider of its own. hook is the
// address that the account's webhook has (PublicURL/hooks/<id>/): the suite serves it and leads it
// to the adapter that is open at the moment, and answers 503 while none is.
//
// The suite plays the hub: it opens the adapter, starts Run again with a short pause whenever it
// returns before its time, and looks at the Desk and at the provider for what came of it. After each
// case no goroutine may be left, and none of Rig.Secrets may stand in a log line, an error or a
// health report.
package channeltest
