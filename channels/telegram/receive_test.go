package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
	"tamas/channels/telegram/telegramtest"
)

func TestContent(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	who := customer(0)
	const link = "https://www.openstreetmap.org/?mlat=35.700000&mlon=51.400000#map=16/35.700000/51.400000"
	user := map[string]any{"id": 9, "first_name": "Ali", "last_name": "Rad"}
	for i, c := range []struct {
		fields map[string]any
		text   string
		html   string
	}{
		{map[string]any{"text": "plain"}, "plain", ""},
		{map[string]any{"location": map[string]any{"latitude": 35.7, "longitude": 51.4}}, "📍 35.700000, 51.400000\n" + link, ""},
		{map[string]any{"location": map[string]any{"latitude": 35.7, "longitude": 51.4}, "venue": map[string]any{"title": "Tea house", "address": "Valiasr 1",
			"location": map[string]any{"latitude": 35.7, "longitude": 51.4}}}, "📍 Tea house\nValiasr 1\n35.700000, 51.400000\n" + link, ""},
		{map[string]any{"contact": map[string]any{"phone_number": "+98912", "first_name": "Ali"}}, "👤 Ali\n+98912", ""},
		{map[string]any{"poll": map[string]any{"id": "1", "question": "Which?", "options": []any{map[string]any{"text": "a"}, map[string]any{"text": "b"}}}}, "📊 Which?\n◦ a\n◦ b", ""},
		{map[string]any{"dice": map[string]any{"emoji": "🎲", "value": 5}}, "🎲 5", ""},
		{map[string]any{"game": map[string]any{"title": "Chess", "photo": []any{}}}, "🎮 Chess", ""},
		{map[string]any{"story": map[string]any{"id": 3, "chat": map[string]any{"id": -5, "type": "channel", "username": "tea_house"}}}, "📖 https://t.me/tea_house/s/3", ""},
		{map[string]any{"text": "😀 see here now", "entities": []map[string]any{{"type": "text_link", "offset": 7, "length": 4, "url": "https://a.example/x"}}},
			"😀 see here (https://a.example/x) now", `😀 see <a href="https://a.example/x" rel="noopener noreferrer nofollow" target="_blank">here</a> now`},
		{map[string]any{"text": "news", "forward_origin": map[string]any{"type": "hidden_user", "sender_user_name": "N.", "date": 1}}, "↪ N.\nnews", ""},
		{map[string]any{"text": "news", "forward_origin": map[string]any{"type": "user", "sender_user": user, "date": 1}}, "↪ Ali Rad\nnews", ""},
		{map[string]any{"text": "news", "forward_origin": map[string]any{"type": "channel", "chat": map[string]any{"id": -5, "type": "channel", "title": "Tea", "username": "tea_house"}, "message_id": 8, "date": 1}},
			"↪ Tea https://t.me/tea_house/8\nnews", ""},
		{map[string]any{"text": "of next year", "forward_origin": map[string]any{"type": "from_the_moon", "date": 1}}, "of next year", ""},
		{map[string]any{"text": "yes", "quote": map[string]any{"text": "the blue\none", "position": 3, "is_manual": true}}, "> the blue\n> one\nyes", "<blockquote>the blue<br>one</blockquote>yes"},
	} {
		srv.SayWith(who, c.fields)
		m := desk.AwaitMessages(t, i+1)[i]
		if m.Text != c.text || m.HTML != c.html || m.Unreadable != "" {
			t.Errorf("%v\nis %q, %q %s, want %q, %q", c.fields, m.Text, m.HTML, m.Unreadable, c.text, c.html)
		}
		if m.Address != "4000" || m.Thread != "4000" || m.Name != "Mina Rad" || m.Lang != "fa" {
			t.Errorf("message %d is of %+v", i, m)
		}
	}
}

