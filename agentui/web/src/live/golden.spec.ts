import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cureOf, nOf, parseFrame, type Item } from './protocol'
import { emptyState, reduce, withConversation, type LiveState, type News } from './reduce'

// The golden frames of agentui/testdata/protocol, which the hub's own tests hold to what it sends.

const folder = join(__dirname, '../../../testdata/protocol')
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const frame = (name: string): Item[] => parseFrame(JSON.stringify(read(name)))
const firstN = (items: Item[]) => Math.min(...items.map((i) => (i.t === 'event' ? nOf(i.id) : Number.POSITIVE_INFINITY)))

const id = '00000000000c0001'
const names = readdirSync(folder).filter((f) => Array.isArray(read(f)) && f !== 'close_codes.json')
const inOrder = names.map((name) => ({ name, items: frame(name) })).filter((f) => Number.isFinite(firstN(f.items))).sort((a, b) => firstN(a.items) - firstN(b.items))

/** The state after each frame, in the order of their events, with the conversation open from its first message on. */
const after: Record<string, LiveState> = {}
const told: Record<string, News[]> = {}
let state = reduce(emptyState(''), frame('hello.json'), 0).state
for (const f of inOrder) {
  const step = reduce(state, f.items, 0)
  state = step.state
  told[f.name] = step.news
  const row = state.rows.get(id)
  if (row && !state.threads.has(id)) {
    state = withConversation(state, { conversation: row, touches: [], earlier: false, at: '100-1' })
    state = reduce(state, f.items, 0).state // what came before it was opened, as the record would tell it
  }
  after[f.name] = state
}
const row = (name: string) => after[name]!.rows.get(id)!
const touch = (name: string, t: string) => after[name]!.threads.get(id)!.items.find((x) => x.id === t)

const asked = (name: string) => told[name]!.flatMap((n) => (n.kind === 'asked' ? [n.what] : []))

