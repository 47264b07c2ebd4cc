import { expect, it } from 'vitest'
import type { Agent } from '@/api/types'
import { wrapUpOf } from './wrapup'

const agent = (x: Partial<Agent>): Agent => ({ id: 'u1', version: 1, state: 'wrap_up', since: 1000, wrap_up_until: 61_000, ...x })

it('wrap-up counts down, and ends', () => {
  expect(wrapUpOf(agent({}), {}, 31_000)).toMatchObject({ left: 30_000, share: 0.5 })
  expect(wrapUpOf(agent({}), {}, 61_000)).toBeUndefined()
  expect(wrapUpOf(agent({ state: 'available' }), {}, 31_000)).toBeUndefined()
  expect(wrapUpOf(undefined, {}, 0)).toBeUndefined()
})

it('it is extended up to the bound from its beginning', () => {
  const w = wrapUpOf(agent({}), { wrap_up_most: 180 }, 31_000)!
  expect(w.extend(60_000)).toBe(121_000)
  expect(w.extend(300_000)).toBe(181_000)
  expect(wrapUpOf(agent({ wrap_up_until: 181_000 }), { wrap_up_most: 180 }, 31_000)!.extend(60_000)).toBe(0)
  expect(wrapUpOf(agent({}), {}, 31_000)!.extend(3_600_000)).toBe(601_000)
})
