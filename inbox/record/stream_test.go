package record

import (
	"errors"
	"testing"
)

func TestEventsStreamAndDecisions(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		f := newFirm(t, db)
		const all = eventsPage + 10
		for i := range all {
			e := f.receive([]string{"x", "y"}[i%2], "", "hello")
			if i%100 == 0 {
				e.Reason = &Why{Code: "longest_idle", Engine: i + 1}
			}
		}
		want := f.events
		f.write()
		at := 0
		if err := db.EachEvent(t.Context(), 0, 0, func(e *Event) error {
			if e.ID != want[at].ID || e.Conversation.Version != want[at].Conversation.Version || e.Touch.Body != nil {
				t.Fatalf("at %d: %+v", at, e)
			}
			at++
			return nil
		}); err != nil || at != all {
			t.Fatalf("%d events, %v", at, err)
		}
		stop, n := errors.New("enough"), uint64(0)
		if err := db.EachEvent(t.Context(), 5, 9, func(e *Event) error { n += e.ID.N; return nil }); err != nil || n != 6+7+8+9 {
			t.Errorf("from 6 to 9: %d, %v", n, err)
		}
		if err := db.EachEvent(t.Context(), 0, 0, func(*Event) error { return stop }); err != stop {
			t.Errorf("got %v", err)
		}

		for _, x := range []struct {
			f           DecidedFilter
			first, last int // engines
			n           int
		}{{DecidedFilter{}, 1, 2001, 21}, {DecidedFilter{Limit: 2}, 1901, 2001, 2}, {DecidedFilter{Conversation: "y"}, 0, 0, 0},
			{DecidedFilter{Conversation: "x", Since: want[1500].At}, 1501, 2001, 6}} {
			list := must(db.Decided(t.Context(), x.f))
			if len(list) != x.n || x.n > 0 && (list[0].Reason.Engine != x.first || list[x.n-1].Reason.Engine != x.last || list[0].ID != want[x.first-1].ID) {
				t.Errorf("%+v: %d decisions", x.f, len(list))
			}
		}
		if id := must(db.Numbered(t.Context(), 2)); id != "y" {
			t.Errorf("#2 is %q", id)
		}
		if _, err := db.Numbered(t.Context(), 99); !errors.Is(err, ErrNotFound) {
			t.Errorf("#99: %v", err)
		}
	})
}