describe('golden frames', () => {
  it('hold nothing that the app does not know', () => {
    for (const name of names) expect(frame(name), name).toHaveLength((read(name) as unknown[]).length)
  })
  it('hello says who and where', () => expect(state.me).not.toBe(''))
  it('a message makes a conversation that waits', () => {
    expect(row('received.json')).toMatchObject({ status: 'waiting', version: 1 })
    expect(row('received.json').customer.id).not.toBe('')
    expect(row('received.json').preview?.text).toBeTruthy()
    expect(touch('received.json', 't1')).toMatchObject({ n: 101, inbound: true })
  })
  it('offer, acceptance and transfer move it', () => {
    expect(row('offered.json')).toMatchObject({ status: 'offered', offered_to: 'u1' })
    expect(row('accepted.json')).toMatchObject({ status: 'active', owner: 'u1' })
    expect(row('accepted.json').offered_to).toBeUndefined()
    expect(after['accepted.json']!.agents.get('u1')?.held).toEqual({ [id]: 1 })
    expect(row('transferred.json').owner).toBeUndefined()
  })
  it('a reply goes through its states and keeps its text', () => {
    expect(touch('reply.json', 't2')).toMatchObject({ n: 104, state: 'delivered' })
    expect(touch('reply.json', 't2')?.body?.text).toBeTruthy()
    expect(touch('failed.json', 't2')).toMatchObject({ state: 'failed' })
    expect(touch('failed.json', 't2')?.error).toBeTruthy()
    expect(touch('uncertain.json', 't2')?.state).toBe('uncertain')
  })
  it('a note is not the preview', () => {
    expect(touch('note.json', 't3')?.kind).toBe('note')
    expect(row('note.json').preview?.kind).toBe('message')
  })
  it('snoozed, woken, resolved and reopened', () => {
    expect(row('snoozed.json').status).toBe('snoozed')
    expect(row('woken_by_customer.json').status).not.toBe('snoozed')
    expect(row('resolved.json').status).toBe('resolved')
    expect(row('reopened_by_customer.json').status).not.toBe('resolved')
  })
  it('what could not be read is shown as such', () => expect(touch('unreadable.json', 't6')?.unreadable).toBeTruthy())
  it('ten at once keep their order', () => {
    expect(after['burst.json']!.threads.get(id)!.items.filter((t) => t.id.startsWith('b')).map((t) => t.id)).toEqual(['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'b8', 'b9'])
  })
  it('a resumed line goes on where it ended', () => expect(after['resume.json']!.at).toBe(frame('resume.json').findLast((i) => i.t === 'event')!.id))
  it('a colleague is consulted, comes, proposes an answer, and leaves', () => {
    expect(touch('consult.json', 'c2')).toMatchObject({ kind: 'draft', n: 135 })
    expect(row('consult.json').consult).toBeUndefined()
    expect(asked('consult.json')).toEqual(['joined', 'draft'])
  })
  it('a second opinion is asked for, seen, and given', () => {
    expect(touch('review.json', 'c4')).toMatchObject({ kind: 'verdict', reply_to: 'c3', score: 1 })
    expect(row('review.json').review).toBeUndefined()
    expect(asked('review.json')).toEqual(['verdict'])
  })
  it('a flag is raised and answered', () => {
    expect(touch('flag.json', 'c6')).toMatchObject({ kind: 'answer', reply_to: 'c5' })
    expect(row('flag.json').flag).toBeUndefined()
    expect(asked('flag.json')).toEqual(['flag']) // of any supervisor; the answer is for who raised it
  })
  it('a whisper is heard by the owner; of others’ only the header comes', () => {
    expect(touch('whisper.json', 'c7')?.body?.text).toBeTruthy()
    expect(asked('whisper.json')).toEqual(['whisper'])
    expect(row('whisper_of_others.json').version).toBe(row('whisper.json').version + 1)
    expect(asked('whisper_of_others.json')).toEqual([])
  })
  it('a supervisor takes part', () => {
    expect(row('barged.json').barged).toEqual(['u3'])
    expect(asked('barged.json')).toEqual(['barge'])
  })
  it('a promise warns its owner, and is broken', () => {
    expect(row('promise.json').sla?.clocks?.[0]).toMatchObject({ kind: 'next', warned: true, broken: true })
    expect(told['promise.json']!.filter((n) => n.kind === 'promise')).toEqual([{ kind: 'promise', conversation: id, clock: 'next', broken: false }, { kind: 'promise', conversation: id, clock: 'next', broken: true }])
    const other = reduce({ ...after['barged.json']!, me: 'u2' }, frame('promise.json'), 0)
    expect(other.news.filter((n) => n.kind === 'promise')).toEqual([])
  })
  it('the record down and up', () => {
    const down = reduce(state, frame('down.json'), 0).state
    expect(down.recordUp).toBe(false)
    expect(reduce(down, frame('up.json'), 0).state.recordUp).toBe(true)
  })
  it('health and typing', () => {
    expect(reduce(state, frame('health.json'), 0).state.health.size).toBe(1)
    expect(reduce(state, frame('typing.json').slice(0, 1), 0).state.typing.size).toBe(1)
  })
  it('figures: the whole, then the rows that changed', () => {
    const whole = reduce(state, frame('figures.json'), 0)
    const before = whole.state.figures!
    expect(before.queues.map((q) => [q.id, q.queue.name, q.waiting, q.open])).toEqual([['q1', 'General', 2, true], ['q2', 'Night', 0, false]])
    expect(whole.news).toEqual([{ kind: 'figures', figures: before }])
    const after = reduce(whole.state, frame('figures_part.json'), 0).state.figures!
    expect(after.queues[0]).toMatchObject({ waiting: 1, answered_today: 5, queue: before.queues[0]!.queue, spark: before.queues[0]!.spark })
    expect(after.queues[1]).toEqual(before.queues[1])
    expect(after.agents).toBe(before.agents)
    expect(before.flags).toHaveLength(1)
    expect(after.flags).toEqual([])
    expect(after.reviews).toEqual([])
  })
  it('a part without a whole before it is nothing', () => {
    const { state: s, news } = reduce(state, frame('figures_part.json'), 0)
    expect([s.figures, news]).toEqual([null, []])
  })
  it('an alert carries its words in both languages', () => {
    for (const a of reduce(state, frame('alerts.json').slice(0, 1), 0).state.alerts) expect(a.text && a.text_fa, a.id).toBeTruthy()
  })
  it('close codes have the cure that the hub means', () => {
    for (const c of read('close_codes.json') as { code: number; client: string }[]) expect(cureOf(c.code), String(c.code)).toBe(c.client)
  })
})
