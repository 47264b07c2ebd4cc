import type { Plot } from '@/components/charts/plot'
import { has, locale, number, t, type Key } from '@/i18n'
import { exact, fullDate, shortDate, clock, span } from '@/i18n/time'
import { tick, valueOf } from '@/lib/figureText'
import { kindLabel, queueName, userName } from '@/stores/directory'
import { policies } from '@/stores/routing'
import { firmZone } from '@/stores/session'
import type { Figure, Row } from './api'

/** The days of a week in the reader's language, in the reader's order: Persian weeks begin on Saturday, others here on Monday. */
export function weekDays(l = locale.value): { day: number; name: string }[] {
  const first = l === 'fa' ? 6 : 1
  const f = new Intl.DateTimeFormat(l === 'fa' ? 'fa-IR' : 'en-GB', { weekday: l === 'fa' ? 'long' : 'short', timeZone: 'UTC' })
  // 4 January 1970 was a Sunday.
  return Array.from({ length: 7 }, (_, i) => (first + i) % 7).map((day) => ({ day, name: f.format((3 + day) * 86_400_000) }))
}

export const hour = (h: number) => `${h < 10 ? number(0) : ''}${number(h)}`

/** Figures whose rows by reason are of facts that are named otherwise. */
const factsOf: Record<string, string> = { transfers: 'transfer', messages_out: 'out', state_time: 'state' }

/** Why a thing was measured, or how: what the hub noted with a fact of that kind. Of a state it is the state, with the reason of a break. */
export function reasonName(kind: string, reason: string): string {
  if (kind !== 'state') {
    const key = `rep.reason.${kind}.${reason}`
    return has(key) ? t(key) : reason
  }
  const [state, why] = reason.split('/')
  const name = `state.${state}`
  return (has(name) ? t(name) : reason) + (why ? ` · ${has(`break.${why}`) ? t(`break.${why}` as Key) : why}` : '')
}

/** What a row of a figure is of, for people. */
export function keyName(figure: string, by: string, step: string, key: string): string {
  if (!key) return t('rep.none')
  switch (by) {
    case 'time': {
      const ms = Number(key)
      return step === 'half_hour' || step === 'hour' ? `${shortDate(ms, firmZone.value)}${locale.value === 'fa' ? '،' : ','} ${clock(ms, firmZone.value)}` : fullDate(ms, firmZone.value)
    }
    case 'queue':
      return queueName(key) || key
    case 'agent':
      return userName(key) || key
    case 'channel':
      return kindLabel(key)
    case 'reason':
      return reasonName(factsOf[figure] ?? figure, key)
    case 'policy':
      return policies.value.find((p) => p.id === key)?.name ?? t('rep.policy.gone', { id: key })
    case 'priority':
      return number(Number(key))
    case 'age':
      return Number(key) ? t('rep.age.under', { span: span(Number(key)) }) : t('rep.age.over', { span: span(30 * 86_400_000) })
    case 'hour_of_week': {
      const n = Number(key)
      return `${weekDays().find((d) => d.day === Math.floor(n / 24))?.name ?? ''} ${hour(n % 24)}`
    }
  }
  return /^\d{12,}$/.test(key) ? exact(Number(key), firmZone.value) : key
}

/** The key of a cell of the heat map, by its place in it. */
export function heatKey(place: number): string {
  return String((weekDays()[Math.floor(place / 24)]?.day ?? 0) * 24 + (place % 24))
}

/** plotOf is a report as a chart: a line over time, a heat map by the hour of the week, else bars, the largest first. */
export function plotOf(f: Figure, by: string, step: string, rows: Row[]): Plot {
  const format = (v: number | null | undefined) => valueOf(v, f.unit)
  const name = locale.value === 'fa' ? f.name_fa : f.name_en
  if (by === 'hour_of_week') {
    const days = weekDays()
    const value = new Map(rows.map((r) => [Number(r.key), r.count ? r.value : null]))
    return { kind: 'heat', labels: [], rows: days.map((d) => d.name), columns: Array.from({ length: 24 }, (_, h) => hour(h)), series: [{ name, values: days.flatMap((d) => Array.from({ length: 24 }, (_, h) => value.get(d.day * 24 + h) ?? null)) }], format }
  }
  if (by === 'time') {
    const labels = rows.map((r) => keyName(f.id, by, step, r.key))
    const ticks = rows.map((r) => tick(Number(r.key), step, firmZone.value))
    const [time, share] = [f.unit === 'ms', f.unit === 'share']
    if (f.unit === 'count') return { kind: 'bar', labels, ticks, series: [{ name, values: rows.map((r) => r.value) }], format }
    const series = [{ name, values: rows.map((r) => r.value) }]
    if (f.percentiles && f.unit === 'ms') series.push({ name: 'p90', values: rows.map((r) => r.p90 ?? null) }, { name: 'p50', values: rows.map((r) => r.p50 ?? null) })
    return { kind: 'line', labels, ticks, time, share, series: series.map((s, i) => ({ ...s, quiet: i > 0 })), format }
  }
  const some = rows.slice(0, mostBars)
  return { kind: 'bar', across: true, time: f.unit === 'ms', share: f.unit === 'share', labels: some.map((r) => keyName(f.id, by, step, r.key)), series: [{ name, values: some.map((r) => r.value) }], format }
}

/** More bars are not read; the table has them all. */
const mostBars = 20

/** A chart's height, which grows with bars that lie. */
export const heightOf = (p: Plot): number => (p.kind === 'heat' ? 260 : p.across ? 48 + (p.series.length > 1 ? 28 : 0) + 32 * p.labels.length : 300)

/** Agents' time as bars, each cut by state and reason of break; of holds each agent's rows by reason. */
export function stackOf(agents: Row[], of: Row[][]): Plot {
  const keys = [...new Set(of.flat().map((r) => r.key))]
  const sum = (key: string) => of.reduce((n, rows) => n + (rows.find((r) => r.key === key)?.value ?? 0), 0)
  keys.sort((a, b) => sum(b) - sum(a))
  return {
    kind: 'stack', across: true, time: true, labels: agents.map((r) => keyName('state_time', 'agent', '', r.key)), format: (v) => valueOf(v, 'ms'),
    series: keys.map((key) => ({ name: reasonName('state', key), values: of.map((rows) => rows.find((r) => r.key === key)?.value ?? null) })),
  }
}
