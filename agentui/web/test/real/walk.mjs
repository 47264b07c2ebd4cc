// What walks through a real hub share: one hub, one browser, a context for each person, and steps that are waited for.
import { readFileSync, readdirSync } from 'node:fs'
import { launchForMany } from '../browser.mjs'
import { kit } from '../kit.mjs'
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
  const hub = await realHub({ locale, firm: locale === 'fa' ? 'فروشگاه نیلوفر' : 'Lotus & Co.' })
  const browser = await launchForMany()
  const { ok, watched, shoot, end } = kit(`${name}-${locale}`, { out, url: hub.url })
  return {
    hub, browser, ok, watched, shoot,
    /** Somebody's own context, signed in, at an address of the app. */
    async seat(email, path = '/inbox', o) {
      const page = watched(await hub.seat(browser, email, o), email)
      await page.goto(hub.url + path)
      return page
    },
    async end() {
      await browser.close()
      await hub.close()
      end()
    },
  }
}
