/**
 * What the live socket says, applied to what the app holds. reduce is pure: it touches neither the page
 * nor the network nor the clock, and leaves the state that it was given as it was; maps that change are
 * copied once a frame, the rest is shared.
 *
 * An event carries the whole header of its conversation, so rows are replaced when newer, never computed.
 * What came by HTTP goes through the same door (withPage, withThread, …) and obeys the same rule: a newer
 * version is never replaced by an older one, whichever arrives first.
 */
import type { AccountHealth, Agent, Alert, ClockKind, Conversation, ConversationDetail, ConversationView, Counts, Event, HealthOf, QueueView, Touch } from '@/api/types'
import { nOf, type Figures, type FiguresPart, type Item } from './protocol'

export interface Typing {
  from: 'customer' | 'agent'
  agent: string
  at: number
}

/** A conversation's touches that are held, by n; earlier: there are older ones on the server. */
export interface Thread {
  items: Touch[]
  earlier: boolean
  at: number
}

/** How one event moved the counts; kept for a while, for counts that were read before it. */
interface Delta {
  n: number
  by: Tally
}

export interface Tally {
  mine: number
  mine_unread: number
  waiting: number
  all_open: number
  queues: Record<string, number>
}

export interface LiveState {
  me: string
  /** The last event seen: where to resume. */
  at: string
  /** Everything up to this n is recorded. */
  recorded: number
  recordUp: boolean
  rows: ReadonlyMap<string, ConversationView>
  /** Conversations whose customer's name we were not told. */
  nameless: ReadonlySet<string>
  threads: ReadonlyMap<string, Thread>
  agents: ReadonlyMap<string, Agent>
  health: ReadonlyMap<string, AccountHealth>
  /** What supervisors should know of accounts; newest list that was told. */
  alerts: readonly Alert[]
  /** Queues and agents now and today, while this app watches; null before the first word. */
  figures: Figures | null
  typing: ReadonlyMap<string, Typing>
  counts: Tally
  /** The counts may be off: an event changed a conversation that is not held. */
  countsStale: boolean
  /** The n that the counts were read at. */
  countsAt: number
  deltas: readonly Delta[]
}

/** What a frame brought that is worth more than a changed row. */
export type News =
  | { kind: 'message'; conversation: string; touch: Touch }
  | { kind: 'offer'; conversation: string; until: number }
  | { kind: 'assigned'; conversation: string }
  | { kind: 'asked'; what: Asked; conversation: string; by: string; of: string }
  | { kind: 'promise'; conversation: string; clock: ClockKind; broken: boolean }
  | { kind: 'settings'; topic: string }
  | { kind: 'event'; event: Event }
  | { kind: 'figures'; figures: Figures }

/** What a colleague wants of us, or tells us. */
export type Asked = 'consult' | 'joined' | 'left' | 'taken' | 'review' | 'verdict' | 'better' | 'flag' | 'answer' | 'draft' | 'whisper' | 'barge'

const keepDeltas = 500
export const noCounts: Tally = { mine: 0, mine_unread: 0, waiting: 0, all_open: 0, queues: {} }

export function emptyState(me: string): LiveState {
  return {
    me, at: '', recorded: 0, recordUp: true,
    rows: new Map(), nameless: new Set(), threads: new Map(), agents: new Map(), health: new Map(), alerts: [], figures: null, typing: new Map(),
    counts: noCounts, countsStale: true, countsAt: 0, deltas: [],
  }
}

/** A state that is being built: the first write to a map copies it. */
class Draft {
  private copied = new Set<string>()
  readonly s: LiveState

  constructor(s: LiveState) {
    this.s = { ...s }
  }

  map<K extends 'rows' | 'threads' | 'agents' | 'health' | 'typing'>(name: K) {
    if (!this.copied.has(name)) {
      this.copied.add(name)
      this.s[name] = new Map(this.s[name] as never) as never
    }
    return this.s[name] as LiveState[K] extends ReadonlyMap<string, infer V> ? Map<string, V> : never
  }

  names(): Set<string> {
    if (!this.copied.has('nameless')) {
      this.copied.add('nameless')
      this.s.nameless = new Set(this.s.nameless)
    }
    return this.s.nameless as Set<string>
  }
}

export function reduce(state: LiveState, items: Item[], now: number): { state: LiveState; news: News[] } {
  const d = new Draft(state)
  const news: News[] = []
  for (const item of items) apply(d, item, now, news)
  return { state: d.s, news }
}

