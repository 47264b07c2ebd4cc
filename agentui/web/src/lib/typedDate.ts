import { latin, plainText } from '@/i18n/digits'
import { fromJalali, jalali } from './jalali'
import { beginning, dateIn } from './zone'

// Days as people type them, in either calendar and in digits of either kind: 1405/9/1, 2026-11-22. Kept as ISO dates.

const two = (n: number) => String(n).padStart(2, '0')
const iso = (y: number, m: number, d: number) => `${y}-${two(m)}-${two(d)}`

/** readDate gives the ISO date of what was typed; undefined: it is no day. Years before 1700 are of the Persian calendar. */
export function readDate(text: string): string | undefined {
  const m = /^(\d{4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})$/.exec(latin(text.trim()).replaceAll('٫', '.'))
  if (!m) return undefined
  const [y, mo, d] = m.slice(1).map(Number) as [number, number, number]
  if (mo < 1 || mo > 12 || d < 1 || d > 31) return undefined
  if (y < 1700) {
    const ms = fromJalali({ y, m: mo, d })
    const back = jalali(ms + 43_200_000)
    if (back.y !== y || back.m !== mo || back.d !== d) return undefined
    const g = dateIn(ms + 43_200_000)
    return iso(g.y, g.m, g.d)
  }
  const at = new Date(Date.UTC(y, mo - 1, d))
  return at.getUTCMonth() === mo - 1 ? iso(y, mo, d) : undefined
}

/** When an ISO date begins, by the reader's clock; NaN: it is none. */
export function dayBegins(date: string, more = 0): number {
  const m = /^(\d{4})-(\d{2})-(\d{2})/.exec(date)
  return m ? beginning({ y: Number(m[1]), m: Number(m[2]), d: Number(m[3]) + more }) : NaN
}

/** The ISO date of a moment, by the reader's clock. */
export function isoOf(ms: number): string {
  const x = dateIn(ms)
  return iso(x.y, x.m, x.d)
}

/** typedDate writes an ISO date as it stands in a field, in the calendar and digits of the reader. */
export function typedDate(date: string, persian: boolean): string {
  const ms = dayBegins(date)
  if (Number.isNaN(ms)) return ''
  if (!persian) return date.slice(0, 10)
  const j = jalali(ms + 43_200_000)
  return plainText(`${j.y}/${two(j.m)}/${two(j.d)}`)
}
