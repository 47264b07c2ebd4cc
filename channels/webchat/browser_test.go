package webchat

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"tamas/channels"
	"tamas/internal/testenv"
)

// browser starts a Chromium of its own, with a fresh profile; each tab is a window of the same visitor's.
func browser(t *testing.T) context.Context {
	t.Helper()
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(testenv.Chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		// Tabs that lie behind others must not be slowed down: here all of them are looked at.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.WSURLReadTimeout(time.Minute),
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(ctx) }) // waits for the browser, which still writes to its profile
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// tab opens another window of the same browser. What its console says that should not be there fails the test.
func tab(t *testing.T, browser context.Context) (ctx context.Context, leave func()) {
	t.Helper()
	ctx, leave = chromedp.NewContext(browser)
	t.Cleanup(leave)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	said := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range said {
			if err != nil {
				return
			}
			if m.IsException() || m.Source == "security" || strings.Contains(m.Text, "Content Security Policy") {
				t.Errorf("the console says: %s", m)
			}
		}
	}()
	t.Cleanup(func() { leave(); <-done })
	return ctx, leave
}

type step = chromedp.Action[chromedp.Void]

func run(t *testing.T, ctx context.Context, what string, steps ...step) {
	t.Helper()
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(limit, steps...); err != nil {
		limit, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		now, _ := chromedp.Run(limit, chromedp.Evaluate[string](`document.querySelector('tamas-chat')?.shadowRoot.textContent ?? document.body.textContent`))
		t.Fatalf("%s: %v\nthe page says: %.600q", what, err, now)
	}
}

// inChat evaluates with $ and $$ searching the widget.
func inChat(js string) string {
	return `(() => { const r = document.querySelector('tamas-chat')?.shadowRoot; const $ = s => r?.querySelector(s), $$ = s => r ? [...r.querySelectorAll(s)] : []; return ` + js + ` })()`
}

// until waits for an expression inside the widget to become true.
func until(js string) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := chromedp.Poll[chromedp.Void](inChat(js), chromedp.WithPollingInterval(20*time.Millisecond))(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", js, err)
		}
		return nil
	})
}

// do evaluates an expression inside the widget.
func do(js string) step { return chromedp.Evaluate[chromedp.Void](inChat(js)) }

func click(selector string) step {
	return chromedp.Steps(until(`!!$('`+selector+`')`), do(`$('`+selector+`').click()`))
}

// write types into the composer as a person does and sends with Enter.
func write(text string) step {
	return chromedp.Steps(
		until(`!!$('.composer textarea')?.offsetParent`), do(`$('.composer textarea').focus()`),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			if _, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
				return err
			}
			// One event with its text, so that a handler that prevents it prevents the line break too.
			_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{
				Type: "keyDown", Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: 13})
			return err
		}))
}

func shows(text string) step {
	return until(fmt.Sprintf(`$$('.row .text').some(x => x.textContent === %q)`, text))
}

// shopPage is a page of another origin than the hub's, under a strict policy, with the script tag.
func shopPage(t *testing.T, script *string, lang string) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		DemoPage(*script, lang).ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv
}

// hubFor serves an account that allows the shop's origin. blocked makes sockets fail, as some networks do.
func hubFor(t *testing.T, d *desk, origin, more string) (ad *adapter, base string, blocked *atomic.Bool, sockets *atomic.Int32) {
	t.Helper()
	ad, _, _ = account(t, d, `{"allowed_origins":[`+mustJSON(origin)+`]`+more+`}`)
	blocked, sockets = &atomic.Bool{}, &atomic.Int32{}
	hub := httptest.NewServer(http.StripPrefix("/hooks/acc1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/socket" {
			sockets.Add(1)
			if blocked.Load() {
				http.Error(w, "no sockets here", http.StatusBadGateway)
				return
			}
		}
		ad.ServeHTTP(w, r)
	})))
	t.Cleanup(func() { ad.Close(); hub.CloseClientConnections(); hub.Close() })
	return ad, hub.URL + "/hooks/acc1/", blocked, sockets
}

func (d *desk) onlyVisitor(t *testing.T) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.items) != 1 {
		t.Fatalf("%d visitors", len(d.items))
	}
	for v := range d.items {
		return v
	}
	return ""
}

