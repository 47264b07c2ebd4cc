import { expect, it } from 'vitest'
import { monthOf, monthPlot, monthSpan } from './monthPlot'

const now = new Date(2026, 10, 22, 12).getTime()

it('months without a touch are drawn too, up to this one', () => {
  const p = monthPlot([{ month: '2026-08', channels: { email: 2 } }, { month: '2026-10', channels: { email: 2, chat: 5 } }], now)
  expect(p).toEqual({ months: ['2026-08', '2026-09', '2026-10', '2026-11'], series: [{ id: 'chat', values: [0, 0, 5, 0] }, { id: 'email', values: [2, 0, 2, 0] }] })
  expect(monthPlot([], now).months).toEqual([])
})
it('months of the Persian calendar run to this one of theirs', () => {
  expect(monthOf(now, '1405-01')).toBe('1405-09')
  expect(monthPlot([{ month: '1404-12', channels: { phone: 1 } }], now).months).toEqual(['1404-12', '1405-01', '1405-02', '1405-03', '1405-04', '1405-05', '1405-06', '1405-07', '1405-08', '1405-09'])
  const s = monthSpan('1405-08')!
  expect([new Date(s.from).toDateString(), new Date(s.to).toDateString()]).toEqual(['Fri Oct 23 2026', 'Sun Nov 22 2026'])
  expect(monthSpan('2026-12')).toEqual({ from: new Date(2026, 11, 1).getTime(), to: new Date(2027, 0, 1).getTime() })
})