function apply(d: Draft, item: Item, now: number, news: News[]): void {
  switch (item.t) {
    case 'hello':
      d.s.me = item.user
      if (!d.s.at) d.s.at = item.at
      d.s.recorded = nOf(item.recorded)
      putAgent(d, item.agent)
      break
    case 'event':
      // The id stands beside the event: the event itself is written before it has one.
      applyEvent(d, { ...item.event, id: item.id }, news)
      d.s.at = item.id
      break
    case 'recorded':
      d.s.recorded = Math.max(d.s.recorded, nOf(item.id))
      break
    case 'typing': {
      const typing = d.map('typing')
      if (item.on) typing.set(item.conversation, { from: item.from, agent: item.agent ?? '', at: now })
      else typing.delete(item.conversation)
      break
    }
    case 'health': {
      const { t: _, account, ...health } = item
      d.map('health').set(account, health)
      break
    }
    case 'alerts':
      d.s.alerts = item.alerts ?? []
      break
    case 'status':
      d.s.recordUp = item.record === 'up'
      break
    case 'figures':
      if (!item.part) d.s.figures = { ...(item.figures as Figures), flags: item.figures.flags ?? [], reviews: item.figures.reviews ?? [] }
      else if (d.s.figures) d.s.figures = withPart(d.s.figures, item.figures)
      if (d.s.figures) news.push({ kind: 'figures', figures: d.s.figures })
      break
    case 'pong':
      break
  }
}

/** Figures with the rows that changed; rows that are new come with the next whole. */
export function withPart(held: Figures, part: FiguresPart): Figures {
  const queues = new Map(part.queues.map((q) => [q.id, q]))
  const agents = new Map(part.agents.map((a) => [a.user.id, a]))
  return {
    ...held,
    queues: part.queues.length ? held.queues.map((q): QueueView => ({ ...q, ...queues.get(q.id) })) : held.queues,
    agents: part.agents.length ? held.agents.map((a) => agents.get(a.user.id) ?? a) : held.agents,
    flags: part.flags ?? held.flags,
    reviews: part.reviews ?? held.reviews,
    since: part.since ?? held.since,
  }
}

function applyEvent(d: Draft, e: Event, news: News[]): void {
  const n = nOf(e.id)
  const before = e.conversation && d.s.rows.get(e.conversation.id)
  if (e.conversation) {
    const row = rowOf(before, e)
    if (!before || row.version > before.version) {
      count(d, n, before, row)
      d.map('rows').set(row.id, row)
    } else if (n > d.s.countsAt && e.kind !== 'touch.state' && !d.s.deltas.some((x) => x.n === n)) {
      d.s.countsStale = true // held already, by HTTP: its change was not counted
    }
    if (e.identity) d.names().delete(row.id)
    else if (!before) d.names().add(row.id)
  }
  for (const a of e.agents ?? []) putAgent(d, a)
  if (e.touch) putTouch(d, e.touch, n, e.kind)
  if (e.kind === 'settings.changed') news.push({ kind: 'settings', topic: e.topic ?? '' })
  tell(d, e, before, news)
  if (e.touch?.inbound && d.s.typing.has(e.touch.conversation)) d.map('typing').delete(e.touch.conversation)
  news.push({ kind: 'event', event: e })
}

function tell(d: Draft, e: Event, before: ConversationView | undefined, news: News[]): void {
  const c = e.conversation
  if (!c) return
  if (c.offered_to === d.s.me && c.status === 'offered' && !(before?.status === 'offered' && before.offered_to === d.s.me)) {
    news.push({ kind: 'offer', conversation: c.id, until: c.offer_until ?? 0 })
  }
  const mine = c.owner === d.s.me
  if (mine && before?.owner !== d.s.me && e.by.id !== d.s.me && e.kind !== 'message.received') news.push({ kind: 'assigned', conversation: c.id })
  if (mine && e.kind === 'message.received' && e.touch) news.push({ kind: 'message', conversation: c.id, touch: e.touch })
  const [, said, clock] = (e.kind === 'sla.changed' && /^(warn|broken)\/(\w+)$/.exec(e.reason?.code ?? '')) || []
  if (mine && clock) news.push({ kind: 'promise', conversation: c.id, clock: clock as ClockKind, broken: said === 'broken' })
  const asked = askedBy(e, c, before)
  if (asked && e.by.id !== d.s.me && (!asked.of || asked.of === d.s.me)) news.push({ kind: 'asked', conversation: c.id, by: e.by.id ?? '', ...asked })
}

