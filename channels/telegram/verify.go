package telegram

import (
	"context"
	"fmt"
	"time"

	"tamas/channels"
)

// Verify implements channels.Verifier. Telegram lists no message that was confirmed. But it numbers updates, and a poller's cursor,
// which is recorded together with the messages before it, tells which numbers never came: see position.
func (a *adapter) Verify(ctx context.Context, v *channels.Audit) error {
	info, ce := a.webhookInfo(ctx)
	if ce != nil {
		return ce
	}
	if n := info.PendingUpdateCount; n > 0 {
		v.Note("updates that wait at Telegram: %d; they come in order and are kept there for 24 hours", n)
	}
	if info.URL != "" && !a.own(info.URL) {
		v.Gap("this bot's messages go to another program at %s", host(info.URL))
	}
	if a.hook != "" {
		if info.LastErrorDate != 0 && info.PendingUpdateCount > 0 {
			v.Note("the last delivery to the webhook failed at %s: %s", stamp(time.Unix(int64(info.LastErrorDate), 0)), cut(info.LastErrorMessage, 200))
		}
		v.Note("with a webhook Telegram tells nothing of what it has delivered; only polling can show gaps")
		return nil
	}
	cursor, err := a.desk.Cursor(ctx)
	if err != nil {
		return fmt.Errorf("read the cursor: %w", err)
	}
	pos, _ := parsePosition(cursor)
	if pos.next == 0 {
		v.Note("no update has come yet")
		return nil
	}
	for i, g := range pos.gaps {
		if g.at.Before(v.Since) {
			continue
		}
		if i == 0 && len(pos.gaps) == maxGaps {
			v.Note("only the last %d gaps are remembered", maxGaps)
		}
		v.Gap("updates %d to %d never came (noticed at %s): another program fetched them, or they were older than 24 hours", g.from, g.to, stamp(g.at))
	}
	if !pos.last.IsZero() {
		v.Note("every update up to number %d, of %s, was handed over and is recorded or was passed over on purpose, but for the gaps named", pos.next-1, stamp(pos.last))
		if time.Since(pos.last) > quiet {
			v.Note("after a week without updates Telegram numbers anew, so gaps since then do not show")
		}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
