package telegram

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/telegram/telegramtest"
)

// put stores a file at the desk as an agent's upload is.
func put(t *testing.T, desk *channeltest.Desk, name, media string, content []byte) channels.File {
	t.Helper()
	f, err := desk.Store(context.Background(), channels.File{Name: name, Type: media}, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	f.Type = media
	return f
}

func jpeg(n int) []byte { return fmt.Appendf(nil, "\xff\xd8\xff\xe0 picture %d", n) }

func sendErr(t *testing.T, a *adapter, m channels.Outbound) *channels.SendError {
	t.Helper()
	_, err := a.Send(context.Background(), m)
	var se *channels.SendError
	if !errors.As(err, &se) {
		t.Fatalf("%+v", err)
	}
	return se
}

func TestSendParts(t *testing.T) {
	srv := start(t)
	a, _ := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	long := channels.Outbound{ID: "o", Thread: "4000", Address: "4000", Text: strings.Repeat("سلام دنیا ", 1000), Attempt: 1}
	r, err := a.Send(context.Background(), long)
	if err != nil || len(r.Parts) != 2 || r.ProviderID != providerID(4000, srv.Sent()[0].ID) || r.Parts[1] != providerID(4000, srv.Sent()[2].ID) {
		t.Fatalf("%+v, %v", r, err)
	}
	var all []string
	for _, m := range srv.Sent() {
		all = append(all, m.Text)
	}
	if len(all) != 3 || strings.Join(all, " ") != strings.TrimSpace(long.Text) {
		t.Errorf("%d parts", len(all))
	}

	// Troubles after the first part are waited out within the call.
	n := 0
	srv.OnSend(func(telegramtest.Message) *telegramtest.Fault {
		if n++; n == 2 || n == 3 {
			return &telegramtest.Fault{Code: 500}
		}
		return nil
	})
	if _, err := a.Send(context.Background(), long); err != nil || len(srv.Sent()) != 6 {
		t.Fatalf("%v, %d parts", err, len(srv.Sent()))
	}
	// When they stay, the next try goes on with the part that is missing.
	n = 0
	srv.OnSend(func(telegramtest.Message) *telegramtest.Fault {
		if n++; n > 1 {
			return &telegramtest.Fault{Code: 429, RetryAfter: 3600}
		}
		return nil
	})
	se := sendErr(t, a, long)
	if se.Uncertain || se.Permanent || se.RetryAfter != 0 || !strings.Contains(se.Reason, "1 of 3 parts were sent") {
		t.Errorf("%+v", se)
	}
	srv.OnSend(nil)
	long.Attempt = 2
	r, err = a.Send(context.Background(), long)
	if err != nil || len(srv.Sent()) != 9 || r.ProviderID != providerID(4000, srv.Sent()[6].ID) || len(r.Parts) != 2 {
		t.Fatalf("%+v, %v, %d messages", r, err, len(srv.Sent()))
	}
	// A reply that is lost halfway leaves open one part only, and a person's retry goes on with it.
	n = 0
	srv.OnSend(func(telegramtest.Message) *telegramtest.Fault {
		if n++; n == 2 {
			return &telegramtest.Fault{Cut: true}
		}
		return nil
	})
	long.ID, long.Attempt = "o2", 1
	if se := sendErr(t, a, long); !se.Uncertain || !strings.Contains(se.Reason, "1 of 3 parts were sent, the next may have been") {
		t.Errorf("%+v", se)
	}
	if _, err := a.Send(context.Background(), long); err != nil || len(srv.Sent()) != 9+2+2 {
		t.Errorf("%v, %d messages", err, len(srv.Sent()))
	}
	// After a restart nobody knows what an earlier try has done.
	fresh, _ := account(t, srv, nil)
	long.ID, long.Attempt = "o3", 2
	if se := sendErr(t, fresh, long); !se.Uncertain || len(srv.Sent()) != 13 {
		t.Errorf("%+v", se)
	}
	long.Attempt = 1 // a person's word
	if _, err := fresh.Send(context.Background(), long); err != nil || len(srv.Sent()) != 16 {
		t.Errorf("%v, %d messages", err, len(srv.Sent()))
	}
}

func TestSendReasons(t *testing.T) {
	srv := start(t)
	a, _ := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	m := channels.Outbound{ID: "o", Thread: "4000", Text: "hello", Attempt: 1}
	for _, c := range []struct {
		fault telegramtest.Fault
		want  channels.SendError
	}{
		{telegramtest.Fault{Code: 403}, channels.SendError{Permanent: true, Unreachable: true, Reason: "blocked the bot"}},
		{telegramtest.Fault{Code: 403, Description: "Forbidden: user is deactivated"}, channels.SendError{Permanent: true, Unreachable: true, Reason: "no longer exists"}},
		{telegramtest.Fault{Code: 403, Description: "Forbidden: bot was kicked from the supergroup chat"}, channels.SendError{Permanent: true, Unreachable: true, Reason: "no longer in this group"}},
		{telegramtest.Fault{Code: 403, Description: "Forbidden: not enough rights"}, channels.SendError{Permanent: true, Reason: "does not allow"}},
		{telegramtest.Fault{Code: 400}, channels.SendError{Permanent: true, Unreachable: true, Reason: "does not know this chat"}},
		{telegramtest.Fault{Code: 400, Description: "Bad Request: something new"}, channels.SendError{Permanent: true, Reason: "did not accept the message"}},
		{telegramtest.Fault{Code: 401}, channels.SendError{Reason: "token"}},
		{telegramtest.Fault{Code: 429, RetryAfter: 30}, channels.SendError{RetryAfter: 30 * time.Second, OneThread: true, Reason: "less often"}},
		{telegramtest.Fault{Code: 503, Body: "<html>busy</html>"}, channels.SendError{Reason: "cannot take"}},
		{telegramtest.Fault{Code: 502, Body: "<html>bad gateway</html>"}, channels.SendError{Uncertain: true, Reason: "may have taken"}},
		{telegramtest.Fault{Code: 200, Body: "surprise"}, channels.SendError{Uncertain: true, Reason: "may have taken"}},
	} {
		srv.FailNext(c.fault)
		se := sendErr(t, a, m)
		if se.Permanent != c.want.Permanent || se.Uncertain != c.want.Uncertain || se.RetryAfter != c.want.RetryAfter ||
			se.OneThread != c.want.OneThread || se.Unreachable != c.want.Unreachable || !strings.Contains(se.Reason, c.want.Reason) {
			t.Errorf("%+v: %+v", c.fault, se)
		}
	}
	srv.FailNext(telegramtest.Fault{Code: 200, Body: `{"ok":true,"result":{"message_id":"of a new shape"}}`})
	if _, err := a.Send(context.Background(), m); err != nil {
		t.Errorf("accepted, with an answer of a new shape: %v", err)
	}
	for _, bad := range []channels.Outbound{{Thread: "x", Text: "y"}, {Thread: "chat:x", Text: "y"}, {Thread: "chat:-5:x", Text: "y"}, {Thread: "4000:5", Text: "y"}, {Thread: "4000", Text: " \n"}} {
		if se := sendErr(t, a, bad); !se.Permanent {
			t.Errorf("%+v: %+v", bad, se)
		}
	}
	// A second chat that is slowed down while the first one is: it is the whole bot.
	srv.Say(customer(1), "hi")
	srv.FailNext(telegramtest.Fault{Code: 429, RetryAfter: 9})
	if se := sendErr(t, a, channels.Outbound{Thread: "4001", Text: "hello"}); se.OneThread || se.RetryAfter != 9*time.Second {
		t.Errorf("%+v", se)
	}
}

func TestGroupPace(t *testing.T) {
	srv := start(t)
	a, _ := account(t, srv, map[string]any{"groups": "all"})
	srv.SayIn(telegramtest.Group{ID: -5, Title: "G"}, customer(0), map[string]any{"text": "x"})
	for i := range 20 {
		if _, err := a.Send(context.Background(), channels.Outbound{ID: fmt.Sprint(i), Thread: "chat:-5", Text: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if se := sendErr(t, a, channels.Outbound{ID: "last", Thread: "chat:-5", Text: "x"}); !se.OneThread || se.RetryAfter < 50*time.Second || se.RetryAfter > time.Minute+time.Second {
		t.Errorf("%+v", se)
	}
	if len(srv.Sent()) != 20 {
		t.Errorf("%d messages", len(srv.Sent()))
	}
}

func TestSendFiles(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	var files []channels.File
	for i := range 12 {
		files = append(files, put(t, desk, fmt.Sprintf("p%d.jpg", i), "image/jpeg", jpeg(i)))
	}
	files = append(files,
		put(t, desk, "tour.mp4", "video/mp4", []byte("\x00\x00\x00\x18ftypmp42")),
		put(t, desk, "a.pdf", "application/pdf", []byte("%PDF-1 a")), put(t, desk, "b \"و\".pdf", "application/pdf", []byte("%PDF-1 b")),
		put(t, desk, "cat.gif", "image/gif", []byte("GIF89a")), put(t, desk, "odd.webm", "video/webm", []byte("\x1aE\xdf\xa3")))
	voice := put(t, desk, "voice.ogg", "audio/ogg", []byte("OggS"))
	voice.Kind, voice.Duration = "voice", 4
	files = append(files, voice)
	r, err := a.Send(context.Background(), channels.Outbound{ID: "o", Thread: "4000", Text: "all of it", Files: files, InReplyTo: "4000/11", Quoted: true, Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	got := srv.Sent()
	if len(got) != len(files) || len(r.Parts) != len(files)-1 {
		t.Fatalf("%d messages, %+v", len(got), r)
	}
	var how []string
	for i, m := range got {
		if m.File.Name != strings.ReplaceAll(files[i].Name, `"`, "%22") || !bytes.Equal(m.File.Content, desk.Content(files[i])) {
			t.Errorf("%d: %q, %d bytes", i, m.File.Name, len(m.File.Content))
		}
		how = append(how, m.File.Kind+map[bool]string{true: "+", false: ""}[m.Group != ""])
	}
	want := append(slices.Repeat([]string{"photo+"}, 12), "video+", "document+", "document+", "animation", "document", "voice")
	if !slices.Equal(how, want) || got[0].Group == got[10].Group || got[0].Text != "all of it" || got[1].Text != "" || got[0].ReplyTo != 11 || got[12].ReplyTo != 0 {
		t.Errorf("%q\n%+v", how, got[0])
	}

	// The same again goes by its ids, without an upload.
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o2", Thread: "4000", Text: "again", Files: files[:1]}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent()[len(files)]; m.File.Uploaded || !bytes.Equal(m.File.Content, jpeg(0)) || m.Text != "again" {
		t.Errorf("%+v", m)
	}
	// An id that Telegram has forgotten is uploaded anew.
	a.fileID.put(fileKey(files[1]), "gone")
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o3", Thread: "4000", Files: files[1:3]}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent()[len(files)+1]; !m.File.Uploaded || !bytes.Equal(m.File.Content, jpeg(1)) {
		t.Errorf("%+v", m)
	}
	// Longer text than a caption may have goes before.
	n := len(srv.Sent())
	text := strings.Repeat("word ", 300)
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o4", Thread: "4000", Text: text, Files: files[:1]}); err != nil {
		t.Fatal(err)
	}
	if got := srv.Sent()[n:]; len(got) != 2 || got[0].File != nil || got[0].Text != strings.TrimSpace(text) || got[1].File == nil || got[1].Text != "" {
		t.Errorf("%+v", got)
	}
	// What is no picture goes as a document after all.
	n = len(srv.Sent())
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o5", Thread: "4000", Files: []channels.File{put(t, desk, "x.png", "image/png", []byte("no picture"))}}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent()[n]; m.File.Kind != "document" || m.File.Name != "x.png" {
		t.Errorf("%+v", m)
	}
	// A file that is not there any more.
	if se := sendErr(t, a, channels.Outbound{ID: "o6", Thread: "4000", Files: []channels.File{{Name: "gone.pdf", Type: "application/pdf", Blob: "none"}}}); !se.Permanent || !strings.Contains(se.Reason, "gone.pdf") {
		t.Errorf("%+v", se)
	}
}

// The server in front of the Bot API counts a whole request.
func TestLargeAlbum(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	desk.SetMaxFile(100 << 20)
	srv.Say(customer(0), "hi")
	var files []channels.File
	for i := range 3 {
		files = append(files, put(t, desk, fmt.Sprintf("%d.zip", i), "application/zip", bytes.Repeat([]byte{byte(i)}, 20<<20)))
	}
	if _, err := a.Send(context.Background(), channels.Outbound{ID: "o", Thread: "4000", Files: files}); err != nil {
		t.Fatal(err)
	}
	if m := srv.Sent(); len(m) != 3 || m[0].Group == "" || m[1].Group != m[0].Group || m[2].Group != "" {
		t.Errorf("%d messages", len(m))
	}
	huge := put(t, desk, "huge.zip", "application/zip", make([]byte, 51<<20))
	if kind := Kind(); kind.Limits.Files.Carries(huge) {
		t.Error("a file of 51 MiB would be carried")
	}
	if se := sendErr(t, a, channels.Outbound{ID: "o2", Thread: "4000", Files: []channels.File{huge}}); !se.Permanent || !strings.Contains(se.Reason, "size") {
		t.Errorf("%+v", se)
	}
}

// breaking is a desk whose files break off.
type breaking struct{ *channeltest.Desk }

func (d breaking) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(strings.NewReader("%PDF-"), brokenReader{})), nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("disk") }

