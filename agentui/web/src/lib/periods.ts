import { fromJalali, jalali } from './jalali'

/** A span of time, to exclusive. */
export interface Period {
  from: number
  to: number
}

export const presets = ['today', 'yesterday', 'last7', 'last30', 'this_month', 'last_month'] as const
export type Preset = (typeof presets)[number]

const day = (ms: number, off = 0) => {
  const d = new Date(ms)
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() + off).getTime()
}

/** The beginning of a month of the reader's calendar, so many months on. */
function month(ms: number, off: number, persian: boolean): number {
  if (!persian) {
    const d = new Date(ms)
    return new Date(d.getFullYear(), d.getMonth() + off, 1).getTime()
  }
  const j = jalali(ms)
  const m = j.y * 12 + (j.m - 1) + off
  return fromJalali({ y: Math.floor(m / 12), m: (m % 12) + 1, d: 1 })
}

/** periodOf is a preset's span by the reader's clock; months are of the Persian calendar where that is the reader's. */
export function periodOf(p: Preset, now: number, persian: boolean): Period {
  switch (p) {
    case 'today':
      return { from: day(now), to: day(now, 1) }
    case 'yesterday':
      return { from: day(now, -1), to: day(now) }
    case 'last7':
      return { from: day(now, -6), to: day(now, 1) }
    case 'last30':
      return { from: day(now, -29), to: day(now, 1) }
    case 'this_month':
      return { from: month(now, 0, persian), to: day(now, 1) }
    case 'last_month':
      return { from: month(now, -1, persian), to: month(now, 0, persian) }
  }
}

/** before is the span of as many days that ends where p begins. */
export function before(p: Period): Period {
  const days = Math.max(1, Math.round((p.to - p.from) / 86_400_000))
  return { from: day(p.from, -days), to: p.from }
}

/** stepOf is a step that gives a chart of a period a few dozen points. */
export function stepOf(p: Period): 'half_hour' | 'hour' | 'day' | 'week' | 'month' {
  const days = (p.to - p.from) / 86_400_000
  return days <= 1.1 ? 'half_hour' : days <= 3.1 ? 'hour' : days <= 93 ? 'day' : days <= 500 ? 'week' : 'month'
}
