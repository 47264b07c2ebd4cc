package inbox

import (
	"context"
	"slices"
	"strings"
	"testing"

	"tamas/inbox/record"
)

// What could not be said of recorded ids is said with the next ones, once.
func TestRecordedIdsAreSaidInTheEnd(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	rdb, err := OpenRedis(t.Context(), r.redisURL)
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	h, err := New(Options{Redis: rdb, DB: r.openDB(), Key: make([]byte, 32), Workspace: r.space})
	if err != nil {
		t.Fatal(err)
	}
	events := func(ns ...uint64) (list []record.Event) {
		for _, n := range ns {
			list = append(list, record.Event{ID: record.ID{N: n, Token: 7}})
		}
		return list
	}
	said := func() (ids []string) {
		all, err := rdb.XRange(t.Context(), h.keys.recorded(), "-", "+").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			ids = append(ids, strings.Fields(x.Values["ids"].(string))...)
		}
		return ids
	}
	away, cancel := context.WithCancel(t.Context())
	cancel()
	var unsaid published
	unsaid.add(events(1, 2))
	h.publishRecorded(away, &unsaid)
	unsaid.add(events(3))
	h.publishRecorded(t.Context(), &unsaid)
	if got := said(); !slices.Equal(got, []string{"1-7", "2-7", "3-7"}) || len(unsaid.texts) != 0 {
		t.Errorf("said %v, left %v", got, unsaid.texts)
	}
	unsaid.add(events(3)) // its reply was lost
	h.publishRecorded(t.Context(), &unsaid)
	if got := said(); len(got) != 3 || len(unsaid.texts) != 0 {
		t.Errorf("said %v, left %v", got, unsaid.texts)
	}
	for n := range uint64(2*maxUnsaid) / 100 {
		list := make([]uint64, 100)
		for i := range list {
			list[i] = 10 + n*100 + uint64(i)
		}
		unsaid.add(events(list...))
	}
	if len(unsaid.texts) != maxUnsaid || unsaid.texts[maxUnsaid-1] != unsaid.last.String() {
		t.Errorf("%d ids wait", len(unsaid.texts))
	}
}
