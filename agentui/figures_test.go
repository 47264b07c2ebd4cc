package agentui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
)

func (c *liveClient) watch(on bool) {
	c.t.Helper()
	must(c.t, c.conn.WriteJSON(clientFrame{T: "watch", On: on}))
}

func isFigures(it liveItem) bool { return it.T == "figures" }

// A supervisor who watches is told everything at once, then what changes; an agent who asks is told nothing.
func TestFigures(t *testing.T) {
	r := boot(t)
	sam, leyla := r.as("sam"), r.as("leyla")
	boss, agent := sam.live(""), leyla.live("")
	boss.hello()
	agent.hello()
	agent.watch(true)
	boss.watch(true)
	whole := boss.await("all figures", isFigures)
	if whole.Part || len(whole.Figures.Queues) != 1 || len(whole.Figures.Agents) != 2 || whole.Figures.Flags == nil {
		t.Fatalf("at first: %+v", whole.Figures)
	}
	q := whole.Figures.Queues[0]
	if q.Queue == nil || q.Queue.Name != "General" || q.Waiting != 0 || !q.Open || q.Level != nil || q.Spark == nil || len(q.Spark.Waiting) != inbox.SparkSteps {
		t.Errorf("the queue at first: %+v", q)
	}
	conv := r.says("reza", "hello")
	part := boss.await("one waits", func(it liveItem) bool {
		return isFigures(it) && len(it.Figures.Queues) == 1 && it.Figures.Queues[0].Waiting == 1
	})
	if p := part.Figures.Queues[0]; !part.Part || p.Queue != nil || p.ID != r.queue || p.LongestSince != conv.WaitingSince {
		t.Errorf("part %v: %+v", part.Part, p)
	}
	leyla.ok("PUT", "/me/state", map[string]string{"state": "available"}, nil)
	leyla.ok("POST", "/conversations/"+conv.ID+"/claim", map[string]string{}, nil)
	boss.await("she has it", func(it liveItem) bool {
		if !isFigures(it) {
			return false
		}
		for _, a := range it.Figures.Agents {
			if a.User.ID == r.users["leyla"].ID && a.ByChannel["hand"] == 1 && a.Used == 1 && a.Agent.State == record.Available {
				return true
			}
		}
		return false
	})
	var v supervisorView
	sam.ok("GET", "/supervisor", nil, &v)
	if len(v.Queues) != 1 || v.Queues[0].Active != 1 || v.Queues[0].Agents[record.Available] != 1 || v.At.IsZero() || v.Since == 0 {
		t.Errorf("by HTTP: %+v", v)
	}
	leyla.refused(403, codeForbidden, "", "GET", "/supervisor", nil)

	// What the agent was told meanwhile holds no figures.
	must(t, agent.conn.WriteJSON(clientFrame{T: "ping"}))
	agent.await("a pong", func(it liveItem) bool {
		if isFigures(it) {
			t.Error("an agent is told figures")
		}
		return it.T == "pong"
	})

	if n := len(r.server.live.watching()); n != 1 {
		t.Errorf("%d watch", n)
	}
	boss.watch(false)
	r.until("nobody watches", func() bool { return len(r.server.live.watching()) == 0 })
	boss.watch(true)
	if it := boss.await("all figures again", isFigures); it.Part {
		t.Errorf("who begins anew is told a part: %+v", it.Figures)
	}
	sam2 := r.users["sam"]
	u, err := r.hub.Record().User(t.Context(), sam2.ID)
	must(t, err)
	u.Role = record.RoleAgent
	_, err = r.hub.Record().EditUser(t.Context(), u, "", "")
	must(t, err)
	must(t, r.hub.SettingsChanged(t.Context(), topicUsers))
	r.until("who is no supervisor any more watches no more", func() bool { return len(r.server.live.watching()) == 0 })
}

// A socket that does not read has one page of figures at most, and is told all when it has taken that.
func TestFiguresOfASlowReader(t *testing.T) {
	s := newSocket(nil, nil, &principal{})
	p := figurePages{whole: &figuresView{}, part: &figuresView{}}
	if !s.offer(p.of(true)) || s.offer(p.of(false)) || s.offer(p.of(true)) || len(s.queue) != 1 {
		t.Errorf("%d pages wait", len(s.queue))
	}
	s.figures = false // as the writer does once it is out
	if !s.offer(p.of(false)) || len(s.queue) != 2 {
		t.Error("it is told nothing any more")
	}
}

