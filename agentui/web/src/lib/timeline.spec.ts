import { describe, expect, it } from 'vitest'
import type { RecordTouch } from '@/api'
import { foldTimeline, isOf, joined } from './timeline'

const day = 86_400_000
const dayOf = (ms: number) => Math.floor(ms / day)
let n = 0
const touch = (id: string, at: number, conversation = '', more: Partial<RecordTouch> = {}): RecordTouch => ({ id, n: ++n, kind: conversation ? 'message' : 'call', conversation, identity: 'i', account: 'a', channel: 'c', inbound: true, author: { kind: 'customer' }, at, state: '', rev: 1, number: conversation ? 7 : 0, ...more })
const shape = (lines: ReturnType<typeof foldTimeline>) => lines.map((l) => (l.type === 'day' ? `day ${dayOf(l.at)}` : l.type === 'run' ? `run ${l.conversation} ${l.touches.length}${l.open ? ' open' : ''}` : `${l.type} ${l.touch.id}`))

it('a touch is of a customer by a known identity, or by one that it has just made', () => {
  const by = (identity: string, customer?: string) => isOf({ touch: touch('t', 1, '', { identity }), identity: customer ? { id: identity, customer, channel: 'customer', address: customer, name: '' } : undefined }, 'me', ['a', 'b'])
  expect([by('a'), by('new', 'me'), by('new', 'other'), by('new')]).toEqual([true, true, false, false])
  expect(isOf({ identity: { id: 'a', customer: 'me', channel: 'sms', address: '1', name: '' } }, 'me', ['a'])).toBe(false)
})

describe('a timeline', () => {
  const items = [touch('e', 2 * day + 30), touch('d', 2 * day + 20, 'c1'), touch('v', 2 * day + 15), touch('c', 2 * day + 10, 'c1'), touch('b', day + 5, 'c1'), touch('a', day + 1, 'c2')]

  it('is cut by day, and a conversation of a day is one line', () => {
    expect(shape(foldTimeline(items, new Set(), dayOf))).toEqual(['day 2', 'touch e', 'run c1 2', 'touch v', 'day 1', 'touch b', 'touch a'])
  })
  it('unfolds one day’s run of a conversation, in place', () => {
    const folded = foldTimeline(items, new Set(), dayOf)
    const id = folded.find((l) => l.type === 'run')!.id
    expect(shape(foldTimeline(items, new Set([id]), dayOf))).toEqual(['day 2', 'touch e', 'run c1 2 open', 'message d', 'message c', 'touch v', 'day 1', 'touch b', 'touch a'])
  })
  it('gives each line a name of its own, which more touches leave alone', () => {
    const lines = foldTimeline(items, new Set(), dayOf)
    expect(new Set(lines.map((l) => l.id)).size).toBe(lines.length)
    const before = new Set(lines.map((l) => l.id))
    const more = foldTimeline([...items, touch('z', 10, 'c1'), touch('y', 5, 'c1')], new Set(), dayOf)
    for (const id of before) expect(more.some((l) => l.id === id)).toBe(true)
  })
  it('of nothing is nothing', () => expect(foldTimeline([], new Set(), dayOf)).toEqual([]))
})

describe('more touches', () => {
  it('come once, in order of when they happened, the newer state of each', () => {
    const held = [touch('b', 20), touch('a', 10, '', { rev: 3 })]
    const out = joined(held, [touch('late', 15), touch('a', 10, '', { rev: 2 }), touch('b', 20, '', { rev: 2, pinned: true })])
    expect(out.map((x) => [x.id, x.rev])).toEqual([['b', 2], ['late', 1], ['a', 3]])
  })
})
