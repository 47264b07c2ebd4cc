// Pictures of the app, to be looked at: node test/shots.mjs [folder] [only]. Needs a Chromium and a build.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launch } from './browser.mjs'
import { serve } from './fake/server.mjs'

const out = process.argv[2] ?? 'shots'
const only = process.argv[3] ?? ''
mkdirSync(out, { recursive: true })

const sizes = { desktop: { width: 1440, height: 900 }, wide: { width: 1760, height: 990 }, phone: { width: 390, height: 844 } }
const first = (page) => page.locator('[data-list] li button').first().click().then(() => page.locator('[role=log]').waitFor())
const named = (page, name) => page.locator('[data-list] li button', { hasText: name }).first().click().then(() => page.locator('[role=log]').waitFor()).then(() => page.waitForTimeout(700))
const up = (page, dy) => page.locator('[role=log]').evaluate((el, y) => el.scrollBy(0, y), dy).then(() => page.waitForTimeout(300))
const everything = async (page) => { await named(page, 'امیرحسین'); await up(page, -99999); await page.waitForTimeout(500) }
const picture = (name, type = 'image/png') => ({ name, mimeType: type, buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==', 'base64') })
const scenes = {
  files: { go: '/inbox', do: everything },
  changes: { go: '/inbox', do: async (page) => { await everything(page); await up(page, 620) } },
  states: { go: '/inbox', do: (page) => named(page, 'امیرحسین') },
  versions: { go: '/inbox', do: async (page) => { await everything(page); await page.getByText(/^(edited|ویرایش‌شده)$/).first().click(); await page.waitForTimeout(300) } },
  lightbox: { go: '/inbox', do: async (page) => { await everything(page); await page.locator('article img').first().click(); await page.waitForTimeout(900) } },
  html: { go: '/inbox?list=all&channel=email', do: (page) => named(page, 'Thomas') },
  replyAll: { go: '/inbox?list=all&channel=email', do: async (page) => { await named(page, 'Thomas'); await page.locator('footer button[title]').nth(1).click(); await page.locator('footer button[aria-expanded]').first().click(); await page.waitForTimeout(300) } },
  tray: { go: '/inbox', do: async (page) => { await named(page, 'امیرحسین'); await page.locator('footer input[type=file]').setInputFiles([picture('label.png'), picture('قرارداد نهایی.pdf', 'application/pdf'), picture('huge.iso', 'application/octet-stream')]); await page.waitForTimeout(700) } },
  links: { go: '/inbox?list=all&channel=sms', do: async (page) => { await first(page); await page.locator('footer input[type=file]').setInputFiles([picture('label.png')]); await page.waitForTimeout(700) } },
  drop: { go: '/inbox', do: async (page) => { await first(page); await page.evaluate(() => { const d = new DataTransfer(); d.items.add(new File(['x'], 'a.txt')); document.querySelector('section[aria-label] [role=log]').dispatchEvent(new DragEvent('dragenter', { dataTransfer: d, bubbles: true })) }); await page.waitForTimeout(200) } },
  quoting: { go: '/inbox', do: async (page) => { await named(page, 'امیرحسین'); const b = page.locator('article', { hasText: 'out of office' }).or(page.locator('article', { hasText: 'Out of office' })); await b.hover(); await b.locator('button[aria-haspopup=menu]').click(); await page.getByRole('menuitem').first().click(); await page.waitForTimeout(300) } },
  consent: { go: '/inbox', do: (page) => named(page, 'مریم') },
  begin: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.keyboard.press('b'); await page.locator('[role=dialog] textarea').waitFor(); await page.waitForTimeout(400) } },
  bulk: { go: '/inbox?list=all', do: async (page) => { await page.locator('[data-list] li button').nth(1).click({ modifiers: ['Control'] }); await page.locator('[data-list] li button').nth(4).click({ modifiers: ['Shift'] }); await page.waitForTimeout(500) } },
  health: { go: '/supervisor/channels', do: (page) => page.locator('ul.columns-1 li').first().waitFor() },
  healthEmpty: { size: 'empty', go: '/supervisor/channels', do: (page) => page.waitForTimeout(500) },
  accountNew: { go: '/settings/accounts', do: async (page) => { await page.locator('button[aria-haspopup=menu]').first().click(); await page.getByRole('menuitem').nth(2).click(); await page.waitForTimeout(500); await page.locator('[role=dialog] form').evaluate((el) => el.parentElement.scrollTo(0, 99999)); await page.getByRole('radio').nth(3).click(); await page.waitForTimeout(400) } },
  accountSms: { go: '/settings/accounts', do: async (page) => { await page.locator('ul.card li').nth(3).locator('button').first().click(); await page.waitForTimeout(500) } },
  signin: { signedOut: true, go: '/sign-in' },
  setup: { signedOut: true, setup: true, go: '/setup?token=abc' },
  empty: { size: 'empty', go: '/inbox' },
  inbox: { go: '/inbox', do: first },
  waiting: { go: '/inbox?list=waiting' },
  mail: { go: '/inbox?list=all&channel=email', do: first },
  sms: { go: '/inbox?list=all&channel=sms', do: async (page) => { await first(page); await page.locator('textarea').fill('سلام، سفارش شما امروز ارسال شد و تا فردا می‌رسد. کد رهگیری: IR-99120 ممنون از شکیبایی شما') } },
  note: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('n'); await page.locator('textarea').fill('مشتری قدیمی است؛ لطفاً با اولویت. Ask Daniel.') } },
  canned: { go: '/inbox', do: async (page) => { await first(page); await page.locator('textarea').fill('/') } },
  offer: { go: '/inbox', do: async (page, s) => { await first(page); s.drive('offer', {}); await page.locator('[role=alertdialog]').waitFor(); await page.waitForTimeout(1200) } },
  typing: { go: '/inbox', do: async (page, s) => { await first(page); s.drive('typing', { person: 0 }); s.drive('record', { up: false }); await page.locator('textarea').fill('Kept while the record is down'); await page.keyboard.press('Enter'); await page.waitForTimeout(800) } },
  customer: { go: '/inbox', do: async (page) => { await first(page); if ((page.viewportSize()?.width ?? 0) < 1000) await page.locator('header h2').first().click(); await page.waitForTimeout(500) } },
  transfer: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('t'); await page.locator('[role=dialog]').waitFor(); await page.waitForTimeout(400) } },
  more: { go: '/inbox', do: async (page) => { await first(page); await page.locator('header button[aria-haspopup=menu]').last().click(); await page.waitForTimeout(400) } },
  much: { size: 'much', go: '/inbox?list=all', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await first(page) } },
  palette: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('Control+k'); await page.locator('[role=dialog] input').fill('ord'); await page.waitForTimeout(900) } },
  help: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.keyboard.press('?'); await page.locator('[role=dialog]').waitFor(); await page.waitForTimeout(300) } },
  state: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.locator('nav:visible button:has(span.rounded-full)').last().click(); await page.waitForTimeout(300) } },
  supervisor: { go: '/supervisor', do: (page) => page.locator('[data-queue]').first().waitFor() },
  supervisorEmpty: { size: 'empty', go: '/supervisor', do: (page) => page.locator('[data-queue]').first().waitFor() },
  reassign: { go: '/supervisor', do: async (page) => { await page.locator('[data-agent] button:not([disabled])').first().click(); await page.waitForTimeout(600) } },
  wallboard: { go: '/wallboard', do: (page) => page.locator('h2').first().waitFor() },
  audit: { go: '/supervisor/audit', do: (page) => page.locator('ol li').first().waitFor() },
  routing: { go: '/settings/routing', do: (page) => page.waitForTimeout(500) },
  skills: { go: '/settings/skills', do: (page) => page.locator('table').waitFor() },
  calendars: { go: '/settings/calendars', do: (page) => page.locator('.card').first().waitFor() },
  promises: { go: '/settings/sla', do: (page) => page.locator('ol.card li').first().waitFor() },
  promise: { go: '/settings/sla', do: async (page) => { await page.locator('ol.card li button').first().click(); await page.waitForTimeout(500) } },
  alerts: { go: '/settings/alerts', do: (page) => page.locator('ul.card li').first().waitFor() },
  accounts: { go: '/settings/accounts', do: (page) => page.locator('ul.card li').first().waitFor() },
  accountsEmpty: { size: 'empty', go: '/settings/accounts', do: (page) => page.locator('.card').first().waitFor() },
  account: { go: '/settings/accounts', do: async (page) => { await page.locator('ul.card li button').first().click(); await page.waitForTimeout(500) } },
  accountMail: { go: '/settings/accounts', do: async (page) => { await page.locator('ul.card li').nth(2).locator('button').first().click(); await page.waitForTimeout(500) } },
  queues: { go: '/settings/queues', do: (page) => page.locator('ul.card li').first().waitFor() },
  queue: { go: '/settings/queues', do: async (page) => { await page.locator('ul.card li button').first().click(); await page.waitForTimeout(500) } },
  users: { go: '/settings/agents', do: (page) => page.locator('ul.card li').first().waitFor() },
  user: { go: '/settings/agents', do: async (page) => { await page.locator('ul.card li button').nth(1).click(); await page.waitForTimeout(500) } },
  cannedSettings: { go: '/settings/canned', do: (page) => page.locator('ul.card li').first().waitFor() },
  firm: { go: '/settings/firm', do: (page) => page.locator('form').waitFor() },
  profile: { go: '/settings/profile', do: (page) => page.waitForTimeout(400) },
  tokens: { go: '/settings/tokens', do: (page) => page.waitForTimeout(400) },
}

