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

/** optionOf is the chart library's description of a plot; in a right-to-left language the axis runs from the right. */
export function optionOf(p: Plot, l: Look): EChartsCoreOption {
  const text = { color: l.text, fontFamily: l.font, fontSize: 11 }
  const tip = { backgroundColor: l.back, borderColor: l.line, textStyle: { ...text, color: l.strong, fontSize: 12 }, extraCssText: `direction:${l.rtl ? 'rtl' : 'ltr'}`, confine: true }
  const base = { animation: false, textStyle: text, color: l.dark ? palette.dark : palette.light, aria: { enabled: true } }
  if (p.kind === 'heat') {
    const data = cells(p)
    return {
      ...base,
      tooltip: { ...tip, formatter: (e: { data: number[] }) => `${p.rows![e.data[1]!]} ${p.columns![e.data[0]!]}<br><b>${p.format(e.data[2])}</b>` },
      grid: { top: 8, bottom: 24, left: l.rtl ? 8 : 64, right: l.rtl ? 64 : 8 },
      xAxis: { type: 'category', data: p.columns, inverse: l.rtl, axisLabel: { ...text, interval: l.narrow ? 11 : 3 }, axisTick: { show: false }, axisLine: { show: false } },
      yAxis: { type: 'category', data: p.rows, inverse: true, position: l.rtl ? 'right' : 'left', axisLabel: text, axisTick: { show: false }, axisLine: { show: false } },
      visualMap: { show: false, min: 0, max: Math.max(1e-9, ...data.map((d) => d[2])), dimension: 2, inRange: { color: l.dark ? ['#122127', '#144b53', '#1d8f94', '#ade3e2'] : ['#eefaf9', '#77cdcd', '#11757c', '#06262c'] } },
      series: [{ type: 'heatmap', name: l.title, data, itemStyle: { borderColor: l.back, borderWidth: 1 } }],
    }
  }
  const many = p.series.length > 1
  return {
    ...base,
    tooltip: { ...tip, trigger: 'axis', axisPointer: { type: p.kind === 'line' ? 'line' : 'shadow' }, valueFormatter: (v: number | null) => p.format(v) },
    legend: many ? { top: 0, left: 'center', textStyle: text, icon: 'roundRect', itemWidth: 12, itemHeight: 8, type: 'scroll' } : undefined,
    grid: { top: many ? 34 : 12, bottom: 8, left: 8, right: 8, containLabel: true },
    xAxis: { type: 'category', data: p.labels, inverse: l.rtl, boundaryGap: p.kind !== 'line', axisLabel: { ...text, hideOverlap: true, width: l.narrow ? 72 : 120, overflow: 'truncate' }, axisLine: { lineStyle: { color: l.line } }, axisTick: { show: false } },
    yAxis: { type: 'value', min: (x: { min: number }) => Math.min(0, x.min), position: l.rtl ? 'right' : 'left', axisLabel: { ...text, formatter: (v: number) => p.format(v) }, splitLine: { lineStyle: { color: l.line, opacity: 0.6 } }, splitNumber: 4 },
    series: p.series.map((s) => ({
      name: s.name, data: s.values.map((v) => v ?? null),
      ...(p.kind === 'line'
        ? { type: 'line', step: s.step ? 'end' : undefined, showSymbol: p.labels.length < 3, symbolSize: 6, connectNulls: false, lineStyle: { width: s.quiet ? 1.5 : 2.25, type: s.quiet ? 'dashed' : 'solid' }, areaStyle: many ? undefined : { opacity: 0.1 } }
        : { type: 'bar', stack: p.kind === 'stack' ? 'all' : undefined, barMaxWidth: 36, itemStyle: { borderRadius: p.kind === 'stack' ? 0 : 3 } }),
    })),
  }
}
