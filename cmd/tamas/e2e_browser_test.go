package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tamas/internal/testenv"
)

// patience is how long a condition on a page may take to come true. Nothing waits that long unless it fails.
const patience = 60 * time.Second

// startBrowser starts a Chromium of the test's own with a fresh profile.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(testenv.Chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		// Everybody of a story looks at their page at the same time.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("lang", "en-US"),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	t.Cleanup(func() { chromedp.Cancel(ctx) }) // waits for the browser, which still writes to its profile
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// person sits before a page in a browser profile of their own. Whatever the page asks of another origin than the
// hub's, and whatever its console complains of, fails the test.
type person struct {
	t    *testing.T
	name string
	hub  string // origin
	ctx  context.Context

	mu      sync.Mutex
	bear    []*regexp.Regexp // complaints that belong to the story
	foreign []string
	said    []string
}

// seat opens a page for somebody. Complaints that match one of bear are expected.
func seat(t *testing.T, browser context.Context, name, hub string, bear ...string) *person {
	t.Helper()
	p := &person{t: t, name: name, hub: hub}
	p.expect(bear...)
	ctx, leave := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(leave)
	p.ctx = ctx
	if err := chromedp.Listen(ctx, p.event); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p.do("sit down", func(ctx context.Context, g *chromedp.Target) error {
		if _, err := cdp.Call(ctx, g, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, g, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tehran"}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, g, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})
	p.look("light")
	p.size(1360, 850)
	t.Cleanup(p.leave)
	return p
}

// leave reports what the page did that it must not.
func (p *person) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.foreign {
		p.t.Errorf("%s's page asked another origin: %s", p.name, u)
	}
	for _, s := range p.said {
		p.t.Errorf("%s's console says: %s", p.name, s)
	}
}

// expect takes complaints of the console as part of the story from now on.
func (p *person) expect(patterns ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range patterns {
		p.bear = append(p.bear, regexp.MustCompile(s))
	}
}

// hubDown is what a browser says of a hub that is not there.
const hubDown = `net::ERR_|WebSocket|status of 503`

func (p *person) event(ev any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		p.asks(e.Request.URL)
	case *network.EventWebSocketCreated:
		p.asks(e.URL)
	case *runtime.EventExceptionThrown:
		p.says("exception: " + e.ExceptionDetails.Text + " " + describe(e.ExceptionDetails.Exception) + " " + e.ExceptionDetails.URL)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			var words []string
			for i := range e.Args {
				words = append(words, describe(e.Args[i]))
			}
			p.says(string(e.Type) + ": " + strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" || e.Entry.Source == "security" {
			p.says(fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	}
}

func describe(o *runtime.RemoteObject) string {
	if o == nil {
		return ""
	}
	if o.Description != "" {
		return o.Description
	}
	return strings.Trim(string(o.Value), `"`)
}

func (p *person) asks(raw string) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about" || u.Scheme == "chrome-extension" {
		return
	}
	if origin := strings.Replace(u.Scheme, "ws", "http", 1) + "://" + u.Host; origin != p.hub {
		p.foreign = append(p.foreign, raw)
	}
}

func (p *person) says(text string) {
	if !slices.ContainsFunc(p.bear, func(r *regexp.Regexp) bool { return r.MatchString(text) }) {
		p.said = append(p.said, text)
	}
}

func (p *person) do(what string, f func(context.Context, *chromedp.Target) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Func(f)); err != nil {
		p.fail(what, err)
	}
}

// fail ends the test with what the page shows at that moment.
func (p *person) fail(what string, err error) {
	p.t.Helper()
	p.shoot("FAILED " + p.t.Name() + " " + p.name)
	text, _ := evaluate[string](p, `(document.querySelector('tamas-chat')?.shadowRoot.querySelector('.panel')?.textContent ?? '') + '\n' + location.pathname + '\n' + document.body?.innerText`)
	p.t.Fatalf("%s, %s: %v\nthe page says: %.1200s", p.name, what, err, text)
}