/** What an event asks of whom; of '' is any supervisor. */
function askedBy(e: Event, c: Conversation, before: Conversation | undefined): { what: Asked; of: string } | undefined {
  const to = (what: Asked, of: string | undefined) => (of ? { what, of } : undefined)
  if (e.kind === 'consult.changed') {
    const was = before?.consult
    switch (e.reason?.code) {
      case 'asked': return to('consult', c.consult?.agent)
      case 'joined': return to('joined', c.consult?.by)
      case 'cancelled': return to('left', was && (e.by.id === was.agent ? was.by : was.agent))
      case 'completed': return to('taken', was?.by)
    }
    return undefined
  }
  if (e.kind === 'conversation.barged') return c.barged?.includes(e.by.id ?? '') ? to('barge', c.owner) : undefined
  if (!e.touch || e.kind === 'touch.state') return undefined
  switch (e.touch.kind) {
    case 'review': return { what: 'review', of: c.review?.of ?? '' }
    case 'flag': return { what: 'flag', of: c.flag?.of ?? '' }
    case 'verdict': return to(e.touch.score ? 'verdict' : 'better', before?.review?.by ?? c.owner)
    case 'answer': return to('answer', before?.flag?.by ?? c.owner)
    case 'draft': return to('draft', c.owner)
    case 'whisper': return to('whisper', c.owner)
  }
  return undefined
}

/** The row after an event: its header, with the names and the preview that we know. */
function rowOf(before: ConversationView | undefined, e: Event): ConversationView {
  const c = e.conversation as Conversation
  const t = e.touch
  const row: ConversationView = {
    ...c,
    customer: before?.customer ?? (e.identity ? { id: e.identity.customer, name: e.identity.name ?? '' } : { id: '', name: '' }),
    address: before?.address ?? e.identity?.address ?? '',
    subject: before?.subject ?? t?.body?.subject,
    preview: before?.preview,
  }
  if (t?.body && (e.kind === 'message.received' || e.kind === 'message.queued')) {
    row.preview = { text: t.body.text, inbound: t.inbound, author: t.author, kind: t.kind, unreadable: t.unreadable, files: t.body.files?.length }
  } else if (t?.kind === 'edit' && t.body && t.of === c.last_message && row.preview) {
    row.preview = { ...row.preview, text: t.body.text }
  }
  return row
}

function putAgent(d: Draft, a: Agent): void {
  const old = d.s.agents.get(a.id)
  if (!old || a.version >= old.version) d.map('agents').set(a.id, a)
}

function putTouch(d: Draft, t: Touch, n: number, kind: string): void {
  const thread = d.s.threads.get(t.conversation)
  if (!thread) return
  // A touch's n is that of its first event, which this one is unless it only tells a new state.
  const first = kind !== 'touch.state'
  const items = merge(thread.items, [t.n ? t : { ...t, n: first ? n : 0 }])
  if (items !== thread.items) d.map('threads').set(t.conversation, { ...thread, items })
}

/**
 * merge puts touches into a list ordered by n: a newer revision replaces the state, and keeps the body and
 * the place that were known. Of a touch that is not held, only one with a place and a body (or a deletion) is
 * taken: a mere change of state belongs to something older than what is held.
 */
export function merge(held: Touch[], add: Touch[]): Touch[] {
  const byId = new Map(held.map((t) => [t.id, t]))
  let changed = false
  for (const t of add) {
    const old = byId.get(t.id)
    if (!old) {
      if (!t.n || (!t.body && !t.unreadable && !t.of)) continue
      byId.set(t.id, t)
      changed = true
    } else if (t.rev > old.rev || (!old.body && t.body)) {
      const newer = t.rev >= old.rev ? t : old
      byId.set(t.id, { ...newer, n: old.n || t.n, body: t.body ?? old.body })
      changed = true
    }
  }
  return changed ? [...byId.values()].sort((a, b) => a.n - b.n) : held
}

// Counts.

/** Whose list a conversation stands in: of whom it is offered to, else of its owner while it is open. */
export function holder(c: Conversation): string {
  if (c.status === 'offered') return c.offered_to ?? ''
  return c.status === 'waiting' || c.status === 'resolved' ? '' : (c.owner ?? '')
}

/** What a conversation adds to the counts. mine_unread counts conversations. */
export function tallyOf(c: Conversation, me: string): Tally {
  const open = c.status !== 'resolved'
  const mine = holder(c) === me ? 1 : 0
  const waiting = c.status === 'waiting' || c.status === 'offered' ? 1 : 0
  return {
    mine,
    mine_unread: mine && c.unread ? 1 : 0,
    waiting,
    all_open: open ? 1 : 0,
    queues: waiting ? { [c.queue]: 1 } : {},
  }
}

function add(a: Tally, b: Tally, sign: 1 | -1): Tally {
  const queues = { ...a.queues }
  for (const [q, n] of Object.entries(b.queues)) queues[q] = (queues[q] ?? 0) + sign * n
  return {
    mine: a.mine + sign * b.mine,
    mine_unread: a.mine_unread + sign * b.mine_unread,
    waiting: a.waiting + sign * b.waiting,
    all_open: a.all_open + sign * b.all_open,
    queues,
  }
}

