package record

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	"tamas/channels"
)

// Kinds of marks.
const (
	MarkConsent     = "consent"
	MarkUnreachable = "unreachable"
	MarkBlocked     = "blocked"
	MarkLink        = "link"
)

// IdentityOf derives the identity of an address and its first customer, alike on every node.
func IdentityOf(channel, address, name string) Identity {
	return Identity{ID: derived("identity", channel, address), Customer: derived("customer", channel, address),
		Channel: channel, Address: address, Name: name}
}

func derived(kind, channel, address string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + channel + "\x00" + address))
	return hex.EncodeToString(sum[:8])
}

// Shared tells a thread that is of all accounts of its channel.
func Shared(thread string) bool { return strings.HasPrefix(thread, "*") }

// marks are what a batch makes of one identity; nil: nothing.
type marks struct{ consent, consentAt, unreachable, unreachableAt, blocked any }

// heard tells an event in which the identity itself did something.
func heard(e *Event) bool {
	return e.By.Kind == "customer" || e.Kind == EvReceived || e.Kind == EvUnreadable
}

// speakOf makes an identity and its customer known where they are new.
func (b *batch) speakOf(i *Identity, at Millis) {
	b.persons = append(b.persons, i.Customer, i.Name, int64(at))
	b.named = append(b.named, i.ID, i.Customer, i.Channel, i.Address, i.Name, int64(at))
}

// mark takes what an event says of its identity, after what events before it said.
func (b *batch) mark(e *Event) {
	if e.Identity == nil {
		return
	}
	id := e.Identity.ID
	if _, ok := b.marked.at[id]; ok && heard(e) {
		// It was said to be unreachable in this very batch, and has written since.
		if m := b.marked.get(id); m.unreachable != nil {
			m.unreachable, m.unreachableAt = "", int64(0)
		}
	}
	for i := range e.Marks {
		switch k := &e.Marks[i]; k.Kind {
		case MarkConsent:
			// A wish counts from when the customer uttered it: one that a catch-up brings late does not undo a newer one.
			at := int64(e.At)
			if e.Touch != nil && e.Touch.At < e.At {
				at = int64(e.Touch.At)
			}
			m := b.marked.get(id)
			if before, ok := m.consentAt.(int64); !ok || before <= at {
				m.consent, m.consentAt = k.Value, at
			}
		case MarkUnreachable:
			m := b.marked.get(id)
			m.unreachable, m.unreachableAt = k.Value, int64(e.At)
			if k.Value == "" {
				m.unreachableAt = int64(0)
			}
		case MarkBlocked:
			b.marked.get(id).blocked = flag(k.Value != "")
		case MarkLink:
			if k.Link != nil {
				b.link(e, k.Link)
			}
		}
	}
}

func (b *batch) marks() (rows []any) {
	for i, id := range b.marked.keys {
		m := &b.marked.vals[i]
		rows = append(rows, id, m.consent, m.consentAt, m.unreachable, m.unreachableAt, m.blocked)
	}
	return rows
}

const (
	// The customer of the link's identity, or the one that it names; nothing happens when that is not there.
	linkIdentity = `UPDATE identities SET evidence = $3, customer = (SELECT customer FROM identities WHERE id = $2) WHERE id = $1
		AND EXISTS (SELECT 1 FROM identities WHERE id = $2)`
	linkCustomer = `UPDATE identities SET evidence = $3, customer = $2 WHERE id = $1 AND EXISTS (SELECT 1 FROM customers WHERE id = $2)`
	// A further address of the customer whom $2 has: only one that nobody else has.
	addIdentity = `INSERT INTO identities (id, customer, channel, address, name, created_at, evidence)
		SELECT CAST($1 AS TEXT), o.customer, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS TEXT)
		FROM identities o WHERE o.id = $2 ON CONFLICT (id) DO NOTHING`
	// Search has to look at both again; a name fills an empty one.
	linkedName = `UPDATE customers SET stale = 1, name = CASE WHEN name = '' THEN CAST($2 AS TEXT) ELSE name END
		WHERE id = (SELECT customer FROM identities WHERE id = $1)`
	unlinked = `UPDATE customers SET stale = 1 WHERE id = $1`
)

// phoneChannel is the channel whose addresses are telephone numbers: what a link calls "phone".
const phoneChannel = "sms"

// LinkIdentity is the identity that a link's channel and address name.
func LinkIdentity(channel, address, name string) Identity {
	if channel == "phone" {
		channel = phoneChannel
	}
	return IdentityOf(channel, address, name)
}

// link gives an event's identity to another customer. The statements run in the order of events.
func (b *batch) link(e *Event, l *channels.Link) {
	run := func(text string, args ...any) {
		b.links = append(b.links, statement{key: stmtKey{text: text}, args: args})
	}
	id := e.Identity.ID
	if l.Customer != "" {
		run(linkCustomer, id, l.Customer, l.Evidence)
	} else {
		to := LinkIdentity(l.Channel, l.Address, l.Name)
		b.speakOf(&to, e.At)
		run(linkIdentity, id, to.ID, l.Evidence)
	}
	for _, more := range [][2]string{{"email", l.Email}, {"phone", l.Phone}} {
		if more[1] != "" {
			to := LinkIdentity(more[0], more[1], l.Name)
			run(addIdentity, to.ID, id, to.Channel, to.Address, to.Name, int64(e.At), l.Evidence)
		}
	}
	name := l.Name
	if name == "" {
		name = e.Identity.Name
	}
	run(linkedName, id, name)
	run(unlinked, e.Identity.Customer)
}

// bareMarks are marks without addresses and names.
func bareMarks(list []Mark) []Mark {
	if len(list) == 0 {
		return nil
	}
	out := make([]Mark, len(list))
	for i, m := range list {
		if m.Link != nil {
			m.Link = &channels.Link{Customer: m.Link.Customer, Channel: m.Link.Channel, Evidence: m.Link.Evidence}
		}
		out[i] = m
	}
	return out
}

// cleanMarks are marks as remains keeps them: texts cleaned, the links too.
func cleanMarks(list []Mark) []Mark {
	out := make([]Mark, 0, len(list))
	for _, m := range list {
		m.Kind, m.Value = clean(m.Kind, maxRemains), clean(m.Value, maxRemains)
		if m.Link != nil {
			l := *m.Link
			for _, s := range []*string{&l.Customer, &l.Channel, &l.Address, &l.Name, &l.Email, &l.Phone, &l.Evidence} {
				*s = clean(*s, maxRemains)
			}
			m.Link = &l
		}
		out = append(out, m)
	}
	return out
}

// Blocked are the identities whose messages wake nobody.
func (db *DB) Blocked(ctx context.Context) ([]string, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) }, "SELECT id FROM identities WHERE blocked = 1")
	if err != nil {
		err = fmt.Errorf("read who is blocked: %w", err)
	}
	return list, err
}