func (d *desk) wrote(t *testing.T, texts ...string) string {
	t.Helper()
	d.wait(t, fmt.Sprintf("%q recorded", texts), func() bool {
		for v := range d.items {
			if slices.Equal(d.texts(v), texts) {
				return true
			}
		}
		return false
	})
	return d.onlyVisitor(t)
}

func TestBrowser(t *testing.T) {
	b := browser(t)
	var script string
	d := newDesk()
	shop := shopPage(t, &script, "en")
	ad, base, blocked, sockets := hubFor(t, d, shop.URL, `,"language":"auto","title":"Bahar Tea House"`)
	script = base + "widget.js"
	w, _ := tab(t, b)

	run(t, w, "the page loads the widget; nobody is counted as a visitor yet", chromedp.Navigate(shop.URL), until(`!!$('.launcher')`))
	if n := sockets.Load(); n != 0 {
		t.Errorf("%d sockets for somebody who only looks", n)
	}
	run(t, w, "the visitor writes", click(".launcher"), until(`$('.status').dataset.state === 'live'`), write("Do you ship to Tabriz?"),
		until(`$$('.row.mine[data-state=sent]').length === 1`))
	v := d.wrote(t, "Do you ship to Tabriz?")

	d.show(v, channels.Item{Kind: "typing", From: "agent", Name: "Niloofar", On: true})
	run(t, w, "the agent's typing is seen", until(`!$('.typing').hidden && $('.typing').textContent === 'Niloofar is typing'`))
	answer := d.say(v, "Niloofar", "Yes <b>we</b> do: https://shop.example/ship?to=tabriz.")
	run(t, w, "the answer arrives, as text, with a link", shows(answer.Text),
		until(`$('.theirs a')?.href === 'https://shop.example/ship?to=tabriz' && !$('.text b') && $('.typing').hidden`))
	d.wait(t, "the answer is read", func() bool { return slices.Contains(d.statuses, v+"/"+answer.ID+" read") })
	d.wait(t, "the visitor's typing was told and ended", func() bool { return slices.Contains(d.typing, "true") && d.typing[len(d.typing)-1] == "false" })

	run(t, w, "a reload resumes", chromedp.Reload(), until(`!!$('.launcher')`), click(".launcher"), shows("Do you ship to Tabriz?"), shows(answer.Text),
		until(`$('.status').dataset.state === 'live' && $$('.row:not([data-id=welcome])').length === 2`))

	second, leave := tab(t, b)
	run(t, second, "another tab is the same visitor", chromedp.Navigate(shop.URL), until(`!!$('.launcher')`), click(".launcher"), shows(answer.Text), write("And to Shiraz?"))
	run(t, w, "both tabs see it once", shows("And to Shiraz?"), until(`$$('.row.mine').length === 2`))
	d.wrote(t, "Do you ship to Tabriz?", answer.Text, "And to Shiraz?")

	run(t, w, "Escape closes and gives the focus back", do(`$('.composer textarea').focus()`), chromedp.KeyEvent("\x1b"),
		until(`$('.panel').hidden && r.activeElement === $('.launcher')`))
	d.say(v, "Niloofar", "To Shiraz too.")
	run(t, w, "an unread answer shows at the button", until(`$('.badge').textContent === '1' && $('.launcher').getAttribute('aria-label').includes('1 unread') && !$('.peek').hidden`))
	run(t, second, "the other tab reads it", until(`$('.badge').hidden`))
	run(t, w, "then it is read everywhere", until(`$('.badge').hidden`))

	// The hub records a message and its answer is lost: the feed tells the widget, nothing is doubled.
	d.mu.Lock()
	d.lose = func(channels.Inbound) error { return channels.ErrUnrecorded }
	d.mu.Unlock()
	run(t, second, "a lost answer", write("Wonderful"), until(`$$('.row.mine[data-state=sent]').length === 3`))
	d.mu.Lock()
	d.lose = nil
	d.mu.Unlock()
	d.wrote(t, "Do you ship to Tabriz?", answer.Text, "And to Shiraz?", "To Shiraz too.", "Wonderful")

	// The focus goes round inside the window.
	for range 12 {
		run(t, second, "Tab stays inside", chromedp.KeyEvent("\t"), until(`$('.panel').contains(r.activeElement)`))
	}

	// A lost connection heals by itself and misses nothing.
	ad.hangUp()
	d.say(v, "Niloofar", "While you were out")
	run(t, second, "the socket comes back", shows("While you were out"), until(`$('.status').dataset.state === 'live' && $$('.row .text').filter(x => x.textContent === 'While you were out').length === 1`))

	// Sockets are blocked from now on: polling takes over after two failures.
	leave()
	blocked.Store(true)
	run(t, w, "polling works", chromedp.Reload(), until(`!!$('.launcher')`), click(".launcher"), until(`$('.status').dataset.state === 'live'`), write("Are you still there?"),
		until(`$$('.row.mine[data-state=sent]').length === 4`))
	d.wait(t, "recorded by polling", func() bool { return slices.Contains(d.texts(v), "Are you still there?") })
	still := d.say(v, "Niloofar", "Always.")
	run(t, w, "and brings answers", shows("Always."))
	d.wait(t, "and reads", func() bool { return slices.Contains(d.statuses, v+"/"+still.ID+" read") })
	d.mu.Lock()
	if len(d.items) != 1 {
		t.Errorf("%d visitors, want one", len(d.items))
	}
	d.mu.Unlock()
}

