import { locale, number, t, type Locale } from '.'

// Moments and spans in the app's language: Jalali calendar and Persian digits in Persian. Shown in the
// browser's time zone, where no other is named.

const tags: Record<Locale, string> = { en: 'en-GB-u-ca-gregory', fa: 'fa-IR-u-ca-persian-nu-arabext' }
const formats = new Map<string, Intl.DateTimeFormat>()

function format(ms: number, name: string, o: Intl.DateTimeFormatOptions, timeZone?: string): string {
  const key = `${locale.value} ${name} ${timeZone ?? ''}`
  let f = formats.get(key)
  if (!f) formats.set(key, (f = new Intl.DateTimeFormat(tags[locale.value], { ...o, timeZone })))
  return f.format(ms)
}

export const clock = (ms: number, zone?: string) => format(ms, 'clock', { hour: '2-digit', minute: '2-digit', hour12: false }, zone)
export const shortDate = (ms: number, zone?: string) => format(ms, 'short', { day: 'numeric', month: 'short' }, zone)
export const longDate = (ms: number) => format(ms, 'long', { weekday: 'long', day: 'numeric', month: 'long' })
export const fullDate = (ms: number, zone?: string) => format(ms, 'full', { year: 'numeric', month: 'short', day: 'numeric' }, zone)
export const exact = (ms: number, zone?: string) => format(ms, 'exact', { year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }, zone)

const startOfDay = (ms: number) => new Date(ms).setHours(0, 0, 0, 0)

/** A number that is the same for moments of one day. */
export function dayOf(ms: number): number {
  return startOfDay(ms)
}

/** "Today", "Yesterday", "Monday 3 June", "3 June 2024": heads a day's messages. */
export function dayName(ms: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(ms)) / 86_400_000)
  if (days === 0) return t('time.today')
  if (days === 1) return t('time.yesterday')
  return days > 0 && days < 200 ? longDate(ms) : fullDate(ms)
}

/** For a list: the hour today, "Yesterday", else the date. */
export function stamp(ms: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(ms)) / 86_400_000)
  if (days === 0) return clock(ms)
  if (days === 1) return t('time.yesterday')
  return days > 0 && days < 200 ? shortDate(ms) : fullDate(ms)
}

/** A span in its one or two largest units: "12s", "4m", "1h 05m", "3d". */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return t('time.s', { n: s })
  const m = Math.floor(s / 60)
  if (m < 60) return t('time.m', { n: m })
  const h = Math.floor(m / 60)
  if (h < 24) return m % 60 ? t('time.hm', { h, m: m % 60 }) : t('time.h', { n: h })
  return t('time.d', { n: Math.floor(h / 24) })
}

/** A span that ticks: "0:42", "12:05", "1:02:05". */
export function stopwatch(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => (n < 10 ? number(0) : '') + number(n)
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60]
  if (h >= 24) return span(ms)
  return h ? `${number(h)}:${two(m)}:${two(s % 60)}` : `${number(m)}:${two(s % 60)}`
}

/** "just now", "12s ago", "3h ago". */
export function ago(ms: number, now: number): string {
  return now - ms < 5000 ? t('time.now') : t('time.ago', { span: span(now - ms) })
}
