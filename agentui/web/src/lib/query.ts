import { fold } from './fold'

// What is asked of search: words, and filters written among them such as from:sara or کانال:ایمیل. The hub reads the text itself
// (GET /search); this only tells the filters apart, to show them as chips and to propose more of them.

export const filterKeys = ['from', 'channel', 'tag', 'kind', 'queue', 'status', 'in', 'before', 'after'] as const
export type FilterKey = (typeof filterKeys)[number]

/** Their names; the first of each language is the one that is written. */
const names: Record<FilterKey, { en: string[]; fa: string[] }> = {
  from: { en: ['from', 'by'], fa: ['از'] },
  channel: { en: ['channel'], fa: ['کانال'] },
  tag: { en: ['tag'], fa: ['برچسب'] },
  kind: { en: ['kind'], fa: ['نوع'] },
  queue: { en: ['queue'], fa: ['صف'] },
  status: { en: ['status'], fa: ['وضعیت'] },
  in: { en: ['in'], fa: ['در'] },
  before: { en: ['before'], fa: ['پیش‌از', 'پیش_از', 'پیش', 'تا', 'قبل'] },
  after: { en: ['after', 'since'], fa: ['پس‌از', 'پس_از', 'پس', 'بعد'] },
}
const keyOf = new Map(filterKeys.flatMap((k) => [...names[k].en, ...names[k].fa].map((n) => [fold(n), k] as const)))

export const filterName = (key: FilterKey, locale: 'en' | 'fa'): string => names[key][locale][0]!

/** The filters whose names begin so, in any language. */
export const filtersLike = (begin: string): FilterKey[] => filterKeys.filter((k) => [...names[k].en, ...names[k].fa].some((n) => fold(n).startsWith(fold(begin))))

export interface Filter {
  key: FilterKey
  value: string
  /** As it stands in the text. */
  raw: string
}

const unquoted = (s: string) => s.replace(/^"|"$/g, '')

/** A word of the text as a filter, where it is one. */
export function filterOf(raw: string): Filter | undefined {
  const m = /^([\p{L}\p{M}_\u200c]+)[:：](.*)$/su.exec(raw)
  const key = m && keyOf.get(fold(m[1]!))
  return key ? { key, value: unquoted(m[2]!), raw } : undefined
}

/** A filter as it is written; a value of several words is quoted. */
export const written = (key: FilterKey, value: string, locale: 'en' | 'fa'): string => `${filterName(key, locale)}:${/\s/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`

const words = (text: string) => [...text.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/gu)].map((m) => ({ raw: m[0], at: m.index, end: m.index + m[0].length }))

export interface Asked {
  filters: Filter[]
  /** What is not a filter. */
  text: string
}

/** takeApart tells the filters of a whole question from its words; of one that is being typed, what stands last is not finished. */
export function takeApart(q: string, typing = false): Asked {
  const filters: Filter[] = []
  let text = ''
  let from = 0
  for (const w of words(q)) {
    const f = filterOf(w.raw)
    const finished = !typing || w.end < q.length || /:"[^"]+"$/.test(w.raw)
    if (!f?.value || !finished) continue
    filters.push(f)
    text += q.slice(from, w.at)
    from = w.end
  }
  text += q.slice(from)
  return filters.length ? { filters, text: text.replace(/ {2,}/g, ' ').replace(/^ +/, '') } : { filters, text }
}

/** putTogether is the question as it is asked and as it stands in the address. */
export const putTogether = (a: Asked): string => [...a.filters.map((f) => f.raw), a.text.trim()].filter(Boolean).join(' ')

/** The word that is being typed: the last one, with where it begins; "" when a blank was typed last. */
export function lastWord(text: string): { raw: string; at: number } {
  const last = words(text).at(-1)
  return last && last.end === text.length ? { raw: last.raw, at: last.at } : { raw: '', at: text.length }
}
