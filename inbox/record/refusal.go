package record

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Whoever has said that they must not be written to is not to be written to after they were erased, when a file or another system brings their address
// again: of the address a keyed hash is kept, and an identity with that address begins as refused. It tells nobody who has not the key, and
// the address, anything.

// WithKey gives Open the installation's key for it.
func WithKey(key []byte) func(*DB) { return func(db *DB) { db.key = key } }

// refusalOf is what is kept of an address.
func (db *DB) refusalOf(channel, address string) string {
	mac := hmac.New(sha256.New, db.key)
	mac.Write([]byte("refusal\x00" + channel + "\x00" + address))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// beginRefused marks identities that say nothing about consent and whose addresses are kept as refused.
var beginRefused = many{
	`WITH v (id, mark) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT))`,
	`) UPDATE identities SET consent = 'stop', consent_at = identities.created_at FROM v JOIN refusals r ON r.mark = v.mark WHERE identities.id = v.id AND identities.consent = ''`}

// met are identities that may be new: id, channel, address.
type met [][3]string

// refusing adds what makes those begin as refused who have to, once there are any.
func (db *DB) refusing(ctx context.Context, list []statement, m met) []statement {
	if len(m) == 0 || !db.anyRefusal(ctx) {
		return list
	}
	rows := make([]any, 0, 2*len(m))
	for _, i := range m {
		rows = append(rows, i[0], db.refusalOf(i[1], i[2]))
	}
	return beginRefused.over(list, rows)
}

// refuseSome is refusing at once, in q's transaction.
func (db *DB) refuseSome(ctx context.Context, q querier, list []Identity) error {
	var m met
	for _, i := range list {
		m = append(m, [3]string{i.ID, i.Channel, i.Address})
	}
	_, err := db.all(ctx, q, db.refusing(ctx, nil, m))
	return err
}

// anyRefusal tells whether anything is kept. Most records have nothing, and each batch would be compared with that; the first on another node is heard of
// after a while.
func (db *DB) anyRefusal(ctx context.Context) bool {
	if db.refusals.Load() {
		return true
	}
	const heard = 10 * time.Second
	if at := db.refusalsAt.Load(); at > 0 && time.Since(time.UnixMilli(at)) < heard {
		return false
	}
	var n int
	if err := db.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM refusals LIMIT 1) AS one").Scan(&n); err != nil {
		return true // whoever writes will see the error
	}
	db.refusalsAt.Store(time.Now().UnixMilli())
	if n > 0 {
		db.refusals.Store(true)
	}
	return n > 0
}

// keepRefusals keeps which addresses of a person must not be written to, or forgets it of those that may: a stop, or a refusal that is about their channel.
func (db *DB) keepRefusals(ctx context.Context, q querier, t tree, ids []Identity) (err error) {
	said, err := t.consents(ctx, q)
	if err != nil {
		return err
	}
	run := runner(ctx, q, &err)
	for _, i := range ids {
		if i.Channel == OwnChannel || i.Address == "" {
			continue
		}
		if mark := db.refusalOf(i.Channel, i.Address); refuses(said, &i) {
			run("INSERT INTO refusals (mark) VALUES ($1) ON CONFLICT DO NOTHING", mark)
			db.refusals.Store(true)
		} else if i.Consent == "start" {
			run("DELETE FROM refusals WHERE mark = $1", mark)
		}
	}
	return err
}

// refuses tells whether an address must not be written to for any purpose, or for one: which is kept as for all.
func refuses(said []Consent, i *Identity) bool {
	if i.Consent == "stop" {
		return true
	}
	if i.Consent == "start" {
		return false
	}
	for _, c := range holding(said) {
		if c.Identity == "" && (c.Channel == "" || c.Channel == i.Channel) && c.State == ConsentRefused {
			return true
		}
	}
	return false
}
