import { ref, shallowRef } from 'vue'
import type { Locale as UiLocale, Messages as UiMessages } from '@nuxt/ui'
import type { Text } from '@/api'
import type { en } from './en'
import type rest from './rest-en'

/** The languages of the app. Only the chosen one is loaded: what a first visit shows, and the rest when it is needed. */
export type Locale = 'en' | 'fa'

type First = Record<keyof typeof en, string>
type Rest = Record<keyof typeof rest, string>
export type Key = keyof First | keyof Rest

const firsts: Record<Locale, () => Promise<{ default: First; ui: UiLocale<UiMessages> }>> = {
  en: () => import('./locale-en'),
  fa: () => import('./locale-fa'),
}
const rests: Record<Locale, () => Promise<{ default: Rest }>> = {
  en: () => import('./rest-en'),
  fa: () => import('./rest-fa'),
}

export const locale = ref<Locale>('en')
export const uiLocale = shallowRef<UiLocale<UiMessages>>()
const messages = shallowRef<Partial<Record<Key, string>>>()
let wanted = false
const stored = 'tamas.locale'

/** The language to begin with: last chosen here, else the browser's. */
export function firstLocale(): Locale {
  try {
    const l = localStorage.getItem(stored)
    if (l === 'en' || l === 'fa') return l
  } catch { /* storage is forbidden */ }
  return /^fa\b/.test(navigator.language) ? 'fa' : 'en'
}

export function asLocale(l: string | undefined): Locale {
  return l === 'fa' ? 'fa' : 'en'
}

export async function setLocale(l: Locale): Promise<void> {
  const [chunk, more] = await Promise.all([firsts[l](), wanted ? rests[l]() : undefined])
  messages.value = { ...chunk.default, ...more?.default }
  uiLocale.value = chunk.ui
  locale.value = l
  document.documentElement.lang = l
  document.documentElement.dir = l === 'fa' ? 'rtl' : 'ltr'
  try {
    localStorage.setItem(stored, l)
  } catch { /* storage is forbidden */ }
}

/** Loads the sentences of all that a first visit does not show; pages and panels that come later wait for it. */
export async function loadRest(): Promise<void> {
  wanted = true
  const l = locale.value
  const more = await rests[l]()
  if (locale.value === l) messages.value = { ...messages.value, ...more.default }
}

/**
 * t looks a sentence up. `{name}` takes a parameter, numbers in the language's digits; "one|many" takes
 * its half by the parameter n.
 */
export function t(key: Key, params?: Record<string, string | number>): string {
  return fill(messages.value?.[key] ?? key, params, locale.value)
}

/** has tells whether there is a sentence of that key, for keys that are made at run time. */
export function has(key: string): key is Key {
  return !!messages.value && key in messages.value
}

export function fill(text: string, params: Record<string, string | number> = {}, l: Locale): string {
  const bar = text.indexOf('|')
  if (bar >= 0) text = params.n === 1 ? text.slice(0, bar) : text.slice(bar + 1)
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = params[name]
    return v === undefined ? whole : typeof v === 'number' ? number(v, l) : isolate(v)
  })
}

/** A name of any script keeps its own direction and leaves the sentence's alone. */
const isolate = (s: string) => (s ? `\u2068${s}\u2069` : '')

const formats = new Map<Locale, Intl.NumberFormat>()

/** number writes a number in the language's digits. */
export function number(n: number, l: Locale = locale.value): string {
  let f = formats.get(l)
  if (!f) formats.set(l, (f = new Intl.NumberFormat(l === 'fa' ? 'fa-IR' : 'en')))
  return f.format(n)
}

/** plain writes a number that is a name: digits only. */
export function plain(n: number): string {
  return locale.value === 'fa' ? String(n).replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[Number(d)]!) : String(n)
}

/** say picks a sentence that the server sent in both languages. */
export function say(x: Text | undefined): string {
  return x ? x[locale.value] || x.en : ''
}

const units: Key[] = ['size.b', 'size.kb', 'size.mb', 'size.gb']

/** bytes writes a size in its largest unit: "3.2 MB". */
export function bytes(n: number): string {
  let u = 0
  while (n >= 1000 && u < 3) {
    n /= 1000
    u++
  }
  return t(units[u]!, { n: u > 1 ? Math.round(n * 10) / 10 : Math.round(n) })
}
