// Package email is the mailbox channel: IMAP in, SMTP submission out.
//
// # Receiving
//
// One connection takes all folders of the settings (run.go). It lists what is above a folder's position in UID order, fetches it in
// batches (200 mails, 16 MB in memory) and hands each batch to Desk.Receive together with the new cursor; while one batch is being
// recorded the next one is fetched. The cursor, one JSON with a position for each folder, moves even when a batch holds nothing for the
// hub, so that no mail is fetched for ever. Fetching is BODY.PEEK of a folder that is examined: nothing is marked. Only when
// the setting afterwards says so are folders opened for writing, and mails marked or moved, after Receive returned nil; what was left
// undone by a crash is made up for (position.Done). Nothing is ever deleted, and never is a plain EXPUNGE said.
//
// Between rounds the connection idles on the first folder; the others are asked for their STATUS at each poll. IDLE is re-issued
// every four minutes, which finds a half-dead connection long before the 29 minutes that the standard allows. A server without
// IDLE, or one whose connections are lost in IDLE three times in a row, is polled. Every read has a deadline: a mailbox never stops
// silently. Whatever breaks ends Run with its reason; the hub starts it again with backoff and jitter.
//
//   - The first connection starts at "now", or imports what is newer than Config.Since, marked as Imported; the start is
//     recorded at once, so mail that comes while the hub is down is found later.
//   - A changed UIDVALIDITY makes all UIDs void: what the folder got since a week before its last mail is looked at again, by
//     headers alone, and only what the record does not have (Desk.Recorded, by Inbound.Key, which depends on the mail alone) is
//     fetched. What is older than the account stays out, also by the mail's own date: a new server may have got it all "just now".
//   - A mail over 256 KB is streamed into a file without a name, read from there, and forgotten. One over 50 MB (or over the
//     account's limit for files, where that is larger) is fetched as far as 512 KB; its attachments are named from its
//     structure, as Missing.
//   - A mail that the server cannot give, or whose answer breaks the connection again and again (three times whole, three times
//     in part), is recorded as unreadable with its UID, and passed over; its neighbours are not (fetch.go).
//   - Folders are named as people name them: "Orders/Returns" is found as "INBOX.Orders.Returns", "\Junk" by its purpose (folder.go).
//
// Verify (verify.go) lists the same folders by the same headers, and our own mails in the Sent folder.
//
// # Logins
//
// By password (PLAIN, LOGIN) or by access tokens (XOAUTH2, OAUTHBEARER) that are fetched with a refresh token or with the client's
// own credentials (oauth.go), kept in memory alone, and fetched anew once when a server refuses one before its time. A refusal
// that somebody has to act on is health "refused" with what to do; anything else is "failing" and tried again.
//
// # Reading a mail
//
// A mail is read from its source (memory or a spooled file) in runs of bytes. Text is decoded, at most 1 MB a part; files are only
// noted, and then flow one after the other through their decoders into Desk.Store, so that memory stays flat whatever they
// weigh. Parse never fails on bad MIME, it takes what can be taken: charset labels that are wrong or missing
// are seen through, broken encodings are decoded as far as they go, a part of a malformed multipart
// does not hide the others. What has no header at all, or no readable text where there should be some,
// is Unreadable with its Raw bytes. Only the header type of go-message is used for that: its readers
// stop at the first malformed line. Unpacked are winmail.dat (TNEF), uuencoded files in a text, invitations (their words stand above
// the mail's own) and mails within the mail (their words below it, their files among its files).
//
// HTML is cleaned by an allow-list (html.go). It keeps its layout as far as inline styles make it; the only thing in it that can be
// fetched is the src of an img. Images that the mail brings have src="cid:…" and a File of that CID. Quoted history at the end and the
// signature above it stand in <div class="tamas-quote"> and <div class="tamas-signature">; what they are is one rule for text
// and HTML (quote.go, htmlquote.go). The text stays whole.
//
// # Who wrote it
//
// The customer is From; where a program wrote in somebody's name, who Reply-To names (see Adapter.customer). Each writer in a
// thread is an identity of their own. Envelope keeps From, Reply-To, To and Cc as they were.
//
// # Threads
//
// The thread of a mail is, in this order: the signed token in a plus-address that it was sent to; the
// signed token inside one of our own Message-IDs among its references; the thread on record that holds
// one of its references; one of the same batch; else a new thread from its root reference and its
// sender. Never the subject. The sender is part of a new thread's key because two customers who answer
// the same newsletter share a root that is not ours. With the setting "together" new threads are shared by the firm's accounts
// ("*…"): a mail to two of them is two touches of one conversation. Tokens are HMACs with the account's own secret, which tell shared
// threads from others; a forged one is no token.
//
// # Loops, reports, spam
//
// Mail that carries one of our own Message-IDs is our own and is skipped. Automatic mail (see auto.go)
// is recorded with AutoReply set. Delivery reports (RFC 3464, 6533), bounces in words and read receipts (RFC 8098) stand in the thread
// of the message that they are about and change its state, when they name a Message-ID that we signed (bounce.go).
// What servers on the way wrote is taken as a word against a mail only, never for it (spam.go).
//
// # Sending
//
// A mail is text and simple HTML of the same words, the signature, and the quoted history with an attribution line in its
// language; files are written as they are read from the Desk. Its Message-ID is derived from Outbound.ID and its
// thread, so a repeated Send repeats the Message-ID.
//
// Mails go over at most three connections (smtp.go), each kept for the next mail for half a minute. The server is asked for every
// recipient before the content is sent: a mail goes to all of them or to none. After the final dot a lost connection is uncertain;
// everything before it is temporary; 5xx answers are permanent with the server's words, and "no such mailbox" about the customer makes the
// address unreachable. 421, 450 and 452, and words about too many mails, are a time to wait. A copy is put into the Sent folder where
// the setting says so (sent.go), by its own connection, after the fact and without a say in it: while Run is away copies wait, and a
// crash loses them.
package email
