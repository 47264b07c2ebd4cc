package inbox

import (
	"crypto/sha256"
	"strconv"
	"time"

	"tamas/inbox/record"
)

// keys names everything that Tamas holds in Redis. All carry one hash tag, so a workspace lives in one
// slot of a cluster and commit.lua may touch all of it.
type keys struct{ tag string }

func newKeys(workspace string) keys { return keys{"{" + workspace + "}:"} }

func (k keys) epoch() string         { return k.tag + "epoch" }         // id of the rebuild that made this live state
func (k keys) loading() string       { return k.tag + "loading" }       // id of a rebuild under way
func (k keys) events() string        { return k.tag + "events" }        // stream: the log
func (k keys) recorded() string      { return k.tag + "recorded" }      // stream: lists of recorded ids
func (k keys) n() string             { return k.tag + "n" }             // the last event's N
func (k keys) number() string        { return k.tag + "number" }        // the last conversation's number
func (k keys) conversations() string { return k.tag + "conversations" } // hash: id → "<version> <header JSON>"
func (k keys) agents() string        { return k.tag + "agents" }        // hash: id → "<version> <header JSON>"
func (k keys) threads() string       { return k.tag + "threads" }       // hash: account US thread, for a shared one "*" channel US thread → conversation id
func (k keys) presence() string      { return k.tag + "presence" }      // hash: agent US node → last seen, ms
func (k keys) visitors() string      { return k.tag + "visitors" }      // hash: conversation US node → when its waiting visitor was last there, ms
func (k keys) nodes() string         { return k.tag + "nodes" }         // hash: node → last seen, ms
func (k keys) health() string        { return k.tag + "health" }        // hash: account → JSON
func (k keys) alerts() string        { return k.tag + "alerts" }        // hash: alert → JSON; "ack" US alert → who has seen it
func (k keys) told() string          { return k.tag + "told" }          // hash: word of an alert that is to be carried out → JSON
func (k keys) led() string           { return k.tag + "led" }           // when a leader last looked for alerts, ms
func (k keys) news() string          { return k.tag + "news" }          // channel: typing, health
func (k keys) lease(what string) string {
	return k.tag + "lease:" + what
}

// Command keys live in buckets by day. The two days before are looked into as well, so a key is remembered for
// 48 hours at least, and the day after, which another node's clock may have reached. The leader removes
// older buckets whole: no key expires by itself.
func (k keys) bucket(day int64) string { return k.tag + "keys:" + strconv.FormatInt(day, 10) }

const bucketsKept = 3 // days

// buckets are those that may hold a key, today's first.
func (k keys) buckets(now time.Time) [bucketsKept + 1]string {
	d := day(now)
	return [...]string{k.bucket(d), k.bucket(d - 1), k.bucket(d - 2), k.bucket(d + 1)}
}

func day(t time.Time) int64 { return t.Unix() / 86400 }

// threadField is the field of a thread in threads(). No account's id begins with "*".
func threadField(t record.Thread) string {
	if record.Shared(t.ID) {
		return "*" + t.Channel + "\x1f" + t.ID
	}
	return t.Account + "\x1f" + t.ID
}

// shortKey is what a bucket holds of a command key: 96 bits of its hash, since ten keys a conversation
// would otherwise be most of its memory.
func shortKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return string(sum[:12])
}
