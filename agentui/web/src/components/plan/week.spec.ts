import { describe, expect, it } from 'vitest'
import { byDay, inOrder, peak } from './week'

const slots = Array.from({ length: 336 }, (_, slot) => ({ slot, volume: slot === 48 + 20 ? 30 : 0, agents: slot === 48 + 20 ? 5 : 0, level: 1, asa_ms: 0, occupancy: 0, abandoned: 0 }))

describe('a week of half hours', () => {
  it('begins on Monday, in Persian on Saturday', () => {
    expect(inOrder(slots, 'en')[20]!.agents).toBe(5)
    expect(inOrder(slots, 'fa')[2 * 48 + 20]!.agents).toBe(5)
    expect(inOrder(slots, 'en')).toHaveLength(336)
  })
  it('sums by day', () => {
    expect(byDay(slots, 'en')[0]).toMatchObject({ hours: 2.5, most: 5, volume: 30 })
    expect(byDay(slots, 'en')[1]).toMatchObject({ hours: 0, most: 0, volume: 0 })
  })
  it('has a peak, or none', () => {
    expect(peak(slots)!.slot).toBe(68)
    expect(peak(slots.map((s) => ({ ...s, agents: 0 })))).toBeUndefined()
  })
})
