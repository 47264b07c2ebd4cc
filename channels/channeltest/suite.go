package channeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tamas/channels"
)

// Run runs every case of the suite against the adapter.
func Run(t *testing.T, build Build) {
	for _, c := range []struct {
		name string
		run  func(*stand)
	}{
		{"receives and answers", receivesAndAnswers},
		{"acknowledges only what is recorded", acknowledgesWhatIsRecorded},
		{"a stop while a message is not recorded loses nothing", stopWhileUnrecorded},
		{"order within a thread", order},
		{"redelivery under the same key", redelivery},
		{"malformed is kept and holds up nobody", malformed},
		{"send errors are classified", sendErrors},
		{"a lost reply is uncertain", lostReply},
		{"health follows the provider", health},
		{"resumes at its cursor", resumes},
		{"check", check},
		{"settings are strict", settings},
		{"ends at once", ends},

		{"files from a customer", filesIn},
		{"a file over the limit is missing and said so", fileTooLarge},
		{"a file that cannot be stored now comes again", fileNotStored},
		{"a file that is gone is missing, one that is away comes again", fileFaults},
		{"files to a customer", filesOut},
		{"edits have keys of their own", edits},
		{"deletions have keys of their own", deletions},
		{"quotes from a customer", quotesIn},
		{"quotes to a customer", quotesOut},
		{"a sent message can be changed", editsOut},
		{"poison is fetched once", poison},
		{"catches up in order after downtime", catchesUp},
		{"a catch-up asks the record first", asksRecord},
		{"a first connection imports since its date", imports},
		{"verify changes nothing and misses nothing", verify},
		{"typing", typing},
		{"reports of delivery", reports},
		{"pace", paced},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(setUp(t, build)) })
	}
}

// texts lists the trimmed texts of messages.
func texts(ms []channels.Inbound) []string {
	var out []string
	for _, m := range ms {
		out = append(out, strings.TrimSpace(m.Text))
	}
	return out
}

// of keeps the messages of one thread.
func of(ms []channels.Inbound, thread string) []channels.Inbound {
	return slices.DeleteFunc(slices.Clone(ms), func(m channels.Inbound) bool { return m.Thread != thread })
}

// connected waits until the account reports that it is.
func (s *stand) connected() {
	s.t.Helper()
	s.desk.AwaitHealth(s.t, "connected")
}

// acknowledged waits until the provider holds nothing more as not acknowledged, if it keeps such a thing.
func (s *stand) acknowledged() {
	s.t.Helper()
	if s.rig.Pending != nil {
		s.desk.Await(s.t, "the provider has its acknowledgement", func() bool { return s.rig.Pending() == 0 })
	}
}

const hello = "Hello! سلام، حالتان چطور است؟ 👋🏽"

func receivesAndAnswers(s *stand) {
	s.open()
	s.connected()
	s.rig.Say(0, hello)
	m := s.desk.AwaitMessages(s.t, 1)[0]
	if got := strings.TrimSpace(m.Text); got != hello || m.Unreadable != "" {
		s.t.Fatalf("text %q, unreadable %q", got, m.Unreadable)
	}
	s.acknowledged()
	if s.rig.Sent == nil {
		return
	}
	const answer = "Thanks, ممنون 🙏 & <b>welcome</b>"
	r, err := s.send(m, "out1", answer)
	if err != nil {
		s.t.Fatalf("send: %v", err)
	}
	if r.ProviderID == "" {
		s.t.Error("a receipt without a provider id")
	}
	s.desk.Await(s.t, "the answer at the provider", func() bool { return len(s.rig.Sent()) > 0 })
	got := s.rig.Sent()
	if len(got) != 1 || got[0].To != m.Address || !strings.Contains(got[0].Text, answer) {
		s.t.Errorf("the provider got %+v, want %q to %q", got, answer, m.Address)
	}
}

