package channeltest

import (
	"bytes"
	"encoding/base64"
	"strings"

	"tamas/channels"
)

// picture is a PNG of one pixel with a tail of n bytes, which viewers pass over, so that each size has another content.
func picture(n int) Upload {
	png, _ := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
	return Upload{Name: "kitchen.png", Type: "image/png", Content: append(png, bytes.Repeat([]byte{'.'}, n)...)}
}

// paper is a PDF by its look, of about n bytes.
func paper(n int) Upload {
	return Upload{Name: "offer ۱۴۰۵.pdf", Type: "application/pdf",
		Content: append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("0123456789abcde\n"), n/16)...)}
}

// sayFile lets a customer send a file, or skips the case.
func (s *stand) sayFile(n int, text string, f Upload) {
	s.t.Helper()
	if s.rig.SayFile == nil {
		s.t.Skip("no files come on this channel")
	}
	s.rig.SayFile(n, text, f)
}

func filesIn(s *stand) {
	s.open()
	s.connected()
	sent := []Upload{picture(0), paper(200 << 10)}
	s.sayFile(0, "our kitchen", sent[0])
	s.rig.SayFile(0, "", sent[1])
	s.rig.Say(0, "after them")
	got := s.desk.AwaitMessages(s.t, 3)
	s.acknowledged()
	for i, want := range sent {
		m := got[i]
		if len(m.Files) != 1 || m.Unreadable != "" {
			s.t.Fatalf("message %d: %+v", i, m)
		}
		f := m.Files[0]
		// What is on the way may compress a picture and call it otherwise, but here nothing does.
		if !bytes.Equal(s.desk.Content(f), want.Content) {
			s.t.Errorf("%s: %d bytes arrived, %d were sent; %+v", want.Name, len(s.desk.Content(f)), len(want.Content), f)
		}
		if f.Type != want.Type || f.Size != int64(len(want.Content)) {
			s.t.Errorf("%s: %+v", want.Name, f)
		}
	}
	if !strings.Contains(got[0].Text, "our kitchen") || got[0].Files[0].Kind != "image" || got[1].Files[0].Kind != "file" {
		s.t.Errorf("%+v\n%+v", got[0], got[1])
	}
	if strings.TrimSpace(got[2].Text) != "after them" || len(got[2].Files) != 0 {
		s.t.Errorf("%+v", got[2])
	}
}

func fileTooLarge(s *stand) {
	s.desk.SetMaxFile(10_000)
	s.open()
	s.connected()
	s.sayFile(0, "the large one", picture(20_000))
	s.rig.SayFile(0, "the small one", picture(100))
	got := s.desk.AwaitMessages(s.t, 2)
	s.acknowledged()
	if f := got[0].Files; len(f) != 1 || f[0].Missing == "" || f[0].Blob != "" || !strings.Contains(got[0].Text, "the large one") {
		s.t.Errorf("over the limit: %+v", got[0])
	}
	if f := got[1].Files; len(f) != 1 || f[0].Missing != "" || f[0].Blob == "" {
		s.t.Errorf("within the limit: %+v", got[1])
	}
}

func fileNotStored(s *stand) {
	s.open()
	s.connected()
	s.desk.FailNext(1)
	s.sayFile(0, "kept", picture(5))
	s.desk.Await(s.t, "a refusal", func() bool { return s.desk.Refused() > 0 })
	got := s.desk.AwaitMessages(s.t, 1)
	s.acknowledged()
	if f := got[0].Files; len(got) != 1 || len(f) != 1 || !bytes.Equal(s.desk.Content(f[0]), picture(5).Content) {
		s.t.Errorf("%+v", got)
	}
}

func fileFaults(s *stand) {
	if s.rig.FileFault == nil {
		s.t.Skip("files come with their messages")
	}
	s.open()
	s.connected()
	s.rig.FileFault(Permanent)
	s.sayFile(0, "gone", picture(1))
	got := s.desk.AwaitMessages(s.t, 1)
	if f := got[0].Files; len(f) != 1 || f[0].Missing == "" || !strings.Contains(got[0].Text, "gone") {
		s.t.Errorf("a file that is gone: %+v", got[0])
	}
	s.acknowledged()
	s.rig.FileFault(Temporary)
	s.sayFile(0, "late", picture(2))
	s.rig.Say(0, "after it")
	got = s.desk.AwaitMessages(s.t, 3)
	if f := got[1].Files; len(f) != 1 || f[0].Missing != "" || !bytes.Equal(s.desk.Content(f[0]), picture(2).Content) {
		s.t.Errorf("a file that was away for a moment: %+v", got[1])
	}
	if strings.TrimSpace(got[2].Text) != "after it" {
		s.t.Errorf("order: %q", texts(got))
	}
	s.acknowledged()
}

func filesOut(s *stand) {
	l := s.rig.Kind.Limits.Files
	if l == nil || s.rig.Sent == nil {
		s.t.Skip("this channel sends files as links")
	}
	m := s.partner()
	var files []channels.File
	var sent []Upload
	for _, u := range []Upload{picture(3), paper(100 << 10)} {
		f, err := s.desk.Store(s.t.Context(), channels.File{Name: u.Name, Type: u.Type}, bytes.NewReader(u.Content))
		if err != nil {
			s.t.Fatal(err)
		}
		if l.Carries(f) && (l.Most == 0 || len(files) < l.Most) {
			files, sent = append(files, f), append(sent, u)
		}
	}
	if len(files) == 0 {
		s.t.Skip("this channel carries neither pictures nor papers")
	}
	if _, err := s.send(m, "out1", "as promised", func(o *channels.Outbound) { o.Files = files }); err != nil {
		s.t.Fatal(err)
	}
	var got []Upload
	s.desk.Await(s.t, "the files at the provider", func() bool {
		got = nil
		for _, x := range s.rig.Sent() {
			got = append(got, x.Files...)
		}
		return len(got) >= len(sent)
	})
	text := ""
	for _, x := range s.rig.Sent() {
		text += x.Text
		if x.To != m.Address {
			s.t.Errorf("sent to %q", x.To)
		}
	}
	if !strings.Contains(text, "as promised") {
		s.t.Errorf("the text is lost: %q", text)
	}
	for i, want := range sent {
		if !bytes.Equal(got[i].Content, want.Content) || got[i].Name != want.Name {
			s.t.Errorf("file %d: %q of %d bytes, want %q of %d", i, got[i].Name, len(got[i].Content), want.Name, len(want.Content))
		}
	}
	// A file alone goes too.
	n := len(s.rig.Sent())
	if _, err := s.send(m, "out2", "", func(o *channels.Outbound) { o.Files = files[:1] }); err != nil {
		s.t.Fatalf("a file without a text: %v", err)
	}
	s.desk.Await(s.t, "the file alone", func() bool { return len(s.rig.Sent()) > n })
}
