package telegram

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"tamas/channels"
)

// fetching bounds how many files are fetched at once.
const fetching = 4

// fill brings to a page's messages what their updates lack: the files' content, and the thread that a group had before it
// moved. failed tells, by index, which of them cannot be had whole now.
func (a *adapter) fill(ctx context.Context, page []arrival) (failed []error, err error) {
	failed = make([]error, len(page))
	var keys []string
	for i := range page {
		u := &page[i]
		if u.movedTo != 0 {
			a.homes.put(u.movedTo, u.chat)
		}
		if u.record && u.group {
			failed[i] = a.home(ctx, u)
		}
		if u.record && len(u.files) > 0 {
			keys = append(keys, u.in.Key)
		}
	}
	if len(keys) == 0 {
		return failed, nil
	}
	known, err := a.desk.Recorded(ctx, keys)
	if err != nil {
		known = nil // then they are fetched once more
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, fetching)
	for i := range page {
		u := &page[i]
		if !u.record || len(u.files) == 0 || known[u.in.Key] || failed[i] != nil {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			failed[i] = a.fetchAll(ctx, u)
		})
	}
	wg.Wait()
	return failed, ctx.Err()
}

// fetchAll brings an arrival's files.
func (a *adapter) fetchAll(ctx context.Context, u *arrival) error {
	files := make([]channels.File, 0, len(u.files))
	for _, r := range u.files {
		f, err := a.fetch(ctx, r)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	u.in.Files = files
	return nil
}

// home leads what comes from a supergroup to the thread that it had as a group. The record remembers that it moved: see moved.
func (a *adapter) home(ctx context.Context, u *arrival) error {
	if u.movedTo != 0 {
		return nil
	}
	old, ok := a.homes.get(u.chat)
	if !ok {
		thread, err := a.desk.ThreadOf(ctx, []string{groupThread(u.chat, 0)})
		if err != nil {
			return fmt.Errorf("look for the group's thread: %w", err)
		}
		t, ok := targetOf(thread, "")
		if !ok || !strings.HasPrefix(thread, "chat:") {
			return nil
		}
		old = t.chat
		a.homes.put(u.chat, old)
	}
	u.in.Thread, u.in.Address = groupThread(old, u.topic), groupThread(old, 0)
	return nil
}
