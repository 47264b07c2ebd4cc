// Package webchat is the chat window that a firm puts on its own site with one script tag.
//
//	<script src="https://hub.example/hooks/<account id>/widget.js" async></script>
//
// The hub serves everything below /hooks/<account id>/ on any node:
//
//	GET  widget.js   the bundle built from widget/ (the same for every account; it learns its account from its own address)
//	GET  config      what the account's settings say: title, colour, language, position
//	POST session     a new visitor, or the same one again for its token
//	GET  socket      the WebSocket; see protocol.go for its frames and close codes
//	GET  messages    long polling where sockets are blocked: ?after=<item id>&wait=<seconds, at most 25>
//	POST messages    one message; 200 only when it is recorded
//	POST typing, POST seen
//
// # Who may
//
// All but the bundle is answered only to pages of the account's allowed origins: exact comparison, exact
// echo, no wildcard, no cookies. A visitor is a random 128-bit id that the hub signs (token.go); the id is
// thread and address at once. The token travels in a header, over sockets as a subprotocol, never in an
// address: addresses end up in logs. A visitor's messages, sessions of one network address, open
// connections and the size of everything are bounded.
//
// # What is promised
//
//   - A message's tick stands for Desk.Receive having returned: it is recorded. The key is the visitor's id
//     with the widget's own id of the message, so a retry after a lost answer changes nothing.
//   - The feed has no gap and no double: Watch is registered first and buffers, then History is replayed from
//     the last item that the widget holds, then what Watch brought follows, each id once.
//   - A reader that does not keep up is closed with 4008 and resumes by id; it costs at most maxQueue bytes.
//
// # Goroutines and memory
//
// An idle socket is one goroutine that waits in a read with a small buffer, and nothing else: the HTTP handler
// has returned, so net/http's buffers are garbage; the write buffer comes from a pool; a writer exists only
// while something is queued; after each frame a new goroutine takes over the reading, so that the waiting stack is
// always the smallest there is. BenchmarkIdleSockets measures it: 5.9 KB of heap and stack a socket, 4.8 KB
// after a collection. Who reads owns the socket: it alone ends the watch and closes, everybody else asks
// by a closing code.
//
// Sending needs no provider: an agent's message is visible through Watch and History once it is recorded, so
// Send only answers under which id the visitor's "seen" will come back.
package webchat
