package inbox

import (
	"slices"
	"testing"
	"time"

	"tamas/inbox/record"
)

// The pace is that of the line while one stands, and that of a wait alone while none does.
func TestPace(t *testing.T) {
	const now = record.Millis(100_000_000)
	at := func(secs ...[2]record.Millis) (list []record.Answered) { // asked and answered, seconds before now, newest first
		for _, s := range secs {
			list = append(list, record.Answered{Asked: now - s[0]*1000, At: now - s[1]*1000})
		}
		return list
	}
	tests := []struct {
		name         string
		list         []record.Answered
		step, median time.Duration
	}{
		{"nothing", nil, 0, 0},
		{"too few", at([2]record.Millis{20, 10}, [2]record.Millis{40, 30}), 0, 0},
		{"a line: one answer a minute, however long each waited", at([2]record.Millis{600, 0}, [2]record.Millis{600, 60}, [2]record.Millis{600, 120}, [2]record.Millis{180, 180}), 45 * time.Second, 540 * time.Second},
		{"no line: each is answered after 10 s, many minutes apart", at([2]record.Millis{10, 0}, [2]record.Millis{610, 600}, [2]record.Millis{1210, 1200}), 10 * time.Second, 10 * time.Second},
		{"long ago: only the median", at([2]record.Millis{4000, 3900}, [2]record.Millis{5000, 4900}, [2]record.Millis{6000, 5900}), 0, 100 * time.Second},
	}
	for _, tt := range tests {
		if p := paceOf(tt.list, now); p.step != tt.step || p.median != tt.median {
			t.Errorf("%s: %v, %v", tt.name, p.step, p.median)
		}
	}
	if got := (pace{step: time.Minute, median: time.Hour}).estimate(3, time.Hour); got != 3*time.Minute {
		t.Errorf("the third waits %v", got)
	}
	if got := (pace{median: time.Hour}).estimate(3, 50*time.Minute); got != 10*time.Minute {
		t.Errorf("by the median it is %v", got)
	}
	if got := (pace{median: time.Hour}).estimate(3, 2*time.Hour); got != 0 {
		t.Errorf("beyond the median nothing is known, not %v", got)
	}
}

