import type { EChartsCoreOption } from 'echarts/core'

export interface Series {
  name: string
  values: (number | null | undefined)[]
  /** Drawn thinner, as something to compare with. */
  quiet?: boolean
  step?: boolean
}

/** What a chart shows: labels along the axis and a value of each series for each; of a heat map rows × columns. */
export interface Plot {
  kind: 'line' | 'bar' | 'stack' | 'heat'
  labels: string[]
  series: Series[]
  rows?: string[]
  columns?: string[]
  /** Labels at the axis, where those of the tooltip and the table are too long; '' leaves one out. */
  ticks?: string[]
  /** Values are milliseconds: the axis is marked at whole seconds, minutes, hours. */
  time?: boolean
  /** Values are shares: the axis ends at 100 %. */
  share?: boolean
  /** Values are counts: nothing is marked between whole numbers. */
  count?: boolean
  /** Bars lie, the first at the top. */
  across?: boolean
  format: (v: number | null | undefined) => string
}

export interface Look {
  rtl: boolean
  narrow: boolean
  dark: boolean
  title: string
  text: string
  strong: string
  line: string
  back: string
  font: string
}

/** Colours that differ for who sees no red and green, too; the first is the app's own. */
const palette = { light: ['#11757c', '#d97706', '#6d4bb8', '#c2416b', '#4d7c0f', '#2563a8', '#7c5a3a', '#64767c'], dark: ['#41afb1', '#f0a94a', '#a78bda', '#e8799b', '#9ac65a', '#74aee8', '#c09a76', '#9fb0b5'] }

/** A heat map's cells as [column, row, value, place]; what was not measured is left out. */
export function cells(p: Plot): [number, number, number, number][] {
  const wide = p.columns?.length ?? 1
  return (p.series[0]?.values ?? []).flatMap((v, i) => (v === null || v === undefined ? [] : [[i % wide, Math.floor(i / wide), v, i] as [number, number, number, number]]))
}

const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400]

/** The distance of marks on an axis of milliseconds, so that four or five reach its top: a length of time that people count in. */
export function markEvery(top: number): number {
  const least = top / 5 / 1000
  const days = 10 ** Math.floor(Math.log10(Math.max(1, least / 86400)))
  const s = seconds.find((x) => x >= least) ?? [1, 2, 5, 10].map((x) => x * days * 86400).find((x) => x >= least)!
  return least < 1 ? 10 ** Math.ceil(Math.log10(Math.max(0.001, least))) * 1000 : s * 1000
}

function topOf(p: Plot): number {
  const at = (i: number) => p.series.map((s) => s.values[i] ?? 0)
  return Math.max(1, ...p.labels.map((_, i) => (p.kind === 'stack' ? at(i).reduce((a, b) => a + b, 0) : Math.max(...at(i)))))
}

/** The tooltip's text: a line each series, empty ones of a stack left out. */
function tipOf(p: Plot, list: { dataIndex: number; marker: string; seriesIndex: number }[]): string {
  const i = list[0]?.dataIndex ?? 0
  const rows = list.filter((e) => p.kind !== 'stack' || p.series[e.seriesIndex]!.values[i])
  return `<div style="margin-bottom:2px">${escape(p.labels[i] ?? '')}</div>${rows.map((e) => `<div style="display:flex;gap:12px;justify-content:space-between"><span>${e.marker}${escape(p.series[e.seriesIndex]!.name)}</span><b>${escape(p.format(p.series[e.seriesIndex]!.values[i]))}</b></div>`).join('')}`
}

/** Names come from people; tooltips are HTML. */
export const escape = (s: string) => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