const browser = await launch()
let bad = 0
// only: "scene,scene/locale/theme/size", each part may be left out
const [wantScenes, wantLocale, wantTheme, wantSize] = only.split('/')
const listed = wantScenes ? wantScenes.split(',') : Object.keys(scenes)
for (const [name, scene] of Object.entries(scenes).filter(([n]) => listed.includes(n))) {
  for (const locale of ['en', 'fa'].filter((l) => !wantLocale || l === wantLocale)) {
    for (const theme of ['light', 'dark'].filter((x) => !wantTheme || x === wantTheme)) {
      for (const size of Object.keys(sizes).filter((x) => (wantSize ? x === wantSize : x !== 'wide'))) {
        const server = await serve({ size: scene.size ?? 'little', locale, setup: scene.setup })
        await browser.clearCookies()
        if (!scene.signedOut) await browser.addCookies([{ name: 'tamas_session', value: 'u1', url: server.url }])
        const page = await browser.newPage()
        page.setDefaultTimeout(6000)
        await page.addInitScript(([l, t]) => { localStorage.setItem('tamas.locale', l); localStorage.setItem('tamas.theme', t) }, [locale, theme])
        const say = (text) => { bad++; console.log(`${name} ${locale} ${theme} ${size}: ${text}`) }
        page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/status of 4(04|13)/.test(m.text()) && say(m.text()))
        page.on('pageerror', (e) => say(`error: ${e.message}`))
        page.on('request', (r) => !r.url().startsWith(server.url) && !/^(data|blob):/.test(r.url()) && say(`asks ${r.url()}`))
        try {
          await page.setViewportSize(sizes[size])
          await page.goto(server.url + scene.go)
          await page.waitForLoadState('networkidle').catch(() => {})
          await scene.do?.(page, server)
          await page.waitForTimeout(250)
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          if (wide > 0) say(`is ${wide} px wider than the screen`)
        } catch (e) {
          say(e.message.split('\n')[0])
        }
        await page.screenshot({ path: join(out, `${name}-${locale}-${theme}-${size}.png`) })
        await page.close()
        server.close()
      }
    }
  }
}
await browser.close()
process.exit(bad ? 1 : 0)
