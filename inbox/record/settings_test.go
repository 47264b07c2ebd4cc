package record

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func TestSettingsRows(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()

		u, err := db.AddUser(ctx, User{Email: " Sara@Example.com", Name: "سارا", Role: RoleAgent, Locale: "fa", Capacity: 6, CreatedAt: 5}, "hash1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.AddUser(ctx, User{Email: "sara@example.COM"}, "x"); !errors.Is(err, ErrTaken) {
			t.Errorf("the same address again: %v", err)
		}
		got, hash, err := db.UserByEmail(ctx, "SARA@example.com ")
		if err != nil || !reflect.DeepEqual(got, u) || hash != "hash1" {
			t.Errorf("got %+v %q %v, want %+v", got, hash, err, u)
		}
		u.Name = "Sara"
		if u, err = db.EditUser(ctx, u, "", ""); err != nil || u.Version != 2 || must(db.Password(ctx, u.ID)) != "hash1" {
			t.Errorf("edit: %+v %v", u, err)
		}
		old := u
		old.Version = 1
		if _, err := db.EditUser(ctx, old, "", ""); !errors.Is(err, ErrConflict) {
			t.Errorf("edit of an old version: %v", err)
		}
		if _, err := db.EditUser(ctx, User{ID: "nobody", Version: 1}, "", ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("edit of no row: %v", err)
		}
		if _, err := db.User(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("no user: %v", err)
		}

		q := must(db.AddQueue(ctx, Queue{Name: "General", Mode: "offer", OfferSeconds: 20, TargetSecs: 60, Members: []string{u.ID, "u2", "u2"}}))
		q.Members = []string{"u3", u.ID}
		if q, err = db.EditQueue(ctx, q); err != nil {
			t.Fatal(err)
		}
		stale := q
		stale.Version, stale.Members = 1, nil
		if _, err := db.EditQueue(ctx, stale); !errors.Is(err, ErrConflict) {
			t.Errorf("edit of an old queue: %v", err)
		}
		if list := must(db.Queues(ctx)); len(list) != 1 || len(list[0].Members) != 2 || list[0].Version != 2 || list[0].TargetSecs != 60 {
			t.Errorf("queues %+v", list)
		}

		a := must(db.AddAccount(ctx, Account{Kind: "email", Name: "Support", Queue: q.ID, ReopenHours: 72, Enabled: true,
			Settings: json.RawMessage(`{"host": "example.com"}`), SecretsSet: []string{"password"}, SealedSecret: []byte{0, 1, 255}, CreatedAt: 9}))
		if back := must(db.Account(ctx, a.ID)); !reflect.DeepEqual(back, a) {
			t.Errorf("account\n got %+v\nwant %+v", back, a)
		}
		f := newFirm(t, db)
		f.append(Event{Kind: EvCursor, Account: a.ID, Cursor: "uid 7"})
		f.write()
		a.Name, a.Kind = "Help", "other"
		if a, err = db.EditAccount(ctx, a); err != nil {
			t.Fatal(err)
		}
		if back := must(db.Accounts(ctx)); len(back) != 1 || back[0].Cursor != "uid 7" || back[0].Name != "Help" || back[0].Kind != "email" || back[0].Version != 2 {
			t.Errorf("accounts %+v", back)
		}

		c := must(db.AddCanned(ctx, Canned{Shortcut: "hi", Title: "Greeting", Text: "سلام"}))
		if _, err := db.AddCanned(ctx, Canned{Shortcut: "hi"}); !errors.Is(err, ErrTaken) {
			t.Errorf("the same shortcut again: %v", err)
		}
		c.Text = "Hello"
		c = must(db.EditCanned(ctx, c))
		if list := must(db.CannedAll(ctx)); len(list) != 1 || list[0] != c {
			t.Errorf("canned %+v", list)
		}
		if err := db.RemoveCanned(ctx, c.ID, 1); !errors.Is(err, ErrConflict) {
			t.Errorf("remove an old version: %v", err)
		}
		if err := db.RemoveCanned(ctx, c.ID, 2); err != nil {
			t.Error(err)
		}
		if err := db.RemoveCanned(ctx, c.ID, 0); !errors.Is(err, ErrNotFound) {
			t.Errorf("remove again: %v", err)
		}

		type firmSettings struct{ Name string }
		var s firmSettings
		if v, err := db.Setting(ctx, "firm", &s); v != 0 || err != nil {
			t.Errorf("no setting: %d %v", v, err)
		}
		if v, err := db.SetSetting(ctx, "firm", 0, firmSettings{"تماس"}); v != 1 || err != nil {
			t.Errorf("first: %d %v", v, err)
		}
		if _, err := db.SetSetting(ctx, "firm", 0, firmSettings{"other"}); !errors.Is(err, ErrConflict) {
			t.Errorf("first again: %v", err)
		}
		if v, err := db.SetSetting(ctx, "firm", 1, firmSettings{"Tamas"}); v != 2 || err != nil {
			t.Errorf("second: %d %v", v, err)
		}
		if v, err := db.Setting(ctx, "firm", &s); v != 2 || err != nil || s.Name != "Tamas" {
			t.Errorf("setting: %d %v %v", v, s, err)
		}
	})
}

