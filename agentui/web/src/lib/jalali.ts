import { beginning, dayIn } from './zone'

// Dates of the Persian calendar, by what the browser knows of it. No zone is the browser's own.

export interface Jalali {
  y: number
  m: number
  d: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

export function jalali(ms: number, zone?: string): Jalali {
  let format = formats.get(zone ?? '')
  if (!format) formats.set(zone ?? '', (format = new Intl.DateTimeFormat('en-u-ca-persian-nu-latn', { timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric' })))
  const of = Object.fromEntries(format.formatToParts(ms).map((p) => [p.type, Number.parseInt(p.value)]))
  return { y: of.year!, m: of.month!, d: of.day! }
}

/** The beginning of a day; a day that the month does not have is the last one that it has. */
export function fromJalali(x: Jalali, zone?: string): number {
  // A year begins on 20, 21 or 22 March; its months have 31 days, from the seventh on 30.
  const days = (x.m - 1) * 31 - Math.max(0, x.m - 7) + x.d - 1
  const guess = beginning({ y: x.y + 621, m: 3, d: 21 + days }, zone)
  let best = guess
  for (let off = -2; off <= 2; off++) {
    const at = dayIn(guess + 43_200_000, zone, off)
    const j = jalali(at + 43_200_000, zone)
    if (j.y === x.y && j.m === x.m && j.d === x.d) return at
    if (j.y === x.y && j.m === x.m) best = at
  }
  return best
}
