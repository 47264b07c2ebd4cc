import { expect, it } from 'vitest'
import { askOf, everything, filterOf, isEverything, queryOf } from './touchFilter'

it('a filter survives the address', () => {
  const f = { kinds: ['call', 'x_repair'], channels: ['email'], agent: 'u1', text: 'چای سبز', from: '2026-03-21', to: '2026-11-22', value: 'IRT' }
  expect(filterOf(queryOf(f))).toEqual(f)
  expect(queryOf(everything)).toEqual({})
  expect(filterOf({})).toEqual(everything)
  expect(isEverything(filterOf({ tab: 'profile', from: 'nonsense' }))).toBe(true)
})
it('an address of another calendar, or written by hand, is read', () => {
  expect(filterOf({ from: '1405/09/01', kind: ' call,,call,note', agent: ['u1', 'u2'] })).toEqual({ ...everything, from: '2026-11-22', kinds: ['call', 'note'], agent: 'u1' })
})
it('the hub is asked for moments, the last day in', () => {
  expect(askOf({ ...everything, from: '2026-11-01', to: '2026-11-30', text: ' x ' })).toEqual({ from: new Date(2026, 10, 1).getTime(), to: new Date(2026, 11, 1).getTime(), text: 'x' })
})
