package sms

import (
	"net/url"
	"testing"
	"unicode/utf8"

	"tamas/channels"
)

// sane fails when a parsed message breaks the contract.
func sane(t *testing.T, m channels.Inbound) {
	t.Helper()
	if m.Key == "" || len(m.Key) > channels.MaxKey || len(m.Thread) > channels.MaxKey || len(m.Address) > channels.MaxKey {
		t.Fatalf("keys: %+v", m)
	}
	if m.Unreadable == "" && (m.Thread == "" || m.Address == "") {
		t.Fatalf("nobody's message: %+v", m)
	}
	if m.Unreadable != "" && len(m.Raw) == 0 {
		t.Fatalf("an unreadable message without its bytes: %+v", m)
	}
}

func FuzzTwilioForm(f *testing.F) {
	f.Add("MessageSid=SM1&From=%2B989121234567&Body=hi&NumMedia=1&MediaUrl0=x", "IR")
	f.Add("From=&Body=%FF", "")
	f.Fuzz(func(t *testing.T, body, region string) {
		form, err := url.ParseQuery(body)
		if err != nil || body == "" {
			return
		}
		sane(t, twilioInbound(form, []byte(body), region))
	})
}

func FuzzGeneric(f *testing.F) {
	f.Add([]byte(`{"messages":[{"id":"1","from":"0912","text":"x","at":1}],"statuses":[{"id":1,"state":"read"}]}`), "IR")
	f.Add([]byte(`{"messages":[{},null,[]]}`), "")
	f.Add([]byte(`[`), "DE")
	f.Fuzz(func(t *testing.T, body []byte, region string) {
		if len(body) == 0 {
			return
		}
		ms, ss := parseGeneric(body, region)
		for _, m := range ms {
			sane(t, m)
		}
		for _, s := range ss {
			if s.id == "" || len(s.id) > channels.MaxKey {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func FuzzVonage(f *testing.F) {
	f.Add([]byte(`{"message_uuid":"1","from":"98912","text":"x","timestamp":"2026-01-01T14:00:00.000Z"}`), "IR")
	f.Add([]byte(`{"message_uuid":"1","status":"rejected","error":{"type":"#1"}}`), "")
	f.Add([]byte(`{"message_uuid":"1","from":"447700900000","message_type":"image"}`), "")
	f.Fuzz(func(t *testing.T, body []byte, region string) {
		if len(body) == 0 {
			return
		}
		if s, is := vonageStatus(body); is && (s.id == "" || len(s.id) > channels.MaxKey) {
			t.Fatalf("%+v", s)
		}
		sane(t, vonageInbound(body, region))
	})
}

func FuzzKavenegar(f *testing.F) {
	f.Add("messageid=1&from=09121234567&message=%D8%B3", "IR")
	f.Add("messageid=&status=10", "")
	f.Fuzz(func(t *testing.T, body, region string) {
		form, err := url.ParseQuery(body)
		if err != nil || body == "" {
			return
		}
		if s := kavenegarStatus(form); len(s.id) > channels.MaxKey {
			t.Fatalf("%+v", s)
		}
		sane(t, kavenegarInbound(form, []byte(body), region))
	})
}

func FuzzWords(f *testing.F) {
	f.Add("لغو ۱۱")
	f.Add("*stop*")
	w := wordsOf(settings{Provider: "generic"})
	f.Fuzz(func(t *testing.T, text string) {
		in := channels.Inbound{Text: text}
		w.read(&in)
		if in.Consent != "" && (utf8.RuneCountInString(fold(text)) > 12 || w.meaning[fold(" "+text+"! ")] != in.Consent) {
			t.Fatalf("%q means %q", text, in.Consent)
		}
	})
}