// An upload that breaks off at our side was certainly not taken.
func TestBrokenUpload(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	a.desk = breaking{desk}
	for _, size := range []int64{100, 0} {
		se := sendErr(t, a, channels.Outbound{ID: "o", Thread: "4000", Files: []channels.File{{Name: "a.pdf", Type: "application/pdf", Blob: "b", Size: size}}})
		if se.Permanent || se.Uncertain {
			t.Errorf("%+v", se)
		}
	}
	if len(srv.Sent()) != 0 {
		t.Errorf("%+v", srv.Sent())
	}
}

// zeroReader is a large file that takes no memory.
type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestEditSent(t *testing.T) {
	srv := start(t)
	a, desk := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	ctx := context.Background()
	r, err := a.Send(ctx, channels.Outbound{ID: "o", Thread: "4000", Text: "we open at 9", Files: []channels.File{put(t, desk, "p.jpg", "image/jpeg", jpeg(1))}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Send(ctx, channels.Outbound{ID: "o2", Thread: "4000", Text: "we open at 10", Edits: r.ProviderID})
	if m := srv.Sent(); err != nil || got.ProviderID != r.ProviderID || len(m) != 1 || m[0].Text != "we open at 10" || m[0].Edited != 1 {
		t.Errorf("a caption: %v, %+v", err, m)
	}
	for _, c := range []struct{ edits, text, reason string }{
		{r.ProviderID, strings.Repeat("x", 1025), "1024"},
		{r.ProviderID, strings.Repeat("x", 4097), "4096"},
		{r.ProviderID, " ", "no text"},
		{"4000/99999", "x", "not there"},
		{"4001/5", "x", "cannot change"},
		{"callback/5", "x", "cannot change"},
	} {
		if se := sendErr(t, a, channels.Outbound{ID: "o3", Thread: "4000", Text: c.text, Edits: c.edits}); !se.Permanent || !strings.Contains(se.Reason, c.reason) {
			t.Errorf("%.20q of %s: %+v", c.text, c.edits, se)
		}
	}
	srv.FailNext(telegramtest.Fault{Code: 502, Body: "<html>"})
	if se := sendErr(t, a, channels.Outbound{ID: "o4", Thread: "4000", Text: "y", Edits: r.ProviderID}); se.Permanent || se.Uncertain {
		t.Errorf("an edit may be repeated: %+v", se)
	}
}

func TestTyping(t *testing.T) {
	srv := start(t)
	a, _ := account(t, srv, nil)
	srv.Say(customer(0), "hi")
	for range 3 {
		a.Typing(context.Background(), "4000", "4000", true)
		a.Typing(context.Background(), "4000", "4000", false)
	}
	a.Typing(context.Background(), "nowhere", "", true)
	if n := srv.Actions(); n != 1 {
		t.Errorf("%d signs within five seconds", n)
	}
}

func TestSplit(t *testing.T) {
	check := func(text string, limit int, want ...string) {
		t.Helper()
		if got := split(text, limit); !slices.Equal(got, want) {
			t.Errorf("split(%q, %d) = %q, want %q", text, limit, got, want)
		}
	}
	check("", 10)
	check(" \n ", 10)
	check("short", 10, "short")
	check("one two three", 8, "one two", "three")
	check("First. Second and third", 12, "First.", "Second and", "third")
	check("line one\nline two", 12, "line one", "line two")
	check("abcdefghijkl", 5, "abcde", "fghij", "kl")
	check("😀😀😀", 4, "😀😀", "😀")
	check("ab👍🏽", 5, "ab", "👍🏽")         // a skin tone stays with its thumb
	check("a🇮🇷🇩🇪", 7, "a🇮🇷", "🇩🇪")       // a flag is two letters
	check("abc👨‍👩‍👧", 8, "abc", "👨‍👩‍👧") // a family is one
	check("para one\n\npara two x", 14, "para one", "para two x")
}

func FuzzSplit(f *testing.F) {
	f.Add("hello\n\nworld 😀 سلام", 6)
	f.Add("🇮🇷🇩🇪👨‍👩‍👧👍🏽", 7)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 2 + (limit&0xff)%200
		var all strings.Builder
		for _, p := range split(text, limit) {
			if n := len(utf16.Encode([]rune(p))); n > limit || n == 0 || n != units(p) || !utf8.ValidString(p) {
				t.Fatalf("a part of %d units, limit %d: %q", n, limit, p)
			}
			all.WriteString(strings.Join(strings.Fields(p), ""))
		}
		if want := strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), ""); all.String() != want {
			t.Fatalf("text was lost: %q, want %q", all.String(), want)
		}
	})
}
