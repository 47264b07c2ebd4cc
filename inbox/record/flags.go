package record

import "context"

// FlagsLeft lists the conversations, by their last message, with a flag that nobody has answered and whose reopen window is over: those
// that have left the live state, or are about to.
func (db *DB) FlagsLeft(ctx context.Context, now Millis, most int) ([]Conversation, error) {
	// Only a flag outlives its conversation among what is asked.
	return collect(ctx, db.pool, scanHeader, "SELECT header FROM conversations WHERE asked <> '' AND status = 'resolved' AND live_until <= $1 ORDER BY last_message_at LIMIT $2",
		int64(now), most)
}
