package agentui

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// story tells one conversation's life in frames. Ids and times are fixed, so that the app's tests can reason about them.
type story struct {
	n     uint64
	now   record.Millis
	conv  record.Conversation
	agent record.Agent
	who   record.Identity
}

const (
	goldenTime  = record.Millis(1_760_000_000_000)
	goldenUser  = "u1"
	goldenQueue = "q1"
)

func newStory() *story {
	return &story{n: 100, now: goldenTime,
		conv: record.Conversation{ID: "00000000000c0001", Number: 1042, Identity: "i1", Account: "a1", Channel: "webchat", Thread: "visitor-1", Queue: goldenQueue,
			Status: record.Waiting, Units: 1, CreatedAt: goldenTime + 1000, WaitingSince: goldenTime + 1000},
		agent: record.Agent{ID: goldenUser, Version: 3, State: record.Available, Since: goldenTime - 60_000, IdleSince: goldenTime - 30_000},
		who:   record.Identity{ID: "i1", Customer: "p1", Channel: "webchat", Address: "visitor-1", Name: "سارا"}}
}

func (s *story) id() record.ID { return record.ID{N: s.n, Token: 7_000_000_000_000_000_000 + s.n} }

// event moves the story one event on.
func (s *story) event(kind string, by record.Actor, fill func(e *record.Event)) []byte {
	s.n++
	s.now += 1000
	e := record.Event{V: record.EventVersion, Kind: kind, At: s.now, By: by}
	fill(&e)
	return item(struct {
		T     string       `json:"t"`
		ID    record.ID    `json:"id"`
		Event record.Event `json:"event"`
	}{"event", s.id(), e})
}

// changes is an event that changes the conversation, which gets its next version.
func (s *story) changes(kind string, by record.Actor, change func(e *record.Event, c *record.Conversation)) []byte {
	return s.event(kind, by, func(e *record.Event) {
		s.conv.Version++
		change(e, &s.conv)
		c := s.conv
		e.Conversation = &c
	})
}

// agentNow adds the agent's header as it is after the event.
func (s *story) agentNow(e *record.Event, held map[string]int) {
	s.agent.Version++
	s.agent.Held = held
	e.Agents = []record.Agent{s.agent}
}

func (s *story) touch(id string, inbound bool, by record.Actor, text string) *record.Touch {
	t := &record.Touch{ID: id, Kind: record.KindMessage, Conversation: s.conv.ID, Identity: s.who.ID, Account: s.conv.Account, Channel: s.conv.Channel,
		Inbound: inbound, Author: by, At: s.now, State: record.StateReceived, Rev: 1, Key: "key-" + id, Body: &record.Body{Text: text}}
	if !inbound {
		t.State = record.StateQueued
	}
	return t
}

