import { describe, expect, it } from 'vitest'
import type { ConversationView } from '@/api/types'
import { asks, matches, select, type Filter } from './lists'

const row = (id: string, x: Partial<ConversationView> = {}): ConversationView => ({
  id, number: 1, version: 1, identity: 'i', account: 'a', channel: 'chat', thread: 't', queue: 'q1', status: 'active', units: 1, created_at: 1, last_message_at: 1, customer: { id: 'p', name: '' }, address: '', ...x,
})
const held = (...rows: ConversationView[]) => new Map(rows.map((r) => [r.id, r]))
const who = { me: 'me', pulls: new Set(['q2']) }
const all = { next: '', boundary: Number.NEGATIVE_INFINITY }

describe('matches', () => {
  it.each<[string, Partial<ConversationView>, Filter, boolean]>([
    ['mine', { owner: 'me' }, { list: 'mine' }, true],
    ['mine, snoozed', { owner: 'me', status: 'snoozed' }, { list: 'mine' }, true],
    ['mine, resolved', { owner: 'me', status: 'resolved' }, { list: 'mine' }, false],
    ['mine, offered to me', { status: 'offered', offered_to: 'me' }, { list: 'mine' }, true],
    ['of another', { owner: 'you' }, { list: 'mine' }, false],
    ['waiting', { status: 'waiting' }, { list: 'waiting' }, true],
    ['offered waits', { status: 'offered', offered_to: 'you' }, { list: 'waiting' }, true],
    ['another queue', { queue: 'q2' }, { list: 'all', queue: 'q1' }, false],
    ['channel', { channel: 'mail' }, { list: 'all', channel: 'mail' }, true],
    ['open', { status: 'snoozed' }, { list: 'all', status: 'open' }, true],
    ['resolved is not open', { status: 'resolved' }, { list: 'all', status: 'open' }, false],
    ['to take', { status: 'waiting', queue: 'q2' }, { list: 'pull' }, true],
    ['to take, of a queue that is not mine', { status: 'waiting', queue: 'q1' }, { list: 'pull' }, false],
    ['to take, taken', { status: 'active', queue: 'q2' }, { list: 'pull' }, false],
    ['asked of me', { owner: 'you', review: { touch: 't', by: 'you', of: 'me', at: 1 } }, { list: 'asked' }, true],
    ['asked of another', { owner: 'you', review: { touch: 't', by: 'you', of: 'she', at: 1 } }, { list: 'asked' }, false],
    ['tag', { tags: ['vip'] }, { list: 'all', tag: 'vip' }, true],
  ])('%s', (_, x, f, yes) => expect(matches(row('c', x), f, who)).toBe(yes))
})

describe('asks', () => {
  const ask = (x: { by?: string; of?: string }) => ({ touch: 't', by: 'you', at: 1, ...x })
  it('of a supervisor what is asked of nobody by name, but not what they asked themselves', () => {
    expect(asks(row('c', { review: ask({}), flag: ask({}) }), 'me', true)).toEqual(['review', 'flag'])
    expect(asks(row('c', { review: ask({}), flag: ask({}) }), 'me', false)).toEqual([])
    expect(asks(row('c', { flag: ask({ by: 'me' }) }), 'me', true)).toEqual([])
    expect(asks(row('c', { flag: ask({ of: 'she' }) }), 'me', true)).toEqual([])
  })
  it('of who is consulted, before and after they join', () => {
    expect(asks(row('c', { consult: { agent: 'me', by: 'you', at: 1 } }), 'me', false)).toEqual(['consult'])
    expect(asks(row('c', { consult: { agent: 'me', by: 'you', at: 1, joined: 2 } }), 'me', false)).toEqual(['consult'])
    expect(asks(row('c', { consult: { agent: 'she', by: 'me', at: 1 } }), 'me', false)).toEqual([])
  })
})

describe('select', () => {
  it('orders by the last message, newest first', () => {
    const rows = held(row('a', { last_message_at: 1 }), row('b', { last_message_at: 3 }), row('c', { last_message_at: 2 }))
    expect(select(rows, { list: 'all' }, who, all).map((r) => r.id)).toEqual(['b', 'c', 'a'])
  })
  it('orders who waits by how long', () => {
    const rows = held(row('a', { status: 'waiting', waiting_since: 5 }), row('b', { status: 'waiting', waiting_since: 2 }))
    expect(select(rows, { list: 'waiting' }, who, all).map((r) => r.id)).toEqual(['b', 'a'])
  })
  it('orders what may be taken by its wait, with priority as minutes of waiting', () => {
    const rows = held(row('a', { status: 'waiting', queue: 'q2', waiting_since: 900_000 }), row('b', { status: 'waiting', queue: 'q2', waiting_since: 600_000 }), row('c', { status: 'waiting', queue: 'q2', waiting_since: 1_000_000, priority: 10 }))
    expect(select(rows, { list: 'pull' }, who, all).map((r) => r.id)).toEqual(['c', 'b', 'a'])
  })
  it('shows nothing below what is loaded: a row that an event brought could stand there alone', () => {
    const rows = held(row('a', { last_message_at: 1 }), row('b', { last_message_at: 9 }))
    expect(select(rows, { list: 'all' }, who, { next: 'more', boundary: 5 }).map((r) => r.id)).toEqual(['b'])
  })
  it('stays quick with ten thousand', () => {
    const rows = held(...Array.from({ length: 10_000 }, (_, i) => row(`c${i}`, { last_message_at: (i * 7919) % 10_000 })))
    expect(select(rows, { list: 'all', status: 'open' }, who, all)).toHaveLength(10_000)
  })
})