// vocabulary is what expressions on a page may use:
//
//	$(selector), $$(selector)   within the page; first, all
//	seen(element)               it takes up room
//	by(selector, text)          the visible element of that kind which says text, by its words or its label
//	page(), plain(text)         the page's text; a text without marks of direction
//	chat(selector), chats(…)    within the web chat's window
const vocabulary = `
const $ = s => document.querySelector(s), $$ = s => [...document.querySelectorAll(s)];
const seen = e => !!e && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
const plain = s => s?.replace(/[\u2066-\u2069]/g, '');
const page = () => plain(document.body.innerText);
const words = e => [e.innerText ?? e.textContent, e.getAttribute('aria-label'), e.getAttribute('placeholder'), e.getAttribute('title')].map(plain);
const by = (s, text) => { const all = $$(s).filter(seen); return all.find(e => words(e).some(w => w?.trim() === text)) ?? all.find(e => words(e).some(w => w?.includes(text))) };
const chat = s => document.querySelector('tamas-chat')?.shadowRoot.querySelector(s) ?? null;
const chats = s => [...(document.querySelector('tamas-chat')?.shadowRoot.querySelectorAll(s) ?? [])];
`

func expression(js string) string { return "(() => {" + vocabulary + "return (" + js + ") })()" }

func evaluate[T any](p *person, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression(js)))
}

// value is what an expression gives.
func value[T any](p *person, js string) T {
	p.t.Helper()
	v, err := evaluate[T](p, js)
	if err != nil {
		p.fail(js, err)
	}
	return v
}

