package record

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrCursor is a "before" that no list gave.
var ErrCursor = errors.New("bad list position")

// View is a conversation as a list shows it.
type View struct {
	Conversation
	Customer CustomerName `json:"customer"`
	Address  string       `json:"address"`
	Subject  string       `json:"subject,omitempty"`
	Preview  *Preview     `json:"preview,omitempty"` // of the last message
}

// CustomerName is who a conversation is with.
type CustomerName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Preview is the beginning of the last message.
type Preview struct {
	Text       string `json:"text"`
	Inbound    bool   `json:"inbound"`
	Author     Actor  `json:"author"`
	Kind       string `json:"kind"`
	Unreadable string `json:"unreadable,omitempty"`

	Files    int    `json:"files,omitempty"`     // how many it carries
	FileKind string `json:"file_kind,omitempty"` // of the first, as channels.File's: for a message without words it stands in their place
}

// viewColumns are what scanView reads; c is the conversation. A preview is 200 characters, of the newest text when it was edited.
const viewColumns = `SELECT c.header, COALESCE(u.id, ''), ` + shownName + `, COALESCE(i.address, ''), COALESCE(s.subject, ''),
	COALESCE(t.kind, ''), COALESCE(t.inbound, 0), COALESCE(t.author_kind, ''), COALESCE(t.author, ''), COALESCE(t.unreadable, ''),
	COALESCE((SELECT substr(eb.text, 1, 200) FROM touches e JOIN bodies eb ON eb.n = e.n WHERE e.of_touch = c.last_message
		AND e.of_touch <> '' AND e.kind = 'edit' AND e.state <> 'failed' ORDER BY e.n DESC LIMIT 1), substr(b.text, 1, 200), ''),
	COALESCE(b.more, '')`
const viewTables = ` LEFT JOIN identities i ON i.id = c.identity LEFT JOIN customers u ON u.id = i.customer
	LEFT JOIN bodies s ON s.n = c.subject_n LEFT JOIN touches t ON t.id = c.last_message LEFT JOIN bodies b ON b.n = t.n `

func scanView(rows *sql.Rows, v *View) error {
	var head, more []byte
	var p Preview
	if err := rows.Scan(&head, &v.Customer.ID, &v.Customer.Name, &v.Address, &v.Subject,
		&p.Kind, &p.Inbound, &p.Author.Kind, &p.Author.ID, &p.Unreadable, &p.Text, &more); err != nil {
		return err
	}
	if p.Kind != "" {
		p.Text = strings.Join(strings.Fields(p.Text), " ")
		if len(more) > 0 {
			var b Body
			if err := b.readMore(more); err != nil {
				return err
			}
			if p.Files = len(b.Files); p.Files > 0 {
				p.FileKind = b.Files[0].Kind
			}
		}
		v.Preview = &p
	}
	return json.Unmarshal(head, &v.Conversation)
}

// Filter says which conversations a list shows. Empty fields do not matter.
type Filter struct {
	Mine    string   // offered to this agent, or open and owned by them
	Asked   []string // one of these is asked to look at it, beside its owner; AnySupervisor is one of them
	Waiting bool     // in line: waiting or offered
	Open    bool     // not resolved
	Queues  []string // in one of these
	Channel string
	Account string
	Status  Status
	Owner   string
	Tag     string
	Text    string // a number ("1042", "#1042"), or words of the customer's name or address or of messages
	Sight   Sight  // of who asks: Text finds nobody by what is hidden
	Before  string // Page.Next of the page before
	Limit   int    // at most 200; 0: 50
}

// Page is a piece of a list and the cursor that it is true at.
type Page struct {
	Items []View `json:"items"`
	Next  string `json:"next"` // "" at the end
	At    ID     `json:"at"`
}

