package inbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"tamas/channels"
	"tamas/inbox/record"
)

// The account worker is the one that polls and sends for an account: the node that holds its lease.

const (
	sendMost     = 50               // messages read at once
	sendParallel = 16               // threads sent to at once
	sendTimeout  = 60 * time.Second // of one call to a provider
	sendGrace    = 5 * time.Second  // of that, when the account is closed meanwhile
	settleEvery  = 5 * time.Second
	maxAttempts  = 10
)

// work runs the adapter and the sender until the lease is lost.
func (a *openAccount) work(ctx context.Context, valid func() bool) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.runAdapter(ctx) })
	g.Go(func() error { return a.sendLoop(ctx, valid) })
	err := g.Wait()
	return err
}

// runAdapter starts the adapter again when it stops, later each time, with jitter.
func (a *openAccount) runAdapter(ctx context.Context) error {
	wait := 500 * time.Millisecond
	for ctx.Err() == nil {
		begun := time.Now()
		err := a.adapter.Run(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(begun) > time.Minute {
			wait = 500 * time.Millisecond
		}
		a.h.log.Warn("an account stopped and will be started again", "account", a.row.ID, "kind", a.row.Kind, "err", err, "in", wait)
		if sleep(ctx, wait/2+rand.N(wait)) != nil {
			break
		}
		wait = min(2*wait, time.Minute)
	}
	return ctx.Err()
}

// sendLoop takes queued messages from the record, one at a time of each thread, in order.
func (a *openAccount) sendLoop(ctx context.Context, valid func() bool) error {
	for ctx.Err() == nil {
		err := a.settleStale(ctx, nil)
		if err == nil {
			break
		}
		a.h.log.Warn("unsettled messages could not be read", "account", a.row.ID, "err", err)
		_ = sleep(ctx, time.Second)
	}
	sub, _ := a.h.Subscribe("")
	defer func() { sub.Close() }()
	sending := &inFlight{a: a, valid: valid, threads: map[string]bool{}, free: make(chan struct{}, sendParallel), done: &broadcast{}}
	defer sending.wait()
	settled := time.Now()
	for ctx.Err() == nil {
		if time.Since(settled) > settleEvery {
			if err := a.settleStale(ctx, sending.busy); err != nil && ctx.Err() == nil {
				a.h.log.Warn("unsettled messages could not be read", "account", a.row.ID, "err", err)
			}
			settled = time.Now()
		}
		done := sending.done.wait()
		more := false
		if time.Now().After(sending.pausedUntil()) && valid() {
			list, err := a.h.db.Queued(ctx, a.row.ID, record.At(a.h.now()), 0, sendMost)
			if err != nil && ctx.Err() == nil {
				a.h.log.Warn("queued messages could not be read", "account", a.row.ID, "err", err)
			}
			for i := range list {
				more = sending.start(ctx, list[i]) || more
			}
		}
		if more {
			continue
		}
		// Something of this account was recorded, a call has ended, or a retry may be due: whatever else goes on in the hub.
		due := time.NewTimer(time.Second)
		for wait := true; wait && ctx.Err() == nil; {
			select {
			case <-ctx.Done():
			case <-done:
				wait = false
			case <-due.C:
				wait = false
			case <-sub.C:
				frames, lost := sub.Next()
				if lost {
					sub.Close()
					sub, _ = a.h.Subscribe("")
					sending.expect, wait = nil, false
				}
				for _, f := range frames {
					if t := f.Event.Touch; t != nil && t.Account == a.row.ID && t.State == record.StateQueued {
						sending.expect = append(sending.expect, f.ID)
					}
				}
				if n := sub.Recorded().N; len(sending.expect) > 0 && n >= sending.expect[0].N {
					for len(sending.expect) > 0 && n >= sending.expect[0].N {
						sending.expect = sending.expect[1:]
					}
					wait = false
				}
			}
		}
		due.Stop()
	}
	return ctx.Err()
}

// settleStale marks what another worker was sending as uncertain: the provider may or may not have it. That it was being
// sent may be recorded after this worker began, so it is looked for again. busy tells the conversations to
// which this worker is sending; nil: none.
func (a *openAccount) settleStale(ctx context.Context, busy func(identity string) bool) error {
	list, err := a.h.db.Sending(ctx, a.row.ID)
	if err != nil {
		return err
	}
	for i := range list {
		t := &list[i]
		if t.Worker == holderOf(ctx) && (busy == nil || busy(t.Identity)) {
			continue
		}
		t.State, t.Error = record.StateUncertain, "The hub stopped while this was being sent: it may have arrived."
		var dup *duplicate
		if _, _, err := a.h.turn(ctx, t, record.Actor{Kind: "system", ID: "sender"}, ""); err != nil && !errors.As(err, &dup) {
			return err
		}
	}
	return nil
}

// send carries one message out. The provider is called only after "sending" is recorded, and the
// outcome is committed until it is recorded, so a dropped tail cannot forget it.
func (a *openAccount) send(ctx context.Context, t record.Touch, valid func() bool, pause func(time.Duration)) error {
	by := record.Actor{Kind: "system", ID: "sender"}
	body := t.Body
	t.State, t.RetryAt, t.Error = record.StateSending, 0, ""
	t.Attempt++
	// What is put back in line has to stand on a revision that is recorded: one of a tail that is dropped would let another
	// worker's call and this one's count as the same revision. So a stop gives the record time, too.
	marked, stop := withGrace(ctx, sendGrace)
	err := a.h.turnRecorded(marked, &t, by, holderOf(ctx))
	stop()
	if err != nil {
		return err // another worker has it, or will find it unsettled
	}
	out, err := a.outbound(ctx, &t, body)
	if err != nil {
		return a.unsent(ctx, t, time.Second)
	}
	if ctx.Err() != nil || !valid() {
		return a.unsent(ctx, t, 0)
	}
	// A call that is cut off midway leaves open whether the customer got it, so a stop gives it time.
	graced, done := withGrace(ctx, sendGrace)
	callCtx, cutOff := context.WithTimeout(graced, sendTimeout)
	begun := time.Now()
	receipt, err := a.adapter.Send(callCtx, out)
	cutOff()
	done()
	a.h.metrics.sendTime.WithLabelValues(a.row.Kind).Observe(time.Since(begun).Seconds())
	// From here on the outcome must be kept, also while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err == nil {
		t.ProviderID = boundKey(receipt.ProviderID, channels.MaxKey)
		return a.settle(ctx, t, record.StateSent, "", 0)
	}
	var se *channels.SendError
	if !errors.As(err, &se) {
		se = &channels.SendError{Reason: "The channel did not take it.", Err: err, Uncertain: errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)}
	}
	a.h.log.Info("a message was not sent", "account", a.row.ID, "touch", t.ID, "attempt", t.Attempt, "err", err)
	switch {
	case se.Uncertain:
		return a.settle(ctx, t, record.StateUncertain, se.Reason, 0)
	case se.Permanent:
		return a.settle(ctx, t, record.StateFailed, se.Reason, 0)
	case se.RetryAfter > 0:
		pause(se.RetryAfter)
		t.Attempt-- // the provider did not look at it
		return a.settle(ctx, t, record.StateQueued, se.Reason, se.RetryAfter)
	case t.Attempt >= maxAttempts:
		return a.settle(ctx, t, record.StateFailed, se.Reason, 0)
	}
	wait := min(time.Second<<t.Attempt, 10*time.Minute)
	return a.settle(ctx, t, record.StateQueued, se.Reason, wait/2+rand.N(wait))
}

