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
	sendTimeout  = 60 * time.Second // of one call to a provider; files have more
	slowLine     = 128 << 10        // bytes a second that a file is given time for
	sendGrace    = 5 * time.Second  // of that, when the account is closed meanwhile
	settleEvery  = 5 * time.Second
	settleTime   = 30 * time.Second // to record an outcome
	maxParts     = 50               // provider ids of one message, beside the first
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

// runAdapter starts the adapter again when it stops, later each time, with jitter; at once when people ask for it.
func (a *openAccount) runAdapter(ctx context.Context) error {
	select {
	case <-a.restart: // asked before this node had the account
	default:
	}
	first := a.h.restartAfter
	for wait := first; ctx.Err() == nil; {
		begun := time.Now()
		asked, err := a.runOnce(ctx)
		if a.drained.Load() {
			<-ctx.Done()
		}
		if ctx.Err() != nil {
			break
		}
		if asked {
			wait = first
			continue
		}
		if err == nil {
			err = errors.New("the channel stopped by itself")
		}
		a.h.health.stopped(a.row.ID, begun, err)
		if time.Since(begun) > time.Minute {
			wait = first
		}
		a.h.log.Warn("an account stopped and will be started again", "account", a.row.ID, "kind", a.row.Kind, "err", err, "in", wait)
		again := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
		case <-again.C:
			wait = min(2*wait, time.Minute)
		case <-a.restart:
			wait = first
		}
		again.Stop()
	}
	return ctx.Err()
}

// runOnce runs the adapter until it stops or (asked) is to be started again.
func (a *openAccount) runOnce(ctx context.Context) (asked bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- a.adapter.Run(ctx) }()
	select {
	case err = <-ended:
		return false, err
	case <-a.restart:
		cancel()
		err = <-ended
		a.h.health.report(a.row.ID, channels.Health{State: "connecting"}) // also for channels that never say so
		return true, err
	}
}

// reconnect asks for the adapter to be started again; it never blocks.
func (a *openAccount) reconnect() {
	select {
	case a.restart <- struct{}{}:
	default:
	}
}

