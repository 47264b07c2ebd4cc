package telegram

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/telegram/telegramtest"
)

var fast = pace{poll: 10 * time.Second, info: 30 * time.Millisecond, retry: 10 * time.Millisecond,
	album: 550 * time.Millisecond, part: time.Millisecond, giveUp: 10 * time.Minute}

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
		last := map[int]int{} // customer → message
		faults := map[channeltest.Fault]telegramtest.Fault{
			channeltest.Temporary:   {Code: 500},
			channeltest.Permanent:   {Code: 400, Description: "Bad Request: message is too long"},
			channeltest.Unreachable: {Code: 403},
			channeltest.RateLimited: {Code: 429, RetryAfter: 7},
			channeltest.LostReply:   {Cut: true},
		}
		return channeltest.Rig{
			Kind:     kind(fast),
			Settings: with(telegramtest.Token),
			Wrong:    with(wrong),
			Secrets:  []string{strings.SplitN(telegramtest.Token, ":", 2)[1], strings.SplitN(wrong, ":", 2)[1]},
			Say: func(n int, texts ...string) {
				for _, text := range texts {
					last[n] = srv.Say(customer(n), text)
				}
			},
			Pending:   srv.Pending,
			Redeliver: srv.Redeliver,
			Garble: func(n int) {
				srv.Inject(customer(n).ID, `{"update_id":%d,"message":{"message_id":"seven","chat":{"id":4000,"type":"private"}}}`)
			},
			Faults:     []channeltest.Fault{channeltest.Temporary, channeltest.Permanent, channeltest.Unreachable, channeltest.RateLimited, channeltest.LostReply},
			Fault:      func(f channeltest.Fault) { srv.FailNext(faults[f]) },
			RetryAfter: 7 * time.Second,
			Sent:       func() []channeltest.Sent { return sent(srv) },
			Stop:       srv.Stop,
			Start: func() {
				if err := srv.Restart(); err != nil {
					t.Fatal(err)
				}
			},
			SayFile: func(n int, text string, f channeltest.Upload) {
				srv.SayFile(customer(n), text, telegramtest.File{Name: f.Name, Type: f.Type, Content: f.Content})
			},
			FileFault: func(f channeltest.Fault) {
				srv.FailFile(map[channeltest.Fault]telegramtest.Fault{channeltest.Temporary: {Cut: true}, channeltest.Permanent: {Code: 404}}[f])
			},
			Edit: func(n int, text string) { srv.Edit(customer(n), last[n], text) },
			Reply: func(n int, id string, text string) {
				_, message, _ := strings.Cut(id, "/")
				to, err := strconv.Atoi(message)
				if err != nil {
					t.Fatal(err)
				}
				srv.Reply(customer(n), to, map[string]any{"text": text})
			},
			Fetches: srv.Handed,
			Typing:  srv.Actions,
		}
	}
}

// sent is what the bot's customers see.
func sent(srv *telegramtest.Server) (out []channeltest.Sent) {
	for _, m := range srv.Sent() {
		x := channeltest.Sent{To: strconv.FormatInt(m.ChatID, 10), Text: m.Text, ID: providerID(m.ChatID, m.ID)}
		if m.ReplyTo != 0 {
			x.ReplyTo = providerID(m.ChatID, m.ReplyTo)
		}
		if f := m.File; f != nil {
			x.Files = []channeltest.Upload{{Name: f.Name, Type: f.Type, Content: f.Content}}
		}
		out = append(out, x)
	}
	return out
}

var _ channels.Kind = Kind()
