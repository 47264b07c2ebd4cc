package record

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
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

// phoneChannel is the channel whose addresses are telephone numbers: what links and entries call "phone".
const phoneChannel = "sms"

// IdentityOf derives the identity of an address and its first customer: alike on every node of this record, and others in any other record.
func (db *DB) IdentityOf(channel, address, name string) Identity {
	if channel == "phone" {
		channel = phoneChannel
	}
	return Identity{ID: db.salted("identity", channel, address), Customer: db.salted("customer", channel, address),
		Channel: channel, Address: address, Name: name}
}

// salted is derived for what personal data stand in. Without the record's salt nobody could tell from an id, or from one that is left in events after an
// erasure, whose it is by trying all telephone numbers. A record from before salts goes on as it began.
func (db *DB) salted(kind, of, text string) string {
	if len(db.salt) == 0 {
		return derived(kind, of, text)
	}
	mac := hmac.New(sha256.New, db.salt)
	mac.Write([]byte(kind + "\x00" + of + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// derived is an id that follows from other ids.
func derived(kind, of, id string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + of + "\x00" + id))
	return hex.EncodeToString(sum[:8])
}

// readSalt reads what the record was given when it was made.
func (db *DB) readSalt(ctx context.Context) error {
	var salt string
	if err := db.pool.QueryRowContext(ctx, "SELECT salt FROM id_salt").Scan(&salt); err != nil {
		return fmt.Errorf("read the salt of ids: %w", err)
	}
	db.salt = []byte(salt)
	return nil
}

// customerID is what hubs call customers: derived from an address or a row, or made anew.
var customerID = regexp.MustCompile(`^(c[0-9a-z]{16}|[0-9a-f]{16})$`)

// IsCustomerID tells whether a text is an id of a customer as hubs make them.
func IsCustomerID(s string) bool { return customerID.MatchString(s) }

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
	if i.Channel == OwnChannel {
		b.selves = append(b.selves, i.ID, i.Address, int64(at))
		return
	}
	b.meet(i)
	b.persons = append(b.persons, i.ID, i.Customer, i.Name, int64(at))
	b.named = append(b.named, i.ID, i.Customer, i.Customer, i.Channel, i.Address, i.Name, int64(at))
}

// meet takes an identity that may be new.
func (b *batch) meet(i *Identity) {
	if i.Channel != OwnChannel && i.Address != "" {
		b.met = append(b.met, [3]string{i.ID, i.Channel, i.Address})
	}
}

// name gives an identity, and whoever has it, the name that was said of it, where there is none.
func (b *batch) name(i *Identity) {
	if i.Name != "" && i.Channel != OwnChannel {
		b.names = append(b.names, i.ID, i.Name)
	}
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

// link gives an event's identity to another customer: its home is then the home of the link's identity, or the customer that the link
// names; nothing happens when that is not there, or when what it is good for is used up. The statements run in the order of events, and never beside a merge (see between).
func (b *batch) link(e *Event, l *channels.Link) {
	run := func(text string, args ...any) {
		b.links = append(b.links, statement{key: stmtKey{text: text}, args: args})
	}
	by := ""
	if e.By.Kind == "agent" {
		by = e.By.ID
	}
	id, kind, to, goal := e.Identity.ID, LinkStart, l.Customer, toCustomer
	named := id // of whom the proof is
	if to == "" {
		kind, goal = LinkProof, toIdentity
		of := b.db.IdentityOf(l.Channel, l.Address, l.Name)
		b.speakOf(&of, e.At)
		to, named = of.ID, of.ID
	}
	change := NewID("l")
	if kind == LinkStart && l.Once != "" {
		run(addUse, id, l.Once, to, change, int64(e.At))
		run(useStales, change)
		to, goal = change, toFirst
	}
	run(goal.stales, id, to)
	run(goal.notes, id, to, change, int64(e.At), by, kind, l.Evidence)
	run(goal.moves, id, to, l.Evidence)
	for _, more := range [][2]string{{"email", l.Email}, {"phone", l.Phone}} {
		if more[1] != "" {
			to := b.db.IdentityOf(more[0], more[1], l.Name)
			b.meet(&to)
			run(furtherStales, to.ID, id)
			run(furtherNote, to.ID, id, NewID("l"), int64(e.At), by, LinkNamed, l.Evidence)
			run(addFurther, to.ID, id, to.Channel, to.Address, to.Name, int64(e.At), l.Evidence)
			run(hintStales, to.ID, named)
			run(addHint, to.ID, named)
		}
	}
	name := l.Name
	if name == "" {
		name = e.Identity.Name
	}
	if name != "" {
		run(linkedName, id, name)
	}
}

// bareMarks are marks without addresses and names.
func bareMarks(list []Mark) []Mark {
	if len(list) == 0 {
		return nil
	}
	out := make([]Mark, len(list))
	for i, m := range list {
		if m.Link != nil {
			m.Link = &channels.Link{Customer: m.Link.Customer, Channel: m.Link.Channel, Evidence: m.Link.Evidence, Once: m.Link.Once}
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
			for _, s := range []*string{&l.Customer, &l.Channel, &l.Address, &l.Name, &l.Email, &l.Phone, &l.Evidence, &l.Once} {
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
