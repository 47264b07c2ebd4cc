package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"tamas/agentui"
	"tamas/inbox"
	"tamas/inbox/record"
)

// demo runs a hub with a firm on it: a tea house with two queues, colleagues who answer, and customers who write on all four
// channels. The providers are the doubles of the channels' tests; everything else is the real thing.
func demo(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	seed, pace := uint64(0), 1.0
	cfg, rest, err := parse("tamas demo", args, environ, errOut, func(f *flag.FlagSet) {
		f.Uint64Var(&seed, "seed", seed, "`number` that decides who writes what when; 0: another each time")
		f.Float64Var(&pace, "pace", pace, "`times` as fast as people are")
		f.Lookup("data").Usage = "`folder` to keep the firm in; empty: a temporary one, gone in the end"
		f.Lookup("data").DefValue = ""
		_ = f.Lookup("data").Value.Set("") // unlike f.Set, this leaves room for the environment
		f.Lookup("log-level").DefValue = "warn"
		_ = f.Lookup("log-level").Value.Set("warn")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood", rest[0])
	}
	if pace <= 0 || pace > 100 {
		return errors.New("--pace is above 0 and at most 100")
	}
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	temp := ""
	if cfg.Data == "" {
		if temp, err = os.MkdirTemp("", "tamas-demo-"); err != nil {
			return err
		}
		cfg.Data = temp
	}
	cfg.trial = true
	a, err := start(ctx, cfg, cfg.logger(errOut))
	if err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	d := &demonstration{app: a, temp: temp, rnd: rand.New(rand.NewPCG(seed, 1)), pace: pace}
	err = d.run(ctx, out)
	return errors.Join(err, a.stop(), d.close())
}

// demonstration is the firm and the people of a demo.
type demonstration struct {
	*app
	rnd   *rand.Rand
	pace  float64
	doors *doors
	temp  string
	admin record.User
	staff []record.User
}

const (
	demoEmail    = "admin@example.com"
	demoPassword = "chai-time-1403"
)

func (d *demonstration) run(ctx context.Context, out io.Writer) error {
	var err error
	if d.doors, err = openDoors(d.url()); err != nil {
		return err
	}
	if err := d.found(ctx); err != nil {
		return fmt.Errorf("found the firm: %w", err)
	}
	fmt.Fprintf(out, `
  Tamas %s, a demonstration

  Agents' app    %s
                 %s  %s
  Web-chat demo  %s/demo

  Customers are writing by web chat, Telegram, email and SMS; two colleagues answer some of them.
  Sign in, set yourself to available, and the next ones are offered to you. Ctrl-C ends it.

`, versionText(), d.url(), demoEmail, demoPassword, d.url())
	g, ctx := errgroup.WithContext(ctx)
	for _, u := range d.staff {
		rnd := rand.New(rand.NewPCG(d.rnd.Uint64(), 2))
		g.Go(func() error { return d.colleague(ctx, u, rnd) })
	}
	g.Go(func() error { return d.customers(ctx) })
	g.Go(func() error { return d.end(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// end ends with the hub.
func (d *demonstration) end(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-d.done:
		return d.err
	}
}

func (d *demonstration) close() error {
	if d.doors != nil {
		d.doors.close()
	}
	if d.temp != "" {
		return os.RemoveAll(d.temp)
	}
	return nil
}

// found makes the firm, unless an earlier demonstration in the same folder has.
func (d *demonstration) found(ctx context.Context) error {
	needed, err := d.db.SetupNeeded(ctx)
	if err != nil {
		return err
	}
	if needed {
		for _, q := range []record.Queue{
			{Name: "Sales · فروش", Mode: "offer", OfferSeconds: 25, TargetSecs: 60, Members: []string{}},
			{Name: "Support · پشتیبانی", Mode: "offer", OfferSeconds: 25, TargetSecs: 120, WrapUpSecs: 5, Members: []string{}},
		} {
			if _, err := d.db.AddQueue(ctx, q); err != nil {
				return err
			}
		}
		people := []record.User{
			{Email: demoEmail, Name: "Admin", PublicName: "Nika", Role: record.RoleAdmin, Locale: "en", Capacity: 6},
			{Email: "sara@example.com", Name: "سارا محمدی", PublicName: "سارا", Role: record.RoleAgent, Locale: "fa", Capacity: 4},
			{Email: "tom@example.com", Name: "Tom Baker", PublicName: "Tom", Role: record.RoleSupervisor, Locale: "en", Capacity: 4},
		}
		for _, u := range people {
			if _, err := addUser(ctx, d.db, u, demoPassword); err != nil {
				return err
			}
		}
		for _, c := range demoCanned {
			if _, err := d.db.AddCanned(ctx, c); err != nil {
				return err
			}
		}
		firm := agentui.Firm{Name: "چای‌خانه · The Tea House", Locale: "en", Timezone: "Asia/Tehran", Color: "#0f766e"}
		if _, err := d.db.SetSetting(ctx, inbox.FirmSetting, 0, firm); err != nil {
			return err
		}
		if err := d.hub.SettingsChanged(ctx, "users"); err != nil {
			return err
		}
	}
	users, err := d.db.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Email == demoEmail {
			d.admin = u
		} else {
			d.staff = append(d.staff, u)
		}
	}
	if err := d.openAccounts(ctx); err != nil || !needed {
		return err
	}
	return d.remember(ctx)
}

// openAccounts points the four accounts at this run's doubles, whose ports are new each time.
func (d *demonstration) openAccounts(ctx context.Context) error {
	queues, err := d.db.Queues(ctx)
	if err != nil {
		return err
	}
	have := map[string]record.Account{}
	for _, row := range d.hub.Settings().Accounts {
		have[row.Kind] = row
	}
	for i, want := range d.doors.accounts() {
		row, ok := have[want.kind]
		if !ok {
			row = record.Account{Kind: want.kind, Name: want.name, Queue: queues[i%len(queues)].ID, ReopenHours: 72}
		}
		row.Enabled = true
		if row.Settings, err = json.Marshal(want.settings); err != nil {
			return err
		}
		if row, err = d.hub.SaveAccount(ctx, row, nil); err != nil {
			return fmt.Errorf("account %s: %w", want.name, err)
		}
		d.doors.opened(want.kind, d.url()+"/hooks/"+row.ID+"/")
	}
	return nil
}

// rest waits about as long as a person would.
func (d *demonstration) rest(ctx context.Context, rnd *rand.Rand, low, high time.Duration) error {
	t := time.Duration(float64(low+time.Duration(rnd.Int64N(int64(high-low)))) / d.pace)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(t):
		return nil
	}
}

// colleague is an agent who accepts what is offered, answers after a while, and resolves what is settled.
func (d *demonstration) colleague(ctx context.Context, u record.User, rnd *rand.Rand) error {
	d.hub.Presence(u.ID, "demo-"+u.ID, true)
	defer d.hub.Presence(u.ID, "demo-"+u.ID, false)
	by := record.Actor{Kind: "agent", ID: u.ID}
	do := func(c inbox.Command) error {
		c.By = by
		_, err := d.hub.Do(ctx, c)
		var r *inbox.Refusal
		if errors.As(err, &r) {
			return nil // somebody was faster
		}
		return err
	}
	if err := do(inbox.Command{Action: inbox.SetState, Agent: u.ID, State: record.Available}); err != nil {
		return err
	}
	answered := map[string]int{}
	for {
		if err := d.rest(ctx, rnd, 900*time.Millisecond, 3*time.Second); err != nil {
			return err
		}
		if a := d.hub.Agent(u.ID); a.State == record.NotResponding || a.State == record.Offline {
			if err := do(inbox.Command{Action: inbox.SetState, Agent: u.ID, State: record.Available}); err != nil {
				return err
			}
		}
		convs, _ := d.hub.Live()
		for _, c := range convs {
			var err error
			switch {
			case c.Status == record.Offered && c.OfferedTo == u.ID:
				err = do(inbox.Command{Action: inbox.Accept, Conversation: c.ID})
			case c.Status == record.Active && c.Owner == u.ID && c.Unanswered > 0 && rnd.IntN(3) == 0:
				d.hub.Typing(c.ID, u.ID, true)
				if err = d.rest(ctx, rnd, time.Second, 4*time.Second); err != nil {
					return err
				}
				d.hub.Typing(c.ID, u.ID, false)
				text := answerTo(d.language(ctx, c), answered[c.ID], rnd)
				answered[c.ID]++
				err = do(inbox.Command{Key: fmt.Sprint(c.ID, "/", rnd.Uint64()), Action: inbox.Reply, Conversation: c.ID, Text: text})
			case c.Status == record.Active && c.Owner == u.ID && c.Unanswered == 0 && answered[c.ID] >= 2 && rnd.IntN(6) == 0:
				err = do(inbox.Command{Action: inbox.Resolve, Conversation: c.ID})
			}
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				d.log.Warn("a colleague could not act", "err", err)
			}
		}
	}
}

// language is what the customer's last message is written in.
func (d *demonstration) language(ctx context.Context, c record.Conversation) string {
	t, err := d.db.Touch(ctx, c.LastMessage)
	if err == nil && t.Body != nil && strings.ContainsFunc(t.Body.Text, func(r rune) bool { return unicode.Is(unicode.Arabic, r) }) {
		return "fa"
	}
	return "en"
}

// customers lets new ones begin at times, a few at first so that there is something to see.
func (d *demonstration) customers(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for n := 0; ; n++ {
		door := n % 4
		story := d.rnd.IntN(len(stories))
		rnd := rand.New(rand.NewPCG(d.rnd.Uint64(), uint64(n)))
		g.Go(func() error { return d.customer(ctx, door, n, stories[story], rnd) })
		low, high := 6*time.Second, 20*time.Second
		if n < 8 {
			low, high = 200*time.Millisecond, 900*time.Millisecond
		}
		if err := d.rest(ctx, d.rnd, low, high); err != nil {
			_ = g.Wait()
			return err
		}
	}
}

// customer tells a story: each line after the first waits for an answer, and for a moment.
func (d *demonstration) customer(ctx context.Context, door, n int, s story, rnd *rand.Rand) error {
	talk, err := d.doors.enter(ctx, door, n, s)
	if err != nil {
		d.log.Warn("a customer could not write", "err", err)
		return nil
	}
	defer talk.end()
	for i, line := range s.lines {
		if i > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-talk.answers:
			case <-time.After(10 * time.Minute):
				return nil
			}
			if err := d.rest(ctx, rnd, 3*time.Second, 12*time.Second); err != nil {
				return err
			}
		}
		say := talk.say
		if i == s.photo && i > 0 && talk.show != nil {
			say = talk.show
		}
		if err := say(line); err != nil && ctx.Err() == nil {
			d.log.Warn("a customer could not write", "err", err)
			return nil
		}
	}
	return nil
}