// sendLoop takes queued messages from the record, one at a time of each customer, in order.
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
	sending := newInFlight(a, valid)
	defer sending.wait()
	settled := time.Now()
	for ctx.Err() == nil {
		if time.Since(settled) > settleEvery {
			if err := a.settleStale(ctx, sending.isBusy); err != nil && ctx.Err() == nil {
				a.h.log.Warn("unsettled messages could not be read", "account", a.row.ID, "err", err)
			}
			if n, err := a.h.db.Backlog(ctx, a.row.ID); err == nil {
				a.h.health.queued(a.row.ID, n)
			}
			settled = time.Now()
		}
		done := sending.done.wait()
		wait := sendLook
		if valid() {
			wait = sending.next(ctx)
		}
		if wait == 0 {
			continue
		}
		// Something of this account was recorded, a call has ended, or a message may be due: whatever else goes on in the hub.
		due := time.NewTimer(wait)
		for idle := true; idle && ctx.Err() == nil; {
			select {
			case <-ctx.Done():
			case <-done:
				idle = false
			case <-due.C:
				idle = false
			case <-sub.C:
				frames, lost := sub.Next()
				if lost {
					sub.Close()
					sub, _ = a.h.Subscribe("")
					sending.expect, idle = nil, false
				}
				for _, f := range frames {
					t := f.Event.Touch
					if t == nil || t.Account != a.row.ID {
						continue
					}
					switch t.State {
					case record.StateQueued:
						sending.expect = append(sending.expect, f.ID)
					case record.StateFailed: // by a call or by the provider's later word
						a.h.health.failed(a.row.ID, t.Error, a.h.dayOf(a.h.now()))
					}
				}
				if n := sub.Recorded().N; len(sending.expect) > 0 && n >= sending.expect[0].N {
					for len(sending.expect) > 0 && n >= sending.expect[0].N {
						sending.expect = sending.expect[1:]
					}
					idle = false
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
func (a *openAccount) send(ctx context.Context, t record.Touch, valid func() bool, pace *pacer) error {
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
	var se *channels.SendError
	if errors.As(err, &se) {
		ctx, cancel := kept(ctx)
		defer cancel()
		return a.failed(ctx, t, se, pace)
	}
	if err != nil {
		return a.unsent(ctx, t, time.Second)
	}
	_ = sleep(ctx, pace.call(t.Identity, time.Now()))
	if ctx.Err() != nil || !valid() {
		return a.unsent(ctx, t, 0)
	}
	a.h.metrics.sendWait.WithLabelValues(a.row.ID).Observe(max(0, a.h.now().Sub(t.At.Time()).Seconds()))
	// A call that is cut off midway leaves open whether the customer got it, so a stop gives it time.
	graced, done := withGrace(ctx, sendGrace)
	callCtx, cutOff := context.WithTimeout(graced, callTime(out.Files))
	begun := time.Now()
	receipt, err := a.adapter.Send(callCtx, out)
	cutOff()
	done()
	a.h.metrics.sendTime.WithLabelValues(a.row.Kind).Observe(time.Since(begun).Seconds())
	ctx, cancel := kept(ctx)
	defer cancel()
	if err == nil {
		t.ProviderID = boundKey(receipt.ProviderID, channels.MaxKey)
		for _, id := range receipt.Parts[:min(len(receipt.Parts), maxParts)] {
			t.Parts = append(t.Parts, boundKey(id, channels.MaxKey))
		}
		return a.settle(ctx, t, record.StateSent, "", 0)
	}
	if !errors.As(err, &se) {
		se = &channels.SendError{Reason: "The channel did not take it.", Err: err, Uncertain: errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)}
	}
	a.h.log.Info("a message was not sent", "account", a.row.ID, "touch", t.ID, "attempt", t.Attempt, "err", err)
	return a.failed(ctx, t, se, pace)
}

// kept is ctx for an outcome, which is recorded also while stopping.
func kept(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}

// callTime bounds one call to a provider: files may take their time.
func callTime(files []channels.File) time.Duration {
	d := sendTimeout
	for _, f := range files {
		d += time.Duration(f.Size/slowLine) * time.Second
	}
	return d
}

// failed settles a message that was not sent, as its error says.
func (a *openAccount) failed(ctx context.Context, t record.Touch, se *channels.SendError, pace *pacer) error {
	switch {
	case se.Uncertain:
		return a.settle(ctx, t, record.StateUncertain, se.Reason, 0)
	case se.Permanent || se.Unreachable:
		if se.Unreachable {
			if err := a.unreachable(ctx, &t, se.Reason); err != nil {
				a.h.log.Warn("that a customer cannot be reached could not be noted", "account", a.row.ID, "identity", t.Identity, "err", err)
			}
		}
		return a.settle(ctx, t, record.StateFailed, se.Reason, 0)
	case se.RetryAfter > 0:
		now := time.Now()
		if se.OneThread {
			pace.restIdentity(t.Identity, now.Add(se.RetryAfter), now)
		} else {
			pace.restAccount(now.Add(se.RetryAfter))
			a.h.health.limited(a.row.ID, now.Add(se.RetryAfter))
		}
		a.h.metrics.pauses.WithLabelValues(a.row.ID).Inc()
		t.Attempt-- // the provider did not look at it
		return a.settle(ctx, t, record.StateQueued, se.Reason, se.RetryAfter)
	case t.Attempt >= maxAttempts:
		return a.settle(ctx, t, record.StateFailed, se.Reason, 0)
	}
	wait := min(time.Second<<t.Attempt, 10*time.Minute)
	return a.settle(ctx, t, record.StateQueued, se.Reason, wait/2+rand.N(wait))
}

// unreachable notes that nothing arrives at an identity until its customer writes again, before the message counts as failed:
// the next one in line is not to be tried.
func (a *openAccount) unreachable(ctx context.Context, t *record.Touch, why string) error {
	identity, err := a.h.db.Identity(ctx, t.Identity)
	if err != nil {
		return err
	}
	return a.h.markUnreachable(ctx, identity, why, fmt.Sprintf("unreachable/%s/%d", t.ID, t.Rev), record.Actor{Kind: "system", ID: "sender"})
}

// markUnreachable is nil once it is recorded, also when it was by an earlier call with that key.
func (h *Hub) markUnreachable(ctx context.Context, identity record.Identity, why, key string, by record.Actor) error {
	for {
		e, epoch, err := h.commitSoon(ctx, key, func() (*record.Event, bool, error) {
			return &record.Event{Kind: record.EvIdentity, By: by, Identity: &identity,
				Marks: []record.Mark{{Kind: record.MarkUnreachable, Value: cleanLine(why, 512)}}}, false, nil
		})
		var dup *duplicate
		if errors.As(err, &dup) {
			return h.await(ctx, dup.ID, epoch)
		}
		if err != nil {
			return err
		}
		if err = h.await(ctx, e.ID, epoch); !errors.Is(err, errDropped) {
			return err
		}
	}
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