// The hub's own page sends no Origin with a GET; it must work all the same, by socket and by polling.
func TestBrowserOwnOrigin(t *testing.T) {
	b := browser(t)
	d := newDesk()
	var hooks http.Handler
	var blocked atomic.Bool
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/demo":
			DemoPage("/hooks/acc1/widget.js", "fa").ServeHTTP(w, r)
		case r.URL.Path == "/hooks/acc1/socket" && blocked.Load():
			http.Error(w, "no sockets here", http.StatusBadGateway)
		default:
			hooks.ServeHTTP(w, r)
		}
	}))
	ad, _, _ := account(t, d, `{"allowed_origins":["`+hub.URL+`"]}`)
	hooks = http.StripPrefix("/hooks/acc1", ad)
	t.Cleanup(func() { ad.Close(); hub.CloseClientConnections(); hub.Close() })
	w, _ := tab(t, b)
	run(t, w, "by socket", chromedp.Navigate(hub.URL+"/demo"), until(`!!$('.launcher')`), click(".launcher"), until(`$('.status').dataset.state === 'live'`),
		write("سلام"), until(`$$('.row.mine[data-state=sent]').length === 1`))
	v := d.wrote(t, "سلام")
	blocked.Store(true)
	run(t, w, "by polling", chromedp.Reload(), until(`!!$('.launcher')`), click(".launcher"), until(`$('.status').dataset.state === 'live'`))
	d.say(v, "نیلوفر", "درود")
	run(t, w, "the answer", shows("درود"))

	// A token that the hub does not know, or that no socket can even carry, makes a new visitor instead of a dead widget.
	for _, token := range []string{strings.Repeat("A", 75), "not a token"} {
		run(t, w, "an unknown token", do(`localStorage.setItem('tamas.acc1.s', '"`+token+`"')`), chromedp.Reload(), until(`!!$('.launcher')`),
			click(".launcher"), until(`$('.status').dataset.state === 'live' && $$('.row').length === 1`))
	}
}

// What is written without a network is kept over a reload and sent when it is back.
func TestBrowserOffline(t *testing.T) {
	b := browser(t)
	var script string
	d := newDesk()
	shop := shopPage(t, &script, "fa")
	_, base, _, _ := hubFor(t, d, shop.URL, ``)
	script = base + "widget.js"
	w, _ := tab(t, b)
	run(t, w, "begin", chromedp.Navigate(shop.URL), until(`!!$('.launcher')`), click(".launcher"), until(`$('.status').dataset.state === 'live'`))
	d.mu.Lock()
	d.refuse = func(channels.Inbound) error { return channels.ErrUnrecorded }
	d.mu.Unlock()
	run(t, w, "write into the void", write("سلام"), write("کسی هست؟"), until(`$$('.row.mine[data-state=sending], .row.mine[data-state=failed]').length === 2`),
		until(`!!$('.row.mine[data-state=failed] .meta button')`))
	run(t, w, "it survives a reload", chromedp.Reload(), until(`!!$('.launcher')`), click(".launcher"), until(`$$('.row.mine').length === 2`))
	d.mu.Lock()
	d.refuse = nil
	d.mu.Unlock()
	run(t, w, "it is sent in the end", until(`$$('.row.mine[data-state=sent]').length === 2`))
	d.wrote(t, "سلام", "کسی هست؟")
}