// goldenFrames are the frames by file name.
func goldenFrames() map[string][][]byte {
	s := newStory()
	customer := record.Actor{Kind: "customer", ID: s.who.ID}
	agent := record.Actor{Kind: "agent", ID: goldenUser}
	router := record.Actor{Kind: "system", ID: "router"}
	held := map[string]int{s.conv.ID: 1}
	f := map[string][][]byte{}

	f["hello"] = [][]byte{helloFrame(s.id(), s.id(), s.agent, goldenUser)}
	receive := func(id, text string) []byte {
		return s.changes(record.EvReceived, customer, func(e *record.Event, c *record.Conversation) {
			c.LastMessage, c.LastMessageAt, c.LastInboundAt = id, s.now, s.now
			c.Unread++
			if c.Unanswered == 0 {
				c.Unanswered = s.now
			}
			e.Key, e.Identity, e.Touch = "in/"+id, &s.who, s.touch(id, true, customer, text)
		})
	}
	f["received"] = [][]byte{receive("t1", "سلام، سفارشم کجاست؟"), recordedFrame(s.id())}
	f["offered"] = [][]byte{s.changes(record.EvOffered, router, func(e *record.Event, c *record.Conversation) {
		c.Status, c.OfferedTo, c.OfferUntil = record.Offered, goldenUser, s.now+30_000
		e.Reason = &record.Why{Code: "longest_idle", Engine: 1, Now: s.now, Candidates: []string{goldenUser}, Excluded: map[string]string{"u2": "state"}}
		s.agentNow(e, held)
	})}
	f["accepted"] = [][]byte{s.changes(record.EvAccepted, agent, func(e *record.Event, c *record.Conversation) {
		c.Status, c.Owner, c.OfferedTo, c.OfferUntil, c.AssignedAt = record.Active, goldenUser, "", 0, s.now
		s.agentNow(e, held)
	}), recordedFrame(s.id())}
	reply := s.changes(record.EvQueued, agent, func(e *record.Event, c *record.Conversation) {
		c.LastMessage, c.LastMessageAt, c.FirstResponseAt = "t2", s.now, s.now
		c.Unread, c.Unanswered, c.WaitingSince = 0, 0, 0
		e.Touch = s.touch("t2", false, agent, "On its way.")
	})
	turn := func(state string, rev int, set func(*record.Touch)) []byte {
		t := s.touch("t2", false, agent, "")
		t.Body, t.State, t.Rev, t.Attempt = nil, state, rev, 1
		set(t)
		return s.event(record.EvTouch, record.Actor{Kind: "system", ID: "channel"}, func(e *record.Event) { e.Touch = t })
	}
	f["reply"] = [][]byte{reply, recordedFrame(s.id()),
		turn(record.StateSending, 2, func(t *record.Touch) { t.Worker = "w1" }),
		turn(record.StateSent, 3, func(t *record.Touch) { t.ProviderID = "m1" }),
		turn(record.StateDelivered, 4, func(t *record.Touch) { t.ProviderID = "m1" }), recordedFrame(s.id())}
	f["failed"] = [][]byte{turn(record.StateFailed, 5, func(t *record.Touch) { t.Error = "the address does not exist" })}
	f["uncertain"] = [][]byte{turn(record.StateUncertain, 6, func(*record.Touch) {})}
	f["note"] = [][]byte{s.changes(record.EvNoted, agent, func(e *record.Event, c *record.Conversation) {
		e.Touch = s.touch("t3", false, agent, "A friend of the house")
		e.Touch.Kind, e.Touch.State = record.KindNote, record.StateReceived
	})}
	f["changed"] = [][]byte{s.changes(record.EvChanged, agent, func(_ *record.Event, c *record.Conversation) {
		c.Tags, c.Priority = []string{"parcel", "vip"}, 10
	})}
	f["snoozed"] = [][]byte{s.changes(record.EvSnoozed, agent, func(e *record.Event, c *record.Conversation) {
		c.Status, c.SnoozedUntil = record.Snoozed, s.now+3600_000
		s.agentNow(e, nil)
	})}
	f["woken_by_customer"] = [][]byte{s.changes(record.EvReceived, customer, func(e *record.Event, c *record.Conversation) {
		c.Status, c.SnoozedUntil, c.Prefer, c.Owner, c.WaitingSince, c.Unread = record.Waiting, 0, c.Owner, "", s.now, 1
		c.LastMessage, c.LastMessageAt, c.LastInboundAt, c.Unanswered = "t4", s.now, s.now, s.now
		e.Key, e.Identity, e.Touch = "in/t4", &s.who, s.touch("t4", true, customer, "هنوز نرسیده")
	}), recordedFrame(s.id())}
	f["transferred"] = [][]byte{s.changes(record.EvTransfer, agent, func(_ *record.Event, c *record.Conversation) { c.Queue, c.Prefer = "q2", "" })}
	f["timed_out"] = [][]byte{s.changes(record.EvTimedOut, router, func(e *record.Event, c *record.Conversation) {
		c.Declined, c.DeclinedAt = []string{goldenUser}, s.now
		s.agent.State, s.agent.Since = record.NotResponding, s.now
		e.Reason = &record.Why{Code: "timeout", Engine: 1, Now: s.now}
		s.agentNow(e, nil)
	})}
	f["resolved"] = [][]byte{s.changes(record.EvResolved, agent, func(e *record.Event, c *record.Conversation) {
		c.Status, c.Owner, c.ResolvedAt, c.ReopenUntil = record.Resolved, goldenUser, s.now, s.now+24*3600_000
		c.Unread, c.Unanswered, c.WaitingSince, c.Declined, c.DeclinedAt = 0, 0, 0, nil, 0
		s.agentNow(e, nil)
	}), recordedFrame(s.id())}
	f["reopened_by_customer"] = [][]byte{s.changes(record.EvReceived, customer, func(e *record.Event, c *record.Conversation) {
		c.Status, c.ResolvedAt, c.ReopenUntil, c.Prefer, c.Owner, c.WaitingSince, c.FirstResponseAt = record.Waiting, 0, 0, c.Owner, "", s.now, 0
		c.LastMessage, c.LastMessageAt, c.LastInboundAt, c.Unanswered, c.Unread = "t5", s.now, s.now, s.now, 1
		e.Key, e.Identity, e.Touch = "in/t5", &s.who, s.touch("t5", true, customer, "One more thing")
	}), recordedFrame(s.id())}
	f["unreadable"] = [][]byte{s.changes(record.EvReceived, customer, func(e *record.Event, c *record.Conversation) {
		c.LastMessage, c.LastMessageAt, c.LastInboundAt = "t6", s.now, s.now
		c.Unread++
		e.Key, e.Identity, e.Touch = "in/t6", &s.who, s.touch("t6", true, customer, "")
		e.Touch.Unreadable, e.Touch.Body.Raw = "the mail's structure is broken", []byte("\x00\x01raw")
	})}
	var burst [][]byte
	for i := range 10 {
		burst = append(burst, receive("b"+string(rune('0'+i)), "burst"))
	}
	f["burst"] = append(burst, recordedFrame(s.id()))
	s.agent.State, s.agent.Since = record.Break, s.now
	s.agent.Reason = "tea"
	f["agent"] = [][]byte{s.event(record.EvAgent, agent, func(e *record.Event) { s.agentNow(e, nil) })}
	f["settings"] = [][]byte{s.event(record.EvSettings, record.Actor{Kind: "system", ID: "settings"}, func(e *record.Event) { e.Topic = topicQueues })}
	f["resume"] = [][]byte{helloFrame(s.id(), s.id(), s.agent, goldenUser), receive("t7", "missed while away"), recordedFrame(s.id())}
	f["down"] = [][]byte{statusFrame(statusDown)}
	f["up"] = [][]byte{statusFrame(statusUp)}
	f["typing"] = [][]byte{[]byte(`{"t":"typing","conversation":"00000000000c0001","from":"customer","on":true}`),
		[]byte(`{"t":"typing","conversation":"00000000000c0001","from":"agent","agent":"u2","on":true}`),
		[]byte(`{"t":"typing","conversation":"00000000000c0001","from":"agent","agent":"u2"}`)}
	f["health"] = [][]byte{[]byte(`{"t":"health","account":"a1","state":"refused","detail":"login refused: wrong password","do":"Enter the app password again.","trouble_at":1760000000000,"backlog":0,"heard_at":1760000000000,"queued":2,"failed_today":1,"errors":[{"at":1760000000000,"text":"login refused: wrong password","do":"Enter the app password again.","count":3}]}`)}
	f["alerts"] = [][]byte{[]byte(`{"t":"alerts","alerts":[{"id":"refused:a1","kind":"refused","account":"a1","since":1760000000000,"text":"“Mail” is refused: login refused: wrong password. Enter the app password again.","text_fa":"«Mail» پذیرفته نمی‌شود: login refused: wrong password. Enter the app password again.","acked_by":"u2","acked_at":1760000060000},` +
		`{"id":"wait:q1","kind":"longest_wait","rule":"wait","queue":"q1","conversation":"00000000000c0001","since":1760000300000,"text":"Somebody has waited in “General” for longer than 5 minutes.","text_fa":"کسی در «General» بیش از ۵ دقیقه منتظر مانده است.","value":312,"limit":300,"sound":true}]}`), []byte(`{"t":"alerts","alerts":[]}`)}
	f["figures"] = [][]byte{goldenFigures()}
	f["figures_part"] = [][]byte{goldenPart()}
	colleague, supervisor := record.Actor{Kind: "agent", ID: "u2"}, record.Actor{Kind: "agent", ID: "u3"}
	// among appends a touch among colleagues.
	among := func(kind string, by record.Actor, touch, text string, set func(*record.Event, *record.Conversation)) []byte {
		return s.changes(record.EvNoted, by, func(e *record.Event, c *record.Conversation) {
			e.Touch = s.touch(touch, false, by, text)
			e.Touch.Kind, e.Touch.State = kind, record.StateReceived
			if set != nil {
				set(e, c)
			}
		})
	}
	take := s.changes(record.EvAccepted, agent, func(e *record.Event, c *record.Conversation) {
		c.Status, c.Owner, c.AssignedAt, c.Prefer = record.Active, goldenUser, s.now, ""
		s.agentNow(e, held)
	})
	consult := func(code string, by record.Actor, set func(*record.Event, *record.Conversation)) []byte {
		return s.changes(record.EvConsult, by, func(e *record.Event, c *record.Conversation) {
			e.Reason = &record.Why{Code: code, Now: s.now}
			set(e, c)
		})
	}
	f["consult"] = [][]byte{take, consult("asked", agent, func(e *record.Event, c *record.Conversation) {
		c.Consult = &record.Consult{Agent: colleague.ID, By: goldenUser, At: s.now}
		e.Touch = s.touch("c1", false, agent, "You know the old models")
		e.Touch.Kind, e.Touch.State = record.KindNote, record.StateReceived
	}), consult("joined", colleague, func(_ *record.Event, c *record.Conversation) {
		c.Consult = &record.Consult{Agent: colleague.ID, By: goldenUser, At: c.Consult.At, Joined: s.now}
	}), among(record.KindDraft, colleague, "c2", "Two years, yes.", nil),
		consult("cancelled", agent, func(_ *record.Event, c *record.Conversation) { c.Consult = nil }), recordedFrame(s.id())}
	f["review"] = [][]byte{among(record.KindReview, agent, "c3", "You get all of it back.", func(_ *record.Event, c *record.Conversation) {
		c.Review = &record.Ask{Touch: "c3", By: goldenUser, At: s.now}
	}), s.changes(record.EvChanged, supervisor, func(_ *record.Event, c *record.Conversation) {
		c.Review = &record.Ask{Touch: "c3", By: goldenUser, At: c.Review.At, Seen: s.now}
	}), among(record.KindVerdict, supervisor, "c4", "Fine by me", func(e *record.Event, c *record.Conversation) {
		c.Review, e.Touch.ReplyTo, e.Touch.Score = nil, "c3", 1
	}), recordedFrame(s.id())}
	f["flag"] = [][]byte{among(record.KindFlag, colleague, "c5", "We promise what we cannot keep", func(_ *record.Event, c *record.Conversation) {
		c.Flag = &record.Ask{Touch: "c5", By: colleague.ID, At: s.now}
	}), among(record.KindAnswer, supervisor, "c6", "I have changed the text on the site.", func(e *record.Event, c *record.Conversation) {
		c.Flag, e.Touch.ReplyTo = nil, "c5"
	}), recordedFrame(s.id())}
	whisper := func(seen bool) []byte {
		var frame struct{ Event record.Event }
		text := among(record.KindWhisper, supervisor, "c7", "Offer the discount", nil)
		if err := json.Unmarshal(text, &frame); err != nil {
			panic(err)
		}
		who := &principal{User: record.User{ID: goldenUser, Role: record.RoleAgent}}
		if !seen {
			who.User.ID = colleague.ID
		}
		return itemFor(&inbox.Frame{ID: s.id(), Event: &frame.Event, JSON: text}, who, record.Sight{})
	}
	f["whisper"] = [][]byte{whisper(true), recordedFrame(s.id())}
	f["whisper_of_others"] = [][]byte{whisper(false), recordedFrame(s.id())}
	f["barged"] = [][]byte{s.changes(record.EvBarge, supervisor, func(e *record.Event, c *record.Conversation) {
		c.Barged, e.Was = []string{supervisor.ID}, map[string]json.RawMessage{"barged": json.RawMessage("null")}
	})}
	// A promised next reply begins, warns, and is late.
	clock := record.Clock{Kind: record.ClockNext, Target: 2000, Since: s.now + 1000, Due: s.now + 3000, WarnAt: s.now + 2000}
	promise := func(code string, set func(*record.Clock)) []byte {
		return s.changes(record.EvSLA, record.Actor{Kind: "system", ID: "router"}, func(e *record.Event, c *record.Conversation) {
			e.Reason = &record.Why{Code: code, Engine: 1, Now: s.now}
			set(&clock)
			c.SLA = &record.SLA{Policy: "p1", Clocks: []record.Clock{clock}}
		})
	}
	f["promise"] = [][]byte{promise("policy", func(*record.Clock) {}), promise("warn/next", func(c *record.Clock) { c.Warned, c.WarnAt = true, 0 }),
		promise("broken/next", func(c *record.Clock) { c.Broken = true }), recordedFrame(s.id())}
	f["logged"] = [][]byte{s.event(record.EvLogged, agent, func(e *record.Event) {
		e.Identity = &record.Identity{ID: "i1", Customer: "p1", Channel: "webchat", Address: "visitor-1"}
		e.Touch = &record.Touch{ID: "t20", Kind: record.KindCall, Identity: "i1", Account: "@api", Channel: "phone", Inbound: true, Author: agent, At: s.now - 3600_000,
			State: record.StateLogged, Rev: 1, Key: "call-1", Body: &record.Body{Text: "asked for the price"}}
	})}
	f["pong"] = [][]byte{[]byte(`{"t":"pong"}`)}
	return f
}

