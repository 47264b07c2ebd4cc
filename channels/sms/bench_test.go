package sms

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/signed"
	"tamas/channels/sms/smstest"
)

// The webhook's path without the hub: signature, form, words, and a desk in memory. `tamas bench` has it with the hub.
func BenchmarkWebhook(b *testing.B) {
	hook := "https://hub.example/hooks/acc1/"
	now := time.Now()
	for _, bench := range []struct {
		name string
		set  map[string]any
		call func(i int) *http.Request
	}{
		{"twilio", map[string]any{"provider": "twilio", "number": smstest.Number, "account_sid": smstest.AccountSID, "auth_token": smstest.AuthToken}, func(i int) *http.Request {
			form := url.Values{"MessageSid": {fmt.Sprintf("SM%032x", i)}, "AccountSid": {smstest.AccountSID}, "From": {"+989121234567"}, "To": {smstest.Number}, "Body": {"سلام، سفارشم کجاست؟"}, "NumMedia": {"0"}}
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
			r.Header.Set("X-Twilio-Signature", smstest.Sign(hook, form))
			return r
		}},
		{"generic", map[string]any{"provider": "generic", "number": "300050", "region": "IR", "send_url": "http://127.0.0.1:1/send", "secret": smstest.Secret}, func(i int) *http.Request {
			body := fmt.Sprintf(`{"messages":[{"id":"%d","from":"09121234567","text":"سلام، سفارشم کجاست؟"}]}`, i)
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header.Set(signed.Header, signed.Sign(smstest.Secret, now, []byte(body)))
			return r
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			raw, _ := json.Marshal(bench.set)
			a, err := open(channels.Config{ID: "acc1", Settings: raw, PublicURL: "https://hub.example", Desk: channeltest.NewDesk()}, pace{})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				n++
				w := httptest.NewRecorder()
				if a.(http.Handler).ServeHTTP(w, bench.call(n)); w.Code != 200 {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}