// A page that is not allowed gets nothing, and neither does one whose visitor is forged keep what it claims.
func TestBrowserRefused(t *testing.T) {
	b := browser(t)
	var script string
	d := newDesk()
	evil := shopPage(t, &script, "en")
	_, base, _, sockets := hubFor(t, d, "https://shop.example", ``)
	script = base + "widget.js"
	w, _ := tab(t, b)
	said := chromedp.Console(w)
	run(t, w, "the page", chromedp.Navigate(evil.URL))
	for m, err := range said {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(m.Text, "Tamas chat") {
			break
		}
	}
	there, err := chromedp.Run(w, chromedp.Evaluate[bool](`!!document.querySelector('tamas-chat')`))
	if err != nil {
		t.Fatal(err)
	}
	status, err := chromedp.Run(w, chromedp.Evaluate[int](`fetch('`+base+`session', {method: 'POST', body: '{}'}).then(r => 1, () => 0)`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if there || status != 0 || sockets.Load() != 0 || len(d.items) != 0 {
		t.Errorf("there %v, session %d, sockets %d", there, status, sockets.Load())
	}
}

// TestScreenshots shows the widget in both languages, light and dark, on a desktop and a phone. The pictures are
// for people: TAMAS_SCREENSHOTS names the folder, otherwise they go with the test.
func TestScreenshots(t *testing.T) {
	b := browser(t)
	dir := os.Getenv("TAMAS_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "fa"} {
		d := newDesk()
		var script string
		shop := shopPage(t, &script, lang)
		color := map[string]string{"en": "#1f5d4c", "fa": "#b4572b"}[lang]
		title := map[string]string{"en": "Bahar Tea House", "fa": "چای‌خانه‌ی بهار"}[lang]
		_, base, _, _ := hubFor(t, d, shop.URL, `,"ask_name":true,"color":"`+color+`","title":"`+title+`"`)
		script = base + "widget.js"
		w, leave := tab(t, b)
		shoot := func(name string) {
			t.Helper()
			png, err := chromedp.Run(w, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, lang+"-"+name+".png"), png, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		look := func(scheme string) step {
			return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
					{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
				return err
			})
		}
		texts := map[string][]string{
			"en": {"Hi! Is the Lahijan tea from this year's harvest?", "Can I get it before Friday?", "Yes, it was dried last week 🌱", "Parcels to Tabriz take two days: https://bahar.example/delivery", "Lovely, thank you!"},
			"fa": {"سلام! چای لاهیجان از برداشت امسال است؟", "تا جمعه به دستم می‌رسد؟", "بله، هفته‌ی پیش خشک شده 🌱", "ارسال به تبریز دو روز طول می‌کشد: https://bahar.example/delivery", "عالی، ممنون!"},
		}[lang]
		agent := map[string]string{"en": "Niloofar", "fa": "نیلوفر"}[lang]

		run(t, w, "desktop", look("light"), chromedp.EmulateViewport(1280, 800), chromedp.Navigate(shop.URL), until(`!!$('.launcher')`))
		shoot("closed-light")
		run(t, w, "open", click(".launcher"), until(`$('.status').dataset.state === 'live'`))
		shoot("welcome-light")
		run(t, w, "talk", write(texts[0]), until(`$$('.row.mine[data-state=sent]').length === 1`), write(texts[1]), until(`$$('.row.mine[data-state=sent]').length === 2`), click(".ask button[type=button]"))
		v := d.onlyVisitor(t)
		d.say(v, agent, texts[2])
		d.say(v, agent, texts[3])
		run(t, w, "answered", shows(texts[3]), write(texts[4]), until(`$$('.row.mine[data-state=sent]').length === 3`))
		d.show(v, channels.Item{Kind: "typing", From: "agent", Name: agent, On: true})
		run(t, w, "typing", until(`!$('.typing').hidden`))
		shoot("talk-light")
		run(t, w, "dark", look("dark"))
		shoot("talk-dark")
		run(t, w, "phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), until(`$('.panel').getBoundingClientRect().width === 390`), do(`$('.log').scrollTop = 1e6`))
		shoot("phone-dark")
		d.mu.Lock()
		d.refuse = func(channels.Inbound) error { return channels.ErrUnrecorded }
		d.mu.Unlock()
		run(t, w, "phone, light, failing", look("light"), do(`($('.composer textarea').value = 'OK 👍', $('.composer textarea').dispatchEvent(new Event('input')), $('.send').click())`), until(`!!$('.row.mine[data-state=failed]')`))
		shoot("phone-failed")
		run(t, w, "closed again", click(".close"), look("light"))
		d.mu.Lock()
		d.refuse = nil
		d.mu.Unlock()
		d.say(v, agent, texts[2])
		d.say(v, agent, texts[3])
		run(t, w, "unread", until(`!$('.badge').hidden && !$('.peek').hidden`))
		shoot("phone-unread")
		run(t, w, "wide again", chromedp.EmulateViewport(1280, 800))
		shoot("unread-light")
		leave()
		states(t, b, dir, lang)
	}
	if os.Getenv("TAMAS_SCREENSHOTS") != "" {
		t.Log("pictures in " + strings.TrimSpace(dir))
	}
}

// states shows what only some visitors see: the form, closed hours, a place in line, files, the rating, a long talk.
func states(t *testing.T, b context.Context, dir, lang string) {
	d := newDesk()
	var script string
	shop := shopPage(t, &script, lang)
	ad, base, _, _ := hubFor(t, d, shop.URL, `,"ask_name":"required","ask_email":"optional","ask_question":"required","visits":"ask","launcher":"Help","launcher_fa":"راهنمایی","color":"#ffd400","hours":["mon 09:00-09:01"],"hours_zone":"Asia/Tehran"`)
	script = base + "widget.js"
	w, leave := tab(t, b)
	defer leave()
	shoot := func(name string) {
		t.Helper()
		png, err := chromedp.Run(w, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, lang+"-"+name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	calm := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	})
	run(t, w, "yellow, with a text", calm, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(shop.URL), until(`!!$('.launcher')`))
	shoot("label")
	run(t, w, "closed, with the form", click(".launcher"), until(`!!$('.ask') && !$('.notice').hidden`))
	shoot("form-closed")
	run(t, w, "phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), until(`$('.panel').getBoundingClientRect().width === 390`))
	shoot("form-phone")
	run(t, w, "asked", do(`$('[name=name]').value = 'Sara'`), do(`$('[name=question]').value = 'Where is my parcel?'`), do(`$('.ask .save').click()`), until(`$$('.row.mine[data-state=sent]').length === 1 && $('.ask .save')`))
	v := d.onlyVisitor(t)
	ad.set.hours = hours{}
	d.stand(v, channels.Standing{Status: "waiting", Position: 3, Wait: 4 * time.Minute, Staffed: true})
	run(t, w, "waits", until(`/3|۳/.test($('.notice').textContent)`))
	shoot("wait-consent-phone")
	f, err := d.Store(t.Context(), channels.File{Name: "garden of tea in the hills.png", Type: "image/png"}, bytes.NewReader(picture()))
	if err != nil {
		t.Fatal(err)
	}
	paper := f
	paper.Name, paper.Type, paper.Kind, paper.Size = "invoice-1405-09-with-a-very-long-name-indeed.pdf", "application/pdf", "file", 1_480_000
	d.mu.Lock()
	first := d.items[v][0].ID
	d.add(v, channels.Item{Kind: "message", From: "agent", Name: "Niloofar", Text: strings.Repeat("A long answer that goes on for a while. ", 8), ReplyTo: first})
	d.add(v, channels.Item{Kind: "message", From: "agent", Name: "Niloofar", Text: "Here it is:", Files: []channels.ItemFile{{File: f}, {File: paper}}})
	d.add(v, channels.Item{Kind: "message", From: "agent", Name: "Niloofar", Text: "Anything else?"})
	d.mu.Unlock()
	d.stand(v, channels.Standing{Status: "resolved"})
	run(t, w, "files and the rating", do(`$('.ask .save').click()`), until(`!!$('.picture img')?.naturalWidth && $$('.star').length === 5`), do(`$$('.star')[3].click()`), do(`$('.log').scrollTop = 1e6`))
	shoot("files-rating-phone")
	run(t, w, "the picker", chromedp.EmulateViewport(1280, 800), do(`$('.smile').click()`), until(`!$('.picker').hidden`))
	shoot("picker")
}

// picture is a PNG with something to see.
func picture() []byte {
	m := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			m.Set(x, y, color.RGBA{uint8(x / 2), uint8(120 + y/3), 90, 255})
		}
	}
	var b bytes.Buffer
	png.Encode(&b, m)
	return b.Bytes()
}
