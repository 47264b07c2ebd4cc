import { expect, it } from 'vitest'
import type { Need, Queue } from '@/api/types'
import { needsOf } from './needs'

const queue = (needs: Need[]) => ({ routing: { needs } }) as Queue

it('the conversation’s needs and its queue’s, the stricter of each', () => {
  expect(needsOf({ needs: [{ skill: 'fa', level: 2 }] }, queue([{ skill: 'fa', level: 4 }, { skill: 'billing' }]), 0)).toEqual([{ skill: 'fa', level: 4, drop_after: undefined }, { skill: 'billing', level: 1, drop_after: undefined }])
  expect(needsOf({ needs: [{ skill: 'fa', drop_after: 60 }] }, queue([{ skill: 'fa' }]), 0)[0]?.drop_after).toBeUndefined()
  expect(needsOf({ needs: [{ skill: 'fa', drop_after: 60 }] }, queue([{ skill: 'fa', drop_after: 90 }]), 0)[0]?.drop_after).toBe(90)
})

it('rings are dropped as it waits', () => {
  const c = { needs: [{ skill: 'fa', drop_after: 60 }, { skill: 'vip' }] }
  expect(needsOf(c, undefined, 59_999).map((n) => n.skill)).toEqual(['fa', 'vip'])
  expect(needsOf(c, undefined, 60_000).map((n) => n.skill)).toEqual(['vip'])
  expect(needsOf({}, undefined, 0)).toEqual([])
})