func TestFigureParts(t *testing.T) {
	level := func(x float64) *float64 { return &x }
	make := func() *figuresView {
		return &figuresView{Since: 1,
			Queues: []queueView{{ID: "a", Queue: &record.Queue{ID: "a", Members: []string{"u"}}, Level: level(0.5), Spark: &sparkView{Waiting: []int{1, 2}}},
				{ID: "b", Queue: &record.Queue{ID: "b"}, Spark: &sparkView{Waiting: []int{0, 0}}}},
			Agents: []agentView{{User: userRef{ID: "u"}, ByChannel: map[string]int{"sms": 1}}, {User: userRef{ID: "v"}}},
			Flags:  []askView{{Conversation: "c"}}, Reviews: []askView{}}
	}
	for name, tt := range map[string]struct {
		change func(*figuresView)
		want   string
		whole  bool
	}{
		"nothing":        {func(*figuresView) {}, "null", false},
		"a count":        {func(v *figuresView) { v.Queues[1].Waiting = 1 }, "q:b", false},
		"a level":        {func(v *figuresView) { v.Queues[0].Level = level(0.6) }, "q:a", false},
		"a spark":        {func(v *figuresView) { v.Queues[0].Spark.Waiting[1] = 3 }, "q:a spark", false},
		"a queue's row":  {func(v *figuresView) { v.Queues[0].Queue.Members = []string{"u", "v"} }, "q:a row", false},
		"an agent":       {func(v *figuresView) { v.Agents[0].ByChannel["sms"] = 2 }, "a:u", false},
		"a flag":         {func(v *figuresView) { v.Flags = []askView{} }, "flags", false},
		"a review":       {func(v *figuresView) { v.Reviews = []askView{{Conversation: "c"}} }, "reviews", false},
		"a queue more":   {func(v *figuresView) { v.Queues = append(v.Queues, queueView{ID: "c"}) }, "", true},
		"an agent less":  {func(v *figuresView) { v.Agents = v.Agents[:1] }, "", true},
		"another order":  {func(v *figuresView) { v.Queues[0], v.Queues[1] = v.Queues[1], v.Queues[0] }, "", true},
		"a new day":      {func(v *figuresView) { v.Since = 2 }, "", true},
		"gone and other": {func(v *figuresView) { v.Agents[0].User.ID = "x" }, "", true},
	} {
		now := make()
		tt.change(now)
		part, ok := partOf(make(), now)
		if ok == tt.whole {
			t.Errorf("%s: whole %v", name, !ok)
			continue
		}
		if !ok {
			continue
		}
		var got []string
		if part == nil {
			got = []string{"null"}
		} else {
			for _, q := range part.Queues {
				got = append(got, "q:"+q.ID)
				if q.Queue != nil {
					got = append(got, "row")
				}
				if q.Spark != nil {
					got = append(got, "spark")
				}
			}
			for _, a := range part.Agents {
				got = append(got, "a:"+a.User.ID)
			}
			if part.Flags != nil {
				got = append(got, "flags")
			}
			if part.Reviews != nil {
				got = append(got, "reviews")
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", name, s, tt.want)
		}
	}
}

// largeFigures are 50 queues of 40 members each and 200 agents.
func largeFigures(shift int) *figuresView {
	v := &figuresView{Flags: []askView{}, Reviews: []askView{}, Since: goldenTime}
	share := 0.8125
	for i := range 50 {
		row := record.Queue{ID: fmt.Sprintf("00000000000000q%02d", i), Name: fmt.Sprintf("Queue %d", i), Mode: "offer", OfferSeconds: 30, TargetSecs: 60, Version: 3}
		for m := range 40 {
			row.Members = append(row.Members, fmt.Sprintf("0000000000000u%03d", (i*4+m)%200))
		}
		k := &sparkView{Step: 300_000}
		for s := range inbox.SparkSteps {
			k.Waiting, k.Longest, k.Arrived = append(k.Waiting, s*7%23), append(k.Longest, record.Millis(s*7919%600)*1000), append(k.Arrived, s*13%99)
		}
		v.Queues = append(v.Queues, queueView{ID: row.ID, Queue: &row, Waiting: 150 + shift, LongestSince: goldenTime, Offered: 3, Active: 40, Snoozed: 9, Broken: 4,
			OfferedToday: 1200, Answered: 1000, InTarget: 812, Abandoned: 30, ASA: 48_123, Level: &share, Open: true,
			Estimates: &estimateView{900, -1200, 20_400}, Agents: map[record.AgentState]int{record.Available: 30, record.Break: 10}, Spark: k})
	}
	for i := range 200 {
		id := fmt.Sprintf("0000000000000u%03d", i)
		a := record.Agent{ID: id, Version: 77, State: record.Available, Since: goldenTime, IdleSince: goldenTime, OnlineAt: goldenTime, TurnAt: goldenTime, Held: map[string]int{}}
		for h := range 5 {
			a.Held[fmt.Sprintf("000000000%03d%03d", i, h)] = 1
		}
		if i < 20 {
			a.Version += int64(shift)
		}
		v.Agents = append(v.Agents, agentView{userRef{id, fmt.Sprintf("Agent %d", i)}, a, 6, 5, map[string]int{"webchat": 3, "email": 2},
			todayView{41, 301_234, &share, 40_123, 1, map[string]record.Millis{"available": 20_000_000, "break/lunch": 1_800_000, "busy": 60_000}}})
	}
	return v
}

// With 50 queues and 200 agents, of which each queue and 20 agents have changed, a part is small; the whole goes out once.
func TestFiguresAreSmall(t *testing.T) {
	whole := figuresFrame(largeFigures(0), false)
	part, ok := partOf(largeFigures(0), largeFigures(1))
	if !ok || len(part.Queues) != 50 || len(part.Agents) != 20 {
		t.Fatalf("%v: %d queues, %d agents", ok, len(part.Queues), len(part.Agents))
	}
	small := figuresFrame(part, true)
	t.Logf("whole %d bytes, part %d bytes", len(whole), len(small))
	if len(whole) > 256<<10 || len(small) > 40<<10 {
		t.Errorf("whole %d bytes, part %d bytes", len(whole), len(small))
	}
}

func BenchmarkFigureParts(b *testing.B) {
	old, now := largeFigures(0), largeFigures(1)
	for b.Loop() {
		part, _ := partOf(old, now)
		figuresFrame(part, true)
	}
}

// News of alerts are the supervisors'.
func TestAlertsAreToldToSupervisors(t *testing.T) {
	r := boot(t)
	boss, agent := r.as("sam").live(""), r.as("leyla").live("")
	boss.hello()
	agent.hello()
	r.server.live.tell([]byte(`{"t":"alerts","alerts":[]}`))
	boss.await("the alerts", func(it liveItem) bool { return it.T == "alerts" })
	r.server.live.tell([]byte(`{"t":"typing","conversation":"c","from":"customer"}`))
	agent.await("typing", func(it liveItem) bool {
		if it.T == "alerts" {
			t.Error("an agent is told alerts")
		}
		return it.T == "typing"
	})
}

// Who is a supervisor no more is told nothing more of what is theirs, also on a socket that was there before.
func TestASocketHasTheRoleOfNow(t *testing.T) {
	r := boot(t)
	leyla := r.as("leyla")
	id := "/conversations/" + r.says("sara", "hello").ID
	leyla.ok("POST", id+"/claim", nil, nil)
	omid := r.users["omid"]
	role := func(to string) {
		t.Helper()
		var u record.User
		r.as("ada").ok("GET", "/users/"+omid.ID, nil, &u)
		r.as("ada").ok("PATCH", "/users/"+omid.ID, anyMap{"version": u.Version, "role": to}, nil)
		r.until("the role is known", func() bool { return r.server.hub.Settings().Users[omid.ID].Role == to })
	}
	role(record.RoleSupervisor)
	c := r.as("omid").live("")
	c.hello()
	role(record.RoleAgent)
	d := r.as("sam").act(id+"/whisper", map[string]any{"text": "offer the discount"})
	if it := c.await("that something happened", func(it liveItem) bool { return it.T == "event" && it.ID == d.EventID }); it.Event.Touch != nil {
		t.Errorf("hears %+v", it.Event.Touch)
	}
	r.server.live.tell([]byte(`{"t":"alerts","alerts":[]}`))
	r.server.live.tell([]byte(`{"t":"typing","conversation":"c","from":"customer"}`))
	c.await("typing", func(it liveItem) bool {
		if it.T == "alerts" {
			t.Error("is told alerts")
		}
		return it.T == "typing"
	})
}

// A rule's webhook is tried.
func TestAlertTest(t *testing.T) {
	r := boot(t)
	sam, leyla := r.as("sam"), r.as("leyla")
	var heard inbox.Word
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_ = json.NewDecoder(req.Body).Decode(&heard)
	}))
	defer hook.Close()
	_, err := r.hub.Record().SetSetting(t.Context(), inbox.AlertsSetting, 0, []record.AlertRule{{ID: "a", Kind: record.RuleAccount, Webhook: hook.URL}, {ID: "b", Kind: record.RuleAccount}})
	must(t, err)
	must(t, r.hub.SettingsChanged(t.Context(), inbox.AlertsSetting))
	var out struct{ Results []inbox.Tried }
	sam.ok("POST", "/settings/alerts/a/test", map[string]string{}, &out)
	if len(out.Results) != 1 || !out.Results[0].OK || heard.State != "test" || heard.Alert.TextFA == "" {
		t.Errorf("%+v; heard %+v", out, heard)
	}
	sam.refused(404, codeNotFound, "", "POST", "/settings/alerts/none/test", map[string]string{})
	sam.refused(409, codeConflict, "", "POST", "/settings/alerts/b/test", map[string]string{})
	leyla.refused(403, codeForbidden, "", "POST", "/settings/alerts/a/test", map[string]string{})
}
