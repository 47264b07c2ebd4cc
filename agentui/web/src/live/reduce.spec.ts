import { describe, expect, it } from 'vitest'
import type { Agent, Conversation, ConversationView, Event, Touch } from '@/api/types'
import type { Item } from './protocol'
import { emptyState, merge, reduce, tallyOf, withAnswer, withConversation, withCounts, withEarlier, withoutOldTyping, withRows, type LiveState } from './reduce'

const me = 'u1'
const conversation = (x: Partial<Conversation> = {}): Conversation => ({
  id: 'c1', number: 1, version: 1, identity: 'i1', account: 'a1', channel: 'chat', thread: 't', queue: 'q1', status: 'waiting', units: 1, created_at: 1, last_message_at: 1, ...x,
})
const view = (x: Partial<ConversationView> = {}): ConversationView => ({ ...conversation(x), customer: { id: 'p1', name: 'Negar' }, address: 'v1', ...x })
const touch = (x: Partial<Touch> = {}): Touch => ({
  id: 't1', n: 0, kind: 'message', conversation: 'c1', identity: 'i1', account: 'a1', channel: 'chat', inbound: true, author: { kind: 'customer' }, at: 1, state: 'received', rev: 1, body: { text: 'hello' }, ...x,
})
const event = (n: number, kind: string, x: Partial<Event> = {}): Item => ({ t: 'event', id: `${n}-7`, event: { v: 1, id: '', kind, at: n, by: { kind: 'customer' }, ...x } })
const run = (s: LiveState, ...items: Item[]) => reduce(s, items, 1000)
const counted = (s: LiveState, at: string, waiting = 0) => withCounts(s, { mine: 0, mine_unread: 0, waiting, all_open: waiting, queues: waiting ? { q1: waiting } : {}, at })

describe('events', () => {
  it('make a row of a conversation that was not held', () => {
    const { state } = run(emptyState(me), event(5, 'message.received', { conversation: conversation(), touch: touch(), identity: { id: 'i1', customer: 'p1', channel: 'chat', address: 'v1', name: 'Negar' } }))
    expect(state.rows.get('c1')).toMatchObject({ customer: { id: 'p1', name: 'Negar' }, address: 'v1', preview: { text: 'hello', inbound: true } })
    expect(state.nameless.size).toBe(0)
    expect(state.at).toBe('5-7')
  })

  it('remember that a name is wanting', () => {
    const { state } = run(emptyState(me), event(5, 'conversation.resolved', { conversation: conversation({ version: 9, status: 'resolved' }) }))
    expect([...state.nameless]).toEqual(['c1'])
    expect(withRows(state, [view({ version: 9 })]).nameless.size).toBe(0)
  })

  it('replace a header by a newer one only, and leave nothing of the older', () => {
    const held = withRows(emptyState(me), [view({ version: 4, offered_to: me, status: 'offered', owner: 'u2' })])
    expect(run(held, event(5, 'conversation.changed', { conversation: conversation({ version: 3, tags: ['old'] }) })).state.rows.get('c1')?.version).toBe(4)
    const row = run(held, event(6, 'conversation.requeued', { conversation: conversation({ version: 5 }) })).state.rows.get('c1')
    expect(row).toMatchObject({ version: 5, customer: { name: 'Negar' } })
    expect(row).not.toHaveProperty('offered_to')
    expect(row).not.toHaveProperty('owner')
  })

  it('an edit of the last message is its preview; a rating is not', () => {
    const held = withRows(emptyState(me), [view({ last_message: 't1', preview: { text: 'hello', inbound: true, kind: 'message' } })])
    const about = (id: string, kind: string, text: string) => ({ conversation: conversation({ version: 2, last_message: 't1' }), touch: touch({ id, kind, of: 't1', body: { text } }) })
    expect(run(held, event(5, 'message.edited', about('t2', 'edit', 'hullo'))).state.rows.get('c1')?.preview).toMatchObject({ text: 'hullo', kind: 'message' })
    expect(run(held, event(5, 'touch.logged', about('t2', 'rating', 'fine'))).state.rows.get('c1')?.preview?.text).toBe('hello')
  })

  it('leave the state that they were given as it was', () => {
    const before = withRows(emptyState(me), [view()])
    const rows = before.rows
    const { state } = run(before, event(5, 'conversation.accepted', { conversation: conversation({ version: 2, status: 'active', owner: me }) }))
    expect(before.rows).toBe(rows)
    expect(before.rows.get('c1')?.status).toBe('waiting')
    expect(state.rows.get('c1')?.status).toBe('active')
    expect(state.threads).toBe(before.threads)
  })

  it('are pending until what is recorded reaches them', () => {
    let s = run(emptyState(me), { t: 'hello', at: '3-1', recorded: '2-1', agent: { id: me, version: 1, state: 'available', since: 1 }, user: me }).state
    expect(s.recorded).toBe(2)
    s = run(s, { t: 'recorded', id: '9-4' }, { t: 'recorded', id: '8-4' }).state
    expect(s.recorded).toBe(9)
  })

  it('a preview is of the last message, not of a note', () => {
    const held = withRows(emptyState(me), [view({ preview: { text: 'first', inbound: true, kind: 'message' } })])
    const { state } = run(held, event(5, 'note.added', { conversation: conversation({ version: 2 }), touch: touch({ id: 't2', kind: 'note', inbound: false, body: { text: 'secret' } }) }))
    expect(state.rows.get('c1')?.preview?.text).toBe('first')
  })
})