// unsent puts back in line what was marked as being sent, but for which the provider was not called.
func (a *openAccount) unsent(ctx context.Context, t record.Touch, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendGrace)
	defer cancel()
	t.Attempt--
	return a.settle(ctx, t, record.StateQueued, "", wait)
}

// settle records the outcome of a call, or that it is to be tried again after wait.
func (a *openAccount) settle(ctx context.Context, t record.Touch, state, reason string, wait time.Duration) error {
	t.State, t.Error, t.RetryAt = state, cleanLine(reason, 512), 0
	if wait > 0 {
		t.RetryAt = record.At(a.h.now().Add(wait))
	}
	a.h.metrics.sent.WithLabelValues(a.row.Kind, state).Inc()
	return a.h.turnRecorded(ctx, &t, record.Actor{Kind: "system", ID: "sender"}, "")
}

// turnRecorded is turn until it is recorded: a revision that a rebuild dropped is committed again.
func (h *Hub) turnRecorded(ctx context.Context, t *record.Touch, by record.Actor, worker string) error {
	before := *t
	for {
		id, epoch, err := h.turn(ctx, t, by, worker)
		var dup *duplicate
		if errors.As(err, &dup) {
			return err
		}
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			_ = sleep(ctx, 100*time.Millisecond)
			continue
		}
		switch err := h.await(ctx, id, epoch); {
		case err == nil:
			return nil
		case errors.Is(err, errDropped):
			*t = before
		case ctx.Err() != nil:
			return err
		default: // the database is away: it is in the log, keep waiting
			for {
				err := h.await(ctx, id, epoch)
				if err == nil || ctx.Err() != nil {
					return err
				}
				if errors.Is(err, errDropped) {
					*t = before
					break
				}
			}
		}
	}
}

func (a *openAccount) outbound(ctx context.Context, t *record.Touch, body *record.Body) (channels.Outbound, error) {
	conv, err := a.h.db.Header(ctx, t.Conversation)
	if err != nil {
		return channels.Outbound{}, fmt.Errorf("read the conversation: %w", err)
	}
	identity, err := a.h.db.Identity(ctx, t.Identity)
	if err != nil {
		return channels.Outbound{}, fmt.Errorf("read the identity: %w", err)
	}
	refs, err := a.h.db.ThreadRefs(ctx, t.Conversation)
	if err != nil {
		return channels.Outbound{}, fmt.Errorf("read the thread: %w", err)
	}
	out := channels.Outbound{ID: t.ID, Thread: conv.Thread, Address: identity.Address, Name: identity.Name, Subject: refs.Subject,
		InReplyTo: refs.LastInbound, Refs: refs.IDs, Attempt: t.Attempt, From: a.h.publicName(t.Author.ID)}
	if body != nil {
		out.Text = body.Text
	}
	return out, nil
}