func TestSessionsAndTokens(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		u := must(db.AddUser(ctx, User{Email: "a@b.c", Role: RoleAdmin}, "hash"))
		var ids []string
		for _, h := range []string{"h1", "h2", "h3"} {
			ids = append(ids, must(db.AddSession(ctx, Session{User: u.ID, CreatedAt: 100, SeenAt: 100, ExpiresAt: 1000, Address: "::1", Browser: "b"}, h)).ID)
		}
		s, who, err := db.Session(ctx, "h1", 500)
		if err != nil || s.ID != ids[0] || !reflect.DeepEqual(who, u) {
			t.Errorf("session %+v %+v %v", s, who, err)
		}
		if _, _, err := db.Session(ctx, "h1", 1000); !errors.Is(err, ErrNotFound) {
			t.Errorf("a session that is over: %v", err)
		}
		if err := db.SeenSession(ctx, ids[0], 900, 2000); err != nil {
			t.Fatal(err)
		}
		if list := must(db.Sessions(ctx, u.ID, 1500)); len(list) != 1 || list[0].SeenAt != 900 {
			t.Errorf("sessions %+v", list)
		}
		if err := db.EndSession(ctx, "another", ids[0]); !errors.Is(err, ErrNotFound) {
			t.Errorf("end another's session: %v", err)
		}
		if err := db.EndSession(ctx, u.ID, ids[1]); err != nil {
			t.Error(err)
		}
		u = must(db.EditUser(ctx, u, "new hash", ids[0]))
		if list := must(db.Sessions(ctx, u.ID, 500)); len(list) != 1 || list[0].ID != ids[0] {
			t.Errorf("sessions after a new password %+v", list)
		}

		k := must(db.AddToken(ctx, Token{User: u.ID, Name: "crm", CreatedAt: 100}, "t1"))
		if got, who, err := db.Token(ctx, "t1"); err != nil || got != k || !reflect.DeepEqual(who, u) {
			t.Errorf("token %+v %+v %v", got, who, err)
		}
		if err := db.SeenToken(ctx, k.ID, 200); err != nil || must(db.Tokens(ctx, ""))[0].SeenAt != 200 || len(must(db.Tokens(ctx, "another"))) != 0 {
			t.Errorf("tokens: %v", err)
		}
		u.Disabled = true
		must(db.EditUser(ctx, u, "", ids[0]))
		if _, _, err := db.Token(ctx, "t1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("token of a disabled user: %v", err)
		}
		if list := must(db.Sessions(ctx, u.ID, 500)); len(list) != 0 {
			t.Errorf("sessions of a disabled user %+v", list)
		}
		if err := db.EndToken(ctx, k.ID); err != nil {
			t.Error(err)
		}
	})
}

func TestSetup(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		admin, general := User{Email: "a@b.c", Role: RoleAdmin}, Queue{Name: "General", Mode: "offer"}
		if !must(db.SetupNeeded(ctx)) {
			t.Error("an empty record needs no setup")
		}
		for _, h := range []string{"old", "new"} {
			if err := db.NewSetup(ctx, h); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := db.Setup(ctx, "old", admin, "hash", general); !errors.Is(err, ErrNotFound) {
			t.Errorf("an earlier token: %v", err)
		}
		u, q, err := db.Setup(ctx, "new", admin, "hash", general)
		if err != nil {
			t.Fatal(err)
		}
		if got := must(db.Queue(ctx, q.ID)); len(got.Members) != 1 || got.Members[0] != u.ID {
			t.Errorf("first queue %+v", got)
		}
		if _, _, err := db.Setup(ctx, "new", User{Email: "x@y.z"}, "hash", general); !errors.Is(err, ErrConflict) {
			t.Errorf("the token again: %v", err)
		}
		if err := db.NewSetup(ctx, "later"); !errors.Is(err, ErrConflict) || must(db.SetupNeeded(ctx)) {
			t.Errorf("a token when there is a user: %v", err)
		}
	})
}
