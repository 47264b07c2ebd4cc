// What walks through a real hub share: one hub, one browser, a context for each person, and steps that are waited for.
import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { launchForMany } from '../browser.mjs'
import { realHub } from './hub.mjs'

/** The app's own words: a function from a key to what stands on the screen, with {names} filled in. */
export function appWords(locale) {
  const folder = new URL('../../src/i18n/', import.meta.url)
  const all = new Map()
  for (const f of readdirSync(folder)) {
    if (!new RegExp(`^${locale}(-\\w+)?\\.ts$`).test(f)) continue
    for (const m of readFileSync(new URL(f, folder), 'utf8').matchAll(/^ {2}'([\w.]+)': '((?:[^'\\]|\\.)*)'/gm)) all.set(m[1], m[2])
  }
  return (key, fill = {}) => {
    if (!all.has(key)) throw new Error(`the app has no word ${key}`)
    return all.get(key).replace(/\{(\w+)\}/g, (_, k) => fill[k] ?? `{${k}}`)
  }
}

/** Digits as they are typed, and without the marks that keep a text's direction. */
export const bare = (s) => s.replace(/[\u2066-\u2069\u200e\u200f]/g, '').replace(/[۰-۹]/g, (d) => '۰۱۲۳۴۵۶۷۸۹'.indexOf(d))

export async function walk(name, { out, locale }) {
  mkdirSync(out, { recursive: true })
  const hub = await realHub({ locale, firm: locale === 'fa' ? 'فروشگاه نیلوفر' : 'Lotus & Co.' })
  const browser = await launchForMany()
  let failed = 0

  /** Waits until test says yes, at most within milliseconds. */
  async function ok(what, test, page, within = 8000) {
    const began = Date.now()
    for (;;) {
      const yes = await Promise.resolve(test()).catch(() => false)
      if (yes || Date.now() > began + within) {
        console.log(`${yes ? 'ok ' : 'NOT'} ${what}`)
        if (!yes) {
          failed++
          await page?.screenshot({ path: join(out, `${name}-failed-${failed}.png`) }).catch(() => {})
        }
        return yes
      }
      await new Promise((r) => setTimeout(r, 50))
    }
  }
  function watched(page, who) {
    page.setDefaultTimeout(8000)
    page.on('pageerror', (e) => ok(`${who}: no error in the page: ${e.message}`, () => false, page, 0))
    page.on('console', (m) => /Content Security|Refused to/.test(m.text()) && ok(`${who}: ${m.text()}`, () => false, page, 0))
    page.on('request', (r) => !r.url().startsWith(hub.url) && !/^(data|blob|wss?):/.test(r.url()) && ok(`${who} asks ${r.url()}`, () => false, page, 0))
    return page
  }
  return {
    hub, browser, ok, watched,
    shoot: (page, what) => page.waitForTimeout(350).then(() => page.screenshot({ path: join(out, `${name}-${locale}-${what}.png`) })),
    /** Somebody's own context, signed in, at an address of the app. */
    async seat(email, path = '/inbox', o) {
      const page = watched(await hub.seat(browser, email, o), email)
      await page.goto(hub.url + path)
      return page
    },
    async end() {
      await browser.close()
      await hub.close()
      console.log(failed ? `${failed} failed` : 'all is well')
      process.exit(failed ? 1 : 0)
    },
  }
}
