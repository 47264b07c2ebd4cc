package webchat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	cdpnetwork "github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/golang-jwt/jwt/v5"

	"tamas/channels"
)

// sitePage is a page of another origin than the hub's, made by body, under a policy that allows next to nothing.
func sitePage(t *testing.T, hub *string, body func(hub string) string) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		origin := strings.SplitN(*hub, "/hooks/", 2)[0]
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+origin+" 'nonce-x'; style-src 'nonce-x'; connect-src "+origin+" "+
			strings.Replace(origin, "http", "ws", 1)+"; img-src blob:; media-src blob:; frame-src *; require-trusted-types-for 'script'")
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Shop</title><body>%s</body></html>", body(*hub))
	}))
	t.Cleanup(srv.Close)
	return srv
}

// tagged is the body of a page with the script tag alone.
func tagged(more string) func(string) string {
	return func(hub string) string {
		return `<h1>Tea</h1><script src="` + hub + `widget.js" ` + more + `></script>`
	}
}

var opened = chromedp.Steps(until(`!!$('.launcher')`), click(".launcher"), until(`$('.status').dataset.state === 'live'`))

// conditions makes the network slow or cuts it off.
func conditions(offline bool, latency, bytesPerSecond float64) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, cdpnetwork.OverrideNetworkState, cdpnetwork.OverrideNetworkStateParams{
			Offline: offline, Latency: latency, DownloadThroughput: bytesPerSecond, UploadThroughput: bytesPerSecond}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, cdpnetwork.EmulateNetworkConditionsByRule, cdpnetwork.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*cdpnetwork.Conditions{{Offline: offline, Latency: latency, DownloadThroughput: bytesPerSecond, UploadThroughput: bytesPerSecond}}})
		return err
	})
}

// chooseFiles does what a person does in the browser's file dialog.
func chooseFiles(paths ...string) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		e, err := cdp.Call(ctx, t, cdpruntime.Evaluate, cdpruntime.EvaluateParams{Expression: `document.querySelector('tamas-chat').shadowRoot.querySelector('input[type=file]')`})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, ObjectID: e.Result.ObjectID})
		return err
	})
}