func TestPlaceText(t *testing.T) {
	tests := []struct {
		lang string
		told record.Told
		want string
	}{
		{"en", record.Told{Position: 1}, "We have your message. You are next."},
		{"en", record.Told{Position: 1, Wait: 20_000}, "We have your message. You are next. It should take less than a minute."},
		{"en", record.Told{Position: 12, Wait: 290_000}, "We have your message. You are number 12 in line. It should take about 5 min."},
		{"fa", record.Told{Position: 12, Wait: 290_000}, "پیام شما رسید. شما نفر ۱۲ صف هستید. پاسخ شما حدود ۵ دقیقه زمان می‌برد."},
	}
	for _, tt := range tests {
		if got := placeText(tt.lang, &tt.told); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// All queues make one line: a clock that runs out stands where a score was zero an hour before.
func TestInOrder(t *testing.T) {
	set := &Settings{Queues: map[string]record.Queue{"q": {}, "s": {Routing: record.Routing{Waiting: record.WaitSLA}}}}
	due := func(at record.Millis) *record.SLA {
		return &record.SLA{Clocks: []record.Clock{{Due: at + 7_200_000}, {Due: at + 3_600_000}, {Due: 1, MetAt: 1}}}
	}
	list := []record.Conversation{
		{ID: "d", Queue: "q", WaitingSince: 400_000, Priority: 2}, {ID: "c", Queue: "s", WaitingSince: 300_000, SLA: due(150_000)},
		{ID: "b", Queue: "q", WaitingSince: 200_000}, {ID: "a", Queue: "s", WaitingSince: 100_000},
		{ID: "e", Queue: "q", WaitingSince: 200_000, SLA: due(0)}, {ID: "f", Queue: "s", WaitingSince: 90_000, SLA: due(900_000)}}
	inOrder(set, list)
	var got []string
	for _, c := range list {
		got = append(got, c.ID)
	}
	if want := []string{"a", "c", "b", "e", "d", "f"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Who must wait on a channel that shows nothing is told so once; who is answered at once is not; who asks is told again.
func TestWaitingCustomersAreToldOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, stores[0])
	r.user("ann", 1)
	r.tune = func(h *Hub) { byHand(h); h.rereadAfter = time.Hour }
	h, _ := r.hub(func(o *Options) { o.Kinds[0].TellsWaiting = true })
	h.Presence("ann", "s1", true)
	if _, err := h.Do(t.Context(), Command{By: agentActor("ann"), Action: SetState, Agent: "ann", State: record.Available}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ann is there", func() bool { return h.staffed("q1") })
	r.deliver(h, from("t1", "1", "hi"))
	r.deliver(h, from("t2", "2", "سلام"))
	r.deliver(h, from("t3", "3", "hi"))
	r.reply(h, "t1", "a1")
	told := func(thread string) (list []string) {
		d := &desk{h: h, acct: func() record.Account { return r.account }}
		items, _, err := d.History(t.Context(), thread, "", 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if it.From == "system" {
				list = append(list, it.Text)
			}
		}
		return list
	}
	h.tellPlaces(t.Context(), h.Now()+record.Millis(waitingFrom.Milliseconds()))
	eventually(t, "both are told", func() bool { return len(told("t2")) == 1 && len(told("t3")) == 1 })
	if got := told("t2")[0]; got != "پیام شما رسید. نفر بعدی شما هستید." {
		t.Error(got)
	}
	if got := told("t3")[0]; got != "We have your message. You are number 2 in line." {
		t.Error(got)
	}
	r.deliver(h, from("t3", "4", "still there?"))
	ask := from("t3", "5", "/position")
	ask.Position = true
	version := r.live(h, "t3").Unanswered
	r.deliver(h, ask)
	eventually(t, "who asks is told", func() bool { return len(told("t3")) == 2 })
	if got := told("t1"); len(got) > 0 {
		t.Errorf("who was answered at once was told %v", got)
	}
	if got := told("t2"); len(got) != 1 {
		t.Errorf("told again: %v", got)
	}
	if c := r.live(h, "t3"); c.FirstResponseAt != 0 || c.Unanswered != version || !slices.Contains(c.ToldText, toldPlace) {
		t.Errorf("%+v", c)
	}
	alone := from("t9", "9", "/position")
	alone.Position = true
	r.deliver(h, alone)
	eventually(t, "who does not wait is told so", func() bool { return len(told("t9")) == 1 })
	if c := r.live(h, "t9"); c.Status != record.Resolved {
		t.Errorf("to ask for a place began a wait: %+v", c)
	}

	// While the queue's calendar has it closed nobody is promised a place, though ann is still there.
	set := *h.Settings()
	q := set.Queues["q1"]
	far := record.Calendar{ID: "far", Zone: "UTC"}
	far.Week[(h.Now().Time().Weekday()+3)%7] = []record.Span{{From: 9 * 60, To: 17 * 60}}
	q.Routing.Calendar = far.ID
	set.Queues, set.Calendars = map[string]record.Queue{"q1": q}, map[string]record.Calendar{"far": far}
	h.settings.Store(&set)
	r.deliver(h, from("t4", "10", "hi"))
	if list := h.untold(h.Now() + record.Millis(waitingFrom.Milliseconds())); slices.ContainsFunc(list, func(c record.Conversation) bool { return c.Thread == "t4" }) {
		t.Error("is to be told a place while it is closed")
	}
	if st, err := (&desk{h: h, acct: func() record.Account { return r.account }}).Standing(t.Context(), "t4"); err != nil || !st.Closed || st.Position != 0 || st.Opens.Before(time.Now().Add(24*time.Hour)) {
		t.Errorf("%+v, %v", st, err)
	}
	ask = from("t4", "11", "/position")
	ask.Position = true
	r.deliver(h, ask)
	eventually(t, "who asks hears that it is closed", func() bool { return len(told("t4")) > 0 })
	if got := told("t4"); len(got) != 1 || got[0] != "We have your message. We are closed now, and answer when we are back." {
		t.Error(got)
	}
}
