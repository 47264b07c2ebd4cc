import { describe, expect, it } from 'vitest'
import type { Agent, QueueView } from '@/api'
import { agentTroubles, queueTroubles, sortAgents, sortQueues } from './trouble'

const now = 10_000_000_000
const queue = (name: string, x: Partial<QueueView> = {}): QueueView => ({
  id: name, queue: { id: name, name, mode: 'offer', offer_seconds: 30, target_seconds: 60, members: [], routing: {}, version: 1 },
  waiting: 0, left: 0, offered: 0, active: 0, snoozed: 0, broken: 0, offered_today: 0, ended_today: 0, service_level_of_today: 0, answered_today: 0, answered_in_target_today: 0,
  abandoned_today: 0, abandoned_short_today: 0, asa_today: 0, service_level_today: null, open: true, agents: { available: 2 }, ...x,
})
const agent = (x: Partial<Agent> = {}): Agent => ({ id: 'a', version: 1, state: 'available', since: now - 1000, ...x })
const kinds = (q: QueueView) => queueTroubles(q, now).map((x) => `${x.kind} ${x.grade}`)

describe('a queue', () => {
  it('without anybody waiting is well', () => expect(kinds(queue('q'))).toEqual([]))
  it('is late past its target, and worth a look past half of it', () => {
    expect(kinds(queue('q', { waiting: 1, longest_wait_since: now - 20_000 }))).toEqual([])
    expect(kinds(queue('q', { waiting: 1, longest_wait_since: now - 40_000 }))).toEqual(['late 1'])
    expect(kinds(queue('q', { waiting: 1, longest_wait_since: now - 61_000 }))).toEqual(['late 2'])
  })
  it('that nobody serves is worse while somebody waits; one that is closed needs nobody', () => {
    expect(kinds(queue('q', { agents: { break: 3, offline: 1 } }))).toEqual(['unstaffed 1'])
    expect(kinds(queue('q', { agents: {}, waiting: 2, longest_wait_since: now }))).toEqual(['unstaffed 2'])
    expect(kinds(queue('q', { agents: {}, open: false, closed_reason: 'calendar' }))).toEqual([])
    expect(kinds(queue('q', { agents: {}, open: false, waiting: 1, longest_wait_since: now - 900_000 }))).toEqual(['closed 1'])
  })
  it('with a bad level of few conversations is only worth a look', () => {
    expect(kinds(queue('q', { service_level_today: 0.5, service_level_of_today: 4 }))).toEqual(['level 1'])
    expect(kinds(queue('q', { service_level_today: 0.5, service_level_of_today: 40 }))).toEqual(['level 2'])
  })
  it('whose customers leave says so', () => expect(kinds(queue('q', { offered_today: 60, ended_today: 20, abandoned_today: 6 }))).toEqual(['abandoned 2']))
})

it('queues stand by trouble, then by who has waited longest', () => {
  const list = [queue('calm'), queue('level', { service_level_today: 0.7, service_level_of_today: 30 }), queue('late', { waiting: 1, longest_wait_since: now - 90_000 }), queue('later', { waiting: 1, longest_wait_since: now - 900_000 }), queue('broken', { broken: 1, waiting: 1, longest_wait_since: now - 100_000 })]
  expect(sortQueues(list, 'trouble', now).map((q) => q.queue.name)).toEqual(['broken', 'later', 'late', 'level', 'calm'])
  expect(sortQueues(list, 'longest', now)[0]!.queue.name).toBe('later')
  expect(sortQueues(list, 'name', now).map((q) => q.queue.name)).toEqual(['broken', 'calm', 'late', 'later', 'level'])
  expect(list[0]!.queue.name).toBe('calm')
})

describe('an agent', () => {
  it('who is at work is well', () => expect(agentTroubles(agent(), 2, 6, now)).toEqual([]))
  it('who does not respond, or holds something while gone, comes first', () => {
    expect(agentTroubles(agent({ state: 'not_responding' }), 0, 6, now)[0]).toEqual({ kind: 'not_responding', grade: 2 })
    expect(agentTroubles(agent({ state: 'offline' }), 2, 6, now)[0]).toEqual({ kind: 'holding', grade: 2 })
    expect(agentTroubles(agent({ lost_at: now - 5 }), 2, 6, now)[0]).toEqual({ kind: 'lost', grade: 2 })
  })
  it('who was forgotten signed in, or has too much, is worth a look', () => {
    expect(agentTroubles(agent({ online_at: now - 50_000_000 }), 0, 6, now)).toEqual([{ kind: 'forgotten', grade: 1 }])
    expect(agentTroubles(agent(), 7, 6, now)).toEqual([{ kind: 'over', grade: 1 }])
    expect(agentTroubles(agent({ state: 'wrap_up', wrap_up_until: now - 1 }), 0, 6, now)).toEqual([{ kind: 'wrap_up', grade: 1 }])
  })
  it('stands by trouble, load, what was done, or name', () => {
    const list = [{ user: { name: 'B' }, agent: agent(), used: 1, capacity: 6, today: { handled: 9 } }, { user: { name: 'A' }, agent: agent({ state: 'offline' }), used: 0, capacity: 6 }, { user: { name: 'C' }, agent: agent({ state: 'not_responding' }), used: 3, capacity: 6, today: { handled: 1 } }]
    const names = (by: Parameters<typeof sortAgents>[1]) => sortAgents(list, by, now).map((a) => a.user.name).join('')
    expect([names('trouble'), names('load'), names('handled'), names('name'), names('state')]).toEqual(['CBA', 'CBA', 'BCA', 'ABC', 'CBA'])
  })
})