func acknowledgesWhatIsRecorded(s *stand) {
	s.open()
	s.connected()
	s.desk.FailNext(2)
	s.rig.Say(0, "one", "two")
	s.desk.Await(s.t, "a refused batch", func() bool { return s.desk.Refused() >= 1 })
	if s.rig.Pending != nil && len(s.desk.Messages()) == 0 && s.rig.Pending() == 0 {
		s.t.Error("the provider has an acknowledgement of what was refused")
	}
	got := s.desk.AwaitMessages(s.t, 2)
	if !slices.Equal(texts(got), []string{"one", "two"}) {
		s.t.Errorf("recorded %q", texts(got))
	}
	s.acknowledged()

	release := s.desk.Block()
	defer release()
	s.rig.Say(0, "three")
	s.desk.Await(s.t, "a delivery under way", func() bool { return s.desk.Blocked() > 0 })
	if s.rig.Pending != nil && s.rig.Pending() == 0 {
		s.t.Error("the provider has an acknowledgement before Receive returned")
	}
	release()
	got = s.desk.AwaitMessages(s.t, 3)
	if got[2].Key == got[1].Key || strings.TrimSpace(got[2].Text) != "three" {
		s.t.Errorf("recorded %q", texts(got))
	}
	s.acknowledged()
}

func stopWhileUnrecorded(s *stand) {
	s.open()
	s.connected()
	release := s.desk.Block()
	defer release()
	s.rig.Say(0, "one", "two")
	s.desk.Await(s.t, "a delivery under way", func() bool { return s.desk.Blocked() > 0 })
	s.close()
	if n := len(s.desk.Messages()); n != 0 {
		s.t.Fatalf("%d messages recorded by a desk that was blocked", n)
	}
	release()
	s.open()
	got := s.desk.AwaitMessages(s.t, 2)
	if !slices.Equal(texts(got), []string{"one", "two"}) {
		s.t.Errorf("recorded %q", texts(got))
	}
	s.acknowledged()
}

func order(s *stand) {
	s.open()
	s.connected()
	const n = 20
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("message %d", i))
	}
	s.desk.FailNext(1)
	for i := range n {
		s.rig.Say(i%2, want[i])
	}
	got := s.desk.AwaitMessages(s.t, n)
	var even, odd []string
	for i, w := range want {
		if i%2 == 0 {
			even = append(even, w)
		} else {
			odd = append(odd, w)
		}
	}
	a := got[0].Thread
	if strings.TrimSpace(got[0].Text) != want[0] && strings.TrimSpace(got[0].Text) != want[1] {
		s.t.Fatalf("the first message is %q", got[0].Text)
	}
	first, second := texts(of(got, a)), []string{}
	for _, m := range got {
		if m.Thread != a {
			second = append(second, strings.TrimSpace(m.Text))
		}
	}
	if strings.TrimSpace(got[0].Text) == want[1] {
		first, second = second, first
	}
	if s.rig.Kind.Limits.Subject { // mails: each new one is a thread of its own, the account's order is all there is
		return
	}
	if !slices.Equal(first, even) || !slices.Equal(second, odd) {
		s.t.Errorf("order of the threads:\n%q\n%q", first, second)
	}
}

func redelivery(s *stand) {
	s.open()
	s.connected()
	s.rig.Say(0, "first")
	s.desk.AwaitMessages(s.t, 1)
	s.acknowledged()
	before, _ := s.desk.Cursor(context.Background())
	s.rig.Say(0, "only once")
	s.desk.AwaitMessages(s.t, 2)
	s.acknowledged()
	switch {
	case s.rig.Redeliver != nil:
		s.rig.Redeliver()
	case before != "":
		s.close()
		s.desk.SetCursor(before)
		s.open()
	default:
		s.t.Skip("this provider delivers nothing twice")
	}
	// Either it comes again under its key, or the adapter asked the record and left it out.
	s.desk.Await(s.t, "a redelivery under the key that is known", func() bool { return s.desk.Again() > 0 || s.desk.Spared() > 0 })
	s.rig.Say(0, "last")
	got := s.desk.AwaitMessages(s.t, 3)
	if !slices.Equal(texts(got), []string{"first", "only once", "last"}) {
		s.t.Errorf("recorded %q", texts(got))
	}
}

