// Package emailtest is a mail provider in one process: an IMAP server with one mailbox and an SMTP
// server that keeps what it is given, both on loopback, for tests, the demo and the bench.
//
// What Deliver gets lies in the mailbox at once and wakes an idling client. What is sent over SMTP is
// listed by Sent and shown to OnSent; it goes nowhere else. Faults make the next messages fail in the
// ways in which real servers do. Stop and Start take the provider off the network and bring it back at
// the same addresses.
package emailtest
