package inbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tamas/inbox/record"
	"tamas/persian"
)

// Customers of chats that show nothing but messages are told by one how they stand: unasked once a wait, after a moment in which
// an agent who is free has taken it, and again whenever they ask.
const (
	waitingFrom = 5 * time.Second  // of waiting until somebody is told
	waitingUpTo = 10 * time.Minute // after which nobody is told unasked: the leader was away meanwhile
	toldPlace   = "place"          // in ToldText
	toldClosed  = "closed"         // likewise
)

// waitingLoop is the leader's.
func (h *Hub) waitingLoop(ctx context.Context) error {
	for {
		if sleep(ctx, h.waitingEvery) != nil {
			return ctx.Err()
		}
		h.tellPlaces(ctx, h.Now())
	}
}

// tellPlaces tells everybody who is to be told by now.
func (h *Hub) tellPlaces(ctx context.Context, now record.Millis) {
	for _, c := range h.untold(now) {
		if err := h.tellPlace(ctx, &c); err != nil && ctx.Err() == nil {
			h.log.Debug("a waiting customer was not told", "conversation", c.ID, "err", err)
		}
	}
}

// untold are the conversations whose customers are to be told how they stand.
func (h *Hub) untold(now record.Millis) []record.Conversation {
	set := h.Settings()
	if !set.tellsWaiting() {
		return nil
	}
	closed := map[string]bool{} // a promise of a place in line is none while nobody comes
	for id, q := range set.Queues {
		why, _ := set.QueueOpen(q, now.Time())
		closed[id] = why != ""
	}
	return h.mirror.filter(func(c *record.Conversation) bool {
		waited := time.Duration(now-c.WaitingSince) * time.Millisecond
		return (c.Status == record.Waiting || c.Status == record.Offered) && h.kinds[c.Channel].TellsWaiting && waited >= waitingFrom && waited < waitingUpTo &&
			!slices.Contains(c.ToldText, toldPlace) && !slices.Contains(c.ToldText, toldClosed) && !closed[c.Queue]
	})
}

// tellPlace tells a customer who waits, while somebody is there who serves the queue: else there is nothing to reckon with.
func (h *Hub) tellPlace(ctx context.Context, c *record.Conversation) error {
	if !h.staffed(c.Queue) {
		return nil
	}
	told, err := h.estimate(ctx, c)
	if err != nil || told == nil {
		return err
	}
	list, _, err := h.db.Touches(ctx, c.ID, 0, 10)
	if err != nil {
		return err
	}
	cmd := Command{Key: fmt.Sprintf("%s/%s/%d", toldPlace, c.ID, c.WaitingSince), By: record.Actor{Kind: "system", ID: "estimate"}, Action: Tell, Conversation: c.ID,
		Text: placeText(languageOf(h.Settings().Firm, list), told), Reason: toldPlace}
	if told.Wait > 0 {
		cmd.Estimate = told
	}
	err = h.Propose(ctx, cmd)
	var r *Refusal
	if errors.As(err, &r) { // somebody has it by now
		return nil
	}
	return err
}

// positionText answers a customer who asks how a thread's conversation stands.
func (r *run) positionText(ctx context.Context, in *inbound) (string, error) {
	h := r.h
	c, ok := h.mirror.byThread(r.thread(in))
	lang := languageOf(h.Settings().Firm, nil)
	if strings.HasPrefix(in.Lang, "fa") {
		lang = "fa"
	} else if in.Lang != "" {
		lang = "en"
	}
	if !ok || c.Status != record.Waiting && c.Status != record.Offered {
		return placeTexts[lang].none, nil
	}
	set := h.Settings()
	q := set.Queues[c.Queue]
	if closed, _ := set.QueueOpen(q, h.Now().Time()); closed != "" {
		return cmp.Or(q.Routing.ClosedText, placeTexts[lang].got+" "+placeTexts[lang].closed), nil
	}
	told, err := h.estimate(ctx, &c)
	if err != nil || told == nil {
		return placeTexts[lang].got, err
	}
	return placeText(lang, told), nil
}

var placeTexts = map[string]struct{ got, next, place, soon, minutes, none, closed string }{
	"en": {got: "We have your message.", next: "You are next.", place: "You are number %s in line.",
		soon: "It should take less than a minute.", minutes: "It should take about %s min.", none: "You are not waiting: nothing of yours is unanswered here.",
		closed: "We are closed now, and answer when we are back."},
	"fa": {got: "پیام شما رسید.", next: "نفر بعدی شما هستید.", place: "شما نفر %s صف هستید.",
		soon: "پاسخ شما کمتر از یک دقیقه زمان می‌برد.", minutes: "پاسخ شما حدود %s دقیقه زمان می‌برد.", none: "در صف نیستید: پیام بی‌پاسخی از شما اینجا نیست.",
		closed: "اکنون تعطیلیم و پس از بازگشت پاسخ می‌دهیم."},
}

// placeText says a place and, where it is known, how long it will take, in minutes.
func placeText(lang string, told *record.Told) string {
	t := placeTexts[lang]
	number := func(n int64) string { return digits(lang, strconv.FormatInt(n, 10)) }
	parts := []string{t.got, t.next}
	if told.Position > 1 {
		parts[1] = fmt.Sprintf(t.place, number(int64(told.Position)))
	}
	switch {
	case told.Wait == 0:
	case told.Wait < 60_000:
		parts = append(parts, t.soon)
	default:
		parts = append(parts, fmt.Sprintf(t.minutes, number(int64(told.Wait+30_000)/60_000)))
	}
	return strings.Join(parts, " ")
}

// digits are a number's in the language.
func digits(lang, s string) string {
	if lang != "fa" {
		return s
	}
	return persian.Digits(s)
}
