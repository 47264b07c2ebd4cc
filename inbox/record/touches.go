package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
)

// touchColumns are what scanTouch reads, from touchTables.
const touchColumns = `t.n, t.id, t.kind, t.conversation, t.identity, t.account, t.channel, t.inbound, t.author_kind, t.author,
	t.happened_at, t.state, t.rev, t.attempt, t.retry_at, t.error, t.key, t.provider_id, t.worker, t.auto_reply, t.unreadable,
	t.reply_to, t.of_touch, t.score, t.spam, b.n IS NOT NULL, COALESCE(b.subject, ''), COALESCE(b.text, ''), COALESCE(b.html, ''), b.raw, COALESCE(b.blob, ''),
	COALESCE(b.more, ''), d.json`

const touchTables = ` FROM touches t LEFT JOIN bodies b ON b.n = t.n LEFT JOIN touch_data d ON d.n = t.n `

func scanTouch(rows *sql.Rows, t *Touch) error {
	var n int64
	var hasBody bool
	var b Body
	var more, data []byte
	err := rows.Scan(&n, &t.ID, &t.Kind, &t.Conversation, &t.Identity, &t.Account, &t.Channel, &t.Inbound, &t.Author.Kind, &t.Author.ID,
		&t.At, &t.State, &t.Rev, &t.Attempt, &t.RetryAt, &t.Error, &t.Key, &t.ProviderID, &t.Worker, &t.AutoReply, &t.Unreadable,
		&t.ReplyTo, &t.Of, &t.Score, &t.Spam, &hasBody, &b.Subject, &b.Text, &b.HTML, &b.Raw, &b.Blob, &more, &data)
	t.N = uint64(n)
	if err == nil && len(more) > 0 {
		err = b.readMore(more)
	}
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &t.Data)
	}
	if hasBody {
		t.Body = &b
	}
	return err
}

func touches(ctx context.Context, q querier, rest string, args ...any) ([]Touch, error) {
	return collect(ctx, q, scanTouch, "SELECT "+touchColumns+touchTables+rest, args...)
}

func firstTouch(list []Touch, err error) (Touch, error) {
	if err != nil {
		return Touch{}, err
	}
	if len(list) == 0 {
		return Touch{}, ErrNotFound
	}
	return list[0], nil
}

// Queued are the messages that an account has to send now, behind number after, oldest first, with their text: of each customer
// the first that is not settled, so that a conversation's order holds and a long one does not keep the others out. The next
// follows when that one is sent, has failed, or is uncertain. Whoever asks with the last one's N until there are no more, and
// then from 0 again, goes round all of them.
func (db *DB) Queued(ctx context.Context, account string, now Millis, after uint64, limit int) ([]Touch, error) {
	return touches(ctx, db.pool, `WHERE t.account = $1 AND t.state IN ('queued', 'sending') AND t.state = 'queued' AND t.retry_at <= $2
		AND t.n > $3 AND NOT EXISTS (SELECT 1 FROM touches e WHERE e.account = $1 AND e.state IN ('queued', 'sending')
			AND e.identity = t.identity AND e.n < t.n)
		ORDER BY t.n LIMIT $4`, account, int64(now), int64(after), limit)
}

// Sending are the account's messages whose call to the provider began and did not end, oldest first.
func (db *DB) Sending(ctx context.Context, account string) ([]Touch, error) {
	return touches(ctx, db.pool, `WHERE t.account = $1 AND t.state IN ('queued', 'sending') AND t.state = 'sending' ORDER BY t.n`, account)
}

// Backlog counts the account's messages that are queued or being sent.
func (db *DB) Backlog(ctx context.Context, account string) (int, error) {
	var n int
	err := db.pool.QueryRowContext(ctx, `SELECT count(*) FROM touches WHERE account = $1 AND state IN ('queued', 'sending')`, account).Scan(&n)
	return n, err
}

// Touch reads one touch with its text.
func (db *DB) Touch(ctx context.Context, id string) (Touch, error) {
	return firstTouch(touches(ctx, db.pool, `WHERE t.id = $1`, id))
}

// TouchByProviderID finds the newest message of an account that the provider knows by this id, or by it as a part. A change of a
// message may have its id again; it is not meant.
func (db *DB) TouchByProviderID(ctx context.Context, account, providerID string) (Touch, error) {
	if providerID == "" {
		return Touch{}, ErrNotFound
	}
	return firstTouch(touches(ctx, db.pool, `WHERE t.n IN (SELECT n FROM touches WHERE account = $1 AND provider_id = $2 AND provider_id <> ''
			UNION ALL SELECT x.n FROM touch_parts p JOIN touches x ON x.id = p.touch WHERE p.account = $1 AND p.provider_id = $2)
		AND t.kind = 'message' ORDER BY t.n DESC LIMIT 1`, account, providerID))
}

// TouchByKey finds the inbound message that an account's provider delivered under this key, however long ago.
func (db *DB) TouchByKey(ctx context.Context, account, key string) (Touch, error) {
	return firstTouch(touches(ctx, db.pool, `WHERE t.account = $1 AND t.key = $2 AND t.inbound = 1 AND t.key <> ''`, account, key))
}

