import { fromJalali, jalali } from './jalali'
import { beginning, dateIn, dayIn } from './zone'

/** A span of time, to exclusive. */
export interface Period {
  from: number
  to: number
}

export const presets = ['today', 'yesterday', 'last7', 'last30', 'this_month', 'last_month'] as const
export type Preset = (typeof presets)[number]

/** The beginning of a month of the reader's calendar, so many months on. */
function month(ms: number, off: number, persian: boolean, zone?: string): number {
  if (!persian) {
    const x = dateIn(ms, zone)
    return beginning({ y: x.y, m: x.m + off, d: 1 }, zone)
  }
  const j = jalali(ms, zone)
  const m = j.y * 12 + (j.m - 1) + off
  return fromJalali({ y: Math.floor(m / 12), m: (m % 12) + 1, d: 1 }, zone)
}

/** periodOf is a preset's span by the clock of a zone, the firm's, as reports are cut; months are of the Persian calendar where that is the reader's. */
export function periodOf(p: Preset, now: number, persian: boolean, zone?: string): Period {
  const day = (off = 0) => dayIn(now, zone, off)
  switch (p) {
    case 'today':
      return { from: day(), to: day(1) }
    case 'yesterday':
      return { from: day(-1), to: day() }
    case 'last7':
      return { from: day(-6), to: day(1) }
    case 'last30':
      return { from: day(-29), to: day(1) }
    case 'this_month':
      return { from: month(now, 0, persian, zone), to: day(1) }
    case 'last_month':
      return { from: month(now, -1, persian, zone), to: month(now, 0, persian, zone) }
  }
}

/** before is the span of as many days that ends where p begins. */
export function before(p: Period, zone?: string): Period {
  const days = Math.max(1, Math.round((p.to - p.from) / 86_400_000))
  return { from: dayIn(p.from, zone, -days), to: p.from }
}

/** stepOf is a step that gives a chart of a period a few dozen points. */
export function stepOf(p: Period): 'half_hour' | 'hour' | 'day' | 'week' | 'month' {
  const days = (p.to - p.from) / 86_400_000
  return days <= 1.1 ? 'half_hour' : days <= 3.1 ? 'hour' : days <= 93 ? 'day' : days <= 500 ? 'week' : 'month'
}
