package channeltest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tamas/channels"
)

func poison(s *stand) {
	if s.rig.Garble == nil {
		s.t.Skip("nothing malformed can arrive rightfully on this channel")
	}
	s.open()
	s.connected()
	s.rig.Garble(0)
	s.desk.AwaitMessages(s.t, 1)
	s.acknowledged()
	s.rig.Say(0, "one")
	s.desk.AwaitMessages(s.t, 2)
	s.acknowledged()
	s.reopen()
	s.connected()
	s.rig.Say(0, "two")
	got := s.desk.AwaitMessages(s.t, 3)
	s.acknowledged()
	if n := s.desk.Again(); n != 0 || got[0].Unreadable == "" {
		s.t.Errorf("what cannot be read came again (%d times): %+v", n, got[0])
	}
	// One may have been on its way to the run that ended.
	if s.rig.Fetches != nil && s.rig.Fetches() > 4 {
		s.t.Errorf("3 messages were handed over %d times", s.rig.Fetches())
	}
}

func catchesUp(s *stand) {
	s.open()
	s.connected()
	s.rig.Say(0, "before")
	s.desk.AwaitMessages(s.t, 1)
	s.acknowledged()
	s.close()
	const n = 120 // more than a page of any provider here
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("message %d", i))
	}
	s.rig.Say(1, want[:n/2]...)
	if s.rig.Garble != nil {
		s.rig.Garble(0)
	}
	s.rig.Say(1, want[n/2:]...)
	all := 1 + n
	if s.rig.Garble != nil {
		all++
	}
	s.open()
	got := s.desk.AwaitMessages(s.t, all)
	s.acknowledged()
	i := 0
	for _, m := range got {
		text := strings.TrimSpace(m.Text)
		if m.Unreadable != "" || text == "before" {
			continue
		}
		if i == n || text != want[i] {
			s.t.Fatalf("message %d of %d is %q", i, n, text)
		}
		if m.Imported {
			s.t.Fatalf("a message of the downtime counts as imported: %+v", m)
		}
		i++
	}
	if again := s.desk.Again(); i != n || again != 0 {
		s.t.Errorf("%d messages in order, %d came twice", i, again)
	}
}

func asksRecord(s *stand) {
	if !s.rig.Relists {
		s.t.Skip("this provider does not list what it handed over before")
	}
	s.open()
	s.connected()
	s.rig.Say(0, "first")
	s.desk.AwaitMessages(s.t, 1)
	s.acknowledged()
	before, _ := s.desk.Cursor(context.Background())
	s.rig.Say(0, "second")
	s.rig.Say(0, "third")
	s.desk.AwaitMessages(s.t, 3)
	s.acknowledged()
	s.close()
	fetched := 0
	if s.rig.Fetches != nil {
		fetched = s.rig.Fetches()
	}
	s.desk.SetCursor(before)
	s.rig.Say(0, "fourth")
	s.open()
	s.desk.AwaitMessages(s.t, 4)
	if s.desk.Spared() < 2 || s.desk.Again() != 0 {
		s.t.Errorf("the record spared %d messages, %d came twice", s.desk.Spared(), s.desk.Again())
	}
	if s.rig.Fetches != nil && s.rig.Fetches() != fetched+1 {
		s.t.Errorf("%d messages were handed over for one that was missing", s.rig.Fetches()-fetched)
	}
}

func imports(s *stand) {
	if !s.rig.Kind.Import || s.rig.Old == nil {
		s.t.Skip("nothing older than the account can be had on this channel")
	}
	now := time.Now()
	s.rig.Old(0, now.Add(-20*24*time.Hour), "too old")
	s.rig.Old(0, now.Add(-5*24*time.Hour), "old")
	s.cfg.Since = now.Add(-10 * 24 * time.Hour)
	s.open()
	s.connected()
	s.desk.AwaitMessages(s.t, 1)
	s.rig.Say(1, "new")
	got := s.desk.AwaitMessages(s.t, 2)
	for _, m := range got {
		text := strings.TrimSpace(m.Text)
		if old := text == "old"; len(got) != 2 || text == "too old" || m.Imported != old {
			s.t.Errorf("%q, imported %v", text, m.Imported)
		}
	}
}

