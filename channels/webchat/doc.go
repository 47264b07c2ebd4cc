// Package webchat is the chat window that a firm puts on its own site with one script tag.
//
//	<script src="https://hub.example/hooks/<account id>/widget.js" async></script>
//
// The hub serves everything below /hooks/<account id>/ on any node:
//
//	GET  widget.js   the bundle built from widget/ (the same for every account; it learns its account from its own address)
//	GET  config      what the account's settings come to: texts, colours, the form, opening hours; ?lang=<tag>,<page>,<browser>
//	POST session     a new visitor, the same one again for its token, or who the site proves it to be
//	GET  socket      the WebSocket; see protocol.go for its frames and close codes
//	GET  messages    long polling where sockets are blocked: ?after=<item id>&stood=<of the last answer>&wait=<seconds, at most 25>
//	POST messages    one message; 200 only when it is recorded
//	POST rate        how a conversation was
//	POST files       one file, streamed into the hub's store; GET files/<its id> gives it to its visitor
//	POST transcript  mails the conversation to an address of the visitor's that the hub knows
//	POST visits      a page that the visitor looks at
//	POST typing, POST seen
//
// # Who may
//
// All but the bundle is answered only to pages of the account's allowed origins: exact comparison, exact
// echo, no wildcard, no cookies. A visitor is a 128-bit id that the hub signs (token.go); the id is
// thread and address at once. The token travels in a header, over sockets as a subprotocol, never in an
// address: addresses end up in logs. A visitor's messages, uploads and visits, sessions of one network address, open
// connections and the size of everything are bounded.
//
// The id is random, or for a visitor whom the site proves (identity.go) a keyed digest of who it is, so that each of their devices
// is in the same thread. An open conversation that was begun before signing in keeps its thread until it ends. A session ends
// with its proof, a page without one gets no session from a proven visitor's token, and a proof that does not hold links nobody.
//
// A file is opened by a name that the hub signs for one visitor, together with that visitor's token, and is served as what
// a browser may show or as a download, never as active content.
//
// # What is promised
//
//   - A message's tick stands for Desk.Receive having returned: it is recorded. The key is the visitor's id
//     with the widget's own id of the message, so a retry after a lost answer changes nothing.
//   - The feed has no gap and no double: Watch is registered first and buffers, then History is replayed from
//     the last item that the widget holds, then what Watch brought follows, each id once.
//   - A reader that does not keep up is closed with 4008 and resumes by id; it costs at most maxQueue bytes.
//   - Where a visitor stands is told when it changes, and only as far as the hub knows it; the opening hours (hours.go) with it.
//
// # Goroutines and memory
//
// An idle socket is one goroutine that waits in a read with a small buffer, and nothing else: the HTTP handler
// has returned, so net/http's buffers are garbage; the write buffer comes from a pool; a writer exists only
// while something is queued; after each frame a new goroutine takes over the reading, so that the waiting stack is
// always the smallest there is. BenchmarkIdleSockets measures it: 6.6 KB of heap and stack a socket, 4.8 KB
// after a collection, 7.7 KB resident. Who reads owns the socket: it alone ends the watch and closes, everybody else asks
// by a closing code.
//
// Sending needs no provider: an agent's message is visible through Watch and History once it is recorded, so
// Send only answers under which id the visitor's "seen" will come back.
package webchat
