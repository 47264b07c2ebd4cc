// Package smstest holds doubles of the providers of package sms: Twilio and a gateway that speaks the
// generic protocol. Both hold the customers' messages until the hub's webhook has taken them and both keep what they
// accepted. The adapter's tests, the demo, the bench and the chaos run use them.
//
// Twilio answers GET Accounts/{sid}.json, GET and POST Accounts/{sid}/Messages.json below /2010-04-01, with
// basic authentication and the error shape {"code","message","more_info","status"}. It calls the
// webhook with a form signed by X-Twilio-Signature, one message at a time for each customer and in order, which is
// kinder than the real one. Like the real one it gives up after some tries (GiveUpAfter): the message can then
// only be found in the list.
//
// Gateway takes signed JSON at /send and calls the webhook with signed JSON; it never gives up.
package smstest
