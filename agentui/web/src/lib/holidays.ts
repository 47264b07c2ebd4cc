import type { Calendar } from '@/api'
import type { Key } from '@/i18n'
import { jalali } from './jalali'

type Holiday = NonNullable<Calendar['holidays']>[number]

/** Iran's official holidays that stand on a fixed day of the Persian calendar. Those of the lunar one are announced each year. */
export const iranian: readonly { date: string; name: Key }[] = [
  { date: '01-01', name: 'holiday.nowruz' },
  { date: '01-02', name: 'holiday.nowruz' },
  { date: '01-03', name: 'holiday.nowruz' },
  { date: '01-04', name: 'holiday.nowruz' },
  { date: '01-12', name: 'holiday.republic' },
  { date: '01-13', name: 'holiday.nature' },
  { date: '03-14', name: 'holiday.khomeini' },
  { date: '03-15', name: 'holiday.khordad' },
  { date: '11-22', name: 'holiday.revolution' },
  { date: '12-29', name: 'holiday.oil' },
]

/** withPresets adds those that are not there yet. */
export function withPresets(list: readonly Holiday[], name: (k: Key) => string): Holiday[] {
  const there = new Set(list.filter((h) => h.jalali).map((h) => h.date))
  return [...list, ...iranian.filter((h) => !there.has(h.date)).map((h) => ({ date: h.date, jalali: true, name: name(h.name) }))]
}

export interface DateParts {
  /** 0: each year. */
  y: number
  m: number
  d: number
}

/** "1405-01-13" or "01-13" in parts. */
export function partsOf(date: string): DateParts {
  const n = date.split('-').map(Number)
  const [y, m, d] = n.length === 3 ? n : [0, ...n]
  return { y: y || 0, m: m || 1, d: d || 1 }
}

const two = (n: number) => String(n).padStart(2, '0')
export const dateOf = (p: DateParts): string => (p.y ? `${p.y}-` : '') + `${two(p.m)}-${two(p.d)}`

/** Days of a month, the longest that it can have. */
export const daysIn = (m: number, persian: boolean): number => (persian ? (m <= 6 ? 31 : 30) : [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][m - 1]!)

export const thisYear = (persian: boolean, now = Date.now()): number => (persian ? jalali(now).y : new Date(now).getFullYear())
