package record

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// always is the live_until of an open conversation.
const always = math.MaxInt64

// itsRoot is whom the customer of v counts for. Of an identity that is there already nobody may know it: nothing is inserted then.
const itsRoot = "COALESCE((SELECT CASE WHEN c.root = '' THEN c.id ELSE c.root END FROM customers c WHERE c.id = v.customer), '')"

var (
	insertEvents = many{
		`INSERT INTO events (n, token, kind, happened_at, conversation, key, decided, steered, json) VALUES `,
		`(?, ?, ?, ?, ?, ?, ?, ?, ?)`, ``}
	insertUnreadable = many{`INSERT INTO unreadable_events (n, reason, raw) VALUES `, `(?, ?, ?)`, ``}
	insertCustomers  = many{
		`INSERT INTO customers (id, name, created_at) VALUES `, `(?, ?, ?)`,
		// A name that comes later fills an empty one; one that is there may be a person's choice.
		` ON CONFLICT (id) DO UPDATE SET name = excluded.name, stale = 1, seek = customers.seek + 1 WHERE customers.name = '' AND excluded.name <> ''`}
	// Of identities that wrote: what was unreachable can be reached again. Whoever is new counts for their customer's root, who may have been merged
	// while nobody had the address: the undoing of an import takes addresses away.
	insertIdentities = many{
		`WITH v (id, home, customer, channel, address, name, created_at) AS (VALUES `,
		`(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
		`) INSERT INTO identities (id, home, customer, channel, address, name, created_at)
			SELECT v.id, v.home, ` + itsRoot + `, v.channel, v.address, v.name, v.created_at FROM v WHERE 1 = 1 ON CONFLICT (id) DO UPDATE SET name = CASE WHEN identities.name = '' THEN excluded.name ELSE identities.name END,
			unreachable = '', unreachable_at = 0
			WHERE identities.name = '' AND excluded.name <> '' OR identities.unreachable <> ''`}
	// Of identities that are only spoken of: one that is there has its customer. NOT EXISTS would read all identities for 64 rows, where PostgreSQL
	// has no statistics yet.
	insertPersons = many{
		`WITH v (identity, id, name, created_at) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
		`) INSERT INTO customers (id, name, created_at) SELECT v.id, v.name, v.created_at FROM v
			WHERE (SELECT 1 FROM identities WHERE identities.id = v.identity) IS NULL ON CONFLICT DO NOTHING`}
	insertNamed = many{
		`WITH v (id, home, customer, channel, address, name, created_at) AS (VALUES `,
		`(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
		`) INSERT INTO identities (id, home, customer, channel, address, name, created_at)
			SELECT v.id, v.home, ` + itsRoot + `, v.channel, v.address, v.name, v.created_at FROM v WHERE 1 = 1 ON CONFLICT (id) DO NOTHING`}
	// The identity that a customer has of itself.
	insertSelves = many{
		`WITH v (id, customer, created_at) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT))`,
		`) INSERT INTO identities (id, home, customer, channel, address, name, created_at)
			SELECT v.id, c.id, CASE WHEN c.root = '' THEN c.id ELSE c.root END, '` + OwnChannel + `', c.id, '', v.created_at
			FROM v JOIN customers c ON c.id = v.customer WHERE 1 = 1 ON CONFLICT DO NOTHING`}
	// Names that were said of identities fill empty ones, theirs and their home's.
	nameStales = many{
		`WITH v (id, name) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT))`,
		`) UPDATE customers SET stale = 1, seek = customers.seek + 1 FROM v JOIN identities i ON i.id = v.id
			WHERE customers.id = i.customer AND i.name = '' AND v.name <> ''`}
	nameIdentities = many{
		`WITH v (id, name) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT))`,
		`) UPDATE identities SET name = v.name FROM v WHERE identities.id = v.id AND identities.name = ''`}
	nameHomes = many{
		`WITH v (id, name) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT))`,
		`) UPDATE customers SET name = v.name, stale = 1, seek = customers.seek + 1 FROM v JOIN identities i ON i.id = v.id
			WHERE customers.id = i.home AND customers.name = ''`}
	updateIdentities = many{
		`WITH v (id, consent, consent_at, unreachable, unreachable_at, blocked) AS (VALUES `,
		`(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT))`,
		`) UPDATE identities SET
			consent = CASE WHEN v.consent_at >= identities.consent_at THEN v.consent ELSE identities.consent END,
			consent_at = CASE WHEN v.consent_at >= identities.consent_at THEN v.consent_at ELSE identities.consent_at END,
			unreachable = COALESCE(v.unreachable, identities.unreachable), unreachable_at = COALESCE(v.unreachable_at, identities.unreachable_at),
			blocked = COALESCE(v.blocked, identities.blocked) FROM v WHERE identities.id = v.id`}
	insertTouches = many{
		`INSERT INTO touches (n, id, kind, conversation, identity, account, channel, inbound, author_kind, author, happened_at,
			state, rev, attempt, retry_at, error, key, provider_id, worker, auto_reply, unreadable, reply_to, of_touch, score, spam) VALUES `,
		`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		// Only touches_once can be in conflict: the log has let a provider's message through twice.
		` ON CONFLICT DO NOTHING`}
	insertBodies = many{
		`INSERT INTO bodies (n, subject, text, html, raw, blob, more) VALUES `, `(?, ?, ?, ?, ?, ?, ?)`, ``}
	insertData = many{
		`INSERT INTO touch_data (n, json) VALUES `, `(?, ?)`, ``}
	insertParts = many{
		`INSERT INTO touch_parts (account, provider_id, touch) VALUES `, `(?, ?, ?)`, ` ON CONFLICT DO NOTHING`}
	updateTouches = many{
		`WITH v (id, state, rev, attempt, retry_at, error, provider_id, worker, unreadable) AS (VALUES `,
		`(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT))`,
		`) UPDATE touches SET state = v.state, rev = v.rev, attempt = v.attempt, retry_at = v.retry_at, error = v.error,
			provider_id = v.provider_id, worker = v.worker, unreadable = v.unreadable
			FROM v WHERE touches.id = v.id AND touches.rev < v.rev`}
	upsertConversations = many{
		`INSERT INTO conversations (id, version, number, identity, account, channel, thread, queue, status, owner, holder, tags,
			unread, unanswered, waiting, live_until, last_message_at, last_message, subject_n, shared, asked, header) VALUES `,
		`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		` ON CONFLICT (id) DO UPDATE SET version = excluded.version, identity = excluded.identity, thread = excluded.thread,
			queue = excluded.queue, status = excluded.status, owner = excluded.owner, holder = excluded.holder, tags = excluded.tags,
			unread = excluded.unread, unanswered = excluded.unanswered, waiting = excluded.waiting, live_until = excluded.live_until,
			last_message_at = excluded.last_message_at, last_message = excluded.last_message,
			subject_n = CASE WHEN excluded.subject_n > 0 THEN excluded.subject_n ELSE conversations.subject_n END,
			asked = excluded.asked, header = excluded.header WHERE conversations.version < excluded.version`}
	upsertAgents = many{
		`INSERT INTO agents (id, version, header) VALUES `, `(?, ?, ?)`,
		` ON CONFLICT (id) DO UPDATE SET version = excluded.version, header = excluded.header WHERE agents.version < excluded.version`}
	upsertCursors = many{
		`INSERT INTO account_cursors (account, position) VALUES `, `(?, ?)`,
		` ON CONFLICT (account) DO UPDATE SET position = excluded.position`}
)

// batch gathers the rows of some events, each row once with its newest values: PostgreSQL refuses to touch a row
// twice in one statement, and half the work is saved.
type batch struct {
	db *DB // whose ids addresses have

	events, unreadable, customers, identities, persons, named, selves, names, touches, bodies, data, parts []any

	known         map[string]int // identity → its row in identities and customers, from 0
	marked        ordered[marks]
	links         []statement
	created       map[string]int // touch → where its row begins in touches
	states        ordered[*Touch]
	conversations ordered[header]
	agents        ordered[*Agent]
	cursors       ordered[string]

	chunks      []*chunk
	withdrawals []statement
	met         met

	statements []statement
}

// header is a conversation's newest header in the batch.
type header struct {
	c       *Conversation
	json    string
	subject int64 // n of the last touch with a subject
}

// ordered is a map that remembers the order of first appearance, so that writers lock rows in the log's order.
type ordered[T any] struct {
	at   map[string]int
	keys []string
	vals []T
}

func (o *ordered[T]) get(key string) *T {
	i, ok := o.at[key]
	if !ok {
		if o.at == nil {
			o.at = map[string]int{}
		}
		i = len(o.keys)
		o.at[key] = i
		var zero T
		o.keys, o.vals = append(o.keys, key), append(o.vals, zero)
	}
	return &o.vals[i]
}

// insert writes the rows of events in the transaction that is open.
func (db *DB) insert(ctx context.Context, events []Event) error {
	b, err := db.newBatch(events)
	if err != nil {
		return err
	}
	b.statements = db.refusing(ctx, b.statements, b.met)
	n, err := db.wr.run(ctx, b.statements)
	if err != nil {
		return err
	}
	return db.afterwards(ctx, b, n)
}

func (db *DB) newBatch(events []Event) (*batch, error) {
	b := &batch{db: db, known: map[string]int{}, created: map[string]int{}}
	b.events = make([]any, 0, 9*len(events))
	for i := range events {
		if err := b.add(&events[i]); err != nil {
			return nil, err
		}
	}
	return b, b.finish()
}

func (b *batch) add(e *Event) error {
	var conversation string
	var head []byte
	if c := e.Conversation; c != nil {
		conversation = c.ID
		var err error
		if head, err = json.Marshal(c); err != nil {
			return err
		}
		h := b.conversations.get(c.ID)
		if h.c == nil || c.Version > h.c.Version {
			h.c, h.json = c, string(head)
		}
		if t := e.Touch; t != nil && t.Body != nil && t.Body.Subject != "" {
			h.subject = int64(e.ID.N)
		}
	}
	text, err := eventJSON(e, head)
	if err != nil {
		return err
	}
	steered := ""
	if e.Was != nil {
		steered = e.By.ID
	}
	b.events = append(b.events, int64(e.ID.N), int64(e.ID.Token), e.Kind, int64(e.At), conversation, e.Key, flag(e.Reason != nil), steered, text)
	if e.Raw != nil {
		b.unreadable = append(b.unreadable, int64(e.ID.N), "The entry of the log is not an event.", e.Raw)
	}

	if i := e.Identity; i != nil && !heard(e) {
		b.speakOf(i, e.At)
		if e.Kind == EvLogged {
			b.name(i)
		}
	} else if i != nil {
		if at, ok := b.known[i.ID]; !ok {
			b.known[i.ID] = len(b.known)
			b.meet(i)
			b.customers = append(b.customers, i.Customer, i.Name, int64(e.At))
			b.identities = append(b.identities, i.ID, i.Customer, i.Customer, i.Channel, i.Address, i.Name, int64(e.At))
		} else if b.customers[3*at+1] == "" {
			b.customers[3*at+1], b.identities[7*at+5] = i.Name, i.Name
		}
	}
	switch {
	case e.Kind == EvImported && e.Import != nil:
		b.imported(e)
	case e.Kind == EvWithdrawn && e.Import != nil:
		b.withdrawn(e)
	}
	b.mark(e)
	if e.Touch != nil {
		if err := b.touch(e); err != nil {
			return err
		}
	}
	for i := range e.Agents {
		if a := b.agents.get(e.Agents[i].ID); *a == nil || (*a).Version < e.Agents[i].Version {
			*a = &e.Agents[i]
		}
	}
	if e.Account != "" && e.Cursor != "" {
		*b.cursors.get(e.Account) = e.Cursor
	}
	return nil
}

// touch takes a new touch, or a new state of one: in this batch or of the record.
func (b *batch) touch(e *Event) error {
	t := e.Touch
	for _, id := range t.Parts {
		b.parts = append(b.parts, t.Account, id, t.ID)
	}
	if begins(e) {
		return b.begin(e.ID.N, t)
	}
	if at, ok := b.created[t.ID]; ok {
		if r := b.touches[at:]; r[12].(int64) < int64(t.Rev) {
			r[11], r[12], r[13], r[14], r[15] = t.State, int64(t.Rev), int64(t.Attempt), int64(t.RetryAt), t.Error
			r[17], r[18], r[20] = t.ProviderID, t.Worker, t.Unreadable
		}
		return nil
	}
	if s := b.states.get(t.ID); *s == nil || (*s).Rev < t.Rev {
		*s = t
	}
	return nil
}

// begin takes a new touch, with its text and data, as number n.
func (b *batch) begin(n uint64, t *Touch) error {
	b.created[t.ID] = len(b.touches)
	b.touches = append(b.touches, int64(n), t.ID, t.Kind, t.Conversation, t.Identity, t.Account, t.Channel, flag(t.Inbound),
		t.Author.Kind, t.Author.ID, int64(t.At), t.State, int64(t.Rev), int64(t.Attempt), int64(t.RetryAt), t.Error, t.Key,
		t.ProviderID, t.Worker, flag(t.AutoReply), t.Unreadable, t.ReplyTo, t.Of, int64(t.Score), t.Spam)
	if y := t.Body; y != nil {
		var raw any // NULL, not an empty value, when there is none
		if len(y.Raw) > 0 {
			raw = y.Raw
		}
		b.bodies = append(b.bodies, int64(n), y.Subject, y.Text, y.HTML, raw, y.Blob, y.more())
	}
	if t.Data != nil {
		text, err := json.Marshal(t.Data)
		if err != nil {
			return err
		}
		b.data = append(b.data, int64(n), string(text))
	}
	return nil
}

// begins tells the first event of a touch, which brings its text. A retry by hand queues a touch without it.
func begins(e *Event) bool {
	return e.Kind == EvReceived || e.Kind == EvEdited || e.Kind == EvLogged ||
		e.Touch.Body != nil && (e.Kind == EvQueued || e.Kind == EvNoted || e.Kind == EvConsult || e.Kind == EvTold || e.Kind == EvClosed || e.Kind == EvUnreadable)
}

// finish turns the rows into statements, in an order that all writers keep.
func (b *batch) finish() error {
	var convs, states, agents, cursors []any
	for i := range b.conversations.vals {
		convs = append(convs, conversationRow(&b.conversations.vals[i])...)
	}
	for _, t := range b.states.vals {
		states = append(states, t.ID, t.State, int64(t.Rev), int64(t.Attempt), int64(t.RetryAt), t.Error, t.ProviderID, t.Worker, t.Unreadable)
	}
	for _, a := range b.agents.vals {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		agents = append(agents, a.ID, a.Version, string(text))
	}
	for i, account := range b.cursors.keys {
		cursors = append(cursors, account, b.cursors.vals[i])
	}
	list := insertEvents.over(nil, b.events)
	list = insertUnreadable.over(list, b.unreadable)
	list = insertCustomers.over(list, b.customers)
	list = insertIdentities.over(list, b.identities)
	list = insertPersons.over(list, b.persons)
	list = insertNamed.over(list, b.named)
	list = insertSelves.over(list, b.selves)
	list = updateIdentities.over(list, b.marks())
	list = append(list, b.links...)
	list = nameStales.over(list, b.names)
	list = nameIdentities.over(list, b.names)
	list = nameHomes.over(list, b.names)
	list = insertTouches.over(list, b.touches)
	list = insertBodies.over(list, b.bodies)
	list = insertData.over(list, b.data)
	for _, c := range b.chunks {
		list = c.statements(list)
	}
	list = append(list, b.withdrawals...)
	list = updateTouches.over(list, states)
	list = insertParts.over(list, b.parts)
	list = upsertConversations.over(list, convs)
	list = upsertAgents.over(list, agents)
	b.statements = upsertCursors.over(list, cursors)
	return nil
}

// afterwards takes back the text and the data of touches that touches_once kept out. changed is of b.statements.
func (db *DB) afterwards(ctx context.Context, b *batch, changed []int64) error {
	for _, c := range b.chunks {
		if err := c.after(ctx, db.wr, changed); err != nil {
			return err
		}
	}
	missing := int64(len(b.touches) / touchWidth)
	for i, s := range b.statements {
		if slices.ContainsFunc(b.chunks, func(c *chunk) bool { return i >= c.touchesFrom && i < c.touchesTo }) {
			continue
		}
		if s.key.many == &insertTouches {
			missing -= changed[i]
		}
	}
	if missing <= 0 {
		return nil
	}
	db.duplicates.Add(missing)
	for at := 0; at < len(b.bodies); at += bodyWidth {
		if err := db.wr.exec(ctx, "DELETE FROM bodies WHERE n = $1 AND NOT EXISTS (SELECT 1 FROM touches WHERE touches.n = bodies.n)", b.bodies[at]); err != nil {
			return err
		}
	}
	for at := 0; at < len(b.data); at += dataWidth {
		if err := db.wr.exec(ctx, "DELETE FROM touch_data WHERE n = $1 AND NOT EXISTS (SELECT 1 FROM touches WHERE touches.n = touch_data.n)", b.data[at]); err != nil {
			return err
		}
	}
	return nil
}

// Columns of insertTouches, insertBodies and insertData.
const touchWidth, bodyWidth, dataWidth = 25, 7, 2

func conversationRow(h *header) []any {
	c := h.c
	holder, live, waiting := "", Millis(always), Millis(0)
	switch c.Status {
	case Offered:
		holder, waiting = c.OfferedTo, max(c.WaitingSince, 1)
	case Waiting:
		waiting = max(c.WaitingSince, 1)
	case Resolved:
		live = c.ReopenUntil
	default:
		holder = c.Owner
	}
	tags := ""
	if len(c.Tags) > 0 {
		tags = "\n" + strings.Join(c.Tags, "\n") + "\n"
	}
	return []any{c.ID, c.Version, c.Number, c.Identity, c.Account, c.Channel, c.Thread, c.Queue, string(c.Status), c.Owner, holder, tags,
		int64(c.Unread), int64(c.Unanswered), int64(waiting), int64(live), int64(c.LastMessageAt), c.LastMessage, h.subject, flag(Shared(c.Thread)), asked(c), h.json}
}

// AnySupervisor stands among those who are asked for whoever is one.
const AnySupervisor = "*"

// asked are the people other than its owner whom a conversation waits for.
func asked(c *Conversation) string {
	list := c.Barged
	if c.Consult != nil {
		list = append(slices.Clip(list), c.Consult.Agent)
	}
	for _, q := range []*Ask{c.Review, c.Flag} {
		if q != nil {
			list = append(slices.Clip(list), cmp.Or(q.Of, AnySupervisor))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "\n" + strings.Join(list, "\n") + "\n"
}

// eventJSON is the event without personal text: no body and no data, of the identity only its id and customer, of a link no address. head is the
// conversation's JSON, written once for its own row and here.
func eventJSON(e *Event, head []byte) (string, error) {
	bare := *e
	bare.Conversation = nil
	if e.Identity != nil {
		bare.Identity = &Identity{ID: e.Identity.ID, Customer: e.Identity.Customer, Channel: e.Identity.Channel}
	}
	bare.Marks = bareMarks(e.Marks)
	if e.Touch != nil {
		t := *e.Touch
		t.Body, t.Data = nil, nil
		if begins(e) {
			t.N = e.ID.N
		}
		bare.Touch = &t
	}
	text, err := json.Marshal(&bare)
	if err != nil || head == nil {
		return string(text), err
	}
	var b strings.Builder
	b.Grow(len(text) + len(head) + 20)
	b.Write(text[:len(text)-1])
	b.WriteString(`,"conversation":`)
	b.Write(head)
	b.WriteByte('}')
	return b.String(), nil
}
