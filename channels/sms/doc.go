// Package sms is the channel of text messages over a provider: Twilio, or any gateway that speaks the
// small JSON protocol below.
//
// # Twilio
//
//  1. In the Twilio console buy a number; note it, the Account SID and the Auth Token.
//  2. In the hub's settings add an account of this kind with provider "twilio". Its page shows the webhook's address,
//     https://<hub>/hooks/<account>/.
//  3. In the console, at the number under Messaging, "A message comes in": Webhook, that address with
//     "#rc=5&rp=all" at its end, HTTP POST. The ending makes Twilio try again when the hub answers that it could not
//     record a message; without it Twilio tries once.
//
// If a proxy makes Twilio's address for the hub differ from what the hub thinks it is, enter Twilio's as webhook_url: the
// signature covers it. Instead of a number a Messaging Service's SID (MG…) may stand.
//
// A call of the webhook must carry a valid X-Twilio-Signature and is answered with empty TwiML once the
// message is recorded, else with 503. Twilio gives up within 15 seconds, so the account also looks through
// Twilio's list of messages every minute and takes what the webhook missed; hence a hub that was down for a day, or that
// has no public address at all, gets everything. Its cursor is the time up to which the list was looked through.
//
// # Any other provider: the generic protocol
//
// Both directions are POSTs of JSON in UTF-8, signed with a secret that both sides share:
//
//	X-Tamas-Signature: t=1767225600,v1=<hex of HMAC-SHA256(secret, "1767225600" + "." + body)>
//
// t is in Unix seconds and may be off by five minutes.
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
// # Numbers
//
// Customers' numbers are normalised to E.164 with the account's region for those without a country code.
// Sender names ("BANK") and short codes stay as they are. The address is also the thread.
package sms
