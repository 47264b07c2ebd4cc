package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"tamas/agentui"
	"tamas/channels/webchat"
	"tamas/inbox"
	"tamas/inbox/record"
)

// withDemoPage adds /demo: a page of a shop that does not exist, with the first web chat on it, so that who
// installs the hub sees what a customer sees.
func (a *app) withDemoPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/demo" {
			next.ServeHTTP(w, r)
			return
		}
		chat, ok := a.webChat()
		if !ok {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("There is no web chat yet. The first admin's set-up makes one; or make an account of that kind in the settings and allow this site on it.\n" +
				"هنوز گفتگوی وبی نیست. با ساختن نخستین مدیر یکی ساخته می‌شود؛ یا در تنظیمات حسابی از این نوع بسازید و این سایت را در آن مجاز کنید.\n"))
			return
		}
		locale := "en"
		if strings.HasPrefix(r.Header.Get("Accept-Language"), "fa") {
			locale = "fa"
		}
		webchat.DemoPage("/hooks/"+chat.ID+"/widget.js", locale).ServeHTTP(w, r)
	})
}

// webChat is the oldest web chat that is switched on.
func (a *app) webChat() (record.Account, bool) {
	var list []record.Account
	for _, row := range a.hub.Settings().Accounts {
		if row.Kind == "webchat" && row.Enabled && !row.Archived {
			list = append(list, row)
		}
	}
	if len(list) == 0 {
		return record.Account{}, false
	}
	return slices.MinFunc(list, func(x, y record.Account) int { return int(x.CreatedAt - y.CreatedAt) }), true
}

// firstAccount gives a new firm a web chat that works on the hub's own demo page.
func (a *app) firstAccount(ctx context.Context, origin string, queue record.Queue) error {
	var firm agentui.Firm
	if _, err := a.db.Setting(ctx, inbox.FirmSetting, &firm); err != nil {
		return err
	}
	name := "Web chat"
	if firm.Locale == "fa" {
		name = "گفتگوی وب"
	}
	settings, err := json.Marshal(map[string]any{"allowed_origins": []string{origin}, "title": firm.Name})
	if err != nil {
		return err
	}
	_, err = a.hub.SaveAccount(ctx, record.Account{Kind: "webchat", Name: name, Queue: queue.ID, ReopenHours: 24, Enabled: true, Settings: settings}, nil)
	return err
}