func malformed(s *stand) {
	if s.rig.Garble == nil {
		s.t.Skip("nothing malformed can arrive rightfully on this channel")
	}
	s.open()
	s.connected()
	s.rig.Say(0, "before")
	s.rig.Garble(0)
	s.rig.Say(1, "after")
	got := s.desk.AwaitMessages(s.t, 3)
	s.acknowledged()
	var bad []channels.Inbound
	var good []string
	for _, m := range got {
		if m.Unreadable != "" {
			bad = append(bad, m)
		} else {
			good = append(good, strings.TrimSpace(m.Text))
		}
	}
	if len(bad) != 1 || len(bad[0].Raw) == 0 {
		s.t.Errorf("unreadable messages: %+v", bad)
	}
	slices.Sort(good)
	if !slices.Equal(good, []string{"after", "before"}) {
		s.t.Errorf("readable messages: %q", good)
	}
}

// partner lets customer 0 write, so that there is somebody to answer.
func (s *stand) partner() channels.Inbound {
	s.t.Helper()
	s.open()
	s.connected()
	s.rig.Say(0, "hello")
	m := s.desk.AwaitMessages(s.t, 1)[0]
	s.acknowledged()
	return m
}

func sendErrors(s *stand) {
	if len(s.rig.Faults) == 0 {
		s.t.Skip("nothing can fail in a send on this channel")
	}
	m := s.partner()
	for i, f := range s.rig.Faults {
		if f == LostReply {
			continue
		}
		s.rig.Fault(f)
		id := fmt.Sprintf("out%d", i)
		_, err := s.send(m, id, "to be refused: "+f.String())
		if err == nil {
			s.t.Errorf("%v: no error", f)
			continue
		}
		var se *channels.SendError
		if !errors.As(err, &se) {
			se = &channels.SendError{Reason: err.Error()}
		}
		if se.Reason == "" {
			s.t.Errorf("%v: no reason for people", f)
		}
		want := channels.SendError{Permanent: f == Permanent || f == Unreachable}
		if se.Permanent != want.Permanent || se.Uncertain || (se.RetryAfter > 0) != (f == RateLimited) {
			s.t.Errorf("%v: %+v", f, se)
		}
		if f == Unreachable && !se.Unreachable {
			s.t.Errorf("%v: the customer counts as reachable: %+v", f, se)
		}
		if want := s.rig.RetryAfter; f == RateLimited && want > 0 && (se.RetryAfter < want || se.RetryAfter > 2*want) {
			s.t.Errorf("%v: to be tried after %v, the provider asked for %v", f, se.RetryAfter, want)
		}
		if n := len(s.rig.Sent()); n != 0 {
			s.t.Errorf("%v: the provider holds %d messages", f, n)
		}
	}
	if _, err := s.send(m, "good", "now it goes"); err != nil {
		s.t.Errorf("send after the faults: %v", err)
	}
	s.desk.Await(s.t, "the message after the faults", func() bool { return len(s.rig.Sent()) == 1 })
}

func lostReply(s *stand) {
	if !slices.Contains(s.rig.Faults, LostReply) {
		s.t.Skip("no reply can be lost on this channel")
	}
	m := s.partner()
	s.rig.Fault(LostReply)
	_, err := s.send(m, "out1", "did it arrive?")
	var se *channels.SendError
	if !errors.As(err, &se) || !se.Uncertain || se.Permanent || se.Reason == "" {
		s.t.Fatalf("a lost reply is %+v", err)
	}
	if n := len(s.rig.Sent()); n != 1 {
		s.t.Errorf("the provider holds %d messages, want the one whose reply was lost", n)
	}
	if s.rig.Stop == nil {
		return
	}
	// Nobody there at all is another matter: it was certainly not accepted.
	s.rig.Stop()
	_, err = s.send(m, "out2", "is anybody there?")
	s.rig.Start()
	if err == nil {
		s.t.Fatal("a send to nobody went well")
	}
	if errors.As(err, &se) && (se.Permanent || se.Uncertain) {
		s.t.Errorf("a send to nobody is %+v, want temporary", se)
	}
}