// ThreadOf finds the thread of an account that holds any of these provider ids, the newest one when several do; ""
// when none does. Of the other accounts only shared threads count.
func (db *DB) ThreadOf(ctx context.Context, account string, others, providerIDs []string) (string, error) {
	providerIDs = providerIDs[:min(len(providerIDs), 100)]
	if len(providerIDs) == 0 {
		return "", nil
	}
	args := []any{account}
	for _, a := range others {
		args = append(args, a)
	}
	accounts := "account IN (" + placeholders(1, len(args)) + ")"
	in := placeholders(len(args)+1, len(providerIDs))
	for _, id := range providerIDs {
		args = append(args, id)
	}
	// A message received under its own id has it as its key only.
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, s *string) error { return rows.Scan(s) },
		`SELECT c.thread FROM (
			SELECT n, account, conversation FROM touches WHERE `+accounts+` AND provider_id <> '' AND provider_id IN (`+in+`)
			UNION ALL
			SELECT n, account, conversation FROM touches WHERE `+accounts+` AND inbound = 1 AND key <> '' AND key IN (`+in+`)
			UNION ALL
			SELECT x.n, x.account, x.conversation FROM touch_parts p JOIN touches x ON x.id = p.touch WHERE p.`+accounts+` AND p.provider_id IN (`+in+`)
		) AS t JOIN conversations c ON c.id = t.conversation WHERE t.account = $1 OR c.shared = 1 ORDER BY t.n DESC LIMIT 1`, args...)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}

// Thread is what an account keeps apart. A shared one is the same whatever the account.
type Thread struct{ Account, Channel, ID string }

// In is the thread of the conversation.
func (c *Conversation) In() Thread { return Thread{c.Account, c.Channel, c.Thread} }

// where is the condition on conversations for $from and $from+1.
func (t Thread) where(from int) (string, []any) {
	if Shared(t.ID) {
		return fmt.Sprintf("shared = 1 AND channel = $%d AND thread = $%d", from, from+1), []any{t.Channel, t.ID}
	}
	return fmt.Sprintf("account = $%d AND thread = $%d", from, from+1), []any{t.Account, t.ID}
}

// LastConversation is the newest conversation of a thread; ErrNotFound when it has none.
func (db *DB) LastConversation(ctx context.Context, t Thread) (*Conversation, error) {
	where, args := t.where(1)
	list, err := collect(ctx, db.pool, scanHeader, `SELECT header FROM conversations WHERE `+where+` ORDER BY number DESC LIMIT 1`, args...)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// Header reads a conversation's header; ErrNotFound.
func (db *DB) Header(ctx context.Context, id string) (*Conversation, error) {
	list, err := collect(ctx, db.pool, scanHeader, `SELECT header FROM conversations WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// Refs are what a reply refers to.
type Refs struct {
	IDs         []string // provider ids of the thread's messages, oldest first, at most the last 20
	LastInbound string   // provider id of the customer's last message
	Subject     string   // of the thread's last message that has one
}

// ThreadRefs reads what a reply in this conversation refers to, over all conversations of its thread.
func (db *DB) ThreadRefs(ctx context.Context, conversation string) (Refs, error) {
	type row struct {
		id      string
		inbound bool
		subject string
	}
	var r Refs
	list, err := collect(ctx, db.pool, func(rows *sql.Rows, v *row) error { return rows.Scan(&v.id, &v.inbound, &v.subject) },
		`SELECT CASE WHEN t.provider_id <> '' THEN t.provider_id ELSE t.key END, t.inbound, COALESCE(b.subject, '')
		FROM touches t LEFT JOIN bodies b ON b.n = t.n
		WHERE t.conversation IN (SELECT o.id FROM conversations c JOIN conversations o ON o.account = c.account AND o.thread = c.thread
				WHERE c.id = $1 AND c.shared = 0
			UNION ALL SELECT o.id FROM conversations c JOIN conversations o ON o.shared = 1 AND o.channel = c.channel AND o.thread = c.thread
				WHERE c.id = $1 AND c.shared = 1) AND t.kind = 'message' AND (t.provider_id <> '' OR t.inbound = 1)
		ORDER BY t.n DESC LIMIT 20`, conversation)
	if err != nil {
		return r, fmt.Errorf("read a thread's references: %w", err)
	}
	for _, v := range list {
		if v.id != "" {
			r.IDs = append(r.IDs, v.id)
		}
		if v.inbound && r.LastInbound == "" {
			r.LastInbound = v.id
		}
		if r.Subject == "" {
			r.Subject = v.subject
		}
	}
	slices.Reverse(r.IDs)
	return r, nil
}

// History lists what customers may see of a thread (messages, their changes), in order, after the touch with that id; from the
// start when it is "" or not known. at is the N of the last of them, or of after when there are none.
func (db *DB) History(ctx context.Context, t Thread, after string, limit int) (list []Touch, at uint64, err error) {
	var n int64
	if after != "" {
		where, args := t.where(2)
		list, err := collect(ctx, db.pool, scanKey, `SELECT n FROM touches WHERE id = $1 AND conversation IN (SELECT id FROM conversations WHERE `+where+`)`, append([]any{after}, args...)...)
		if err != nil {
			return nil, 0, err
		}
		if len(list) > 0 {
			n = list[0]
		}
	}
	where, args := t.where(3)
	list, err = touches(ctx, db.pool, `WHERE t.conversation IN (SELECT id FROM conversations WHERE `+where+`)
		AND t.n > $1 AND t.kind IN ('message', 'edit', 'deletion') ORDER BY t.n LIMIT $2`, append([]any{n, limit}, args...)...)
	if len(list) > 0 {
		n = int64(list[len(list)-1].N)
	}
	return list, uint64(n), err
}
