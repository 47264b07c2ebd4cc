// Package smstest holds doubles of the providers of package sms: Twilio, Vonage, Kavenegar, and a gateway that
// speaks the generic protocol. All hold the customers' messages until the hub's webhook has taken them and keep what they
// accepted. The adapter's tests, the demo, the bench and the chaos run use them.
//
// Twilio answers GET Accounts/{sid}.json, GET and POST Accounts/{sid}/Messages.json below /2010-04-01, with
// basic authentication and the error shape {"code","message","more_info","status"}. It calls the
// webhook with a form signed by X-Twilio-Signature, one message at a time for each customer and in order, which is
// kinder than the real one. Like the real one it gives up after some tries (GiveUpAfter): the message can then
// only be found in the list.
//
// Messages can have files: the webhook names them, Messages/{sid}/Media.json lists them, and their content is where the
// API leads to.
//
// Vonage answers POST /v1/messages and GET /account/get-balance with basic authentication and problem+json errors; it
// calls the webhooks with a JWT by HS256 that holds the body's hash. It keeps no list.
//
// Kavenegar answers account/info, sms/send, sms/inboxpaged and sms/selectoutbox below /v1/{key}/ with its own status as the HTTP one;
// listing unread messages makes them read. It calls the webhook by GET, with the token in the path.
//
// Gateway takes signed JSON at /send and calls the webhook with signed JSON, or with the secret as a token; it never gives up.
package smstest
