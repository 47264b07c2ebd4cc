package agentui

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"tamas/inbox/record"
)

// report asks for a figure of the last two days.
func report(path string) string {
	now := time.Now()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return fmt.Sprintf("/reports/%s%sfrom=%d&to=%d", path, sep, now.Add(-24*time.Hour).UnixMilli(), now.Add(time.Hour).UnixMilli())
}

// TestReports: what agents did is in the reports within moments, each number opens what it was made of, in words of both languages.
func TestReports(t *testing.T) {
	r := boot(t)
	sam, leyla := r.as("sam"), r.as("leyla")
	conv := r.says("0912", "Where is my order?")
	other := r.says("0935", "Hello")
	leyla.ok("POST", "/conversations/"+conv.ID+"/claim", map[string]any{}, nil)
	leyla.ok("POST", "/conversations/"+conv.ID+"/reply", map[string]any{"text": "On its way."}, nil)
	leyla.ok("POST", "/conversations/"+conv.ID+"/tags", map[string]any{"tags": []string{"order"}}, nil)
	leyla.ok("POST", "/conversations/"+conv.ID+"/resolve", map[string]any{}, nil)

	var v struct {
		Figure     string       `json:"figure"`
		Definition string       `json:"definition"`
		Rows       []record.Row `json:"rows"`
		Total      record.Row   `json:"total"`
		Until      int64        `json:"until"`
	}
	r.until("what was done is in the report", func() bool {
		sam.ok("GET", report("resolution_time?by=tag"), nil, &v)
		return len(v.Rows) == 1
	})
	if v.Rows[0].Key != "order" || v.Rows[0].Count != 1 || v.Total.Count != 1 || v.Rows[0].P95 == nil || v.Until == 0 || !strings.Contains(v.Definition, "reopening") {
		t.Errorf("%+v", v)
	}
	for path, want := range map[string]float64{"offered": 2, "answered": 1, "handled": 1, "messages_in": 2, "messages_out": 1, "backlog": 1,
		"service_level": 1, "reopen_rate": 0, "answered?by=agent&agent=" + r.users["leyla"].ID: 1, "answered?agent=" + r.users["omid"].ID: 0,
		"messages_in?queue=" + r.queue + "&channel=hand": 2, "offered?by=hour_of_week": 2, "offered?by=time&step=half_hour&queue=" + r.queue: 2} {
		sam.ok("GET", report(path), nil, &v)
		if v.Total.Value == nil || *v.Total.Value != want {
			t.Errorf("%s: %+v, not %v", path, v.Total, want)
		}
	}

	var list struct {
		Items []record.ReportItem `json:"items"`
		Next  string              `json:"next"`
	}
	sam.ok("GET", report("messages_in/touches?by=queue&key="+url.QueryEscape(r.queue)+"&limit=1"), nil, &list)
	if len(list.Items) != 1 || list.Items[0].Conversation != other.ID || list.Items[0].Touch != other.LastMessage || list.Items[0].CustomerName != "0935" || list.Next == "" {
		t.Errorf("%+v", list)
	}
	sam.ok("GET", report("messages_in/touches?by=queue&key="+url.QueryEscape(r.queue)+"&after="+list.Next), nil, &list)
	if len(list.Items) != 1 || list.Items[0].Conversation != conv.ID {
		t.Errorf("%+v", list)
	}
	sam.ok("GET", report("backlog/touches?by=age&key=3600000"), nil, &list)
	if len(list.Items) != 1 || list.Items[0].Conversation != other.ID {
		t.Errorf("%+v", list)
	}

	text := string(sam.call("GET", report("frt.csv?by=agent"), nil).body)
	if !strings.Contains(text, "key,count,of,value,mean") || !strings.Contains(text, "\nلیلا,1,") {
		t.Errorf("%s", text)
	}

	// Words.
	var figures struct{ Figures []figureView }
	sam.ok("GET", "/reports", nil, &figures)
	if len(figures.Figures) != len(record.ReportFigures) || len(figureTexts) != len(record.ReportFigures) {
		t.Errorf("%d figures, %d texts", len(figures.Figures), len(figureTexts))
	}
	for _, f := range figures.Figures {
		if f.NameEn == "" || f.NameFa == "" || len(f.DefinitionEn) < 40 || len(f.DefinitionFa) < 40 {
			t.Errorf("%s has no words", f.ID)
		}
		for _, by := range f.By {
			sam.ok("GET", report(f.ID+"?by="+by), nil, &v)
			sam.ok("GET", report(f.ID+"/touches?by="+by), nil, &list)
		}
	}

	// What cannot be.
	for _, path := range []string{"/reports", report("frt"), report("frt/touches"), report("frt.csv")} {
		leyla.refused(403, codeForbidden, "", "GET", path, nil)
	}
	sam.refused(404, codeNotFound, "", "GET", report("luck"), nil)
	for path, field := range map[string]string{"frt?by=reason": "by", "offered?agent=x": "agent", "occupancy?queue=x": "queue", "frt?clock=attention": "clock",
		"frt/touches?after=x": "after", "frt/touches?after=1-2-9999999999999999999": "after", "frt/touches?by=time&key=7": "key", "frt/touches?limit=0": "limit"} {
		sam.refused(422, codeInvalid, field, "GET", report(path), nil)
	}
	sam.refused(422, codeInvalid, "from", "GET", "/reports/frt?from=5&to=3", nil)
	sam.refused(422, codeInvalid, "to", "GET", "/reports/frt?from=5&to=x", nil)
	sam.refused(422, codeInvalid, "step", "GET", "/reports/frt?by=time&step=half_hour&from=1000000000000&to=1500000000000", nil)
	sam.refused(422, codeInvalid, "step", "GET", "/reports/frt?by=time&step=half_hour&channel=hand&tag=x&from=1000000000000&to=1500000000000", nil)
}

