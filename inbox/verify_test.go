package inbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
)

// listProbe is a probe whose provider keeps a list.
type listProbe struct {
	*probe
	verify func(ctx context.Context, a *channels.Audit) error
}

func (a listProbe) Verify(ctx context.Context, audit *channels.Audit) error {
	return a.verify(ctx, audit)
}

// What the provider has and the record has not, has twice, or has not reached the provider is named; a running hub is not disturbed.
func TestVerify(t *testing.T) {
	for _, s := range []store{{"redis-server", "sqlite"}, {"redis-server", "postgres"}} {
		t.Run(s.String(), func(t *testing.T) {
			r := newRig(t, s)
			r.user("ann", 3)
			h, _ := r.hub()
			hour := time.Now().Add(-time.Hour)
			in := func(key, id string) channels.Inbound {
				return channels.Inbound{Key: key, ProviderID: id, Thread: "t", Address: "t", Text: key, At: hour}
			}
			batch := []channels.Inbound{in("k1", "<1>"), in("k2", "<2>"), in("k3", "<2>"), in("moved", "<4>")}
			if err := h.receive(t.Context(), r.account, channels.Batch{Messages: batch}); err != nil {
				t.Fatal(err)
			}
			sent := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "one"}}))
			db, err := record.OpenReadOnly(t.Context(), r.dbURL)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			acct, err := db.Account(t.Context(), r.account.ID)
			if err != nil {
				t.Fatal(err)
			}
			acct.CreatedAt = record.At(hour.Add(-48 * time.Hour))
			var list []channels.Found
			var refused error
			var since time.Time
			knownKeys := 0
			kind := r.provider.kind()
			kind.Open = func(c channels.Config) (channels.Adapter, error) {
				return listProbe{&probe{r.provider, c}, func(ctx context.Context, a *channels.Audit) error {
					since = a.Since
					c.Desk.Health(channels.Health{State: "failing"})
					refused = c.Desk.Receive(ctx, channels.Batch{Messages: batch})
					a.Note("%s", "a note")
					if err := a.Known(func(string) bool { knownKeys++; return true }); err != nil {
						return err
					}
					for _, f := range list {
						if err := a.Found(f); err != nil {
							return err
						}
					}
					return nil
				}}, nil
			}
			o := VerifyOptions{DB: db, Kinds: []channels.Kind{kind}, Key: make([]byte, 32), Account: acct, Since: hour.Add(-72 * time.Hour)}
			found := func(key, id string) channels.Found {
				return channels.Found{Key: key, ProviderID: id, At: hour, What: "from t"}
			}
			list = []channels.Found{found("k1", "<1>"), found("k2", "<2>"), found("elsewhere", "<4>")}
			v, err := Verify(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if v.Received != 3 || len(v.Missing) != 0 || len(v.Double) != 1 || v.Double[0].ProviderID != "<2>" || v.Whole() || refused == nil || knownKeys != 4 {
				t.Errorf("%+v, %v, %d keys", v, refused, knownKeys)
			}
			if notes := strings.Join(v.Notes, "\n"); !strings.Contains(notes, "a note") || !strings.Contains(notes, "older ones are left out") || !since.Equal(acct.CreatedAt.Time()) {
				t.Errorf("%q, since %v", notes, since)
			}

			now := found("k9", "<9>")
			now.At = time.Now()
			list = []channels.Found{found("k1", "<1>"), found("k7", "<7>"), now,
				{ProviderID: sent.ProviderID, At: time.Now(), Outbound: true}, {ProviderID: "by hand", At: hour, Outbound: true}}
			if v, err = Verify(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if v.Received != 3 || v.Sent != 2 || len(v.Missing) != 1 || v.Missing[0].Key != "k7" || v.Missing[0].What != "from t" || len(v.Unsent) != 0 {
				t.Errorf("%+v", v)
			}
			if notes := strings.Join(v.Notes, "\n"); !strings.Contains(notes, "1 messages came within") || !strings.Contains(notes, "1 of the messages that the provider has from us") {
				t.Errorf("%q", notes)
			}

			o.Kinds = []channels.Kind{r.provider.kind()}
			if _, err := Verify(t.Context(), o); !errors.Is(err, ErrNoVerifier) {
				t.Errorf("a channel without a list: %v", err)
			}
			if x := h.Health(acct.ID); x.State == "failing" {
				t.Error("the check changed the account's health")
			}
		})
	}
}

// What the record says was sent and the provider does not have is named, once it is old enough to be there.
func TestVerifyFindsWhatDidNotGo(t *testing.T) {
	r := newRig(t, store{"redis-server", "sqlite"})
	r.user("ann", 3)
	h, _ := r.hub()
	r.mustSay(h, "t", "1", "hi")
	one := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "one"}}))
	two := r.settled(h, r.put(h, "t", record.Touch{Body: &record.Body{Text: "two"}}))
	a := &audit{Verification: Verification{Account: r.account.ID, Since: time.Now().Add(-time.Hour)}, db: h.db, now: time.Now().Add(time.Hour), sent: map[string]bool{}}
	if err := a.found(t.Context(), channels.Found{ProviderID: one.ProviderID, Outbound: true}); err != nil {
		t.Fatal(err)
	}
	if err := a.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(a.Unsent) != 1 || a.Unsent[0].Touch != two.ID || a.Unsent[0].In == "" || !a.Whole() {
		t.Errorf("%+v", a.Verification)
	}
}
