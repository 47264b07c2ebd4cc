package record

import (
	"context"
	"database/sql"
	"fmt"
)

// Continuer is the author of what goes on elsewhere because its reader has left: a message whose ReplyTo is the last touch of the
// chat that it carries. It is all that tells what went on already.
var Continuer = Actor{Kind: "system", ID: "continue"}

// Unseen asks which chats of an account hold answers that nobody has seen and that can go on on another channel.
type Unseen struct {
	Account  string
	From, To Millis // when the answers were written
	Channel  string // on which the customer has to be known
	Spoken   string // account on which the customer has to have a conversation; "": none is needed
	After    uint64 // only with an answer behind this number
	AtMost   int
}

// Chat is one that Unseen found.
type Chat struct {
	Conversation string
	N            uint64 // of its first answer that was found
}

// reachable is the condition on identities o that may be written to on channel $1, by the account $2 with which they have spoken; ”
// by any.
const reachable = `o.channel = $1 AND o.consent <> 'stop' AND o.blocked = 0 AND o.unreachable = ''
	AND ($2 = '' OR EXISTS (SELECT 1 FROM conversations s WHERE s.identity = o.id AND s.account = $2))`

const unseenQuery = `SELECT t.conversation, MIN(t.n) FROM touches t JOIN conversations c ON c.id = t.conversation JOIN identities i ON i.id = c.identity
	WHERE t.account = $3 AND t.happened_at >= $4 AND t.happened_at <= $5 AND t.inbound = 0 AND t.state IN ('sent', 'delivered')
		AND t.kind = 'message' AND t.author_kind = 'agent' AND t.n > $6 AND i.blocked = 0 AND i.consent <> 'stop'
		AND EXISTS (SELECT 1 FROM identities o WHERE o.customer = i.customer AND ` + reachable + `)
		AND NOT EXISTS (SELECT 1 FROM touches x WHERE x.conversation = t.conversation AND x.n > t.n AND (x.inbound = 1 OR x.state = 'read'))
		AND NOT EXISTS (SELECT 1 FROM touches x JOIN touches m ON m.reply_to = x.id AND m.author = 'continue' AND m.author_kind = 'system'
			WHERE x.conversation = t.conversation AND x.n >= t.n)
	GROUP BY t.conversation ORDER BY MIN(t.n) LIMIT $7`

// Unseen lists chats by their first such answer: a person's, sent, not read, with nothing behind it that the visitor wrote or read,
// and not carried on yet. Visitors who are blocked or said STOP are left out.
func (db *DB) Unseen(ctx context.Context, u Unseen) ([]Chat, error) {
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, c *Chat) error {
		var n int64
		err := rows.Scan(&c.Conversation, &n)
		c.N = uint64(n)
		return err
	}, unseenQuery,
		u.Channel, u.Spoken, u.Account, int64(u.From), int64(u.To), int64(u.After), u.AtMost)
	if err != nil {
		err = fmt.Errorf("read what was not seen: %w", err)
	}
	return list, err
}

// Carried is the number up to which a conversation has gone on elsewhere; 0: not at all.
func (db *DB) Carried(ctx context.Context, conversation string) (uint64, error) {
	var n int64
	err := db.pool.QueryRowContext(ctx, `SELECT COALESCE(MAX(x.n), 0) FROM touches x JOIN touches m ON m.reply_to = x.id AND m.author = 'continue'
		AND m.author_kind = 'system' WHERE x.conversation = $1`, conversation).Scan(&n)
	if err != nil {
		err = fmt.Errorf("read what went on: %w", err)
	}
	return uint64(n), err
}

// Continued are the messages by which chats went on since that time, with their text.
func (db *DB) Continued(ctx context.Context, since Millis) ([]Touch, error) {
	return touches(ctx, db.pool, `WHERE t.author = 'continue' AND t.author_kind = 'system' AND t.kind = 'message' AND t.reply_to <> ''
		AND t.happened_at >= $1 ORDER BY t.n LIMIT 1000`, int64(since))
}

// Reachable are the identities on a channel of the customer whom an identity belongs to, as far as they may be written to: the one
// that was last heard of first. spoken is as in Unseen.
func (db *DB) Reachable(ctx context.Context, identity, channel, spoken string) ([]Identity, error) {
	list, err := collect(ctx, db.pool, scanIdentity, `SELECT `+identityColumns+` FROM (SELECT o.*,
			COALESCE((SELECT MAX(x.happened_at) FROM touches x WHERE x.identity = o.id), 0) AS heard
		FROM identities i JOIN identities o ON o.customer = i.customer WHERE i.id = $3 AND `+reachable+`) AS r
		ORDER BY heard DESC, created_at DESC, id LIMIT 10`, channel, spoken, identity)
	if err != nil {
		err = fmt.Errorf("read where a customer is reachable: %w", err)
	}
	return list, err
}

// SentBy counts what an actor has sent to an identity since that time.
func (db *DB) SentBy(ctx context.Context, by Actor, identity string, since Millis) (int, error) {
	var n int
	err := db.pool.QueryRowContext(ctx, `SELECT count(*) FROM touches WHERE identity = $1 AND happened_at >= $2 AND author_kind = $3 AND author = $4
		AND inbound = 0`, identity, int64(since), by.Kind, by.ID).Scan(&n)
	return n, err
}