function count(d: Draft, n: number, before: Conversation | undefined, after: Conversation): void {
  if (!before && after.version > 1) {
    d.s.countsStale = true
    return
  }
  let by = tallyOf(after, d.s.me)
  if (before) by = add(by, tallyOf(before, d.s.me), -1)
  if (!by.mine && !by.mine_unread && !by.waiting && !by.all_open && !Object.values(by.queues).some(Boolean)) return
  d.s.counts = add(d.s.counts, by, 1)
  d.s.deltas = [...d.s.deltas.slice(1 - keepDeltas), { n, by }]
}

/** Counts as the server read them at "at", with the events that came since. */
export function withCounts(s: LiveState, c: Counts): LiveState {
  const { at, ...tally } = c
  const from = nOf(at)
  const later = s.deltas.filter((x) => x.n > from)
  return { ...s, counts: later.reduce((sum, x) => add(sum, x.by, 1), { ...noCounts, ...tally, queues: tally.queues ?? {} }), countsStale: false, countsAt: from }
}

// What comes by HTTP.

/** Rows of a list, or one row. A row that is held in a newer version keeps its header and takes the names. */
export function withRows(s: LiveState, items: ConversationView[]): LiveState {
  const rows = new Map(s.rows)
  const nameless = new Set(s.nameless)
  for (const r of items) {
    const old = rows.get(r.id)
    rows.set(r.id, old && old.version > r.version ? { ...old, customer: r.customer, address: r.address, subject: r.subject, preview: old.preview ?? r.preview } : r)
    nameless.delete(r.id)
  }
  return { ...s, rows, nameless }
}

export function withConversation(s: LiveState, c: ConversationDetail): LiveState {
  const next = withRows(s, [c.conversation])
  const threads = new Map(next.threads)
  const old = threads.get(c.conversation.id)
  const fresh = [...c.touches].sort((a, b) => a.n - b.n)
  // What is held and older than a gap is given up; what the socket brought since is kept.
  const oldest = fresh[0]?.n ?? 0
  const joins = old?.items.some((t) => t.n === oldest)
  const kept = (old?.items ?? []).filter((t) => joins || t.n > oldest)
  threads.set(c.conversation.id, { items: merge(fresh, kept), earlier: joins ? (old?.earlier ?? c.earlier) : c.earlier, at: nOf(c.at) })
  return { ...next, threads }
}

export function withEarlier(s: LiveState, id: string, touches: Touch[], earlier: boolean): LiveState {
  const thread = s.threads.get(id)
  if (!thread) return s
  const threads = new Map(s.threads)
  threads.set(id, { ...thread, items: merge(thread.items, touches), earlier })
  return { ...s, threads }
}

/** The answer to a command: the conversation after it, and the touch that it made. */
export function withAnswer(s: LiveState, c: Conversation | undefined, t: Touch | undefined, eventId: string): LiveState {
  const d = new Draft(s)
  if (c) {
    const before = d.s.rows.get(c.id)
    if (before && c.version > before.version) {
      count(d, nOf(eventId), before, c)
      d.map('rows').set(c.id, { ...before, ...withoutGone(before, c) })
    }
  }
  if (t) putTouch(d, t, nOf(eventId), 'message.queued')
  return d.s
}

// Header fields that are absent in the newer header must not survive from the older one.
function withoutGone(before: ConversationView, c: Conversation): ConversationView {
  return { ...c, customer: before.customer, address: before.address, subject: before.subject, preview: before.preview }
}

export function withHealth(s: LiveState, accounts: HealthOf[]): LiveState {
  const health = new Map(s.health)
  for (const { account, ...h } of accounts) health.set(account, h)
  return { ...s, health }
}

export function withAgents(s: LiveState, agents: Agent[]): LiveState {
  const d = new Draft(s)
  for (const a of agents) putAgent(d, a)
  return d.s
}

export function withCustomerName(s: LiveState, customer: string, name: string): LiveState {
  const rows = new Map(s.rows)
  for (const [id, r] of rows) if (r.customer.id === customer) rows.set(id, { ...r, customer: { id: customer, name } })
  return { ...s, rows }
}

/** Conversations of these addresses are that customer's: after a merge, a split, or an undo. */
export function withOwner(s: LiveState, customer: { id: string; name: string }, identities: readonly { id: string }[]): LiveState {
  const of = new Set(identities.map((i) => i.id))
  const rows = new Map(s.rows)
  for (const [id, r] of rows) if (of.has(r.identity) && (r.customer.id !== customer.id || r.customer.name !== customer.name)) rows.set(id, { ...r, customer: { id: customer.id, name: customer.name } })
  return { ...s, rows }
}

/** Typing is forgotten after six seconds without a word. */
export function withoutOldTyping(s: LiveState, now: number): LiveState {
  if (![...s.typing.values()].some((x) => now - x.at > 6000)) return s
  return { ...s, typing: new Map([...s.typing].filter(([, x]) => now - x.at <= 6000)) }
}
