import { describe, expect, it } from 'vitest'
import { jalali } from './jalali'
import { periodOf } from './periods'
import { beginning, dateIn, dayIn } from './zone'

const utc = (s: string) => Date.parse(`${s}Z`)

describe('days of a zone', () => {
  it('begin at its midnight, wherever the browser is', () => {
    const now = utc('2026-11-22T22:10:00')
    expect(dayIn(now, 'UTC')).toBe(utc('2026-11-22T00:00:00'))
    expect(dayIn(now, 'Asia/Tehran')).toBe(utc('2026-11-22T20:30:00'))
    expect(dayIn(now, 'America/New_York')).toBe(utc('2026-11-22T05:00:00'))
    expect(dateIn(now, 'Asia/Tehran')).toEqual({ y: 2026, m: 11, d: 23 })
  })
  it('have the length that they have', () => {
    const hours = (s: string, zone: string) => (dayIn(utc(s), zone, 1) - dayIn(utc(s), zone)) / 3_600_000
    expect(hours('2026-03-29T12:00:00', 'Europe/Berlin')).toBe(23)
    expect(hours('2026-10-25T12:00:00', 'Europe/Berlin')).toBe(25)
    expect(beginning({ y: 2018, m: 11, d: 4 }, 'America/Sao_Paulo')).toBe(utc('2018-11-04T03:00:00')) // it has no midnight
    expect(beginning({ y: 2026, m: 14, d: 0 }, 'UTC')).toBe(utc('2027-01-31T00:00:00'))
  })
})

describe('periods of the firm', () => {
  it('are one of its days, also where the reader has another midnight', () => {
    for (const zone of ['UTC', 'Asia/Tehran', 'America/New_York', 'Asia/Kathmandu']) {
      const p = periodOf('today', utc('2026-11-22T22:10:00'), false, zone)
      expect((p.to - p.from) / 3_600_000).toBe(24)
      expect(dayIn(p.from, zone)).toBe(p.from)
      expect(dayIn(p.to - 1, zone)).toBe(p.from)
    }
  })
  it('have its months, by either calendar', () => {
    const now = utc('2026-11-30T22:00:00') // in Tehran it is December by then
    expect(periodOf('this_month', now, false, 'Asia/Tehran').from).toBe(utc('2026-11-30T20:30:00'))
    expect(periodOf('this_month', now, false, 'UTC').from).toBe(utc('2026-11-01T00:00:00'))
    const azar = periodOf('this_month', utc('2026-11-21T21:00:00'), true, 'Asia/Tehran').from
    expect(azar).toBe(utc('2026-11-21T20:30:00'))
    expect(jalali(azar, 'Asia/Tehran')).toEqual({ y: 1405, m: 9, d: 1 })
  })
})
