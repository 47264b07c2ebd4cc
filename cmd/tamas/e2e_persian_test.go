package main

import (
	"context"
	"fmt"
	"testing"
)

// Persian from the first page on: right to left, the Jalali calendar, Persian digits, and text of both directions in
// one bubble; and the way to another language and back.
func persian(t *testing.T, browser context.Context) {
	f := found(t, browser, "fa")
	agent := f.admin()
	agent.sees("right to left", `document.documentElement.dir === 'rtl' && document.documentElement.lang === 'fa'`)
	agent.reads("اکنون چیزی برای شما نیست")
	agent.shoot("fa-inbox-none-light")

	visitor := f.arrives("نگار", "fa")
	visitor.sees("right to left", `getComputedStyle(chat('.panel')).direction === 'rtl'`)
	visitor.chats("سلام! سفارش TR-1042 من هنوز نرسیده 🙏")
	visitor.chats("Can you answer in English too?")
	agent.clicks(`by('[role=tab]', 'در انتظار')`)
	agent.clicks(`$('[data-list] li button')`)
	agent.shows("سفارش TR-1042 من")
	direction := func(text, want string) {
		t.Helper()
		agent.sees(want, fmt.Sprintf(`(e => e && getComputedStyle(e).direction === %q)($$('[role=log] article *').filter(e => e.textContent.includes(%q)).at(-1))`, want, text))
	}
	direction("سفارش", "rtl")
	direction("Can you answer", "ltr")
	agent.replies("بله، order شماره‌ی 1042 فردا می‌رسد.")
	visitor.gets("بله، order شماره‌ی 1042 فردا می‌رسد.")
	agent.sees("Persian digits", `/^[۰-۹]{2}:[۰-۹]{2}$/.test($('[role=log] time').textContent.trim())`)
	agent.sees("the Jalali calendar", `/۱۴[۰-۹]{2}/.test(page()) && /(فروردین|اردیبهشت|خرداد|تیر|مرداد|شهریور|مهر|آبان|آذر|دی|بهمن|اسفند)/.test(plain($$('aside').find(seen).innerText))`)
	agent.sees("no Latin digits but names and numbers", `!/[0-9]/.test($$('aside dl').find(seen).innerText.replace(/#\S+/, ''))`)
	agent.fits()
	agent.shoot("fa-conversation-light")
	visitor.shoot("fa-chat-light")
	agent.look("dark")
	agent.shoot("fa-conversation-dark")

	agent.opens("/settings/profile")
	agent.presses("English")
	agent.sees("left to right", `document.documentElement.dir === 'ltr' && document.documentElement.lang === 'en' && by('h1', 'Profile')`)
	agent.reloads()
	agent.sees("it stays so", `document.documentElement.dir === 'ltr' && by('h1', 'Profile')`)
	agent.presses("فارسی")
	agent.sees("and back", `document.documentElement.dir === 'rtl'`)
}

// The same work on a phone.
func onAPhone(t *testing.T, browser context.Context) {
	f := found(t, browser, "en")
	visitor := f.arrives("Emma", "en")
	visitor.size(390, 844)
	visitor.chats("Is the shop open today?")
	visitor.fits()
	visitor.shoot("en-chat-phone-light")

	agent := f.seat("Nika")
	agent.size(390, 844)
	agent.signsIn(adminEmail, adminPassword)
	agent.fits()
	agent.presses("See who is waiting")
	agent.sees("the list", `by('[data-list] li button', 'Is the shop open today?') && !seen($('[role=log]'))`)
	agent.shoot("en-list-phone-light")
	agent.clicks(`by('[data-list] li button', 'Is the shop open today?')`)
	agent.shows("Is the shop open today?")
	agent.sees("the list is away", `!seen($('[data-list]'))`)
	agent.fits()
	agent.clicks(`$('footer textarea')`)
	agent.types("Until six.")
	agent.presses("Send")
	visitor.gets("Until six.")
	agent.shows("Until six.")
	agent.isNow("Active")
	agent.shoot("en-conversation-phone-light")

	agent.clicks(`$('section header h2')`)
	agent.sees("the customer", `by('aside h2', 'Customer') && !seen($('[role=log]'))`)
	agent.reads("Is the shop open today?")
	agent.fits()
	agent.shoot("en-customer-phone-light")
	agent.clicks(`by('aside header button', 'Close')`)
	agent.sees("the conversation again", `seen($('[role=log]'))`)
	agent.presses("Back")
	agent.sees("the list again", `seen($('[data-list]')) && location.pathname === '/inbox'`)
	agent.clicks(`by('nav a', 'Settings')`)
	agent.sees("settings", `by('h1', 'Channels')`)
	agent.fits()
}
