import { describe, expect, it } from 'vitest'
import { cells, lonely, markEvery, optionOf, type Look, type Plot } from './plot'

const look: Look = { rtl: false, narrow: false, dark: false, title: 'x', text: '#000', strong: '#000', line: '#ccc', back: '#fff', font: 'sans' }
const line: Plot = { kind: 'line', labels: ['a', 'b'], series: [{ name: 's', values: [1, null] }], format: (v) => `${v} s` }

describe('a plot as the library draws it', () => {
  it('runs from the right in Persian', () => {
    const o = optionOf(line, { ...look, rtl: true }) as { xAxis: { inverse: boolean }; yAxis: { position: string } }
    expect(o.xAxis.inverse).toBe(true)
    expect(o.yAxis.position).toBe('right')
  })
  it('leaves a gap where nothing was measured', () => {
    const o = optionOf(line, look) as { series: { data: unknown[] }[] }
    expect(o.series[0]!.data).toEqual([1, null])
  })
  it('places heat by row and column, and leaves out what is missing', () => {
    expect(cells({ kind: 'heat', labels: [], rows: ['r', 's'], columns: ['1', '2'], series: [{ name: '', values: [5, null, 7, 8] }], format: String })).toEqual([[0, 0, 5, 0], [0, 1, 7, 2], [1, 1, 8, 3]])
  })
  it('marks an axis of time at lengths that people count in', () => {
    expect([400, 4000, 45_000, 290_000, 5 * 3600_000, 55 * 3600_000, 40 * 86_400_000].map((ms) => markEvery(ms) / 1000)).toEqual([0.1, 1, 10, 60, 3600, 43_200, 10 * 86_400])
  })
  it('gives a value between two gaps its dot', () => {
    expect(lonely({ name: '', values: [1, 2, null, 3, 4] })).toBe(false)
    expect(lonely({ name: '', values: [1, 2, null, 3, null] })).toBe(true)
  })
  it('ends shares that come near it at the whole', () => {
    const axis = (v: number) => (optionOf({ ...line, share: true, series: [{ name: 's', values: [v] }] }, look) as { yAxis: { max?: number } }).yAxis.max
    expect([0.9, 0.04].map(axis)).toEqual([1, undefined])
  })
  it('takes names for text', () => {
    const o = optionOf({ ...line, labels: ['<b>x</b>', 'y'] }, look) as { tooltip: { formatter: (l: object[]) => string } }
    expect(o.tooltip.formatter([{ dataIndex: 0, marker: '', seriesIndex: 0 }])).not.toContain('<b>x')
  })
})
