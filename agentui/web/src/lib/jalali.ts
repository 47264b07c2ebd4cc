// Dates of the Persian calendar, by what the browser knows of it. Local time.

export interface Jalali {
  y: number
  m: number
  d: number
}

const format = new Intl.DateTimeFormat('en-u-ca-persian-nu-latn', { year: 'numeric', month: 'numeric', day: 'numeric' })

export function jalali(ms: number): Jalali {
  const of = Object.fromEntries(format.formatToParts(ms).map((p) => [p.type, Number.parseInt(p.value)]))
  return { y: of.year!, m: of.month!, d: of.day! }
}

/** The beginning of a day; a day that the month does not have is the last one that it has. */
export function fromJalali(x: Jalali): number {
  // A year begins on 20, 21 or 22 March; its months have 31 days, from the seventh on 30.
  const days = (x.m - 1) * 31 - Math.max(0, x.m - 7) + x.d - 1
  const guess = new Date(x.y + 621, 2, 21 + days)
  let best = guess.getTime()
  for (let off = -2; off <= 2; off++) {
    const at = new Date(guess.getFullYear(), guess.getMonth(), guess.getDate() + off).getTime()
    const j = jalali(at + 43_200_000)
    if (j.y === x.y && j.m === x.m && j.d === x.d) return at
    if (j.y === x.y && j.m === x.m) best = at
  }
  return best
}