// What nobody said, or is not for us, is passed over and acknowledged; what is new to us is kept raw.
func TestOtherUpdates(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	who := customer(0)
	srv.Say(who, "first")
	desk.AwaitMessages(t, 1)
	id := srv.SayWith(who, map[string]any{"location": map[string]any{"latitude": 1, "longitude": 2, "live_period": 600}})
	srv.EditWith(who, id, map[string]any{"location": map[string]any{"latitude": 3, "longitude": 4, "live_period": 600}})
	srv.SayWith(who, map[string]any{"pinned_message": map[string]any{"message_id": 1, "date": 1, "chat": map[string]any{"id": 4000, "type": "private"}}})
	srv.SayWith(who, map[string]any{"message_auto_delete_timer_changed": map[string]any{"message_auto_delete_time": 5}})
	srv.SayIn(telegramtest.Group{ID: -100, Title: "Group", Super: true}, who, map[string]any{"text": "in a group"})
	srv.SayWith(who, map[string]any{"some_thing_of_next_year": map[string]any{"a": 1}})
	srv.Inject(1, `{"update_id":%d,"poll":{"id":"1"}}`)
	srv.Say(who, "last")
	got := desk.AwaitMessages(t, 4)
	desk.Await(t, "everything is acknowledged", func() bool { return srv.Pending() == 0 })
	if m := got[2]; m.Unreadable == "" || !bytes.Contains(m.Raw, []byte("next_year")) || m.RawName == "" || m.Thread != "4000" {
		t.Errorf("an unknown kind of message is not kept raw: %+v", m)
	}
	if len(desk.Messages()) != 4 || got[3].Text != "last" {
		t.Errorf("%+v", got)
	}
	// Updates of kinds that were not asked for get no number, so what is passed over leaves no gap.
	if c, _ := desk.Cursor(context.Background()); !strings.HasPrefix(c, "500000009 ") || len(strings.Fields(c)) != 2 {
		t.Errorf("the recorded cursor is %q", c)
	}
}

func TestMedia(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	ogg, mp4, webp := []byte("OggS\x00\x02voice"), []byte("\x00\x00\x00\x18ftypmp42video"), []byte("RIFF\x24\x00\x00\x00WEBPVP8 sticker")
	for i, c := range []struct {
		file telegramtest.File
		text string
		want channels.File
	}{
		{telegramtest.File{Kind: "voice", Type: "audio/ogg", Content: ogg}, "", channels.File{Name: "voice.ogg", Kind: "voice", Duration: 3}},
		{telegramtest.File{Kind: "video", Name: "tour.mp4", Type: "video/mp4", Content: mp4}, "", channels.File{Name: "tour.mp4", Kind: "video", Duration: 3, Width: 640, Height: 480}},
		{telegramtest.File{Kind: "animation", Type: "video/mp4", Content: mp4}, "", channels.File{Name: "animation.mp4", Kind: "video", Duration: 3, Width: 640, Height: 480}},
		{telegramtest.File{Kind: "video_note", Content: mp4}, "", channels.File{Name: "video.mp4", Kind: "video", Duration: 3, Width: 240, Height: 240}},
		{telegramtest.File{Kind: "audio", Name: "song.mp3", Type: "audio/mpeg", Content: []byte("ID3song")}, "", channels.File{Name: "song.mp3", Kind: "audio", Duration: 3}},
		{telegramtest.File{Kind: "sticker", Content: webp}, "🌷", channels.File{Name: "sticker.webp", Kind: "image", Width: 640, Height: 480}},
		{telegramtest.File{Kind: "document", Name: "../../etc/پیش‌فاکتور.pdf", Type: "application/pdf", Content: []byte("%PDF-1")}, "", channels.File{Name: "../../etc/پیش‌فاکتور.pdf", Kind: "file"}},
		{telegramtest.File{Kind: "document", Name: "scan.png", Type: "image/png", Content: []byte("\x89PNG\r\n\x1a\n")}, "", channels.File{Name: "scan.png", Kind: "image"}},
		{telegramtest.File{Kind: "document", Name: "huge.zip", Type: "application/zip", Content: make([]byte, 20<<20+1)}, "",
			channels.File{Name: "huge.zip", Kind: "file", Missing: "larger than 20 MB, which Telegram does not hand to bots"}},
	} {
		srv.SayWith(customer(0), srv.Media(c.file))
		m := desk.AwaitMessages(t, i+1)[i]
		if len(m.Files) != 1 || m.Text != c.text {
			t.Fatalf("%s: %+v", c.file.Kind, m)
		}
		f := m.Files[0]
		if f.Missing == "" && !bytes.Equal(desk.Content(f), c.file.Content) {
			t.Errorf("%s: %d bytes", c.file.Kind, len(desk.Content(f)))
		}
		f.Blob, f.Type, f.Size = "", "", 0
		if f != c.want {
			t.Errorf("%s: %+v, want %+v", c.file.Kind, f, c.want)
		}
	}
	// Of a photo the largest size.
	srv.SayFile(customer(0), "", telegramtest.File{Kind: "photo", Content: []byte("\xff\xd8\xff large")})
	if m := desk.AwaitMessages(t, 10)[9]; !bytes.Equal(desk.Content(m.Files[0]), []byte("\xff\xd8\xff large")) || m.Files[0].Width != 640 {
		t.Errorf("%+v", m)
	}
	// A premium animated sticker is a file.
	fields := srv.Media(telegramtest.File{Kind: "sticker", Content: []byte("tgs")})
	fields["sticker"].(map[string]any)["is_animated"] = true
	srv.SayWith(customer(0), fields)
	if m := desk.AwaitMessages(t, 11)[10]; m.Files[0].Kind != "file" || m.Files[0].Name != "sticker.tgs" {
		t.Errorf("%+v", m)
	}
}

