import type { FieldOption } from '@/api'
import { locale } from '@/i18n'
import { kept } from './store'

// Countries, languages and time zones to choose from, by their codes, called as the reader calls them; and the currency that was used last.

const names = (type: 'region' | 'language') => new Intl.DisplayNames([locale.value], { type, fallback: 'none' })
const sorted = (list: FieldOption[]) => list.sort((a, b) => String(a.name).localeCompare(String(b.name), locale.value))
const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
// Codes that are no countries: unions, exceptions, former ones.
const none = new Set(['AC', 'AN', 'BU', 'CP', 'CS', 'DD', 'DG', 'DY', 'EA', 'EU', 'EZ', 'FX', 'HV', 'IC', 'NH', 'NQ', 'NT', 'PU', 'QO', 'RH', 'SU', 'TA', 'TP', 'UK', 'UN', 'VD', 'WK', 'XA', 'XB', 'YD', 'YU', 'ZR', 'ZZ'])

export function countries(): FieldOption[] {
  const of = names('region')
  return sorted(letters.flatMap((a) => letters.map((b) => a + b)).filter((c) => !none.has(c)).flatMap((id) => of.of(id) ? [{ id, name: of.of(id)! }] : []))
}

const spoken = ['fa', 'en', 'ar', 'tr', 'az', 'ku', 'ps', 'ur', 'hy', 'ka', 'ru', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'da', 'nb', 'fi', 'pl', 'cs', 'uk', 'ro', 'el', 'he', 'hi', 'bn', 'id', 'zh', 'ja', 'ko', 'vi', 'th', 'tg', 'uz', 'tk', 'kk']

export const languageName = (id: string): string => names('language').of(id) ?? id

/** Languages to choose from, and those that are chosen already. */
export const languages = (also: readonly string[] = []): FieldOption[] => sorted([...new Set([...spoken, ...also])].map((id) => ({ id, name: languageName(id) })))

export const zones = (): FieldOption[] => (typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []).map((id) => ({ id, name: id }))

const key = 'tamas.currency'
export const lastCurrency = (): string => kept.get(key, locale.value === 'fa' ? 'IRT' : 'EUR')
export const keepCurrency = (code: string): void => kept.set(key, code)
