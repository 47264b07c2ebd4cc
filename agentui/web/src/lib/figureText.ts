import { locale, number, t } from '@/i18n'
import { clock, shortDate } from '@/i18n/time'

export type Unit = 'count' | 'ms' | 'share' | 'score' | 'ratio'

const round = (n: number, digits: number) => Math.round(n * 10 ** digits) / 10 ** digits

/** A length of time that was measured, as precise as it is worth: "0.4 s", "42 s", "3 m 05 s", "2 h 10 m". */
export function measured(ms: number): string {
  const s = Math.abs(ms) / 1000
  const sign = ms < 0 ? '−' : ''
  if (s < 10) return sign + t('time.s', { n: round(s, 1) })
  const whole = Math.round(s)
  if (whole < 60) return sign + t('time.s', { n: whole })
  if (whole < 3600) return sign + (whole % 60 ? t('rep.ms', { m: Math.floor(whole / 60), s: whole % 60 }) : t('time.m', { n: whole / 60 }))
  const minutes = Math.round(s / 60)
  if (minutes < 48 * 60) return sign + (minutes % 60 ? t('rep.hm', { h: Math.floor(minutes / 60), m: minutes % 60 }) : t('time.h', { n: minutes / 60 }))
  const hours = Math.round(s / 3600)
  return sign + (hours % 24 ? t('rep.dh', { d: Math.floor(hours / 24), h: hours % 24 }) : t('time.d', { n: hours / 24 }))
}

/** A figure's value with its unit; a dash where there was nothing to measure. */
export function valueOf(v: number | null | undefined, unit: Unit): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return '–'
  switch (unit) {
    case 'ms':
      return measured(v)
    case 'share':
      return percent(v)
    case 'score':
    case 'ratio':
      return number(round(v, 2))
    default:
      return number(round(v, 1))
  }
}

export const percent = (x: number) => number(round(100 * x, 1)) + (locale.value === 'fa' ? '٪' : ' %')

/** change is how a value moved from one period to the next, as a share; null where that says nothing. */
export function change(now: number | null | undefined, then: number | null | undefined): number | null {
  if (now === null || now === undefined || !then) return null
  return (now - then) / Math.abs(then)
}

/** Whether more is better (1), worse (−1) or neither (0). */
const good: Record<string, number> = {
  answered: 1, service_level: 1, csat: 1, csat_response: 1, nps: 1, fcr: 1, sla_first: 1, sla_next: 1, sla_resolution: 1, handled: 1,
  abandoned: -1, short_abandoned: 0, abandonment: -1, asa: -1, frt: -1, next_response: -1, aht: -1, rona: -1, rona_rate: -1, declines: -1, decline_rate: -1, backlog: -1, reopen_rate: -1, resolution_time: -1, estimate_error: -1,
}
export const betterWhen = (figure: string): number => good[figure] ?? 0

/** The label of a moment on an axis, by the step. */
export function tick(ms: number, step: string, zone?: string): string {
  return step === 'half_hour' || step === 'hour' ? clock(ms, zone) : shortDate(ms, zone)
}

/** Figures that are a share of what their lists show. */
const judged = ['service_level', 'csat', 'fcr', 'sla_first', 'sla_next', 'sla_resolution']

/** Whether a thing that a figure was made of counted for it: 'yes', 'no', 'apart' neither way; '': the figure only counts or measures. */
export function countsAs(figure: string, kind: string, ok: boolean): '' | 'yes' | 'no' | 'apart' {
  if (!judged.includes(figure)) return ''
  if (figure === 'service_level' && kind !== 'answered') return kind === 'abandoned' && ok ? 'apart' : 'no'
  return ok ? 'yes' : 'no'
}
