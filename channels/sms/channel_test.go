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

func TestTwilioByWebhook(t *testing.T) { channeltest.Run(t, twilioRig(true)) }
func TestTwilioByList(t *testing.T)    { channeltest.Run(t, twilioRig(false)) }
func TestGeneric(t *testing.T)         { channeltest.Run(t, genericRig) }

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
		out = append(out, channeltest.Sent{To: m.To, Text: m.Text})
	}
	return out
}

var allFaults = []channeltest.Fault{channeltest.Temporary, channeltest.Permanent, channeltest.RateLimited, channeltest.LostReply}

func twilioRig(webhook bool) channeltest.Build {
	return func(t *testing.T, hook string) channeltest.Rig {
		srv := startTwilio(t)
		p := pace{look: 30 * time.Millisecond, grace: time.Hour}
		wrong := "b5d4c3b2a1f0e9d8c7b6a5d4c3b2a1f0"
		rig := channeltest.Rig{
			Settings: twilioSettings(srv, nil),
			Wrong:    twilioSettings(srv, map[string]any{"auth_token": wrong}),
			Secrets:  []string{smstest.AuthToken, wrong},
			Say: func(n int, texts ...string) {
				for _, text := range texts {
					srv.Say(customer(n), text)
				}
			},
			Faults: allFaults,
			Fault: func(f channeltest.Fault) {
				srv.FailNext(map[channeltest.Fault]smstest.Fault{
					channeltest.Temporary:   {Status: 503, Code: 20503, Text: "Service unavailable"},
					channeltest.Permanent:   {Status: 400, Code: 21610, Text: "Attempt to send to unsubscribed recipient"},
					channeltest.RateLimited: {Status: 429, Code: 20429, Text: "Too Many Requests"},
					channeltest.LostReply:   {Cut: true},
				}[f])
			},
			Sent: func() []channeltest.Sent { return sent(srv.Sent()) },
			Stop: srv.Stop,
			Start: func() {
				if err := srv.Restart(); err != nil {
					t.Fatal(err)
				}
			},
		}
		if webhook {
			srv.SetWebhook(hook)
			rig.Pending = srv.Pending
			rig.Redeliver = srv.Redeliver
			rig.Garble = func(n int) { srv.Post(customer(n), url.Values{"From": {customer(n)}, "Body": {"who am I?"}}) }
		} else {
			p.grace = 0
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
	srv := startGateway(t)
	srv.SetWebhook(hook)
	wrong := "another-secret-of-nobody"
	return channeltest.Rig{
		Kind:     kind(pace{look: 30 * time.Millisecond}),
		Settings: genericSettings(srv, nil),
		Wrong:    genericSettings(srv, map[string]any{"secret": wrong}),
		Secrets:  []string{smstest.Secret, wrong},
		Say: func(n int, texts ...string) {
			for _, text := range texts {
				srv.Say("0"+customer(n)[3:], text)
			}
		},
		Pending:   srv.Pending,
		Redeliver: srv.Redeliver,
		Garble:    func(n int) { srv.Post("0"+customer(n)[3:], `{"messages":[{"id":7,"text":["not","text"]}]}`) },
		Faults:    allFaults,
		Fault: func(f channeltest.Fault) {
			srv.FailNext(map[channeltest.Fault]smstest.Fault{
				channeltest.Temporary:   {Status: 500, Text: "our database rests"},
				channeltest.Permanent:   {Status: 422, Text: "this number is on the black list"},
				channeltest.RateLimited: {Status: 429, RetryAfter: 3, Text: "slowly"},
				channeltest.LostReply:   {Cut: true},
			}[f])
		},
		Sent: func() []channeltest.Sent { return sent(srv.Sent()) },
		Stop: srv.Stop,
		Start: func() {
			if err := srv.Restart(); err != nil {
				t.Fatal(err)
			}
		},
	}
}