// A file that cannot be had for a while holds up its own thread only, and not for ever.
func TestFileHoldsUpNobodyElse(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	for range 300 {
		srv.FailFile(telegramtest.Fault{Code: 500})
	}
	srv.SayFile(customer(0), "with a file", telegramtest.File{Name: "a.pdf", Content: []byte("%PDF-a")})
	srv.Say(customer(0), "behind it")
	srv.Say(customer(1), "of another")
	run(t, a)
	got := desk.AwaitMessages(t, 1)
	if got[0].Text != "of another" {
		t.Fatalf("%+v", got)
	}
	desk.Await(t, "it is said", func() bool { return desk.HealthState() == "failing" })
	if srv.Pending() != 3 {
		t.Errorf("%d updates are pending", srv.Pending())
	}
	a.away.put(firstKey(a), time.Now().Add(-time.Hour)) // long after
	got = desk.AwaitMessages(t, 3)
	if f := got[1].Files; got[1].Text != "with a file" || len(f) != 1 || f[0].Missing == "" || got[2].Text != "behind it" {
		t.Errorf("%+v", got)
	}
	desk.Await(t, "everything is acknowledged", func() bool { return srv.Pending() == 0 })
	if desk.Again() != 0 {
		t.Errorf("%d messages came twice", desk.Again())
	}
}

