package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/api/apitest"
	"tamas/channels/channeltest"
)

func TestByWebhook(t *testing.T) { channeltest.Run(t, rig(true)) }
func TestByPull(t *testing.T)    { channeltest.Run(t, rig(false)) }

func start(t *testing.T) *apitest.System {
	t.Helper()
	sys, err := apitest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sys.Close)
	return sys
}

func settingsOf(sys *apitest.System, more map[string]any) json.RawMessage {
	set := map[string]any{"send_url": sys.URL() + "/send", "secret": apitest.Secret, "file_urls": []string{sys.URL() + "/files/"}, "typing": true, "list_url": sys.URL() + "/messages"}
	for k, v := range more {
		set[k] = v
	}
	b, _ := json.Marshal(set)
	return b
}

func customer(n int) string { return fmt.Sprintf("customer-%d", n) }

func rig(webhook bool) channeltest.Build {
	return func(t *testing.T, hook string) channeltest.Rig {
		sys := start(t)
		more := map[string]any{}
		if webhook {
			sys.SetWebhook(hook)
		} else {
			more["pull_url"] = sys.URL() + "/events"
		}
		wrong := map[string]any{"secret": "another-secret-of-nobody"}
		for k, v := range more {
			wrong[k] = v
		}
		last := map[int]string{} // what each customer said last
		tell := func(n int, e apitest.Event) {
			e["address"], e["name"] = customer(n), fmt.Sprintf("Customer %d", n)
			id := sys.Tell(e)
			if e["type"] == nil {
				last[n] = id
			}
		}
		// The hub's links lead to its files; here the desk has them.
		var desk *channeltest.Desk
		k := kind(pace{look: 30 * time.Millisecond, pull: 10 * time.Millisecond, fetch: 5 * time.Second})
		opened := k.Open
		k.Open = func(c channels.Config) (channels.Adapter, error) {
			desk, _ = c.Desk.(*channeltest.Desk)
			return opened(c)
		}
		r := channeltest.Rig{
			Kind:     k,
			Settings: settingsOf(sys, more),
			Wrong:    settingsOf(sys, wrong),
			Secrets:  []string{apitest.Secret, "another-secret-of-nobody"},
			Say: func(n int, texts ...string) {
				for _, text := range texts {
					tell(n, apitest.Event{"text": text})
				}
			},
			SayFile: func(n int, text string, f channeltest.Upload) {
				tell(n, apitest.Event{"text": text, "files": []any{map[string]any{"name": f.Name, "type": f.Type, "url": sys.Keep("content", f.Content)}}})
			},
			FileFault: func(f channeltest.Fault) {
				sys.FailFiles(map[channeltest.Fault]int{channeltest.Permanent: 404, channeltest.Temporary: 503}[f])
			},
			Edit:       func(n int, text string) { tell(n, apitest.Event{"type": "edit", "of": last[n], "text": text}) },
			Delete:     func(n int) { tell(n, apitest.Event{"type": "deletion", "of": last[n]}) },
			Reply:      func(n int, id, text string) { tell(n, apitest.Event{"reply_to": id, "text": text}) },
			Faults:     []channeltest.Fault{channeltest.Temporary, channeltest.Permanent, channeltest.RateLimited, channeltest.LostReply, channeltest.Unreachable},
			RetryAfter: 3 * time.Second,
			Fault: func(f channeltest.Fault) {
				sys.FailNext(map[channeltest.Fault]apitest.Fault{
					channeltest.Temporary:   {Status: 500, Body: `{"error": "our database rests"}`},
					channeltest.Permanent:   {Status: 422, Body: `{"error": "too many pictures"}`},
					channeltest.Unreachable: {Status: 422, Body: `{"error": "they left", "unreachable": true}`},
					channeltest.RateLimited: {Status: 429, RetryAfter: 3},
					channeltest.LostReply:   {Cut: true},
				}[f])
			},
			Typing: sys.Typed,
			Report: func(id, state string) {
				e := apitest.Event{"type": "status", "of": id, "state": state}
				if state == "failed" {
					e["reason"] = "the phone is gone"
				}
				sys.Tell(e)
			},
			Sent: func() (out []channeltest.Sent) {
				for _, m := range sys.Sent() {
					s := channeltest.Sent{ID: m.ID, To: m.Address, Text: m.Text, ReplyTo: m.ReplyTo}
					for _, f := range m.Files {
						blob := channels.File{Blob: f.URL[strings.LastIndex(f.URL, "/")+1:]}
						s.Files = append(s.Files, channeltest.Upload{Name: f.Name, Type: f.Type, Content: desk.Content(blob)})
					}
					out = append(out, s)
				}
				return out
			},
			Stop: sys.Stop,
			Start: func() {
				if err := sys.Restart(); err != nil {
					t.Fatal(err)
				}
			},
		}
		if webhook {
			r.Pending, r.Redeliver = sys.Pending, sys.Redeliver
		} else {
			r.Garble = func(n int) {
				sys.TellRaw(fmt.Sprintf(`{"id": 7, "address": %q, "text": ["not", "text"]}`, customer(n)))
			}
			r.Old = func(n int, at time.Time, texts ...string) {
				for _, text := range texts {
					sys.TellAt(at, apitest.Event{"address": customer(n), "text": text})
				}
			}
		}
		return r
	}
}
