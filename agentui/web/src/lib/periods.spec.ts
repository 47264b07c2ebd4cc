import { describe, expect, it } from 'vitest'
import { jalali } from './jalali'
import { before, periodOf, stepOf } from './periods'

const now = new Date(2026, 10, 22, 15, 30).getTime() // 1 Azar 1405
const days = (p: { from: number; to: number }) => Math.round((p.to - p.from) / 86_400_000)

describe('periods', () => {
  it('begin and end at midnight, today included', () => {
    expect(periodOf('today', now, false)).toEqual({ from: new Date(2026, 10, 22).getTime(), to: new Date(2026, 10, 23).getTime() })
    expect(days(periodOf('last7', now, false))).toBe(7)
    expect(periodOf('yesterday', now, false).to).toBe(new Date(2026, 10, 22).getTime())
  })
  it('have months of the reader\'s calendar', () => {
    expect(periodOf('last_month', now, false)).toEqual({ from: new Date(2026, 9, 1).getTime(), to: new Date(2026, 10, 1).getTime() })
    const aban = periodOf('last_month', now, true)
    expect(jalali(aban.from)).toEqual({ y: 1405, m: 8, d: 1 })
    expect(jalali(aban.to)).toEqual({ y: 1405, m: 9, d: 1 })
    expect(days(aban)).toBe(30)
    expect(jalali(periodOf('last_month', new Date(2026, 2, 25).getTime(), true).from)).toEqual({ y: 1404, m: 12, d: 1 })
  })
  it('compare with as many days before', () => {
    const p = periodOf('last7', now, false)
    expect(before(p).to).toBe(p.from)
    expect(days(before(p))).toBe(7)
  })
  it('take a step that can be read', () => {
    expect([1, 3, 30, 200, 900].map((n) => stepOf({ from: 0, to: n * 86_400_000 }))).toEqual(['half_hour', 'hour', 'day', 'week', 'month'])
  })
})
