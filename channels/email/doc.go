// Package email is the mailbox channel: IMAP in, SMTP submission out.
//
// # Receiving
//
// One connection examines the mailbox (EXAMINE and BODY.PEEK: nothing is ever marked, moved or
// deleted), takes what is above the cursor in UID order, at most 50 mails a batch and 32 MB in
// memory, and hands each batch to Desk.Receive together with the new cursor. The cursor moves even
// when a batch holds nothing for the hub, so that no mail is fetched for ever. Between batches the
// connection idles; IDLE is re-issued every four minutes, which finds a half-dead connection long
// before the 29 minutes that the standard allows, and a server without IDLE is polled. Every read has
// a deadline: a mailbox never stops silently.
//
//   - The first connection starts at "now", or at the setting import_days before it; the start is
//     recorded at once, so mail that comes while the hub is down is found later.
//   - A changed UIDVALIDITY makes all UIDs void: what the mailbox got since a week before the last
//     mail is taken again. Inbound.Key depends on the mail alone, so the hub sees what it has.
//   - A mail over 25 MB is fetched as far as 512 KB: header and the beginning of its text.
//   - A mail that the server cannot give, or whose answer breaks the connection again and again, is
//     recorded as unreadable with its UID, and passed over.
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
// language; files are written as they are read from the Desk. A message goes out over its own SMTP connection. Its Message-ID is derived from Outbound.ID and its
// thread, so a repeated Send repeats the Message-ID. After the final dot a lost connection is
// uncertain; everything before it is temporary; 5xx answers are permanent with the server's words.
package email
