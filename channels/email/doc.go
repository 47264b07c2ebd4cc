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
// Parse never fails on bad MIME, it takes what can be taken: charset labels that are wrong or missing
// are seen through, broken encodings are decoded as far as they go, a part of a malformed multipart
// does not hide the others. What has no header at all, or no readable text where there should be some,
// is Unreadable with its Raw bytes. Only the header type of go-message is used for that: its readers
// stop at the first malformed line. Files are named in the text as "📎 name · size" lines.
//
// # Threads
//
// The thread of a mail is, in this order: the signed token in a plus-address that it was sent to; the
// signed token inside one of our own Message-IDs among its references; the thread on record that holds
// one of its references; one of the same batch; else a new thread from its root reference and its
// sender. Never the subject. The sender is part of a new thread's key because two customers who answer
// the same newsletter share a root that is not ours.
//
// # Loops
//
// Mail that carries one of our own Message-IDs is our own and is skipped. Automatic mail (see auto.go)
// is recorded with AutoReply set. A delivery report about one of our messages also becomes that
// message's status.
//
// # Sending
//
// A message goes out over its own SMTP connection. Its Message-ID is derived from Outbound.ID and its
// thread, so a repeated Send repeats the Message-ID. After the final dot a lost connection is
// uncertain; everything before it is temporary; 5xx answers are permanent with the server's words.
package email
