// Package telegram is the channel of Telegram bots. docs/channels.md says how to connect one.
//
// The hub fetches updates itself (long polling), so it may stand behind any firewall. The mode "webhook" lets Telegram call the
// hub; the account sets its webhook with a secret token, watches over it, and removes it when it goes back to polling.
// A webhook of another program is left alone, and the account says so, until "take the bot over" is chosen. With api_url it talks to
// a Bot API server of one's own (github.com/tdlib/telegram-bot-api).
//
// # Receiving
//
// Telegram keeps updates for 24 hours and forgets them when getUpdates is called with a higher offset. So the offset is the
// acknowledgement: it is the account's cursor, it travels in the batch, and getUpdates is called with it only after Receive
// returned nil. Each update is decoded by itself (with the types of go-telegram/bot): one that cannot be read is kept raw under its
// number and passed, one whose side issues have a new shape is read without them. A message's key is "<chat>/<message id>", which
// survives a change of the Bot API server; an edit's has the update's number besides.
//
// Files are fetched before Receive and streamed into the store. One that can never be had is missing, with the reason (Telegram hands
// bots no more than 20 MB); one that cannot be had now holds up its thread and the offset: what other threads say behind it is
// recorded all the same, and remembered by its number so that it is not taken twice. After ten minutes such a file is missing.
//
// An album comes as one update a file. It is one message, under the key of its first file: when an album may go on at the end of
// what a call brought, the same offset is asked again a moment later, up to three times, and nothing is acknowledged meanwhile; a
// process that dies in between gets it whole again. What comes later still is a message of its own. A webhook's next update of a chat comes
// only after the last one is answered, and an answer means recorded: there each file of an album is a message of its own, in
// order. That later edits and answers find an album's message by any of its files is remembered in memory only; after a
// restart they find it by its first.
//
// Text with entities is HTML of a dozen tags beside the plain text: see render. What is neither text nor a file is told in signs and
// numbers ("📍 35.7, 51.4" with a link to the map), which need no language. The positions of a live location after the first
// and what Telegram itself writes about a chat (somebody joined, a message was pinned) are passed over. The Bot API does not tell of
// deletions, deliveries or reading, nor of anything before the bot was connected.
//
// Groups are passed over unless the settings say otherwise. Then each group, or each of its topics, is a thread
// "chat:<id>[:<topic>]" of an identity "chat:<id>", and the sender's name stands before each text. When a group becomes a supergroup
// its id changes and the thread goes on: the word of it is recorded with the new id as its provider id, by which later messages find the
// old thread (Desk.ThreadOf); sending learns the new id from the refusal.
//
// # What can be proved
//
// Telegram numbers a bot's updates one by one, and only those of the kinds that were asked for. The cursor says which numbers never came
// (see position), and it is recorded in one step with the messages before it. So Verify can say: each update up to the cursor is
// recorded, or was passed over by the rules above, but for the gaps named. It cannot see into a week without any update, after which
// Telegram numbers anew, nor behind a webhook, where no order is promised and no cursor kept. It confirms nothing: it calls
// getWebhookInfo only.
//
// # Sending
//
// Text goes out as it is, without markup. Over 4096 UTF-16 units, as Telegram counts, it is split at a paragraph, line, sentence or
// word, never inside what people see as one character. Files go as what they are (photo, video, voice, audio, animation, else
// document), neighbours as albums of up to ten, streamed, or by their id when the same file went before; a text of up to 1024
// units is the first one's caption, a longer one goes before them.
//
// A message of several parts that fails halfway says how many went, and the parts are remembered in memory: the next try, by a machine or by
// a person, goes on with the one that is missing. When the hub has been restarted since an earlier try (Attempt above 1 and nothing
// remembered) it is uncertain, since parts may have arrived; a person's retry then sends all of it. A part whose reply was lost
// makes the message uncertain, and a retry repeats that part only.
//
// A changed text replaces that of the one message that Edits names; of a message that was sent in parts that is the first.
//
// A 429 rests its chat; when a second chat meets one while the first rests, the account. To groups no more than 20 messages a
// minute are tried.
package telegram