/** optionOf is the chart library's description of a plot; in a right-to-left language the axis runs from the right. */
export function optionOf(p: Plot, l: Look): EChartsCoreOption {
  const text = { color: l.text, fontFamily: l.font, fontSize: 11 }
  const tip = { backgroundColor: l.back, borderColor: l.line, textStyle: { ...text, color: l.strong, fontSize: 12 }, extraCssText: `direction:${l.rtl ? 'rtl' : 'ltr'}`, confine: true }
  const base = { animation: false, textStyle: text, color: l.dark ? palette.dark : palette.light, aria: { enabled: false } }
  if (p.kind === 'heat') {
    const data = cells(p)
    return {
      ...base,
      tooltip: { ...tip, formatter: (e: { data: number[] }) => `${escape(`${p.rows![e.data[1]!]} ${p.columns![e.data[0]!]}`)}<br><b>${escape(p.format(e.data[2]))}</b>` },
      grid: { top: 8, bottom: 24, left: l.rtl ? 8 : 64, right: l.rtl ? 64 : 8 },
      xAxis: { type: 'category', data: p.columns, inverse: l.rtl, axisLabel: { ...text, interval: l.narrow ? 5 : 2 }, axisTick: { show: false }, axisLine: { show: false } },
      yAxis: { type: 'category', data: p.rows, inverse: true, position: l.rtl ? 'right' : 'left', axisLabel: text, axisTick: { show: false }, axisLine: { show: false } },
      visualMap: { show: false, min: 0, max: Math.max(1e-9, ...data.map((d) => d[2])), dimension: 2, inRange: { color: l.dark ? ['#1d3a41', '#155e66', '#1d8f94', '#ade3e2'] : ['#e2f4f3', '#77cdcd', '#11757c', '#06262c'] } },
      series: [{ type: 'heatmap', name: l.title, data, itemStyle: { borderColor: l.back, borderWidth: 1 } }],
    }
  }
  // The picture itself runs from the left: what is read from the right says so.
  const own = (x: string) => (l.rtl && x ? `\u2067${x}\u2069` : x)
  const many = p.series.length > 1
  const every = p.time ? markEvery(topOf(p)) : undefined
  const highest = Math.max(0, ...p.series.flatMap((s) => s.values.map((v) => v ?? 0)))
  const whole = p.share && highest > 0.6 && highest <= 1
  const lying = !!p.across
  const label = { ...text, hideOverlap: true, width: lying ? (l.narrow ? 96 : 180) : l.narrow ? 72 : 120, overflow: 'truncate' }
  const category = {
    type: 'category', data: p.labels, boundaryGap: p.kind !== 'line', axisLine: { lineStyle: { color: l.line } }, axisTick: { show: false },
    axisLabel: {
      ...label, formatter: (x: string, i: number) => own(p.ticks ? (p.ticks[i] ?? '') : x), interval: lying ? 0 : p.ticks?.includes('') ? (i: number) => !!p.ticks![i] : 'auto',
      ...(p.kind === 'line' ? { alignMinLabel: l.rtl ? 'right' : 'left', alignMaxLabel: l.rtl ? 'left' : 'right' } : {}),
    },
    ...(lying ? { inverse: true, position: l.rtl ? 'right' : 'left' } : { inverse: l.rtl }),
  }
  const value = {
    type: 'value', min: (x: { min: number }) => Math.min(0, x.min), axisLabel: { ...text, hideOverlap: true, ...(lying ? { alignMinLabel: l.rtl ? 'right' : 'left', alignMaxLabel: l.rtl ? 'left' : 'right' } : {}), formatter: (v: number) => own(p.format(v)) }, splitLine: { lineStyle: { color: l.line, opacity: 0.6 } },
    ...(every ? { interval: every * (lying && l.narrow ? 2 : 1), max: Math.ceil(topOf(p) / every) * every } : whole ? { max: 1, interval: 0.25 } : { splitNumber: 4, minInterval: p.count ? 1 : undefined }),
    ...(lying ? { inverse: l.rtl } : { position: l.rtl ? 'right' : 'left' }),
  }
  // A legend's names stand in as many lines as they need: about so much room is there for each.
  const lines = many ? Math.ceil(p.series.reduce((n, s) => n + s.name.length * 6.5 + 34, 0) / (l.narrow ? 280 : 860)) : 0
  const round = 3
  return {
    ...base,
    tooltip: { ...tip, trigger: 'axis', axisPointer: { type: p.kind === 'line' ? 'line' : 'shadow' }, formatter: (list: { dataIndex: number; marker: string; seriesIndex: number }[]) => tipOf(p, list) },
    legend: many ? { top: 0, left: 'center', textStyle: text, icon: 'roundRect', itemWidth: 12, itemHeight: 8, itemGap: 16, formatter: own } : undefined,
    grid: { top: 12 + 22 * lines, bottom: 8, left: l.rtl ? 16 : 8, right: l.rtl ? 8 : 16, containLabel: true },
    xAxis: lying ? value : category,
    yAxis: lying ? category : value,
    series: p.series.map((s) => ({
      name: s.name, data: s.values.map((v) => v ?? null),
      ...(p.kind === 'line'
        ? { type: 'line', step: s.step ? 'end' : undefined, symbol: 'circle', showSymbol: lonely(s), symbolSize: 5, connectNulls: false, z: s.quiet ? 2 : 3, lineStyle: { width: s.quiet ? 1.25 : 2.25, type: s.quiet ? 'dashed' : 'solid', opacity: s.quiet ? 0.8 : 1 }, areaStyle: many ? undefined : { opacity: 0.1 } }
        : { type: 'bar', stack: p.kind === 'stack' ? 'all' : undefined, barMaxWidth: lying ? 22 : 36, itemStyle: p.kind === 'stack' ? { borderColor: l.back, borderWidth: 0.5 } : { borderRadius: !lying ? [round, round, 0, 0] : l.rtl ? [round, 0, 0, round] : [0, round, round, 0] } }),
    })),
  }
}

/** A value between two that are missing is no line: it needs its dot. */
export function lonely(s: Series): boolean {
  const there = (i: number) => s.values[i] !== null && s.values[i] !== undefined
  return s.values.some((_, i) => there(i) && !there(i - 1) && !there(i + 1))
}
