// Package sms is the channel of text messages over a provider: Twilio, Vonage, Kavenegar, or any gateway that speaks the
// small JSON protocol below. docs/channels.md says step by step how to connect each.
//
// # Twilio
//
// A call of the webhook must carry a valid X-Twilio-Signature over the address that Twilio called, and is answered with empty
// TwiML once the message is recorded, else with 503. Twilio gives up within 15 seconds and, unless its address ends in
// "#rc=5&rp=all", at once; so the account also looks through Twilio's list of messages every minute, day by day since its
// cursor, and takes what the webhook missed. Hence a hub that was down for a week, or that has no public address at all,
// gets everything in order, and older messages can be imported. The cursor is the time up to which the list was looked through.
// Files are streamed from Twilio's hosts into the store before their message is recorded. Delivery reports that were missed are
// read from the list too: once at the start, and again and again where there is no webhook.
//
// # Vonage
//
// The Messages API, which Vonage recommends and whose webhooks are signed (a JWT by HS256 with the body's hash). Vonage joins
// long messages itself and repeats a call for 24 hours; it keeps no list.
//
// # Kavenegar
//
// Its calls are not signed; the webhook's address ends in a token. The inbox is looked through as Twilio's list is, read
// messages too, because listing unread ones makes them read.
//
// # Any other provider: the generic protocol
//
// Both directions are POSTs of JSON in UTF-8, signed as package signed says (or with the secret as a bearer token).
//
// To the hub, at https://<hub>/hooks/<account>/ (both lists may be absent, "to" and "at" too):
//
//	{"messages": [{"id": "77", "from": "09121234567", "to": "300050", "text": "…", "at": "2026-01-01T10:00:00Z"}],
//	 "statuses": [{"id": "the id that the answer to a send gave", "state": "delivered" | "read" | "failed", "reason": "…"}]}
//
// It answers 200 {"ok":true} once all is recorded; 401 for a wrong signature; 503 with Retry-After for
// "deliver it again". Deliver again until 200: an id is recorded once. at is RFC 3339 or Unix seconds.
//
// From the hub, at send_url:
//
//	{"id": "hub's id", "from": "300050", "to": "+989121234567", "text": "…"}   → 2xx {"id": "gateway's id"}
//	{"check": true}                                                            → 2xx, nothing is sent
//
// The same id may come again and must then be sent only once. Errors are {"error": "a sentence"} with a
// status: 429 (with Retry-After in seconds) and 408, 425, 5xx are tried again later, 401 and 403 mean a wrong
// secret, other 4xx that this message will never go. An answer of 500, 502 or 504 that is not of this shape, or
// none at all, leaves the message uncertain.
//
// # Numbers, words, length
//
// Customers' numbers are normalised to E.164 with the account's region for those without a country code.
// Sender names ("BANK") and short codes stay as they are. The address is also the thread.
//
// A message that is nothing but STOP, START or HELP, or a Persian word for it, is the customer's consent or its withdrawal
// (Inbound.Consent) and may be answered (Inbound.Answer); see words.go.
//
// Long answers are joined by the phone; those beyond ten segments or the provider's own limit are sent as several messages
// with marks, "(1/2)". Providers that take an id only once make the whole come again when a part fails; elsewhere a part
// that failed after the first leaves the message uncertain, with what was sent told.
package sms