func health(s *stand) {
	if s.rig.Stop == nil {
		s.open()
		s.connected()
		s.t.Skip("this channel has no connection to lose")
	}
	s.open()
	s.connected()
	s.rig.Stop()
	s.desk.AwaitHealth(s.t, "failing", "connecting")
	s.desk.Await(s.t, "a failing report with a detail", func() bool {
		for _, h := range s.desk.Healths() {
			if h.State == "failing" && h.Detail != "" {
				return true
			}
		}
		return false
	})
	s.rig.Start()
	s.connected()
	s.rig.Say(0, "are you back?")
	s.desk.AwaitMessages(s.t, 1)
	for _, h := range s.desk.Healths() {
		if h.State == "refused" {
			s.t.Errorf("an outage is no refusal: %+v", h)
		}
	}
}

func resumes(s *stand) {
	s.open()
	s.connected()
	s.rig.Say(0, "one")
	s.rig.Say(0, "two")
	s.desk.AwaitMessages(s.t, 2)
	s.acknowledged()
	s.close()
	s.rig.Say(0, "three")
	s.rig.Say(0, "four")
	s.open()
	s.desk.AwaitMessages(s.t, 4)
	s.acknowledged()
	s.reopen()
	s.rig.Say(0, "five")
	got := s.desk.AwaitMessages(s.t, 5)
	if !slices.Equal(texts(got), []string{"one", "two", "three", "four", "five"}) {
		s.t.Errorf("recorded %q", texts(got))
	}
	if n := s.desk.Again(); n != 0 {
		s.t.Errorf("%d messages came twice over clean restarts", n)
	}
}

func check(s *stand) {
	if err := s.check(nil); err != nil {
		s.t.Errorf("right credentials: %v", err)
	}
	if s.rig.Wrong == nil {
		s.t.Skip("this channel has no credentials at a provider")
	}
	if err := s.check(s.rig.Wrong); err == nil {
		s.t.Error("wrong credentials pass the check")
	}
	if s.rig.Stop != nil {
		s.rig.Stop()
		if err := s.check(nil); err == nil {
			s.t.Error("the check passes with no provider there")
		}
		s.rig.Start()
		if err := s.check(nil); err != nil {
			s.t.Errorf("the check after the provider came back: %v", err)
		}
	}
	// A run with wrong credentials says so and keeps saying so.
	s.cfg.Settings = s.rig.Wrong
	s.open()
	s.desk.AwaitHealth(s.t, "refused")
}

func settings(s *stand) {
	var set map[string]any
	if err := json.Unmarshal(s.rig.Settings, &set); err != nil {
		s.t.Fatal(err)
	}
	with := func(key string, value any, drop bool) json.RawMessage {
		m := map[string]any{}
		for k, v := range set {
			m[k] = v
		}
		if m[key] = value; drop {
			delete(m, key)
		}
		b, _ := json.Marshal(m)
		return b
	}
	if _, err := s.openWith(nil); err != nil {
		s.t.Fatalf("right settings: %v", err)
	}
	if _, err := s.openWith(with("no_such_field", "x", false)); err == nil {
		s.t.Error("an unknown field is taken")
	}
	if _, err := s.openWith(json.RawMessage(`[1`)); err == nil {
		s.t.Error("settings that are not JSON are taken")
	}
	known := map[string]bool{}
	for _, f := range s.rig.Kind.Fields {
		known[f.Key] = true
		if f.Label.EN == "" || f.Label.FA == "" {
			s.t.Errorf("field %s lacks a label", f.Key)
		}
		if !f.Required {
			continue
		}
		_, err := s.openWith(with(f.Key, nil, true))
		var fe *channels.FieldError
		if !errors.As(err, &fe) || fe.Field != f.Key {
			s.t.Errorf("without %s: %v, want a FieldError that names it", f.Key, err)
		}
	}
	for k := range set {
		if !known[k] {
			s.t.Errorf("the setting %s is no field of the kind", k)
		}
	}
}

func ends(s *stand) {
	s.open()
	s.connected()
	s.close() // fails the test when it takes long
	s.open()
	s.close() // also in the middle of its start
	if s.rig.Stop != nil {
		s.rig.Stop()
		s.open()
		s.desk.AwaitHealth(s.t, "failing", "connecting")
		s.close()
		s.rig.Start()
	}
}
