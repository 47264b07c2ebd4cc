import { describe, expect, it } from 'vitest'
import type { Clock } from '@/api/types'
import { presses, pressing } from './promises'

const minute = 60_000
const clock = (x: Partial<Clock>): Clock => ({ kind: 'first', target: 10 * minute, since: 0, ...x })
const at = (now: number, ...clocks: Clock[]) => pressing({ status: 'active', sla: { policy: 'p', clocks } }, now)

describe('the promise that presses most', () => {
  it('is none without clocks, when all are met, and of what is resolved', () => {
    expect(pressing({ status: 'active' }, 0)).toBeUndefined()
    expect(at(0, clock({ due: minute, met_at: 5 }))).toBeUndefined()
    expect(pressing({ status: 'resolved', sla: { policy: 'p', clocks: [clock({ due: minute })] } }, 0)).toBeUndefined()
  })
  it('is the one that ends first', () => {
    expect(at(0, clock({ kind: 'resolution', due: 9 * minute }), clock({ due: 5 * minute }))).toEqual({ kind: 'first', state: 'running', left: 5 * minute, share: 0.5 })
  })
  it('warns from its moment on, and when the hub says that it has', () => {
    expect(at(2 * minute, clock({ due: 5 * minute, warn_at: 2 * minute }))?.state).toBe('soon')
    expect(at(minute, clock({ due: 5 * minute, warn_at: 2 * minute }))?.state).toBe('running')
    expect(at(minute, clock({ due: 5 * minute, warned: true }))?.state).toBe('soon')
  })
  it('is broken at the second, and counts on', () => {
    expect(at(5 * minute, clock({ due: 5 * minute }))).toMatchObject({ state: 'broken', left: 0 })
    expect(at(7 * minute, clock({ due: 5 * minute, broken: true }))).toMatchObject({ state: 'broken', left: -2 * minute, share: 0 })
  })
  it('stands still while the customer is waited for', () => {
    expect(at(99 * minute, clock({ kind: 'next', left: 4 * minute }))).toEqual({ kind: 'next', state: 'paused', left: 4 * minute, share: 0.4 })
    expect(at(0, clock({ kind: 'next', left: minute }), clock({ kind: 'resolution', due: 50 * minute }))?.kind).toBe('resolution')
  })
})

describe('what its owner is told', () => {
  const c = (x: Partial<Clock>, owner = 'me') => ({ owner, sla: { policy: 'p', clocks: [clock({ due: minute, ...x })] } })
  it('is that a clock warns, then that it is broken', () => {
    expect(presses(c({ warned: true }), 'first', false, 'me')).toMatchObject({ due: minute })
    expect(presses(c({ warned: true, broken: true }), 'first', true, 'me')).toMatchObject({ due: minute })
  })
  it('is nothing of what was answered, is worse by now, or is another’s', () => {
    expect(presses(c({ warned: true, met_at: 5 }), 'first', false, 'me')).toBeUndefined()
    expect(presses(c({ warned: true, broken: true }), 'first', false, 'me')).toBeUndefined()
    expect(presses(c({ warned: true }, 'you'), 'first', false, 'me')).toBeUndefined()
    expect(presses(c({ warned: true }), 'next', false, 'me')).toBeUndefined()
    expect(presses(undefined, 'first', false, 'me')).toBeUndefined()
  })
})