// TestKeptPromises: they are told by what policies are chosen by, by their names in tables, and open the touches that kept them.
func TestKeptPromises(t *testing.T) {
	r := boot(t)
	sam, leyla := r.as("sam"), r.as("leyla")
	sam.ok("PUT", "/settings/sla", anyMap{"version": 0, "value": []anyMap{{"id": "quick", "name": "Quick", "first": 600}}}, nil)
	conv := r.says("0912", "Where is my order?")
	leyla.ok("POST", "/conversations/"+conv.ID+"/claim", anyMap{}, nil)
	leyla.ok("POST", "/conversations/"+conv.ID+"/reply", anyMap{"text": "On its way."}, nil)
	for by, key := range map[string]string{"policy": "quick", "priority": "0", "tier": ""} {
		var v struct{ Rows []record.Row }
		r.until("a promise that was kept is told by "+by, func() bool {
			sam.ok("GET", report("sla_first?by="+by), nil, &v)
			return len(v.Rows) == 1
		})
		if x := v.Rows[0]; x.Key != key || x.Count != 1 || x.Of == nil || *x.Of != 1 {
			t.Errorf("by %s: %+v", by, x)
		}
		var list struct{ Items []record.ReportItem }
		sam.ok("GET", report("sla_first/touches?by="+by+"&key="+key), nil, &list)
		if len(list.Items) != 1 || list.Items[0].Conversation != conv.ID || !list.Items[0].OK {
			t.Errorf("by %s: made of %+v", by, list)
		}
		sam.ok("GET", report("sla_first/touches?by="+by+"&key=7"), nil, &list)
		if len(list.Items) != 0 {
			t.Errorf("by %s: a row that is not there is made of %+v", by, list)
		}
	}
	if text := string(sam.call("GET", report("sla_first.csv?by=policy"), nil).body); !strings.Contains(text, "\nQuick,1,1,1") {
		t.Errorf("%s", text)
	}
	now := time.Now()
	var long struct{ Rows []record.Row }
	sam.ok("GET", fmt.Sprintf("/reports/sla_first?by=tier&from=%d&to=%d", now.AddDate(-1, 0, 0).UnixMilli(), now.UnixMilli()), nil, &long)
	if len(long.Rows) != 1 {
		t.Errorf("of a year: %+v", long)
	}
}