describe('touches', () => {
  const opened = (s = emptyState(me)) => withConversation(s, { conversation: view(), touches: [touch({ n: 3 })], earlier: true, at: '4-1' })

  it('take the place of their first event', () => {
    const { state } = run(opened(), event(5, 'message.queued', { touch: touch({ id: 't2', inbound: false, state: 'queued' }) }))
    expect(state.threads.get('c1')?.items.map((t) => [t.id, t.n])).toEqual([['t1', 3], ['t2', 5]])
  })

  it('change their state and keep their body and place', () => {
    const { body: _, ...bare } = touch({ id: 't2', n: 5, inbound: false, state: 'failed', rev: 3, error: 'no such number' })
    const { state } = run(opened(), event(5, 'message.queued', { touch: touch({ id: 't2', inbound: false, state: 'queued' }) }), event(7, 'touch.state', { touch: bare }))
    expect(state.threads.get('c1')?.items[1]).toMatchObject({ n: 5, state: 'failed', error: 'no such number', body: { text: 'hello' } })
  })

  it('do not go back to an older state', () => {
    const items = merge([touch({ n: 3, rev: 4, state: 'delivered' })], [touch({ n: 3, rev: 3, state: 'sent' })])
    expect(items[0]?.state).toBe('delivered')
  })

  it('of which only a state is told, and which are not held, are left out', () => {
    const { body: _, ...bare } = touch({ id: 't0', n: 1, state: 'delivered', rev: 4 })
    expect(run(opened(), event(8, 'touch.state', { touch: bare })).state.threads.get('c1')?.items).toHaveLength(1)
  })

  it('a deletion is kept without a body', () => {
    const { state } = run(opened(), event(5, 'message.edited', { touch: touch({ id: 't2', kind: 'deletion', of: 't1', body: undefined }) }))
    expect(state.threads.get('c1')?.items[1]).toMatchObject({ id: 't2', of: 't1', n: 5 })
  })

  it('of a conversation that is not open are not kept', () => {
    expect(run(emptyState(me), event(5, 'message.received', { touch: touch() })).state.threads.size).toBe(0)
  })

  it('that came while the conversation was being read are not lost', () => {
    const s = run(opened(), event(9, 'message.received', { touch: touch({ id: 't9' }) })).state
    const again = withConversation(s, { conversation: view(), touches: [touch({ n: 3 })], earlier: true, at: '8-1' })
    expect(again.threads.get('c1')?.items.map((t) => t.id)).toEqual(['t1', 't9'])
  })

  it('before a gap are given up rather than shown with a hole', () => {
    const later = Array.from({ length: 3 }, (_, i) => touch({ id: `x${i}`, n: 100 + i }))
    const again = withConversation(opened(), { conversation: view(), touches: later, earlier: true, at: '103-1' })
    expect(again.threads.get('c1')?.items.map((t) => t.n)).toEqual([100, 101, 102])
  })

  it('that are older go in front', () => {
    const s = withEarlier(opened(), 'c1', [touch({ id: 't0', n: 1 })], false)
    expect(s.threads.get('c1')).toMatchObject({ earlier: false, items: [{ id: 't0' }, { id: 't1' }] })
  })
})

