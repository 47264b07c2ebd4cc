import { expect, it } from 'vitest'
import type { QueueView } from '@/api'
import { paged } from './pages'
import { totalOf } from './totals'

it('pages are even, and nothing is left out', () => {
  expect(paged([], 8)).toEqual([])
  expect(paged([1, 2, 3], 8)).toEqual([[1, 2, 3]])
  expect(paged([...Array(9).keys()], 8).map((p) => p.length)).toEqual([5, 4])
  expect(paged([...Array(50).keys()], 8).flat()).toEqual([...Array(50).keys()])
})

const queue = (x: Partial<QueueView>) => ({ queue: { target_seconds: 60 }, waiting: 0, offered: 0, active: 0, broken: 0, offered_today: 0, ended_today: 0, service_level_of_today: 0, answered_today: 0, answered_in_target_today: 0, abandoned_today: 0, abandoned_short_today: 0, service_level_today: null, ...x }) as QueueView

it('the total of shares is the share of the totals', () => {
  // All ten of A were late and forty wait there still; who waits counts in neither share, and a ringing offer waits.
  const a = queue({ offered_today: 50, ended_today: 10, service_level_of_today: 10, answered_today: 10, service_level_today: 0, waiting: 40, offered: 2 })
  const b = queue({ offered_today: 110, ended_today: 110, service_level_of_today: 100, answered_today: 100, answered_in_target_today: 90, abandoned_today: 10, service_level_today: 0.9, active: 3 })
  const all = totalOf([a, b])
  expect(all.level).toBeCloseTo(90 / 110)
  expect(all.abandonment).toBeCloseTo(10 / 120)
  expect([all.waiting, all.active]).toEqual([40, 3])
  expect(totalOf([]).level).toBeNull()
  expect(totalOf([queue({})]).abandonment).toBeNull()
})

it('the longest wait is of who came first, late by its own queue', () => {
  const x = totalOf([queue({ waiting: 1, longest_wait_since: 1_000_000 }), queue({ waiting: 2, longest_wait_since: 900_000 }), queue({ longest_wait_since: 0 })], 955_000)
  expect([x.waiting, x.longest, x.late]).toEqual([3, 900_000, false])
  expect(totalOf([queue({ waiting: 1, longest_wait_since: 900_000 })], 961_000).late).toBe(true)
})
