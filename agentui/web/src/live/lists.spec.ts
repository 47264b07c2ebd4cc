import { describe, expect, it } from 'vitest'
import type { ConversationView } from '@/api/types'
import { matches, select, type Filter } from './lists'

const row = (id: string, x: Partial<ConversationView> = {}): ConversationView => ({
  id, number: 1, version: 1, identity: 'i', account: 'a', channel: 'chat', thread: 't', queue: 'q1', status: 'active', units: 1, created_at: 1, last_message_at: 1, customer: { id: 'p', name: '' }, address: '', ...x,
})
const held = (...rows: ConversationView[]) => new Map(rows.map((r) => [r.id, r]))
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
    ['tag', { tags: ['vip'] }, { list: 'all', tag: 'vip' }, true],
  ])('%s', (_, x, f, yes) => expect(matches(row('c', x), f, 'me')).toBe(yes))
})

describe('select', () => {
  it('orders by the last message, newest first', () => {
    const rows = held(row('a', { last_message_at: 1 }), row('b', { last_message_at: 3 }), row('c', { last_message_at: 2 }))
    expect(select(rows, { list: 'all' }, 'me', all).map((r) => r.id)).toEqual(['b', 'c', 'a'])
  })
  it('orders who waits by how long', () => {
    const rows = held(row('a', { status: 'waiting', waiting_since: 5 }), row('b', { status: 'waiting', waiting_since: 2 }))
    expect(select(rows, { list: 'waiting' }, 'me', all).map((r) => r.id)).toEqual(['b', 'a'])
  })
  it('shows nothing below what is loaded: a row that an event brought could stand there alone', () => {
    const rows = held(row('a', { last_message_at: 1 }), row('b', { last_message_at: 9 }))
    expect(select(rows, { list: 'all' }, 'me', { next: 'more', boundary: 5 }).map((r) => r.id)).toEqual(['b'])
  })
  it('stays quick with ten thousand', () => {
    const rows = held(...Array.from({ length: 10_000 }, (_, i) => row(`c${i}`, { last_message_at: (i * 7919) % 10_000 })))
    expect(select(rows, { list: 'all', status: 'open' }, 'me', all)).toHaveLength(10_000)
  })
})