// Conversations lists those that the filter lets through: who is waiting longest first when Waiting is set, else the
// last message newest first. ErrCursor: Before is not of a list.
func (db *DB) Conversations(ctx context.Context, f Filter) (Page, error) {
	var where []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	in := func(column string, list []string) string {
		marks := make([]string, len(list))
		for i, v := range list {
			marks[i] = arg(v)
		}
		if len(marks) == 0 {
			return "1 = 0"
		}
		return column + " IN (" + strings.Join(marks, ", ") + ")"
	}
	and := func(cond string) { where = append(where, cond) }
	if f.Mine != "" {
		and("c.holder <> '' AND c.holder = " + arg(f.Mine))
	}
	if f.Asked != nil {
		cond, args := askedOf(f.Asked, len(args))
		and("c.asked <> '' AND (" + cond + ")")
		for _, v := range args {
			arg(v)
		}
	}
	if f.Waiting {
		and("c.waiting > 0")
	}
	if f.Open {
		and("c.status <> 'resolved'")
	}
	if f.Queues != nil {
		and(in("c.queue", f.Queues))
	}
	for _, v := range [][2]string{{"c.channel", f.Channel}, {"c.account", f.Account}, {"c.status", string(f.Status)}, {"c.owner", f.Owner}} {
		if v[1] != "" {
			and(v[0] + " = " + arg(v[1]))
		}
	}
	if f.Tag != "" {
		and("c.tags LIKE " + arg("%\n"+likeEscape(f.Tag)+"\n%") + ` ESCAPE '\'`)
	}
	order, sort, than := "c.last_message_at", " DESC", " < "
	if f.Waiting {
		order, sort, than = "c.waiting", "", " > "
	}
	if f.Before != "" {
		var at, number int64
		if n, err := fmt.Sscanf(f.Before, "%d.%d", &at, &number); err != nil || n != 2 {
			return Page{}, ErrCursor
		}
		and("(" + order + ", c.number)" + than + "(" + arg(at) + ", " + arg(number) + ")")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)

	page := Page{Items: []View{}}
	at, err := db.read(ctx, func(q querier) error {
		if f.Text != "" {
			conversations, identities, number, err := db.matching(ctx, q, f.Text, f.Sight)
			if err != nil {
				return err
			}
			or := []string{in("c.id", conversations), in("c.identity", identities)}
			if number > 0 {
				or = append(or, "c.number = "+arg(number))
			}
			and("(" + strings.Join(or, " OR ") + ")")
		}
		cond := ""
		if len(where) > 0 {
			cond = "WHERE " + strings.Join(where, " AND ")
		}
		// The page is chosen before anything is joined to it.
		by := " ORDER BY " + order + sort + ", c.number" + sort
		query := viewColumns + " FROM (SELECT c.* FROM conversations c " + cond + by + " LIMIT " + arg(limit+1) + ") AS c" + viewTables + by
		list, err := collect(ctx, q, scanView, query, args...)
		page.Items = list
		return err
	})
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := &page.Items[limit-1]
		position := last.LastMessageAt
		if f.Waiting {
			position = max(last.WaitingSince, 1)
		}
		page.Next = fmt.Sprintf("%d.%d", position, last.Number)
	}
	page.At = at
	if err != nil {
		err = fmt.Errorf("list conversations: %w", err)
	}
	return page, err
}

// likeEscape makes s stand for itself in a LIKE with ESCAPE '\'.
func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// askedOf is the condition that one of these is asked, with its arguments behind so many others.
func askedOf(who []string, before int) (cond string, args []any) {
	or := []string{"1 = 0"}
	for i, id := range who {
		or = append(or, fmt.Sprintf(`c.asked LIKE $%d ESCAPE '\'`, before+i+1))
		args = append(args, "%\n"+likeEscape(id)+"\n%")
	}
	return strings.Join(or, " OR "), args
}

// ConversationsOf gives these conversations in their order; those that are not recorded yet are left out.
func (db *DB) ConversationsOf(ctx context.Context, ids []string) (Page, error) {
	page := Page{Items: []View{}}
	at, err := db.read(ctx, func(q querier) error {
		if len(ids) == 0 {
			return nil
		}
		args, place := make([]any, len(ids)), make(map[string]int, len(ids))
		for i, id := range ids {
			args[i], place[id] = id, i
		}
		list, err := collect(ctx, q, scanView, viewColumns+" FROM conversations c"+viewTables+"WHERE c.id IN ("+placeholders(1, len(ids))+")", args...)
		slices.SortFunc(list, func(a, b View) int { return cmp.Compare(place[a.ID], place[b.ID]) })
		page.Items = append(page.Items, list...)
		return err
	})
	page.At = at
	if err != nil {
		err = fmt.Errorf("read conversations: %w", err)
	}
	return page, err
}

// Counts are the numbers beside the lists.
type Counts struct {
	Asked      int            `json:"asked"` // where the agent is asked to look
	Mine       int            `json:"mine"`
	MineUnread int            `json:"mine_unread"` // conversations
	Waiting    int            `json:"waiting"`     // waiting or offered, in any queue
	AllOpen    int            `json:"all_open"`
	Queues     map[string]int `json:"queues"` // waiting or offered, where there are any
	At         ID             `json:"at"`
}

