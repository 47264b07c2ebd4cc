package inbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// mustLog logs until all is recorded, as a sender does.
func mustLog(t *testing.T, h *Hub, list ...record.Entry) []Logged {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		out, err := h.Log(t.Context(), agentActor("u1"), list)
		if err == nil {
			return out
		}
		if !errors.Is(err, channels.ErrUnrecorded) && !errors.Is(err, channels.ErrOverloaded) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func purchase(id string, amount record.Amount) record.Entry {
	return record.Entry{ID: id, Source: "shop", Kind: record.KindPurchase, Customer: record.Who{Phone: "+989121234567"},
		Data: record.Data{Amount: amount, Currency: "EUR"}}
}

func TestLog(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("u1", 5)
		h, _ := r.hub()
		r.mustSay(h, "t1", "k1", "hello")
		before := h.mirror.filter(func(*record.Conversation) bool { return true })
		out := mustLog(t, h, purchase("1", 10_000),
			record.Entry{ID: "2", Kind: record.KindCall, Customer: record.Who{Channel: "probe", Address: "t1"}, Text: "asked for the price", Data: record.Data{Seconds: 90}},
			record.Entry{ID: "3", Kind: "tea", Customer: record.Who{Phone: "+989121234567"}},
			record.Entry{ID: "4", Kind: record.KindNote, Customer: record.Who{ID: h.db.IdentityOf("probe", "t1", "").Customer}, Text: "prefers mornings"},
			record.Entry{ID: "5", Kind: record.KindNote, Customer: record.Who{ID: "nobody"}, Text: "?"},
			record.Entry{ID: "6", Kind: record.KindNote, Customer: record.Who{Identity: "nobody"}, Text: "?"},
			purchase("1", 20_000))
		for i, want := range []string{LogRecorded, LogRecorded, LogRefused, LogRecorded, LogRefused, LogRefused, LogKnown} {
			if out[i].Status != want || (out[i].Error != nil) != (want == LogRefused) || (out[i].Touch != "") != (want != LogRefused) {
				t.Errorf("%d: %+v %+v, want it %s", i, out[i], out[i].Error, want)
			}
		}
		if out[6].Touch != out[0].Touch || out[2].Error.Field != "kind" || out[4].Error.Field != "customer.id" || out[5].Error.Field != "customer.identity" {
			t.Errorf("%+v", out)
		}
		// What is acknowledged is recorded, each in its place on a customer's timeline, and no conversation is other than before.
		line, err := h.db.Timeline(t.Context(), h.db.IdentityOf("probe", "t1", "").Customer, "", 10)
		if err != nil || len(line.Items) != 3 {
			t.Fatalf("%+v, %v", line, err)
		}
		got, err := h.db.Touch(t.Context(), out[0].Touch)
		if err != nil || got.Data == nil || got.Data.Amount != 10_000 || got.Identity != h.db.IdentityOf("sms", "+989121234567", "").ID {
			t.Errorf("%+v %+v, %v", got, got.Data, err)
		}
		if after := h.mirror.filter(func(*record.Conversation) bool { return true }); len(after) != 1 || len(before) != 1 || after[0].Version != before[0].Version {
			t.Errorf("conversations before %+v, after %+v", before, after)
		}
	})
}

// Any senders, over several nodes, with repetitions and while the live store is emptied: each entry is there once, with the first
// one's data, and everybody is told the same touch.
func TestLoggedOnceOverNodes(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("u1", 5)
		a, _ := r.hub()
		b, _ := r.hub()
		const senders, ids = 6, 40
		touches := make([]map[string]string, senders)
		var wg sync.WaitGroup
		for s := range senders {
			touches[s] = map[string]string{}
			wg.Add(1)
			go func() {
				defer wg.Done()
				rng := rand.New(rand.NewPCG(7, uint64(s)))
				for round := range 8 {
					if s == 0 && round == 4 {
						if err := a.rdb.FlushAll(context.WithoutCancel(t.Context())).Err(); err != nil {
							t.Error(err)
						}
					}
					list := make([]record.Entry, 1+rng.IntN(20))
					for i := range list {
						list[i] = purchase(fmt.Sprint(rng.IntN(ids)), record.Amount(s+1))
					}
					h := []*Hub{a, b}[rng.IntN(2)]
					for i, l := range mustLog(t, h, list...) {
						if l.Status == LogRefused {
							t.Errorf("%+v", l.Error)
						}
						if was := touches[s][list[i].ID]; was != "" && was != l.Touch {
							t.Errorf("%s was %s and is %s", list[i].ID, was, l.Touch)
						}
						touches[s][list[i].ID] = l.Touch
					}
				}
			}()
		}
		wg.Wait()
		line, err := a.db.Timeline(t.Context(), a.db.IdentityOf("sms", "+989121234567", "").Customer, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]string{}
		for _, x := range line.Items {
			if there[x.Key] != "" {
				t.Errorf("%s is there twice", x.Key)
			}
			there[x.Key] = x.ID
		}
		told := map[string]bool{}
		for s := range touches {
			for id, touch := range touches[s] {
				told[id] = true
				if there[id] != touch {
					t.Errorf("sender %d was told that %s is %s; it is %s", s, id, touch, there[id])
				}
			}
		}
		if len(told) != len(there) {
			t.Errorf("%d were acknowledged, %d are there", len(told), len(there))
		}
	})
}

// Sockets are told that there is a touch, not what it says in fields: not everybody may see amounts.
func TestSocketsAreNotToldData(t *testing.T) {
	amount := record.Data{Amount: 10_000, Currency: "EUR"}
	for _, touch := range []*record.Touch{{ID: "t1", Data: &amount}, {ID: "t1", Data: &amount, Body: &record.Body{Text: "hello", HTML: "<p>hello"}}} {
		e := &record.Event{Kind: record.EvLogged, Touch: touch}
		body, _, err := encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(frameJSON("1-2", body, e)); strings.Contains(text, "EUR") || strings.Contains(text, "<p>") || !strings.Contains(text, `"t1"`) || touch.Data == nil {
			t.Error(text)
		}
	}
}
