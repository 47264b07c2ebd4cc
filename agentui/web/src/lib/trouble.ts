import type { Agent, QueueView } from '@/api'

// What is going wrong, so that it stands first: in queues and with agents.

/** 2: somebody has to act now; 1: worth a look. */
export type Grade = 1 | 2
export type QueueTrouble = 'late' | 'broken' | 'unstaffed' | 'level' | 'abandoned' | 'closed'
export type AgentTrouble = 'not_responding' | 'lost' | 'holding' | 'over' | 'wrap_up' | 'forgotten'
export interface Trouble<K> {
  kind: K
  grade: Grade
}

const usual = 300 // seconds that a wait may last where a queue has no target
const day = 12 * 3_600_000

export const targetOf = (q: QueueView): number => (q.queue.target_seconds || usual) * 1000
/** Members who could take something sooner or later: at work and not away. */
export const staffed = (q: QueueView): number => (q.agents.available ?? 0) + (q.agents.busy ?? 0) + (q.agents.wrap_up ?? 0)
export const waitOf = (q: QueueView, now: number): number => (q.longest_wait_since ? Math.max(0, now - q.longest_wait_since) : 0)
/** 0 to 1, of the waits that ended, as reports count it; null: none did. */
export const abandonment = (q: QueueView): number | null => (q.ended_today ? q.abandoned_today / q.ended_today : null)

/** How good a service level is, for its colour. */
export const levelGrade = (x: number | null | undefined): Grade | 0 => (x === null || x === undefined || x >= 0.8 ? 0 : x >= 0.6 ? 1 : 2)

export function queueTroubles(q: QueueView, now: number): Trouble<QueueTrouble>[] {
  const out: Trouble<QueueTrouble>[] = []
  const waited = waitOf(q, now)
  const expected = q.open && q.waiting > 0 // nobody is late in closed hours
  if (expected && waited > targetOf(q)) out.push({ kind: 'late', grade: 2 })
  if (q.broken > 0) out.push({ kind: 'broken', grade: 2 })
  if (q.open && !staffed(q)) out.push({ kind: 'unstaffed', grade: q.waiting ? 2 : 1 })
  if (!q.open && q.waiting) out.push({ kind: 'closed', grade: 1 })
  // Of a handful of conversations a share says little.
  const level = levelGrade(q.service_level_today)
  if (level) out.push({ kind: 'level', grade: q.service_level_of_today >= 10 ? level : 1 })
  const lost = abandonment(q)
  if (lost !== null && q.abandoned_today >= 3 && lost >= 0.1) out.push({ kind: 'abandoned', grade: lost >= 0.25 ? 2 : 1 })
  if (expected && waited > targetOf(q) / 2 && waited <= targetOf(q)) out.push({ kind: 'late', grade: 1 })
  return out.sort((a, b) => b.grade - a.grade)
}

export function agentTroubles(a: Agent, used: number, capacity: number, now: number): Trouble<AgentTrouble>[] {
  const out: Trouble<AgentTrouble>[] = []
  if (a.state === 'not_responding') out.push({ kind: 'not_responding', grade: 2 })
  if (a.lost_at && used) out.push({ kind: 'lost', grade: 2 })
  else if (a.lost_at && a.state !== 'offline') out.push({ kind: 'lost', grade: 1 })
  if (a.state === 'offline' && used) out.push({ kind: 'holding', grade: 2 })
  if (used > capacity) out.push({ kind: 'over', grade: 1 })
  if (a.state === 'wrap_up' && a.wrap_up_until && now > a.wrap_up_until) out.push({ kind: 'wrap_up', grade: 1 })
  if (a.state !== 'offline' && a.online_at && now - a.online_at > day) out.push({ kind: 'forgotten', grade: 1 })
  return out.sort((a2, b) => b.grade - a2.grade)
}

/** A number to sort by: what is graded 2 outweighs any number of lesser troubles. */
export const weight = (list: readonly { grade: Grade }[]): number => list.reduce((n, x) => n + (x.grade === 2 ? 100 : 1), 0)

export type QueueOrder = 'trouble' | 'waiting' | 'longest' | 'level' | 'name'

/** sortQueues puts what is worst first; ties go by who has waited longest, then by how many wait, then by name. */
export function sortQueues<Q extends QueueView>(list: readonly Q[], by: QueueOrder, now: number): Q[] {
  const w = new Map(list.map((q) => [q, by === 'trouble' ? weight(queueTroubles(q, now)) : 0]))
  const key: Record<QueueOrder, (q: Q) => number> = {
    trouble: (q) => w.get(q)!,
    waiting: (q) => q.waiting,
    longest: () => 0,
    level: (q) => 1 - (q.service_level_today ?? 1),
    name: () => 0,
  }
  const name = (a: Q, b: Q) => a.queue.name.localeCompare(b.queue.name)
  return [...list].sort((a, b) => (by === 'name' ? name(a, b) : key[by](b) - key[by](a) || waitOf(b, now) - waitOf(a, now) || b.waiting - a.waiting || name(a, b)))
}

export type AgentOrder = 'trouble' | 'state' | 'load' | 'handled' | 'name'
interface Seen {
  user: { name: string }
  agent: Agent
  used: number
  capacity: number
  today?: { handled: number }
}
const states = ['not_responding', 'available', 'wrap_up', 'busy', 'break', 'offline']

export function sortAgents<A extends Seen>(list: readonly A[], by: AgentOrder, now: number): A[] {
  const w = new Map(list.map((a) => [a, by === 'trouble' ? weight(agentTroubles(a.agent, a.used, a.capacity, now)) : 0]))
  const key: Record<AgentOrder, (a: A) => number> = {
    trouble: (a) => w.get(a)!,
    state: () => 0,
    load: (a) => (a.capacity ? a.used / a.capacity : a.used ? 1 : 0),
    handled: (a) => a.today?.handled ?? 0,
    name: () => 0,
  }
  const name = (a: A, b: A) => a.user.name.localeCompare(b.user.name)
  const state = (a: A) => states.indexOf(a.agent.state)
  return [...list].sort((a, b) => (by === 'name' ? 0 : key[by](b) - key[by](a) || state(a) - state(b)) || name(a, b))
}
