package telegram

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/telegram/telegramtest"
)

var fast = pace{poll: 10 * time.Second, info: 30 * time.Millisecond, retry: 10 * time.Millisecond}

func TestPolling(t *testing.T) { channeltest.Run(t, rig("polling")) }
func TestWebhook(t *testing.T) { channeltest.Run(t, rig("webhook")) }

func start(t *testing.T) *telegramtest.Server {
	t.Helper()
	srv, err := telegramtest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	srv.RetryEvery(20 * time.Millisecond)
	return srv
}

func customer(n int) telegramtest.User {
	return telegramtest.User{ID: int64(4000 + n), FirstName: "Mina", LastName: "Rad", Lang: "fa"}
}

func rig(mode string) channeltest.Build {
	return func(t *testing.T, hook string) channeltest.Rig {
		srv := start(t)
		with := func(token string) json.RawMessage {
			b, _ := json.Marshal(map[string]any{"token": token, "mode": mode, "api_url": srv.URL()})
			return b
		}
		wrong := strings.Replace(telegramtest.Token, "AA", "AB", 1)
		return channeltest.Rig{
			Kind:     kind(fast),
			Settings: with(telegramtest.Token),
			Wrong:    with(wrong),
			Secrets:  []string{strings.SplitN(telegramtest.Token, ":", 2)[1], strings.SplitN(wrong, ":", 2)[1]},
			Say: func(n int, texts ...string) {
				for _, text := range texts {
					srv.Say(customer(n), text)
				}
			},
			Pending:   srv.Pending,
			Redeliver: srv.Redeliver,
			Garble: func(n int) {
				srv.Inject(customer(n).ID, `{"update_id":%d,"message":{"message_id":"seven","chat":{"id":4000,"type":"private"}}}`)
			},
			Faults: []channeltest.Fault{channeltest.Temporary, channeltest.Permanent, channeltest.RateLimited, channeltest.LostReply},
			Fault: func(f channeltest.Fault) {
				srv.FailNext(map[channeltest.Fault]telegramtest.Fault{
					channeltest.Temporary:   {Code: 500},
					channeltest.Permanent:   {Code: 403},
					channeltest.RateLimited: {Code: 429, RetryAfter: 7},
					channeltest.LostReply:   {Cut: true},
				}[f])
			},
			Sent: func() (out []channeltest.Sent) {
				for _, m := range srv.Sent() {
					b, _ := json.Marshal(m.ChatID)
					out = append(out, channeltest.Sent{To: string(b), Text: m.Text})
				}
				return out
			},
			Stop: srv.Stop,
			Start: func() {
				if err := srv.Restart(); err != nil {
					t.Fatal(err)
				}
			},
		}
	}
}

var _ channels.Kind = Kind()
