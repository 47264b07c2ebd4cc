import { ref, shallowRef } from 'vue'
import type { Locale as UiLocale, Messages as UiMessages } from '@nuxt/ui'
import type { Text } from '@/api'
import type { Key, Messages } from './en'

/** The languages of the app. Each is a chunk of its own: only the chosen one is loaded. */
export type Locale = 'en' | 'fa'

const chunks: Record<Locale, () => Promise<{ default: Messages; ui: UiLocale<UiMessages> }>> = {
  en: () => import('./locale-en'),
  fa: () => import('./locale-fa'),
}

export const locale = ref<Locale>('en')
export const uiLocale = shallowRef<UiLocale<UiMessages>>()
const messages = shallowRef<Messages>()
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
  const chunk = await chunks[l]()
  messages.value = chunk.default
  uiLocale.value = chunk.ui
  locale.value = l
  document.documentElement.lang = l
  document.documentElement.dir = l === 'fa' ? 'rtl' : 'ltr'
  try {
    localStorage.setItem(stored, l)
  } catch { /* storage is forbidden */ }
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

export type { Key }