// An album that is recorded while another thread's file holds the position up keeps what joins it later.
func TestAlbumAhead(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	srv.SayFile(customer(1), "stuck", telegramtest.File{Name: "a.pdf", Content: []byte("%PDF-a")})
	var pos position
	page := func() []arrival {
		page, err := a.page(context.Background(), pos.next)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	say(srv, "7", 0, 2)
	ahead := map[int64]bool{}
	srv.OnDownload(func(f telegramtest.File) *telegramtest.Fault {
		if f.Name == "a.pdf" {
			return &telegramtest.Fault{Code: 500}
		}
		return nil
	})
	if held, err := a.take(context.Background(), page(), &pos, ahead); held == nil || err != nil || pos.next != 0 || len(ahead) != 2 {
		t.Fatalf("%v, %v, %+v, %v", held, err, pos, ahead)
	}
	say(srv, "7", 2, 1)
	srv.OnDownload(nil)
	for pos.next < 500000005 { // a call that repeats its offset at once gets one update
		if held, err := a.take(context.Background(), page(), &pos, ahead); held != nil || err != nil {
			t.Fatalf("%v, %v, %+v", held, err, pos)
		}
	}
	got := desk.Messages()
	if len(got) != 3 || len(got[0].Files) != 2 || got[1].Text != "stuck" || len(got[2].Files) != 1 || string(desk.Content(got[2].Files[0])) != "\xff\xd8\xff 7 2" {
		t.Errorf("%+v", got)
	}
}

func firstKey(a *adapter) string {
	a.away.mu.Lock()
	defer a.away.mu.Unlock()
	return a.away.list[0]
}

// say sends n photos of one album, with a caption on the first.
func say(srv *telegramtest.Server, album string, from, n int) {
	for i := range n {
		fields := srv.Media(telegramtest.File{Kind: "photo", Content: fmt.Appendf(nil, "\xff\xd8\xff %s %d", album, from+i)})
		fields["media_group_id"] = album
		if from+i == 0 {
			fields["caption"] = "our kitchen"
		}
		srv.SayWith(customer(0), fields)
	}
}

func TestAlbum(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	// An album with others around it, whole at once.
	srv.Say(customer(0), "before")
	say(srv, "77", 0, 2)
	srv.Say(customer(1), "another")
	say(srv, "77", 2, 1)
	srv.Say(customer(0), "after")
	stop := run(t, a)
	got := desk.AwaitMessages(t, 4)
	if m := got[1]; m.Text != "our kitchen" || len(m.Files) != 3 || string(desk.Content(m.Files[2])) != "\xff\xd8\xff 77 2" {
		t.Errorf("%+v", m)
	}
	if got[0].Text != "before" || got[2].Text != "another" || got[3].Text != "after" {
		t.Errorf("%+v", got)
	}
	desk.Await(t, "the acknowledgement", func() bool { return srv.Pending() == 0 })

	// One whose rest comes a moment later, on the next call.
	say(srv, "78", 0, 1)
	desk.Await(t, "the first part was looked at", func() bool { return srv.Handed() >= 7 })
	say(srv, "78", 1, 3)
	got = desk.AwaitMessages(t, 5)
	if m := got[4]; len(m.Files) != 4 {
		t.Errorf("%d files: %+v", len(m.Files), m)
	}
	desk.Await(t, "the acknowledgement", func() bool { return srv.Pending() == 0 })
	if len(desk.Messages()) != 5 {
		t.Errorf("%d messages", len(desk.Messages()))
	}

	// A stop while the rest is waited for: nothing was acknowledged, and the next run has it whole.
	say(srv, "79", 0, 2)
	desk.Await(t, "it was looked at", func() bool { return srv.Handed() >= 13 })
	stop()
	if n := len(desk.Messages()); n != 5 || srv.Pending() != 2 {
		t.Fatalf("%d messages, %d pending", n, srv.Pending())
	}
	say(srv, "79", 2, 2)
	again := accountAt(t, srv, desk, nil)
	run(t, again)
	if m := desk.AwaitMessages(t, 6)[5]; len(m.Files) != 4 {
		t.Errorf("%d files: %+v", len(m.Files), m)
	}

	// What comes too late is a message of its own: never lost.
	say(srv, "79", 4, 1)
	if m := desk.AwaitMessages(t, 7)[6]; len(m.Files) != 1 || m.Key == got[4].Key {
		t.Errorf("%+v", m)
	}
}

// An album's parts are known by its first: edits and answers find it.
func TestAlbumIsOne(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	var ids []int
	for i := range 2 {
		fields := srv.Media(telegramtest.File{Kind: "photo", Content: fmt.Appendf(nil, "\xff\xd8\xff %d", i)})
		fields["media_group_id"] = "5"
		ids = append(ids, srv.SayWith(customer(0), fields))
	}
	srv.Say(customer(0), "next")
	head := desk.AwaitMessages(t, 2)[0]
	srv.EditWith(customer(0), ids[1], map[string]any{"caption": "the second"})
	srv.Reply(customer(0), ids[1], map[string]any{"text": "this one"})
	got := desk.AwaitMessages(t, 4)
	if got[2].Of != head.Key || got[2].Text != "the second" || got[3].ReplyTo != head.Key {
		t.Errorf("%+v", got[2:])
	}
}

func TestUncut(t *testing.T) {
	page := []arrival{{id: 1, chat: 1}, {id: 2, chat: 1, album: "a"}, {id: 3, chat: 2}, {id: 4, chat: 1, album: "a"}}
	if got := uncut(page); len(got) != 1 {
		t.Errorf("an album at the end: %d", len(got))
	}
	page = append(page, arrival{id: 5, chat: 1})
	if got := uncut(page); len(got) != 5 {
		t.Errorf("an album that is over: %d", len(got))
	}
	if got := uncut(page[1:4]); len(got) != 3 {
		t.Errorf("an album that fills the page: %d", len(got))
	}
}

// Through a webhook each part is a message of its own, in order.
func TestAlbumByWebhook(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"mode": "webhook"})
	for i := range 2 {
		fields := srv.Media(telegramtest.File{Kind: "photo", Content: fmt.Appendf(nil, "\xff\xd8\xff %d", i)})
		id := fields["photo"].([]map[string]any)[1]["file_id"]
		body := fmt.Sprintf(`{"update_id":%d,"message":{"message_id":%d,"date":3,"chat":{"id":4,"type":"private"},"media_group_id":"9","photo":[{"file_id":%q,"width":9,"height":9}]}}`, i+1, i+10, id)
		if c := hook(a, "POST", a.secret, body); c != 200 {
			t.Fatalf("%d", c)
		}
	}
	if got := desk.Messages(); len(got) != 2 || got[0].Key != "4/10" || got[1].Key != "4/11" || len(got[1].Files) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestButton(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	srv.Say(customer(0), "hi")
	desk.AwaitMessages(t, 1)
	release := desk.Block()
	defer release()
	q := srv.Press(customer(0), 50, map[string]string{"Yes, please": "y", "No": "n"}, "y")
	desk.Await(t, "a delivery under way", func() bool { return desk.Blocked() > 0 })
	if srv.Answered(q) {
		t.Error("the press is answered before it is recorded")
	}
	release()
	m := desk.AwaitMessages(t, 2)[1]
	if m.Text != "Yes, please" || m.ReplyTo != "4000/50" || m.Thread != "4000" || m.Address != "4000" {
		t.Errorf("%+v", m)
	}
	desk.Await(t, "an answer to the press", func() bool { return srv.Answered(q) })
}

