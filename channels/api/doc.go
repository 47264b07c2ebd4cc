// Package api is the channel of systems that Tamas does not know: a shop's own app, a bridge to WhatsApp or
// Instagram. They tell the hub what customers do and take agents' messages, both as signed JSON over HTTP.
// docs/channel-api.md has complete examples, docs/channel-api.schema.json the shapes.
//
// Every call, in both directions, carries package signed's header; its secret is the account's. While it is changed the
// old one is accepted beside it.
//
//	the system → POST hooks/<account>/        one event, or {"events": […]} of at most 200, in order
//	                                          200 when all is recorded, 503 for "again", 400 with the wrong fields
//	the system → PUT hooks/<account>/files    content of a file, before the event that names it
//	the hub    → POST send_url                a message, an edit, typing, or a check
//	the hub    → GET pull_url                 what is new since a cursor, for systems that cannot call (optional)
//	the hub    → GET list_url                 what the system has, for tamas verify (optional)
//
// An event is recorded once by its id, however often it comes; the system keeps it and repeats until 200, so that nothing
// is missed while the hub is down. A message goes out with an idempotency key, its id: one that comes again is to be
// answered as before and not sent again. What is refused by 400 is a mistake of the system and of nobody's record; where the
// hub fetches, what it cannot read is kept raw, because nobody is there to be told.
//
// Files are fetched by their url, by https and from public addresses alone unless the account excepts its own, or are uploaded, or
// stand in the event. Content that is gone is missing; content that is away makes the event come again, three times.
package api
