package inbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tamas/channels"
	"tamas/inbox/record"
)

const card = "4111 1111 1111 1111"

// private turns a privacy setting on.
func (r *rig) private(h *Hub, p record.PrivacySetting) {
	r.t.Helper()
	version, err := h.db.Setting(r.t.Context(), PrivacySetting, &record.PrivacySetting{})
	if err == nil {
		_, err = h.db.SetSetting(r.t.Context(), PrivacySetting, version, p)
	}
	if err == nil {
		err = h.readSettings(r.t.Context())
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// What is masked in a file's texts is kept like that of messages, and only the touch of its row opens it.
func TestMaskedImport(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		h, _ := r.hub()
		r.private(h, record.PrivacySetting{Cards: true, Keep: true})
		i := upload(t, h, record.ImportTouches, "id,kind,phone,text\n1,call,09120000001,paid with "+card+"\n2,call,09120000001,paid in cash\n")
		ask(t, h, i.ID, "run")
		until(t, h, i.ID, record.ImportDone)
		line, err := h.db.Timeline(t.Context(), h.db.IdentityOf("phone", "+989120000001", "").Customer, "", 10)
		if err != nil || len(line.Items) != 2 {
			t.Fatalf("%+v %v", line, err)
		}
		byKey := map[string]*record.Touch{}
		for _, item := range line.Items {
			whole, err := h.db.Touch(t.Context(), item.ID)
			if err != nil {
				t.Fatal(err)
			}
			byKey[whole.Key] = &whole
		}
		if b := byKey["1"].Body; b.Text != "paid with •••• 1111" || strings.Join(b.Masked, " ") != "card" {
			t.Errorf("%+v", b)
		}
		if got, err := h.Unmask(byKey["1"]); err != nil || len(got) != 1 || got[0].Value != card {
			t.Errorf("%+v %v", got, err)
		}
		if _, err := h.Unmask(byKey["2"]); !errors.Is(err, ErrNothingKept) || byKey["2"].Body.Masked != nil {
			t.Errorf("%v %+v", err, byKey["2"].Body)
		}
	})
}

// What is masked stands nowhere: not in the log, not in the record, not in a file; and what is kept of it only its own message opens.
func TestMasked(t *testing.T) {
	eachEnd(t, func(t *testing.T, r *rig) {
		r.user("ann", 5)
		h, _ := r.hub()
		r.private(h, record.PrivacySetting{Cards: true, NationalIDs: "named", Passwords: true, Keep: true})
		long := strings.Repeat("a long text ", 10_000) + card
		for _, m := range []channels.Inbound{
			{Key: "k1", Text: "my card is " + card + " and رمز عبور: zahra1380", Subject: "card " + card, HTML: "<p>my card is <b>" + card + "</b></p>"},
			{Key: "k2", Text: long},
			{Key: "k3", Kind: channels.Edit, Of: "k1", Text: "کد ملی من ۰۰۸۴۵۷۵۹۴۸ است"},
			{Key: "k4", Text: "nothing to mask"},
		} {
			m.Thread, m.Address = "x", "x"
			if err := h.receive(t.Context(), r.account, channels.Batch{Messages: []channels.Inbound{m}}); err != nil {
				t.Fatal(err)
			}
		}
		list := r.touches(h.db, "x")
		if len(list) != 4 {
			t.Fatalf("%d touches", len(list))
		}
		b := list[0].Body
		if b.Text != "my card is •••• 1111 and رمز عبور: ••••••" || b.Subject != "card •••• 1111" || b.HTML != "<p>my card is <b>•••• 1111</b></p>" || strings.Join(b.Masked, " ") != "card password" {
			t.Errorf("%+v", b)
		}
		secrets, err := h.Unmask(&list[0])
		if err != nil || len(secrets) != 2 || secrets[0].Value != card || secrets[1].Value != "zahra1380" {
			t.Errorf("%+v %v", secrets, err)
		}
		if got, err := h.Unmask(&list[2]); err != nil || len(got) != 1 || got[0].Value != "۰۰۸۴۵۷۵۹۴۸" {
			t.Errorf("%+v %v", got, err)
		}
		if _, err := h.Unmask(&list[3]); !errors.Is(err, ErrNothingKept) || list[3].Body.Masked != nil {
			t.Error("of nothing:", err)
		}
		swapped := list[1]
		swapped.Key = "k1"
		if _, err := h.Unmask(&swapped); err == nil {
			t.Error("another message's secrets were opened")
		}
		if light := b.Light(); light.Sealed != nil {
			t.Error("answers carry what is sealed")
		}

		cold := list[0].Conversation
		if _, err := h.Do(t.Context(), Command{Key: "n1", By: record.Actor{Kind: "agent", ID: "ann"}, Supervisor: true, Action: Note, Conversation: cold, Text: "said " + card}); err != nil {
			t.Fatal(err)
		}
		all, _, err := h.db.Touches(t.Context(), cold, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		note := all[len(all)-1]
		if note.Body.Text != "said •••• 1111" {
			t.Errorf("%+v", note.Body)
		}
		if got, err := h.Unmask(&note); err != nil || len(got) != 1 || got[0].Value != card {
			t.Errorf("of a note: %+v %v", got, err)
		}

		log, err := h.rdb.XRange(t.Context(), h.keys.events(), "-", "+").Result()
		if err != nil {
			t.Fatal(err)
		}
		var everything bytes.Buffer
		for _, x := range log {
			everything.WriteString(x.Values["e"].(string))
		}
		if _, err := h.db.Dump(t.Context(), func(_ record.Table, rows record.Rows) error {
			for row, err := range rows {
				if err != nil {
					return err
				}
				if err := json.NewEncoder(&everything).Encode(row); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{card, "zahra1380", "۰۰۸۴۵۷۵۹۴۸", "4111111111111111"} {
			if strings.Contains(everything.String(), secret) {
				t.Errorf("%q is left", secret)
			}
		}
		if whole := list[1].Body.Blob; whole == "" {
			t.Error("the long text has no blob")
		} else if f, err := h.blobs.Open(whole); err != nil {
			t.Error(err)
		} else {
			defer f.Close()
			var b bytes.Buffer
			if _, err := b.ReadFrom(f); err != nil || strings.Contains(b.String(), card) || !strings.HasSuffix(b.String(), "•••• 1111") {
				t.Error("the file with the whole text:", b.Len(), err)
			}
		}

		r.private(h, record.PrivacySetting{Cards: true})
		r.mustSay(h, "y", "k9", card)
		if y := r.touches(h.db, "y")[0]; y.Body.Text != "•••• 1111" || len(y.Body.Sealed) > 0 {
			t.Errorf("kept though nothing is to be: %+v", y.Body)
		}
	})
}