func TestGroups(t *testing.T) {
	srv := start(t)
	srv.SetPrivacy(false)
	a, desk := account(t, srv, map[string]any{"groups": "addressed"})
	run(t, a)
	desk.AwaitHealth(t, "connected")
	g := telegramtest.Group{ID: -55, Title: "Tea lovers"}
	mina := customer(0)
	named := func(text string) map[string]any {
		return map[string]any{"text": text, "entities": []map[string]any{{"type": "mention", "offset": 0, "length": 15}}}
	}
	srv.SayIn(g, mina, map[string]any{"text": "among ourselves"})
	srv.SayIn(g, mina, named("@Tamas_Test_Bot are you open?"))
	srv.SayIn(g, mina, map[string]any{"text": "/help@other_bot", "entities": []map[string]any{{"type": "bot_command", "offset": 0, "length": 15}}})
	srv.SayIn(g, mina, map[string]any{"text": "/help", "entities": []map[string]any{{"type": "bot_command", "offset": 0, "length": 5}}})
	topic := named("@tamas_test_bot in a topic")
	topic["message_thread_id"], topic["is_topic_message"] = 7, true
	topic["reply_to_message"] = map[string]any{"message_id": 7, "date": 1, "chat": map[string]any{"id": -55, "type": "supergroup"}, "forum_topic_created": map[string]any{"name": "x", "icon_color": 1}}
	srv.SayIn(g, mina, topic)
	got := desk.AwaitMessages(t, 3)
	for i, want := range []struct{ thread, text string }{{"chat:-55", "Mina Rad: @Tamas_Test_Bot are you open?"}, {"chat:-55", "Mina Rad: /help"}, {"chat:-55:7", "Mina Rad: @tamas_test_bot in a topic"}} {
		if m := got[i]; m.Thread != want.thread || m.Text != want.text || m.Address != "chat:-55" || m.Name != "Tea lovers" || m.ReplyTo != "" {
			t.Errorf("%d: %+v", i, m)
		}
	}
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o", Thread: "chat:-55:7", Address: "chat:-55", Text: "until nine", Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent()[0]; m.ChatID != -55 || m.Topic != 7 {
		t.Errorf("%+v", m)
	}

	// The group becomes a supergroup: the thread goes on, both ways, also after a restart.
	super := srv.Migrate(g, -10055)
	srv.SayIn(super, mina, named("@tamas_test_bot still there?"))
	got = desk.AwaitMessages(t, 5)
	if m := got[4]; m.Thread != "chat:-55" || m.Address != "chat:-55" || !got[3].AutoReply || got[3].Thread != "chat:-55" {
		t.Errorf("%+v", got[3:])
	}
	again := accountAt(t, srv, desk, map[string]any{"groups": "addressed"})
	r, err := again.Send(context.Background(), channels.Outbound{ID: "o2", Thread: "chat:-55", Address: "chat:-55", Text: "yes", Attempt: 1})
	if err != nil || r.ProviderID != providerID(-10055, srv.Sent()[1].ID) {
		t.Errorf("%+v, %v", r, err)
	}
	page := again.readAll([]json.RawMessage{json.RawMessage(`{"update_id":1,"message":{"message_id":900,"date":3,"from":{"id":4000,"first_name":"M"},"chat":{"id":-10055,"type":"supergroup","title":"T"},"text":"/x","entities":[{"type":"bot_command","offset":0,"length":2}]}}`)})
	if _, err := again.fill(context.Background(), page); err != nil || page[0].in.Thread != "chat:-55" {
		t.Errorf("after a restart: %+v, %v", page[0].in, err)
	}
}

