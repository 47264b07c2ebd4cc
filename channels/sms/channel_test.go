package sms

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"tamas/channels/channeltest"
	"tamas/channels/sms/smstest"
)

func TestTwilioByWebhook(t *testing.T)    { channeltest.Run(t, twilioRig(true)) }
func TestTwilioByList(t *testing.T)       { channeltest.Run(t, twilioRig(false)) }
func TestVonage(t *testing.T)             { channeltest.Run(t, vonageRig) }
func TestKavenegarByWebhook(t *testing.T) { channeltest.Run(t, kavenegarRig(true)) }
func TestKavenegarByList(t *testing.T)    { channeltest.Run(t, kavenegarRig(false)) }
func TestGeneric(t *testing.T)            { channeltest.Run(t, genericRig) }
func TestGenericByToken(t *testing.T)     { channeltest.Run(t, tokenRig) }

func customer(n int) string { return fmt.Sprintf("+98912000000%d", n) }

func startTwilio(t *testing.T) *smstest.Twilio {
	t.Helper()
	srv, err := smstest.StartTwilio("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	srv.RetryEvery(20 * time.Millisecond)
	srv.GiveUpAfter(0)
	return srv
}

func twilioSettings(srv *smstest.Twilio, more map[string]any) json.RawMessage {
	set := map[string]any{"provider": "twilio", "number": smstest.Number, "account_sid": smstest.AccountSID, "auth_token": smstest.AuthToken, "api_url": srv.URL()}
	for k, v := range more {
		set[k] = v
	}
	b, _ := json.Marshal(set)
	return b
}

func sent(ms []smstest.Message) (out []channeltest.Sent) {
	for _, m := range ms {
		out = append(out, channeltest.Sent{ID: m.ID, To: m.To, Text: m.Text})
	}
	return out
}

var allFaults = []channeltest.Fault{channeltest.Temporary, channeltest.Permanent, channeltest.RateLimited, channeltest.LostReply, channeltest.Unreachable}

func says(say func(from, text string), name func(n int) string) func(n int, texts ...string) {
	return func(n int, texts ...string) {
		for _, text := range texts {
			say(name(n), text)
		}
	}
}

// national is a customer's number as gateways in Iran write it.
func national(n int) string { return "0" + customer(n)[3:] }

func twilioRig(webhook bool) channeltest.Build {
	return func(t *testing.T, hook string) channeltest.Rig {
		srv := startTwilio(t)
		p := pace{look: 30 * time.Millisecond, grace: time.Hour, again: 10 * time.Millisecond}
		wrong := "b5d4c3b2a1f0e9d8c7b6a5d4c3b2a1f0"
		rig := channeltest.Rig{
			Settings: twilioSettings(srv, nil),
			Wrong:    twilioSettings(srv, map[string]any{"auth_token": wrong}),
			Secrets:  []string{smstest.AuthToken, wrong},
			Say:      says(func(from, text string) { srv.Say(from, text) }, customer),
			SayFile: func(n int, text string, f channeltest.Upload) {
				srv.Say(customer(n), text, smstest.Media{Type: f.Type, Content: f.Content})
			},
			FileFault: func(f channeltest.Fault) {
				if f == channeltest.Permanent {
					srv.FailMedia(404, 404, 404)
				} else {
					srv.FailMedia(503)
				}
			},
			Report: func(id, state string) {
				code := map[string]int{"failed": 30005}[state]
				srv.SendStatus(id, map[string]string{"delivered": "delivered", "failed": "undelivered"}[state], code)
			},
			RetryAfter: 3 * time.Second,
			Faults:     allFaults,
			Fault: func(f channeltest.Fault) {
				srv.FailNext(map[channeltest.Fault]smstest.Fault{
					channeltest.Temporary:   {Status: 503, Code: 20503, Text: "Service unavailable"},
					channeltest.Permanent:   {Status: 400, Code: 21408, Text: "Permission to send an SMS has not been enabled for the region"},
					channeltest.Unreachable: {Status: 400, Code: 21610, Text: "Attempt to send to unsubscribed recipient"},
					channeltest.RateLimited: {Status: 429, Code: 20429, Text: "Too Many Requests", RetryAfter: 3},
					channeltest.LostReply:   {Cut: true},
				}[f])
			},
			Sent:  func() []channeltest.Sent { return sent(srv.Sent()) },
			Stop:  srv.Stop,
			Start: restart(t, srv.Restart),
		}
		if webhook {
			srv.SetWebhook(hook)
			rig.Pending = srv.Pending
			rig.Redeliver = srv.Redeliver
			rig.Garble = func(n int) { srv.Post(customer(n), url.Values{"From": {customer(n)}, "Body": {"who am I?"}}) }
		} else {
			p.grace = 0
			rig.Relists, rig.Report = true, nil
			rig.Old = func(n int, at time.Time, texts ...string) {
				says(func(from, text string) { srv.Old(from, text, at) }, customer)(n, texts...)
			}
			rig.Redeliver = func() { srv.SetWebhook(hook) } // the webhook brings what the list had brought before
		}
		rig.Kind = kind(p)
		return rig
	}
}

func startGateway(t *testing.T) *smstest.Gateway {
	t.Helper()
	srv, err := smstest.StartGateway("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	srv.RetryEvery(20 * time.Millisecond)
	return srv
}

func genericSettings(srv *smstest.Gateway, more map[string]any) json.RawMessage {
	set := map[string]any{"provider": "generic", "number": smstest.ShortCode, "region": "ir", "send_url": srv.URL() + smstest.SendPath, "secret": smstest.Secret}
	for k, v := range more {
		set[k] = v
	}
	b, _ := json.Marshal(set)
	return b
}

func genericRig(t *testing.T, hook string) channeltest.Rig {
	return gatewayRig(t, hook, startGateway(t))
}

func gatewayRig(t *testing.T, hook string, srv *smstest.Gateway) channeltest.Rig {
	srv.SetWebhook(hook)
	wrong := "another-secret-of-nobody"
	return channeltest.Rig{
		Kind:      kind(pace{look: 30 * time.Millisecond}),
		Settings:  genericSettings(srv, nil),
		Wrong:     genericSettings(srv, map[string]any{"secret": wrong}),
		Secrets:   []string{smstest.Secret, wrong},
		Say:       says(func(from, text string) { srv.Say(from, text) }, national),
		Pending:   srv.Pending,
		Redeliver: srv.Redeliver,
		Garble:    func(n int) { srv.Post(national(n), `{"messages":[{"id":7,"text":["not","text"]}]}`) },
		Faults:    allFaults[:4], // the protocol has no word for an address that is dead
		Fault: func(f channeltest.Fault) {
			srv.FailNext(map[channeltest.Fault]smstest.Fault{
				channeltest.Temporary:   {Status: 500, Text: "our database rests"},
				channeltest.Permanent:   {Status: 422, Text: "this number is on the black list"},
				channeltest.RateLimited: {Status: 429, RetryAfter: 3, Text: "slowly"},
				channeltest.LostReply:   {Cut: true},
			}[f])
		},
		RetryAfter: 3 * time.Second,
		Report:     func(id, state string) { srv.SendStatus(id, state, map[string]string{"failed": "no credit"}[state]) },
		Sent:       func() []channeltest.Sent { return sent(srv.Sent()) },
		Stop:       srv.Stop,
		Start:      restart(t, srv.Restart),
	}
}

func tokenRig(t *testing.T, hook string) channeltest.Rig {
	srv := startGateway(t)
	srv.UseToken()
	rig := gatewayRig(t, hook, srv)
	var set map[string]any
	for _, raw := range []*json.RawMessage{&rig.Settings, &rig.Wrong} {
		_ = json.Unmarshal(*raw, &set)
		set["auth"] = "token"
		*raw, _ = json.Marshal(set)
	}
	return rig
}

func restart(t *testing.T, again func() error) func() {
	return func() {
		if err := again(); err != nil {
			t.Fatal(err)
		}
	}
}

func startVonage(t *testing.T) *smstest.Vonage {
	t.Helper()
	srv, err := smstest.StartVonage("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	srv.RetryEvery(20 * time.Millisecond)
	return srv
}

func vonageSettings(srv *smstest.Vonage, more map[string]any) json.RawMessage {
	set := map[string]any{"provider": "vonage", "number": smstest.VonageNumber, "api_url": srv.URL(),
		"vonage_key": smstest.VonageKey, "vonage_secret": smstest.VonageSecret, "vonage_signature": smstest.VonageSignature}
	for k, v := range more {
		set[k] = v
	}
	b, _ := json.Marshal(set)
	return b
}

func vonageRig(t *testing.T, hook string) channeltest.Rig {
	srv := startVonage(t)
	srv.SetWebhook(hook)
	wrong := "Another-Api-Secret-0"
	return channeltest.Rig{
		Kind:      kind(pace{look: 30 * time.Millisecond}),
		Settings:  vonageSettings(srv, nil),
		Wrong:     vonageSettings(srv, map[string]any{"vonage_secret": wrong}),
		Secrets:   []string{smstest.VonageSecret, smstest.VonageSignature, wrong},
		Say:       says(func(from, text string) { srv.Say(from, text) }, customer),
		Pending:   srv.Pending,
		Redeliver: srv.Redeliver,
		Garble:    func(n int) { srv.Post(customer(n), `{"channel":"sms","text":"who am I?"}`) },
		Faults:    allFaults,
		Fault: func(f channeltest.Fault) {
			srv.FailNext(map[channeltest.Fault]smstest.Fault{
				channeltest.Temporary:   {Status: 500, Code: 1030, Text: "Internal error"},
				channeltest.Permanent:   {Status: 422, Code: 1120, Text: "Illegal Sender Address"},
				channeltest.Unreachable: {Status: 422, Code: 1240, Text: "Illegal Number"},
				channeltest.RateLimited: {Status: 429, Code: 1000, Text: "Throttled", RetryAfter: 3},
				channeltest.LostReply:   {Cut: true},
			}[f])
		},
		RetryAfter: 3 * time.Second,
		Report: func(id, state string) {
			srv.SendStatus(id, map[string]string{"delivered": "delivered", "failed": "undeliverable"}[state], map[string]int{"failed": 1190}[state])
		},
		Sent:  func() []channeltest.Sent { return sent(srv.Sent()) },
		Stop:  srv.Stop,
		Start: restart(t, srv.Restart),
	}
}

func startKavenegar(t *testing.T) *smstest.Kavenegar {
	t.Helper()
	srv, err := smstest.StartKavenegar("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	srv.RetryEvery(20 * time.Millisecond)
	return srv
}

func kavenegarSettings(srv *smstest.Kavenegar, more map[string]any) json.RawMessage {
	set := map[string]any{"provider": "kavenegar", "number": smstest.KavenegarLine, "region": "IR", "api_url": srv.URL(),
		"kavenegar_key": smstest.KavenegarKey, "hook_token": smstest.HookToken}
	for k, v := range more {
		set[k] = v
	}
	b, _ := json.Marshal(set)
	return b
}

func kavenegarRig(webhook bool) channeltest.Build {
	return func(t *testing.T, hook string) channeltest.Rig {
		srv := startKavenegar(t)
		p := pace{look: 30 * time.Millisecond, grace: time.Hour}
		wrong := "0000000000000000000000000000"
		rig := channeltest.Rig{
			Settings: kavenegarSettings(srv, nil),
			Wrong:    kavenegarSettings(srv, map[string]any{"kavenegar_key": wrong}),
			Secrets:  []string{smstest.KavenegarKey, smstest.HookToken, wrong},
			Say:      says(func(from, text string) { srv.Say(from, text) }, national),
			Faults:   allFaults,
			Fault: func(f channeltest.Fault) {
				srv.FailNext(map[channeltest.Fault]smstest.Fault{
					channeltest.Temporary:   {Code: 409, Text: "سرور قادر به پاسخگوئی نیست بعدا تلاش کنید"},
					channeltest.Permanent:   {Code: 422, Text: "داده‌ها به دلیل وجود کاراکتر نامناسب قابل پردازش نیست"},
					channeltest.Unreachable: {Code: 411, Text: "دریافت کننده نامعتبر است"},
					channeltest.RateLimited: {Code: 451, Text: "فراخوانی بیش از حد در بازه زمانی مشخص"},
					channeltest.LostReply:   {Cut: true},
				}[f])
			},
			Sent:   func() []channeltest.Sent { return sent(srv.Sent()) },
			Report: func(id, state string) { srv.SendStatus(id, map[string]int{"delivered": 10, "failed": 14}[state]) },
			Stop:   srv.Stop,
			Start:  restart(t, srv.Restart),
		}
		if webhook {
			srv.SetWebhook(hook)
			rig.Pending, rig.Redeliver = srv.Pending, srv.Redeliver
			rig.Garble = func(n int) { srv.Post(national(n), url.Values{"from": {national(n)}, "message": {"who am I?"}}) }
		} else {
			p.grace = 0
			rig.Relists = true
			rig.Redeliver = func() { srv.SetWebhook(hook) }
			rig.Report = nil
			rig.Old = func(n int, at time.Time, texts ...string) {
				says(func(from, text string) { srv.Old(from, text, at) }, national)(n, texts...)
			}
		}
		rig.Kind = kind(p)
		return rig
	}
}
