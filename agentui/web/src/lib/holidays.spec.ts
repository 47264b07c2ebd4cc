import { expect, it } from 'vitest'
import { dateOf, daysIn, iranian, partsOf, withPresets } from './holidays'

it('presets are added once, and leave what is there', () => {
  const own = { date: '01-01', jalali: true, name: 'ours', open: [{ from: 600, to: 720 }] }
  const all = withPresets([own, { date: '01-02' }], (k) => k)
  expect(all[0]).toBe(own)
  expect(all).toHaveLength(iranian.length + 1)
  expect(withPresets(all, (k) => k)).toEqual(all)
  expect(all.filter((h) => h.date === '01-02')).toHaveLength(2) // 2 January is another day
})

it('dates go into parts and back', () => {
  for (const d of ['2026-03-21', '03-21', '1405-12-29']) expect(dateOf(partsOf(d))).toBe(d)
  expect(partsOf('01-13')).toEqual({ y: 0, m: 1, d: 13 })
  expect([daysIn(6, true), daysIn(12, true), daysIn(2, false)]).toEqual([31, 30, 29])
})