// goldenFigures are two queues and two agents as who begins to watch is told of them.
func goldenFigures() []byte {
	level, occupancy := 0.75, 0.5
	q1 := record.Queue{ID: goldenQueue, Name: "General", Mode: "offer", OfferSeconds: 30, TargetSecs: 60, Members: []string{goldenUser, "u2"}, Version: 1}
	q2 := record.Queue{ID: "q2", Name: "Night", Mode: "pull", Members: []string{"u2"}, Version: 1}
	return figuresFrame(&figuresView{
		Queues: []queueView{
			{ID: q1.ID, Queue: &q1, Waiting: 2, LongestSince: goldenTime + 1000, Offered: 1, Active: 1, Broken: 1, OfferedToday: 9, Ended: 6, LevelOf: 4, Answered: 4, InTarget: 3, Abandoned: 1,
				AbandonedShort: 1, ASA: 21_000, Level: &level, Estimates: &estimateView{Count: 3, Mean: -4000, MeanAbs: 9000}, Open: true,
				Agents: map[record.AgentState]int{record.Available: 1, record.Break: 1},
				Spark:  &sparkView{Step: 300_000, Waiting: []int{0, 1, 2}, Longest: []record.Millis{0, 60_000, 90_000}, Arrived: []int{3, 4, 2}}},
			{ID: q2.ID, Queue: &q2, Reason: "calendar", OpensAt: goldenTime + 3600_000, Agents: map[record.AgentState]int{record.Break: 1},
				Spark: &sparkView{Step: 300_000, Waiting: []int{0, 0, 0}, Longest: []record.Millis{0, 0, 0}, Arrived: []int{0, 0, 0}}}},
		Agents: []agentView{
			{User: userRef{goldenUser, "Leyla"}, Agent: record.Agent{ID: goldenUser, Version: 4, State: record.Available, Since: goldenTime, Held: map[string]int{"00000000000c0001": 1}},
				Capacity: 6, Used: 1, ByChannel: map[string]int{"webchat": 1},
				Today: todayView{Handled: 4, AHT: 240_000, Occupancy: &occupancy, FirstResponse: 30_000, RONA: 1, States: map[string]record.Millis{"available": 3600_000, "break/lunch": 600_000}}},
			{User: userRef{"u2", "Omid"}, Agent: record.Agent{ID: "u2", Version: 2, State: record.Break, Reason: "lunch", Since: goldenTime}, Capacity: 6,
				ByChannel: map[string]int{}, Today: todayView{States: map[string]record.Millis{}}}},
		Flags:   []askView{{Conversation: "00000000000c0001", Number: 1042, Ask: record.Ask{Touch: "t9", By: goldenUser, At: goldenTime + 2000}}},
		Reviews: []askView{}, Since: goldenTime - 9*3600_000}, false)
}

