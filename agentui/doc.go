// Package agentui is the HTTP side of a node: the agents' app, its API under /api/v1, the live sockets,
// webhooks under /hooks, health and metrics.
//
// The API. server.go holds every route on one screen with who may call it; each resource has a file. A
// handler decodes (decode.go: one JSON object, no unknown fields, bounded), validates, stores, responds.
// What changes a conversation goes through inbox.Hub.Do, which answers after the event is recorded; what
// changes settings writes a row with its version and tells every node (Hub.SettingsChanged). Lists are
// read from the record with the event they are true at. Errors have one shape and a stable code
// (errors.go); openapi.yaml describes all of it, and the tests check every answer against it.
//
// Who is there. A session is a cookie of 256 random bits of which the record holds the hash; a request of it
// that changes something needs our origin and a header that other sites cannot send. API tokens are the same
// without a browser. Passwords are argon2id; how many are hashed at once, and how often somebody may try, is
// bounded (password.go, limiter.go).
//
// Live. All sockets of a node read one log, so each piece of it is packed into a frame once and handed to
// all (live.go, protocol.go). One goroutine follows the log: at once when idle, every few milliseconds under
// load, the more sockets the longer. A socket (socket.go) has one goroutine that reads and one that writes
// while something waits; its queue is bounded, and who falls behind is cut off with a close code that says
// so. A client that comes back names its last event and gets what came after it, or is told to reload when
// that is no longer kept or never was.
//
// Goroutines. New starts the feed and the watch over the record's state; Shutdown ends the sockets (4503),
// then these two. Each socket's reader ends with its connection.
package agentui
