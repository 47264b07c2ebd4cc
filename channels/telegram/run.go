package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-telegram/bot/models"

	"tamas/channels"
	"tamas/channels/provider"
)

// takeOverDo is what to do about a webhook of another program.
const takeOverDo = "Delete the webhook in the program that set it, or turn on “Take the bot over”, which deletes it."

// Run implements channels.Adapter.
func (a *adapter) Run(ctx context.Context) error {
	a.desk.Health(channels.Health{State: "connecting"})
	info, t := a.hello(ctx)
	if t != nil {
		return a.report(ctx, t)
	}
	if a.hook != "" {
		return a.runWebhook(ctx)
	}
	if info.URL != "" {
		if _, ce := a.api.call(ctx, "deleteWebhook", nil); ce != nil { // what is pending stays pending
			return a.report(ctx, judge(ce))
		}
	}
	a.healthy(info.PendingUpdateCount)
	return a.poll(ctx)
}

// Check implements channels.Adapter.
func (a *adapter) Check(ctx context.Context) error {
	_, t := a.hello(ctx)
	switch {
	case t == nil:
		return nil
	case t.refused && t.do != "":
		return errors.New(t.text + ". " + t.do)
	case t.refused:
		return errors.New(t.text)
	}
	return t
}

// hello asks who the bot is and whether another program holds it.
func (a *adapter) hello(ctx context.Context) (models.WebhookInfo, *trouble) {
	a.me.Store(nil)
	if _, ce := a.self(ctx); ce != nil {
		return models.WebhookInfo{}, judge(ce)
	}
	info, ce := a.webhookInfo(ctx)
	if ce != nil {
		return info, judge(ce)
	}
	if info.URL != "" && !a.own(info.URL) && !a.set.TakeOver {
		return info, &trouble{refused: true, do: takeOverDo, err: errors.New("a webhook is set"),
			text: fmt.Sprintf("This bot's messages go to another program at %s", host(info.URL))}
	}
	return info, nil
}

// self is the bot, as Telegram told once.
func (a *adapter) self(ctx context.Context) (models.User, *callError) {
	if me := a.me.Load(); me != nil {
		return *me, nil
	}
	raw, ce := a.api.call(ctx, "getMe", nil)
	if ce != nil {
		return models.User{}, ce
	}
	var me models.User
	if err := json.Unmarshal(raw, &me); err != nil || me.ID == 0 {
		return me, &callError{text: "getMe answered with something that is no bot"}
	}
	a.me.Store(&me)
	return me, nil
}

func (a *adapter) webhookInfo(ctx context.Context) (info models.WebhookInfo, _ *callError) {
	raw, ce := a.api.call(ctx, "getWebhookInfo", nil)
	if ce == nil && json.Unmarshal(raw, &info) != nil {
		ce = &callError{text: "getWebhookInfo answered with something that is none"}
	}
	return info, ce
}

// own tells whether a webhook's address is this account's, under whatever public address the hub had then.
func (a *adapter) own(hook string) bool {
	return hook == a.hook || strings.HasSuffix(hook, hookPath(a.id))
}

// host is the part of an address that may be shown: its path may hold a secret.
func host(addr string) string {
	if u, err := url.Parse(addr); err == nil && u.Host != "" {
		return u.Host
	}
	return "an unknown address"
}

// connected reports that Telegram was heard. When a page was full it asks how much there is still to come.
func (a *adapter) connected(ctx context.Context, full bool) {
	backlog := 0
	if full {
		if info, ce := a.webhookInfo(ctx); ce == nil {
			backlog = info.PendingUpdateCount
		}
	}
	a.healthy(backlog)
}

func (a *adapter) healthy(backlog int) {
	h := channels.Health{State: "connected", HeardAt: time.Now(), Backlog: backlog}
	if me := a.me.Load(); me != nil && a.set.Groups == "all" && !me.CanReadAllGroupMessages {
		h.Detail = "In groups only what is addressed to the bot arrives: its privacy mode is on"
		h.Do = "Send /setprivacy to @BotFather, choose the bot and “Disable”; then remove the bot from each group and add it again."
	}
	a.desk.Health(h)
}

// report tells the desk of a trouble and waits as long as Telegram asked; it returns what Run returns.
func (a *adapter) report(ctx context.Context, t *trouble) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	state, detail := "failing", t.Error()
	if t.refused {
		state, detail = "refused", t.text
	}
	a.desk.Health(channels.Health{State: state, Detail: detail, Do: t.do})
	if t.wait > 0 {
		_ = provider.Pause(ctx, min(t.wait, 5*time.Minute))
	}
	return t
}