// goldenPart is what came next: one waits less in the first queue, and the flag is answered.
func goldenPart() []byte {
	level := 0.8
	return figuresFrame(&figuresView{
		Queues: []queueView{{ID: goldenQueue, Waiting: 1, LongestSince: goldenTime + 4000, Active: 2, OfferedToday: 9, Ended: 7, LevelOf: 5, Answered: 5, InTarget: 4, Abandoned: 1, AbandonedShort: 1,
			ASA: 19_000, Level: &level, Estimates: &estimateView{Count: 3, Mean: -4000, MeanAbs: 9000}, Open: true,
			Agents: map[record.AgentState]int{record.Available: 1, record.Break: 1}}},
		Agents: []agentView{}, Flags: []askView{}, Since: goldenTime - 9*3600_000}, true)
}

// TestGoldenFrames holds the frames in testdata/protocol to what this package sends. The app's tests read the same files.
func TestGoldenFrames(t *testing.T) {
	files := map[string][]byte{}
	for name, items := range goldenFrames() {
		var frame bytes.Buffer
		must(t, json.Indent(&frame, append(append([]byte("["), bytes.Join(items, []byte(","))...), ']'), "", "  "))
		files[name+".json"] = frame.Bytes()
		checkItems(t, frame.Bytes())
	}
	codes, err := json.MarshalIndent(closeCodes, "", "  ")
	must(t, err)
	files["close_codes.json"] = codes
	client, err := json.MarshalIndent(struct {
		Good []clientFrame `json:"good"`
		Bad  []string      `json:"bad"`
	}{[]clientFrame{{T: "ping"}, {T: "typing", Conversation: "00000000000c0001", On: true}, {T: "typing", Conversation: "00000000000c0001"},
		{T: "watch", On: true}, {T: "watch"}},
		[]string{"", `{"t":"watch","conversation":"c"}`, "ping", "[]", `{"t":"shout"}`, `{"t":"typing"}`, `{"t":"ping","on":true}`, `{"t":"ping","x":1}`}}, "", "  ")
	must(t, err)
	files["client_frames.json"] = client

	dir := filepath.Join("testdata", "protocol")
	there, err := filepath.Glob(filepath.Join(dir, "*.json"))
	must(t, err)
	for _, path := range there {
		if files[filepath.Base(path)] == nil {
			t.Errorf("%s is nobody's", path)
		}
	}
	for name, want := range files {
		path := filepath.Join(dir, name)
		want = append(want, '\n')
		if *update {
			must(t, os.MkdirAll(dir, 0o755))
			must(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is sent (%v); go test ./agentui -run GoldenFrames -update, and look at the difference", path, err)
		}
	}
}

// TestGoldenClientFrames: what the file calls good is taken, what it calls bad is not.
func TestGoldenClientFrames(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "protocol", "client_frames.json"))
	must(t, err)
	var cases struct {
		Good []json.RawMessage `json:"good"`
		Bad  []string          `json:"bad"`
	}
	must(t, json.Unmarshal(b, &cases))
	for _, x := range cases.Good {
		if _, err := parseClientFrame(x); err != nil {
			t.Errorf("%s: %v", x, err)
		}
	}
	for _, x := range cases.Bad {
		if got, err := parseClientFrame([]byte(x)); err == nil {
			t.Errorf("%s is taken as %+v", x, got)
		}
	}
}