// Counts counts for one agent. asked are who the agent is, as in Filter.
func (db *DB) Counts(ctx context.Context, agent string, asked []string) (Counts, error) {
	c := Counts{Queues: map[string]int{}}
	at, err := db.read(ctx, func(q querier) error {
		cond, args := askedOf(asked, 0)
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM conversations c WHERE c.asked <> '' AND ("+cond+")", args...).Scan(&c.Asked); err != nil {
			return err
		}
		if err := q.QueryRowContext(ctx, `SELECT count(*), COALESCE(sum(CASE WHEN unread > 0 THEN 1 ELSE 0 END), 0)
			FROM conversations WHERE holder <> '' AND holder = $1`, agent).Scan(&c.Mine, &c.MineUnread); err != nil {
			return err
		}
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM conversations WHERE live_until = $1", int64(always)).Scan(&c.AllOpen); err != nil {
			return err
		}
		rows, err := q.QueryContext(ctx, "SELECT queue, count(*) FROM conversations WHERE waiting > 0 GROUP BY queue")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var queue string
			var n int
			if err := rows.Scan(&queue, &n); err != nil {
				return err
			}
			c.Queues[queue] = n
			c.Waiting += n
		}
		return rows.Err()
	})
	c.At = at
	if err != nil {
		err = fmt.Errorf("count conversations: %w", err)
	}
	return c, err
}

// Detail is a conversation with its last touches.
type Detail struct {
	Conversation View    `json:"conversation"`
	Touches      []Touch `json:"touches"` // in order
	Earlier      bool    `json:"earlier"` // there are more before them
	At           ID      `json:"at"`
}

// Conversation reads one with its last touches. ErrNotFound.
func (db *DB) Conversation(ctx context.Context, id string, limit int) (Detail, error) {
	var d Detail
	at, err := db.read(ctx, func(q querier) (err error) {
		if d.Conversation, err = single(collect(ctx, q, scanView, viewColumns+" FROM conversations c"+viewTables+"WHERE c.id = $1", id)); err != nil {
			return err
		}
		d.Touches, d.Earlier, err = touchesBefore(ctx, q, id, always, limit)
		return err
	})
	d.At = at
	return d, err
}

// Touches reads touches of a conversation before the one of number n (0: the last ones), in order. earlier: there
// are more before them.
func (db *DB) Touches(ctx context.Context, conversation string, n uint64, limit int) (list []Touch, earlier bool, err error) {
	if n == 0 || n > always {
		n = always
	}
	return touchesBefore(ctx, db.pool, conversation, int64(n), limit)
}

func touchesBefore(ctx context.Context, q querier, conversation string, n int64, limit int) ([]Touch, bool, error) {
	list, err := touches(ctx, q, "WHERE t.conversation = $1 AND t.n < $2 ORDER BY t.n DESC LIMIT $3", conversation, n, limit+1)
	earlier := len(list) > limit
	if earlier {
		list = list[:limit]
	}
	slices.Reverse(list)
	return list, earlier, err
}

// Decisions are the events of a conversation that carry a reason, newest first.
func (db *DB) Decisions(ctx context.Context, conversation string, limit int) ([]Event, error) {
	return collect(ctx, db.pool, scanEvent,
		"SELECT json FROM events WHERE decided = 1 AND conversation = $1 ORDER BY n DESC LIMIT $2", conversation, limit)
}

// Events reads recorded events after number n, in order, without personal text.
func (db *DB) Events(ctx context.Context, n uint64, limit int) ([]Event, error) {
	return collect(ctx, db.pool, scanEvent, "SELECT json FROM events WHERE n > $1 ORDER BY n LIMIT $2", int64(n), limit)
}

// OwnersAt tells who owned the conversations of these events when they happened.
func (db *DB) OwnersAt(ctx context.Context, events []uint64) (map[uint64]string, error) {
	return ownersAt(ctx, db.pool, events)
}

func ownersAt(ctx context.Context, q querier, events []uint64) (map[uint64]string, error) {
	out := map[uint64]string{}
	for piece := range slices.Chunk(events, 500) {
		args := make([]any, len(piece))
		for i, n := range piece {
			args[i] = int64(n)
		}
		list, err := collect(ctx, q, scanEvent, "SELECT json FROM events WHERE n IN ("+placeholders(1, len(args))+")", args...)
		if err != nil {
			return nil, fmt.Errorf("read who owned what: %w", err)
		}
		for i := range list {
			if c := list[i].Conversation; c != nil {
				out[list[i].ID.N] = c.Owner
			}
		}
	}
	return out, nil
}

func scanEvent(rows *sql.Rows, e *Event) error {
	var text []byte
	if err := rows.Scan(&text); err != nil {
		return err
	}
	return json.Unmarshal(text, e)
}
