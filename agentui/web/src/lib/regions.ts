import { locale } from '@/i18n'
import { kept } from './store'

// Names of languages, countries and time zones in the reader's own language, as the browser knows them.

const codes = ['fa', 'en', 'ar', 'ckb', 'ku', 'az', 'tr', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt', 'ro', 'ru', 'uk', 'sv', 'da', 'nb', 'fi', 'el', 'he', 'hi', 'ur', 'ps', 'tg', 'uz', 'tk', 'hy', 'ka', 'zh', 'ja', 'ko', 'id', 'ms', 'th', 'vi', 'sw']
const names = new Map<string, Intl.DisplayNames>()
export function languageName(code: string): string {
  let n = names.get(locale.value)
  if (!n) names.set(locale.value, (n = new Intl.DisplayNames([locale.value], { type: 'language' })))
  try {
    return n.of(code) ?? code
  } catch {
    return code
  }
}
/** Those that are likely, and any that is held already. */
export const languages = (held: readonly string[] = []) => [...new Set([...held, ...codes])].map((id) => ({ id, name: languageName(id) }))

export const zones = () => Intl.supportedValuesOf('timeZone').map((id) => ({ id, name: id.replaceAll('_', ' ') }))

let regions: { of: string; list: { id: string; name: string }[] } | undefined
/** Countries by their two letters, sorted by name. */
export function countries(): { id: string; name: string }[] {
  if (regions?.of !== locale.value) {
    const n = new Intl.DisplayNames([locale.value], { type: 'region', fallback: 'none' })
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
    // Codes that are of no country: private ones, groups of countries.
    const list = letters.flatMap((a) => letters.flatMap((b) => (/^(AA|Q[M-Z]|X[^K]|ZZ|EU|EZ|UN)/.test(a + b) && a + b !== 'QA' ? [] : [{ id: a + b, name: n.of(a + b) ?? '' }]))).filter((x) => x.name)
    regions = { of: locale.value, list: list.sort((x, y) => x.name.localeCompare(y.name, locale.value)) }
  }
  return regions.list
}

export const countryName = (id: string): string => countries().find((c) => c.id === id)?.name ?? id

/** The currency that was last typed here. */
export const lastCurrency = () => kept.get('tamas.currency', locale.value === 'fa' ? 'IRT' : 'EUR')
export const keepCurrency = (c: string) => kept.set('tamas.currency', c)