// audit runs an adapter's Verify and returns what it found and which gaps and notes it told of.
func (s *stand) audit(v channels.Verifier) (found []channels.Found, gaps, notes []string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	err := v.Verify(ctx, &channels.Audit{
		Since: time.Now().Add(-time.Hour),
		Found: func(f channels.Found) error { found = append(found, f); return nil },
		Known: func(f func(key string) bool) error {
			for _, m := range s.desk.Messages() {
				if !f(m.Key) {
					break
				}
			}
			return nil
		},
		Note: func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) },
		Gap:  func(format string, args ...any) { gaps = append(gaps, fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		s.t.Errorf("verify: %v", err)
	}
	for _, text := range append(gaps, notes...) {
		s.note(text)
	}
	return found, gaps, notes
}

func verify(s *stand) {
	a, err := s.openWith(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	v, ok := a.(channels.Verifier)
	if !ok {
		s.t.Skip("this provider cannot be asked what it has")
	}
	s.open()
	s.connected()
	s.rig.Say(0, "one", "two")
	s.desk.AwaitMessages(s.t, 2)
	s.acknowledged()
	s.close()
	unknown := func(found []channels.Found) (n int) {
		keys := map[string]bool{}
		for _, m := range s.desk.Messages() {
			keys[m.Key] = true
		}
		for _, f := range found {
			if !f.Outbound && !keys[f.Key] {
				n++
			}
		}
		return n
	}
	found, gaps, notes := s.audit(v)
	if n := unknown(found); n != 0 || len(gaps) != 0 {
		s.t.Errorf("nothing is missing, verify says %d, %q (%q)", n, gaps, notes)
	}
	// What is not fetched yet is told, as a message, a gap or a note, and stays at the provider.
	s.rig.Say(0, "three")
	before := len(notes)
	found, gaps, notes = s.audit(v)
	if unknown(found) != 1 && len(gaps) == 0 && len(notes) <= before {
		s.t.Errorf("a message that waits is not told of: %+v, %q, %q", found, gaps, notes)
	}
	if s.rig.Pending != nil && s.rig.Pending() == 0 {
		s.t.Error("verify acknowledged a message")
	}
	s.open()
	if got := s.desk.AwaitMessages(s.t, 3); strings.TrimSpace(got[2].Text) != "three" {
		s.t.Errorf("%q", texts(got))
	}
}

func typing(s *stand) {
	if s.rig.Typing == nil {
		s.t.Skip("customers of this channel do not see an agent typing")
	}
	m := s.partner()
	ty, ok := s.adapter.(channels.Typist)
	if !ok {
		s.t.Fatal("the adapter is no channels.Typist")
	}
	ty.Typing(context.Background(), m.Thread, m.Address, true)
	s.desk.Await(s.t, "a sign of typing", func() bool { return s.rig.Typing() > 0 })
	ty.Typing(context.Background(), m.Thread, m.Address, false)
}

func reports(s *stand) {
	if s.rig.Report == nil {
		s.t.Skip("this provider reports nothing of sent messages")
	}
	m := s.partner()
	r, err := s.send(m, "out1", "did it arrive?")
	if err != nil {
		s.t.Fatal(err)
	}
	var states []string
	l := s.rig.Kind.Limits
	if l.Delivered {
		states = append(states, "delivered")
	}
	if l.Read {
		states = append(states, "read")
	}
	states = append(states, "failed")
	for i, state := range states {
		s.rig.Report(r.ProviderID, state)
		s.desk.Await(s.t, "the report "+state, func() bool { return len(s.desk.Statuses()) > i })
		if got := s.desk.Statuses()[i]; got.ProviderID != r.ProviderID || got.State != state || state == "failed" && got.Reason == "" {
			s.t.Errorf("%+v", got)
		}
	}
}

func paced(s *stand) {
	p := s.rig.Kind.Pace
	if a, ok := s.open().(channels.Pacer); ok {
		p = a.Pace()
	}
	if p == (channels.Pace{}) {
		s.t.Skip("this channel is not paced")
	}
	if p.PerSecond < 0 || p.PerThread < 0 || p.Burst < 0 || p.PerThread > 0 && p.PerSecond > 0 && p.PerThread > p.PerSecond {
		s.t.Errorf("a pace that nobody can keep: %+v", p)
	}
}
