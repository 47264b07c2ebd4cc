import { describe, expect, it } from 'vitest'
import { changes } from './diff'

describe('changes', () => {
  it('names each value that differs, and none that does not', () => {
    expect(changes({ name: 'Sales', offer_seconds: 30, version: 3, routing: { order: 'load_ratio' } }, { name: 'Sales', offer_seconds: 45, version: 4, routing: { order: 'round_robin', closed: true } })).toEqual([
      { path: ['offer_seconds'], before: 30, after: 45 },
      { path: ['routing', 'order'], before: 'load_ratio', after: 'round_robin' },
      { path: ['routing', 'closed'], before: undefined, after: true },
    ])
  })
  it('takes what says nothing for nothing', () => expect(changes({ a: '', b: 0, c: [], d: null, e: false, f: {} }, {})).toEqual([]))
  it('shows what came into a list and what left it', () => {
    expect(changes({ members: ['a', 'b'] }, { members: ['b', 'c'] })).toEqual([{ path: ['members'], before: ['a'], after: ['c'] }])
    expect(changes({ tiers: ['gold', 'silver'] }, { tiers: ['silver', 'gold'] })).toEqual([{ path: ['tiers'], before: ['gold', 'silver'], after: ['silver', 'gold'] }])
  })
  it('knows rows by their id, however they moved', () => {
    const [gold, rest] = [{ id: '1', name: 'Gold', first: 60 }, { id: '2', name: 'Rest', first: 600 }]
    expect(changes([gold, rest], [rest, { ...gold, first: 30 }])).toEqual([
      { path: ['Gold', 'first'], before: 60, after: 30 },
      { path: [], before: ['Gold', 'Rest'], after: ['Rest', 'Gold'] },
    ])
    expect(changes([gold], [gold, rest])).toEqual([{ path: [], before: undefined, after: ['Rest'] }])
    expect(changes([gold, rest], [rest])).toEqual([{ path: [], before: ['Gold'], after: undefined }])
  })
  it('takes single values, and a beginning from nothing', () => {
    expect(changes('available', 'break')).toEqual([{ path: [], before: 'available', after: 'break' }])
    expect(changes(undefined, { name: 'New' })).toEqual([{ path: ['name'], before: undefined, after: 'New' }])
  })
  it('stays within bounds', () => expect(changes(undefined, Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i + 1]))).length).toBeLessThanOrEqual(60))
})
