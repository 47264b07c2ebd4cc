package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"time"

	"tamas/channels/email/emailtest"
	"tamas/channels/sms/smstest"
	"tamas/channels/telegram/telegramtest"
)

// doors are the four ways into a demonstration: three doubles of providers, and the hub's own web chat.
type doors struct {
	hub string
	tg  *telegramtest.Server
	sms *smstest.Gateway
	em  *emailtest.Server

	mu    sync.Mutex
	chat  string           // the web chat's hook
	talks map[string]*talk // by channel and address
}

// talk is one customer at one door.
type talk struct {
	key     string
	say     func(text string) error
	show    func(text string) error // say, with a photo; nil: the channel carries none
	stop    func()
	answers chan string
	lastID  string // email: Message-ID of the last answer
}

func (t *talk) end() {
	if t.stop != nil {
		t.stop()
	}
}

func openDoors(hub string) (*doors, error) {
	d := &doors{hub: hub, talks: map[string]*talk{}}
	var err error
	if d.tg, err = telegramtest.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	d.tg.OnAccept(func(m telegramtest.Message) { d.answer(fmt.Sprint("telegram/", m.ChatID), m.Text, "") })
	if d.sms, err = smstest.StartGateway("127.0.0.1:0"); err != nil {
		d.close()
		return nil, err
	}
	d.sms.OnAccept(func(m smstest.Message) { d.answer("sms/"+m.To, m.Text, "") })
	if d.em, err = emailtest.Start(); err != nil {
		d.close()
		return nil, err
	}
	d.em.OnSent = func(m emailtest.Mail) {
		msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil || len(m.To) == 0 {
			return
		}
		d.answer("email/"+strings.ToLower(m.To[0]), "…", msg.Header.Get("Message-Id"))
	}
	return d, nil
}

func (d *doors) close() {
	if d.tg != nil {
		d.tg.Close()
	}
	if d.sms != nil {
		d.sms.Close()
	}
	if d.em != nil {
		d.em.Close()
	}
}

type demoAccount struct {
	kind, name string
	settings   any
}

func (d *doors) accounts() []demoAccount {
	origins := []string{d.hub}
	if other := strings.Replace(d.hub, "localhost", "127.0.0.1", 1); other != d.hub {
		origins = append(origins, other)
	}
	return []demoAccount{
		{"webchat", "Tea house site", map[string]any{"allowed_origins": origins, "title": "چای‌خانه · Tea house", "welcome": "سلام! Hello! How can we help?", "sessions_per_minute": 1000}},
		{"telegram", "@tea_house_bot", map[string]any{"token": telegramtest.Token, "api_url": d.tg.URL()}},
		{"email", "support@tamas.test", d.em.Settings(emailtest.Password)},
		{"sms", smstest.ShortCode, map[string]any{"provider": "generic", "number": smstest.ShortCode, "region": "IR", "send_url": d.sms.URL() + smstest.SendPath, "secret": smstest.Secret}},
	}
}

// opened tells where an account's hook is.
func (d *doors) opened(kind, hook string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch kind {
	case "webchat":
		d.chat = hook
	case "sms":
		d.sms.SetWebhook(hook)
	}
}

func (d *doors) add(key string) *talk {
	t := &talk{key: key, answers: make(chan string, 16)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.talks[key] = t
	return t
}

func (d *doors) answer(key, text, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.talks[key]; t != nil {
		if id != "" {
			t.lastID = id
		}
		select {
		case t.answers <- text:
		default:
		}
	}
}

// enter lets the n-th customer in by a door.
func (d *doors) enter(ctx context.Context, door, n int, s story) (*talk, error) {
	first, last, _ := strings.Cut(s.name, " ")
	switch door {
	case 0:
		return d.visit(ctx, s)
	case 1:
		user := telegramtest.User{ID: int64(70_000 + n), FirstName: first, LastName: last, Lang: s.lang}
		t := d.add(fmt.Sprint("telegram/", user.ID))
		t.say = func(text string) error { d.tg.Say(user, text); return nil }
		t.show = func(text string) error {
			d.tg.SayFile(user, text, telegramtest.File{Kind: "photo", Name: "photo.png", Type: "image/png", Content: demoPhoto()})
			return nil
		}
		return t, nil
	case 2:
		address := fmt.Sprintf("customer%d@example.org", n)
		t := d.add("email/" + address)
		from := (&mail.Address{Name: s.name, Address: address}).String()
		turn := 0
		write := func(text string, photo []byte) error {
			turn++
			m := demoMail{from: from, id: fmt.Sprintf("<%d.%d.%s>", turn, time.Now().UnixNano(), address), subject: s.about, text: text, photo: photo}
			d.mu.Lock()
			m.answers = t.lastID
			d.mu.Unlock()
			return d.em.Deliver(m.bytes())
		}
		t.say = func(text string) error { return write(text, nil) }
		t.show = func(text string) error { return write(text, demoPhoto()) }
		return t, nil
	}
	phone := fmt.Sprintf("+98912%07d", 1_000_000+n)
	t := d.add("sms/" + phone)
	t.say = func(text string) error { d.sms.Say(phone, text); return nil }
	return t, nil
}

// visit opens a web chat as the widget does where sockets are blocked: a session, posts and long polls.
func (d *doors) visit(ctx context.Context, s story) (*talk, error) {
	d.mu.Lock()
	hook := d.chat
	d.mu.Unlock()
	var session struct{ Visitor, Token string }
	if err := d.call(ctx, http.MethodPost, hook+"session", "", map[string]string{}, &session); err != nil {
		return nil, err
	}
	t := d.add("webchat/" + session.Visitor)
	ctx, t.stop = context.WithCancel(ctx)
	n := 0
	t.say = func(text string) error {
		n++
		return d.call(ctx, http.MethodPost, hook+"messages", session.Token, map[string]string{"key": fmt.Sprintf("demo-%08d", n), "text": text, "name": s.name}, nil)
	}
	go func() {
		after := ""
		for ctx.Err() == nil {
			var page struct {
				Items []struct{ ID, Kind, From, Text string }
			}
			if err := d.call(ctx, http.MethodGet, hook+"messages?wait=20&after="+after, session.Token, nil, &page); err != nil {
				select {
				case <-ctx.Done():
				case <-time.After(time.Second):
				}
				continue
			}
			for _, it := range page.Items {
				if it.ID != "" {
					after = it.ID
				}
				if it.Kind == "message" && it.From == "agent" {
					d.answer(t.key, it.Text, "")
				}
			}
		}
	}()
	return t, nil
}

func (d *doors) call(ctx context.Context, method, url, token string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Origin", d.hub)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
