import { jalali, fromJalali } from './jalali'
import { beginning, dateIn } from './zone'

export interface MonthRow {
  month: string
  channels: Record<string, number>
}

/** A month of the hub's, "2026-11" or in a firm of the Persian calendar "1405-08": when it begins and when the next one does. */
export function monthSpan(month: string): { from: number; to: number } | undefined {
  const m = /^(\d{4})-(\d{2})/.exec(month)
  if (!m) return undefined
  const [y, mo] = [Number(m[1]), Number(m[2])]
  if (y < 1700) return { from: fromJalali({ y, m: mo, d: 1 }), to: mo === 12 ? fromJalali({ y: y + 1, m: 1, d: 1 }) : fromJalali({ y, m: mo + 1, d: 1 }) }
  return { from: beginning({ y, m: mo, d: 1 }), to: beginning({ y, m: mo + 1, d: 1 }) }
}

/** The month after, in the same calendar. */
function after(month: string): string {
  const [y, m] = month.split('-').map(Number) as [number, number]
  return m === 12 ? `${y + 1}-01` : `${y}-${String(m + 1).padStart(2, '0')}`
}

/** The month of a moment, in the calendar of another month. */
export function monthOf(ms: number, like: string): string {
  const x = Number(like.slice(0, 4)) < 1700 ? jalali(ms) : dateIn(ms)
  return `${x.y}-${String(x.m).padStart(2, '0')}`
}

/**
 * monthPlot lines the counts up: every month from the first to this one, 24 at most, and a row for each channel, the
 * biggest first.
 */
export function monthPlot(rows: readonly MonthRow[], now: number): { months: string[]; series: { id: string; values: number[] }[] } {
  if (!rows.length) return { months: [], series: [] }
  const last = [monthOf(now, rows[0]!.month), ...rows.map((r) => r.month.slice(0, 7))].sort().at(-1)!
  let at = rows.map((r) => r.month.slice(0, 7)).sort()[0]!
  let months: string[] = []
  for (; at <= last && months.length < 600; at = after(at)) months.push(at)
  months = months.slice(-24)
  const place = new Map(months.map((m, i) => [m, i]))
  const by = new Map<string, number[]>()
  for (const r of rows) {
    const i = place.get(r.month.slice(0, 7))
    if (i === undefined) continue
    for (const [id, count] of Object.entries(r.channels)) {
      let list = by.get(id)
      if (!list) by.set(id, (list = months.map(() => 0)))
      list[i]! += count
    }
  }
  const sum = (v: number[]) => v.reduce((a, b) => a + b, 0)
  return { months, series: [...by].map(([id, values]) => ({ id, values })).sort((a, b) => sum(b.values) - sum(a.values)) }
}