func TestGroupsAll(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"groups": "all"})
	run(t, a)
	desk.AwaitHealth(t, "connected")
	if h := desk.Healths(); h[len(h)-1].Do == "" {
		t.Errorf("the privacy mode is on, and nobody says so: %+v", h[len(h)-1])
	}
	srv.SayIn(telegramtest.Group{ID: -55, Title: "Tea lovers"}, customer(0), map[string]any{"text": "bold", "entities": []map[string]any{{"type": "bold", "offset": 0, "length": 4}}})
	if m := desk.AwaitMessages(t, 1)[0]; m.Text != "Mina Rad: bold" || m.HTML != "<b>Mina Rad:</b> <b>bold</b>" {
		t.Errorf("%+v", m)
	}
}

// Of an album in a group one part is enough to be addressed.
func TestGroupAlbum(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"groups": "addressed"})
	g := telegramtest.Group{ID: -55, Title: "Tea lovers"}
	for i := range 3 {
		fields := srv.Media(telegramtest.File{Kind: "photo", Content: fmt.Appendf(nil, "\xff\xd8\xff %d", i)})
		fields["media_group_id"] = "5"
		if i == 1 {
			fields["caption"], fields["caption_entities"] = "@tamas_test_bot look", []map[string]any{{"type": "mention", "offset": 0, "length": 15}}
		}
		srv.SayIn(g, customer(0), fields)
	}
	srv.SayIn(g, customer(0), srv.Media(telegramtest.File{Kind: "photo", Content: []byte("\xff\xd8\xff alone")}))
	run(t, a)
	if m := desk.AwaitMessages(t, 1)[0]; len(m.Files) != 3 || m.Text != "Mina Rad:\n@tamas_test_bot look" {
		t.Errorf("%+v", m)
	}
	desk.Await(t, "the acknowledgement", func() bool { return srv.Pending() == 0 })
	if n := len(desk.Messages()); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestOddUpdates(t *testing.T) {
	for _, c := range []struct{ raw, text, why, thread string }{
		{`{"update_id":1,"message":{"message_id":"x","chat":{"id":4}}}`, "", "its message.message_id is of another kind", "4"},
		{`{"update_id":1,"message":`, "", "cannot be read", ""},
		{`{"update_id":1,"message":{"date":1,"chat":{"id":4,"type":"private"},"text":"x"}}`, "", "without its chat or its number", "4"},
		{`{"update_id":1,"callback_query":{"id":"5","from":{"id":4,"first_name":"A"},"data":"buy","message":{"message_id":9,"date":0,"chat":{"id":4,"type":"private"}}}}`, "buy", "", "4"},
		{`{"update_id":1,"callback_query":{"id":"5","from":{"id":4,"first_name":"A"},"data":"buy","message":{"message_id":9,"date":5,"chat":{"id":-6,"type":"group","title":"G"}}}}`, "A: buy", "", "chat:-6"},
		{`{"update_id":1,"message":{"message_id":2,"date":1,"chat":{"id":-6,"type":"group","title":"G"},"sender_chat":{"id":-6,"title":"G"},"text":"as the group"}}`, "G: as the group", "", "chat:-6"},
		{`{"update_id":1,"message":{"message_id":2,"date":1,"chat":{"id":4,"type":"private"},"text":"yes","external_reply":{"origin":{"type":"hidden_user","sender_user_name":"N","date":1}},"quote":{"text":"q","position":0}}}`, "↩ N\n> q\nyes", "", "4"},
	} {
		u := aReader.read([]byte(c.raw))
		if !u.record || u.in.Text != c.text || !strings.Contains(u.in.Unreadable, c.why) || (c.why == "") != (u.in.Unreadable == "") || u.in.Thread != c.thread {
			t.Errorf("%s\n%+v", c.raw, u.in)
		}
	}
}

