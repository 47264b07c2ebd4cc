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
const scenes = {
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
  supervisor: { go: '/supervisor', do: (page) => page.locator('table').waitFor() },
  supervisorEmpty: { size: 'empty', go: '/supervisor', do: (page) => page.locator('table').waitFor() },
  reassign: { go: '/supervisor', do: async (page) => { await page.locator('ul.card li button:not([disabled])').first().click(); await page.waitForTimeout(600) } },
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
        await page.addInitScript(([l, t]) => { localStorage.setItem('tamas.locale', l); localStorage.setItem('tamas.theme', t) }, [locale, theme])
        const say = (text) => { bad++; console.log(`${name} ${locale} ${theme} ${size}: ${text}`) }
        page.on('console', (m) => ['error', 'warning'].includes(m.type()) && say(m.text()))
        page.on('pageerror', (e) => say(`error: ${e.message}`))
        page.on('request', (r) => !r.url().startsWith(server.url) && !r.url().startsWith('data:') && say(`asks ${r.url()}`))
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
