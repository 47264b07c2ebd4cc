import type { Calendar, Span } from '@/api'
import { latin } from '@/i18n/digits'

// The hours of a day as they are edited: minutes from midnight, 24:00 included.

export const dayLength = 1440

/** "9", "9:30", "۰۹:۳۰", "0930" or "24:00" in minutes; undefined: not a time of day. */
export function parseTime(text: string): number | undefined {
  const s = latin(text.trim()).replace(/[.٫]/, ':')
  const m = /^(\d{1,2})(?::(\d{2}))?$/.exec(s) ?? /^(\d{2})(\d{2})$/.exec(s)
  if (!m) return undefined
  const at = Number(m[1]) * 60 + Number(m[2] ?? 0)
  return Number(m[2] ?? 0) < 60 && at <= dayLength ? at : undefined
}

/** Minutes as "09:30". */
export const timeText = (m: number): string => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`

/** What is wrong with a day's spans: one that ends before it begins, or two that overlap. */
export function wrong(spans: readonly Span[]): 'order' | 'overlap' | undefined {
  const sorted = [...spans].sort((a, b) => a.from - b.from)
  if (sorted.some((s) => !(s.from >= 0 && s.from < s.to && s.to <= dayLength))) return 'order'
  return sorted.some((s, i) => i > 0 && s.from < sorted[i - 1]!.to) ? 'overlap' : undefined
}

/** In order, those that touch made one. */
export function tidy(spans: readonly Span[]): Span[] {
  const out: Span[] = []
  for (const s of [...spans].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last && last.to === s.from) last.to = s.to
    else out.push({ ...s })
  }
  return out
}

/** One more span: after a break of an hour behind the last, or nine to five in an empty day; undefined: the day is full. */
export function another(spans: readonly Span[]): Span | undefined {
  if (!spans.length) return { from: 540, to: 1020 }
  const end = Math.max(...spans.map((s) => s.to))
  const from = Math.min(end + 60, dayLength - 60)
  return from > end ? { from, to: Math.min(from + 240, dayLength) } : undefined
}

/** A week of seven lists, whatever came. */
export const wholeWeek = (week: Calendar['week'] | undefined): Span[][] => Array.from({ length: 7 }, (_, i) => (week?.[i] ?? []).map((s) => ({ ...s })))

/** Minutes of work in a week. */
export const weekMinutes = (week: readonly (readonly Span[])[]): number => week.flat().reduce((n, s) => n + Math.max(0, s.to - s.from), 0)