var aReader = reader{groups: "all", bot: func() models.User { return models.User{ID: 7, Username: "tamas_test_bot"} },
	known: func(string) (string, string) { return "", "" }, first: func(string) string { return "" }}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(`{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":4,"type":"private"},"from":{"id":4,"first_name":"A"},"text":"hi","entities":[{"type":"text_link","offset":0,"length":2,"url":"https://x"}]}}`))
	f.Add([]byte(`{"update_id":1,"edited_message":{"message_id":2,"edit_date":9,"chat":{"id":4,"type":"private"},"photo":[{}],"caption":"c"}}`))
	f.Add([]byte(`{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":-4,"type":"supergroup"},"sender_chat":{"id":5,"title":"T"},"text":"hi","quote":{"text":"q","is_manual":true},"forward_origin":{"type":"moon"},"media_group_id":"1","reply_to_message":{"message_id":1,"media_group_id":"2"}}}`))
	f.Add([]byte(`{"update_id":1,"callback_query":{"id":"5","from":{"id":4},"data":"d","message":{"message_id":1,"date":0,"chat":{"id":4}}}}`))
	f.Add([]byte(`{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":-4,"type":"group"},"migrate_to_chat_id":-100}}`))
	f.Add([]byte(`{"update_id":"x","message":{"chat":{"id":4}}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := aReader.read(raw)
		if !a.record {
			return
		}
		in := a.in
		if in.Key == "" || len(in.Key) > channels.MaxKey || len(in.Name) > channels.MaxName {
			t.Fatalf("%+v", in)
		}
		if in.Unreadable == "" && (in.Thread == "" || in.Address == "") {
			t.Fatalf("nobody's message: %+v", in)
		}
		if in.Unreadable != "" && !bytes.HasPrefix(raw, in.Raw) {
			t.Fatalf("raw bytes were changed: %+v", in)
		}
		if in.Kind == channels.Edit && in.Of == "" {
			t.Fatalf("an edit of nothing: %+v", in)
		}
		for _, file := range a.files {
			if file.file.Kind == "" || file.file.Size < 0 {
				t.Fatalf("%+v", file)
			}
		}
		if again := aReader.read(raw); again.in.Key != in.Key {
			t.Fatalf("key is not stable: %q, %q", in.Key, again.in.Key)
		}
	})
}

// A customer who blocks the bot is known to be out of reach before anybody writes an answer; letting it in again is no news.
func TestBlockedBot(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	run(t, a)
	who := customer(0)
	srv.Say(who, "hi")
	desk.AwaitMessages(t, 1)
	desk.FailNext(1)
	srv.Block(who.ID, true)
	desk.Await(t, "out of reach", func() bool { return len(desk.UnreachableOnes()) == 1 })
	srv.Block(who.ID, false)
	srv.Say(who, "back")
	desk.AwaitMessages(t, 2)
	if got := desk.UnreachableOnes(); len(got) != 1 || got[0] != "4000: "+hasBlocked {
		t.Errorf("out of reach: %q", got)
	}
}

// A page can hold a customer's words and the block that followed them: what is heard last must be the block.
func TestBlockedBotAfterAMessageOfTheSamePage(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	order := &orderDesk{Desk: desk}
	a.desk = order
	who := customer(0)
	srv.Say(who, "hi")
	srv.Block(who.ID, true)
	run(t, a)
	desk.Await(t, "both", func() bool { return len(desk.UnreachableOnes()) == 1 && len(desk.Messages()) == 1 })
	order.mu.Lock()
	defer order.mu.Unlock()
	if got := strings.Join(order.list[:2], ", "); got != "message, block" {
		t.Errorf("%s", got)
	}
}

// orderDesk notes in which order things were recorded.
type orderDesk struct {
	channels.Desk
	mu   sync.Mutex
	list []string
}

func (d *orderDesk) Receive(ctx context.Context, b channels.Batch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(b.Messages) > 0 {
		d.list = append(d.list, "message")
	}
	return d.Desk.Receive(ctx, b)
}

func (d *orderDesk) Unreachable(ctx context.Context, address, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, "block")
	return d.Desk.Unreachable(ctx, address, reason)
}

func TestBlockedBotByWebhook(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, map[string]any{"mode": "webhook"})
	body := `{"update_id":1,"my_chat_member":{"chat":{"id":4000,"type":"private"},"from":{"id":4000},"date":1,
		"old_chat_member":{"status":"member","user":{"id":1}},"new_chat_member":{"status":"kicked","user":{"id":1},"until_date":0}}}`
	desk.FailNext(1)
	if c := hook(a, "POST", a.secret, body); c != 503 {
		t.Errorf("while it cannot be recorded: %d", c)
	}
	if c := hook(a, "POST", a.secret, body); c != 200 || len(desk.UnreachableOnes()) != 1 {
		t.Errorf("%d, %q", c, desk.UnreachableOnes())
	}
}