describe('counts', () => {
  it('follow what is held', () => {
    let s = withRows(counted(emptyState(me), '4-1', 1), [view()])
    s = run(s, event(5, 'conversation.accepted', { conversation: conversation({ version: 2, status: 'active', owner: me, unread: 2 }) })).state
    expect(s.counts).toEqual({ mine: 1, mine_unread: 1, waiting: 0, all_open: 1, queues: { q1: 0 } })
    expect(s.countsStale).toBe(false)
  })

  it('count a new conversation, and ask again after a change of one that is not held', () => {
    let s = run(counted(emptyState(me), '4-1'), event(5, 'message.received', { conversation: conversation() })).state
    expect(s.counts).toMatchObject({ waiting: 1, all_open: 1 })
    s = run(s, event(6, 'conversation.resolved', { conversation: conversation({ id: 'c2', version: 8, status: 'resolved' }) })).state
    expect(s.countsStale).toBe(true)
  })

  it('that were read before an event take it in', () => {
    let s = run(counted(emptyState(me), '4-1'), event(5, 'message.received', { conversation: conversation() })).state
    s = counted(s, '4-9', 7)
    expect(s.counts.waiting).toBe(8)
    s = counted(s, '5-7', 8)
    expect(s.counts.waiting).toBe(8)
  })

  it('are asked again when a row came by HTTP before its event', () => {
    const s = withRows(counted(emptyState(me), '4-1', 1), [view({ version: 2, status: 'active', owner: me })])
    expect(run(s, event(5, 'conversation.accepted', { conversation: conversation({ version: 2, status: 'active', owner: me }) })).state.countsStale).toBe(true)
  })

  it('count the answer to a command once', () => {
    const c = conversation({ version: 2, status: 'active', owner: me })
    let s = withRows(counted(emptyState(me), '4-1', 1), [view()])
    s = withAnswer(s, c, undefined, '5-7')
    s = run(s, event(5, 'conversation.accepted', { conversation: c })).state
    expect(s.counts).toMatchObject({ mine: 1, waiting: 0, all_open: 1 })
    expect(s.countsStale).toBe(false)
  })

  it('take an offer for its agent’s', () => {
    expect(tallyOf(conversation({ status: 'offered', offered_to: me }), me)).toMatchObject({ mine: 1, waiting: 1 })
    expect(tallyOf(conversation({ status: 'resolved', owner: me }), me)).toMatchObject({ mine: 0, all_open: 0 })
  })
})

describe('news', () => {
  it('tell of an offer once', () => {
    const offered = conversation({ version: 2, status: 'offered', offered_to: me, offer_until: 99 })
    const first = run(emptyState(me), event(5, 'conversation.offered', { conversation: offered }))
    expect(first.news.filter((n) => n.kind === 'offer')).toEqual([{ kind: 'offer', conversation: 'c1', until: 99 }])
    const again = run(first.state, event(6, 'conversation.changed', { conversation: { ...offered, version: 3 } }))
    expect(again.news.some((n) => n.kind === 'offer')).toBe(false)
  })

  it('tell of messages in what is ours, and of what others handed to us', () => {
    const mine = { owner: me, status: 'active' as const }
    const s = withRows(emptyState(me), [view({ ...mine })])
    expect(run(s, event(5, 'message.received', { conversation: conversation({ ...mine, version: 2 }), touch: touch() })).news.map((n) => n.kind)).toContain('message')
    const handed = run(withRows(emptyState(me), [view()]), event(5, 'conversation.assigned', { by: { kind: 'agent', id: 'u2' }, conversation: conversation({ ...mine, version: 2 }) }))
    expect(handed.news.map((n) => n.kind)).toContain('assigned')
    const taken = run(withRows(emptyState(me), [view()]), event(5, 'conversation.accepted', { by: { kind: 'agent', id: me }, conversation: conversation({ ...mine, version: 2 }) }))
    expect(taken.news.map((n) => n.kind)).not.toContain('assigned')
  })
})

describe('the rest', () => {
  it('agents are replaced when not older', () => {
    const agent = (version: number, state: Agent['state']): Agent => ({ id: 'u2', version, state, since: 1 })
    const s = run(emptyState(me), event(5, 'agent.changed', { agents: [agent(3, 'busy')] }), event(6, 'agent.changed', { agents: [agent(2, 'offline')] })).state
    expect(s.agents.get('u2')?.state).toBe('busy')
  })

  it('typing ends by word, by message and by time', () => {
    const typing: Item = { t: 'typing', conversation: 'c1', from: 'customer', on: true }
    const s = run(emptyState(me), typing).state
    expect(s.typing.has('c1')).toBe(true)
    expect(run(s, { ...typing, on: undefined }).state.typing.has('c1')).toBe(false)
    expect(run(s, event(5, 'message.received', { touch: touch() })).state.typing.has('c1')).toBe(false)
    expect(withoutOldTyping(s, 3000).typing.has('c1')).toBe(true)
    expect(withoutOldTyping(s, 9000).typing.has('c1')).toBe(false)
  })

  it('alerts are the newest list', () => {
    const alert = { id: 'x', kind: 'silent', account: 'a1', since: 1, text: 'silent for an hour' }
    const s = run(emptyState(me), { t: 'alerts', alerts: [alert] }).state
    expect(s.alerts).toEqual([alert])
    expect(run(s, { t: 'alerts', alerts: null }).state.alerts).toEqual([])
  })

  it('health and the record’s state are kept', () => {
    const s = run(emptyState(me), { t: 'health', account: 'a1', state: 'refused', detail: 'login refused' }, { t: 'status', record: 'down' }).state
    expect(s.health.get('a1')).toEqual({ state: 'refused', detail: 'login refused' })
    expect(s.recordUp).toBe(false)
  })
})

