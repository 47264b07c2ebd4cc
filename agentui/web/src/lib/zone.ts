// Days of a time zone, which may not be the browser's: reports are cut by the firm's. No zone is the browser's own.

export interface YMD {
  y: number
  m: number
  d: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

function fields(ms: number, zone?: string): number[] {
  const key = zone ?? ''
  let f = formats.get(key)
  if (!f) formats.set(key, (f = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' })))
  const of = Object.fromEntries(f.formatToParts(ms).map((p) => [p.type, Number(p.value)]))
  return [of.year!, of.month!, of.day!, of.hour!, of.minute!, of.second!]
}

export function dateIn(ms: number, zone?: string): YMD {
  const [y, m, d] = fields(ms, zone)
  return { y: y!, m: m!, d: d! }
}

/** beginning is when a date begins; days and months may be beyond their ends, as in new Date(). */
export function beginning({ y, m, d }: YMD, zone?: string): number {
  const wall = Date.UTC(y, m - 1, d)
  const ahead = (ms: number) => {
    const [y2, m2, d2, h, min, s] = fields(ms, zone)
    return Date.UTC(y2!, m2! - 1, d2!, h, min, s) - Math.floor(ms / 1000) * 1000
  }
  let at = wall - ahead(wall - ahead(wall))
  // Where its midnight is skipped, the day begins a little later.
  const day = new Date(wall).getUTCDate()
  for (let i = 0; i < 12 && dateIn(at, zone).d !== day; i++) at += 900_000
  return at
}

/** dayIn is when the day of a moment begins, or one so many days on. */
export function dayIn(ms: number, zone?: string, off = 0): number {
  const x = dateIn(ms, zone)
  return beginning({ ...x, d: x.d + off }, zone)
}
