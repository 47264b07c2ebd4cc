package webchat

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"tamas/channels"
)

//go:embed demo.html
var demoSource string

var demoTemplate = template.Must(template.New("demo").Parse(demoSource))

// DemoPage is the home page of a tea house that does not exist, with the chat on it: what a customer of the
// firm would see. scriptURL is where the account's widget.js is, absolute or on the page's own origin.
// locale ("en" or "fa") is the language unless the address says ?lang=. The page carries a strict
// Content-Security-Policy of its own, under which the widget must work.
func DemoPage(scriptURL, locale string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := or(r.URL.Query().Get("lang"), locale)
		if lang != "fa" {
			lang = "en"
		}
		nonce := rand.Text()
		var page bytes.Buffer
		err := demoTemplate.Execute(&page, struct {
			Script, Lang, Nonce string
			T                   func(en, fa string) string
			Goods               []good
		}{scriptURL, lang, nonce, func(en, fa string) string {
			if lang == "fa" {
				return fa
			}
			return en
		}, goods(lang)})
		if err != nil {
			refuse(w, http.StatusInternalServerError, "internal", "The page could not be made.", 0)
			return
		}
		hub := hubSources(scriptURL, r.Host)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "+
			"style-src 'nonce-"+nonce+"'; script-src "+hub+"; connect-src "+hub+"; img-src blob:; media-src blob:")
		w.Write(page.Bytes())
	})
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// hubSources lists the hub's origin for a policy. 'self' alone does not cover sockets in every browser.
func hubSources(scriptURL, host string) string {
	u, err := url.Parse(scriptURL)
	if err == nil && u.Host != "" && hostForm.MatchString(u.Host) {
		return u.Scheme + "://" + u.Host + " " + strings.Replace(u.Scheme, "http", "ws", 1) + "://" + u.Host
	}
	if hostForm.MatchString(host) {
		return "'self' ws://" + host + " wss://" + host
	}
	return "'self'"
}

type good struct {
	Name, Note, Price string
	Art               string // which drawing
}

func goods(lang string) []good {
	t := func(x channels.Text) string {
		if lang == "fa" {
			return x.FA
		}
		return x.EN
	}
	var out []good
	for _, g := range []struct {
		name, note, price channels.Text
		art               string
	}{
		{channels.Text{EN: "Lahijan black tea", FA: "چای سیاه لاهیجان"}, channels.Text{EN: "First flush, 250 g", FA: "چین بهاره، ۲۵۰ گرم"}, channels.Text{EN: "€9.80", FA: "۴۸۰٬۰۰۰ تومان"}, "tea"},
		{channels.Text{EN: "Qaenat saffron", FA: "زعفران قائنات"}, channels.Text{EN: "All-red threads, 2 g", FA: "سرگل ممتاز، ۲ گرم"}, channels.Text{EN: "€18.50", FA: "۹۲۰٬۰۰۰ تومان"}, "saffron"},
		{channels.Text{EN: "Kerman pistachios", FA: "پسته‌ی کرمان"}, channels.Text{EN: "Roasted with salt, 500 g", FA: "بوداده با نمک، ۵۰۰ گرم"}, channels.Text{EN: "€14.20", FA: "۶۹۰٬۰۰۰ تومان"}, "pistachio"},
		{channels.Text{EN: "Rose petals of Kashan", FA: "گل محمدی کاشان"}, channels.Text{EN: "Dried by hand, 80 g", FA: "خشک‌شده با دست، ۸۰ گرم"}, channels.Text{EN: "€6.40", FA: "۳۱۰٬۰۰۰ تومان"}, "rose"},
	} {
		out = append(out, good{t(g.name), t(g.note), t(g.price), g.art})
	}
	return out
}