// redPNG is a picture of 2 by 2 pixels.
var redPNG = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x02\x08\x02\x00\x00\x00\xfd\xd4\x9as\x00\x00\x00\x12IDATx\x9cc\xf8\xcf\xc0\xc0\x00\xc2\x0c\xff\x01\x00\x1b\xee\x03\xfdm\xf9R\x1c\x00\x00\x00\x00IEND\xaeB`\x82")

func TestBrowserFiles(t *testing.T) {
	b := browser(t)
	var hub string
	d := newDesk()
	d.SetMaxFile(100_000)
	shop := sitePage(t, &hub, tagged(""))
	_, hub, _, _ = hubFor(t, d, shop.URL, ``)
	w, _ := tab(t, b)
	dir := t.TempDir()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run(t, w, "two files are chosen", chromedp.Navigate(shop.URL), opened,
		chooseFiles(put("garden.png", redPNG), put("قیمت‌ها.pdf", []byte("%PDF-1.7 prices"))),
		until(`$$('.row.mine[data-state=sent]').length === 2`), until(`$('.picture img')?.naturalWidth === 2 && $('.picture img').alt === 'garden.png'`),
		until(`$('.file bdi')?.textContent === 'قیمت‌ها.pdf'`))
	v := d.onlyVisitor(t)
	got := d.received(channels.Message)
	if len(got) != 2 || got[0].Files[0].Name != "garden.png" || got[1].Files[0].Name != "قیمت‌ها.pdf" || string(d.Content(got[1].Files[0])) != "%PDF-1.7 prices" {
		t.Fatalf("%+v", got)
	}
	run(t, w, "one that is too large says so and goes nowhere", chooseFiles(put("film.bin", make([]byte, 100_001))),
		until(`$('.row[data-state=bad] .why')?.textContent === 'Larger than 98 KB'`), do(`$$('.row[data-state=bad] .meta button').pop().click()`), until(`!$('.row[data-state=bad]')`))
	run(t, w, "one is pasted, one is dropped", do(`(() => {
		const data = name => { const d = new DataTransfer(); d.items.add(new File(['hello ' + name], name, {type: 'text/plain'})); return d }
		$('.composer textarea').dispatchEvent(new ClipboardEvent('paste', {clipboardData: data('pasted.txt'), bubbles: true, cancelable: true}))
		$('.panel').dispatchEvent(new DragEvent('dragover', {dataTransfer: data('dropped.txt'), cancelable: true}))
		if (!$('.drop')) throw 'no sign where to drop'
		$('.panel').dispatchEvent(new DragEvent('drop', {dataTransfer: data('dropped.txt'), cancelable: true}))
	})()`), until(`$$('.row.mine[data-state=sent]').length === 4 && !$('.drop')`))
	got = d.received(channels.Message)
	if len(got) != 4 || got[2].Files[0].Name != "pasted.txt" || string(d.Content(got[3].Files[0])) != "hello dropped.txt" {
		t.Fatalf("%+v", got)
	}
	// The agent's: a picture, and something that calls itself one but is a page.
	d.mu.Lock()
	d.add(v, channels.Item{Kind: "message", From: "agent", Name: "Ali", Files: []channels.ItemFile{{File: got[0].Files[0]}}})
	evil := got[1].Files[0]
	evil.Name, evil.Type = "x.svg", "image/svg+xml"
	d.add(v, channels.Item{Kind: "message", From: "agent", Name: "Ali", Files: []channels.ItemFile{{File: evil}}})
	d.mu.Unlock()
	run(t, w, "the agent's files", until(`$$('.theirs .picture img').length === 1 && $$('.theirs .file').length === 1`))
	run(t, w, "a reload shows all again", chromedp.Reload(), opened, until(`$$('.picture img').length === 2 && $$('.file').length === 4 && $$('.row.mine[data-state=sent]').length === 4`))
	if n := len(d.received(channels.Message)); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}

// On a slow network a file shows how far it is, what is written waits behind it, and a reload in between doubles nothing.
func TestBrowserSlowAndOffline(t *testing.T) {
	b := browser(t)
	var hub string
	d := newDesk()
	shop := sitePage(t, &hub, tagged(""))
	_, hub, _, _ = hubFor(t, d, shop.URL, ``)
	w, _ := tab(t, b)
	path := filepath.Join(t.TempDir(), "slow.bin")
	if err := os.WriteFile(path, make([]byte, 300_000), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, w, "slow", chromedp.Navigate(shop.URL), opened, conditions(false, 100, 200_000), chooseFiles(path), until(`$('progress')?.value > 0 && $('progress').value < 1`))
	run(t, w, "what is written waits behind it", write("did you get it?"), until(`$$('.row.mine[data-state=sent]').length === 2`))
	got := d.received(channels.Message)
	if len(got) != 2 || len(got[0].Files) != 1 || got[0].Files[0].Size != 300_000 || got[1].Text != "did you get it?" {
		t.Fatalf("%+v", got)
	}
	run(t, w, "no network", conditions(true, 0, -1), until(`$('.status').dataset.state !== 'live'`), write("one"), write("two"),
		until(`$$('.row.mine[data-state=sending], .row.mine[data-state=failed]').length === 2 && $('.status').dataset.state === 'offline'`))
	if n := len(d.received(channels.Message)); n != 2 {
		t.Errorf("%d messages went without a network", n)
	}
	run(t, w, "it is back", conditions(false, 0, -1), until(`$$('.row.mine[data-state=sent]').length === 4 && $('.status').dataset.state === 'live'`))
	d.wrote(t, "", "did you get it?", "one", "two")
}

// A page that means harm, or is merely made in a strange way: its rules, its noise and its frames do not reach the chat.
func TestBrowserHostilePage(t *testing.T) {
	b := browser(t)
	var hub string
	d := newDesk()
	forged := proven(t, strings.Repeat("e", 32), jwt.MapClaims{"sub": "sara"})
	shop := sitePage(t, &hub, func(hub string) string {
		return `<style nonce="x">
			* { font-size: 90px !important; display: none !important; visibility: hidden !important; direction: rtl !important }
			html, head, body, h1, script { display: block !important }
			tamas-chat { display: none !important; opacity: 0 !important; transform: scale(.1) !important; color: red }
			button, .panel, .launcher { position: static !important; width: 1px !important }
		</style>
		<script nonce="x">
			window.addEventListener('keydown', e => { window.keys = (window.keys || 0) + 1; e.preventDefault() })
			setInterval(() => { for (const o of ['*', location.origin]) window.postMessage({t: 'open', type: 'tamas', items: [{id: 'x', kind: 'message', from: 'agent', text: 'pwned'}]}, o) }, 5)
			Array.prototype.extra = 1
		</script><script src="` + hub + `widget.js" data-identity="` + forged + `"></script>`
	})
	_, hub, _, _ = hubFor(t, d, shop.URL, `,"identity_secret":"`+siteSecret+`"`)
	// Sara has a conversation on another device.
	sara := &visitor{t: t, base: hub, origin: shop.URL}
	sara.signIn(map[string]string{"identity": proven(t, siteSecret, jwt.MapClaims{"sub": "sara"})})
	sara.do("POST", "messages", `{"key":"key-0001","text":"my secret"}`, nil)

	w, _ := tab(t, b)
	run(t, w, "the chat stands", chromedp.Navigate(shop.URL), opened,
		until(`((a, p, s) => a.height === 60 && p.width === 384 && p.right < innerWidth && s.fontSize === '15px' && s.visibility === 'visible' && getComputedStyle(r.host).opacity === '1')($('.launcher').getBoundingClientRect(), $('.panel').getBoundingClientRect(), getComputedStyle($('.text')))`),
		write("hello"), until(`$$('.row.mine[data-state=sent]').length === 1`),
		until(`$$('.row').length === 2 && !$('.panel').textContent.includes('secret') && !$('.panel').textContent.includes('pwned')`))
	got := d.received(channels.Message)
	if len(got) != 2 || got[1].Link != nil || got[1].Thread == sara.Visitor {
		t.Errorf("a forged identity: %+v", got)
	}
	if keys, err := chromedp.Run(w, chromedp.Evaluate[int](`window.keys || 0`)); err != nil || keys != 0 {
		t.Errorf("the page hears %d keys of what is written (%v)", keys, err)
	}

	// The shop in a frame of a site that is not allowed is still the shop; the widget's tag on that site itself shows nothing.
	frame := sitePage(t, &hub, func(hub string) string {
		return `<iframe src="` + shop.URL + `" width=900 height=700></iframe><script src="` + hub + `widget.js"></script>`
	})
	run(t, w, "framed", chromedp.Navigate(frame.URL), chromedp.Func(func(ctx context.Context, tg *chromedp.Target) error {
		_, err := chromedp.Poll[chromedp.Void](`performance.getEntriesByType('resource').some(e => e.name.includes('/config'))`)(ctx, tg)
		return err
	}))
	there, err := chromedp.Run(w, chromedp.Evaluate[bool](`!!document.querySelector('tamas-chat')`))
	if err != nil || there {
		t.Errorf("the chat shows on a site that is not allowed (%v)", err)
	}
}

// A visitor whom the site proves: linked, the same on another device, and gone with the page that names nobody.
func TestBrowserIdentity(t *testing.T) {
	b, device := browser(t), browser(t)
	var hub string
	d := newDesk()
	who := ""
	shop := sitePage(t, &hub, func(hub string) string { return tagged(who)(hub) })
	_, hub, _, _ = hubFor(t, d, shop.URL, `,"identity_secret":"`+siteSecret+`"`)
	w, _ := tab(t, b)
	run(t, w, "somebody", chromedp.Navigate(shop.URL), opened, write("a question"), until(`$$('.row.mine[data-state=sent]').length === 1`))
	guest := d.onlyVisitor(t)
	token := proven(t, siteSecret, jwt.MapClaims{"sub": "7", "name": "Sara"})
	run(t, w, "signs in without a reload; the conversation goes on", do(`TamasChat.identify('`+token+`')`), until(`$('.status').dataset.state === 'live' && $$('.row.mine[data-state=sent]').length === 1`),
		write("it is me"), until(`$$('.row.mine[data-state=sent]').length === 2`))
	got := d.received(channels.Message)
	if got[1].Thread != guest || got[1].Link == nil || got[1].Link.Address != "7" || got[1].Name != "Sara" {
		t.Errorf("%+v", got[1])
	}
	d.stand(guest, channels.Standing{}) // it ends
	who = `data-identity="` + token + `"`
	run(t, w, "later", chromedp.Navigate(shop.URL), opened, write("another question"), until(`$$('.row.mine[data-state=sent]').length === 1 && $$('.row').length === 2`))
	second, _ := tab(t, device)
	run(t, second, "another device", chromedp.Navigate(shop.URL), opened, shows("another question"), write("from my phone"))
	run(t, w, "and back", shows("from my phone"))
	who = ""
	run(t, w, "a page that names nobody shows nobody's", chromedp.Navigate(shop.URL), opened, until(`$$('.row').length === 1`),
		until(`!Object.entries(localStorage).some(([k, v]) => v.includes('another question'))`))
	if got = d.received(channels.Message); got[2].Thread == guest || got[2].Thread != got[3].Thread {
		t.Errorf("%+v", got)
	}
}

// Everything by the keyboard alone.
func TestBrowserKeyboard(t *testing.T) {
	b := browser(t)
	var hub string
	d := newDesk()
	shop := sitePage(t, &hub, tagged(""))
	_, hub, _, _ = hubFor(t, d, shop.URL, ``)
	w, _ := tab(t, b)
	tabTo := func(selector string) step {
		return chromedp.Func(func(ctx context.Context, tg *chromedp.Target) error {
			for range 20 {
				if _, err := chromedp.KeyEvent("\t")(ctx, tg); err != nil {
					return err
				}
				there, err := chromedp.Evaluate[bool](inChat(`!!r.activeElement?.matches('`+selector+`')`))(ctx, tg)
				if err != nil {
					return err
				}
				if there {
					return nil
				}
			}
			return fmt.Errorf("Tab never reaches %s", selector)
		})
	}
	run(t, w, "open", chromedp.Navigate(shop.URL), until(`!!$('.launcher')`), tabTo(".launcher"), chromedp.KeyEvent("\r"), until(`r.activeElement === $('.composer textarea')`),
		until(`$('.status').dataset.state === 'live'`))
	run(t, w, "pick an emoji", tabTo(".smile"), chromedp.KeyEvent("\r"), until(`$('.picker').contains(r.activeElement)`),
		chromedp.KeyEvent(kb.ArrowRight), until(`r.activeElement === $('.picker').children[1]`), chromedp.KeyEvent("\r"), until(`r.activeElement === $('.composer textarea') && $('.composer textarea').value.length === 2`),
		chromedp.KeyEvent("\r"), until(`$$('.row.mine[data-state=sent]').length === 1`))
	run(t, w, "Escape closes the picker first", tabTo(".smile"), chromedp.KeyEvent(" "), until(`!$('.picker').hidden`), chromedp.KeyEvent("\x1b"), until(`$('.picker').hidden && !$('.panel').hidden`),
		chromedp.KeyEvent("\x1b"), until(`$('.panel').hidden && r.activeElement === $('.launcher')`))
	// What a screen reader is told.
	run(t, w, "names", until(`$('.panel').getAttribute('aria-labelledby') === 'title' && !!r.getElementById('title').textContent && $('.log').getAttribute('aria-live') === 'polite' && $('.launcher').getAttribute('aria-expanded') === 'false'`),
		until(`$$('button').every(x => x.hidden || x.textContent.trim() || x.title || x.getAttribute('aria-label'))`), until(`$$('input, textarea').every(x => x.hidden || x.labels?.length || x.getAttribute('aria-label') || x.placeholder)`))
}

// From the form before the first message to the rating after the last, in Persian.
func TestBrowserWholeConversation(t *testing.T) {
	for _, sockets := range []string{"by socket", "by polling"} {
		t.Run(sockets, func(t *testing.T) { wholeConversation(t, sockets == "by polling") })
	}
}

func wholeConversation(t *testing.T, noSockets bool) {
	b := browser(t)
	var hub string
	d := newDesk()
	shop := sitePage(t, &hub, func(hub string) string { return tagged(`data-lang="fa"`)(hub) })
	_, base, blocked, _ := hubFor(t, d, shop.URL, `,"ask_name":"required","ask_phone":"optional","ask_question":"required","visits":"ask","title_fa":"چای‌خانه"`)
	hub = base
	blocked.Store(noSockets)
	w, _ := tab(t, b)
	run(t, w, "the form comes first", chromedp.Navigate(shop.URL+"/tea?token=1#x"), until(`!!$('.launcher')`), click(".launcher"),
		until(`$('.composer').hidden && r.activeElement?.name === 'name' && $('.root').dir === 'rtl' && getComputedStyle($('.panel')).direction === 'rtl'`),
		do(`$('.save').click()`), until(`!!$('.ask input:invalid') && !$('.row.mine')`))
	for name, text := range map[string]string{"name": "سارا", "phone": "09121234567", "question": "چای سبز دارید؟"} {
		run(t, w, name, do(fmt.Sprintf(`$('[name=%s]').value = %q`, name, text)))
	}
	run(t, w, "it is sent", do(`$('.save').click()`), until(`$$('.row.mine[data-state=sent]').length === 1 && !$('.composer').hidden`))
	v := d.wrote(t, "چای سبز دارید؟")
	if got := d.received(channels.Message)[0]; got.Name != "سارا (09121234567)" || got.Lang != "fa" {
		t.Errorf("%+v", got)
	}
	if n := len(d.received(channels.Visit)); n != 0 {
		t.Errorf("%d pages were logged before anybody agreed", n)
	}
	run(t, w, "consent", until(`$$('.ask .save').length === 1`), do(`$('.ask .save').click()`), until(`!$('.ask')`))
	d.wait(t, "the page is logged", func() bool {
		return slices.ContainsFunc(d.inbound, func(m channels.Inbound) bool { return m.Page == shop.URL+"/tea" && m.Text == "Shop" })
	})
	run(t, w, "another page without a load", do(`history.pushState({}, '', '/saffron')`))
	d.wait(t, "it is logged too", func() bool {
		return slices.ContainsFunc(d.inbound, func(m channels.Inbound) bool { return m.Page == shop.URL+"/saffron" })
	})

	d.stand(v, channels.Standing{Status: "waiting", Position: 2, Wait: 150 * time.Second, Staffed: true})
	run(t, w, "the place in line", until(`$('.notice').textContent === 'شما نفر ۲ صف هستید. حدود ۳ دقیقه.'`))
	d.stand(v, channels.Standing{Status: "waiting", Position: 2, Wait: 150 * time.Second})
	run(t, w, "nobody is there", until(`$('.notice').textContent.includes('کسی اینجا نیست') && !$('.notice').textContent.includes('۲')`))
	d.stand(v, channels.Standing{Status: "active", Agent: "نیلوفر", Staffed: true})
	run(t, w, "somebody is", until(`$('.notice').textContent === 'نیلوفر همراه شماست.'`))

	said := d.say(v, "نیلوفر", "بله، داریم")
	d.mu.Lock()
	d.add(v, channels.Item{Kind: "message", From: "agent", Name: "نیلوفر", Text: "اشتباه", ReplyTo: d.items[v][0].ID})
	wrong := d.items[v][len(d.items[v])-1].ID
	d.add(v, channels.Item{Kind: "edit", From: "agent", Of: said.ID, Text: "بله، دو نوع داریم"})
	d.mu.Unlock()
	run(t, w, "an answer, changed", shows("بله، دو نوع داریم"), until(`$$('.row .text').every(x => x.textContent !== 'بله، داریم') && $$('.meta').some(x => x.textContent.includes('ویرایش‌شده'))`),
		until(`$('blockquote')?.textContent === 'چای سبز دارید؟'`))
	d.mu.Lock()
	d.add(v, channels.Item{Kind: "deletion", From: "agent", Of: wrong})
	d.mu.Unlock()
	run(t, w, "one taken back", shows("این پیام پس گرفته شد."), until(`!$('.panel').textContent.includes('اشتباه')`))

	d.wait(t, "all is read", func() bool { return slices.Contains(d.statuses, v+"/"+wrong+" read") })
	run(t, w, "closed", click(".close"), until(`$('.panel').hidden`))
	d.say(v, "نیلوفر", "خدانگهدار")
	run(t, w, "the title tells", until(`document.title === '(۱) Shop' && $('.badge').textContent === '۱'`), click(".launcher"), until(`document.title === 'Shop'`))
	d.stand(v, channels.Standing{Status: "resolved"})
	run(t, w, "a rating is asked for", until(`$$('.star').length === 5 && !$('.notice').textContent`), do(`$$('.star')[3].click()`), do(`$('.rate input').value = 'سریع بود'`), do(`$('.rate .save').click()`),
		until(`$('.rate')?.textContent === 'سپاسگزاریم!'`), until(`!$('.rate')`))
	rating := d.received(channels.Rating)
	if len(rating) != 1 || rating[0].Score != 4 || rating[0].Text != "سریع بود" || rating[0].Thread != v {
		t.Errorf("%+v", rating)
	}
	d.mu.Lock()
	d.mail = func(string) error { return nil }
	d.mu.Unlock()
	d.stand(v, channels.Standing{Status: "resolved", Transcript: true})
	run(t, w, "it is mailed", click(".mail"), until(`$('.mail').textContent === 'فرستاده می‌شود.'`))
	run(t, w, "and not again", chromedp.Reload(), opened, until(`$$('.row').length === 5 && !$('.rate')`))
}

// What is written in one tab stands in the other, and both are one visitor.
func TestBrowserTwoTabs(t *testing.T) {
	b := browser(t)
	var hub string
	d := newDesk()
	shop := sitePage(t, &hub, tagged(""))
	_, hub, _, _ = hubFor(t, d, shop.URL, ``)
	one, _ := tab(t, b)
	two, _ := tab(t, b)
	run(t, one, "one", chromedp.Navigate(shop.URL), opened)
	run(t, two, "two", chromedp.Navigate(shop.URL), opened, do(`$('.launcher').focus()`))
	run(t, one, "a draft", do(`($('.composer textarea').value = 'half a sent', $('.composer textarea').dispatchEvent(new Event('input')), $('.launcher').focus())`))
	run(t, two, "is there too", until(`$('.composer textarea').value === 'half a sent' && !$('.send').disabled`))
	run(t, two, "and is finished here", do(`$('.composer textarea').focus()`), do(`$('.composer textarea').value = ''`), write("a whole sentence"), until(`$$('.row.mine[data-state=sent]').length === 1`))
	run(t, one, "once", until(`$('.composer textarea').value === ''`), until(`$$('.row.mine').length === 1 && $('.row.mine .text').textContent === 'a whole sentence'`))
	// Both write at once.
	for i := range 5 {
		run(t, one, "one writes", write(fmt.Sprintf("one %d", i)))
		run(t, two, "two writes", write(fmt.Sprintf("two %d", i)))
	}
	for _, w := range []context.Context{one, two} {
		run(t, w, "all, once", until(`$$('.row.mine[data-state=sent]').length === 11`))
	}
	v := d.onlyVisitor(t)
	for _, tabName := range []string{"one", "two"} {
		var mine []string
		for _, text := range d.recorded(v) {
			if strings.HasPrefix(text, tabName) {
				mine = append(mine, text)
			}
		}
		if len(mine) != 5 || !slices.IsSorted(mine) {
			t.Errorf("tab %s: %q", tabName, mine)
		}
	}
	b2, _ := json.Marshal(d.recorded(v))
	if len(d.recorded(v)) != 11 {
		t.Errorf("%s", b2)
	}
}