// sees waits until an expression is true. It bears that the page is replaced meanwhile.
func (p *person) sees(what, js string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ok, err := evaluate[bool](p, "!!("+js+")")
		if ok && err == nil {
			return
		}
		if time.Now().After(deadline) {
			if err == nil {
				err = fmt.Errorf("never: %s", js)
			}
			p.fail(what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// reads waits until the page shows this text.
func (p *person) reads(text string) {
	p.t.Helper()
	p.sees("read", fmt.Sprintf(`page().includes(%q)`, text))
}

// never checks that a text is nowhere on the page, not even hidden.
func (p *person) never(text string) {
	p.t.Helper()
	if value[bool](p, fmt.Sprintf(`document.documentElement.outerHTML.includes(%q) || (document.querySelector('tamas-chat')?.shadowRoot.innerHTML ?? '').includes(%q)`, text, text)) {
		p.fail("look", fmt.Errorf("%q is on the page", text))
	}
}

// clicks presses the element that an expression gives, by the mouse, once it stands still and nothing covers it.
func (p *person) clicks(js string) {
	p.t.Helper()
	type point struct{ X, Y float64 }
	var at, before point
	deadline := time.Now().Add(patience)
	for {
		now, err := evaluate[*point](p, `(e => {
			if (!e || !seen(e) || e.disabled) return null
			e.scrollIntoView({ block: 'nearest', inline: 'nearest' })
			const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2
			const top = e.getRootNode().elementFromPoint(x, y)
			return top && (e.contains(top) || top.contains(e) && top.matches('label, button')) ? { X: x, Y: y } : null
		})(`+js+`)`)
		if err == nil && now != nil && *now == before {
			at = *now
			break
		}
		before = point{-1, -1}
		if now != nil {
			before = *now
		}
		if time.Now().After(deadline) {
			p.fail("click", fmt.Errorf("%s is not there, moves, or is covered (%v)", js, err))
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.do("click "+js, func(ctx context.Context, g *chromedp.Target) error {
		_, err := chromedp.MouseClickXY(at.X, at.Y)(ctx, g)
		return err
	})
}

// presses clicks the button, link, tab or row that says this.
func (p *person) presses(text string) {
	p.t.Helper()
	p.clicks(fmt.Sprintf(`by('button, a, [role=tab], [role=menuitem], [role=option], label', %q)`, text))
}

// key strikes a key that is no text: "a" as a shortcut, "\r", "\x1b".
func (p *person) key(r rune) {
	p.t.Helper()
	p.do(fmt.Sprintf("strike %q", r), func(ctx context.Context, g *chromedp.Target) error {
		k := kb.Keys[r]
		// The text goes with the key, so that a page which takes the key keeps its text from being typed.
		down := input.DispatchKeyEventParams{Type: "keyDown", Key: k.Key, Code: k.Code, Text: k.Text, WindowsVirtualKeyCode: k.Windows}
		if k.Shift {
			down.Modifiers = 8
		}
		up := down
		up.Type, up.Text = "keyUp", ""
		if _, err := cdp.Call(ctx, g, input.DispatchKeyEvent, down); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, g, input.DispatchKeyEvent, up)
		return err
	})
}

// types writes into what has the focus, in any script.
func (p *person) types(text string) {
	p.t.Helper()
	p.do("type "+text, func(ctx context.Context, g *chromedp.Target) error {
		_, err := cdp.Call(ctx, g, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// fills puts text into the field that an expression gives, in place of what stands there.
func (p *person) fills(js, text string) {
	p.t.Helper()
	p.clicks(js)
	p.do("select", func(ctx context.Context, g *chromedp.Target) error {
		_, err := chromedp.Evaluate[chromedp.Void](expression(`(`+js+`).select?.()`))(ctx, g)
		return err
	})
	if text == "" {
		p.key('\b')
		return
	}
	p.types(text)
}

// field is the input of a form's field with this label.
func field(label string) string {
	return fmt.Sprintf(`(l => l && (l.control ?? document.getElementById(l.htmlFor)))($$('label').filter(seen).find(l => l.textContent.replace('*', '').trim() === %q))`, label)
}

func (p *person) opens(path string) {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.hub + path
	}
	p.do("open "+path, func(ctx context.Context, g *chromedp.Target) error {
		_, err := chromedp.Navigate(path)(ctx, g)
		return err
	})
}

func (p *person) reloads() {
	p.t.Helper()
	p.do("reload", func(ctx context.Context, g *chromedp.Target) error {
		_, err := chromedp.Reload()(ctx, g)
		return err
	})
}

// size is the window's; below 600 it is a phone with a touch screen.
func (p *person) size(width, height int64) {
	p.t.Helper()
	p.do("resize", func(ctx context.Context, g *chromedp.Target) error {
		var opts []chromedp.EmulateViewportOption
		if width < 600 {
			opts = append(opts, chromedp.EmulateMobile, chromedp.EmulateTouch)
		}
		_, err := chromedp.EmulateViewport(width, height, opts...)(ctx, g)
		return err
	})
}

// look is "light" or "dark". Motion is reduced, so that pictures are of what comes to rest.
func (p *person) look(scheme string) {
	p.t.Helper()
	p.do("look", func(ctx context.Context, g *chromedp.Target) error {
		_, err := cdp.Call(ctx, g, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	})
}

// screenshots is the folder for pictures: TAMAS_SCREENSHOTS, or none.
func screenshots(t *testing.T) string {
	dir := os.Getenv("TAMAS_SCREENSHOTS")
	if dir == "" {
		return t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

var unfit = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// shoot takes a picture once nothing moves any more.
func (p *person) shoot(name string) {
	p.t.Helper()
	for still, deadline := false, time.Now().Add(2*time.Second); !still && time.Now().Before(deadline); {
		still, _ = evaluate[bool](p, `document.fonts.status === 'loaded' && !document.querySelector('[aria-hidden] .animate-pulse') &&
			document.getAnimations().every(a => a.playState !== 'running' || a.effect?.getComputedTiming().iterations === Infinity)`)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, func(ctx context.Context, g *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, g, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
		return r.Data, err
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(screenshots(p.t), unfit.ReplaceAllString(name, "-")+".png"), png, 0o644)
	}
	if err != nil {
		p.t.Logf("%s: no picture %s: %v", p.name, name, err)
	}
}

// fits checks that nothing is wider than the window.
func (p *person) fits() {
	p.t.Helper()
	if wide := value[float64](p, `document.scrollingElement.scrollWidth - innerWidth`); wide > 0 {
		p.fail("look", fmt.Errorf("the page is %v px wider than the window", wide))
	}
}
