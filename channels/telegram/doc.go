// Package telegram is the channel of Telegram bots: private text messages both ways.
//
// # Setting an account up
//
//  1. In Telegram, write /newbot to @BotFather and follow it; it answers with a token like 123456789:AAF….
//  2. In the hub's settings add an account of this kind with that token. "Check login" asks Telegram for the bot's name.
//  3. Write to the bot from your own Telegram: the message is in the inbox.
//
// Nothing else is needed: the hub fetches the messages (long polling), so it may stand behind any
// firewall. The mode "webhook" lets Telegram call the hub instead; it needs a public https address
// (--public-url) and is set and renewed by the account itself, with a secret token that no one has to
// know. Going back to polling removes it. A webhook of another program is left alone, and the account says so, until
// "take the bot over" is chosen. With api_url the account talks to a Bot API server of one's own
// (github.com/tdlib/telegram-bot-api) instead of api.telegram.org.
//
// # Receiving
//
// Telegram keeps updates for 24 hours and forgets them only when getUpdates is called with a higher
// offset. So the offset is the acknowledgement: here it is the account's cursor, it travels in the
// batch, and getUpdates is called with it only after Receive returned nil. The bot library's own
// polling moves its offset when an update is put on a channel, before anybody has handled it, and decodes a
// whole answer at once, so that one update it cannot read holds up all; therefore getUpdates is called here by hand,
// each update is decoded by itself with the library's types, and the library makes all other calls.
//
// A batch that could not be recorded is kept and tried again, with a growing pause; Telegram is not asked
// meanwhile. In webhook mode the answer is 503 with Retry-After, which Telegram honours; it keeps the order of each
// chat.
//
// A message's key is "<chat>/<message id>", which survives a change of the Bot API server (update ids do
// not). An edit is a new message "[edited] …" under a key of its own. What is not text comes as a
// placeholder in brackets with its caption: "[photo] our kitchen". Messages of groups and channels are passed over: a reply
// there would be read by others.
//
// # Sending
//
// Text goes out as it is, without markup. Over 4096 UTF-16 units, as Telegram counts, it is split at a
// paragraph, line, sentence or word. Once a first part is accepted the rest is tried for a while within the
// same call; if that fails the message is uncertain, since sending it anew would repeat the first part.
package telegram
