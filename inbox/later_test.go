package inbox

import (
	"errors"
	"strings"
	"testing"

	"tamas/channels"
	"tamas/inbox/record"
)

// A visitor who waits chooses to be answered by mail, keeps the place, and gets there what was not seen in the chat: once, and not what was.
func TestAnsweredLater(t *testing.T) {
	t.Parallel()
	r := newChats(t, stores[0], "")
	r.tune = byHand
	h, _ := r.hub(r.kinds)
	d := &desk{h: h, acct: func() record.Account { return r.account }}
	if _, err := d.Later(t.Context(), "sara", "sara@example.com"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("nobody waits: %v", err)
	}
	r.mustSay(h, "sara", "k1", "hi")
	r.mustSay(h, "mina", "k2", "hi")
	before := r.live(h, "sara")
	var field *channels.FieldError
	for _, bad := range []string{"nowhere", "messenger", "a b@c"} {
		if _, err := d.Later(t.Context(), "sara", bad); !errors.As(err, &field) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, who := range []string{"sara", "mina"} {
		if link, err := d.Later(t.Context(), who, " "+strings.ToUpper(who[:1])+who[1:]+"@Example.com"); err != nil || link != "" {
			t.Fatalf("%q %v", link, err)
		}
	}
	c := r.live(h, "sara")
	if c.Later != "by-email" || c.Status != record.Waiting || c.WaitingSince != before.WaitingSince || c.QueuedAt != before.QueuedAt || c.Unanswered != before.Unanswered {
		t.Errorf("%+v", c)
	}
	st, err := d.Standing(t.Context(), "sara")
	if err != nil || st.Position != 1 || st.LaterOn != "email" || st.Later != "email" {
		t.Errorf("%+v %v", st, err)
	}
	if notes := r.noted(h, c.ID); len(notes) != 1 || !strings.Contains(notes[0], "sara@example.com") {
		t.Errorf("agents are told %v", notes)
	}
	if items, _, err := d.History(t.Context(), "sara", "", 50); err != nil || len(items) != 1 {
		t.Errorf("the visitor is shown %+v %v", items, err)
	}

	unseen := r.answered(h, "sara", "At nine.")
	seen := r.answered(h, "mina", "At ten.")
	if err := d.Status(t.Context(), seen.ProviderID, record.StateRead, ""); err != nil {
		t.Fatal(err)
	}
	for who, at := range map[string]record.Millis{"sara": unseen.At, "mina": seen.At} {
		now := r.live(h, who)
		if _, err := h.carryLater(t.Context(), &now, at+9_000); err != nil || len(r.letters.list()) > 0 {
			t.Fatalf("before there was time to see it: %v %v", err, r.letters.list())
		}
	}
	for _, who := range []string{"mina", "sara"} {
		now := r.live(h, who)
		for range 2 {
			if _, err := h.carryLater(t.Context(), &now, seen.At+30_000); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "it is sent", func() bool { return len(r.letters.list()) > 0 })
	list := r.letters.list()
	if m := list[0]; len(list) != 1 || m.Address != "sara@example.com" || !strings.Contains(m.Text, "ann: At nine.") || !strings.Contains(m.Text, chatTexts["en"].asked) {
		t.Errorf("%+v", list)
	}
	// What somebody typed proves nothing: it links nobody.
	chat, err := h.db.Identity(t.Context(), c.Identity)
	if err != nil {
		t.Fatal(err)
	}
	mail, err := h.db.Identity(t.Context(), h.db.IdentityOf("email", "sara@example.com", "").ID)
	if err != nil || mail.Customer == chat.Customer {
		t.Errorf("%+v %+v %v", mail, chat, err)
	}
	// It ends with the conversation: who comes back waits in the chat again.
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Resolve, Conversation: c.ID}); err != nil {
		t.Fatal(err)
	}
	r.mustSay(h, "sara", "k3", "one more thing")
	if c := r.live(h, "sara"); c.Later != "" {
		t.Errorf("%+v", c)
	}
}
