package agentui

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"tamas/inbox"
	"tamas/inbox/record"
)

func TestPrivacy(t *testing.T) {
	r := boot(t)
	admin, b, leyla := r.as("ada"), r.as("sam"), r.as("leyla")
	p := record.PrivacySetting{Cards: true, NationalIDs: "named", Passwords: true, Keep: true, Reveal: record.RoleSupervisor, Retention: []record.RetentionRule{}}
	set := func(v any, version int64) map[string]any { return map[string]any{"value": v, "version": version} }
	b.refused(403, codeForbidden, "", "PUT", "/settings/privacy", set(p, 0))
	admin.ok("PUT", "/settings/privacy", set(p, 0), nil)
	admin.refused(409, codeConflict, "", "PUT", "/settings/privacy", set(p, 0))
	for field, change := range map[string]func(*record.PrivacySetting){
		"value.national_ids": func(p *record.PrivacySetting) { p.NationalIDs = "sometimes" },
		"value.reveal":       func(p *record.PrivacySetting) { p.Reveal = "god" },
		"value.retention[0].days": func(p *record.PrivacySetting) {
			p.Retention = []record.RetentionRule{{ID: "r", Name: "n", What: "text"}}
		},
		"value.retention[0].what": func(p *record.PrivacySetting) { p.Retention = []record.RetentionRule{{ID: "r", Name: "n", Days: 1}} },
		"value.retention[0].without_purpose": func(p *record.PrivacySetting) {
			p.Retention = []record.RetentionRule{{ID: "r", Name: "n", Days: 1, What: record.RetainText, Without: "marketting"}}
		},
		"value.retention[0].kinds": func(p *record.PrivacySetting) {
			p.Retention = []record.RetentionRule{{ID: "r", Name: "n", Days: 1, What: "customer", Kinds: []string{"note"}}}
		},
	} {
		bad := p
		change(&bad)
		admin.refused(422, codeInvalid, field, "PUT", "/settings/privacy", set(bad, 1))
	}

	x := r.says("sara", "my card is 4111 1111 1111 1111")
	var page struct{ Items []record.Touch }
	b.ok("GET", "/conversations/"+x.ID+"/touches", nil, &page)
	said := page.Items[0]
	if said.Body.Text != "my card is •••• 1111" || len(said.Body.Masked) != 1 || len(said.Body.Sealed) > 0 {
		t.Fatalf("%+v", said.Body)
	}
	leyla.refused(403, codeForbidden, "", "POST", "/touches/"+said.ID+"/unmask", nil)
	var opened struct {
		Secrets []struct{ Kind, Value string }
	}
	b.ok("POST", "/touches/"+said.ID+"/unmask", nil, &opened)
	if len(opened.Secrets) != 1 || opened.Secrets[0].Value != "4111 1111 1111 1111" {
		t.Errorf("%+v", opened)
	}
	b.refused(404, codeNotFound, "", "POST", "/touches/nobody/unmask", nil)
	var audit auditAnswer
	b.ok("GET", "/audit?action=touch.unmask", nil, &audit)
	if len(audit.Items) != 1 || audit.Items[0].By != r.users["sam"].ID || strings.Contains(string(audit.Items[0].After), "4111") {
		t.Errorf("%+v", audit)
	}

	who := b.customerOf(x.ID)
	resp, err := (&http.Client{Jar: b.client.Jar, Timeout: patience}).Get(r.http.URL + "/api/v1/customers/" + who + "/export")
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	must(t, err)
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		from, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(from)
		must(t, err)
		parts[f.Name] = string(text)
	}
	if !strings.Contains(parts["index.html"], "•••• 1111") || !strings.Contains(parts["data.json"], "•••• 1111") || strings.Contains(parts["data.json"], "sealed") || !json.Valid([]byte(parts["data.json"])) {
		t.Errorf("%v", parts)
	}

	var preview erasePreview
	b.ok("GET", "/customers/"+who+"/erase", nil, &preview)
	if preview.Counts.Touches != 1 || preview.Open != 1 || preview.Hold != nil {
		t.Errorf("%+v", preview)
	}
	reason := map[string]any{"reason": "asked for it"}
	b.refused(403, codeForbidden, "", "POST", "/customers/"+who+"/erase", reason)
	admin.refused(422, codeInvalid, "reason", "POST", "/customers/"+who+"/erase", map[string]any{"reason": ""})
	admin.refused(422, codeInvalid, "", "POST", "/customers/"+who+"/erase", reason) // a conversation is open
	admin.refused(404, codeNotFound, "", "POST", "/customers/nobody/erase", reason)
	b.ok("POST", "/conversations/"+x.ID+"/resolve", map[string]any{}, nil)
	b.ok("PUT", "/customers/"+who+"/hold", map[string]any{"why": "a lawsuit"}, nil)
	admin.refused(422, codeInvalid, "", "POST", "/customers/"+who+"/erase", reason)
	b.ok("PUT", "/customers/"+who+"/hold", map[string]any{"why": ""}, nil)
	var e record.Erasure
	admin.ok("POST", "/customers/"+who+"/erase", reason, &e)
	if e.Customer != who || e.Counts.Bodies != 1 || e.By != r.users["ada"].ID {
		t.Errorf("%+v", e)
	}
	b.refused(404, codeNotFound, "", "GET", "/customers/"+who, nil)
	var list struct{ Items []record.Erasure }
	b.ok("GET", "/erasures", nil, &list)
	if len(list.Items) != 1 || list.Items[0].ID != e.ID {
		t.Errorf("%+v", list)
	}
	var one record.Erasure
	b.ok("GET", "/erasures/"+e.ID, nil, &one)
	leyla.refused(403, codeForbidden, "", "GET", "/erasures", nil)
	var seen record.RetentionPreview
	b.ok("POST", "/settings/privacy/preview", map[string]any{"rule": record.RetentionRule{ID: "r", Name: "n", Days: 1, What: "text", Kinds: []string{}, Channels: []string{}}}, &seen)
	var did inbox.Retained
	b.refused(403, codeForbidden, "", "POST", "/settings/privacy/run", nil)
	admin.ok("POST", "/settings/privacy/run", nil, &did)
	if did != (inbox.Retained{}) { // there is no rule
		t.Errorf("%+v", did)
	}
	b.ok("GET", "/audit?action=retention.run", nil, &audit)
	if len(audit.Items) != 1 {
		t.Errorf("%+v", audit)
	}
}
