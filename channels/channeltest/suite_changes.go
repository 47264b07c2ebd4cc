package channeltest

import (
	"strings"

	"tamas/channels"
)

func edits(s *stand) {
	if s.rig.Edit == nil {
		s.t.Skip("customers cannot change messages on this channel")
	}
	s.open()
	s.connected()
	s.rig.Say(0, "I want tow")
	s.rig.Edit(0, "I want two")
	s.rig.Edit(0, "I want two, please")
	s.rig.Say(0, "thanks")
	got := s.desk.AwaitMessages(s.t, 4)
	s.acknowledged()
	keys := map[string]bool{}
	for i, want := range []string{"I want tow", "I want two", "I want two, please", "thanks"} {
		m := got[i]
		keys[m.Key] = true
		if !strings.Contains(m.Text, want) || m.Thread != got[0].Thread {
			s.t.Errorf("message %d: %+v", i, m)
		}
		if change := i == 1 || i == 2; change != (m.Kind == channels.Edit) || change && m.Of != providerID(got[0]) {
			s.t.Errorf("message %d is of kind %q, of %q", i, m.Kind, m.Of)
		}
	}
	if len(keys) != 4 {
		s.t.Errorf("%d keys of 4 messages: %v", len(keys), keys)
	}
	if s.rig.Redeliver != nil {
		s.rig.Redeliver()
		s.rig.Say(0, "the end")
		if got = s.desk.AwaitMessages(s.t, 5); len(got) != 5 {
			s.t.Errorf("a redelivered message is new: %q", texts(got))
		}
	}
}

func deletions(s *stand) {
	if s.rig.Delete == nil {
		s.t.Skip("customers cannot take messages back on this channel, or the provider does not tell")
	}
	s.open()
	s.connected()
	s.rig.Say(0, "never mind me")
	s.desk.AwaitMessages(s.t, 1)
	s.rig.Delete(0)
	s.rig.Say(0, "hello")
	got := s.desk.AwaitMessages(s.t, 3)
	s.acknowledged()
	if d := got[1]; d.Kind != channels.Deletion || d.Of != providerID(got[0]) || d.Key == got[0].Key || d.Key == got[2].Key {
		s.t.Errorf("%+v", got)
	}
}

func quotesIn(s *stand) {
	if s.rig.Reply == nil {
		s.t.Skip("customers cannot answer one message on this channel")
	}
	m := s.partner()
	s.rig.Reply(0, providerID(m), "that was me")
	own := s.desk.AwaitMessages(s.t, 2)[1]
	if own.ReplyTo != providerID(m) || own.Thread != m.Thread || !strings.Contains(own.Text, "that was me") {
		s.t.Errorf("%+v", own)
	}
	if s.rig.Sent == nil {
		return
	}
	r, err := s.send(m, "out1", "which colour?")
	if err != nil {
		s.t.Fatal(err)
	}
	s.rig.Reply(0, r.ProviderID, "the blue one")
	if a := s.desk.AwaitMessages(s.t, 3)[2]; a.ReplyTo != r.ProviderID || a.Thread != m.Thread {
		s.t.Errorf("an answer to %q: %+v", r.ProviderID, a)
	}
}

func quotesOut(s *stand) {
	if !s.rig.Kind.Limits.Quotes || s.rig.Sent == nil {
		s.t.Skip("an answer cannot name a message on this channel")
	}
	m := s.partner()
	if _, err := s.send(m, "out1", "about this one", func(o *channels.Outbound) { o.Quoted = true }); err != nil {
		s.t.Fatal(err)
	}
	if got := s.rig.Sent(); len(got) != 1 || got[0].ReplyTo != providerID(m) {
		s.t.Errorf("%+v, want an answer to %q", got, providerID(m))
	}
}

func editsOut(s *stand) {
	if !s.rig.Kind.Limits.Edits || s.rig.Sent == nil {
		s.t.Skip("sent messages stay as they are on this channel")
	}
	m := s.partner()
	r, err := s.send(m, "out1", "we open at 9")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.send(m, "out2", "we open at 10", func(o *channels.Outbound) { o.Edits = r.ProviderID }); err != nil {
		s.t.Fatal(err)
	}
	if got := s.rig.Sent(); len(got) != 1 || !strings.Contains(got[0].Text, "we open at 10") {
		s.t.Errorf("the customer sees %+v", got)
	}
	// An edit that is tried again after its reply was lost changes nothing and is no failure.
	if _, err := s.send(m, "out2", "we open at 10", func(o *channels.Outbound) { o.Edits, o.Attempt = r.ProviderID, 2 }); err != nil {
		s.t.Errorf("the same edit again: %v", err)
	}
}
