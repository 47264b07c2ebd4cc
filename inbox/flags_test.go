package inbox

import (
	"testing"

	"tamas/inbox/record"
)

// TestFlagsOutliveTheirConversations: a flag is shown until it is answered, also when its conversation has left the live state and its customer
// has begun another one; seeing and answering it brings nothing back.
func TestFlagsOutliveTheirConversations(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 5)
		r.user("sam", 5)
		db := r.openDB()
		account := r.account
		account.ReopenHours = 0
		if _, err := db.EditAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		h, _ := r.hub()
		ask := map[string]string{} // conversation → flag
		past := map[string]record.Conversation{}
		do := func(cmd Command) record.Event {
			t.Helper()
			e, err := h.Do(t.Context(), cmd)
			if err != nil {
				t.Fatal(cmd.Action, err)
			}
			return e
		}
		for _, thread := range []string{"quiet", "again"} {
			r.mustSay(h, thread, thread+"1", "x")
			c := r.live(h, thread)
			do(Command{By: agentActor("ann"), Action: Resolve, Conversation: c.ID})
			ask[c.ID] = do(Command{By: agentActor("ann"), Action: Flag, Conversation: c.ID, Text: "he was rude"}).Touch.ID
			past[thread] = c
			r.closeNow(h, thread)
		}
		r.mustSay(h, "again", "again2", "me again")
		newer := r.live(h, "again")
		if newer.ID == past["again"].ID {
			t.Fatal("the conversation did not close")
		}
		flags := func(want, seen int) {
			t.Helper()
			list := h.WholeTally(t.Context()).Flags
			for _, f := range list {
				if f.Ask.Touch != ask[f.Conversation] {
					t.Errorf("%+v", f)
				}
				if f.Ask.Seen > 0 {
					seen--
				}
			}
			if len(list) != want || seen != 0 {
				t.Errorf("%d flags, want %d: %+v", len(list), want, list)
			}
		}
		flags(2, 0)
		sam := Command{By: agentActor("sam"), Supervisor: true}
		left := 2
		for _, c := range past {
			sam.Conversation = c.ID
			sam.Action, sam.Touch = Seen, ask[c.ID]
			do(sam)
			flags(left, 1)
			sam.Action, sam.ReplyTo, sam.Text = Answer, ask[c.ID], "we have talked"
			answer := do(sam).Touch.ID
			left--
			flags(left, 0)
			touch, err := db.Touch(t.Context(), answer)
			if err != nil || touch.Kind != record.KindAnswer || touch.Body == nil || touch.Body.Text != "we have talked" {
				t.Errorf("the answer is recorded as %+v: %v", touch, err)
			}
			if old, err := db.Header(t.Context(), c.ID); err != nil || old.Flag != nil || old.Status != record.Resolved {
				t.Errorf("%+v %v", old, err)
			}
			if _, live := h.mirror.conversation(c.ID); live {
				t.Error("the conversation is live again")
			}
			sam.Key = "" // answered by somebody else meanwhile
			if _, err := h.Do(t.Context(), sam); code(err) != "conflict" {
				t.Errorf("answered twice: %v", err)
			}
		}
		r.mustSay(h, "again", "again3", "still me")
		if c := r.live(h, "again"); c.ID != newer.ID || c.Unread != 2 {
			t.Errorf("%+v", c)
		}
		if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: Note, Conversation: past["again"].ID, Text: "x"}); code(err) != "conflict" {
			t.Errorf("an old conversation takes the thread from the new one: %v", err)
		}
	})
}