describe('what colleagues ask', () => {
  const told = (held: Partial<ConversationView>, kind: string, by: string, x: Partial<Event>) => run(withRows(emptyState(me), [view({ status: 'active', ...held })]), event(5, kind, { by: { kind: 'agent', id: by }, ...x })).news.filter((n) => n.kind === 'asked')
  const after = (x: Partial<Conversation>) => conversation({ version: 2, status: 'active', ...x })
  const consult = { agent: me, by: 'u2', at: 1 }

  it('to join, and what becomes of it', () => {
    expect(told({ owner: 'u2' }, 'consult.changed', 'u2', { conversation: after({ owner: 'u2', consult }), reason: { code: 'asked' } })).toMatchObject([{ what: 'consult', by: 'u2', of: me }])
    expect(told({ owner: me }, 'consult.changed', 'u2', { conversation: after({ owner: me, consult: { agent: 'u2', by: me, at: 1, joined: 2 } }), reason: { code: 'joined' } })).toMatchObject([{ what: 'joined' }])
    expect(told({ owner: me, consult: { agent: 'u2', by: me, at: 1 } }, 'consult.changed', 'u2', { conversation: after({ owner: me }), reason: { code: 'cancelled' } })).toMatchObject([{ what: 'left', of: me }])
    expect(told({ owner: 'u2', consult }, 'consult.changed', me, { conversation: after({ owner: 'u2' }), reason: { code: 'cancelled' } })).toEqual([])
  })
  it('to look at a draft: one by name, else any supervisor', () => {
    const review = (of?: string) => ({ conversation: after({ owner: 'u2', review: { touch: 't9', by: 'u2', of, at: 1 } }), touch: touch({ id: 't9', kind: 'review', inbound: false }) })
    expect(told({}, 'note.added', 'u2', review(me))).toMatchObject([{ what: 'review', of: me }])
    expect(told({}, 'note.added', 'u2', review())).toMatchObject([{ what: 'review', of: '' }])
    expect(told({}, 'note.added', 'u2', review('u3'))).toEqual([])
  })
  it('verdicts, answers, drafts and whispers reach whom they are for', () => {
    const word = (kind: string, score?: number) => ({ conversation: after({ owner: me }), touch: touch({ id: 't9', kind, score, inbound: false }) })
    expect(told({ owner: me, review: { touch: 't8', by: me, at: 1 } }, 'note.added', 'u2', word('verdict', 1))).toMatchObject([{ what: 'verdict' }])
    expect(told({ owner: me, review: { touch: 't8', by: me, at: 1 } }, 'note.added', 'u2', word('verdict'))).toMatchObject([{ what: 'better' }])
    expect(told({ owner: me, flag: { touch: 't8', by: 'u3', at: 1 } }, 'note.added', 'u2', word('answer'))).toEqual([])
    expect(told({ owner: me }, 'note.added', 'u2', word('draft'))).toMatchObject([{ what: 'draft' }])
    expect(told({ owner: me }, 'note.added', 'u2', word('whisper'))).toMatchObject([{ what: 'whisper' }])
    expect(told({ owner: me }, 'note.added', me, word('draft'))).toEqual([])
    expect(told({ owner: me }, 'touch.state', 'u2', word('draft'))).toEqual([])
  })
  it('their words stand in the thread, and are no preview', () => {
    const held = withConversation(emptyState(me), { conversation: view({ status: 'active', owner: me }), touches: [], earlier: false, at: '1-1' })
    const { state } = run(held, event(5, 'note.added', { by: { kind: 'agent', id: 'u2' }, conversation: after({ owner: me }), touch: touch({ id: 't9', kind: 'draft', inbound: false, body: { text: 'Try this' } }) }))
    expect(state.threads.get('c1')?.items).toMatchObject([{ id: 't9', kind: 'draft', n: 5 }])
    expect(state.rows.get('c1')?.preview).toBeUndefined()
  })
  it('a supervisor who comes in is told to the owner, one who leaves is not', () => {
    expect(told({ owner: me }, 'conversation.barged', 'u2', { conversation: after({ owner: me, barged: ['u2'] }) })).toMatchObject([{ what: 'barge' }])
    expect(told({ owner: me, barged: ['u2'] }, 'conversation.barged', 'u2', { conversation: after({ owner: me }) })).toEqual([])
  })
})
