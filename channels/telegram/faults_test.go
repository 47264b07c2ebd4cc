package telegram

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tamas/channels/telegram/telegramtest"
)

// Whatever fails and whenever it is stopped: each message is recorded once, in its chat's order, with its file, and in the end
// nothing is left at Telegram.
func TestFaults(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			srv := start(t)
			a, desk := account(t, srv, nil)
			stop := run(t, a)
			want := map[string][]string{} // thread → texts
			withFile := map[string]bool{}
			total := 0
			for i := range 120 {
				n := rnd.IntN(4)
				text, thread := fmt.Sprintf("message %d", i), fmt.Sprint(customer(n).ID)
				switch rnd.IntN(12) {
				case 0:
					desk.FailNext(1 + rnd.IntN(2))
				case 1:
					srv.FailFile([]telegramtest.Fault{{Code: 500}, {Cut: true}, {Code: 502, Body: "<html>"}}[rnd.IntN(3)])
				case 2:
					stop()
					stop = run(t, accountAt(t, srv, desk, nil))
				case 3:
					srv.Stop()
					if err := srv.Restart(); err != nil {
						t.Fatal(err)
					}
				case 4:
					srv.Inject(customer(n).ID, `{"update_id":%d,"message":{"message_id":"seven","chat":{"id":1,"type":"private"}}}`)
					total++
				}
				if withFile[text] = rnd.IntN(3) == 0; withFile[text] {
					srv.SayFile(customer(n), text, telegramtest.File{Name: "a.pdf", Type: "application/pdf", Content: []byte("%PDF-" + text)})
				} else {
					srv.Say(customer(n), text)
				}
				want[thread] = append(want[thread], text)
				total++
				if rnd.IntN(4) == 0 {
					desk.Await(t, "some progress", func() bool { return len(desk.Messages()) >= total-4 })
				}
			}
			desk.AwaitMessages(t, total)
			desk.Await(t, "nothing is left", func() bool { return srv.Pending() == 0 })
			got := map[string][]string{}
			for _, m := range desk.Messages() {
				if m.Unreadable != "" {
					continue
				}
				got[m.Thread] = append(got[m.Thread], m.Text)
				if withFile[m.Text] != (len(m.Files) == 1) {
					t.Errorf("%q: %d files", m.Text, len(m.Files))
				}
				for _, f := range m.Files {
					if f.Missing != "" || !bytes.Equal(desk.Content(f), []byte("%PDF-"+m.Text)) {
						t.Errorf("%q: %+v", m.Text, f)
					}
				}
			}
			for thread, texts := range want {
				if !slices.Equal(got[thread], texts) {
					t.Errorf("thread %s:\n%q, want\n%q", thread, got[thread], texts)
				}
			}
			if len(desk.Messages()) != total {
				t.Errorf("%d messages, want %d", len(desk.Messages()), total)
			}
			cursor, _ := desk.Cursor(t.Context())
			if pos, ok := parsePosition(cursor); !ok || len(pos.gaps) != 0 {
				t.Errorf("gaps that are none: %q", cursor)
			}
		})
	}
}
